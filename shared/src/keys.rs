//! Ed25519 keys and signatures, written as unpadded base64url. Every signature names its purpose, so one made for a
//! ticket can never be shown as one made for a ledger.

use data_encoding::BASE64URL_NOPAD;
pub use ed25519_dalek::SigningKey;
use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a signature is for. Goes into the signed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A chain head, once per pushed batch.
    ChainHead,
    /// A QR ticket.
    Ticket,
    /// A device certificate, by the tenant's key.
    Certificate,
    /// Proof that an enrolling device holds its key.
    Enrolment,
    /// One HTTP request of a device.
    Request,
    /// A snapshot's manifest, by the tenant's key.
    Snapshot,
}

impl Purpose {
    const fn domain(self) -> &'static [u8] {
        match self {
            Self::ChainHead => b"barra.head.1\0",
            Self::Ticket => b"barra.ticket.1\0",
            Self::Certificate => b"barra.certificate.1\0",
            Self::Enrolment => b"barra.enrolment.1\0",
            Self::Request => b"barra.request.1\0",
            Self::Snapshot => b"barra.snapshot.1\0",
        }
    }

    fn bytes(self, message: &[u8]) -> Vec<u8> {
        [self.domain(), message].concat()
    }
}

/// A device's or a tenant's public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// A signature that does not hold: wrong key, changed bytes, or no key at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// Signs a message for a purpose.
pub fn sign(key: &SigningKey, purpose: Purpose, message: &[u8]) -> Signature {
    let bytes = purpose.bytes(message);
    let signature = Signature(key.sign(&bytes).to_bytes());
    crate::sabotage::remember_signature(key, &bytes, &signature);
    signature
}

impl PublicKey {
    /// The public half of a key.
    pub fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }

    /// From its 32 bytes. Whether they are a usable key shows when verifying.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature, strictly: small-order keys and malleable signatures are refused.
    pub fn verify(&self, purpose: Purpose, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let bytes = purpose.bytes(message);
        if crate::sabotage::is_own_signature(self, &bytes, signature) {
            return Ok(());
        }
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&bytes, &signature).map_err(|_| BadSignature)
    }
}

impl Signature {
    /// From its 64 bytes.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

macro_rules! as_base64 {
    ($name:ident, $what:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = KeyTextError;
            fn from_str(text: &str) -> Result<Self, KeyTextError> {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| KeyTextError($what))?;
                bytes.try_into().map(Self).map_err(|_| KeyTextError($what))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Text that is not base64url of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {0} in base64url")]
pub struct KeyTextError(&'static str);

as_base64!(PublicKey, "a public key");
as_base64!(Signature, "a signature");
