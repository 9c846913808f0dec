//! What tills say became of tickets: handed over, taken back, withdrawn, shown again. It happened, whatever we think of it,
//! so the venue's other tills are told all of it.

use shared::event::{Event, RedemptionUndone, SealedEvent, TicketRedeemed, TicketShownAgain, TicketVoided};
use shared::sync::redeem::TicketUse;
use shared::sync::stream::{RedemptionRecord, StreamName, UndoRecord, VoidRecord, keys};
use shared::ticket::{RedeemedLine, Ticket, TicketId, UnverifiedTicket, is_own_undo};

use super::Source;
use super::judge::Codes;
use super::world::World;
use crate::store::{Deed, NewRedemption, StoreError, TenantTx, TicketPast};

/// Signed by a till of this company, and the one that is meant.
async fn believe(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    code: &str,
    ticket_id: TicketId,
) -> Result<Option<Ticket>, StoreError> {
    let key = match world.device_keys.get(&ticket_id.device_no) {
        Some(key) => *key,
        None => tx.find_device_key(ticket_id.device_no).await?,
    };
    world.device_keys.insert(ticket_id.device_no, key);
    Ok(UnverifiedTicket::parse(code).ok().and_then(|unverified| {
        let of_device = |device_no| key.filter(|_| device_no == ticket_id.device_no);
        unverified.verify(tx.tenant_id, of_device).ok().filter(|ticket| ticket.ticket_id == ticket_id)
    }))
}

/// Its last day: days since 1970-01-01.
fn valid_until(ticket: &Ticket) -> i64 {
    i64::from(ticket.business_date.days()) + i64::from(ticket.valid_days)
}

pub(super) async fn redeemed<'a>(
    tx: &mut TenantTx,
    world: &mut World<'a>,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    redeemed: &'a TicketRedeemed,
) -> Result<Codes, StoreError> {
    let (device_id, staff_id) = (source.device.device_id, event.stamp.actor);
    if !world.redemptions.insert(redeemed.redemption_id) {
        return Ok(vec!["redemption_repeated"]);
    }
    let believed = believe(tx, world, &redeemed.code, redeemed.ticket_id).await?;
    let past = world.tickets.entry(redeemed.ticket_id).or_default();
    let was_promised = past.keep_promise(redeemed.redemption_id, &redeemed.lines);
    past.uses.push(TicketUse::of(redeemed, device_id, staff_id));
    if redeemed.unheard.is_none() {
        past.agreed.insert(redeemed.redemption_id);
    }
    let mut codes = Codes::new();
    match &believed {
        // Who asked and was told yes was first, whoever is heard of meanwhile.
        Some(ticket) => codes.extend((!was_promised && is_over(ticket, past, redeemed)).then_some("over_redeemed")),
        None => codes.push("ticket_unverified"),
    }
    if past.voided_at.is_some() && !was_promised && !past.undone.contains(&redeemed.redemption_id) {
        codes.push("redeemed_void");
    }
    let valid_until = believed.as_ref().map(valid_until);
    world.tell_of(redeemed.ticket_id, believed);
    world.new_redemptions.push(NewRedemption { fact: redeemed, staff_id, cause: sealed.hash, valid_until });
    let key = format!("{}{}", keys::REDEMPTION, redeemed.redemption_id);
    let record = RedemptionRecord { redemption: redeemed.clone(), device_id, staff_id };
    tx.publish(StreamName::Venue(source.venue_id), key, &record, Some(sealed.hash)).await?;
    Ok(codes)
}

/// Whether more was handed over than is owed, this time or in all. What was taken back before we heard of it is not.
fn is_over(ticket: &Ticket, past: &TicketPast, redeemed: &TicketRedeemed) -> bool {
    let has_line = |line: &RedeemedLine| line.line_no > 0 && usize::from(line.line_no) <= ticket.lines.len();
    if !redeemed.lines.iter().all(has_line) {
        return true;
    }
    !past.undone.contains(&redeemed.redemption_id) && owes_less(ticket, past)
}

fn pieces(past: &TicketPast, line_no: u8) -> u64 {
    let lines = past.counted_or_promised().flat_map(|one| &one.lines).filter(|line| line.line_no == line_no);
    lines.map(|line| u64::from(line.quantity)).sum()
}

fn owes_less(ticket: &Ticket, past: &TicketPast) -> bool {
    (1_u8..).zip(&ticket.lines).any(|(line_no, line)| pieces(past, line_no) > u64::from(line.quantity))
}

/// Also when the last of it is only promised: a withdrawal that comes after the promise comes too late.
fn owes_nothing(ticket: &Ticket, past: &TicketPast) -> bool {
    (1_u8..).zip(&ticket.lines).all(|(line_no, line)| pieces(past, line_no) >= u64::from(line.quantity))
}

pub(super) async fn undone(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    undone: &RedemptionUndone,
) -> Result<Codes, StoreError> {
    let (device_id, staff_id) = (source.device.device_id, event.stamp.actor);
    let past = world.tickets.entry(undone.ticket_id).or_default();
    if !past.undone.insert(undone.redemption_id) {
        // Two people took it back at once; one was enough.
        return Ok(Codes::new());
    }
    let mut codes = Codes::new();
    match past.find(undone.redemption_id) {
        None => codes.push("redemption_unknown"),
        Some(handed) => {
            let is_own = staff_id.is_some_and(|by| is_own_undo(by, handed.staff_id, handed.at, undone.undone_at));
            codes.extend((undone.is_own && !is_own).then_some("undo_not_own"));
        }
    }
    world.tell_of(undone.ticket_id, None);
    let deed = Deed { device_id, venue_id: source.venue_id, staff_id, cause: sealed.hash };
    tx.insert_undo(undone, &deed).await?;
    let key = format!("{}{}", keys::UNDO, undone.redemption_id);
    let record = UndoRecord { undone: undone.clone(), device_id, staff_id };
    tx.publish(StreamName::Venue(source.venue_id), key, &record, Some(sealed.hash)).await?;
    Ok(codes)
}

pub(super) async fn voided(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    voided: &TicketVoided,
) -> Result<Codes, StoreError> {
    let (device_id, staff_id) = (source.device.device_id, event.stamp.actor);
    let believed = believe(tx, world, &voided.code, voided.ticket_id).await?;
    let past = world.tickets.entry(voided.ticket_id).or_default();
    let mut codes = Codes::new();
    match &believed {
        Some(ticket) => codes.extend(owes_nothing(ticket, past).then_some("void_after_delivery")),
        None => codes.push("ticket_unverified"),
    }
    let before = past.voided_at;
    past.voided_at = Some(before.map_or(voided.voided_at, |before| before.min(voided.voided_at)));
    let deed = Deed { device_id, venue_id: source.venue_id, staff_id, cause: sealed.hash };
    tx.insert_void(voided, &deed, believed.as_ref().map(valid_until)).await?;
    world.tell_of(voided.ticket_id, believed);
    if before.is_none() {
        let key = format!("{}{}", keys::VOID, voided.ticket_id);
        let record = VoidRecord { voided: voided.clone(), device_id, staff_id };
        tx.publish(StreamName::Venue(source.venue_id), key, &record, Some(sealed.hash)).await?;
    }
    Ok(codes)
}

/// Somebody tries their luck, or a printer printed twice: a person looks, whatever else is known of it.
pub(super) async fn shown_again(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    shown: &TicketShownAgain,
) -> Result<Codes, StoreError> {
    let Some(ticket) = believe(tx, world, &shown.code, shown.ticket_id).await? else {
        return Ok(vec!["ticket_unverified"]);
    };
    let device_id = source.device.device_id;
    let deed = Deed { device_id, venue_id: source.venue_id, staff_id: event.stamp.actor, cause: sealed.hash };
    tx.insert_shown(shown, &ticket.lines, &deed).await?;
    Ok(vec!["shown_again"])
}
