//! One exchange with the server: everything unsent goes out, everything new comes in.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::event::Hash;
use shared::ids::{ChainId, LogId, VenueId};
use shared::keys::SigningKey;
use shared::sync::outbox::{self as plan, Limits};
use shared::sync::protocol::{MAX_PULL_ITEMS, PROTO, ProblemCode, PullReply, PushReply, PushRequest, PushResult};
use shared::sync::stream::{Cursor, StreamError, StreamItem, StreamName};
use shared::time::Clock;

use super::client::{PeerError, PullRequest, SyncPeer};
use crate::commands::types::SyncReport;
use crate::ledger::{Ledger, LedgerError, outbox, stream};

/// Stream items applied in one transaction: so few that a sale waiting for the ledger does not notice.
const ITEMS_PER_DEED: usize = 200;
/// Requests of one exchange. A server that never has enough gets the rest in the next one.
const MAX_REQUESTS: u32 = 1_000;

/// Why an exchange ended before everything was said.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The server.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Its stream is not what a stream is.
    #[error("the server's stream {stream} is broken: {source}")]
    Stream {
        /// Which.
        stream: StreamName,
        /// How.
        source: StreamError,
    },
    /// It answers, and proves nothing.
    #[error("the server acknowledges none of what it was sent")]
    NothingProved,
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The worker's thread or its timers could not start.
    #[error("sync cannot start: {0}")]
    Start(String),
    /// The worker was stopped.
    #[error("sync was stopped")]
    Stopped,
}

impl SyncError {
    /// The code of a server's refusal.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Peer(error) => error.code(),
            _ => None,
        }
    }

    /// Nobody is there to ask anything else, or nothing can be written down.
    fn is_of_the_line(&self) -> bool {
        matches!(self, Self::Peer(PeerError::Unreachable(_) | PeerError::Address(_)) | Self::Ledger(_))
    }

    /// Trying again alone will not help: somebody has to look.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Peer(error) => error.needs_attention(),
            Self::Stream { .. } | Self::NothingProved => true,
            Self::Ledger(_) | Self::Start(_) | Self::Stopped => false,
        }
    }
}

/// What came of an exchange, also of one that ended early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gained {
    /// Events proved to be there.
    pub sent: u64,
    /// Stream items applied.
    pub pulled: u64,
    /// Products, people or places changed.
    pub catalog_changed: bool,
    /// Redemptions of other tills were heard of.
    pub venue_changed: bool,
}

/// Both ends of an exchange.
pub struct Exchange<P> {
    /// The server.
    pub peer: P,
    /// The till's ledger.
    pub ledger: Arc<Ledger>,
    /// The till's key.
    pub key: SigningKey,
    /// Where the till stands.
    pub venue_id: VenueId,
    /// The till's clock.
    pub clock: Arc<dyn Clock>,
    /// How much goes into one request; shrinks when the server finds it too much.
    pub limits: Limits,
    /// What came of the exchange so far.
    pub gained: Gained,
}

impl<P: SyncPeer> Exchange<P> {
    /// Sends and fetches until neither side has anything new. What was proved or applied stays so when it ends early.
    pub async fn run(&mut self) -> Result<SyncReport, SyncError> {
        self.gained = Gained::default();
        loop {
            let pushed = match self.push().await {
                Err(error) if error.is_of_the_line() => return Err(error),
                pushed => pushed,
            };
            // A server that refuses our events may still have news for us.
            let log_before = self.log_id()?;
            let venue = match self.pull(StreamName::Venue(self.venue_id)).await {
                Err(error) if error.is_of_the_line() => return Err(error),
                venue => venue,
            };
            let catalog = self.pull(StreamName::Catalog).await;
            pushed?;
            venue?;
            catalog?;
            // Another log than the one just pushed to: what it holds has to be proved anew.
            if self.log_id()? == log_before {
                break;
            }
        }
        let unsent_events = self.ledger.read(outbox::count_unsent)?;
        Ok(SyncReport { sent_events: self.gained.sent, pulled_items: self.gained.pulled, unsent_events })
    }

    fn log_id(&self) -> Result<Option<LogId>, LedgerError> {
        Ok(self.ledger.read(outbox::load_contact)?.log_id)
    }

    async fn push(&mut self) -> Result<(), SyncError> {
        for _ in 0..MAX_REQUESTS {
            let (limits, now) = (self.limits, self.clock.now());
            let gathered = self.ledger.read(|connection| outbox::gather(connection, &limits, now))?;
            if gathered.events.is_empty() {
                self.limits = Limits::default();
                return Ok(());
            }
            let batches = plan::cut(&gathered.events, &limits);
            let signed = batches.iter().filter_map(|events| plan::sign_batch(events, &self.key));
            let (batches, sent): (Vec<_>, Vec<_>) = signed.unzip();
            let offered: u64 = batches.iter().map(|batch| batch.events.len() as u64).sum();
            let unsent_events = gathered.unsent.saturating_sub(offered);
            let request = PushRequest { proto: PROTO, log_id: self.log_id()?, batches, unsent_events };
            let reply = match self.peer.push(&request).await {
                Err(error) if error.code() == Some(ProblemCode::TooLarge) && limits != limits.halved() => {
                    self.limits = limits.halved();
                    continue;
                }
                reply => reply?,
            };
            let own = self.own_hashes(&reply)?;
            let reading = plan::read_reply(&sent, &reply, |chain, seq| {
                own.iter().find(|(of, at, _)| (*of, *at) == (chain, seq)).map(|(_, _, hash)| *hash)
            });
            let is_proving = !reading.operations.is_empty();
            let (log_id, proved) = (reply.log_id, reading.proved);
            self.ledger.write(move |tx| {
                tx.note_contact(log_id, now)?;
                tx.record_answer(&reading.operations, now)
            })?;
            self.gained.sent += proved;
            if !is_proving {
                return Err(SyncError::NothingProved);
            }
        }
        Ok(())
    }

    /// Our own hashes where the server named one of its own: only gaps need them.
    fn own_hashes(&self, reply: &PushReply) -> Result<Vec<(ChainId, u64, Hash)>, LedgerError> {
        self.ledger.read(|connection| {
            let mut own = Vec::new();
            for result in &reply.results {
                if let PushResult::Gap { chain, have_seq, .. } = result
                    && let Some(hash) = outbox::find_own_hash(connection, *chain, *have_seq)?
                {
                    own.push((*chain, *have_seq, hash));
                }
            }
            Ok(own)
        })
    }

    async fn pull(&mut self, name: StreamName) -> Result<(), SyncError> {
        let mut cursor = self.ledger.read(|connection| stream::load_cursor(connection, name))?;
        for _ in 0..MAX_REQUESTS {
            let reply = match self.ask(name, cursor).await {
                Err(error) if error.code() == Some(ProblemCode::CursorGone) && cursor.is_some() => {
                    return self.start_anew(name).await;
                }
                reply => reply?,
            };
            let from = match cursor {
                Some(cursor) if cursor.log_id != reply.log_id => return self.start_anew(name).await,
                Some(cursor) => cursor,
                None => Cursor::start(reply.log_id),
            };
            self.heard(reply.log_id)?;
            let (pages, end) = read_items(name, from, &reply.items)?;
            for page in pages {
                let applied = page.items.len() as u64;
                self.ledger.write(move |tx| stream::apply(tx, name, &page.items, page.end))?;
                self.note_pulled(name, applied);
            }
            // A head behind our cursor is an answer from a copy that lags, not news.
            if reply.items.is_empty() || end.seq >= reply.head_seq {
                return Ok(());
            }
            cursor = Some(end);
        }
        Ok(())
    }

    /// The server's stream is not the one we followed. All of it is applied over what is here, little by little, so that
    /// no sale waits; then what it does not name is removed. A cashier sees each product as it was or as it is now, and
    /// never an empty catalogue. The cursor moves last: broken off anywhere, this begins again.
    async fn start_anew(&mut self, name: StreamName) -> Result<(), SyncError> {
        let mut named = BTreeSet::new();
        let mut cursor = None;
        for _ in 0..MAX_REQUESTS {
            let reply = self.ask(name, cursor).await?;
            self.heard(reply.log_id)?;
            let (pages, end) = read_items(name, cursor.unwrap_or(Cursor::start(reply.log_id)), &reply.items)?;
            if end.log_id != reply.log_id {
                // Another history already; the next exchange starts with it.
                return Ok(());
            }
            for page in pages {
                named.extend(page.items.iter().map(|item| item.key.clone()));
                let applied = page.items.len() as u64;
                self.ledger.write(move |tx| stream::refresh(tx, name, &page.items))?;
                self.note_pulled(name, applied);
            }
            if reply.items.is_empty() || end.seq >= reply.head_seq {
                let mut stale = self.ledger.read(|connection| stream::list_keys(connection, name))?;
                stale.retain(|key| !named.contains(key));
                for keys in stale.chunks(ITEMS_PER_DEED) {
                    let keys = keys.to_vec();
                    self.ledger.write(move |tx| stream::forget(tx, &keys))?;
                }
                return Ok(self.ledger.write(move |tx| stream::move_cursor(tx, name, end))?);
            }
            cursor = Some(end);
        }
        Ok(())
    }

    async fn ask(&self, stream: StreamName, cursor: Option<Cursor>) -> Result<PullReply, SyncError> {
        let unsent_events = self.ledger.read(outbox::count_unsent)?;
        Ok(self.peer.pull(&PullRequest { stream, cursor, limit: MAX_PULL_ITEMS, unsent_events }).await?)
    }

    fn heard(&self, log_id: LogId) -> Result<(), LedgerError> {
        let now = self.clock.now();
        let contact = self.ledger.read(outbox::load_contact)?;
        let is_fresh = contact.heard_at.is_some_and(|at| (0..CONTACT_NOTED_MS).contains(&now.millis_since(at)));
        if contact.log_id == Some(log_id) && is_fresh {
            return Ok(());
        }
        self.ledger.write(move |tx| tx.note_contact(log_id, now))
    }

    fn note_pulled(&mut self, name: StreamName, items: u64) {
        self.gained.pulled += items;
        match name {
            StreamName::Catalog => self.gained.catalog_changed |= items > 0,
            StreamName::Venue(_) => self.gained.venue_changed |= items > 0,
            StreamName::Device(_) => {}
        }
    }
}

/// Contact without news is noted on disk only so often, milliseconds: a disk write for nothing wears the disk.
const CONTACT_NOTED_MS: i64 = 60 * 1000;

/// Items for one transaction, and where they end.
struct Page {
    items: Vec<StreamItem>,
    end: Cursor,
}

fn read_items(stream: StreamName, from: Cursor, lines: &[String]) -> Result<(Vec<Page>, Cursor), SyncError> {
    let mut at = from;
    let mut pages = Vec::new();
    for lines in lines.chunks(ITEMS_PER_DEED) {
        let items = lines.iter().map(|line| at.read(line)).collect::<Result<_, _>>();
        let items = items.map_err(|source| SyncError::Stream { stream, source })?;
        pages.push(Page { items, end: at });
    }
    Ok((pages, at))
}

#[cfg(test)]
mod tests;
