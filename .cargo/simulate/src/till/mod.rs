//! A till: its disk, which survives, and its process, which does not.

pub mod disk;
pub mod night;
pub mod ticket;

use shared::event::{Origin, SealedEvent};
use shared::ids::{ChainId, RegisterId, StaffId};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::exchange::{Exchange, Settings};
use shared::sync::stream::Cursor;
use std::rc::Rc;

use disk::Disk;

/// How often a till asks when nothing happens, milliseconds.
pub const INTERVAL_MS: u64 = 60 * 1000;

/// What is lost when the power fails.
#[derive(Debug)]
pub struct Process {
    /// Sync.
    pub exchange: Exchange,
    /// The chain this process writes.
    pub chain: ChainId,
    /// Which wish to be woken counts.
    pub wake: u64,
    /// The request whose answer is awaited.
    pub waiting: Option<u64>,
    /// A chain it was told is forked, and must not write on.
    pub forked: Option<ChainId>,
    /// When it started, true time.
    pub started: i64,
    /// The hybrid clock, where a bug keeps it in memory.
    pub hlc: shared::time::Hlc,
}

/// A machine.
#[derive(Debug)]
pub struct Till {
    /// Which company's.
    pub company: usize,
    /// As its events name it.
    pub origin: Origin,
    /// Its key.
    pub key: SigningKey,
    /// Its drawer.
    pub register: RegisterId,
    /// Who sells.
    pub staff: Vec<StaffId>,
    /// What survives.
    pub disk: Disk,
    /// What was synced to the platters last; a bug's.
    pub synced: Option<Disk>,
    /// What runs.
    pub process: Option<Process>,
    /// Backups of the disk, oldest first.
    pub backups: Vec<Disk>,
    /// Its wall clock less the true time, milliseconds.
    pub skew: i64,
    /// Cut off until then.
    pub cut_until: i64,
    /// Its disk takes nothing until then.
    pub full_until: i64,
    /// Sales still to come tonight.
    pub acts_left: u32,
    /// The machine it is a copy of, or that is a copy of it.
    pub twin: Option<usize>,
    /// Head office withdrew its device.
    pub is_revoked: bool,
    /// Its program writes facts the first server does not know.
    pub is_new: bool,
    /// The latest hybrid time its disk ever held.
    pub latest_hlc: u64,
    /// Events whose commit its cashier was told of.
    pub told: Vec<Rc<SealedEvent>>,
    /// Cursors as checked, by stream.
    pub checked: Vec<(shared::sync::stream::StreamName, Cursor)>,
}

impl Till {
    /// A new exchange for it.
    pub fn exchange(&self, tenant_key: &SigningKey) -> Exchange {
        Exchange::new(Settings {
            origin: self.origin,
            key: self.key.clone(),
            tenant_key: PublicKey::of(tenant_key),
            app_version: "simulated".to_owned(),
            interval_ms: INTERVAL_MS,
        })
    }
}
