//! Tickets: given out with a sale, checked anywhere, handed over in whole or in part.

use std::iter::repeat_n;

use shared::event::IssuedTicket;
use shared::sale::{Quantity, SaleLine};
use shared::ticket::{DisplayCode, TICKET_PREFIX, Ticket, TicketId, TicketKind, TicketLine, UnverifiedTicket, Verdict};
use shared::time::BusinessDate;
use shared::venue::{Register, Venue};

use super::badge::{Issuer, badge_in, whose};
use super::business_day::business_date;
use super::{Caller, Till};
use crate::commands::types::{ScannedCode, TicketView};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::ticket::find_code;

/// Six lines make the densest code that common scanners read off thermal paper: QR version 6.
const LINES_PER_TICKET: usize = 6;

/// `ticket.check`
pub(crate) fn check_ticket(till: &Till, who: &Caller, args: &ScannedCode) -> Result<TicketView, CommandError> {
    let checked = till.check(&args.code)?;
    let view = till.view_ticket(who, checked)?;
    if matches!(view.verdict, Verdict::Delivered | Verdict::Void) {
        till.note_shown_again(who, &view);
    }
    Ok(view)
}

/// A ticket whose signature holds.
pub(super) struct Checked {
    pub(super) ticket: Ticket,
    pub(super) code: String,
}

impl Till {
    /// The night it is here.
    pub(crate) fn today(&self) -> Result<BusinessDate, CommandError> {
        Ok(business_date(&self.venue()?, self.clock.now()))
    }

    /// Believes a code, or says what is wrong with it.
    pub(super) fn check(&self, code: &str) -> Result<Checked, CommandError> {
        let code = self.signed_code(code.trim())?;
        if let Some(badge) = badge_in(&code) {
            return Err(whose(&self.believe_badge(&badge)?));
        }
        let unverified = UnverifiedTicket::parse(&code)?;
        let key = match self.issuer(unverified.device_no())? {
            Issuer::Known(key) => Some(key),
            Issuer::Revoked(_) | Issuer::Unknown => None,
        };
        let ticket = unverified.verify(self.identity()?.enrolment.tenant_id, |_| key)?;
        if ticket.kind == TicketKind::Delivery {
            Ok(Checked { ticket, code })
        } else {
            let kind = serde_json::to_value(ticket.kind).unwrap_or_default();
            Err(CommandError::new(ErrorCode::TicketKindNotServed, "This till does not serve this kind of code yet.")
                .with("kind", kind))
        }
    }

    /// The signed code behind what was scanned or typed.
    fn signed_code(&self, code: &str) -> Result<String, CommandError> {
        if code.get(..TICKET_PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(TICKET_PREFIX)) {
            return Ok(code.to_ascii_uppercase());
        }
        let display: DisplayCode = code.parse().map_err(|error: shared::ticket::DisplayCodeError| {
            CommandError::new(ErrorCode::TicketMalformed, error.to_string())
        })?;
        let found = self.ledger().read(|connection| find_code(connection, &display.to_string()))?;
        found.ok_or_else(|| {
            let message = "This till has not heard of that ticket. Scan its QR code.";
            CommandError::new(ErrorCode::TicketUnknown, message).with("display_code", display.to_string())
        })
    }

    /// Signs the tickets of a sale, off the transaction that will record them.
    pub(super) fn issue_tickets(
        &self,
        lines: &[SaleLine],
        business_date: BusinessDate,
        first: u32,
        (venue, register): (&Venue, &Register),
    ) -> Result<Vec<IssuedTicket>, CommandError> {
        let promised = promised_lines(lines);
        if promised.is_empty() {
            return Ok(Vec::new());
        }
        let identity = self.identity()?;
        let chain = self.ledger().chain();
        (first..)
            .zip(promised)
            .map(|(serial, lines)| {
                let ticket_id = TicketId::new(identity.enrolment.device_no, chain, serial);
                let ticket = Ticket {
                    kind: TicketKind::Delivery,
                    ticket_id,
                    business_date,
                    valid_days: venue.ticket_valid_days,
                    lines: lines.into_iter().map(|(line, _)| line).collect(),
                };
                let code = ticket.sign(identity.enrolment.tenant_id, &identity.key)?;
                let display_code = DisplayCode::new(&register.code, ticket_id).to_string();
                Ok(IssuedTicket { ticket_id, display_code, code })
            })
            .collect()
    }
}

/// What a sale's tickets promise, ticket by ticket. A line of 300 pieces is two lines on paper; half a piece is handed
/// over at the till.
pub(super) fn promised_lines(lines: &[SaleLine]) -> Vec<Vec<(TicketLine, SaleLine)>> {
    const MOST: i64 = 255;
    let mut promised = Vec::new();
    for line in lines.iter().filter(|line| line.is_ticketed) {
        let Some(pieces) = line.quantity_milli.whole().filter(|pieces| (1..=MOST * 400).contains(pieces)) else {
            continue;
        };
        let full = usize::try_from(pieces / MOST).unwrap_or(0);
        let parts = repeat_n(MOST, full).chain((pieces % MOST > 0).then_some(pieces % MOST));
        for part in parts {
            let quantity = u8::try_from(part).unwrap_or(u8::MAX);
            let printed = line.with_quantity(Quantity::from_milli(part * 1000));
            let printed = printed.unwrap_or_else(|| line.clone());
            promised.push((TicketLine { product_number: line.product_number, quantity }, printed));
        }
    }
    promised.chunks(LINES_PER_TICKET).map(<[_]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::ProductId;
    use shared::tax::RateBp;
    use uuid::Uuid;

    fn line(line_no: u16, milli: i64, is_ticketed: bool) -> SaleLine {
        SaleLine {
            line_no,
            product_id: ProductId::from_uuid(Uuid::nil()),
            product_number: line_no,
            sku: "S".into(),
            name: "Piscola".into(),
            quantity_milli: Quantity::from_milli(milli),
            unit_price_minor: 10,
            tax_rate_bp: RateBp(1900),
            total_minor: 10,
            is_ticketed,
        }
    }

    #[test]
    fn seven_lines_are_two_tickets_and_half_a_piece_is_none() {
        let mut lines: Vec<_> = (1..=7).map(|line_no| line(line_no, 2_000, true)).collect();
        lines.push(line(8, 500, true));
        lines.push(line(9, 1_000, false));
        let tickets = promised_lines(&lines);
        assert_eq!(tickets.iter().map(Vec::len).collect::<Vec<_>>(), [6, 1]);
    }

    #[test]
    fn three_hundred_pieces_are_two_lines() {
        let tickets = promised_lines(&[line(1, 300_000, true)]);
        let pieces: Vec<_> = tickets.concat().iter().map(|(line, _)| line.quantity).collect();
        assert_eq!(pieces, [255, 45]);
    }
}
