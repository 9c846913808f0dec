//! Is this database what it was? Looked at before anything is written to it: as much as a start has time for at once, the
//! rest beside the work.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, InterruptHandle};
use shared::event::Hash;

use super::{Ledger, LedgerError, column};

/// What a start spends on looking through the pages; a till is to sell 1.5 s after it is switched on.
pub const BUDGET: Duration = Duration::from_millis(300);
/// Events whose hashes a start recomputes: what was written last is what a power cut can have touched.
const NEWEST: u32 = 512;
/// The rest is looked through once the rush of a start is over.
const REST: Duration = Duration::from_secs(20);

/// How far the ledger was looked through in this run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Soundness {
    /// The newest events and as many pages as there was time for; the rest is under way.
    #[default]
    Checking,
    /// All of it.
    Sound,
    /// Something is not what was written.
    Damaged(String),
}

/// Looks at a database that is there: pages within `budget`, then the newest events' hashes. Changes nothing.
///
/// Errors: [`LedgerError::Corrupt`], [`LedgerError::Newer`].
pub fn check(path: &Path, budget: Duration) -> Result<Soundness, LedgerError> {
    if std::fs::metadata(path).map_or(true, |found| found.len() == 0) {
        return Ok(Soundness::Sound);
    }
    let reader = Ledger::open_reader(path)?;
    if super::schema::check_known(&reader)? == 0 {
        return Ok(Soundness::Sound);
    }
    let found = within(budget, &reader, |reader| look_through(reader, "quick_check"))?;
    check_newest(&reader, NEWEST)?;
    match found {
        None => Ok(Soundness::Checking),
        Some(None) => Ok(Soundness::Sound),
        Some(Some(fault)) => Err(LedgerError::Corrupt(fault)),
    }
}

/// `Some(fault)` for the first thing that is wrong.
fn look_through(reader: &Connection, how: &str) -> Result<Option<String>, LedgerError> {
    let said: String = reader.query_row(&format!("PRAGMA {how}(1)"), [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

/// `None` when time ran out.
fn within<T>(
    budget: Duration,
    reader: &Connection,
    look: impl FnOnce(&Connection) -> Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    let handle = reader.get_interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    let timer = std::thread::Builder::new().name("ledger-timer".into()).spawn(move || {
        if waiting.recv_timeout(budget) == Err(RecvTimeoutError::Timeout) {
            handle.interrupt();
        }
    });
    let timer = timer.map_err(LedgerError::Thread)?;
    let found = look(reader);
    drop(done);
    drop(timer.join());
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_interrupted(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_interrupted(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
}

/// Recomputes the hashes of the newest events, and that each names the one before it.
fn check_newest(reader: &Connection, count: u32) -> Result<(), LedgerError> {
    let mut newest = reader.prepare(
        "SELECT e.chain_no, e.seq, e.hash, e.line,
                (SELECT hash FROM event b WHERE b.chain_no = e.chain_no AND b.seq = e.seq - 1)
         FROM event e ORDER BY e.event_no DESC LIMIT ?1",
    )?;
    let mut rows = newest.query([count])?;
    while let Some(row) = rows.next()? {
        let (chain_no, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let line = row.get_ref(3)?.as_str().map_err(|error| LedgerError::Corrupt(error.to_string()))?;
        let wrong = |what: &str| LedgerError::Corrupt(format!("chain no. {chain_no}: event {seq} {what}"));
        if Hash::of_event(line) != column::hash(row, 2)? {
            return Err(wrong("was changed: its hash is another"));
        }
        let before = row.get::<_, Option<[u8; 32]>>(4)?.map(Hash::from_bytes);
        if before.is_some_and(|before| !line.contains(&format!(r#""prev":"{before}""#))) {
            return Err(wrong("does not follow the one before"));
        }
    }
    Ok(())
}

/// Looks through the rest on a thread of its own. Dropped, it stops.
pub(super) struct Checker {
    found: Arc<Mutex<Soundness>>,
    stop: Option<mpsc::Sender<()>>,
    handle: InterruptHandle,
    thread: Option<JoinHandle<()>>,
}

impl Checker {
    /// Starts once the till has started.
    pub(super) fn spawn(reader: Connection) -> Result<Self, LedgerError> {
        let found = Arc::new(Mutex::new(Soundness::Checking));
        let (stop, stopped) = mpsc::channel();
        let handle = reader.get_interrupt_handle();
        let tell = Arc::clone(&found);
        let work = move || {
            if stopped.recv_timeout(REST) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let seen = match look_through(&reader, "integrity_check") {
                Ok(None) => Soundness::Sound,
                Ok(Some(fault)) | Err(LedgerError::Corrupt(fault)) => Soundness::Damaged(fault),
                Err(_) => return,
            };
            if let Soundness::Damaged(fault) = &seen {
                tracing::error!(fault, "the till's database is damaged");
            }
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        };
        let thread = std::thread::Builder::new().name("ledger-check".into()).spawn(work);
        Ok(Self { found, stop: Some(stop), handle, thread: Some(thread.map_err(LedgerError::Thread)?) })
    }

    pub(super) fn found(&self) -> Soundness {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.handle.interrupt();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
