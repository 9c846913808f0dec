//! A company's database at the server. A copy of it is a backup.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use shared::event::{Origin, SealedEvent};
use shared::ids::{ChainId, DeviceId, LogId, ProductId, SessionId};
use shared::merge::Stock;
use shared::register::SessionTotals;
use shared::sync::ingest::{Held, KnownChain};
use shared::sync::stream::StreamName;
use shared::ticket::{HandOver, Incident, TicketId};

use super::stream::Stream;

/// A chain with all its branches.
#[derive(Clone, Debug)]
pub struct StoredChain {
    /// What is known of it.
    pub known: KnownChain,
    /// Each branch's events, from the one after it left its parent; branch 0 from 1.
    pub branches: Vec<Vec<Rc<SealedEvent>>>,
}

/// A register session as the server adds it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionRow {
    /// As the till closed it: never changes.
    pub sealed: Option<SessionTotals>,
    /// What was counted here when it was closed.
    pub at_close: SessionTotals,
    /// What came after.
    pub addenda: SessionTotals,
}

/// An event set aside.
#[derive(Clone, Debug)]
pub struct Aside {
    /// Which.
    pub event: Rc<SealedEvent>,
    /// On which branch.
    pub branch: u32,
    /// Why.
    pub code: &'static str,
}

/// What became of a ticket.
#[derive(Clone, Debug, Default)]
pub struct TicketBook {
    /// Each hand-over once, in the order they were heard of.
    pub handed: Vec<HandOver>,
    /// What went wrong.
    pub incidents: Vec<Incident>,
}

/// Accounts of the double entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Notes and coins in drawers.
    Cash,
    /// What the card company owes.
    Card,
    /// Sold, less tax.
    Revenue,
    /// Owed to the state.
    Tax,
    /// What the law rounds.
    Rounding,
    /// Given by guests.
    Tips,
}

/// A company's database.
#[derive(Clone, Debug)]
pub struct Db {
    /// This log.
    pub log_id: LogId,
    /// Those it was restored from, newest first.
    pub parent_logs: Vec<LogId>,
    /// Chains.
    pub chains: BTreeMap<ChainId, StoredChain>,
    /// Streams.
    pub streams: BTreeMap<StreamName, Stream>,
    /// Sessions.
    pub sessions: BTreeMap<SessionId, SessionRow>,
    /// What there is of each product, at the company's one venue.
    pub stock: BTreeMap<ProductId, Stock>,
    /// What each run put in and took out so far, thousandths.
    pub moved: BTreeMap<(ChainId, ProductId), (u64, u64)>,
    /// Which run continues which.
    pub links: BTreeMap<ChainId, ChainId>,
    /// Balances; their sum is zero.
    pub accounts: [i64; 6],
    /// What was handed over of each ticket, and what went wrong with it.
    pub tickets: BTreeMap<TicketId, TicketBook>,
    /// Facts counted.
    pub counted: u64,
    /// Events set aside.
    pub quarantine: Vec<Aside>,
    /// Whether this program knows the new fact.
    pub knows_tips: bool,
    /// Devices head office withdrew.
    pub revoked: BTreeSet<DeviceId>,
    /// People head office withdrew, with the catalogue's number that said so.
    pub revoked_staff: BTreeMap<Rc<str>, u64>,
}

/// What a database has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    events: usize,
    counted: u64,
    aside: usize,
    accounts: [i64; 6],
    streams: Vec<(StreamName, u64, shared::event::Hash)>,
}

impl Db {
    /// An empty one.
    pub fn new(log_id: LogId, knows_tips: bool) -> Self {
        Self {
            log_id,
            parent_logs: Vec::new(),
            chains: BTreeMap::new(),
            streams: BTreeMap::new(),
            sessions: BTreeMap::new(),
            stock: BTreeMap::new(),
            moved: BTreeMap::new(),
            links: BTreeMap::new(),
            accounts: [0; 6],
            tickets: BTreeMap::new(),
            counted: 0,
            quarantine: Vec::new(),
            knows_tips,
            revoked: BTreeSet::new(),
            revoked_staff: BTreeMap::new(),
        }
    }

    /// Every event held, with its branch.
    pub fn events(&self) -> impl Iterator<Item = (ChainId, usize, &Rc<SealedEvent>)> {
        self.chains.iter().flat_map(|(id, chain)| {
            chain
                .branches
                .iter()
                .enumerate()
                .flat_map(move |(branch, events)| events.iter().map(move |event| (*id, branch, event)))
        })
    }

    /// Whether it holds exactly this event, on whatever branch.
    pub fn holds(&self, event: &SealedEvent) -> bool {
        self.count_of(event) > 0
    }

    /// How often it holds exactly this event.
    pub fn count_of(&self, event: &SealedEvent) -> usize {
        let Some(chain) = self.chains.get(&event.chain) else { return 0 };
        chain.held_at(event.seq).filter(|held| held.hash == event.hash).count()
    }

    /// What it has come to, as far as anybody could see.
    pub fn digest(&self) -> Digest {
        let events = self.chains.values().flat_map(|chain| &chain.branches).map(Vec::len).sum();
        let streams = self.streams.iter().map(|(name, stream)| (*name, stream.head_seq(), stream.head_hash()));
        Digest {
            events,
            counted: self.counted,
            aside: self.quarantine.len(),
            accounts: self.accounts,
            streams: streams.collect(),
        }
    }

    /// Books an amount.
    pub fn book(&mut self, account: Account, amount: i64) {
        self.accounts[account as usize] += amount;
    }
}

impl StoredChain {
    /// Where a branch's first event stands.
    fn first_of(&self, branch: usize) -> u64 {
        self.known.branches.iter().find(|at| at.branch as usize == branch).map_or(1, |at| at.forked_after + 1)
    }

    /// What is held under a number, on all branches.
    pub fn held_at(&self, seq: u64) -> impl Iterator<Item = &Rc<SealedEvent>> {
        self.branches.iter().enumerate().filter_map(move |(branch, events)| {
            let place = usize::try_from(seq.checked_sub(self.first_of(branch))?).ok()?;
            events.get(place)
        })
    }

    /// What a decision about a batch needs to know.
    pub fn held_in(&self, (from, to): (u64, u64)) -> Vec<Held> {
        let mut held = Vec::new();
        for (branch, events) in self.branches.iter().enumerate() {
            let first = self.first_of(branch);
            let start = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let within = events.get(start..).unwrap_or_default().iter().take_while(|event| event.seq <= to);
            let branch = u32::try_from(branch).unwrap_or(u32::MAX);
            held.extend(within.map(|event| Held { branch, seq: event.seq, hash: event.hash }));
        }
        held
    }

    /// Whose it is.
    pub fn origin(&self) -> Origin {
        self.known.origin
    }
}
