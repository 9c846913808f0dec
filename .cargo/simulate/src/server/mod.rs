//! Head office's server: answers requests over one database per company. Decisions are [`shared::sync::ingest`]'s.

pub mod db;
pub mod project;
pub mod stream;

use std::rc::Rc;

use shared::event::{ChainHead, Hash, Origin};
use shared::ids::ChainId;
use shared::keys::{PublicKey, SigningKey};
use shared::sync::exchange::{Answer, PullRequest, Request};
use shared::sync::ingest::{self, Decision, Refusal};
use shared::sync::protocol::{
    Disposition, HeldChain, Hello, HelloReply, MAX_PULL_ITEMS, OtherChain, OwnEvents, PartRead, ProblemCode, PullReply,
    PushBatch, PushNote, PushReply, PushRequest, PushResult, Standing, StreamStanding,
};
use shared::sync::stream::{Cursor, StreamName};
use shared::time::Timestamp;

use crate::sabotage::Bug;
use db::{Db, StoredChain};

/// A device as the server knows it.
#[derive(Clone, Debug)]
pub struct Device {
    /// Whose, where, which.
    pub origin: Origin,
    /// Its key.
    pub key: PublicKey,
}

/// What a push did, for the checks.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// Chains that got a new branch.
    pub forked: Vec<ChainId>,
    /// Batches with events set aside.
    pub with_poison: u32,
    /// Events newly held.
    pub new: u64,
    /// Batches of which everything was held before.
    pub repeats: u32,
}

/// How the server is today.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// From before there were hellos and snapshots.
    pub is_old: bool,
    /// Most events it wants in a request.
    pub window: u64,
    /// A planted bug.
    pub bug: Option<Bug>,
    /// Its clock.
    pub now: i64,
    /// When what is published now can be seen.
    pub visible_at: i64,
}

/// An answer and what it did, or why not.
pub type Served = Result<(Answer, Pushed), ProblemCode>;

/// Answers a request of a device of `company`, of all the companies here.
pub fn serve(dbs: &mut [Db], company: usize, device: &Device, request: &Request, manner: &Manner) -> Served {
    if dbs[company].revoked.contains(&device.origin.device) {
        return Err(ProblemCode::Revoked);
    }
    let plain = |answer| (answer, Pushed::default());
    if let Request::Pull(pull) = request {
        let of = if manner.bug == Some(Bug::OtherTenant) && pull.stream == StreamName::Catalog { 0 } else { company };
        return self::pull(&dbs[of], device, pull, manner).map(|reply| plain(Answer::Pull(reply)));
    }
    let db = &mut dbs[company];
    match request {
        Request::Hello(_) | Request::OwnEvents { .. } | Request::Snapshot(_) | Request::Part(_) if manner.is_old => {
            Err(ProblemCode::NotFound)
        }
        Request::Hello(hello) => Ok(plain(Answer::Hello(self::hello(db, &device.origin, hello, manner)))),
        Request::Push(push) => self::push(db, device, push, manner).map(|(reply, did)| (Answer::Push(reply), did)),
        Request::OwnEvents { chain, after, limit } => {
            own_events(db, device, *chain, *after, *limit).map(|own| plain(Answer::OwnEvents(own)))
        }
        Request::Snapshot(stream) => {
            let snapshot = db.streams.get(stream).and_then(|stream| stream.snapshot.as_ref());
            let (manifest, _) = snapshot.filter(|(it, _)| it.log_id == db.log_id).ok_or(ProblemCode::NotFound)?;
            Ok(plain(Answer::Snapshot(manifest.clone())))
        }
        Request::Part(hash) => {
            let snapshots = db.streams.values().filter_map(|stream| stream.snapshot.as_ref());
            let mut parts = snapshots.flat_map(|(manifest, parts)| manifest.parts.iter().zip(parts));
            let part = parts.find(|(named, _)| named.hash == *hash).ok_or(ProblemCode::NotFound)?;
            Ok(plain(Answer::Part(PartRead::of(part.1))))
        }
        Request::Pull(_) => Err(ProblemCode::Internal),
    }
}

fn time(manner: &Manner) -> Timestamp {
    Timestamp::from_millis(manner.now)
}

fn refused(refusal: Refusal) -> ProblemCode {
    match refusal {
        Refusal::TooLarge => ProblemCode::TooLarge,
        Refusal::Protocol(_) => ProblemCode::UpgradeRequired,
        Refusal::Numbers => ProblemCode::Malformed,
        Refusal::OtherDevice(_) => ProblemCode::Forbidden,
        Refusal::NoStart(_) | Refusal::Signature(_) => ProblemCode::Unprocessable,
    }
}

fn push(
    db: &mut Db,
    device: &Device,
    request: &PushRequest,
    manner: &Manner,
) -> Result<(PushReply, Pushed), ProblemCode> {
    ingest::check_request(request).map_err(refused)?;
    if request.batches.iter().map(|batch| batch.events.len() as u64).sum::<u64>() > manner.window {
        return Err(ProblemCode::TooLarge);
    }
    let mut did = Pushed::default();
    let mut results = Vec::new();
    for batch in &request.batches {
        results.push(take(db, device, batch, manner, &mut did)?);
    }
    Ok((PushReply { log_id: db.log_id, server_time: time(manner), results, window: Some(manner.window) }, did))
}

fn take(
    db: &mut Db,
    device: &Device,
    batch: &PushBatch,
    manner: &Manner,
    did: &mut Pushed,
) -> Result<PushResult, ProblemCode> {
    let (chain, bug) = (batch.chain, manner.bug);
    let span = ingest::span(batch).map_err(refused)?;
    let stored = db.chains.get(&chain);
    let held = stored.map_or_else(Vec::new, |stored| stored.held_in(span));
    let known = stored.map(|stored| &stored.known);
    let take = match ingest::decide(&device.origin, &device.key, batch, known, &held).map_err(refused)? {
        Decision::Gap { ask_hash_at } => {
            let main = stored.and_then(|stored| stored.branches.first());
            let at = usize::try_from(ask_hash_at).unwrap_or(0).checked_sub(1);
            let have_hash = at.and_then(|at| main?.get(at)).map_or(Hash::ZERO, |event| event.hash);
            return Ok(PushResult::Gap { chain, have_seq: ask_hash_at, have_hash });
        }
        Decision::Take(take) => take,
    };
    let result = if take.forked_now {
        PushResult::Fork { chain, verified_through: take.verified_through }
    } else {
        // What was thought of events held before is said again.
        let branch = take.branch.number();
        let is_of_batch = |aside: &&db::Aside| {
            aside.event.chain == chain
                && aside.branch == branch
                && (batch.first_seq..=span.1).contains(&aside.event.seq)
        };
        let asides = db.quarantine.iter().filter(|_| take.repeated > 0).filter(is_of_batch);
        let notes = asides.map(|aside| note(aside.event.seq, aside.code)).collect();
        PushResult::Ok { chain, matched_seq: take.head.seq, matched_hash: take.head.hash, notes }
    };
    if take.new.is_empty() {
        did.repeats += 1;
        if bug == Some(Bug::RepeatRefused) {
            return Err(ProblemCode::Conflict);
        }
        if bug == Some(Bug::CountedAgain) {
            for rest in stored.map(|stored| stored.held_at(span.1).cloned().collect::<Vec<_>>()).unwrap_or_default() {
                project::project(db, &rest, 0, bug, manner.visible_at);
            }
        }
        return Ok(result);
    }
    if take.forked_now && bug == Some(Bug::BranchDropped) {
        return Ok(result);
    }
    if bug == Some(Bug::ProjectionAborts) && take.new.iter().any(|event| event.read().is_err()) {
        return Err(ProblemCode::Internal);
    }
    let after = take.leaves(known);
    let branch = take.branch.number();
    if take.forked_now {
        did.forked.push(chain);
    }
    did.new += take.new.len() as u64;
    let new: Vec<_> = take.new.into_iter().map(|event| Rc::new(as_stored(event, bug))).collect();
    let stored = db.chains.entry(chain).or_insert(StoredChain { known: after.clone(), branches: Vec::new() });
    stored.known = after;
    while stored.branches.len() <= branch as usize {
        stored.branches.push(Vec::new());
    }
    let keeps = |event: &&Rc<shared::event::SealedEvent>| {
        !(bug == Some(Bug::UnknownDropped) && event.line.contains(r#""type":"tip.given""#))
    };
    stored.branches[branch as usize].extend(new.iter().filter(keeps).cloned());
    let mut fresh = Vec::new();
    for event in &new {
        if let Some(code) = project::project(db, event, branch, bug, manner.visible_at) {
            fresh.push(note(event.seq, code));
        }
    }
    did.with_poison += u32::from(!fresh.is_empty());
    Ok(match result {
        PushResult::Ok { chain, matched_seq, matched_hash, mut notes } => {
            notes.append(&mut fresh);
            PushResult::Ok { chain, matched_seq, matched_hash, notes }
        }
        other => other,
    })
}

fn note(seq: u64, code: &str) -> PushNote {
    PushNote { seq, disposition: Disposition::Quarantined, code: code.to_owned() }
}

fn as_stored(event: shared::event::SealedEvent, bug: Option<Bug>) -> shared::event::SealedEvent {
    if bug == Some(Bug::MapOrder)
        && let Ok(value) = serde_json::from_str::<serde_json::Value>(&event.line)
    {
        return shared::event::SealedEvent { line: value.to_string(), ..event };
    }
    event
}

fn hello(db: &Db, origin: &Origin, hello: &Hello, manner: &Manner) -> HelloReply {
    let device = origin.device;
    let main = |stored: &StoredChain| stored.known.head_of(0);
    let chains = hello.chains.iter().map(|asked| {
        let stored = db.chains.get(&asked.chain).filter(|stored| stored.origin().device == device);
        let ChainHead { seq: have_seq, hash: have_hash, .. } =
            stored.and_then(main).unwrap_or(ChainHead::start(asked.chain, None));
        let branches = stored.map_or(0, |stored| u32::try_from(stored.branches.len() - 1).unwrap_or(u32::MAX));
        HeldChain { chain: asked.chain, have_seq, have_hash, branches }
    });
    let is_named = |id: ChainId| hello.chains.iter().any(|asked| asked.chain == id);
    let others = db.chains.iter().filter(|(id, stored)| stored.origin().device == device && !is_named(**id));
    let others = others.filter_map(|(id, stored)| {
        let head = main(stored)?;
        Some(OtherChain { chain: *id, head_seq: head.seq, head_hash: head.hash, started_at: time(manner) })
    });
    HelloReply {
        log_id: db.log_id,
        parent_logs: db.parent_logs.clone(),
        server_time: time(manner),
        chains: chains.collect(),
        others: others.collect(),
        streams: standings(db, origin, hello, manner),
        certificate: None,
        window: manner.window,
        recovering: false,
    }
}

fn standings(db: &Db, origin: &Origin, hello: &Hello, manner: &Manner) -> Vec<StreamStanding> {
    let own = [StreamName::Venue(origin.venue), StreamName::Device(origin.device), StreamName::Catalog];
    let empty = stream::Stream::default();
    let standing = |name| {
        let stream = db.streams.get(&name).unwrap_or(&empty);
        let named = hello.cursors.iter().find(|named| named.stream == name).map(|named| named.cursor);
        let standing = match named {
            None => Standing::Unread,
            Some(cursor) if is_good(db, stream, cursor, manner) => Standing::Good,
            Some(_) => Standing::Gone,
        };
        StreamStanding { stream: name, standing, head_seq: stream.head_seq(), head_hash: stream.head_hash() }
    };
    own.map(standing).to_vec()
}

/// Whether a stream goes on from a cursor.
fn is_good(db: &Db, stream: &stream::Stream, cursor: Cursor, manner: &Manner) -> bool {
    let is_of_ours = cursor.log_id == db.log_id || (!manner.is_old && db.parent_logs.contains(&cursor.log_id));
    let is_loose = matches!(manner.bug, Some(Bug::TruncatedSilently | Bug::SequenceCursor)) && cursor.seq <= stream.cut
        || manner.bug == Some(Bug::SequenceCursor);
    is_of_ours && (stream.hash_at(cursor.seq) == Some(cursor.hash) || is_loose)
}

fn own_events(db: &Db, device: &Device, chain: ChainId, after: u64, limit: usize) -> Result<OwnEvents, ProblemCode> {
    let stored = db.chains.get(&chain).filter(|stored| stored.origin().device == device.origin.device);
    let stored = stored.ok_or(ProblemCode::NotFound)?;
    let main = stored.branches.first().ok_or(ProblemCode::NotFound)?;
    let rest = main.get(usize::try_from(after).unwrap_or(usize::MAX)..).unwrap_or_default();
    let prev_hash = rest.first().map_or(Hash::ZERO, |event| event.prev);
    let head = stored.known.head_of(0).ok_or(ProblemCode::NotFound)?;
    let events = rest.iter().take(limit).map(|event| event.rest().to_owned()).collect();
    Ok(OwnEvents { log_id: db.log_id, prev_hash, events, head_seq: head.seq, head_hash: head.hash })
}

fn pull(db: &Db, device: &Device, request: &PullRequest, manner: &Manner) -> Result<PullReply, ProblemCode> {
    match request.stream {
        StreamName::Catalog => {}
        StreamName::Venue(venue) if venue == device.origin.venue => {}
        StreamName::Device(of) if of == device.origin.device && !manner.is_old => {}
        StreamName::Venue(_) | StreamName::Device(_) => return Err(ProblemCode::NotFound),
    }
    let (log_id, server_time) = (db.log_id, time(manner));
    let empty = stream::Stream::default();
    let stream = db.streams.get(&request.stream).unwrap_or(&empty);
    let seq = request.cursor.map_or(0, |cursor| cursor.seq);
    if let Some(cursor) = request.cursor {
        if !is_good(db, stream, cursor, manner) {
            return Err(ProblemCode::CursorGone);
        }
    } else if stream.cut > 0 && manner.bug != Some(Bug::TruncatedSilently) {
        return Err(ProblemCode::CursorGone);
    }
    let limit = request.limit.clamp(1, MAX_PULL_ITEMS);
    let shown = |item: &&stream::Item| manner.bug != Some(Bug::SequenceCursor) || item.visible_at <= manner.now;
    let items = stream.after(seq).iter().filter(shown).take(limit).map(|item| item.line.to_string()).collect();
    Ok(PullReply { log_id, server_time, items, head_seq: stream.head_seq() })
}

/// Publishes what head office decides.
pub fn publish(db: &mut Db, stream: StreamName, key: &str, value: &str, now: i64) {
    db.streams.entry(stream).or_default().put(key, value, now);
}

/// The key a company signs with.
pub fn tenant_key(no: u8) -> SigningKey {
    SigningKey::from_bytes(&[200 - no; 32])
}
