//! What is written down. One thread owns the only connection that writes; a deed is one transaction: its event, every
//! row that follows from it, the chain's new head. Readers never wait for it.
//!
//! `event` is the truth. Everything [`project`] writes can be made again from it, and `verify` does.

pub mod card;
pub mod catalog;
pub mod column;
pub mod counter;
pub mod enrolment;
mod error;
pub mod event;
pub mod outbox;
pub mod people;
pub mod print_job;
pub mod project;
pub mod register;
pub mod sale;
pub mod schema;
pub mod stream;
pub mod ticket;
mod tx;
pub mod verify;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};
use shared::ids::{ChainId, Entropy};
use shared::time::Clock;

pub use error::LedgerError;
pub use tx::LedgerTx;
use tx::Writer;

/// What readers look at; only this room knows what it is.
pub type View = Connection;

type Job = Box<dyn FnOnce(&mut Writer) + Send>;
type Listener = Box<dyn Fn() + Send + Sync>;

/// The till's database, open.
pub struct Ledger {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    reader: Mutex<Connection>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    chain: ChainId,
}

impl Ledger {
    /// Opens a ledger, made or brought up to date if need be.
    ///
    /// Errors: [`LedgerError::Newer`] when a newer program wrote it; [`LedgerError::Corrupt`].
    pub fn open(path: &Path, clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Result<Self, LedgerError> {
        let mut connection = Connection::open(path)?;
        schema::set_up(&connection)?;
        schema::migrate(&mut connection)?;
        let listeners = Arc::new(RwLock::new(Vec::<Listener>::new()));
        let chain = ChainId::new(clock.now(), entropy);
        let mut writer = Writer::load(connection, clock, chain, Arc::clone(&listeners))?;
        let reader = Self::open_reader(path)?;
        let (jobs, todo) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new().name("ledger".into()).spawn(move || {
            for job in todo {
                job(&mut writer);
            }
        });
        let thread = thread.map_err(LedgerError::Thread)?;
        Ok(Self { jobs: Some(jobs), writer: Some(thread), reader: Mutex::new(reader), listeners, chain })
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
        self.chain
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
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
