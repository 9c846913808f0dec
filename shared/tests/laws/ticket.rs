//! Laws of tickets: what was signed is what is read, nothing else is believed, and nothing is handed over twice.

use crate::support::{chain_id, night, tenant, ticket};
use proptest::prelude::*;
use shared::ids::TenantId;
use shared::keys::{PublicKey, SigningKey};
use shared::ticket::{
    RedeemError, RedeemedLine, TICKET_PREFIX, Ticket, TicketError, TicketId, TicketKind, TicketLine, UnverifiedTicket,
    Uses, Verdict, judge, redeem,
};
use shared::time::BusinessDate;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn verify(code: &str) -> Result<Ticket, TicketError> {
    UnverifiedTicket::parse(code)?.verify(tenant(), |number| (number == 1).then(|| PublicKey::of(&key())))
}

fn tickets() -> impl Strategy<Value = Ticket> {
    let line = (any::<u16>(), 1_u8..).prop_map(|(product_number, quantity)| TicketLine { product_number, quantity });
    let kinds = prop::sample::select(vec![
        TicketKind::Delivery,
        TicketKind::Entry,
        TicketKind::Wardrobe,
        TicketKind::Wallet,
        TicketKind::Voucher,
        TicketKind::Order,
        TicketKind::Receipt,
    ]);
    (kinds, 0_u32..1 << 24, 0_i32..65_535, any::<u8>(), prop::collection::vec(line, 1..20)).prop_map(
        |(kind, serial, day, valid_days, lines)| Ticket {
            kind,
            ticket_id: TicketId::new(1, chain_id(), serial),
            business_date: BusinessDate::from_days(day),
            valid_days,
            lines,
        },
    )
}

proptest! {
    /// Signing and reading are inverse, in either case of letters.
    #[test]
    fn a_signed_ticket_reads_back(ticket in tickets()) {
        let code = ticket.sign(tenant(), &key()).expect("small enough");
        prop_assert_eq!(verify(&code), Ok(ticket.clone()));
        prop_assert_eq!(verify(&code.to_lowercase()), Ok(ticket));
    }

    /// Any other sign anywhere makes it unbelievable.
    #[test]
    fn a_changed_sign_is_refused(ticket in tickets(), at in any::<prop::sample::Index>(), sign in prop::sample::select(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".to_vec())) {
        let code = ticket.sign(tenant(), &key()).expect("small enough");
        let mut bytes = code.clone().into_bytes();
        let place = at.index(bytes.len());
        prop_assume!(bytes[place] != sign);
        bytes[place] = sign;
        prop_assert!(verify(&String::from_utf8(bytes).expect("ASCII")).is_err());
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,300}", rest in "[A-Z2-7]{0,300}") {
        let _ = UnverifiedTicket::parse(&text);
        let _ = UnverifiedTicket::parse(&format!("{TICKET_PREFIX}{rest}"));
    }

    /// However the bars share it out, no more is handed over than was sold, and the last piece ends it.
    #[test]
    fn nothing_is_handed_over_twice(wants in prop::collection::vec((1_u8..5, 0_u8..4), 0..30)) {
        let (ticket, _) = ticket(3);
        let mut redeemed = Vec::new();
        for (line_no, quantity) in wants {
            if let Ok(lines) = redeem(&ticket, Uses::of(&redeemed), night(), Some(&[RedeemedLine { line_no, quantity }])) {
                redeemed.extend(lines);
            }
        }
        for line in judge(&ticket, Uses::of(&redeemed), night()).lines {
            prop_assert!(line.redeemed <= u32::from(line.quantity));
            prop_assert_eq!(u32::from(line.owed) + line.redeemed, u32::from(line.quantity));
        }
        if let Ok(rest) = redeem(&ticket, Uses::of(&redeemed), night(), None) {
            redeemed.extend(rest);
        }
        prop_assert_eq!(judge(&ticket, Uses::of(&redeemed), night()).verdict, Verdict::Delivered);
        prop_assert_eq!(redeem(&ticket, Uses::of(&redeemed), night(), None), Err(RedeemError::AlreadyRedeemed));
    }
}

#[test]
fn six_lines_fit_the_smallest_code_and_more_grow_it() {
    // 154 characters are what QR version 6 at level M holds in alphanumeric mode.
    assert_eq!(ticket(6).1.len(), 154);
    assert!(ticket(7).1.len() > 154);
    assert!(ticket(6).1.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
}

#[test]
fn every_flipped_bit_is_refused() {
    let (_, code) = ticket(6);
    let bytes = data_encoding::BASE32_NOPAD.decode(&code.as_bytes()[2..]).expect("our own code");
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let code = format!("{TICKET_PREFIX}{}", data_encoding::BASE32_NOPAD.encode(&flipped));
        assert!(verify(&code).is_err(), "bit {bit}");
    }
}

#[test]
fn each_reason_has_its_own_name() {
    let (_, code) = ticket(1);
    let parsed = || UnverifiedTicket::parse(&code).expect("our own code");
    let elsewhere = TenantId::from_uuid(uuid::Uuid::from_u128(99));
    assert_eq!(parsed().verify(elsewhere, |_| Some(PublicKey::of(&key()))), Err(TicketError::OtherTenant));
    assert_eq!(parsed().verify(tenant(), |_| None), Err(TicketError::UnknownDevice(1)));
    let forger = PublicKey::of(&SigningKey::from_bytes(&[8; 32]));
    assert_eq!(parsed().verify(tenant(), |_| Some(forger)), Err(TicketError::Signature));
    assert_eq!(verify("4006381333931"), Err(TicketError::Malformed));
    assert_eq!(verify(""), Err(TicketError::Malformed));
    assert_eq!(verify("T1ÁÁ"), Err(TicketError::Malformed));
}

#[test]
fn a_weak_key_certifies_nothing() {
    // The identity point: a small-order key under which a forger could make anything look signed.
    let mut identity = [0; 32];
    identity[0] = 1;
    let (_, code) = ticket(1);
    let parsed = UnverifiedTicket::parse(&code).expect("our own code");
    assert_eq!(parsed.verify(tenant(), |_| Some(PublicKey::from_bytes(identity))), Err(TicketError::Signature));
}

#[test]
fn the_business_date_decides_and_no_clock() {
    let (ticket, _) = ticket(1);
    let day = |offset: i32| BusinessDate::from_days(night().days() + offset);
    assert_eq!(judge(&ticket, Uses::default(), day(-1)).verdict, Verdict::OtherNight);
    assert_eq!(judge(&ticket, Uses::default(), day(0)).verdict, Verdict::Valid);
    assert_eq!(judge(&ticket, Uses::default(), day(1)).verdict, Verdict::Expired);
    let two_nights = Ticket { valid_days: 2, ..ticket };
    assert_eq!(judge(&two_nights, Uses::default(), day(1)).verdict, Verdict::Valid);
    assert_eq!(redeem(&two_nights, Uses::default(), day(2), None), Err(RedeemError::Expired(day(1))));
}

#[test]
fn what_is_asked_must_be_owed() {
    let (ticket, _) = ticket(2);
    let line = |line_no, quantity| RedeemedLine { line_no, quantity };
    let ask = |asked: &[RedeemedLine]| redeem(&ticket, Uses::of(&[line(1, 1)]), night(), Some(asked));
    assert_eq!(ask(&[line(1, 2)]), Err(RedeemError::TooMany { line_no: 1, owed: 1, asked: 2 }));
    assert_eq!(ask(&[line(2, 1), line(2, 2)]), Err(RedeemError::TooMany { line_no: 2, owed: 2, asked: 3 }));
    assert_eq!(ask(&[line(9, 1)]), Err(RedeemError::UnknownLine(9)));
    assert_eq!(ask(&[line(1, 0)]), Err(RedeemError::Nothing));
    assert_eq!(ask(&[line(1, 1), line(2, 0)]), Ok(vec![line(1, 1)]));
    assert_eq!(judge(&ticket, Uses::of(&[line(1, 1)]), night()).verdict, Verdict::Partial);
}

#[test]
fn a_withdrawn_ticket_owes_nothing_more_whatever_the_night() {
    let (ticket, _) = ticket(2);
    let some = [RedeemedLine { line_no: 1, quantity: 1 }];
    for redeemed in [&some[..], &[]] {
        let uses = Uses { redeemed, is_void: true };
        for offset in [-1, 0, 3] {
            let day = BusinessDate::from_days(night().days() + offset);
            assert_eq!(judge(&ticket, uses, day).verdict, Verdict::Void);
            assert_eq!(redeem(&ticket, uses, day, None), Err(RedeemError::Void));
        }
    }
    let all = [RedeemedLine { line_no: 1, quantity: 2 }, RedeemedLine { line_no: 2, quantity: 2 }];
    let uses = Uses { redeemed: &all, is_void: true };
    assert_eq!(judge(&ticket, uses, night()).verdict, Verdict::Delivered, "what was poured was poured");
}
