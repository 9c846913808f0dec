//! BLAKE3, written as 64 hexadecimal digits.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A BLAKE3-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Before the first event of a chain that continues nothing.
    pub const ZERO: Self = Self([0; 32]);

    /// Hashes an event line. Domain-separated: no other bytes of ours hash alike.
    pub fn of_event(line: &str) -> Self {
        Self(blake3::Hasher::new_derive_key("barra 1 event").update(line.as_bytes()).finalize().into())
    }

    /// Hashes a certificate as it was signed.
    pub fn of_certificate(body: &str) -> Self {
        Self(blake3::Hasher::new_derive_key("barra 1 certificate").update(body.as_bytes()).finalize().into())
    }

    /// Folds the next item of a stream into its rolling hash.
    #[must_use]
    pub fn fold_item(self, line: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("barra 1 stream item");
        Self(hasher.update(&self.0).update(line.as_bytes()).finalize().into())
    }

    /// Hashes a snapshot part's text: the part's name.
    pub fn of_part(text: &str) -> Self {
        Self(blake3::Hasher::new_derive_key("barra 1 snapshot part").update(text.as_bytes()).finalize().into())
    }

    /// From its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut digits = [0; 64];
        f.write_str(HEXLOWER.encode_mut_str(&self.0, &mut digits))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl std::str::FromStr for Hash {
    type Err = data_encoding::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong_length = data_encoding::DecodeError { position: 0, kind: data_encoding::DecodeKind::Length };
        HEXLOWER.decode(text.as_bytes())?.try_into().map(Self).map_err(|_| wrong_length)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
