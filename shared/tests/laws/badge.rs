//! Laws of badges: what was signed is what is read, nothing else is believed, and no ticket is a badge.

use crate::support::{night, tenant, ticket};
use data_encoding::BASE32_NOPAD;
use proptest::prelude::*;
use shared::ids::{StaffId, TenantId};
use shared::keys::{PublicKey, SigningKey};
use shared::ticket::{
    BADGE_DAYS, Badge, TICKET_PREFIX, TicketError, TicketKind, UnverifiedBadge, UnverifiedTicket, kind_of,
};
use shared::time::BusinessDate;
use uuid::Uuid;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn badge() -> Badge {
    let staff_id = StaffId::from_uuid(Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_000a));
    Badge { staff_id, device_no: 1, issued_on: night(), valid_days: BADGE_DAYS }
}

fn verify(code: &str) -> Result<Badge, TicketError> {
    UnverifiedBadge::parse(code)?.verify(tenant(), |number| (number == 1).then(|| PublicKey::of(&key())))
}

fn badges() -> impl Strategy<Value = Badge> {
    (any::<u128>(), 0_i32..65_535, any::<u8>()).prop_map(|(staff, day, valid_days)| Badge {
        staff_id: StaffId::from_uuid(Uuid::from_u128(staff)),
        device_no: 1,
        issued_on: BusinessDate::from_days(day),
        valid_days,
    })
}

proptest! {
    /// Signing and reading are inverse, in either case of letters, and a badge says that it is one.
    #[test]
    fn a_signed_badge_reads_back(badge in badges()) {
        let code = badge.sign(tenant(), &key()).expect("a day that can be written");
        prop_assert_eq!(verify(&code), Ok(badge));
        prop_assert_eq!(verify(&code.to_lowercase()), Ok(badge));
        prop_assert_eq!(kind_of(&code.to_lowercase()), Some(TicketKind::Staff));
        prop_assert_eq!(UnverifiedTicket::parse(&code), Err(TicketError::Malformed), "a badge is no ticket");
    }

    /// Any changed bit anywhere makes it unbelievable, as a badge and as a ticket.
    #[test]
    fn a_changed_bit_is_refused(badge in badges(), at in any::<prop::sample::Index>()) {
        let code = badge.sign(tenant(), &key()).expect("a day that can be written");
        let mut bytes = BASE32_NOPAD.decode(&code.as_bytes()[TICKET_PREFIX.len()..]).expect("our own code");
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let forged = format!("{TICKET_PREFIX}{}", BASE32_NOPAD.encode(&bytes));
        prop_assert!(verify(&forged).is_err());
        let believed = UnverifiedTicket::parse(&forged)
            .and_then(|read| read.verify(tenant(), |_| Some(PublicKey::of(&key()))));
        prop_assert!(believed.is_err());
    }

    /// No text makes the readers panic.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,300}", rest in "[A-Z2-7]{0,300}") {
        for text in [text, format!("{TICKET_PREFIX}{rest}")] {
            let _ = kind_of(&text);
            let _ = UnverifiedBadge::parse(&text);
        }
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let code = badge().sign(tenant(), &key()).expect("a day that can be written");
    let bytes = BASE32_NOPAD.decode(&code.as_bytes()[TICKET_PREFIX.len()..]).expect("our own code");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let forged = format!("{TICKET_PREFIX}{}", BASE32_NOPAD.encode(&flipped));
        assert!(verify(&forged).is_err(), "bit {bit}");
    }
}

#[test]
fn a_badge_is_no_larger_than_a_ticket_of_six_lines() {
    let code = badge().sign(tenant(), &key()).expect("a day that can be written");
    assert!(code.len() <= 154, "{} characters", code.len());
    assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
}

#[test]
fn each_reason_has_its_own_name() {
    let code = badge().sign(tenant(), &key()).expect("a day that can be written");
    let parsed = || UnverifiedBadge::parse(&code).expect("our own code");
    let elsewhere = TenantId::from_uuid(Uuid::from_u128(99));
    assert_eq!(parsed().verify(elsewhere, |_| Some(PublicKey::of(&key()))), Err(TicketError::OtherTenant));
    assert_eq!(parsed().verify(tenant(), |_| None), Err(TicketError::UnknownDevice(1)));
    let forger = PublicKey::of(&SigningKey::from_bytes(&[8; 32]));
    assert_eq!(parsed().verify(tenant(), |_| Some(forger)), Err(TicketError::Signature));
    let (_, of_goods) = ticket(6);
    assert_eq!(verify(&of_goods), Err(TicketError::Malformed), "a ticket is no badge");
    assert_eq!(kind_of(&of_goods), Some(TicketKind::Delivery));
    for text in ["", "T1", "T1Á", "T1ÁÁÁÁ", "4006381333931"] {
        assert_eq!((verify(text), kind_of(text)), (Err(TicketError::Malformed), None), "{text}");
    }
}

#[test]
fn a_badge_holds_for_its_days_the_first_included() {
    let of = |valid_days| Badge { valid_days, ..badge() }.last_valid_date().days() - night().days();
    assert_eq!((of(0), of(1), of(BADGE_DAYS)), (0, 0, 179));
}
