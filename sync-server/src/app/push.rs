//! Takes in what a till wrote. The log accepts, the projections judge: whatever a till signed is kept, and nothing a
//! projection thinks of an event ever holds back the next one.
//!
//! Answers to a batch:
//! - `ok`: the batch is held, all of it, proved by the hash of its last event. Also for a batch sent twice, and for one
//!   that lies on a fork already kept; its first event then carries the note `forked`.
//! - `gap`: the event before the batch is not held. Names the last one of branch 0 that is before the batch; a till
//!   whose own hash there differs starts the chain again from 1.
//! - `fork`: other events are held under these numbers. Said once, when the branch is first seen; both sides are kept,
//!   and sending on from `verified_through` is answered `ok`.

use std::sync::Arc;

use shared::event::{ChainHead, Event, Fact, Hash, Origin, Read, SealedEvent, verify_head};
use shared::ids::ChainId;
use shared::keys::PublicKey;
use shared::sync::protocol::{
    Disposition, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_BATCHES, PROTO, PushBatch, PushNote, PushRequest, PushResult,
};
use shared::time::Timestamp;

use super::project::{self, Source};
use crate::store::{ChainRow, DeviceRow, Place, StoreError, StoredEvent, Tenant, TenantTx};

/// Why a whole push was refused. Everything else is an answer.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// More than one request may carry.
    #[error("too many batches, events or bytes at once")]
    TooLarge,
    /// Of a protocol this server does not speak.
    #[error("protocol {0} is not spoken here")]
    Protocol(u32),
    /// Numbers that no chain can have.
    #[error("event numbers begin at 1")]
    Numbers,
    /// Another machine's chain.
    #[error("chain {0} belongs to another device")]
    OtherDevice(ChainId),
    /// A chain's first event must say that it begins.
    #[error("chain {0} does not begin with its start")]
    NoStart(ChainId),
    /// The head's signature does not hold, so the bytes are not what the till wrote.
    #[error("the signature over chain {0} does not hold")]
    Signature(ChainId),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a push came to.
pub struct Pushed {
    /// One per batch.
    pub results: Vec<PushResult>,
    /// Events that were new.
    pub new_events: u64,
    /// Events that were held already.
    pub repeated_events: u64,
    /// Of the new ones, how many are flagged.
    pub flagged: u64,
    /// Of the new ones, how many are quarantined.
    pub quarantined: u64,
}

/// Takes in a request, batch by batch, each in a transaction of its own. Batches before a refused one stay taken.
pub async fn push(
    tenant: &Arc<Tenant>,
    device: &DeviceRow,
    key: &PublicKey,
    request: &PushRequest,
    now: Timestamp,
) -> Result<Pushed, PushError> {
    if request.proto != PROTO {
        return Err(PushError::Protocol(request.proto));
    }
    if request.batches.len() > MAX_BATCHES || request.batches.iter().any(is_too_large) {
        return Err(PushError::TooLarge);
    }
    let mut pushed = Pushed { results: Vec::new(), new_events: 0, repeated_events: 0, flagged: 0, quarantined: 0 };
    let mut unsent = Some(request.unsent_events);
    if request.batches.is_empty() {
        let mut tx = tenant.write().await?;
        tx.touch_device(device.device_id, now, unsent).await?;
        tx.commit().await?;
    }
    for batch in &request.batches {
        let mut tx = tenant.write().await?;
        tx.touch_device(device.device_id, now, unsent.take()).await?;
        let result = take_batch(&mut tx, device, key, batch, now, &mut pushed).await?;
        // Durable before it is acknowledged.
        tx.commit().await?;
        pushed.results.push(result);
    }
    Ok(pushed)
}

fn is_too_large(batch: &PushBatch) -> bool {
    batch.events.len() > MAX_BATCH_EVENTS || batch.events.iter().map(String::len).sum::<usize>() > MAX_BATCH_BYTES
}

async fn take_batch(
    tx: &mut TenantTx,
    device: &DeviceRow,
    key: &PublicKey,
    batch: &PushBatch,
    now: Timestamp,
    pushed: &mut Pushed,
) -> Result<PushResult, PushError> {
    let chain = batch.chain;
    let last_seq = batch.first_seq.checked_add(MAX_BATCH_EVENTS as u64);
    if batch.first_seq == 0 || last_seq.is_none_or(|last| i64::try_from(last).is_err()) {
        return Err(PushError::Numbers);
    }
    let known = tx.find_chain(chain).await?;
    if known.is_some_and(|row| row.device_id != device.device_id) {
        return Err(PushError::OtherDevice(chain));
    }
    let Some((row, base)) = find_base(tx, device, batch, known).await? else {
        let (have_seq, have_hash) = match known {
            Some(row) => tx.load_main_hash(&row.head, batch.first_seq.saturating_sub(2)).await?,
            None => (0, Hash::ZERO),
        };
        return Ok(PushResult::Gap { chain, have_seq, have_hash });
    };
    let origin = Origin { tenant: tx.tenant_id, venue: row.venue_id, device: device.device_id };
    let start = ChainHead { chain, seq: batch.first_seq - 1, hash: batch.prev_hash };
    let events = rebuild(start, &origin, &batch.events);
    let head = events.last().map_or(start, SealedEvent::head);
    verify_head(&head, key, &batch.head_signature).map_err(|_| PushError::Signature(chain))?;
    if known.is_none() {
        let begins = events.first().map(SealedEvent::read);
        if !matches!(begins, Some(Ok(Event { fact: Read::Known(Fact::ChainStarted(_)), .. }))) {
            return Err(PushError::NoStart(chain));
        }
        tx.insert_chain(chain, (row.device_id, row.venue_id), batch.prev_hash, now).await?;
    }

    // What is held already is a prefix: a hash proves everything before it.
    let mut last = base;
    let mut new = events.as_slice();
    while let Some((event, rest)) = new.split_first() {
        let Some(place) = tx.find_place(chain, event.seq, event.hash).await? else { break };
        (last, new) = (place, rest);
    }
    pushed.repeated_events += (events.len() - new.len()) as u64;
    let mut forked_now = false;
    if let Some(first) = new.first() {
        if !tx.is_tip(chain, last).await? {
            last.branch = tx.insert_branch(chain, last, first.prev).await?;
            forked_now = true;
        }
        take_new(tx, &Source { device, chain: &row, branch: last.branch }, new, now, pushed).await?;
        tx.move_head(last.branch, &head).await?;
    }
    if forked_now {
        let verified_through = tx.load_fork_point(chain, last.branch).await?;
        return Ok(PushResult::Fork { chain, verified_through });
    }
    let mut notes = Vec::new();
    if last.branch != 0 {
        notes.push(PushNote { seq: batch.first_seq, disposition: Disposition::Flagged, code: "forked".to_owned() });
    }
    let said = tx.list_flags_of(chain, last.branch, (batch.first_seq, head.seq)).await?;
    notes.extend(said.into_iter().map(|(seq, disposition, code)| PushNote { seq, disposition, code }));
    Ok(PushResult::Ok { chain, matched_seq: head.seq, matched_hash: head.hash, notes })
}

/// The event the batch goes on from; `None` when it is not held.
async fn find_base(
    tx: &mut TenantTx,
    device: &DeviceRow,
    batch: &PushBatch,
    known: Option<ChainRow>,
) -> Result<Option<(ChainRow, Place)>, PushError> {
    let before = batch.first_seq - 1;
    if before == 0 {
        let head = ChainHead { chain: batch.chain, seq: 0, hash: batch.prev_hash };
        let fresh = ChainRow { device_id: device.device_id, venue_id: device.venue_id, head };
        return Ok(Some((known.unwrap_or(fresh), Place { branch: 0, seq: 0 })));
    }
    let Some(row) = known else { return Ok(None) };
    let place = tx.find_place(batch.chain, before, batch.prev_hash).await?;
    Ok(place.map(|place| (row, place)))
}

fn rebuild(start: ChainHead, origin: &Origin, rests: &[String]) -> Vec<SealedEvent> {
    let mut head = start;
    let mut events = Vec::with_capacity(rests.len());
    for rest in rests {
        let event = head.follow(origin, rest);
        head = event.head();
        events.push(event);
    }
    events
}

async fn take_new(
    tx: &mut TenantTx,
    source: &Source<'_>,
    events: &[SealedEvent],
    now: Timestamp,
    pushed: &mut Pushed,
) -> Result<(), PushError> {
    let mut judged = Vec::with_capacity(events.len());
    for event in events {
        judged.push(project::project(tx, source, event).await?);
    }
    let stored: Vec<_> = events
        .iter()
        .zip(&judged)
        .map(|(event, judged)| StoredEvent {
            event,
            branch: source.branch,
            kind: &judged.kind,
            hlc: judged.hlc,
            disposition: judged.disposition,
        })
        .collect();
    tx.insert_events(&stored, now).await?;
    for (event, judged) in events.iter().zip(&judged) {
        for code in &judged.codes {
            let place = Place { branch: source.branch, seq: event.seq };
            tx.insert_flag(source.device.device_id, (event.chain, place), code, now).await?;
        }
        match judged.disposition {
            Disposition::Applied => {}
            Disposition::Flagged => pushed.flagged += 1,
            Disposition::Quarantined => pushed.quarantined += 1,
        }
    }
    pushed.new_events += events.len() as u64;
    Ok(())
}
