//! Laws of what till and server exchange: streams without holes, requests and certificates that cannot be changed.

use crate::support::{at, tenant};
use proptest::prelude::*;
use shared::ids::{DeviceId, LogId, TenantId, VenueId};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::certificate::{Certificate, CertificateError};
use shared::sync::protocol::{Problem, ProblemCode};
use shared::sync::request::RequestToSign;
use shared::sync::stream::{Cursor, StreamError, StreamName};
use shared::time::{BusinessDate, Hlc, Timestamp};
use uuid::Uuid;

fn item(seq: u64) -> String {
    format!(r#"{{"seq":{seq},"op":"put","key":"product/{seq}","value":{{"n":{seq}}},"cause":null}}"#)
}

fn cursor() -> Cursor {
    Cursor::start(LogId::from_uuid(Uuid::from_u128(1)))
}

proptest! {
    /// Only the next number moves a cursor.
    #[test]
    fn a_cursor_reads_densely(numbers in prop::collection::vec(0_u64..8, 0..20)) {
        let mut cursor = cursor();
        for number in numbers {
            let before = cursor;
            match cursor.read(&item(number)) {
                Ok(item) => prop_assert_eq!((item.seq, cursor.seq), (before.seq + 1, before.seq + 1)),
                Err(error) => {
                    prop_assert_eq!(error, StreamError::NotDense { after: before.seq, got: number });
                    prop_assert_eq!(cursor, before);
                }
            }
        }
    }

    /// Any part of a request changed makes the signature fall.
    #[test]
    fn a_signed_request_is_whole(method in "[A-Z]{3,6}", path in "/[a-z0-9?=&]{0,30}", body in prop::collection::vec(any::<u8>(), 0..50), created in 0_i64..1 << 50, nonce in "[0-9a-f]{32}") {
        let key = SigningKey::from_bytes(&[3; 32]);
        let device = DeviceId::from_uuid(Uuid::from_u128(3));
        let request = RequestToSign {
            method: &method, path_and_query: &path, body: &body, created: Timestamp::from_millis(created), nonce: &nonce, device,
        };
        let (public, signature) = (PublicKey::of(&key), request.sign(&key));
        prop_assert!(request.verify(&public, &signature).is_ok());
        let longer = format!("{path}x");
        let other = [body.clone(), vec![0]].concat();
        for changed in [
            RequestToSign { method: "DELETE_", ..request },
            RequestToSign { path_and_query: &longer, ..request },
            RequestToSign { body: &other, ..request },
            RequestToSign { created: Timestamp::from_millis(created + 1), ..request },
            RequestToSign { nonce: "00", ..request },
            RequestToSign { device: DeviceId::from_uuid(Uuid::from_u128(4)), ..request },
        ] {
            prop_assert!(changed.verify(&public, &signature).is_err());
        }
    }

    /// Dates survive their text and keep their order; the hybrid clock never goes back, whatever the wall does.
    #[test]
    fn time_only_moves_on(days in -100_000_i32..2_000_000, walls in prop::collection::vec(-1_000_i64..1 << 45, 1..20)) {
        let date = BusinessDate::from_days(days);
        prop_assert_eq!(date.to_string().parse(), Ok(date));
        let next = BusinessDate::from_days(days + 1);
        prop_assert!(next.to_string() > date.to_string() || next.ymd().0 > 9999);
        let mut clock = Hlc::default();
        for wall in walls {
            let later = clock.tick(Timestamp::from_millis(wall));
            prop_assert!(later > clock);
            clock = later;
        }
    }
}

#[test]
fn the_rolling_hash_depends_on_every_byte_before() {
    let (mut one, mut other) = (cursor(), cursor());
    assert!(one.read(&item(1)).is_ok() && other.read(&item(1).replace("\"n\":1", "\"n\":2")).is_ok());
    assert!(one.read(&item(2)).is_ok() && other.read(&item(2)).is_ok());
    assert_ne!(one.hash, other.hash);
}

#[test]
fn stream_names_are_written_and_read() {
    let venue = StreamName::Venue(VenueId::from_uuid(Uuid::from_u128(2)));
    for name in [StreamName::Catalog, venue] {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
    assert_eq!("T:ledger".parse::<StreamName>(), Err(StreamError::Name));
}

#[test]
fn a_certificate_holds_for_its_company_alone() {
    let tenant_key = SigningKey::from_bytes(&[1; 32]);
    let certificate = Certificate {
        tenant_id: tenant(),
        venue_id: VenueId::from_uuid(Uuid::from_u128(2)),
        device_id: DeviceId::from_uuid(Uuid::from_u128(3)),
        device_no: 1,
        public_key: PublicKey::of(&SigningKey::from_bytes(&[7; 32])),
        not_before: at(0),
        not_after: at(1_000),
        offline_until: None,
    };
    let mut signed = certificate.sign(&tenant_key);
    let public = PublicKey::of(&tenant_key);
    assert_eq!(signed.verify(tenant(), &public), Ok(certificate));
    let other = TenantId::from_uuid(Uuid::from_u128(99));
    assert_eq!(signed.verify(other, &public), Err(CertificateError::OtherTenant));
    assert!(!signed.body.contains("offline_until"), "as it was written before there was such a thing");
    signed.body = signed.body.replace("\"device_no\":1", "\"device_no\":2");
    assert_eq!(signed.verify(tenant(), &public), Err(CertificateError::Signature));
}

#[test]
fn a_problem_of_the_future_means_wait_and_try_again() {
    let problem = r#"{"status":418,"code":"teapot","title":"?","server_time":0}"#;
    assert_eq!(serde_json::from_str::<Problem>(problem).map(|p| p.code).ok(), Some(ProblemCode::Unavailable));
}
