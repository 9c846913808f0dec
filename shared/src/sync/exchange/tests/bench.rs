//! A till's ledger and a server in memory, and a line between them that fails as told.
#![expect(clippy::similar_names, reason = "what is held and its head are the protocol's own words")]

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::super::*;
use crate::event::{ChainHead, ChainStarted, DrawerOpened, Fact, Hash, Origin, SealedEvent, Seen, Stamp};
use crate::ids::{DeviceId, TenantId, VenueId};
use crate::keys::{PublicKey, SigningKey};
use crate::sync::ingest::{self, BranchHead, Decision, Held, KnownChain};
use crate::sync::outbox::{ChainState, Offer, Operation, Proof};
use crate::sync::protocol::{
    HeldChain, Hello, HelloReply, OtherChain, OwnEvents, PartRead, Problem, PullReply, PushBatch, PushReply,
    PushRequest, PushResult, SnapshotManifest, SnapshotPart, Standing, StreamCursor, StreamStanding,
};
use crate::sync::stream::{Cursor, Op, StreamItem};
use crate::time::Hlc;

const MINUTE: i64 = 60 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Lost,
    AnswerLost,
    OtherHash,
    BadSnapshot,
    Refused(ProblemCode),
    Busy(u64),
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn tenant_key() -> SigningKey {
    SigningKey::from_bytes(&[8; 32])
}

fn log_id(n: u128) -> LogId {
    LogId::from_uuid(Uuid::from_u128(n))
}

fn origin() -> Origin {
    let id = Uuid::from_u128(1);
    Origin { tenant: TenantId::from_uuid(id), venue: VenueId::from_uuid(id), device: DeviceId::from_uuid(id) }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[derive(Clone, Default)]
pub(super) struct Chain {
    events: Vec<SealedEvent>,
    proof: Option<Proof>,
    forked_at: Option<i64>,
}

/// A till's ledger.
#[derive(Clone, Default)]
pub(super) struct Till {
    order: Vec<ChainId>,
    chains: BTreeMap<ChainId, Chain>,
    log_id: Option<LogId>,
    cursors: Vec<StreamCursor>,
    records: BTreeMap<StreamName, BTreeSet<String>>,
    fewest: Option<usize>,
    born: u128,
    pub(super) sealed: Vec<ChainId>,
    pub(super) is_full: bool,
}

impl Till {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.chains.values().flat_map(|chain| &chain.events).map(|e| e.line.clone()).collect();
        lines.sort();
        lines
    }

    pub(super) fn unsent(&self) -> u64 {
        let proved = |chain: &Chain| chain.proof.filter(|proof| Some(proof.log_id) == self.log_id).map_or(0, |p| p.seq);
        self.chains.values().map(|chain| chain.events.len() as u64 - proved(chain)).sum()
    }

    pub(super) fn copies(&self, stream: StreamName) -> BTreeSet<String> {
        self.records.get(&stream).cloned().unwrap_or_default()
    }

    pub(super) fn log(&self) -> LogId {
        self.log_id.expect("one was heard of")
    }

    /// Logs of all cursors.
    pub(super) fn logs_followed(&self) -> BTreeSet<LogId> {
        self.cursors.iter().map(|at| at.cursor.log_id).collect()
    }

    pub(super) fn copies_were_never_fewer_than(&self, count: usize) -> bool {
        self.fewest.is_some_and(|fewest| fewest >= count)
    }

    fn start_chain(&mut self) {
        self.born += 1;
        let id = ChainId::from_uuid(Uuid::from_u128(self.born));
        self.order.push(id);
        self.chains.insert(id, Chain::default());
        self.append(&Fact::ChainStarted(ChainStarted { app_version: "test".into(), ..ChainStarted::default() }));
    }

    fn append(&mut self, fact: &Fact) {
        let id = *self.order.last().expect("a chain");
        let chain = self.chains.get_mut(&id).expect("the chain");
        let head = chain.events.last().map_or(ChainHead::start(id, None), SealedEvent::head);
        let stamp =
            Stamp { hlc: Hlc::default(), up_ms: 0, actor: None, approver: None, session: None, seen: Seen::default() };
        chain.events.push(head.seal(&origin(), &stamp, fact));
    }

    fn view(&self) -> View {
        let heads = self.order.iter().rev().filter_map(|id| self.chains[id].events.last()).map(SealedEvent::head);
        let (current, cursors) = (self.order.last().copied(), self.cursors.clone());
        View { log_id: self.log_id, current, heads: heads.collect(), cursors }
    }

    fn gather(&self, limits: &Limits, skip: &[ChainId], now: i64) -> Gathered {
        let mut gathered = Gathered { events: Vec::new(), unsent: self.unsent() };
        for id in self.order.iter().filter(|id| !skip.contains(id)) {
            let chain = &self.chains[id];
            let state = ChainState { chain: *id, head_seq: chain.events.len() as u64, proof: chain.proof };
            if chain.forked_at.is_some_and(|at| now - at < MINUTE) {
                continue;
            }
            match state.offer(self.log_id) {
                Offer::Nothing => {}
                Offer::From(seq) => gathered.events.extend_from_slice(&chain.events[place(seq - 1)..]),
                Offer::Probe(seq) => gathered.events.push(chain.events[place(seq - 1)].clone()),
            }
        }
        gathered.events.truncate(limits.events * limits.batches);
        gathered
    }

    fn hash_of(&self, chain: ChainId, seq: u64) -> Option<Hash> {
        Some(self.chains.get(&chain)?.events.get(place(seq.checked_sub(1)?))?.hash)
    }

    fn write(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Contact(log_id, _) => self.log_id = Some(log_id),
                Deed::Record(operations, now) => operations.into_iter().for_each(|it| self.record(it, now)),
                Deed::Apply { stream, items, end } => {
                    self.lay(stream, &items);
                    self.set_cursor(stream, end);
                }
                Deed::Refresh { stream, items } => self.lay(stream, &items),
                Deed::Forget(stream, keys) => {
                    let records = self.records.entry(stream).or_default();
                    for key in &keys {
                        assert!(records.remove(key));
                    }
                }
                Deed::MoveCursor(stream, end) => self.set_cursor(stream, end),
                Deed::StoreOwn { chain, events, .. } => {
                    if !self.order.contains(&chain) {
                        self.order.insert(0, chain);
                    }
                    let stored = self.chains.entry(chain).or_default();
                    for event in events {
                        assert_eq!(event.seq, stored.events.len() as u64 + 1, "dense");
                        assert!(stored.events.last().is_none_or(|last| last.hash == event.prev));
                        stored.events.push(event);
                    }
                }
                Deed::Certificate(_) => {}
            }
        }
        let catalog = self.records.get(&StreamName::Catalog).map_or(0, BTreeSet::len);
        self.fewest = if self.fewest.is_none() && catalog < 1_200 {
            None
        } else {
            self.fewest.min(Some(catalog)).or(Some(catalog))
        };
    }

    fn record(&mut self, operation: Operation, now: Timestamp) {
        match operation {
            Operation::Prove { chain, log_id, seq } => {
                let chain = self.chains.get_mut(&chain).expect("ours");
                (chain.proof, chain.forked_at) = (Some(Proof { log_id, seq }), None);
            }
            Operation::Fork { chain, log_id, .. } => {
                let chain = self.chains.get_mut(&chain).expect("ours");
                let seq = chain.proof.filter(|proof| proof.log_id == log_id).map_or(0, |proof| proof.seq);
                (chain.proof, chain.forked_at) = (Some(Proof { log_id, seq }), Some(now.as_millis()));
            }
        }
    }

    fn lay(&mut self, stream: StreamName, items: &[StreamItem]) {
        let records = self.records.entry(stream).or_default();
        for item in items {
            match item.op {
                Op::Put => records.insert(item.key.clone()),
                Op::Del => records.remove(&item.key),
            };
        }
    }

    fn set_cursor(&mut self, stream: StreamName, cursor: Cursor) {
        self.cursors.retain(|at| at.stream != stream);
        self.cursors.push(StreamCursor { stream, cursor });
    }
}

fn place(seq: u64) -> usize {
    usize::try_from(seq).expect("small")
}

/// What a server holds of a chain: every branch's events.
#[derive(Clone)]
struct HeldEvents {
    known: KnownChain,
    events: Vec<(u32, SealedEvent)>,
}

#[derive(Clone)]
pub(super) struct Server {
    log_id: LogId,
    parents: Vec<LogId>,
    chains: BTreeMap<ChainId, HeldEvents>,
    streams: BTreeMap<StreamName, Vec<String>>,
    pub(super) poison: Option<String>,
    pub(super) most_events: usize,
    pub(super) window: u64,
    pub(super) next_window: Option<u64>,
    pub(super) tells_standings: bool,
    pub(super) lies_of_heads: bool,
}

impl Server {
    pub(super) fn lines(&self) -> Vec<String> {
        let events = self.chains.values().flat_map(|chain| &chain.events);
        let mut lines: Vec<_> = events.map(|(_, event)| event.line.clone()).collect();
        lines.sort();
        lines
    }

    /// Speaks from another log from now on.
    pub(super) fn log(&mut self, n: u128) {
        self.parents.insert(0, self.log_id);
        self.log_id = log_id(n);
    }

    pub(super) fn forget(&mut self, stream: StreamName) {
        self.streams.remove(&stream);
    }

    pub(super) fn publish(&mut self, stream: StreamName, op: &str, key: &str) {
        let lines = self.streams.entry(stream).or_default();
        let seq = lines.len() + 1;
        lines.push(format!(r#"{{"seq":{seq},"op":"{op}","key":"{key}","value":null,"cause":null}}"#));
    }

    pub(super) fn punch_a_hole(&mut self, stream: StreamName) {
        self.streams.get_mut(&stream).expect("published").remove(0);
    }

    pub(super) fn records(&self, stream: StreamName) -> BTreeSet<String> {
        let mut records = BTreeSet::new();
        for line in self.streams.get(&stream).into_iter().flatten() {
            let item: StreamItem = serde_json::from_str(line).expect("an item");
            match item.op {
                Op::Put => records.insert(item.key),
                Op::Del => records.remove(&item.key),
            };
        }
        records
    }

    /// Forgets all but the first events of every chain.
    pub(super) fn keep_of_every_chain(&mut self, count: usize) {
        for chain in self.chains.values_mut() {
            chain.events.truncate(count);
            chain.known.branches.truncate(1);
            if let Some((_, last)) = chain.events.last() {
                chain.known.branches[0].head = last.head();
            }
        }
        self.chains.retain(|_, chain| !chain.events.is_empty());
    }

    /// Holds another history of the only chain, of so many events.
    pub(super) fn replace_main_with_another(&mut self, count: usize) {
        let (id, held) = self.chains.pop_first().expect("a chain");
        let started = held.events[0].1.clone();
        let mut other = vec![(0, started)];
        while other.len() < count {
            let head = other[other.len() - 1].1.head();
            other.push((0, head.follow(&origin(), &format!(r#""other":{}}}"#, other.len()))));
        }
        let head = other[count - 1].1.head();
        let branches = vec![BranchHead { branch: 0, parent: 0, forked_after: 0, head }];
        self.chains.insert(id, HeldEvents { known: KnownChain { branches, ..held.known }, events: other });
    }

    fn take(&mut self, batch: &PushBatch) -> Result<PushResult, ProblemCode> {
        let chain = batch.chain;
        let held = self.chains.get(&chain);
        let events = held.map_or(&[][..], |held| &held.events);
        let at = |(branch, event): &(u32, SealedEvent)| Held { branch: *branch, seq: event.seq, hash: event.hash };
        let around: Vec<_> = events.iter().map(at).collect();
        let known = held.map(|held| &held.known);
        let decision = ingest::decide(&origin(), &PublicKey::of(&key()), batch, known, &around);
        let take = match decision.map_err(|_| ProblemCode::Unprocessable)? {
            Decision::Gap { ask_hash_at } => {
                let main = around.iter().find(|held| (held.branch, held.seq) == (0, ask_hash_at));
                let have_hash = main.map_or(Hash::ZERO, |held| held.hash);
                return Ok(PushResult::Gap { chain, have_seq: ask_hash_at, have_hash });
            }
            Decision::Take(take) => take,
        };
        if take.new.iter().any(|event| Some(&event.line) == self.poison.as_ref()) {
            return Err(ProblemCode::Unprocessable);
        }
        let (known, branch) = (take.leaves(known), take.branch.number());
        let stored = self.chains.entry(chain).or_insert(HeldEvents { known: known.clone(), events: Vec::new() });
        stored.known = known;
        stored.events.extend(take.new.into_iter().map(|event| (branch, event)));
        Ok(if take.forked_now {
            PushResult::Fork { chain, verified_through: take.verified_through }
        } else {
            let (matched_seq, matched_hash) = (take.head.seq, take.head.hash);
            PushResult::Ok { chain, matched_seq, matched_hash, notes: Vec::new() }
        })
    }

    fn push(&mut self, request: &PushRequest) -> Result<PushReply, ProblemCode> {
        if request.batches.iter().map(|batch| batch.events.len()).sum::<usize>() > self.most_events {
            return Err(ProblemCode::TooLarge);
        }
        let results = request.batches.iter().map(|batch| self.take(batch)).collect::<Result<_, _>>()?;
        Ok(PushReply { log_id: self.log_id, server_time: time(0), results, window: self.next_window })
    }

    fn hello(&self, hello: &Hello) -> HelloReply {
        let head = |chain: &HeldEvents| chain.known.head_of(0).expect("a main branch");
        let chains = hello.chains.iter().map(|asked| {
            let held = self.chains.get(&asked.chain);
            let (have_seq, have_hash) = held.map(head).map_or((0, Hash::ZERO), |head| (head.seq, head.hash));
            HeldChain { chain: asked.chain, have_seq, have_hash, branches: 0 }
        });
        let others = self.chains.iter().filter(|(id, _)| hello.chains.iter().all(|asked| asked.chain != **id));
        let others = others.map(|(id, held)| {
            let ChainHead { seq: head_seq, hash: head_hash, .. } = head(held);
            OtherChain { chain: *id, head_seq, head_hash, started_at: time(0) }
        });
        HelloReply {
            log_id: self.log_id,
            parent_logs: self.parents.clone(),
            server_time: time(0),
            chains: chains.collect(),
            others: others.collect(),
            streams: self.standings(hello),
            certificate: None,
            window: self.window,
            recovering: false,
        }
    }

    fn standings(&self, hello: &Hello) -> Vec<StreamStanding> {
        if !self.tells_standings {
            return Vec::new();
        }
        let (venue, device) = (StreamName::Venue(origin().venue), StreamName::Device(origin().device));
        let standing = |stream| {
            let all = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
            let hash_at = |seq| Some(all.get(..place(seq))?.iter().fold(Hash::ZERO, |hash, line| hash.fold_item(line)));
            let head_seq = all.len() as u64;
            let named = hello.cursors.iter().find(|named| named.stream == stream).map(|named| named.cursor);
            let standing = match named {
                None => Standing::Unread,
                Some(cursor) if self.knows(cursor) && hash_at(cursor.seq) == Some(cursor.hash) => Standing::Good,
                Some(_) => Standing::Gone,
            };
            let head_hash = hash_at(head_seq).expect("all of it");
            let head_hash = if self.lies_of_heads && head_seq > 0 { head_hash.fold_item("") } else { head_hash };
            StreamStanding { stream, standing, head_seq, head_hash }
        };
        [venue, device, StreamName::Catalog].map(standing).to_vec()
    }

    fn knows(&self, cursor: Cursor) -> bool {
        cursor.log_id == self.log_id || self.parents.contains(&cursor.log_id)
    }

    fn own_events(&self, chain: ChainId, after: u64, limit: usize) -> Result<OwnEvents, ProblemCode> {
        let held = self.chains.get(&chain).ok_or(ProblemCode::NotFound)?;
        let main: Vec<_> = held.events.iter().filter(|(branch, _)| *branch == 0).map(|(_, event)| event).collect();
        let rest = main.get(place(after)..).unwrap_or_default();
        let prev_hash = rest.first().map_or(Hash::ZERO, |event| event.prev);
        let events = rest.iter().take(limit).map(|event| event.rest().to_owned()).collect();
        let head = held.known.head_of(0).expect("a main branch");
        Ok(OwnEvents { log_id: self.log_id, prev_hash, events, head_seq: head.seq, head_hash: head.hash })
    }

    fn pull(&self, request: &PullRequest) -> Result<PullReply, ProblemCode> {
        let all = self.streams.get(&request.stream).cloned().unwrap_or_default();
        let (log_id, seq) = (self.log_id, request.cursor.map_or(0, |cursor| place(cursor.seq)));
        let hash = all.get(..seq).map(|known| known.iter().fold(Hash::ZERO, |hash, line| hash.fold_item(line)));
        if request.cursor.is_some_and(|cursor| !self.knows(cursor) || Some(cursor.hash) != hash) {
            return Err(ProblemCode::CursorGone);
        }
        let items = all.iter().skip(seq).take(request.limit).cloned().collect();
        Ok(PullReply { log_id, server_time: time(0), items, head_seq: all.len() as u64 })
    }

    fn part(&self, stream: StreamName) -> String {
        let line = |key: String| format!("{{\"key\":\"{key}\",\"value\":null}}\n");
        self.records(stream).into_iter().map(line).collect()
    }

    fn snapshot(&self, stream: StreamName) -> SnapshotManifest {
        let lines = self.streams.get(&stream).cloned().unwrap_or_default();
        let hash = lines.iter().fold(Hash::ZERO, |hash, line| hash.fold_item(line));
        let cursor = Cursor { log_id: self.log_id, seq: lines.len() as u64, hash };
        let text = self.part(stream);
        let parts = vec![SnapshotPart { hash: Hash::of_part(&text), bytes: text.len() as u64 }];
        SnapshotManifest::sign(stream, cursor, self.records(stream).len() as u64, parts, &tenant_key())
    }
}

/// A till, a server and the line between them.
pub(super) struct Bench {
    exchange: Exchange,
    pub(super) till: Till,
    pub(super) server: Server,
    /// What happens to the next questions.
    pub(super) faults: Vec<Fault>,
    pub(super) snapshot_faults: Vec<Fault>,
    pub(super) has_hello: bool,
    pub(super) has_snapshots: bool,
    /// Events that happen while the first push is on its way.
    pub(super) commits_meanwhile: usize,
    /// Events that happen while a hello is on its way.
    pub(super) sells_during_hello: usize,
    pub(super) woken_in: Option<u64>,
    asked: Vec<String>,
    starts: u128,
    now: i64,
}

fn exchange() -> Exchange {
    let (origin, key, tenant_key) = (origin(), key(), PublicKey::of(&tenant_key()));
    Exchange::new(Settings { origin, key, tenant_key, app_version: "test".into(), interval_ms: 15_000 })
}

impl Bench {
    pub(super) fn new() -> Self {
        let mut till = Till::default();
        till.start_chain();
        let server = Server {
            log_id: log_id(1),
            parents: Vec::new(),
            chains: BTreeMap::new(),
            streams: BTreeMap::new(),
            poison: None,
            most_events: usize::MAX,
            window: 4096,
            next_window: None,
            tells_standings: true,
            lies_of_heads: false,
        };
        Self {
            exchange: exchange(),
            till,
            server,
            faults: Vec::new(),
            snapshot_faults: Vec::new(),
            has_hello: true,
            has_snapshots: true,
            commits_meanwhile: 0,
            sells_during_hello: 0,
            woken_in: None,
            asked: Vec::new(),
            starts: 0,
            now: 0,
        }
    }

    /// The same machine twice, running.
    pub(super) fn clone_till(&self) -> Self {
        let mut twin = Self::new();
        (twin.till, twin.now) = (self.till.clone(), self.now);
        twin.till.born += 1_000;
        twin
    }

    pub(super) fn happen(&mut self, count: usize) {
        for n in 0..count {
            let reason = format!("{} {n}", self.till.born);
            self.till.append(&Fact::DrawerOpened(DrawerOpened { reason }));
        }
    }

    pub(super) fn restart(&mut self) {
        // A chain's name is random: a restored till does not choose the same one again.
        self.starts += 1;
        self.till.born += 100 * self.starts;
        self.till.start_chain();
        self.exchange = exchange();
    }

    pub(super) fn pass_a_minute(&mut self) {
        self.now += MINUTE;
    }

    pub(super) fn lose_the_line(&mut self) {
        self.exchange = exchange();
    }

    /// What was asked since this was last called.
    pub(super) fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    pub(super) fn step(&mut self, input: Input) -> Vec<Effect> {
        self.exchange.step(time(self.now), input)
    }

    /// Syncs now; the last report.
    pub(super) fn run(&mut self) -> Report {
        self.give(Input::Asked).expect("it ends with a report")
    }

    pub(super) fn wake(&mut self) {
        self.give(Input::Woken);
    }

    /// Does all that follows from an input.
    pub(super) fn give(&mut self, input: Input) -> Option<Report> {
        let mut report = None;
        let mut effects = self.step(input);
        while !effects.is_empty() {
            let mut input = None;
            for effect in effects {
                assert!(input.is_none(), "an effect with an answer is the last");
                input = match effect {
                    Effect::Look => Some(Input::Saw(self.till.view())),
                    Effect::Gather { limits, skip } => {
                        Some(Input::Gathered(self.till.gather(&limits, &skip, self.now)))
                    }
                    Effect::Hash(wanted) => {
                        let held = |(chain, seq)| Some((chain, seq, self.till.hash_of(chain, seq)?));
                        Some(Input::Hashes(wanted.into_iter().filter_map(held).collect()))
                    }
                    Effect::ListKeys(stream) => Some(Input::Keys(self.till.copies(stream).into_iter().collect())),
                    Effect::Write(_) | Effect::SealChain(_) if self.till.is_full => Some(Input::NotWritten(u32::MAX)),
                    Effect::Write(deeds) => {
                        self.till.write(deeds);
                        Some(Input::Written)
                    }
                    Effect::SealChain(chain) => {
                        assert_eq!(self.till.order.last(), Some(&chain));
                        self.till.sealed.push(chain);
                        self.till.start_chain();
                        Some(Input::Written)
                    }
                    Effect::Ask(request) => Some(self.answer(&request)),
                    Effect::WakeIn(millis) => {
                        self.woken_in = Some(millis);
                        None
                    }
                    Effect::Report(ended) => {
                        report = Some(ended);
                        None
                    }
                };
            }
            effects = input.map_or_else(Vec::new, |input| self.step(input));
        }
        report
    }

    fn answer(&mut self, request: &Request) -> Input {
        self.asked.push(named(request));
        let refused = |code, retry_after_ms| {
            let problem = Problem { status: 400, code, title: String::new(), server_time: time(0) };
            Err(Failure::Refused { problem, retry_after_ms })
        };
        let lost = || Err(Failure::Unreachable("lost".into()));
        if matches!(request, Request::Push(_)) && self.commits_meanwhile > 0 {
            let count = std::mem::take(&mut self.commits_meanwhile);
            self.happen(count);
            assert!(self.step(Input::Committed).is_empty());
        }
        if matches!(request, Request::Hello(_)) {
            let count = std::mem::take(&mut self.sells_during_hello);
            self.happen(count);
        }
        let fault = if self.faults.is_empty() { Fault::None } else { self.faults.remove(0) };
        let answer = match fault {
            Fault::Lost => lost(),
            Fault::Refused(code) => refused(code, None),
            Fault::Busy(millis) => refused(ProblemCode::TooManyRequests, Some(millis)),
            Fault::None | Fault::AnswerLost | Fault::OtherHash | Fault::BadSnapshot => {
                self.served(request).or_else(|code| refused(code, None))
            }
        };
        let answer = match (fault, answer) {
            (Fault::AnswerLost, _) => lost(),
            (Fault::OtherHash, Ok(Answer::Push(mut reply))) => {
                for result in &mut reply.results {
                    if let PushResult::Ok { matched_hash, .. } = result {
                        *matched_hash = Hash::ZERO;
                    }
                }
                Ok(Answer::Push(reply))
            }
            (_, answer) => answer,
        };
        Input::Answered(answer, u32::MAX)
    }

    fn served(&mut self, request: &Request) -> Result<Answer, ProblemCode> {
        match request {
            Request::Hello(_) if !self.has_hello => Err(ProblemCode::NotFound),
            Request::Hello(hello) => Ok(Answer::Hello(self.server.hello(hello))),
            Request::Push(push) => self.server.push(push).map(Answer::Push),
            Request::Pull(pull) => self.server.pull(pull).map(Answer::Pull),
            Request::OwnEvents { chain, after, limit } => {
                self.server.own_events(*chain, *after, *limit).map(Answer::OwnEvents)
            }
            Request::Snapshot(_) | Request::Part(_) if !self.has_snapshots => Err(ProblemCode::NotFound),
            Request::Snapshot(stream) => Ok(Answer::Snapshot(self.server.snapshot(*stream))),
            Request::Part(_) if self.snapshot_faults.pop().is_some() => Ok(Answer::Part(PartRead::of("{}\n"))),
            Request::Part(_) => Ok(Answer::Part(PartRead::of(&self.server.part(StreamName::Catalog)))),
        }
    }
}

fn named(request: &Request) -> String {
    let short = |stream: &StreamName| stream.to_string()[..1].to_owned();
    match request {
        Request::Hello(_) => "hello".to_owned(),
        Request::Push(push) => format!("push {}", push.batches.iter().map(|batch| batch.events.len()).sum::<usize>()),
        Request::Pull(pull) => format!("pull {}", short(&pull.stream)),
        Request::OwnEvents { .. } => "own".to_owned(),
        Request::Snapshot(stream) => format!("snapshot {}", short(stream)),
        Request::Part(_) => "part".to_owned(),
    }
}
