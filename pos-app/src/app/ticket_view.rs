//! A ticket as the bar sees it: the verdict, what is owed, who did what, and whose word is missing.

use shared::event::Unheard;
use shared::ids::DeviceId;
use shared::ticket::{DisplayCode, OwedLine, Ticket, TicketId, Uses, judge, undo_until};
use shared::venue::{BlindRedemption, Venue};

use super::ticket::Checked;
use super::{Caller, Till};
use crate::commands::types::{BlindView, DeedView, RedemptionView, TicketLineView, TicketView, VoidView};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::catalog;
use crate::ledger::ticket::{KnownDeed, KnownRedemption, KnownTicket, load_known};

impl Till {
    /// Judges a ticket by all that is known here.
    pub(super) fn view_ticket(&self, who: &Caller, checked: Checked) -> Result<TicketView, CommandError> {
        let Checked { ticket, code } = checked;
        let known = self.ledger().read(|connection| load_known(connection, ticket.ticket_id))?;
        let uses = Uses { redeemed: &known.redeemed(), is_void: known.void.is_some() };
        let standing = judge(&ticket, uses, self.today()?);
        let blind = self.view_blind(&ticket, &standing.lines)?;
        let lines = standing.lines.iter().map(|line| self.view_line(line)).collect::<Result<_, _>>()?;
        let view = |known| self.view_redemption(who, known);
        let history = known.redemptions.iter().map(view).collect::<Result<_, _>>()?;
        let void = known.void.as_ref().map(|(by, reason)| self.view_void(by, reason)).transpose()?;
        let (sold_by, display_code) = self.seller(ticket.ticket_id)?;
        let heard_until = self.last_contact()?;
        let verdict = standing.verdict;
        Ok(TicketView { ticket, code, display_code, verdict, lines, history, sold_by, heard_until, void, blind })
    }

    fn view_line(&self, line: &OwedLine) -> Result<TicketLineView, CommandError> {
        let number = line.product_number;
        let product = self.ledger().read(|connection| catalog::find_product_by_number(connection, number))?;
        let name = product.map_or_else(|| format!("N° {number}"), |product| product.name);
        let (quantity, redeemed, owed) = (line.quantity, line.redeemed, line.owed);
        Ok(TicketLineView { line_no: line.line_no, name, quantity, redeemed, owed })
    }

    fn view_redemption(&self, who: &Caller, known: &KnownRedemption) -> Result<RedemptionView, CommandError> {
        let by = who.staff()?.staff_id;
        let until = undo_until(by, known.staff_id, known.redeemed_at);
        Ok(RedemptionView {
            redemption_id: known.redemption_id,
            redeemed_at: known.redeemed_at,
            staff: self.name_of(known.staff_id)?,
            device: self.device_name(known.device_id)?,
            lines: known.lines.clone(),
            undone: known.undone.as_ref().map(|deed| self.view_deed(deed)).transpose()?,
            undo_until: until.filter(|until| known.undone.is_none() && self.clock.now() <= *until),
        })
    }

    fn view_void(&self, by: &KnownDeed, reason: &str) -> Result<VoidView, CommandError> {
        Ok(VoidView { by: self.view_deed(by)?, reason: reason.to_owned() })
    }

    fn view_deed(&self, deed: &KnownDeed) -> Result<DeedView, CommandError> {
        let (staff, device) = (self.name_of(deed.staff_id)?, self.device_name(deed.device_id)?);
        Ok(DeedView { at: deed.at, staff, device })
    }

    /// A machine's name as people call it; none is this one.
    pub(super) fn device_name(&self, device_id: Option<DeviceId>) -> Result<String, CommandError> {
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

    /// With who did what about it: what the bar tells the customer.
    pub(super) fn with_past(&self, error: CommandError, known: &KnownTicket) -> Result<CommandError, CommandError> {
        Ok(match (error.code, known.counted().next_back(), &known.void) {
            (ErrorCode::TicketDelivered, Some(last), _) => error
                .with("redeemed_at", last.redeemed_at.as_millis())
                .with("staff", self.name_of(last.staff_id)?)
                .with("device", self.device_name(last.device_id)?),
            (ErrorCode::TicketVoid, _, Some((by, reason))) => error
                .with("voided_at", by.at.as_millis())
                .with("staff", self.name_of(by.staff_id)?)
                .with("device", self.device_name(by.device_id)?)
                .with("reason", reason.as_str()),
            _ => error,
        })
    }

    /// Whose word is missing when something is handed over without asking the server.
    pub(super) fn unheard(&self) -> Result<Unheard, CommandError> {
        let devices = self.peers()?.into_iter().map(|(device_id, _)| device_id).collect();
        Ok(Unheard { since: self.last_contact()?, devices })
    }

    fn view_blind(&self, ticket: &Ticket, lines: &[OwedLine]) -> Result<Option<BlindView>, CommandError> {
        if self.is_server_reached() || lines.iter().all(|line| line.owed == 0) {
            return Ok(None);
        }
        let devices: Vec<_> = self.peers()?.into_iter().map(|(_, name)| name).collect();
        if devices.is_empty() {
            return Ok(None);
        }
        let venue = self.venue()?;
        let blind = self.weigh(ticket, lines.iter().map(|line| (line.product_number, line.owed)))?;
        let Venue { redemption_policy: policy, .. } = venue;
        let (value_minor, is_allowed) = (blind.value_minor, policy.allows(blind));
        Ok(Some(BlindView { devices, since: self.last_contact()?, policy, value_minor, is_allowed }))
    }

    /// What is about to be handed over unheard: its worth at today's prices, and whether it was sold here.
    pub(super) fn weigh(
        &self,
        ticket: &Ticket,
        pieces: impl Iterator<Item = (u16, u8)>,
    ) -> Result<BlindRedemption, CommandError> {
        let mut value_minor = Some(0_i64);
        for (number, quantity) in pieces.filter(|(_, quantity)| *quantity > 0) {
            let product = self.ledger().read(|connection| catalog::find_product_by_number(connection, number))?;
            let worth = product.and_then(|product| product.price_minor.checked_mul(i64::from(quantity)));
            value_minor = value_minor.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
        }
        let (enrolment, device_no) = (&self.identity()?.enrolment, ticket.ticket_id.device_no);
        let is_own = device_no == enrolment.device_no;
        let seller = self.ledger().read(|connection| catalog::find_device_by_number(connection, device_no))?;
        let is_home = is_own || seller.is_some_and(|seller| seller.register_id == enrolment.register_id);
        Ok(BlindRedemption { value_minor, is_home })
    }

    /// The venue's other tills, by name.
    pub(super) fn peers(&self) -> Result<Vec<(DeviceId, String)>, CommandError> {
        let (venue_id, own) = {
            let enrolment = &self.identity()?.enrolment;
            (enrolment.venue_id, enrolment.device_id)
        };
        let mut devices = self.ledger().read(|connection| catalog::list_devices_of(connection, venue_id))?;
        devices.retain(|(device_id, _)| *device_id != own);
        Ok(devices)
    }
}
