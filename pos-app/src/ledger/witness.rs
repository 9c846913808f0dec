//! The witness: a small file outside the data directory that says how far the ledger had come. A database that was put back
//! from a copy knows less than its witness, and so does not take itself for the newest.
//!
//! A thread of its own writes it after commits, at most once a second. No deed ever waits for it; losing it costs one
//! way of finding out, never an event.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use shared::event::{ChainHead, Hash, WitnessState};
use shared::ids::{ChainId, DeviceId};

use super::{LedgerError, column, enrolment, event};

/// At most one file a second: more would only wear the disk.
const PAUSE: Duration = Duration::from_secs(1);

/// What the file says. Unknown fields are ignored, so an older program reads a newer one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessRecord {
    /// Whose ledger.
    pub device: DeviceId,
    /// The chain written last.
    pub chain: ChainId,
    /// Its last number.
    pub seq: u64,
    /// The hash there.
    pub hash: Hash,
    /// The highest receipt number given out.
    #[serde(default)]
    pub receipt_no: u64,
    /// The highest ticket serial given out.
    #[serde(default)]
    pub ticket_serial: u32,
}

/// The witness file of a device.
pub fn path_in(dir: &Path, device: DeviceId) -> PathBuf {
    dir.join(format!("witness-{device}.json"))
}

/// What a file says; `None` where there is none.
///
/// Errors: of kind `InvalidData` for a file that is no witness.
pub fn read(path: &Path) -> std::io::Result<Option<WitnessRecord>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes it whole under another name first, and durably: half a witness is none.
fn write(path: &Path, record: &WitnessRecord) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let partial = path.with_extension("partial");
    let mut file = std::fs::File::create(&partial)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    #[cfg(unix)]
    std::fs::File::open(dir)?.sync_all()?;
    Ok(())
}

/// Holds a witness against the database.
pub fn compare(ledger: &Connection, record: &WitnessRecord) -> Result<WitnessState, LedgerError> {
    let WitnessRecord { chain, seq, hash, .. } = *record;
    let Some(stored) = event::find_chain(ledger, chain)? else {
        return Ok(WitnessState::Ahead { chain, seq, hash });
    };
    if stored.head.seq < seq {
        return Ok(WitnessState::Ahead { chain, seq, hash });
    }
    // What was let go of cannot differ any more.
    let ours = event::find_hash(ledger, stored.chain_no, seq)?;
    let differs = ours.is_some_and(|ours| ours != hash);
    Ok(if differs { WitnessState::Differs { chain, seq, hash } } else { WitnessState::Agrees })
}

/// What the witness of this ledger's till says, and the record behind it. `None` before the till is enrolled.
pub(super) fn look(
    ledger: &Connection,
    dir: &Path,
) -> Result<Option<(WitnessState, Option<WitnessRecord>)>, LedgerError> {
    let Some(enrolment) = enrolment::load(ledger)? else { return Ok(None) };
    Ok(Some(match read(&path_in(dir, enrolment.device_id)) {
        Ok(None) => (WitnessState::Absent, None),
        Ok(Some(record)) if record.device != enrolment.device_id => (WitnessState::Unreadable, None),
        Ok(Some(record)) => (compare(ledger, &record)?, Some(record)),
        Err(error) => {
            tracing::warn!(%error, "the witness cannot be read");
            (WitnessState::Unreadable, None)
        }
    }))
}

/// Where the ledger stands, as its witness will say; `None` while it holds nothing.
pub fn load(ledger: &Connection) -> Result<Option<WitnessRecord>, LedgerError> {
    let moment = ledger.unchecked_transaction()?;
    let Some(enrolment) = enrolment::load(&moment)? else { return Ok(None) };
    let Some(ChainHead { chain, seq, hash }) = event::find_last_own(&moment)? else { return Ok(None) };
    let receipt_no = "SELECT coalesce(max(receipt_no), 0) FROM sale WHERE register_id = ?1";
    let receipt_no = moment
        .prepare_cached(receipt_no)?
        .query_row(params![enrolment.register_id.as_bytes()], |row| column::count(row, 0))?;
    let serial = "SELECT serial FROM ticket ORDER BY ticket_no DESC LIMIT 1";
    let ticket_serial = moment.prepare_cached(serial)?.query_row([], |row| row.get(0)).optional()?.unwrap_or(0);
    Ok(Some(WitnessRecord { device: enrolment.device_id, chain, seq, hash, receipt_no, ticket_serial }))
}

#[derive(Default)]
struct Wanted {
    is_stale: bool,
    is_over: bool,
}

type Desk = Arc<(Mutex<Wanted>, Condvar)>;

/// Keeps the witness up to date. Dropped, it writes once more and stops.
pub(super) struct WitnessKeeper {
    desk: Desk,
    thread: Option<JoinHandle<()>>,
}

impl WitnessKeeper {
    /// Starts with a connection of its own, so that it waits for nobody and nobody for it.
    ///
    /// Only here the directory is made: one that was taken away while the till ran is not to come back by its last word.
    pub(super) fn spawn(reader: Connection, dir: PathBuf) -> Result<Self, LedgerError> {
        if let Err(error) = std::fs::create_dir_all(&dir) {
            tracing::warn!(%error, "there is no place for the witness");
        }
        let desk = Desk::default();
        let own = Arc::clone(&desk);
        let thread = std::thread::Builder::new().name("witness".into()).spawn(move || keep(&own, &reader, &dir));
        Ok(Self { desk, thread: Some(thread.map_err(LedgerError::Thread)?) })
    }

    /// What to call after a commit: it only leaves word.
    pub(super) fn bell(&self) -> impl Fn() + Send + Sync + 'static {
        let desk = Arc::clone(&self.desk);
        move || {
            lock(&desk.0).is_stale = true;
            desk.1.notify_one();
        }
    }
}

impl Drop for WitnessKeeper {
    fn drop(&mut self) {
        lock(&self.desk.0).is_over = true;
        self.desk.1.notify_one();
        let own = std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != own) {
            drop(thread.join());
        }
    }
}

fn keep((wanted, word): &(Mutex<Wanted>, Condvar), reader: &Connection, dir: &Path) {
    let mut last = None;
    let mut at = lock(wanted);
    loop {
        at = word.wait_while(at, |wanted| !wanted.is_stale && !wanted.is_over).unwrap_or_else(PoisonError::into_inner);
        let is_over = at.is_over;
        if std::mem::take(&mut at.is_stale) {
            drop(at);
            if let Err(error) = note(reader, dir, &mut last) {
                tracing::warn!(%error, "the witness could not be written");
            }
            at = lock(wanted);
        }
        if is_over {
            return;
        }
        let (woken, _) =
            word.wait_timeout_while(at, PAUSE, |wanted| !wanted.is_over).unwrap_or_else(PoisonError::into_inner);
        at = woken;
    }
}

fn note(reader: &Connection, dir: &Path, last: &mut Option<WitnessRecord>) -> Result<(), LedgerError> {
    let Some(record) = load(reader)? else { return Ok(()) };
    if last.as_ref() != Some(&record) {
        write(&path_in(dir, record.device), &record).map_err(LedgerError::Beside)?;
        *last = Some(record);
    }
    Ok(())
}

fn lock(wanted: &Mutex<Wanted>) -> MutexGuard<'_, Wanted> {
    wanted.lock().unwrap_or_else(PoisonError::into_inner)
}
