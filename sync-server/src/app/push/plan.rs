//! What a push will most likely come to, worked out beside the company's writer: hashes, signatures, reading. The
//! writer only looks whether what was known still holds.

use std::collections::HashMap;
use std::sync::Arc;

use shared::event::{Origin, SealedEvent};
use shared::ids::ChainId;
use shared::sync::ingest::{self, BranchPlan, Decision, Held, KnownChain, Refusal};
use shared::sync::protocol::PushBatch;

use super::{Offer, PushError};
use crate::app::project::Prepared;
use crate::store::{StoreError, Tenant, TenantTx};

/// Requests of fewer bytes than this are worked out where they arrived: going elsewhere costs more.
const SMALL: usize = 16 * 1024;

/// A push, thought through.
pub(super) struct Planned {
    pub(super) offer: Offer,
    /// One per batch, up to and with the first refused.
    pub(super) steps: Vec<Step>,
}

/// One batch: what was known, and what follows from it.
pub(super) struct Step {
    pub(super) basis: Option<KnownChain>,
    pub(super) outcome: Result<Outcome, Refusal>,
}

/// A decision, its new events read.
pub(super) enum Outcome {
    Gap { ask_hash_at: u64 },
    Take { take: ingest::Take, events: Vec<Prepared> },
}

/// What is held around each batch of a request.
type Around = Vec<(Option<KnownChain>, Vec<Held>)>;

pub(super) async fn plan(tenant: &Arc<Tenant>, offer: Offer) -> Result<Planned, PushError> {
    let mut around = Around::new();
    if !offer.request.batches.is_empty() {
        let mut tx = tenant.read().await?;
        for batch in &offer.request.batches {
            let Ok(span) = ingest::span(batch) else { break };
            around.push(look_around(&mut tx, batch, span).await?);
        }
    }
    let bytes: usize = offer.request.batches.iter().flat_map(|batch| &batch.events).map(String::len).sum();
    let origin = Origin { tenant: tenant.tenant_id, venue: offer.device.venue_id, device: offer.device.device_id };
    if bytes < SMALL {
        return Ok(think(offer, &origin, around));
    }
    let thought = tokio::task::spawn_blocking(move || think(offer, &origin, around)).await;
    thought.map_err(|_| PushError::Unfinished)
}

/// What is held around a batch.
pub(super) async fn look_around(
    tx: &mut TenantTx,
    batch: &PushBatch,
    span: (u64, u64),
) -> Result<(Option<KnownChain>, Vec<Held>), StoreError> {
    let known = tx.load_known_chain(batch.chain).await?;
    let held = if known.is_some() { tx.list_held(batch.chain, span).await? } else { Vec::new() };
    Ok((known, held))
}

/// Decides about one batch and reads what is new in it.
pub(super) fn decide(
    offer: &Offer,
    origin: &Origin,
    batch: &PushBatch,
    known: Option<&KnownChain>,
    held: &[Held],
) -> Result<Outcome, Refusal> {
    Ok(match ingest::decide(origin, &offer.key, batch, known, held)? {
        Decision::Gap { ask_hash_at } => Outcome::Gap { ask_hash_at },
        Decision::Take(mut take) => {
            let events = std::mem::take(&mut take.new).into_iter().map(Prepared::new).collect();
            Outcome::Take { take, events }
        }
    })
}

fn think(offer: Offer, origin: &Origin, around: Around) -> Planned {
    // What earlier batches of the same request will have left, once they are taken.
    let mut left: HashMap<ChainId, (KnownChain, Vec<Held>)> = HashMap::new();
    let mut steps = Vec::with_capacity(offer.request.batches.len());
    let mut around = around.into_iter();
    for batch in &offer.request.batches {
        let (mut basis, mut held) = around.next().unwrap_or_default();
        if let Some((known, added)) = left.get(&batch.chain) {
            basis = Some(known.clone());
            held.extend_from_slice(added);
        }
        let outcome = decide(&offer, origin, batch, basis.as_ref(), &held);
        if let Ok(Outcome::Take { take, events }) = &outcome {
            let known = after(take, events, basis.as_ref());
            let (chain, added) = left.entry(batch.chain).or_insert_with(|| (known.clone(), Vec::new()));
            *chain = known;
            let branch = take.branch.number();
            added.extend(events.iter().map(|event| of(&event.sealed, branch)));
        }
        let is_refused = outcome.is_err();
        steps.push(Step { basis, outcome });
        if is_refused {
            break;
        }
    }
    Planned { offer, steps }
}

fn of(event: &SealedEvent, branch: u32) -> Held {
    Held { branch, seq: event.seq, hash: event.hash }
}

/// What is known of the chain once this is kept.
pub(super) fn after(take: &ingest::Take, events: &[Prepared], known: Option<&KnownChain>) -> KnownChain {
    // With nothing new, nothing changes.
    if let (Some(known), []) = (known, events) {
        return known.clone();
    }
    let mut left = take.leaves(known);
    if let Some(branch) = left.branches.iter_mut().find(|branch| branch.branch == take.branch.number()) {
        branch.head = take.head;
    }
    left
}

/// Whether the branch begins with what is taken.
pub(super) fn begins(plan: BranchPlan) -> Option<(u32, u32, u64)> {
    match plan {
        BranchPlan::New { branch, parent, forked_after } => Some((branch, parent, forked_after)),
        BranchPlan::Main | BranchPlan::Existing(_) => None,
    }
}
