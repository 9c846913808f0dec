//! The exchange's hands: what [`Exchange`] wants of the ledger is done here, what it wants of the network and of time is
//! handed on. It decides nothing that the simulation should see.

use std::sync::Arc;

use rusqlite::Connection;
use shared::event::{ChainHead, Hash};
use shared::ids::{ChainId, Entropy};
use shared::sync::exchange::{Answer, Deed, Effect, Exchange, Input, Report, Request, Settings, Trouble, View};
use shared::sync::outbox::Limits;
use shared::sync::protocol::ProblemCode;
use shared::time::{Clock, Timestamp};

use super::error::SyncError;
use crate::identity::Identity;
use crate::ledger::clock::TimeSample;
use crate::ledger::stream::Record;
use crate::ledger::{Ledger, LedgerError, LedgerTx, counter, enrolment, event, outbox, recovery, stream};

/// Keys forgotten in one transaction: so few that a sale waiting for the ledger does not notice.
const KEYS_AT_ONCE: usize = 200;
/// How often to see whether something may be let go of, and to keep a sample of the server's clock, milliseconds.
const PRUNE_EVERY_MS: u64 = 60 * 60 * 1000;
const SAMPLE_EVERY_MS: u64 = 60 * 1000;
/// Transactions of one such look.
const PRUNINGS: u32 = 50;

/// What is left to do after a step.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Ask the server, and hand in its answer.
    pub ask: Option<Request>,
    /// Wake after so many milliseconds; replaces any wish before.
    pub wake_in: Option<u64>,
    /// Exchanges that are over.
    pub reports: Vec<Concluded>,
}

/// How an exchange went.
#[derive(Clone, Debug)]
pub struct Concluded {
    /// What came of it, also when it ended early.
    pub report: Report,
    /// Why it ended early.
    pub error: Option<Arc<SyncError>>,
}

/// An exchange and the ledger it works for.
pub struct Driver {
    ledger: Arc<Ledger>,
    /// Its own, so that no cashier waits for what sync reads.
    reader: Connection,
    exchange: Exchange,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    error: Option<LedgerError>,
    is_greeted: bool,
    pruned_at: Option<u64>,
    sampled_at: Option<u64>,
}

impl Driver {
    /// One for a till's ledger. Nothing happens before the first step.
    pub fn new(
        ledger: Arc<Ledger>,
        identity: &Identity,
        interval_ms: u64,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, LedgerError> {
        let settings = Settings {
            origin: identity.enrolment.origin(),
            key: identity.key.clone(),
            tenant_key: identity.enrolment.tenant_key,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            interval_ms,
        };
        Ok(Self {
            reader: ledger.reader()?,
            ledger,
            exchange: Exchange::new(settings),
            clock,
            entropy,
            error: None,
            is_greeted: false,
            pruned_at: None,
            sampled_at: None,
        })
    }

    /// Whether an exchange is under way.
    pub fn is_busy(&self) -> bool {
        self.exchange.is_busy()
    }

    /// A random number, for the pause after a failure.
    pub fn random(&self) -> u32 {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        u32::from_le_bytes(random)
    }

    /// The till's wall clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does what follows from this, up to what only the network or time can answer.
    pub fn step(&mut self, input: Input) -> Wanted {
        match &input {
            Input::Answered(Ok(Answer::Hello(_)), _) => self.is_greeted = true,
            Input::Answered(Err(_), _) => self.is_greeted = false,
            _ => {}
        }
        let mut wanted = Wanted::default();
        let mut next = Some(input);
        while let Some(input) = next.take() {
            for effect in self.exchange.step(self.clock.now(), input) {
                match effect {
                    Effect::Ask(request) => wanted.ask = Some(request),
                    Effect::WakeIn(millis) => wanted.wake_in = Some(millis),
                    Effect::Report(report) => wanted.reports.push(self.conclude(report)),
                    local => next = Some(self.carry_out(local)),
                }
            }
        }
        wanted
    }

    fn carry_out(&mut self, effect: Effect) -> Input {
        let done = match effect {
            Effect::Look => self.look().map(Input::Saw),
            Effect::Gather { limits, skip } => self.gather(limits, &skip),
            Effect::Hash(wanted) => self.hashes(&wanted).map(Input::Hashes),
            Effect::ListKeys(name) => stream::list_keys(&self.reader, name).map(Input::Keys),
            Effect::Write(deeds) => self.write(deeds).map(|()| Input::Written),
            Effect::SealChain(chain) => self.seal(chain).map(|()| Input::Written),
            Effect::Ask(_) | Effect::WakeIn(_) | Effect::Report(_) => Err(LedgerError::BrokenOff),
        };
        done.unwrap_or_else(|error| {
            self.error = Some(error);
            Input::NotWritten(self.random())
        })
    }

    fn look(&self) -> Result<View, LedgerError> {
        let moment = self.reader.unchecked_transaction()?;
        let mut heads: Vec<_> = event::list_chains(&moment)?.iter().rev().map(|chain| chain.head).collect();
        let current = Some(self.ledger.chain()).filter(|chain| heads.iter().any(|head| head.chain == *chain));
        // What a copy of this till writes is known as far as it was told, so that it is not fetched again each time.
        heads.extend(recovery::list_lost(&moment)?.iter().filter(|lost| lost.is_copy).map(|lost| lost.known));
        let log_id = outbox::load_contact(&moment)?.log_id;
        Ok(View { log_id, current, heads, cursors: stream::list_cursors(&moment)? })
    }

    fn gather(&self, limits: Limits, skip: &[ChainId]) -> Result<Input, LedgerError> {
        let moment = self.reader.unchecked_transaction()?;
        Ok(Input::Gathered(outbox::gather(&moment, &limits, skip, self.clock.now())?))
    }

    fn hashes(&self, wanted: &[(ChainId, u64)]) -> Result<Vec<(ChainId, u64, Hash)>, LedgerError> {
        let mut own = Vec::new();
        for (chain, seq) in wanted {
            let held = recovery::find_hash_at(&self.reader, *chain, *seq)?;
            let copied = || {
                let lost = recovery::find_lost(&self.reader, *chain)?;
                let told = lost.filter(|lost| lost.is_copy && lost.known.seq == *seq);
                Ok::<_, LedgerError>(told.map(|lost| lost.known.hash))
            };
            let hash = match held {
                Some(hash) => Some(hash),
                None => copied()?,
            };
            own.extend(hash.map(|hash| (*chain, *seq, hash)));
        }
        Ok(own)
    }

    fn write(&self, mut deeds: Vec<Deed>) -> Result<(), LedgerError> {
        if let [Deed::Refresh { stream: name, items }] = &mut *deeds {
            return lay::lay(&self.ledger, &*self.clock, *name, std::mem::take(items));
        }
        let is_restored = self.ledger.is_restored();
        let is_retold = deeds.iter().all(is_retold);
        let write = move |tx: &LedgerTx<'_>| deeds.into_iter().try_for_each(|deed| write_one(tx, deed, is_restored));
        // A sale that waits for its turn is not to wait for the disk twice.
        if is_retold { self.ledger.write_retold(write) } else { self.ledger.write(write) }
    }

    fn seal(&self, chain: ChainId) -> Result<(), LedgerError> {
        if self.ledger.chain() != chain {
            return Ok(());
        }
        tracing::warn!(%chain, "head office holds other events of this chain: going on in a new one");
        self.ledger.start_new_chain(ChainId::new(self.clock.now(), &*self.entropy))
    }

    /// An exchange is over: what it taught beside its own matters is written down.
    fn conclude(&mut self, report: Report) -> Concluded {
        let concluded = match &report.trouble {
            None => self.settle(),
            Some(Trouble::Peer(failure)) if failure.code() == Some(ProblemCode::Revoked) => self.withdraw(),
            Some(_) => Ok(()),
        };
        if let Err(error) = concluded {
            tracing::warn!(%error, "what an exchange taught could not be kept");
        }
        let error = report.trouble.clone().map(|trouble| Arc::new(SyncError::of(trouble, self.error.take())));
        Concluded { report, error }
    }

    /// Everything was said: what head office did not give back, it does not have.
    fn settle(&mut self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        if outbox::load_contact(&self.reader)?.revoked_at.is_some() {
            self.ledger.write(outbox::clear_revoked)?;
        }
        let open = recovery::list_lost(&self.reader)?;
        let open: Vec<_> = open.iter().filter(|lost| !lost.is_copy && lost.settled_at.is_none()).copied().collect();
        if self.is_greeted && !open.is_empty() {
            self.ledger.write(move |tx| open.iter().try_for_each(|lost| tx.settle_lost(lost.known.chain, now)))?;
        }
        self.prune()
    }

    fn prune(&mut self) -> Result<(), LedgerError> {
        let up_ms = self.clock.up_ms();
        if self.pruned_at.is_some_and(|at| up_ms.saturating_sub(at) < PRUNE_EVERY_MS) {
            return Ok(());
        }
        self.pruned_at = Some(up_ms);
        let now = self.clock.now();
        for _ in 0..PRUNINGS {
            if self.ledger.write(move |tx| tx.prune(now))? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Head office withdrew this till: copies of its data are wiped once no sale is on the counter. What the till wrote
    /// itself stays, and so does whose it was.
    fn withdraw(&self) -> Result<(), LedgerError> {
        let now = self.clock.now();
        self.ledger.write(move |tx| tx.note_revoked(now))?;
        if counter::find(&self.reader)?.is_some() {
            return Ok(());
        }
        let keys = stream::list_replaceable(&self.reader)?;
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let keys = keys.to_vec();
            self.ledger.write(move |tx| stream::forget(tx, &keys))?;
        }
        self.ledger.write(stream::forget_cursors)
    }

    /// Makes products that came many at a time quick to find by their words. Until then they are found all the same.
    pub fn index_words(&self) {
        if let Err(error) = lay::index_words(&self.ledger, &*self.clock, &self.reader) {
            tracing::warn!(%error, "words were not taken into the index");
        }
    }

    /// Keeps how far the server's clock is from ours, now and then.
    pub fn note_time(&mut self, sample: TimeSample) {
        let up_ms = self.clock.up_ms();
        if self.sampled_at.is_some_and(|at| up_ms.saturating_sub(at) < SAMPLE_EVERY_MS) {
            return;
        }
        self.sampled_at = Some(up_ms);
        if let Err(error) = self.ledger.write(move |tx| tx.note_time(&sample)) {
            tracing::warn!(%error, "the server's clock could not be noted");
        }
    }
}

/// Lost, it is asked for again: what an answer proved is proved anew, a stream that was not followed starts anew.
fn is_retold(deed: &Deed) -> bool {
    matches!(deed, Deed::Contact(..) | Deed::Record(..) | Deed::Refresh { .. } | Deed::Forget(..))
}

fn write_one(tx: &LedgerTx<'_>, deed: Deed, is_restored: bool) -> Result<(), LedgerError> {
    match deed {
        Deed::Contact(log_id, now) => tx.note_contact(log_id, now),
        Deed::Record(operations, now) => tx.record_answer(&operations, now),
        Deed::Apply { stream: name, items, end } => stream::apply(tx, name, &items, end),
        Deed::Refresh { stream: name, items } => {
            stream::lay(tx, name, &mut items.into_iter().map(Record::read), || false)
        }
        Deed::Forget(_, keys) => stream::forget(tx, &keys),
        Deed::MoveCursor(name, end) => stream::move_cursor(tx, name, end),
        Deed::StoreOwn { chain, before, events } => {
            let before = ChainHead { chain, seq: events.first().map_or(0, |event| event.seq - 1), hash: before };
            match tx.take_back(before, &events, is_restored) {
                // What does not fit stays where it is; the next greeting tells of it again.
                Err(LedgerError::NotOurs(chain)) => {
                    tracing::error!(%chain, "events given back do not follow what is here");
                    Ok(())
                }
                taken => taken,
            }
        }
        Deed::Certificate(certificate) => match enrolment::load(tx.connection())? {
            Some(known) => tx.save_enrolment(&crate::identity::Enrolment { certificate, ..known }),
            None => Ok(()),
        },
    }
}

mod lay;
#[cfg(test)]
mod tests;
