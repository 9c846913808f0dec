//! What to send, and what an answer proves. Pure: no ledger, no network, no clock.

use crate::event::{ChainHead, Hash, SealedEvent, sign_head};
use crate::ids::{ChainId, LogId};
use crate::keys::SigningKey;
use crate::sabotage::{self, Bug};
use crate::sync::protocol::{
    Disposition, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_BATCHES, PushBatch, PushReply, PushResult,
};

/// How much goes into one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most events in a batch.
    pub events: usize,
    /// Most bytes of event text in a batch. An event larger than that goes alone.
    pub bytes: usize,
    /// Most batches in a request.
    pub batches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: MAX_BATCH_EVENTS, bytes: MAX_BATCH_BYTES, batches: MAX_BATCHES }
    }
}

impl Limits {
    /// For a server that found a request too large: half of it, at least one event.
    #[must_use]
    pub fn halved(self) -> Self {
        let half = |n: usize| (n / 2).max(1);
        Self { events: half(self.events), bytes: half(self.bytes), batches: half(self.batches) }
    }

    /// Most events in a request.
    pub fn whole_request(self) -> u64 {
        self.events.saturating_mul(self.batches) as u64
    }
}

/// What a server log is proved to hold of a chain: its first `seq` events, because both hashes there are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which log.
    pub log_id: LogId,
    /// How many events; 0 for none.
    pub seq: u64,
}

/// A chain as the outbox knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// The chain.
    pub chain: ChainId,
    /// How many events it holds here.
    pub head_seq: u64,
    /// What the last log we spoke to has of it; none before it was ever offered.
    pub proof: Option<Proof>,
}

/// What of a chain to offer next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Everything is there.
    Nothing,
    /// Events from this number on.
    From(u64),
    /// The last event alone. The server changed its log; the answer to this one tells how much the new one holds.
    Probe(u64),
}

impl ChainState {
    /// What to offer to the log we last spoke to.
    pub fn offer(&self, log: Option<LogId>) -> Offer {
        match self.proof {
            _ if self.head_seq == 0 => Offer::Nothing,
            None => Offer::From(1),
            Some(proof) if log.is_some_and(|log| log != proof.log_id) && !sabotage::is(Bug::NoLogId) => {
                Offer::Probe(self.head_seq)
            }
            Some(proof) if proof.seq < self.head_seq => Offer::From(proof.seq + 1),
            Some(_) => Offer::Nothing,
        }
    }
}

/// Cuts events into batches: one chain each, consecutive, within the limits. Order is kept.
pub fn cut<'a>(events: &'a [SealedEvent], limits: &Limits) -> Vec<&'a [SealedEvent]> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (place, event) in events.iter().enumerate() {
        let follows = place > start && events[place - 1].chain == event.chain && events[place - 1].seq + 1 == event.seq;
        let size = event.rest().len();
        if place > start && (!follows || place - start >= limits.events || bytes + size > limits.bytes) {
            batches.push(&events[start..place]);
            (start, bytes) = (place, 0);
        }
        bytes += size;
    }
    if start < events.len() {
        batches.push(&events[start..]);
    }
    batches.truncate(limits.batches);
    batches
}

/// A batch as sent, kept to read the answer by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The chain.
    pub chain: ChainId,
    /// Number of the first event.
    pub first_seq: u64,
    /// Hashes of its events, in order.
    pub hashes: Vec<Hash>,
}

impl Sent {
    /// Number of the last event.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.hashes.len() as u64 - 1
    }

    fn hash_at(&self, seq: u64) -> Option<Hash> {
        let place = usize::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        self.hashes.get(place).copied()
    }
}

/// Signs a batch of consecutive events; `None` for no events.
pub fn sign_batch(events: &[SealedEvent], key: &SigningKey) -> Option<(PushBatch, Sent)> {
    let (first, last) = (events.first()?, events.last()?);
    let head: ChainHead = last.head();
    let batch = PushBatch {
        chain: first.chain,
        first_seq: first.seq,
        prev_hash: first.prev,
        events: events.iter().map(on_the_wire).collect(),
        head_signature: sign_head(&head, key),
    };
    let hashes = events.iter().map(|event| event.hash).collect();
    Some((batch, Sent { chain: first.chain, first_seq: first.seq, hashes }))
}

fn on_the_wire(event: &SealedEvent) -> String {
    let rest = event.rest();
    if sabotage::is(Bug::Reencoded)
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(&format!("{{{rest}"))
    {
        return value.to_string().split_off(1);
    }
    rest.to_owned()
}

/// What to write down after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The log holds the first `seq` events of the chain, proved; 0 takes everything back to be sent again.
    Prove {
        /// The chain.
        chain: ChainId,
        /// The log.
        log_id: LogId,
        /// How many events.
        seq: u64,
    },
    /// The log holds other events under the same numbers. Both are kept; a person should look.
    Fork {
        /// The chain.
        chain: ChainId,
        /// The log.
        log_id: LogId,
        /// The last number the server says both agree on.
        verified_through: u64,
    },
}

/// An answer, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What to write down, in order.
    pub operations: Vec<Operation>,
    /// Events of these batches that are proved to be there.
    pub proved: u64,
    /// Answers that prove nothing: of another chain, past the batch, with another hash.
    pub ignored: u32,
    /// Events the server set aside for a person to look at.
    pub remarked: u32,
}

/// Reads an answer. `own_hash` tells the hash of any event of ours.
///
/// An acknowledgement counts only where the server's hash is ours, at a number that was in the batch: a hash proves
/// every event before it, a number alone proves nothing.
pub fn read_reply(sent: &[Sent], reply: &PushReply, own_hash: impl Fn(ChainId, u64) -> Option<Hash>) -> Reading {
    let mut reading = Reading::default();
    let log_id = reply.log_id;
    for (sent, result) in sent.iter().zip(&reply.results) {
        let chain = sent.chain;
        let operation = match result {
            PushResult::Ok { chain: of, matched_seq, matched_hash, notes } if *of == chain => {
                let odd = notes.iter().filter(|note| note.disposition != Disposition::Applied).count();
                reading.remarked += u32::try_from(odd).unwrap_or(u32::MAX);
                let is_ours = sent.hash_at(*matched_seq) == Some(*matched_hash)
                    || (sabotage::is(Bug::AckByNumber) && sent.hash_at(*matched_seq).is_some());
                reading.proved += if is_ours { matched_seq - sent.first_seq + 1 } else { 0 };
                is_ours.then_some(Operation::Prove { chain, log_id, seq: *matched_seq })
            }
            // A gap that reaches the batch is no gap.
            PushResult::Gap { chain: of, have_seq, have_hash }
                if *of == chain && have_seq.saturating_add(1) < sent.first_seq =>
            {
                let is_ours =
                    *have_seq > 0 && (own_hash(chain, *have_seq) == Some(*have_hash) || sabotage::is(Bug::TrustedHead));
                Some(Operation::Prove { chain, log_id, seq: if is_ours { *have_seq } else { 0 } })
            }
            PushResult::Fork { chain: of, verified_through } if *of == chain && *verified_through < sent.last_seq() => {
                if sabotage::is(Bug::ForkAckHole) {
                    Some(Operation::Prove { chain, log_id, seq: sent.last_seq() })
                } else {
                    Some(Operation::Fork { chain, log_id, verified_through: *verified_through })
                }
            }
            PushResult::Ok { .. } | PushResult::Gap { .. } | PushResult::Fork { .. } => None,
        };
        match operation {
            Some(operation) => reading.operations.push(operation),
            None => reading.ignored += 1,
        }
    }
    reading
}

#[cfg(test)]
mod tests;
