//! A till, open: the ledger, who it is, who is signed in, and what works beside it.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};

use serde_json::Value;
use shared::ids::{Entropy, PaymentId, SaleId, StaffId};
use shared::staff::StaffMember;
use shared::tender::CardProgress;
use shared::ticket::TicketId;
use shared::time::Clock;
use shared::venue::{Register, Venue};

use super::batch::BatchDesk;
use super::notices::Notices;
use super::refuse::{not_enrolled, storage};
use super::workers::Devices;
use crate::commands::types::Notice;
use crate::commands::{CommandError, ErrorCode, dispatch};
use crate::config::{Config, LedgerConfig};
use crate::identity::{self, Identity};
use crate::ledger::register::{OpenSession, StoredSession, find_open, find_open_session};
use crate::ledger::{Ledger, LedgerTx, View, Watch, catalog, enrolment, people};
use crate::outside;

/// The ledger's file in a data directory.
pub const DATABASE: &str = "till.db";
const LOCK: &str = "till.lock";

/// What a till takes from the world.
#[derive(Clone)]
pub struct Outside {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Where a till stands, as head office last described it.
#[derive(Debug)]
pub(super) struct Place {
    /// The venue.
    pub(super) venue: Venue,
    /// Its register.
    pub(super) register: Register,
}

/// Whether threads stand beside the till, or a test moves everything by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// As configured.
    On,
    /// None.
    Off,
}

/// The till.
pub struct Till {
    pub(super) dir: PathBuf,
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    ledger: Arc<Ledger>,
    identity: RwLock<Option<Arc<Identity>>>,
    operator: Mutex<Option<StaffId>>,
    /// The operator as last read, and how often people had changed by then: asked for before every command.
    pub(super) known_operator: Mutex<Option<(u64, StaffMember)>>,
    /// The place as last read, and how often the house had changed by then: every paper names it.
    known_place: Mutex<Option<(u64, Arc<Place>)>>,
    /// Held by whoever changes the counter, a session or a ticket: what they read stays so until they commit.
    turn: Mutex<()>,
    /// How often used tickets were shown in this run.
    pub(super) shown: Mutex<HashMap<TicketId, u32>>,
    /// Held while a PIN is looked at, so that five at once are not five first tries.
    pub(super) pin_turn: Mutex<()>,
    /// Until when, in this run's milliseconds, a person's PIN is not looked at.
    pub(super) locks: Mutex<HashMap<StaffId, u64>>,
    /// How many of what the till's own scanner reads next; once.
    pub(super) times: Mutex<Option<u16>>,
    /// What the terminal waits for, finer than the ledger tells.
    pub(super) progress: Mutex<HashMap<PaymentId, CardProgress>>,
    /// Counts up whenever a card payment moves.
    pub(super) card_moves: (Mutex<u64>, Condvar),
    /// The id the next sale takes once it has a line.
    pub(super) next_sale: Mutex<Option<SaleId>>,
    /// Held while the terminal's batch is being closed.
    pub(super) closing: Mutex<()>,
    /// Answers for the terminal's batch in place of the thread that owns its port.
    pub(super) desk: Mutex<Option<Arc<dyn BatchDesk>>>,
    pub(super) notices: Notices,
    pub(super) devices: Mutex<Devices>,
    workers: Workers,
    /// Itself, for the threads beside it.
    pub(super) me: OnceLock<Weak<Till>>,
    /// Held until the till is dropped: one process per data directory.
    _lock: File,
}

impl Till {
    /// Opens the till in a data directory, with everything `till.toml` names beside it.
    ///
    /// Errors: `ledger_in_use`, `ledger_newer`, `ledger_corrupt`, `config_invalid`.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Arc<Self>, CommandError> {
        Self::open_with(dir, Outside { clock, entropy }, Workers::On)
    }

    /// As [`Self::open`]; without workers nothing happens that a test does not do.
    pub fn open_with(dir: &Path, outside: Outside, workers: Workers) -> Result<Arc<Self>, CommandError> {
        std::fs::create_dir_all(dir).map_err(|error| storage(&error))?;
        let lock = lock_directory(dir)?;
        let config = Config::load(dir)?;
        let Outside { clock, entropy } = outside;
        let watch = watch(&config, workers);
        let ledger = Ledger::open_watched(&dir.join(DATABASE), Arc::clone(&clock), &*entropy, &watch)?;
        let identity = load_identity(dir, &ledger, &*entropy)?;
        let up_ms = clock.up_ms();
        let locks = ledger.read(people::list_locks_left)?;
        let locks = locks.into_iter().map(|(staff_id, left_ms)| (staff_id, up_ms.saturating_add(left_ms))).collect();
        let till = Arc::new(Self {
            dir: dir.to_owned(),
            config,
            clock,
            entropy,
            ledger: Arc::new(ledger),
            identity: RwLock::new(identity.map(Arc::new)),
            operator: Mutex::new(None),
            known_operator: Mutex::new(None),
            known_place: Mutex::new(None),
            turn: Mutex::new(()),
            shown: Mutex::default(),
            times: Mutex::default(),
            pin_turn: Mutex::new(()),
            locks: Mutex::new(locks),
            progress: Mutex::default(),
            card_moves: (Mutex::new(0), Condvar::new()),
            next_sale: Mutex::new(None),
            closing: Mutex::new(()),
            desk: Mutex::new(None),
            notices: Notices::default(),
            devices: Mutex::default(),
            workers,
            me: OnceLock::new(),
            _lock: lock,
        });
        till.recover()?;
        if workers == Workers::On {
            till.start_workers();
        }
        till.ask_about_doubts()?;
        Ok(till)
    }

    /// Does a command. The only entry, for the window and for `till run`. What changes anything is durable before this
    /// returns.
    pub fn execute(&self, command: &str, args: Value) -> Result<Value, CommandError> {
        let again = args.clone();
        match dispatch::execute(self, command, args) {
            // The sale on the counter is to be finished also when the disk is full: its ballast makes room.
            Err(error) if error.code == ErrorCode::DiskFull => match (self.ledger.make_room(), command) {
                (true, "sale.complete") => dispatch::execute(self, command, again),
                _ => Err(error),
            },
            answer => answer,
        }
    }

    /// What the till tells unasked, from now on.
    pub fn subscribe(&self) -> Receiver<Notice> {
        self.notices.subscribe()
    }

    /// The ledger, for workers and tests.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The clock it reads.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Whether threads stand beside it.
    pub(super) fn has_workers(&self) -> bool {
        self.workers == Workers::On
    }

    /// Who this till is.
    ///
    /// Errors: `device_not_enrolled`.
    pub fn identity(&self) -> Result<Arc<Identity>, CommandError> {
        self.find_identity().ok_or_else(not_enrolled)
    }

    pub(super) fn find_identity(&self) -> Option<Arc<Identity>> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(identity));
    }

    pub(super) fn operator_id(&self) -> Option<StaffId> {
        *lock(&self.operator)
    }

    pub(super) fn set_operator(&self, staff_id: Option<StaffId>) {
        *lock(&self.operator) = staff_id;
    }

    pub(super) fn take_turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }

    /// The venue, as head office last described it.
    pub(super) fn venue(&self) -> Result<Venue, CommandError> {
        self.ledger.read(|connection| self.venue_in(connection))
    }

    pub(super) fn venue_in(&self, ledger: &View) -> Result<Venue, CommandError> {
        let venue = catalog::find_venue(ledger, self.identity()?.enrolment.venue_id)?;
        venue.ok_or_else(|| super::refuse::internal("the venue is not known here"))
    }

    /// The register, as head office last described it.
    pub(super) fn register(&self) -> Result<Register, CommandError> {
        self.ledger.read(|connection| self.register_in(connection))
    }

    pub(super) fn register_in(&self, ledger: &View) -> Result<Register, CommandError> {
        let register = catalog::find_register(ledger, self.identity()?.enrolment.register_id)?;
        register.ok_or_else(|| super::refuse::internal("the register is not known here"))
    }

    /// Venue and register, in a deed. Kept in mind: neither changes in a night, and each is a document to read.
    pub(super) fn place_in(&self, tx: &LedgerTx<'_>) -> Result<Arc<Place>, CommandError> {
        let changes = self.ledger.house_changes();
        let known =
            lock(&self.known_place).as_ref().filter(|(at, _)| *at == changes).map(|(_, place)| Arc::clone(place));
        if let Some(place) = known {
            return Ok(place);
        }
        let ledger = tx.connection();
        let place = Arc::new(Place { venue: self.venue_in(ledger)?, register: self.register_in(ledger)? });
        *lock(&self.known_place) = Some((changes, Arc::clone(&place)));
        Ok(place)
    }

    /// The open session, as far as a sale has to know it.
    ///
    /// Errors: `session_not_open`.
    pub(super) fn open_session_in(&self, ledger: &View) -> Result<OpenSession, CommandError> {
        find_open(ledger, self.identity()?.enrolment.register_id)?.ok_or_else(not_open)
    }

    /// The open session, if the drawer is open.
    pub(super) fn find_session(&self) -> Result<Option<StoredSession>, CommandError> {
        self.ledger.read(|connection| self.find_session_in(connection))
    }

    pub(super) fn find_session_in(&self, ledger: &View) -> Result<Option<StoredSession>, CommandError> {
        Ok(find_open_session(ledger, self.identity()?.enrolment.register_id)?)
    }

    /// The open session.
    ///
    /// Errors: `session_not_open`.
    pub(super) fn session(&self) -> Result<StoredSession, CommandError> {
        self.ledger.read(|connection| self.session_in(connection))
    }

    pub(super) fn session_in(&self, ledger: &View) -> Result<StoredSession, CommandError> {
        self.find_session_in(ledger)?.ok_or_else(not_open)
    }
}

fn not_open() -> CommandError {
    CommandError::new(ErrorCode::SessionNotOpen, "The drawer is not open. Open it with its float.")
}

impl Drop for Till {
    fn drop(&mut self) {
        self.abandon_workers();
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_directory(dir: &Path) -> Result<File, CommandError> {
    let file = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK));
    let file = file.map_err(|error| storage(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(CommandError::new(ErrorCode::LedgerInUse, "Another till is already running on this data."))
        }
        Err(TryLockError::Error(error)) => Err(storage(&error)),
    }
}

/// Without workers only what `till.toml` asks for by name.
fn watch(config: &Config, workers: Workers) -> Watch {
    let LedgerConfig { witness, ballast_mb } = &config.ledger;
    let is_kept = workers == Workers::On;
    let usual = || is_kept.then(outside::state_dir).flatten();
    Watch { witness: witness.clone().or_else(usual), ballast_bytes: u64::from(*ballast_mb) * 1_000_000, is_kept }
}

fn load_identity(dir: &Path, ledger: &Ledger, entropy: &dyn Entropy) -> Result<Option<Identity>, CommandError> {
    let Some(enrolment) = ledger.read(enrolment::load)? else { return Ok(None) };
    let key = identity::load_or_make_key(dir, entropy).map_err(|error| storage(&error))?;
    let pin_pepper = identity::load_pepper(dir).map_err(|error| storage(&error))?.unwrap_or_default();
    Ok(Some(Identity { enrolment, key, pin_pepper }))
}
