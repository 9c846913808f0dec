//! The server's half of the protocol in memory, and the ways it can fail; and a till's ledger to speak to it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use shared::event::{ChainHead, DrawerOpened, Fact, Hash, Origin, SealedEvent, verify_head};
use shared::ids::{ChainId, DeviceId, Entropy, LogId, RegisterId, TenantId, VenueId};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::certificate::Certificate;
use shared::sync::exchange::{Answer, Failure, Input, PullRequest, Request};
use shared::sync::protocol::{
    HeldChain, Hello, HelloReply, MAX_BATCH_EVENTS, MAX_BATCHES, OtherChain, OwnEvents, PartRead, Problem, ProblemCode,
    PullReply, PushBatch, PushReply, PushRequest, PushResult, SnapshotManifest, SnapshotPart,
};
use shared::sync::stream::{Cursor, Op, StreamItem, StreamName};
use shared::time::{Clock, Timestamp};
use uuid::Uuid;

use super::client::{PeerError, SyncPeer};
use super::driver::{Concluded, Driver};
use crate::identity::{Enrolment, Identity};
use crate::ledger::Ledger;

/// A clock that stands until it is moved.
#[derive(Default)]
pub(super) struct StoppedClock {
    at: AtomicI64,
    hurry: AtomicI64,
}

impl StoppedClock {
    /// From now on it is so much later each time that somebody looks.
    pub(super) fn hurry(&self, millis: i64) {
        self.hurry.store(millis, Ordering::Relaxed);
    }

    pub(super) fn advance(&self, millis: i64) {
        self.at.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + self.at.load(Ordering::Relaxed))
    }

    fn up_ms(&self) -> u64 {
        let hurry = self.hurry.load(Ordering::Relaxed);
        u64::try_from(self.at.fetch_add(hurry, Ordering::Relaxed)).unwrap_or(0)
    }
}

/// Random bytes from a seed.
#[derive(Default)]
pub(super) struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let draw = self.0.fetch_add(1, Ordering::Relaxed);
        blake3::Hasher::new().update(&draw.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

/// What goes wrong with the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// It never arrives.
    Lost,
    /// It arrives and counts; the answer is lost.
    AnswerLost,
    /// It is refused.
    Refused(ProblemCode),
}

#[derive(Clone)]
pub(super) struct Log {
    pub(super) id: LogId,
    pub(super) chains: BTreeMap<ChainId, Vec<SealedEvent>>,
    streams: BTreeMap<String, Vec<String>>,
    /// Logs it was restored from.
    parents: Vec<LogId>,
    /// Events of other branches, kept as well.
    branched: Vec<Hash>,
}

pub(super) struct State {
    pub(super) log: Log,
    pub(super) faults: Vec<Fault>,
    pub(super) most_events: usize,
    pub(super) pushes: u32,
    pub(super) pulls: u32,
    /// Events offered, repeats included.
    pub(super) offered: usize,
    /// What the last request said was still to come.
    pub(super) told_unsent: u64,
    pub(super) hellos: u32,
    /// Events given back.
    pub(super) given_back: usize,
    /// Where absent, there are no snapshots.
    pub(super) records_per_part: Option<usize>,
}

/// A server. Clones are the same one.
#[derive(Clone)]
pub(super) struct FakeServer(Arc<Mutex<State>>);

pub(super) fn venue_id() -> VenueId {
    VenueId::from_uuid(Uuid::from_u128(2))
}

pub(super) fn log_id(n: u128) -> LogId {
    LogId::from_uuid(Uuid::from_u128(n))
}

fn origin() -> Origin {
    let device = DeviceId::from_uuid(Uuid::from_u128(3));
    Origin { tenant: TenantId::from_uuid(Uuid::from_u128(1)), venue: venue_id(), device }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

pub(super) fn refusal(code: ProblemCode) -> PeerError {
    let server_time = Timestamp::from_millis(0);
    PeerError::Refused { problem: Problem { status: 400, code, title: "No.".into(), server_time }, retry_after: None }
}

impl FakeServer {
    pub(super) fn new() -> Self {
        let log =
            Log { id: log_id(1), chains: BTreeMap::new(), streams: BTreeMap::new(), parents: vec![], branched: vec![] };
        let most_events = MAX_BATCH_EVENTS * MAX_BATCHES;
        let state = State {
            log,
            faults: vec![],
            most_events,
            pushes: 0,
            pulls: 0,
            offered: 0,
            told_unsent: 0,
            hellos: 0,
            given_back: 0,
            records_per_part: None,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics in here")
    }

    /// Publishes an item, `put` or `del`.
    pub(super) fn publish(&self, stream: StreamName, op: &str, key: &str, value: &str) {
        let mut state = self.state();
        let items = state.log.streams.entry(stream.to_string()).or_default();
        let seq = items.len() + 1;
        items.push(format!(r#"{{"seq":{seq},"op":"{op}","key":"{key}","value":{value},"cause":null}}"#));
    }

    /// Forgets a stream.
    pub(super) fn forget(&self, stream: StreamName) {
        self.state().log.streams.remove(&stream.to_string());
    }

    /// The server as a backup, and a new log id, have it.
    pub(super) fn restore(&self, backup: Log, as_log: LogId) {
        let parents = backup.parents.iter().copied().chain([backup.id]).collect();
        self.state().log = Log { id: as_log, parents, ..backup };
    }

    fn begin(&self) -> Result<bool, PeerError> {
        match self.state().faults.pop() {
            None | Some(Fault::None) => Ok(true),
            Some(Fault::AnswerLost) => Ok(false),
            Some(Fault::Lost) => Err(PeerError::Unreachable("lost".into())),
            Some(Fault::Refused(code)) => Err(refusal(code)),
        }
    }
}

fn take(log: &mut Log, batch: &PushBatch) -> PushResult {
    let chain = batch.chain;
    let kept = log.chains.entry(chain).or_default();
    let have_seq = kept.len() as u64;
    if batch.first_seq > have_seq + 1 {
        let have_hash = kept.last().map_or(Hash::ZERO, |event| event.hash);
        return PushResult::Gap { chain, have_seq, have_hash };
    }
    let mut head = ChainHead { chain, seq: batch.first_seq - 1, hash: batch.prev_hash };
    let mut events = Vec::new();
    for rest in &batch.events {
        let event = head.follow(&origin(), rest);
        head = event.head();
        events.push(event);
    }
    verify_head(&head, &PublicKey::of(&key()), &batch.head_signature).expect("the till signs what it sends");
    for event in &events {
        let place = usize::try_from(event.seq - 1).expect("small");
        match kept.get(place) {
            Some(ours) if ours.hash != event.hash => {
                let is_new = !log.branched.contains(&event.hash);
                log.branched.extend(events.iter().map(|event| event.hash));
                if is_new {
                    return PushResult::Fork { chain, verified_through: event.seq - 1 };
                }
                break;
            }
            Some(_) => {}
            None => kept.push(event.clone()),
        }
    }
    PushResult::Ok { chain, matched_seq: head.seq, matched_hash: head.hash, notes: Vec::new() }
}

impl SyncPeer for FakeServer {
    async fn ask(&self, request: &Request) -> Result<Answer, PeerError> {
        let is_answered = self.begin()?;
        let answer = match request {
            Request::Hello(hello) => Answer::Hello(self.hello(hello)),
            Request::Push(push) => Answer::Push(self.push(push)?),
            Request::Pull(pull) => Answer::Pull(self.pull(pull)?),
            Request::OwnEvents { chain, after, limit } => Answer::OwnEvents(self.own_events(*chain, *after, *limit)?),
            Request::Snapshot(stream) => Answer::Snapshot(self.snapshot(*stream)?.0),
            Request::Part(hash) => {
                let (manifest, parts) = self.snapshot(StreamName::Catalog)?;
                let place = manifest.parts.iter().position(|part| part.hash == *hash);
                Answer::Part(PartRead::of(&parts[place.ok_or_else(|| refusal(ProblemCode::NotFound))?]))
            }
        };
        if is_answered { Ok(answer) } else { Err(PeerError::Unreachable("answer lost".into())) }
    }
}

impl FakeServer {
    fn hello(&self, hello: &Hello) -> HelloReply {
        let mut state = self.state();
        state.hellos += 1;
        let log = &state.log;
        let head = |chain: ChainId| {
            let last = log.chains.get(&chain).and_then(|events| events.last());
            last.map_or((0, Hash::ZERO), |event| (event.seq, event.hash))
        };
        let chains = hello.chains.iter().map(|asked| {
            let (have_seq, have_hash) = head(asked.chain);
            HeldChain { chain: asked.chain, have_seq, have_hash, branches: 0 }
        });
        let is_new = |chain: &&ChainId| !hello.chains.iter().any(|asked| asked.chain == **chain);
        let others = log.chains.keys().filter(is_new).map(|chain| {
            let (head_seq, head_hash) = head(*chain);
            OtherChain { chain: *chain, head_seq, head_hash, started_at: Timestamp::from_millis(0) }
        });
        HelloReply {
            log_id: log.id,
            parent_logs: log.parents.clone(),
            server_time: Timestamp::from_millis(0),
            chains: chains.collect(),
            others: others.filter(|other| other.head_seq > 0).collect(),
            // From before servers told: pulls do.
            streams: Vec::new(),
            certificate: None,
            window: 4_096,
            recovering: false,
        }
    }

    /// The newest record of each key, and the parts they come in. Without any, the stream itself has everything.
    fn snapshot(&self, name: StreamName) -> Result<(SnapshotManifest, Vec<String>), PeerError> {
        let state = self.state();
        let per_part = state.records_per_part.ok_or_else(|| refusal(ProblemCode::NotFound))?;
        let lines = state.log.streams.get(&name.to_string()).cloned().unwrap_or_default();
        let mut records = BTreeMap::new();
        let mut cursor = Cursor::start(state.log.id);
        for line in &lines {
            let StreamItem { op, key, value, .. } = cursor.read(line).expect("its own items");
            match op {
                Op::Put => records.insert(key, value),
                Op::Del => records.remove(&key),
            };
        }
        let lines: Vec<_> =
            records.iter().map(|(key, value)| format!("{{\"key\":\"{key}\",\"value\":{value}}}\n")).collect();
        let parts: Vec<_> = lines.chunks(per_part).map(<[String]>::concat).collect();
        let named = parts.iter().map(|part| SnapshotPart { hash: Hash::of_part(part), bytes: part.len() as u64 });
        let tenant_key = SigningKey::from_bytes(&[8; 32]);
        let manifest = SnapshotManifest::sign(name, cursor, lines.len() as u64, named.collect(), &tenant_key);
        Ok((manifest, parts))
    }

    fn own_events(&self, chain: ChainId, after: u64, limit: usize) -> Result<OwnEvents, PeerError> {
        let mut state = self.state();
        let events = state.log.chains.get(&chain).cloned().ok_or_else(|| refusal(ProblemCode::NotFound))?;
        let rest: Vec<_> = events.iter().filter(|event| event.seq > after).take(limit).collect();
        let last = events.last().ok_or_else(|| refusal(ProblemCode::NotFound))?;
        let prev_hash = rest.first().map_or(last.hash, |event| event.prev);
        state.given_back += rest.len();
        let events = rest.into_iter().map(|event| event.rest().to_owned()).collect();
        Ok(OwnEvents { log_id: state.log.id, prev_hash, events, head_seq: last.seq, head_hash: last.hash })
    }

    fn push(&self, request: &PushRequest) -> Result<PushReply, PeerError> {
        let mut state = self.state();
        state.pushes += 1;
        state.told_unsent = request.unsent_events;
        let offered = request.batches.iter().map(|batch| batch.events.len()).sum::<usize>();
        if offered > state.most_events {
            return Err(refusal(ProblemCode::TooLarge));
        }
        state.offered += offered;
        let results = request.batches.iter().map(|batch| take(&mut state.log, batch)).collect();
        let log_id = state.log.id;
        Ok(PushReply { log_id, server_time: Timestamp::from_millis(0), results, window: None })
    }

    fn pull(&self, request: &PullRequest) -> Result<PullReply, PeerError> {
        let mut state = self.state();
        state.pulls += 1;
        let log_id = state.log.id;
        let all = state.log.streams.get(&request.stream.to_string()).cloned().unwrap_or_default();
        let seq = request.cursor.map_or(0, |cursor| cursor.seq);
        let known = all.get(..usize::try_from(seq).expect("small"));
        let hash = known.map(|known| known.iter().fold(Hash::ZERO, |hash, line| hash.fold_item(line)));
        if request.cursor.is_some_and(|cursor: Cursor| cursor.log_id != log_id || Some(cursor.hash) != hash) {
            return Err(refusal(ProblemCode::CursorGone));
        }
        let items = all.iter().skip(usize::try_from(seq).expect("small")).take(request.limit).cloned().collect();
        Ok(PullReply { log_id, server_time: Timestamp::from_millis(0), items, head_seq: all.len() as u64 })
    }
}

/// A till's ledger in a directory of its own.
pub(super) struct FakeTill {
    pub(super) ledger: Arc<Ledger>,
    pub(super) clock: Arc<StoppedClock>,
    pub(super) entropy: Arc<Seeded>,
    pub(super) dir: tempfile::TempDir,
}

impl FakeTill {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (clock, entropy) = (Arc::new(StoppedClock::default()), Arc::new(Seeded::default()));
        let ledger = Ledger::open(&dir.path().join("till.db"), Arc::clone(&clock) as _, &*entropy);
        let ledger = Arc::new(ledger.expect("a new ledger"));
        let enrolment = Self::identity("http://127.0.0.1:1").enrolment;
        ledger.write(move |tx| tx.save_enrolment(&enrolment)).expect("enrolled");
        Self { ledger, clock, entropy, dir }
    }

    /// The till's process ends and starts again.
    pub(super) fn restart(&mut self) {
        let path = self.dir.path().join("till.db");
        let ledger = Ledger::open(&path, Arc::clone(&self.clock) as _, &*self.entropy);
        self.ledger = Arc::new(ledger.expect("the ledger opens again"));
    }

    pub(super) fn identity(server_url: &str) -> Identity {
        let tenant_key = SigningKey::from_bytes(&[8; 32]);
        let Origin { tenant: tenant_id, venue: venue_id, device: device_id } = origin();
        let (not_before, not_after) = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
        let public_key = PublicKey::of(&key());
        let certificate = Certificate {
            tenant_id,
            venue_id,
            device_id,
            device_no: 1,
            public_key,
            not_before,
            not_after,
            offline_until: None,
        };
        let enrolment = Enrolment {
            server_url: server_url.to_owned(),
            tenant_id,
            device_id,
            device_no: 1,
            device_name: "Barra".into(),
            venue_id,
            register_id: RegisterId::from_uuid(Uuid::from_u128(4)),
            certificate: certificate.sign(&tenant_key),
            tenant_key: PublicKey::of(&tenant_key),
            log_id: log_id(1),
        };
        Identity { enrolment, key: key(), pin_pepper: Vec::new() }
    }

    /// Writes so many events.
    pub(super) fn happen(&self, count: usize) {
        for n in 0..count {
            let fact = Fact::DrawerOpened(DrawerOpened { reason: format!("cambio {n}") });
            self.ledger.write(move |tx| tx.append(&fact, None, None)).expect("written");
        }
    }

    /// Every line of the ledger, by chain.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let each = |line: &str| {
            lines.push(line.to_owned());
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(()) =
            self.ledger.read(|connection| crate::ledger::event::for_each_line(connection, each)).expect("read");
        lines.sort();
        lines
    }

    /// A new line to head office.
    pub(super) fn driver(&self) -> Driver {
        let (clock, entropy) = (Arc::clone(&self.clock) as _, Arc::clone(&self.entropy) as _);
        let identity = Self::identity("http://127.0.0.1:1");
        Driver::new(Arc::clone(&self.ledger), &identity, 15_000, clock, entropy).expect("a driver")
    }

    /// Copies the database as it is on disk, with everything committed.
    pub(super) fn back_up(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().expect("a directory");
        let path = copy.path().join("till.db").display().to_string();
        self.ledger
            .read(|connection| {
                connection.pragma_update(None, "query_only", false)?;
                connection.execute("VACUUM INTO ?1", [path])?;
                connection.pragma_update(None, "query_only", true)?;
                Ok::<_, crate::ledger::LedgerError>(())
            })
            .expect("backed up");
        copy
    }

    /// Another machine, or this one later, starts from a copy.
    pub(super) fn from_copy(copy: tempfile::TempDir, clock: &Arc<StoppedClock>, entropy: &Arc<Seeded>) -> Self {
        let ledger = Ledger::open(&copy.path().join("till.db"), Arc::clone(clock) as _, &**entropy);
        let ledger = Arc::new(ledger.expect("the copy opens"));
        Self { ledger, clock: Arc::clone(clock), entropy: Arc::clone(entropy), dir: copy }
    }
}

/// One exchange, from the first word to the last.
pub(super) fn exchange(driver: &mut Driver, server: &FakeServer) -> Concluded {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut input = Input::Asked;
    loop {
        let mut wanted = driver.step(input);
        let Some(request) = wanted.ask else { return wanted.reports.pop().expect("an exchange ends with a report") };
        let answer = runtime.block_on(server.ask(&request));
        input = Input::Answered(answer.map_err(Failure::from), 7);
    }
}

impl Log {
    /// Takes an item out of the middle of a stream.
    pub(super) fn break_stream(&mut self, stream: StreamName) {
        self.streams.get_mut(&stream.to_string()).expect("published").remove(0);
    }

    /// Every line held.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.chains.values().flatten().map(|event| event.line.clone()).collect();
        lines.sort();
        lines
    }
}
