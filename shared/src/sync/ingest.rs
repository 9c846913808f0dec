//! What a server decides about one batch. It is told what it holds around the batch, in two questions however long the
//! batch is, and answers what to add, to ask for or to refuse; keeping it is someone else's task.
//!
//! Answers to a batch:
//! - `ok`: the batch is held, all of it, proved by the hash of its last event. Also for a batch sent twice, and for one
//!   that lies on a fork already kept.
//! - `gap`: the event before the batch is not held. Names the last one of branch 0 that is before the batch; a till
//!   whose own hash there differs starts the chain again from 1.
//! - `fork`: other events are held under these numbers. Said once, when the branch is first seen; both sides are kept,
//!   and sending on from `verified_through` is answered `ok`.

use crate::event::{ChainHead, Event, Fact, Hash, Origin, Read, SealedEvent, verify_head};
use crate::ids::ChainId;
use crate::keys::PublicKey;
use crate::sabotage::{self, Bug};
use crate::sync::protocol::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_BATCHES, PROTO, PushBatch, PushRequest};

/// One history of a chain. Branch 0 came first; another is a fork of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchHead {
    /// Its number in the chain.
    pub branch: u32,
    /// The branch it left; its own number for branch 0.
    pub parent: u32,
    /// The last event it shares with its parent; 0 for branch 0.
    pub forked_after: u64,
    /// Where it ends.
    pub head: ChainHead,
}

/// What is held of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChain {
    /// Whose, and where its device stood when it began.
    pub origin: Origin,
    /// All its histories, branch 0 among them.
    pub branches: Vec<BranchHead>,
}

/// An event that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// On which branch.
    pub branch: u32,
    /// Its number.
    pub seq: u64,
    /// Its hash, which proves everything before it.
    pub hash: Hash,
}

/// Why a push is refused. Nothing of the batch is kept then but its raw bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
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
}

/// Where new events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchPlan {
    /// On the end of branch 0.
    Main,
    /// On the end of a branch that is there.
    Existing(u32),
    /// On a branch that begins with them.
    New {
        /// The number it gets.
        branch: u32,
        /// The branch it leaves.
        parent: u32,
        /// The last event both share.
        forked_after: u64,
    },
}

/// What to do about a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The event before it is not held.
    Gap {
        /// The highest number of branch 0 before the batch, 0 for none: the answer names it and its hash.
        ask_hash_at: u64,
    },
    /// It is to be held, all of it.
    Take(Take),
}

/// What taking a batch means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// The chain is new: it begins here.
    pub start: bool,
    /// Whose chain it is, and where its device stood when it began.
    pub origin: Origin,
    /// Where the batch lies. With nothing new, where its last event is held.
    pub branch: BranchPlan,
    /// What is not held yet, in order.
    pub new: Vec<SealedEvent>,
    /// How many of the batch are held already: a prefix, because a hash proves everything before it.
    pub repeated: u64,
    /// The batch's end. With anything new, the branch's end too.
    pub head: ChainHead,
    /// A branch begins here, which the till must be told.
    pub forked_now: bool,
    /// The last number of branch 0 that the batch's branch shares with it.
    pub verified_through: u64,
}

/// Checks what can be checked of a request before anything of it is looked up.
///
/// Errors: [`Refusal::Protocol`], [`Refusal::TooLarge`].
pub fn check_request(request: &PushRequest) -> Result<(), Refusal> {
    if request.proto != PROTO {
        return Err(Refusal::Protocol(request.proto));
    }
    let is_too_large = |batch: &PushBatch| {
        batch.events.len() > MAX_BATCH_EVENTS || batch.events.iter().map(String::len).sum::<usize>() > MAX_BATCH_BYTES
    };
    if request.batches.len() > MAX_BATCHES || request.batches.iter().any(is_too_large) {
        return Err(Refusal::TooLarge);
    }
    Ok(())
}

/// The numbers whose held events [`decide`] must be told, on all branches: from the one before the batch to its last.
///
/// Errors: [`Refusal::Numbers`].
pub fn span(batch: &PushBatch) -> Result<(u64, u64), Refusal> {
    let beyond = batch.first_seq.checked_add(MAX_BATCH_EVENTS.max(batch.events.len()) as u64);
    if batch.first_seq == 0 || beyond.is_none_or(|beyond| i64::try_from(beyond).is_err()) {
        return Err(Refusal::Numbers);
    }
    Ok((batch.first_seq - 1, batch.first_seq - 1 + batch.events.len() as u64))
}

/// Decides about a batch. `origin` is the device's own, for a chain that begins now; `held` is what [`span`] asks for.
pub fn decide(
    origin: &Origin,
    key: &PublicKey,
    batch: &PushBatch,
    known: Option<&KnownChain>,
    held: &[Held],
) -> Result<Decision, Refusal> {
    let chain = batch.chain;
    let (before, _) = span(batch)?;
    if known.is_some_and(|known| known.origin.device != origin.device) {
        return Err(Refusal::OtherDevice(chain));
    }
    let is_same =
        |held: &&Held, seq, hash| held.seq == seq && (held.hash == hash || sabotage::is(Bug::ConflictIgnored));
    let branch_of = |seq, hash| held.iter().find(|held| is_same(held, seq, hash)).map(|held| held.branch);
    // Before a chain's first event there is nothing to find: every history of it begins there.
    let base = if before == 0 { Some(0) } else { known.and_then(|_| branch_of(before, batch.prev_hash)) };
    let Some(base) = base else {
        let ask_hash_at = known.map_or(0, |known| known.head_of(0).map_or(0, |head| head.seq).min(before - 1));
        return Ok(Decision::Gap { ask_hash_at });
    };

    let origin = known.map_or(*origin, |known| known.origin);
    let start = ChainHead { chain, seq: before, hash: batch.prev_hash };
    let mut new = start.follow_all(&origin, &batch.events);
    let end = new.last().map_or(start, SealedEvent::head);
    if !sabotage::is(Bug::UnsignedAccepted) {
        verify_head(&end, key, &batch.head_signature).map_err(|_| Refusal::Signature(chain))?;
    }
    if known.is_none() {
        let begins = new.first().map(SealedEvent::read);
        if !matches!(begins, Some(Ok(Event { fact: Read::Known(Fact::ChainStarted(_)), .. }))) {
            return Err(Refusal::NoStart(chain));
        }
    }

    let found = new.iter().map_while(|event| branch_of(event.seq, event.hash));
    let (repeated, last) = found.fold((0_usize, base), |(count, _), branch| (count + 1, branch));
    new.drain(..repeated);
    let last_seq = before + repeated as u64;
    let is_tip = known.is_none_or(|known| known.head_of(last).is_some_and(|head| head.seq == last_seq));
    let branch = if !new.is_empty() && !is_tip && !sabotage::is(Bug::ForkOverwrites) {
        let branch = known.map_or(0, KnownChain::last_branch) + 1;
        BranchPlan::New { branch, parent: last, forked_after: last_seq }
    } else if last == 0 {
        BranchPlan::Main
    } else {
        BranchPlan::Existing(last)
    };
    let verified_through = match (branch, known) {
        (BranchPlan::New { parent, forked_after, .. }, Some(known)) => known.fork_point(parent).min(forked_after),
        (BranchPlan::Existing(branch), Some(known)) => known.fork_point(branch),
        _ => end.seq,
    };
    let forked_now = matches!(branch, BranchPlan::New { .. });
    let repeated = repeated as u64;
    Ok(Decision::Take(Take {
        start: known.is_none(),
        origin,
        branch,
        new,
        repeated,
        head: end,
        forked_now,
        verified_through,
    }))
}

impl BranchPlan {
    /// The branch's number.
    pub fn number(self) -> u32 {
        match self {
            Self::Main => 0,
            Self::Existing(branch) | Self::New { branch, .. } => branch,
        }
    }
}

impl KnownChain {
    /// The end of a branch.
    pub fn head_of(&self, branch: u32) -> Option<ChainHead> {
        self.find(branch).map(|found| found.head)
    }

    fn find(&self, branch: u32) -> Option<&BranchHead> {
        self.branches.iter().find(|found| found.branch == branch)
    }

    fn last_branch(&self) -> u32 {
        self.branches.iter().map(|branch| branch.branch).max().unwrap_or(0)
    }

    /// The last number of branch 0 that a branch still shares with it; beyond every number for branch 0 itself.
    fn fork_point(&self, branch: u32) -> u64 {
        // A branch is younger than its parent, so this ends.
        let up = |at: &BranchHead| (at.parent < at.branch).then(|| self.find(at.parent)).flatten().copied();
        let ancestry = std::iter::successors(self.find(branch).copied(), up);
        ancestry.filter(|at| at.branch != 0).map(|at| at.forked_after).min().unwrap_or(u64::MAX)
    }
}

impl Take {
    /// What is known of the chain once this is kept.
    pub fn leaves(&self, known: Option<&KnownChain>) -> KnownChain {
        let mut after = known.cloned().unwrap_or(KnownChain { origin: self.origin, branches: Vec::new() });
        let number = self.branch.number();
        let (parent, forked_after) = match self.branch {
            BranchPlan::New { parent, forked_after, .. } => (parent, forked_after),
            BranchPlan::Main | BranchPlan::Existing(_) => (number, 0),
        };
        match after.branches.iter_mut().find(|branch| branch.branch == number) {
            Some(_) if self.new.is_empty() => {}
            Some(branch) => branch.head = self.head,
            None => after.branches.push(BranchHead { branch: number, parent, forked_after, head: self.head }),
        }
        after
    }
}
