//! A till's database: what is in here was committed. A copy of it is a backup.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;

use shared::event::{ChainHead, Hash, Read, SealedEvent, Seen};
use shared::ids::{ChainId, DeviceId, LogId, ProductId};
use shared::merge::{Actor, Part, moves_of};
use shared::register::{RegisterSession, SessionTotals};
use shared::sync::exchange::{Deed, Gathered, View};
use shared::sync::outbox::{ChainState, Limits, Offer, Operation, Proof};
use shared::sync::protocol::StreamCursor;
use shared::sync::stream::{Cursor, Op, StreamItem, StreamName};
use shared::time::Hlc;

use crate::reading;

/// A forked chain is offered again after this long, milliseconds.
const FORK_REST_MS: i64 = 60 * 1000;

/// A chain as stored.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Hash before its first event.
    pub before: Hash,
    /// From 1 on.
    pub events: Vec<Rc<SealedEvent>>,
    /// What the server is proved to hold.
    pub proof: Option<Proof>,
    /// When the server last spoke of a fork.
    pub forked_at: Option<i64>,
}

/// A stream's copies, by their keys.
pub type Copies = BTreeMap<Rc<str>, Rc<str>>;

/// A till's database.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Chains, oldest first.
    pub order: Vec<ChainId>,
    /// By their ids.
    pub chains: BTreeMap<ChainId, Chain>,
    /// The server log last heard of.
    pub log_id: Option<LogId>,
    /// How far each stream is applied.
    pub cursors: BTreeMap<StreamName, Cursor>,
    /// Copies of each stream's records.
    pub copies: BTreeMap<StreamName, Copies>,
    /// What each run here put in and took out of each product, thousandths.
    pub moved: BTreeMap<(ProductId, ChainId), (u64, u64)>,
    /// The hybrid clock's last reading.
    pub hlc: Hlc,
    /// What the streams had told when the next event is written.
    pub seen: Seen,
    /// The drawer.
    pub session: Option<(RegisterSession, SessionTotals)>,
    /// Sessions closed here, each with the sum it was closed on.
    pub closed: u32,
    /// Receipts given out.
    pub receipts: u64,
    /// People this till knows to be withdrawn.
    pub revoked_staff: BTreeSet<Rc<str>>,
}

impl Chain {
    /// Its end.
    pub fn head(&self, chain: ChainId) -> ChainHead {
        self.events.last().map_or(ChainHead { chain, seq: 0, hash: self.before }, |event| event.head())
    }
}

impl Disk {
    /// Every event there is.
    pub fn events(&self) -> impl Iterator<Item = &Rc<SealedEvent>> {
        self.chains.values().flat_map(|chain| &chain.events)
    }

    /// An event here, counted.
    fn count(&mut self, sealed: &SealedEvent) {
        let Ok(event) = reading::event(sealed) else { return };
        let Read::Known(fact) = &event.fact else { return };
        for moved in moves_of(fact) {
            let sum = self.moved.entry((moved.product_id, sealed.chain)).or_default();
            *sum = (sum.0 + moved.received_milli, sum.1 + moved.taken_milli);
        }
    }

    /// What each run here moved of a product.
    pub fn moved_of(&self, device: DeviceId, product: ProductId) -> Vec<Part> {
        let of_run = |chain: &ChainId| {
            let (received_milli, taken_milli) = self.moved.get(&(product, *chain)).copied().unwrap_or_default();
            Part { by: Actor { device, chain: *chain }, received_milli, taken_milli }
        };
        self.chains.keys().map(of_run).collect()
    }

    /// Bytes of event text.
    pub fn bytes(&self) -> usize {
        self.events().map(|event| event.line.len()).sum()
    }

    /// The newest chain.
    pub fn last_chain(&self) -> Option<ChainId> {
        self.order.last().copied()
    }

    /// An event, written.
    pub fn append(&mut self, event: Rc<SealedEvent>) {
        self.count(&event);
        let chain = self.chains.entry(event.chain).or_insert_with(|| {
            self.order.push(event.chain);
            Chain { before: event.prev, events: Vec::new(), proof: None, forked_at: None }
        });
        chain.events.push(event);
    }

    /// How many events the server is not proved to hold.
    pub fn unsent(&self) -> u64 {
        let left = |chain: &Chain| (chain.events.len() as u64).saturating_sub(self.proved(chain));
        self.chains.values().map(left).sum()
    }

    /// How many events of a chain the server last heard of is proved to hold.
    pub fn proved(&self, chain: &Chain) -> u64 {
        chain.proof.filter(|proof| Some(proof.log_id) == self.log_id).map_or(0, |proof| proof.seq)
    }

    /// What a greeting needs to know.
    pub fn view(&self, current: ChainId) -> View {
        let heads = self.order.iter().rev().map(|id| self.chains[id].head(*id)).filter(|head| head.seq > 0);
        let mut heads: Vec<_> = heads.collect();
        // The chain being written is the newest, whatever was fetched back since.
        heads.sort_by_key(|head| head.chain != current);
        let cursors = self.cursors.iter().map(|(stream, cursor)| StreamCursor { stream: *stream, cursor: *cursor });
        View { log_id: self.log_id, current: Some(current), heads, cursors: cursors.collect() }
    }

    /// What to send next.
    pub fn gather(&self, limits: &Limits, skip: &[ChainId], now: i64) -> Gathered {
        let mut gathered = Gathered { events: Vec::new(), unsent: self.unsent() };
        let most = limits.events.saturating_mul(limits.batches);
        for id in self.order.iter().filter(|id| !skip.contains(id)) {
            let chain = &self.chains[id];
            let state = ChainState { chain: *id, head_seq: chain.events.len() as u64, proof: chain.proof };
            if chain.forked_at.is_some_and(|at| (0..FORK_REST_MS).contains(&(now - at))) {
                continue;
            }
            let from = match state.offer(self.log_id) {
                Offer::Nothing => continue,
                Offer::From(seq) | Offer::Probe(seq) => place(seq - 1),
            };
            let room = most - gathered.events.len();
            gathered.events.extend(chain.events[from..].iter().take(room).map(|event| (**event).clone()));
            if gathered.events.len() >= most {
                break;
            }
        }
        gathered
    }

    /// The hash of one of our events.
    pub fn hash_of(&self, chain: ChainId, seq: u64) -> Option<Hash> {
        Some(self.chains.get(&chain)?.events.get(place(seq.checked_sub(1)?))?.hash)
    }

    /// Does what the exchange wants written down.
    pub fn write(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Contact(log_id, _) => self.log_id = Some(log_id),
                Deed::Record(operations, now) => {
                    for operation in operations {
                        self.record(operation, now.as_millis());
                    }
                }
                Deed::Apply { stream, items, end } => {
                    self.lay(stream, items);
                    self.move_cursor(stream, end);
                }
                Deed::Refresh { stream, items } => self.lay(stream, items),
                Deed::Forget(stream, keys) => {
                    let copies = self.copies.entry(stream).or_default();
                    copies.retain(|key, _| !keys.iter().any(|gone| **gone == **key));
                }
                Deed::MoveCursor(stream, end) => self.move_cursor(stream, end),
                Deed::StoreOwn { chain, before, events } => self.store_own(chain, before, events),
                Deed::Certificate(_) => {}
            }
        }
    }

    fn record(&mut self, operation: Operation, now: i64) {
        match operation {
            Operation::Prove { chain, log_id, seq } => {
                if let Some(chain) = self.chains.get_mut(&chain) {
                    (chain.proof, chain.forked_at) = (Some(Proof { log_id, seq }), None);
                }
            }
            Operation::Fork { chain, log_id, .. } => {
                if let Some(chain) = self.chains.get_mut(&chain) {
                    let seq = chain.proof.filter(|proof| proof.log_id == log_id).map_or(0, |proof| proof.seq);
                    (chain.proof, chain.forked_at) = (Some(Proof { log_id, seq }), Some(now));
                }
            }
        }
    }

    fn lay(&mut self, stream: StreamName, items: Vec<StreamItem>) {
        let copies = self.copies.entry(stream).or_default();
        for item in items {
            if let Some(person) = item.key.strip_prefix("staff/")
                && item.value.get().contains(r#""is_active":false"#)
            {
                self.revoked_staff.insert(person.into());
            }
            match item.op {
                Op::Put => drop(copies.insert(item.key.into(), item.value.get().into())),
                Op::Del => drop(copies.remove(item.key.as_str())),
            }
        }
    }

    fn move_cursor(&mut self, stream: StreamName, end: Cursor) {
        self.cursors.insert(stream, end);
        match stream {
            StreamName::Catalog => self.seen.0 = end.seq,
            StreamName::Venue(_) => self.seen.1 = end.seq,
            StreamName::Device(_) => {}
        }
    }

    fn store_own(&mut self, id: ChainId, before: Hash, events: Vec<SealedEvent>) {
        if !self.chains.contains_key(&id) {
            // Older than what runs now.
            self.order.insert(0, id);
        }
        for event in &events {
            self.count(event);
        }
        let empty = Chain { before, events: Vec::new(), proof: None, forked_at: None };
        let chain = self.chains.entry(id).or_insert(empty);
        for event in events {
            chain.events.push(Rc::new(event));
        }
    }
}

/// A number as a place in memory.
pub fn place(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}

/// The products among a catalogue's records.
pub fn products(records: &Copies) -> impl Iterator<Item = (&Rc<str>, &Rc<str>)> + Clone {
    records.range::<str, _>((Bound::Included("product/"), Bound::Excluded("product0")))
}
