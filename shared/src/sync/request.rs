//! How a device signs a request: method, path with query, body, time and a nonce, so nothing can be changed or replayed.

use crate::ids::DeviceId;
use crate::keys::{self, BadSignature, PublicKey, Purpose, Signature, SigningKey};
use crate::time::Timestamp;

/// Header: the device's id.
pub const DEVICE_HEADER: &str = "x-barra-device";
/// Header: milliseconds since 1970 by the device's clock, corrected by what the server last told it.
pub const CREATED_HEADER: &str = "x-barra-created";
/// Header: sixteen random bytes in hexadecimal.
pub const NONCE_HEADER: &str = "x-barra-nonce";
/// Header: the signature.
pub const SIGNATURE_HEADER: &str = "x-barra-signature";
/// Answer header: the server's clock, milliseconds since 1970, on every answer.
pub const SERVER_TIME_HEADER: &str = "x-barra-server-time";
/// How far the two clocks may differ, milliseconds. Beyond, the answer is `clock_skew` with the server's time.
pub const MAX_SKEW_MS: i64 = 5 * 60 * 1000;

/// What a device signs.
#[derive(Clone, Copy, Debug)]
pub struct RequestToSign<'a> {
    /// `POST`.
    pub method: &'a str,
    /// Path and query, `/v1/pull?stream=T:cat&seq=0`.
    pub path_and_query: &'a str,
    /// The body as sent, compressed if it is.
    pub body: &'a [u8],
    /// The device's clock.
    pub created: Timestamp,
    /// Sixteen random bytes in hexadecimal.
    pub nonce: &'a str,
    /// Who asks.
    pub device: DeviceId,
}

impl RequestToSign<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Self { method, path_and_query, body, created, nonce, device } = self;
        let (body, created) = (blake3::hash(body).to_hex(), created.as_millis());
        format!("{method}\n{path_and_query}\n{body}\n{created}\n{nonce}\n{device}").into_bytes()
    }

    /// Signs it.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        keys::sign(key, Purpose::Request, &self.bytes())
    }

    /// Checks it.
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> Result<(), BadSignature> {
        key.verify(Purpose::Request, &self.bytes(), signature)
    }
}
