//! A push, from its compressed body to what the server decides.

use shared::event::{ChainHead, SealedEvent, sign_head};
use shared::keys::PublicKey;
use shared::sync::ingest::{Decision, Held, Take, check_request, decide, span};
use shared::sync::protocol::{MAX_BODY_BYTES, PushBatch};

use crate::packed::{self, Packing};
use crate::who;

/// The first byte says how the rest is packed; the rest is a body.
///
/// Holds: what is kept is a chain without gaps, no more and no less than was sent; what is sent again is known and not
/// kept twice, whole or in part; another history under the same numbers is a branch and never replaces the first.
pub fn target(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let packing = match first & 3 {
        1 => Packing::Zstd,
        3 => Packing::Events,
        _ => Packing::None,
    };
    let Ok(request) = packed::read(body, packing) else { return };
    if check_request(&request).is_err() {
        return;
    }
    assert!(request.batches.iter().flat_map(|batch| &batch.events).map(String::len).sum::<usize>() <= MAX_BODY_BYTES);
    request.batches.iter().for_each(one);
}

fn one(batch: &PushBatch) {
    let (origin, key) = (who::origin(), PublicKey::of(&who::key()));
    // As it came, its signature is somebody else's; then as a till would send it that signs whatever it is told to.
    let _ = decide(&origin, &key, batch, None, &[]);
    let Ok((before, last)) = span(batch) else { return };
    let batch = signed(batch.clone());
    let Ok(Decision::Take(taken)) = decide(&origin, &key, &batch, None, &[]) else { return };
    assert!(taken.start && !taken.forked_now && taken.repeated == 0);
    assert_chain(&batch, &taken);
    assert_eq!((taken.new.len() as u64, taken.head.seq), (last - before, last));

    let known = taken.leaves(None);
    let held: Vec<Held> = taken.new.iter().map(|event| Held { branch: 0, seq: event.seq, hash: event.hash }).collect();
    let again = take(decide(&origin, &key, &batch, Some(&known), &held));
    assert_eq!((again.new.len(), again.repeated, again.forked_now), (0, held.len() as u64, false));
    assert_eq!(again.head, taken.head);

    // Only the first half had been kept.
    let half = held.len().div_ceil(2);
    let mut shorter = known.clone();
    let (seq, hash) = (held[half - 1].seq, held[half - 1].hash);
    shorter.branches[0].head = ChainHead { chain: batch.chain, seq, hash };
    let rest = take(decide(&origin, &key, &batch, Some(&shorter), &held[..half]));
    assert_eq!((rest.new.len(), rest.repeated, rest.forked_now), (held.len() - half, half as u64, false));
    assert_eq!(rest.leaves(Some(&shorter)), known);

    // Another history from the last event on.
    let mut other = batch.clone();
    if let Some(event) = other.events.last_mut() {
        event.push(' ');
    }
    let fork = take(decide(&origin, &key, &signed(other), Some(&known), &held));
    assert!(fork.forked_now && fork.new.len() == 1 && fork.verified_through == last - 1);
    assert_eq!(fork.leaves(Some(&known)).branches[0], known.branches[0], "the first history stays");
}

fn take(decision: Result<Decision, shared::sync::ingest::Refusal>) -> Take {
    match decision {
        Ok(Decision::Take(take)) => take,
        other => panic!("it is to be held, and the answer was {other:?}"),
    }
}

fn signed(mut batch: PushBatch) -> PushBatch {
    let start = ChainHead { chain: batch.chain, seq: batch.first_seq - 1, hash: batch.prev_hash };
    let events = start.follow_all(&who::origin(), &batch.events);
    let head = events.last().map_or(start, SealedEvent::head);
    batch.head_signature = sign_head(&head, &who::key());
    batch
}

fn assert_chain(batch: &PushBatch, taken: &Take) {
    let (mut seq, mut prev) = (batch.first_seq, batch.prev_hash);
    for event in &taken.new {
        assert_eq!((event.chain, event.seq, event.prev), (batch.chain, seq, prev));
        let _ = event.read();
        (seq, prev) = (seq + 1, event.hash);
    }
}
