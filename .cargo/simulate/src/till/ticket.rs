//! Tickets at a bar: handed over by the real rules, by what this till knows and nothing else. Two that have not heard of
//! each other hand over the same.

use shared::event::{Event, Fact, Read, TicketRedeemed, Unheard};
use shared::ids::RedemptionId;
use shared::sync::stream::StreamName;
use shared::ticket::{RedeemedLine, Ticket, TicketId, TicketKind, TicketLine, Uses, redeem};

use super::Till;
use super::night::{DATE, Moment, Written};
use crate::reading;
use crate::rng::Rng;

/// Tickets that guests carry around: few, so that they meet.
const TICKETS: u64 = 60;

/// The ticket of this number: the same at every till of the company, as its signature would prove.
pub fn ticket(ticket_id: TicketId) -> Ticket {
    let pieces = |seed: u32| u8::try_from(1 + seed % 4).unwrap_or(1);
    let line = |product_number, seed| TicketLine { product_number, quantity: pieces(seed) };
    let mut lines = vec![line(1, ticket_id.serial)];
    if ticket_id.serial.is_multiple_of(3) {
        lines.push(line(2, ticket_id.serial / 3));
    }
    Ticket { kind: TicketKind::Delivery, ticket_id, business_date: DATE, valid_days: 1, lines }
}

/// The ticket of this number.
pub fn ticket_id(serial: u32) -> TicketId {
    TicketId { device_no: 1, chain_tag: 1, serial }
}

impl Till {
    /// Everything this till knows to be handed over of a ticket: what it wrote, and what the venue's stream told it.
    fn known_of(&self, ticket_id: TicketId) -> Vec<RedeemedLine> {
        let mut known: Vec<(RedemptionId, Vec<RedeemedLine>)> = Vec::new();
        let mut know = |redeemed: &TicketRedeemed| {
            if redeemed.ticket_id == ticket_id && known.iter().all(|(id, _)| *id != redeemed.redemption_id) {
                known.push((redeemed.redemption_id, redeemed.lines.clone()));
            }
        };
        for sealed in self.disk.events().filter(|sealed| sealed.line.contains("ticket.redeemed")) {
            if let Ok(event) = reading::event(sealed)
                && let Event { fact: Read::Known(Fact::TicketRedeemed(redeemed)), .. } = &*event
            {
                know(redeemed);
            }
        }
        let heard = self.disk.copies.get(&StreamName::Venue(self.origin.venue)).into_iter().flatten();
        for (_, json) in heard.filter(|(key, _)| key.starts_with("redemption/")) {
            if let Some(record) = reading::redemption(json) {
                know(&record.redemption);
            }
        }
        known.into_iter().flat_map(|(_, lines)| lines).collect()
    }

    /// A guest shows some ticket; nothing when all of it was handed over, as far as known here.
    pub(super) fn redeem_any(&self, rng: &mut Rng, at: &Moment, by: Option<shared::ids::StaffId>) -> Option<Written> {
        let serial = u32::try_from(1 + rng.below(TICKETS)).ok()?;
        let asked = if rng.chance(500) { None } else { Some(vec![RedeemedLine { line_no: 1, quantity: 1 }]) };
        self.redeem(rng, at, by, (ticket_id(serial), asked.as_deref()))
    }

    /// Hands over what is asked for, or everything owed.
    pub fn redeem(
        &self,
        rng: &mut Rng,
        at: &Moment,
        by: Option<shared::ids::StaffId>,
        (ticket_id, asked): (TicketId, Option<&[RedeemedLine]>),
    ) -> Option<Written> {
        let chain = self.process.as_ref()?.chain;
        let redeemed = self.known_of(ticket_id);
        let lines = redeem(&ticket(ticket_id), Uses::of(&redeemed), DATE, asked).ok()?;
        let fact = Fact::TicketRedeemed(TicketRedeemed {
            redemption_id: RedemptionId::from_uuid(rng.id()),
            ticket_id,
            business_date: DATE,
            redeemed_at: at.wall,
            lines,
            code: "T1".to_owned(),
            unheard: Some(Unheard { since: None, devices: Vec::new() }),
        });
        Some(self.sealed(at, by, &self.head(chain), &fact))
    }
}
