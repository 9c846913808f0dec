//! Tickets: given out with a sale, checked anywhere, handed over in whole or in part.

use std::iter::repeat_n;

use shared::event::{Fact, IssuedTicket, TicketRedeemed};
use shared::ids::{DeviceId, RedemptionId};
use shared::keys::PublicKey;
use shared::sale::{Quantity, SaleLine};
use shared::ticket::{
    DisplayCode, RedeemedLine, TICKET_PREFIX, Ticket, TicketId, TicketKind, TicketLine, UnverifiedTicket, judge, redeem,
};
use shared::time::BusinessDate;
use shared::venue::{Register, Venue};

use super::business_day::business_date;
use super::{Caller, Till};
use crate::commands::types::{RedeemTicket, RedemptionView, ScannedCode, TicketLineView, TicketView};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::ticket::{KnownRedemption, find_code, list_redemptions};
use crate::ledger::{catalog, ticket as stored};

/// Six lines make the densest code that common scanners read off thermal paper: QR version 6.
const LINES_PER_TICKET: usize = 6;

/// `ticket.check`
pub(crate) fn check_ticket(till: &Till, _: &Caller, args: &ScannedCode) -> Result<TicketView, CommandError> {
    let checked = till.check(&args.code)?;
    till.view_ticket(checked)
}

/// `ticket.redeem`
pub(crate) fn redeem_ticket(till: &Till, who: &Caller, args: &RedeemTicket) -> Result<TicketView, CommandError> {
    let _turn = till.take_turn();
    let checked = till.check(&args.code)?;
    let ticket_id = checked.ticket.ticket_id;
    let known = till.ledger().read(|connection| list_redemptions(connection, ticket_id))?;
    let (now, today) = (till.clock.now(), till.today()?);
    let lines = redeem(&checked.ticket, &redeemed_lines(&known), today, args.lines.as_deref());
    let lines = lines.map_err(|error| till.with_last_use(error.into(), known.last()))?;
    let redemption_id = RedemptionId::new(now, &*till.entropy);
    let code = checked.code.clone();
    let fact = TicketRedeemed { redemption_id, ticket_id, business_date: today, redeemed_at: now, lines, code };
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    let actor = Some(who.staff()?.staff_id);
    till.ledger().write(move |tx| tx.append(&Fact::TicketRedeemed(fact), actor, session))?;
    till.view_ticket(checked)
}

/// A ticket whose signature holds.
struct Checked {
    ticket: Ticket,
    code: String,
}

impl Till {
    fn today(&self) -> Result<BusinessDate, CommandError> {
        Ok(business_date(&self.venue()?, self.clock.now()))
    }

    /// Believes a code, or says what is wrong with it.
    fn check(&self, code: &str) -> Result<Checked, CommandError> {
        let code = self.signed_code(code.trim())?;
        let unverified = UnverifiedTicket::parse(&code)?;
        let identity = self.identity()?;
        let enrolment = &identity.enrolment;
        let ticket = self.ledger().read(|connection| {
            let mut refused = None;
            let key_of = |device_no: u16| {
                if device_no == enrolment.device_no {
                    return Some(PublicKey::of(&identity.key));
                }
                let device = catalog::find_device_by_number(connection, device_no);
                let device = device.unwrap_or_else(|error| {
                    refused = Some(error);
                    None
                });
                let certificate = device
                    .filter(|device| !device.is_revoked)
                    .and_then(|device| device.certificate.verify(enrolment.tenant_id, &enrolment.tenant_key).ok());
                // A certificate for another number vouches for nothing here.
                certificate.filter(|certificate| certificate.device_no == device_no).map(|c| c.public_key)
            };
            let verified = unverified.verify(enrolment.tenant_id, key_of);
            match refused {
                Some(error) => Err(CommandError::from(error)),
                None => verified.map_err(CommandError::from),
            }
        })?;
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

    fn view_ticket(&self, checked: Checked) -> Result<TicketView, CommandError> {
        let Checked { ticket, code } = checked;
        let known = self.ledger().read(|connection| list_redemptions(connection, ticket.ticket_id))?;
        let standing = judge(&ticket, &redeemed_lines(&known), self.today()?);
        let mut lines = Vec::new();
        for line in standing.lines {
            let number = line.product_number;
            let product = self.ledger().read(|connection| catalog::find_product_by_number(connection, number))?;
            let name = product.map_or_else(|| format!("N° {number}"), |product| product.name);
            let (quantity, redeemed, owed) = (line.quantity, line.redeemed, line.owed);
            lines.push(TicketLineView { line_no: line.line_no, name, quantity, redeemed, owed });
        }
        let history = known.iter().map(|known| self.view_redemption(known)).collect::<Result<_, _>>()?;
        let (sold_by, display_code) = self.seller(ticket.ticket_id)?;
        let heard_until = self.server_health()?.last_contact;
        Ok(TicketView { code, display_code, verdict: standing.verdict, lines, history, sold_by, heard_until, ticket })
    }

    fn view_redemption(&self, known: &KnownRedemption) -> Result<RedemptionView, CommandError> {
        Ok(RedemptionView {
            redeemed_at: known.redeemed_at,
            staff: self.name_of(known.staff_id)?,
            device: self.device_name(known.device_id)?,
            lines: known.lines.clone(),
        })
    }

    fn device_name(&self, device_id: Option<DeviceId>) -> Result<String, CommandError> {
        let enrolment = &self.identity()?.enrolment;
        let Some(device_id) = device_id.filter(|id| *id != enrolment.device_id) else {
            return Ok(enrolment.device_name.clone());
        };
        let device = self.ledger().read(|connection| catalog::find_device(connection, device_id))?;
        Ok(device.map_or_else(|| device_id.to_string(), |device| device.name))
    }

    /// Who sold a ticket, and what a person can type for it.
    fn seller(&self, ticket_id: TicketId) -> Result<(String, Option<String>), CommandError> {
        let enrolment = &self.identity()?.enrolment;
        let (name, register_id) = if ticket_id.device_no == enrolment.device_no {
            (enrolment.device_name.clone(), Some(enrolment.register_id))
        } else {
            let device_no = ticket_id.device_no;
            let device = self.ledger().read(|connection| catalog::find_device_by_number(connection, device_no))?;
            let register_id = device.as_ref().map(|device| device.register_id);
            (device.map_or_else(|| format!("N° {device_no}"), |device| device.name), register_id)
        };
        let Some(register_id) = register_id else { return Ok((name, None)) };
        let register = self.ledger().read(|connection| catalog::find_register(connection, register_id))?;
        Ok((name, register.map(|register| DisplayCode::new(&register.code, ticket_id).to_string())))
    }

    /// With who handed it over last, and when: what the bar tells the customer.
    fn with_last_use(&self, error: CommandError, last: Option<&KnownRedemption>) -> CommandError {
        let Some(view) = last.and_then(|last| self.view_redemption(last).ok()) else { return error };
        if error.code != ErrorCode::TicketDelivered {
            return error;
        }
        error.with("redeemed_at", view.redeemed_at.as_millis()).with("staff", view.staff).with("device", view.device)
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

fn redeemed_lines(known: &[stored::KnownRedemption]) -> Vec<RedeemedLine> {
    known.iter().flat_map(|known| known.lines.iter().copied()).collect()
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
