//! Head office's word for a device's key, checkable without a network.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, TenantId, VenueId};
use crate::keys::{self, PublicKey, Purpose, Signature, SigningKey};
use crate::time::Timestamp;

/// What head office certifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whose device.
    pub tenant_id: TenantId,
    /// Where it sells.
    pub venue_id: VenueId,
    /// Which.
    pub device_id: DeviceId,
    /// Its short number, printed in tickets.
    pub device_no: u16,
    /// Its key.
    pub public_key: PublicKey,
    /// From when it may be believed.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// How long the machine may go on in full without a word from head office; after that it takes money and prints,
    /// and leaves to others what needs head office's trust. Renewed with the certificate. Nothing: until `not_after`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_until: Option<Timestamp>,
}

/// A certificate and the tenant's signature over its exact text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCertificate {
    /// The certificate as JSON, byte for byte as signed.
    pub body: String,
    /// By the tenant's key.
    pub signature: Signature,
}

/// Why a certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not signed by this tenant, or altered.
    #[error("the certificate is not signed by this company")]
    Signature,
    /// Signed, but not a certificate.
    #[error("the certificate cannot be read")]
    Malformed,
    /// For another company's device.
    #[error("the certificate is another company's")]
    OtherTenant,
}

impl Certificate {
    /// Whether it should be made anew: half of the time it grants is over.
    pub fn is_half_over(&self, now: Timestamp) -> bool {
        let until = self.offline_until.map_or(self.not_after, |offline_until| offline_until.min(self.not_after));
        now.millis_since(self.not_before) >= until.millis_since(self.not_before) / 2
    }

    /// Signs it with the tenant's key.
    pub fn sign(&self, tenant_key: &SigningKey) -> SignedCertificate {
        let body = serde_json::to_string(self).expect("a certificate encodes as JSON");
        let signature = keys::sign(tenant_key, Purpose::Certificate, body.as_bytes());
        SignedCertificate { body, signature }
    }
}

impl SignedCertificate {
    /// Reads it, if this tenant's key signed it.
    pub fn verify(&self, tenant: TenantId, tenant_key: &PublicKey) -> Result<Certificate, CertificateError> {
        tenant_key
            .verify(Purpose::Certificate, self.body.as_bytes(), &self.signature)
            .map_err(|_| CertificateError::Signature)?;
        let certificate: Certificate = serde_json::from_str(&self.body).map_err(|_| CertificateError::Malformed)?;
        if certificate.tenant_id == tenant { Ok(certificate) } else { Err(CertificateError::OtherTenant) }
    }
}
