//! Invariants 23, 26 and 27: it all arrives, by itself, and fits.

use std::rc::Rc;

use shared::event::SealedEvent;
use shared::sync::exchange::Request;
use shared::sync::protocol::{
    MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_BATCHES, MAX_HELLO_CHAINS, MAX_OWN_EVENTS, MAX_PULL_ITEMS,
};
use shared::sync::stream::StreamName;

use crate::faults::Fault;
use crate::server::db::StoredChain;
use crate::till::Till;
use crate::world::{Stage, World};

/// After a failure a till waits five minutes at most, and a forked chain a minute; then there is the work itself.
const PATIENCE_MS: i64 = 8 * 60 * 1000;
/// For what only a person can change it waits an hour.
const HOURLY_MS: i64 = 68 * 60 * 1000;
/// More than a till writes in thirty nights.
const MOST_BYTES: usize = 64 * 1024 * 1024;

impl World {
    /// How long it may take until all is sent.
    pub(crate) fn patience(&self, stage: Stage) -> i64 {
        if stage == Stage::Clean && !self.hourly.is_empty() { HOURLY_MS } else { PATIENCE_MS }
    }

    fn is_behind(&self, no: usize, till: &Till, stage: Stage) -> bool {
        if till.is_revoked {
            return false;
        }
        let db = &self.dbs[till.company];
        let names = [StreamName::Catalog, StreamName::Venue(till.origin.venue), StreamName::Device(till.origin.device)];
        let is_read = |name: &StreamName| {
            let (head, hash) =
                db.streams.get(name).map_or((0, shared::event::Hash::ZERO), |it| (it.head_seq(), it.head_hash()));
            let cursor = till.disk.cursors.get(name);
            head == 0 || cursor.is_some_and(|at| (at.log_id, at.seq, at.hash) == (db.log_id, head, hash))
        };
        till.disk.log_id != Some(db.log_id) || self.unsent(no, till, stage) > 0 || !names.iter().all(is_read)
    }

    /// Events still to be sent. While there is an event the server refuses, it and what is behind it are left aside, and
    /// so is a chain that waits its hour because it was refused once: those, and no other chain.
    fn unsent(&self, no: usize, till: &Till, stage: Stage) -> u64 {
        let disk = &till.disk;
        let resting = self.hourly.get(&no).filter(|_| stage == Stage::WithPoison);
        let left = disk.chains.iter().filter(|(id, _)| !resting.is_some_and(|chains| chains.contains(id)));
        let left = left.map(|(id, chain)| {
            let poison = self.poison.as_ref().filter(|poison| poison.chain == *id);
            let is_poison = |poison: &Rc<SealedEvent>| chain.events.iter().position(|event| event.hash == poison.hash);
            let until = poison.and_then(is_poison).unwrap_or(chain.events.len());
            (until as u64).saturating_sub(disk.proved(chain))
        });
        left.sum()
    }

    /// Whether one till has still something to say or to hear.
    pub(crate) fn is_till_behind(&self, no: usize) -> bool {
        self.is_behind(no, &self.tills[no], Stage::Clean)
    }

    /// Whether everything that can be said is said.
    pub(crate) fn is_drained(&self, stage: Stage) -> bool {
        !self.tills.iter().enumerate().any(|(no, till)| self.is_behind(no, till, stage))
    }

    /// 26, and 6 while there is an event the server refuses: who is still behind.
    pub(crate) fn check_liveness(&mut self, stage: Stage) {
        let behind = self.tills.iter().enumerate().find(|(no, till)| self.is_behind(*no, till, stage));
        let Some((no, till)) = behind else { return };
        let invariant = if self.poison.is_some() { 6 } else { 26 };
        let detail =
            format!("till {no} has {} events to send and nothing more will happen", self.unsent(no, till, stage));
        self.checks.look(invariant);
        self.broken(invariant, detail);
    }

    /// 27: a request is as large as agreed, and no larger.
    pub(crate) fn check_request(&mut self, till: usize, request: &Request) {
        self.checks.look(27);
        let is_bounded = match request {
            Request::Hello(hello) => hello.chains.len() <= MAX_HELLO_CHAINS,
            Request::Push(push) => {
                let fits = |batch: &shared::sync::protocol::PushBatch| {
                    let bytes: usize = batch.events.iter().map(String::len).sum();
                    batch.events.len() <= MAX_BATCH_EVENTS && (bytes <= MAX_BATCH_BYTES || batch.events.len() == 1)
                };
                push.batches.len() <= MAX_BATCHES && push.batches.iter().all(fits)
            }
            Request::Pull(pull) => pull.limit <= MAX_PULL_ITEMS,
            Request::OwnEvents { limit, .. } => *limit <= MAX_OWN_EVENTS,
            Request::Snapshot(_) | Request::Part(_) => true,
        };
        if !is_bounded {
            self.broken(27, format!("till {till} sent more than was agreed"));
        }
        if self.tills[till].process.as_ref().is_some_and(|process| process.waiting.is_some()) {
            self.broken(27, format!("till {till} asks while it waits for another answer"));
        }
    }

    /// Everything that must hold once all is quiet.
    pub(crate) fn check_everything(&mut self) {
        self.checks.look(26);
        self.check_everything_arrived();
        self.check_chains();
        self.check_acknowledged();
        self.check_quarantine();
        self.check_books();
        self.check_stock();
        self.check_tickets();
        for company in 0..self.dbs.len() {
            self.check_snapshots(company);
        }
        self.check_agreement();
        self.check_given_back();
        self.checks.look(27);
        if let Some(till) = self.tills.iter().position(|till| till.disk.bytes() > MOST_BYTES) {
            self.broken(27, format!("till {till} holds more than its disk"));
        }
    }

    /// 23: a till that went back in time has its own events again. Where requests linger, or nobody says hello, a till may
    /// learn of them only at its next start, and a copy's events are not its own: such nights are left out.
    fn check_given_back(&mut self) {
        let lingers = [Fault::Duplicate, Fault::Reorder, Fault::SlowCommit, Fault::OldServer, Fault::Truncate];
        if lingers.iter().any(|fault| self.faults.has(*fault)) {
            return;
        }
        let mut missing = None;
        for (no, till) in self.tills.iter().enumerate().filter(|(_, till)| till.twin.is_none() && !till.is_revoked) {
            let of_till =
                |stored: &&StoredChain| stored.origin().device == till.origin.device && stored.branches.len() == 1;
            for stored in self.dbs[till.company].chains.values().filter(of_till) {
                let head = stored.known.branches[0].head;
                if till.disk.hash_of(head.chain, head.seq) != Some(head.hash) {
                    missing = Some(format!("till {no} never got back {} up to {}", head.chain, head.seq));
                }
            }
        }
        if let Some(detail) = missing {
            self.broken(23, detail);
        }
    }

    /// 23: every till's copies are the server's records. A redemption once heard of is kept, whatever the server forgot.
    fn check_agreement(&mut self) {
        self.checks.look(23);
        let differs = self.tills.iter().position(|till| {
            let db = &self.dbs[till.company];
            let empty = std::collections::BTreeMap::new();
            let records = |name| db.streams.get(&name).map_or(&empty, |stream| &stream.records);
            let copies = |name| till.disk.copies.get(&name).unwrap_or(&empty);
            !till.is_revoked
                && [StreamName::Catalog, StreamName::Venue(till.origin.venue)]
                    .iter()
                    .any(|name| records(*name) != copies(*name))
        });
        if let Some(till) = differs {
            self.broken(23, format!("till {till} shows other records than the server"));
        }
    }
}
