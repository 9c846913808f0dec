//! What is written down. There is one writer, and one connection that writes; a deed is one transaction: its event, every
//! row that follows from it, the chain's new head. Readers never wait for it.
//!
//! Whoever has a deed does it on their own thread, one after the other in the order they came. A thread of its own for the
//! writer costs a sale two hand-overs between threads, together a third of what SQLite needs for it.
//!
//! `event` is the truth. Everything [`project`] writes can be made again from it, and `verify` does.

pub mod ballast;
pub mod boot;
pub mod card;
pub mod catalog;
pub mod checkpoint;
pub mod clock;
pub mod column;
pub mod counter;
pub mod enrolment;
mod error;
pub mod event;
pub mod outbox;
pub mod people;
pub mod print_job;
pub mod product;
pub mod product_edit;
pub mod project;
pub mod recovery;
pub mod register;
pub mod retention;
pub mod sale;
pub mod schema;
pub mod stock;
pub mod stream;
pub mod ticket;
mod tx;
pub mod verify;
pub mod witness;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::FairMutex;
use rusqlite::{Connection, OpenFlags};
use shared::event::WitnessState;
use shared::ids::{ChainId, Entropy};
use shared::time::Clock;

use ballast::Ballast;
use boot::{Checker, Soundness};
pub use error::LedgerError;
pub use tx::{By, LedgerTx};
use tx::{Durable, Writer};
use witness::WitnessKeeper;

/// What readers look at; only this room knows what it is.
pub type View = Connection;

type Listener = Box<dyn Fn() + Send + Sync>;

/// What watches over a ledger besides its writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// The directory outside the data in which its witness is kept; nowhere when absent.
    pub witness: Option<PathBuf>,
    /// Bytes of ballast beside it; 0 for none.
    pub ballast_bytes: u64,
    /// Looks through all pages beside the work, and takes ballast on board again.
    pub is_kept: bool,
}

/// The till's database, open.
pub struct Ledger {
    /// Fair: news from head office, applied in many small deeds, let a sale in between any two.
    writer: FairMutex<Writer>,
    /// Deeds that wait for their turn.
    waiting: AtomicUsize,
    reader: Mutex<Connection>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    chain: Mutex<ChainId>,
    path: PathBuf,
    witness: Option<WitnessState>,
    found: Soundness,
    ballast: Arc<Ballast>,
    _loader: Option<Loader>,
    checker: Option<Checker>,
    keeper: Option<WitnessKeeper>,
    house_changes: Arc<AtomicU64>,
}

impl Ledger {
    /// Opens a ledger, made or brought up to date if need be.
    ///
    /// Errors: [`LedgerError::Newer`] when a newer program wrote it; [`LedgerError::Corrupt`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        Self::open_watched(path, clock, entropy, &Watch::default())
    }

    /// As [`Self::open`], with what watches over it.
    pub fn open_watched(
        path: &Path,
        clock: Arc<dyn Clock>,
        entropy: &dyn Entropy,
        watch: &Watch,
    ) -> Result<Self, LedgerError> {
        let found = boot::check(path, boot::BUDGET)?;
        let mut connection = Connection::open(path)?;
        schema::set_up(&connection)?;
        schema::migrate(&mut connection)?;
        let mut said = None;
        if let Some(dir) = &watch.witness
            && let Some((state, record)) = witness::look(&connection, dir)?
        {
            recovery::heed_witness(&connection, state, record.as_ref(), clock.now())?;
            said = Some(state);
        }
        let listeners = Arc::new(RwLock::new(Vec::<Listener>::new()));
        let chain = ChainId::new(clock.now(), entropy);
        let house_changes = Arc::new(AtomicU64::new(0));
        let changes = Arc::clone(&house_changes);
        let writer = Writer::load(connection, clock, chain, said, Arc::clone(&listeners), changes)?;
        let reader = Self::open_reader(path)?;
        let keeper = match &watch.witness {
            Some(dir) => Some(WitnessKeeper::spawn(Self::open_reader(path)?, dir.clone())?),
            None => None,
        };
        let ballast = Arc::new(Ballast::beside(path, watch.ballast_bytes));
        let mut loader = None;
        let mut checker = None;
        if watch.is_kept {
            loader = Some(Loader::spawn(Arc::clone(&ballast))?);
            checker = Some(Checker::spawn(Self::open_reader(path)?)?);
        }
        let ledger = Self {
            writer: FairMutex::new(writer),
            waiting: AtomicUsize::new(0),
            reader: Mutex::new(reader),
            listeners,
            chain: Mutex::new(chain),
            path: path.to_owned(),
            witness: said,
            found,
            ballast,
            _loader: loader,
            checker,
            keeper,
            house_changes,
        };
        if let Some(keeper) = &ledger.keeper {
            ledger.on_commit(keeper.bell());
        }
        Ok(ledger)
    }

    /// A connection that can only read, also beside a running till.
    ///
    /// Errors: [`LedgerError::Newer`], [`LedgerError::Corrupt`].
    pub fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(schema::BUSY)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::check_known(&connection)?;
        Ok(connection)
    }

    /// The chain this run writes, or will write once there is something to write.
    pub fn chain(&self) -> ChainId {
        *lock(&self.chain)
    }

    /// Ends this run's chain where it is and goes on in another: its numbers are not this till's alone any more.
    pub fn start_new_chain(&self, chain: ChainId) -> Result<(), LedgerError> {
        self.write(move |tx| {
            tx.start_new_chain(chain);
            Ok(())
        })?;
        *lock(&self.chain) = chain;
        Ok(())
    }

    /// A connection of one's own that can only read.
    pub fn reader(&self) -> Result<Connection, LedgerError> {
        Self::open_reader(&self.path)
    }

    /// This run found its database to be older than its witness.
    pub fn is_restored(&self) -> bool {
        matches!(self.witness, Some(WitnessState::Ahead { .. }))
    }

    /// How far the ledger was looked through since it was opened.
    pub fn soundness(&self) -> Soundness {
        match (&self.found, &self.checker) {
            (Soundness::Checking, Some(checker)) => checker.found(),
            (_, Some(checker)) if matches!(checker.found(), Soundness::Damaged(_)) => checker.found(),
            (found, _) => found.clone(),
        }
    }

    /// The disk was full, and there has not been room since: nothing new is begun.
    pub fn is_out_of_room(&self) -> bool {
        self.ballast.is_overboard()
    }

    /// After [`LedgerError::DiskFull`]: makes room by throwing the ballast overboard. True when there is more room now.
    pub fn make_room(&self) -> bool {
        self.ballast.throw()
    }

    /// Takes ballast on board, if there is room for it again.
    pub fn load_ballast(&self) -> std::io::Result<()> {
        self.ballast.load()
    }

    /// Counts up after every change of the people who work here, of the venue and its registers: whoever keeps one in mind
    /// asks again then. It does not move while a deed is done.
    pub fn house_changes(&self) -> u64 {
        self.house_changes.load(Ordering::Acquire)
    }

    /// Does one deed: all of it becomes durable before this returns, or nothing of it happened.
    pub fn write<T>(&self, deed: impl FnOnce(&LedgerTx<'_>) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.transact(deed)
    }

    /// As [`Self::write`], for deeds that can be refused for reasons of their own; a refusal writes nothing. A deed must
    /// not ask this ledger for another one.
    pub fn transact<T, E: From<LedgerError>>(&self, deed: impl FnOnce(&LedgerTx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.take_turn(Durable::AtOnce, deed)
    }

    /// As [`Self::write`], for what head office tells again when it was lost: everybody sees it at once, and it is on the
    /// disk with the next deed of another kind. A power cut before that takes back the last of these, and nothing else.
    pub fn write_retold<T>(
        &self,
        deed: impl FnOnce(&LedgerTx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.take_turn(Durable::WithTheNext, deed)
    }

    /// Somebody waits for the deed that is being done.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn take_turn<T, E: From<LedgerError>>(
        &self,
        durable: Durable,
        deed: impl FnOnce(&LedgerTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut writer = self.writer.lock();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        writer.run(durable, deed)
    }

    /// Reads what is committed.
    pub fn read<T, E, F>(&self, look: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E>,
        E: From<LedgerError>,
    {
        look(&lock(&self.reader))
    }

    /// Reads several things as they were at one moment, which also costs less than reading them one by one.
    pub fn view<T, E, F>(&self, look: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E>,
        E: From<LedgerError>,
    {
        self.read(|connection| {
            let moment = connection.unchecked_transaction().map_err(LedgerError::from)?;
            look(&moment)
        })
    }

    /// Calls `listener` after every commit that wrote an event, before the next deed. It must not wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }
}

/// Takes ballast on board at a start, and again once there is room.
struct Loader {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How often to see whether there is room again.
const ROOM_AGAIN: Duration = Duration::from_mins(1);

impl Loader {
    fn spawn(ballast: Arc<Ballast>) -> Result<Self, LedgerError> {
        let (stop, stopped) = mpsc::channel::<()>();
        let work = move || {
            loop {
                if let Err(error) = ballast.load() {
                    tracing::warn!(%error, "there is no room for ballast");
                }
                if stopped.recv_timeout(ROOM_AGAIN) != Err(mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("ballast".into()).spawn(work).map_err(LedgerError::Thread)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
