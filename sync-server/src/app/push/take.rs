//! One push in the company's transaction: looks whether what was planned still holds, and writes it.

use std::collections::HashMap;

use shared::event::{Hash, Origin};
use shared::ids::ChainId;
use shared::sync::ingest::{self, KnownChain};
use shared::sync::protocol::{Disposition, PushBatch, PushNote, PushResult};
use shared::sync::stream::{StreamName, keys};

use super::plan::{self, Outcome, Planned, Step};
use super::{Offer, PushError, Pushed};
use crate::app::project::{self, Judged, Prepared, Source};
use crate::store::{NewFlag, Place, StoreError, StoredEvent, TenantTx};

/// Takes in one push. Nothing of a refused batch is written, and what is written before it stays.
pub(super) async fn take(tx: &mut TenantTx, planned: Planned) -> Result<Pushed, PushError> {
    let Planned { offer, steps } = planned;
    let unsent = Some(offer.request.unsent_events);
    match &offer.ticket {
        Some(ticket) if !ticket.admit(tx, &offer.device, offer.now, unsent).await? => return Err(PushError::Replayed),
        Some(_) => {}
        None => tx.touch_device(offer.device.device_id, offer.now, unsent).await?,
    }
    let mut pushed = Pushed::default();
    let mut chains: HashMap<ChainId, Option<KnownChain>> = HashMap::new();
    for (batch, step) in offer.request.batches.iter().zip(steps) {
        let known = match chains.remove(&batch.chain) {
            Some(known) => known,
            None => tx.load_known_chain(batch.chain).await?,
        };
        let outcome = settle(tx, &offer, batch, step, known.as_ref()).await??;
        let (result, left) = take_batch(tx, &offer, batch, outcome, known, &mut pushed).await?;
        pushed.results.push(result);
        chains.insert(batch.chain, left);
    }
    Ok(pushed)
}

/// The plan if it still holds, or another one. Whatever is added to a chain moves the end of one of its branches.
async fn settle(
    tx: &mut TenantTx,
    offer: &Offer,
    batch: &PushBatch,
    step: Step,
    known: Option<&KnownChain>,
) -> Result<Result<Outcome, ingest::Refusal>, StoreError> {
    if step.basis.as_ref() == known {
        return Ok(step.outcome);
    }
    let span = match ingest::span(batch) {
        Ok(span) => span,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let held = tx.list_held(batch.chain, span).await?;
    let origin = Origin { tenant: tx.tenant_id, venue: offer.device.venue_id, device: offer.device.device_id };
    Ok(plan::decide(offer, &origin, batch, known, &held))
}

async fn take_batch(
    tx: &mut TenantTx,
    offer: &Offer,
    batch: &PushBatch,
    outcome: Outcome,
    known: Option<KnownChain>,
    pushed: &mut Pushed,
) -> Result<(PushResult, Option<KnownChain>), PushError> {
    let chain = batch.chain;
    let (take, events) = match outcome {
        Outcome::Take { take, events } => (take, events),
        Outcome::Gap { ask_hash_at } => {
            let head = known.as_ref().and_then(|known| known.head_of(0));
            let (have_seq, have_hash) = match head {
                Some(head) => tx.load_main_hash(&head, ask_hash_at).await?,
                None => (0, Hash::ZERO),
            };
            return Ok((PushResult::Gap { chain, have_seq, have_hash }, known));
        }
    };
    let branch = take.branch.number();
    pushed.repeated_events += take.repeated;
    pushed.new_events += events.len() as u64;
    let mut notes = Vec::new();
    if let Some(first) = events.first() {
        if take.start {
            tx.insert_chain(chain, (take.origin.device, take.origin.venue), batch.prev_hash, offer.now).await?;
        }
        if let Some((branch, parent, forked_after)) = plan::begins(take.branch) {
            tx.insert_branch(chain, branch, Place { branch: parent, seq: forked_after }, first.sealed.prev).await?;
        }
        let source = Source { device: &offer.device, venue_id: take.origin.venue, chain, branch };
        notes = keep(tx, &source, &events, offer, pushed).await?;
        tx.move_head(branch, &take.head).await?;
    }
    let left = plan::after(&take, &events, known.as_ref());
    if take.forked_now {
        return Ok((PushResult::Fork { chain, verified_through: take.verified_through }, Some(left)));
    }
    if take.repeated > 0 {
        let said = tx.list_flags_of(chain, branch, (batch.first_seq, take.head.seq)).await?;
        notes = said.into_iter().map(|(seq, disposition, code)| PushNote { seq, disposition, code }).collect();
    }
    if branch != 0 {
        let note = PushNote { seq: batch.first_seq, disposition: Disposition::Flagged, code: "forked".to_owned() };
        notes.insert(0, note);
    }
    let (matched_seq, matched_hash) = (take.head.seq, take.head.hash);
    Ok((PushResult::Ok { chain, matched_seq, matched_hash, notes }, Some(left)))
}

/// Judges events and keeps them with what was thought of them, which it answers.
async fn keep(
    tx: &mut TenantTx,
    source: &Source<'_>,
    events: &[Prepared],
    offer: &Offer,
    pushed: &mut Pushed,
) -> Result<Vec<PushNote>, StoreError> {
    let judged = judge(tx, source, events).await?;
    let stored: Vec<_> = events
        .iter()
        .zip(&judged)
        .map(|(event, judged)| StoredEvent {
            event: &event.sealed,
            kind: &event.kind,
            hlc: event.hlc,
            disposition: judged.disposition,
        })
        .collect();
    if let (Some(first), Some(last)) = (events.first(), events.last()) {
        tx.insert_events((source.chain, source.branch), &stored, offer.now).await?;
        tx.insert_turn(source.chain, source.branch, (first.sealed.seq, last.sealed.seq)).await?;
    }
    let (mut flags, mut notes) = (Vec::new(), Vec::new());
    for (event, judged) in events.iter().zip(&judged) {
        let (chain, seq) = (event.sealed.chain, event.sealed.seq);
        for code in &judged.codes {
            flags.push(NewFlag { chain, place: Place { branch: source.branch, seq }, code });
            let is_aside = judged.disposition == Disposition::Quarantined;
            let disposition = if is_aside { Disposition::Quarantined } else { Disposition::Flagged };
            notes.push(PushNote { seq, disposition, code: (*code).to_owned() });
        }
        match judged.disposition {
            Disposition::Applied => {}
            Disposition::Flagged => pushed.flagged += 1,
            Disposition::Quarantined => pushed.quarantined += 1,
        }
    }
    tx.insert_flags(source.device.device_id, &flags, offer.now).await?;
    // Also in the device's own stream: an answer can be lost, and what was thought of an event must still be heard.
    for event in events {
        let (chain, seq) = (event.sealed.chain, event.sealed.seq);
        let of_event: Vec<_> = notes.iter().filter(|note| note.seq == seq).collect();
        if !of_event.is_empty() {
            let key = format!("{}{chain}/{seq}", keys::NOTE);
            tx.publish(StreamName::Device(source.device.device_id), key, &of_event, Some(event.sealed.hash)).await?;
        }
    }
    Ok(notes)
}

/// Judges events together. Should the database refuse what they come to, each is judged alone, and the one it refuses
/// is kept aside: a fault of ours with one event must not cost the others their place.
pub(crate) async fn judge(
    tx: &mut TenantTx,
    source: &Source<'_>,
    events: &[Prepared],
) -> Result<Vec<Judged>, StoreError> {
    let here = tx.savepoint().await?;
    match project::project(tx, source, events).await {
        Ok(judged) => {
            tx.release(here).await?;
            return Ok(judged);
        }
        Err(error) if !error.is_of_a_row() => return Err(error),
        Err(error) => {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "a batch is judged one by one");
            tx.roll_back(here).await?;
        }
    }
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let here = tx.savepoint().await?;
        match project::project(tx, source, std::slice::from_ref(event)).await {
            Ok(judged) => {
                tx.release(here).await?;
                all.extend(judged);
            }
            Err(error) if !error.is_of_a_row() => return Err(error),
            Err(_) => {
                tx.roll_back(here).await?;
                all.push(Judged { disposition: Disposition::Quarantined, codes: vec!["projection_failed"] });
            }
        }
    }
    Ok(all)
}
