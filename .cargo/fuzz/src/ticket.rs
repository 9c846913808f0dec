//! A scanned ticket, and a scanned badge: anybody can print anything.

use shared::ids::StaffId;
use shared::keys::PublicKey;
use shared::ticket::{Badge, Ticket, TicketError, TicketId, TicketKind, TicketLine, UnverifiedBadge, UnverifiedTicket};
use shared::time::BusinessDate;

use crate::who;

/// The bytes are a code, and also what a ticket of ours is made of.
///
/// Holds: nothing is believed that our till did not sign; what it signed is read as what it was, and no character of it
/// can be changed.
pub fn target(bytes: &[u8]) {
    let key_of = |_| Some(PublicKey::of(&who::key()));
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(read) = UnverifiedTicket::parse(text)
        && let Ok(ticket) = read.verify(who::tenant(), key_of)
    {
        let again = ticket.sign(who::tenant(), &who::key()).expect("it was signed once");
        assert!(again.eq_ignore_ascii_case(text), "only what we would write ourselves is believed");
    }
    badge(bytes);
    let Some((head, lines)) = bytes.split_first_chunk::<8>() else { return };
    let ticket = Ticket {
        kind: if head[0] & 1 == 0 { TicketKind::Delivery } else { TicketKind::Entry },
        ticket_id: TicketId {
            device_no: u16::from_be_bytes([head[1], head[2]]),
            chain_tag: u16::from_be_bytes([head[3], head[4]]),
            serial: u32::from(head[5]),
        },
        business_date: BusinessDate::from_days(i32::from(head[6])),
        valid_days: head[7],
        lines: lines
            .chunks_exact(3)
            .map(|line| TicketLine { product_number: u16::from_be_bytes([line[0], line[1]]), quantity: line[2] })
            .collect(),
    };
    let Ok(code) = ticket.sign(who::tenant(), &who::key()) else { return };
    let read = UnverifiedTicket::parse(&code).expect("our own code reads");
    assert_eq!(read.verify(who::tenant(), key_of), Ok(ticket));
    let place = 2 + usize::from(head[0]) % (code.len() - 2);
    let mut forged = code.clone().into_bytes();
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    let believed = UnverifiedTicket::parse(&forged).and_then(|read| read.verify(who::tenant(), key_of));
    assert!(matches!(believed, Err(TicketError::Malformed | TicketError::OtherTenant | TicketError::Signature)));
}

/// The same of a badge.
fn badge(bytes: &[u8]) {
    let key_of = |_| Some(PublicKey::of(&who::key()));
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(read) = UnverifiedBadge::parse(text)
        && let Ok(badge) = read.verify(who::tenant(), key_of)
    {
        let again = badge.sign(who::tenant(), &who::key()).expect("it was signed once");
        assert!(again.eq_ignore_ascii_case(text), "only what we would write ourselves is believed");
    }
    let Some((staff, rest)) = bytes.split_first_chunk::<16>() else { return };
    let byte = |at: usize| rest.get(at).copied().unwrap_or_default();
    let badge = Badge {
        staff_id: StaffId::from_uuid(uuid::Uuid::from_bytes(*staff)),
        device_no: u16::from_be_bytes([byte(0), byte(1)]),
        issued_on: BusinessDate::from_days(i32::from(byte(2))),
        valid_days: byte(3),
    };
    let code = badge.sign(who::tenant(), &who::key()).expect("a day that can be written");
    assert_eq!(UnverifiedTicket::parse(&code), Err(TicketError::Malformed), "a badge is no ticket");
    let read = UnverifiedBadge::parse(&code).expect("our own code reads");
    assert_eq!(read.verify(who::tenant(), key_of), Ok(badge));
}
