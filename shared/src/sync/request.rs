//! How a device signs a request: method, path with query, body, time and a nonce, so nothing can be changed or replayed.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use uuid::Uuid;

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

/// Header: the four in one, as tills send them: [`Credentials`]. A sale sent alone is little more than its headers.
pub const CREDENTIALS_HEADER: &str = "x-barra";

/// Who asks, and the proof of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Who asks.
    pub device: DeviceId,
    /// The device's clock.
    pub created: Timestamp,
    /// Sixteen or thirty-two hexadecimal digits.
    pub nonce: String,
    /// Over all of it and the request.
    pub signature: Signature,
}

impl Credentials {
    /// As text: base64url over device, milliseconds, eight bytes of nonce and signature, big-endian. `None` for a nonce
    /// of another length.
    pub fn pack(&self) -> Option<String> {
        let nonce: [u8; 8] = HEXLOWER.decode(self.nonce.as_bytes()).ok()?.try_into().ok()?;
        let created = self.created.as_millis().to_be_bytes();
        let bytes = [&self.device.as_bytes()[..], &created, &nonce, self.signature.as_bytes()].concat();
        Some(BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads [`Self::pack`].
    pub fn unpack(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (device, rest) = bytes.split_first_chunk::<16>()?;
        let (created, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, signature) = rest.split_first_chunk::<8>()?;
        Some(Self {
            device: DeviceId::from_uuid(Uuid::from_bytes(*device)),
            created: Timestamp::from_millis(i64::from_be_bytes(*created)),
            nonce: HEXLOWER.encode(nonce),
            signature: Signature::from_bytes(signature.try_into().ok()?),
        })
    }
}

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
    /// Random bytes in hexadecimal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_packed_and_read_back_and_anything_else_is_none() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let device = DeviceId::from_uuid(Uuid::from_u128(3));
        // A wall clock can stand before 1970.
        for created in [Timestamp::from_millis(-1), Timestamp::from_millis(1_795_305_600_000)] {
            let (nonce, body) = ("00112233445566ff", &b"{}"[..]);
            let to_sign = RequestToSign { method: "POST", path_and_query: "/v1/push", body, created, nonce, device };
            let signature = to_sign.sign(&key);
            let credentials = Credentials { device, created, nonce: nonce.to_owned(), signature };
            let text = credentials.pack().expect("eight bytes");
            assert_eq!((text.len(), Credentials::unpack(&text)), (128, Some(credentials.clone())));
            for broken in [&text[1..], &text[..124], "", "ñ", &format!("{text}AAAA")] {
                assert_eq!(Credentials::unpack(broken), None, "{broken}");
            }
            assert_eq!(Credentials { nonce: "00".repeat(16), ..credentials }.pack(), None);
        }
    }
}
