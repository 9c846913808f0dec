//! Invariants 1 to 8 and 19: what a till wrote is kept, once, as it was written.

use shared::event::{ChainHead, Hash, SealedEvent};
use shared::sync::exchange::{Answer, Deed, Request, Trouble};
use shared::sync::outbox::Operation;
use shared::sync::protocol::{ProblemCode, PushResult};

use crate::server::{Pushed, Served};
use crate::world::World;

impl World {
    /// Whether anybody holds an event: a till's disk, or the server.
    pub(crate) fn is_held(&self, company: usize, event: &SealedEvent) -> bool {
        let on_disk = |chain, seq| {
            let of_company = self.tills.iter().filter(|till| till.company == company);
            of_company.filter_map(move |till| till.disk.hash_of(chain, seq))
        };
        on_disk(event.chain, event.seq).any(|hash| hash == event.hash) || self.dbs[company].holds(event)
    }

    /// 1: once all is quiet, everything on a disk and everything a cashier was told of is at the server, once.
    pub(super) fn check_everything_arrived(&mut self) {
        self.checks.look(1);
        for (no, till) in self.tills.iter().enumerate().filter(|(_, till)| !till.is_revoked) {
            let db = &self.dbs[till.company];
            let missing = till.disk.events().find(|event| db.count_of(event) != 1);
            if let Some(event) = missing {
                let detail =
                    format!("till {no} holds {} {}, the server {} times", event.chain, event.seq, db.count_of(event));
                return self.broken(1, detail);
            }
        }
        let lost = self.told.iter().find(|(company, event)| {
            self.dbs[*company].count_of(event) != 1
                && !self.excused.contains(event.hash.as_bytes())
                && !self.is_on_revoked(*company, event)
        });
        if let Some((_, event)) = lost {
            let detail = format!("{} {} was told to the cashier and is nowhere", event.chain, event.seq);
            self.broken(1, detail);
        }
    }

    /// A withdrawn till keeps what it has; nobody takes it.
    fn is_on_revoked(&self, company: usize, event: &SealedEvent) -> bool {
        let holders = self.tills.iter().filter(|till| till.company == company && till.is_revoked);
        holders.filter_map(|till| till.disk.hash_of(event.chain, event.seq)).any(|hash| hash == event.hash)
    }

    /// 2 and 4: dense, linked, unaltered, and written by somebody.
    pub(super) fn check_chains(&mut self) {
        self.checks.look(2);
        self.checks.look(4);
        let mut broken = None;
        for db in &self.dbs {
            for (id, stored) in &db.chains {
                for (branch, events) in stored.branches.iter().enumerate() {
                    let at = stored.known.branches.iter().find(|at| at.branch as usize == branch);
                    let Some(at) = at else {
                        broken = Some((2, format!("branch {branch} of {id} is not known")));
                        continue;
                    };
                    let mut seq = if branch == 0 { 0 } else { at.forked_after };
                    let mut before = None;
                    for event in events {
                        let follows = before.is_none_or(|before: Hash| before == event.prev);
                        if event.seq != seq + 1 || !follows {
                            broken = Some((2, format!("{id} branch {branch}: {} after {seq}", event.seq)));
                        }
                        if Hash::of_event(&event.line) != event.hash || !self.written.contains(event.hash.as_bytes()) {
                            broken = Some((4, format!("{id} {}: not the bytes that were written", event.seq)));
                        }
                        (seq, before) = (event.seq, Some(event.hash));
                    }
                    let head = ChainHead { chain: *id, seq, hash: before.unwrap_or(at.head.hash) };
                    if at.head != head {
                        broken = Some((2, format!("{id} branch {branch} says it ends at {}, not {seq}", at.head.seq)));
                    }
                }
            }
        }
        if let Some((invariant, detail)) = broken {
            self.broken(invariant, detail);
        }
    }

    /// 3: what a till writes down as proved is at the server now, exactly that.
    pub(crate) fn check_deeds(&mut self, till: usize, deeds: &[Deed]) {
        let db_log = self.dbs[self.tills[till].company].log_id;
        for deed in deeds {
            match deed {
                Deed::Record(operations, _) => {
                    for operation in operations {
                        if let Operation::Prove { chain, log_id, seq } = operation
                            && *log_id == db_log
                        {
                            self.check_proof(till, *chain, *seq, deeds);
                        }
                        if let Operation::Fork { chain, .. } = operation
                            && let Some(process) = &mut self.tills[till].process
                            && process.chain == *chain
                        {
                            process.forked = Some(*chain);
                        }
                    }
                }
                Deed::StoreOwn { chain, events, before } => self.check_own(till, *chain, *before, events),
                deed => self.check_stream_deed(till, deed),
            }
        }
    }

    /// 7: who was told that the chain being written is forked goes on in another.
    pub(super) fn check_sealed(&mut self, till: usize, event: &SealedEvent) {
        let Some(forked) = self.tills[till].process.as_ref().and_then(|process| process.forked) else { return };
        self.checks.look(7);
        if event.chain == forked {
            self.broken(7, format!("till {till} was told that {forked} is forked, and writes on in it"));
        }
    }

    fn check_proof(&mut self, till: usize, chain: shared::ids::ChainId, seq: u64, deeds: &[Deed]) {
        self.checks.look(3);
        if seq == 0 {
            return;
        }
        let given_back = deeds.iter().find_map(|deed| match deed {
            Deed::StoreOwn { chain: of, events, .. } if *of == chain => events.iter().find(|event| event.seq == seq),
            _ => None,
        });
        let own = given_back.map(|event| event.hash).or_else(|| self.tills[till].disk.hash_of(chain, seq));
        let db = &self.dbs[self.tills[till].company];
        let is_held =
            db.chains.get(&chain).is_some_and(|stored| stored.held_at(seq).any(|event| Some(event.hash) == own));
        if !is_held {
            self.broken(3, format!("till {till} counts {chain} up to {seq} as sent; the server does not have it"));
        }
    }

    /// 3, after a crash: nothing that was acknowledged is gone.
    pub(crate) fn check_acknowledged(&mut self) {
        self.checks.look(3);
        for (no, till) in self.tills.iter().enumerate() {
            let db = &self.dbs[till.company];
            for (id, chain) in &till.disk.chains {
                let Some(proof) = chain.proof.filter(|proof| proof.log_id == db.log_id && proof.seq > 0) else {
                    continue;
                };
                let own = till.disk.hash_of(*id, proof.seq);
                let is_held =
                    db.chains.get(id).is_some_and(|it| it.held_at(proof.seq).any(|event| Some(event.hash) == own));
                if !is_held {
                    let detail = format!("the server crashed; till {no} has its word for {id} up to {}", proof.seq);
                    return self.broken(3, detail);
                }
            }
        }
    }

    /// 2, on a till's disk: what is given back follows what is there.
    fn check_own(&mut self, till: usize, chain: shared::ids::ChainId, before: Hash, events: &[SealedEvent]) {
        self.checks.look(2);
        let stored = self.tills[till].disk.chains.get(&chain);
        let mut head = stored.map_or(ChainHead { chain, seq: 0, hash: before }, |stored| stored.head(chain));
        for event in events {
            if event.seq != head.seq + 1 || (head.seq > 0 && event.prev != head.hash) {
                let detail = format!("till {till} takes back {chain} {} after {}", event.seq, head.seq);
                return self.broken(2, detail);
            }
            head = event.head();
        }
    }

    /// 6, 7, 19: answers to a push.
    pub(crate) fn check_served(&mut self, company: usize, request: &Request, answer: &Answer, did: &Pushed) {
        let (Request::Push(push), Answer::Push(reply)) = (request, answer) else { return };
        if did.with_poison > 0 {
            self.checks.look(6);
            if reply.results.len() != push.batches.len() {
                self.broken(6, "a batch with an event set aside was not answered".to_owned());
            }
        }
        for (batch, result) in push.batches.iter().zip(&reply.results) {
            let chain = batch.chain;
            let is_fork = matches!(result, PushResult::Fork { .. });
            if did.forked.contains(&chain) || is_fork {
                self.checks.look(7);
                let branches = self.dbs[company].chains.get(&chain).map_or(0, |stored| stored.branches.len());
                if branches < 2 {
                    return self.broken(7, format!("{chain} forked, and one side is not kept"));
                }
            }
            // A start, a restore, a copied disk: each begins a chain of its own.
            if did.forked.contains(&chain) && !self.copied.contains(&chain) {
                return self.broken(7, format!("{chain} forked, and no running copy of it was ever made"));
            }
            if did.forked.contains(&chain)
                && !reply.results.iter().any(|it| matches!(it, PushResult::Fork { chain: of, .. } if *of == chain))
            {
                return self.broken(7, format!("{chain} forked, and the till was not told"));
            }
            if let PushResult::Ok { matched_seq, matched_hash, .. } = result {
                let stored = self.dbs[company].chains.get(&chain);
                let is_held =
                    stored.is_some_and(|it| it.held_at(*matched_seq).any(|event| event.hash == *matched_hash));
                self.checks.look(3);
                if !is_held {
                    return self.broken(3, format!("{chain} acknowledged up to {matched_seq}, and not held"));
                }
            }
        }
        if did.repeats > 0 {
            self.checks.look(19);
            self.check_counted_once(company);
        }
    }

    /// 19: however often a batch comes, its events count once.
    fn check_counted_once(&mut self, company: usize) {
        let db = &self.dbs[company];
        let held: u64 = db.chains.values().flat_map(|stored| &stored.branches).map(|events| events.len() as u64).sum();
        let known = db.counted + db.quarantine.len() as u64;
        if known != held {
            self.broken(19, format!("{held} events are held, {known} were looked at"));
        }
    }

    /// 19: the same push again at once changes nothing and is answered alike, also when the answer was no. Only that a
    /// chain forked is said once; from then on the branch is held.
    pub(crate) fn check_same_answer(&mut self, once: &Served, again: &Served, is_unmoved: bool) {
        self.checks.look(19);
        let is_same = match (once, again) {
            (Ok((Answer::Push(once), _)), Ok((Answer::Push(again), did))) => {
                let is_alike = |(one, other): (&PushResult, &PushResult)| {
                    one == other
                        || matches!((one, other), (PushResult::Fork { chain, .. }, PushResult::Ok { chain: of, .. }) if chain == of)
                };
                did.new == 0
                    && once.results.len() == again.results.len()
                    && once.results.iter().zip(&again.results).all(is_alike)
            }
            (Err(once), Err(again)) => once == again,
            _ => false,
        };
        if !is_same || !is_unmoved {
            let how = if is_unmoved { "is answered otherwise" } else { "has another effect" };
            self.broken(19, format!("the same push, sent again, {how}"));
        }
    }

    /// 19: what was taken once is not refused the next time.
    pub(crate) fn check_refused(&mut self, company: usize, request: &Request, code: ProblemCode) {
        let Request::Push(push) = request else { return };
        let db = &self.dbs[company];
        let is_held = |batch: &shared::sync::protocol::PushBatch| {
            let stored = db.chains.get(&batch.chain);
            let mut numbered = (batch.first_seq..).zip(&batch.events);
            numbered.all(|(seq, rest)| stored.is_some_and(|it| it.held_at(seq).any(|event| event.rest() == rest)))
        };
        let is_repeat = !push.batches.is_empty() && push.batches.iter().all(is_held);
        if is_repeat && !matches!(code, ProblemCode::Revoked | ProblemCode::TooLarge) {
            self.checks.look(19);
            self.broken(19, format!("a push taken before is refused as {code:?}"));
        }
    }

    /// 5: after a refusal a till still holds to be sent what it held before.
    pub(crate) fn check_report(&mut self, till: usize, report: &shared::sync::exchange::Report) {
        self.checks.look(5);
        let company = self.tills[till].company;
        let hourly = !report.refused.is_empty()
            || matches!(&report.trouble, Some(Trouble::Peer(failure)) if failure.code().is_some_and(|code| {
                matches!(code, ProblemCode::Revoked | ProblemCode::UpgradeRequired | ProblemCode::Unprocessable)
            }));
        if hourly {
            self.hourly.insert(till, report.refused.clone());
        } else {
            self.hourly.remove(&till);
        }
        let db = &self.dbs[company];
        let disk = &self.tills[till].disk;
        if disk.log_id != Some(db.log_id) {
            return;
        }
        for (id, chain) in &disk.chains {
            let proved = chain.proof.filter(|proof| proof.log_id == db.log_id).map_or(0, |proof| proof.seq);
            let own = disk.hash_of(*id, proved);
            let held =
                |seq| db.chains.get(id).is_some_and(|stored| stored.held_at(seq).any(|event| Some(event.hash) == own));
            if proved > 0 && !held(proved) {
                let detail = format!("till {till} gave up {id} up to {proved}, which the server does not have");
                return self.broken(5, detail);
            }
        }
    }

    /// 8: after the fix, what stays aside is what nobody can read.
    pub(crate) fn check_quarantine(&mut self) {
        self.checks.look(8);
        let mut lost = None;
        for db in &self.dbs {
            if let Some(aside) = db.quarantine.iter().find(|aside| aside.code != "payload_unreadable") {
                lost = Some(format!("{} {} is still aside: {}", aside.event.chain, aside.event.seq, aside.code));
            }
            let held: u64 =
                db.chains.values().flat_map(|stored| &stored.branches).map(|events| events.len() as u64).sum();
            let known = db.counted + db.quarantine.len() as u64;
            if held != known {
                lost = Some(format!("{held} events are held, {known} are counted or aside"));
            }
        }
        if let Some(detail) = lost {
            self.broken(8, detail);
        }
    }
}
