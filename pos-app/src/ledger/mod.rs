//! What is written down. One thread owns the only connection that writes; a deed is one transaction: its event, every
//! row that follows from it, the chain's new head. Readers never wait for it.
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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use shared::ids::{ChainId, Entropy};
use shared::time::Clock;

use ballast::Ballast;
use boot::{Checker, Soundness};
pub use error::LedgerError;
pub use tx::LedgerTx;
use tx::Writer;
use witness::WitnessKeeper;

/// What readers look at; only this room knows what it is.
pub type View = Connection;

type Job = Box<dyn FnOnce(&mut Writer) + Send>;
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
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    reader: Mutex<Connection>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    chain: Mutex<ChainId>,
    found: Soundness,
    ballast: Arc<Ballast>,
    loader: Option<Loader>,
    checker: Option<Checker>,
    keeper: Option<WitnessKeeper>,
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
        let mut writer = Writer::load(connection, clock, chain, said, Arc::clone(&listeners))?;
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
        let (jobs, todo) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new().name("ledger".into()).spawn(move || {
            for job in todo {
                job(&mut writer);
            }
        });
        let thread = thread.map_err(LedgerError::Thread)?;
        let ledger = Self {
            jobs: Some(jobs),
            writer: Some(thread),
            reader: Mutex::new(reader),
            listeners,
            chain: Mutex::new(chain),
            found,
            ballast,
            loader,
            checker,
            keeper,
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

    /// Does one deed: all of it becomes durable before this returns, or nothing of it happened.
    pub fn write<T, F>(&self, deed: F) -> Result<T, LedgerError>
    where
        F: FnOnce(&LedgerTx<'_>) -> Result<T, LedgerError> + Send + 'static,
        T: Send + 'static,
    {
        self.transact(deed)
    }

    /// As [`Self::write`], for deeds that can be refused for reasons of their own; a refusal writes nothing.
    pub fn transact<T, E, F>(&self, deed: F) -> Result<T, E>
    where
        F: FnOnce(&LedgerTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<LedgerError> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |writer| {
            // Nobody waits any more when the caller's thread is gone; the deed stands all the same.
            drop(answer.send(writer.run(deed)));
        });
        let jobs = self.jobs.as_ref().ok_or(LedgerError::Stopped)?;
        jobs.send(job).map_err(|_| LedgerError::Stopped)?;
        answered.recv().map_err(|_| LedgerError::Stopped)?
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

    /// Calls `listener` on the ledger's thread after every commit that wrote an event. It must not wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }
}

impl Drop for Ledger {
    /// Finishes what was asked for, then closes.
    fn drop(&mut self) {
        drop(self.jobs.take());
        let own = std::thread::current().id();
        if let Some(writer) = self.writer.take().filter(|writer| writer.thread().id() != own) {
            drop(writer.join());
        }
        drop((self.keeper.take(), self.checker.take(), self.loader.take()));
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
