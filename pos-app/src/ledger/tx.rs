//! The one writer: transactions, and the chain that events are appended to.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use shared::event::{ChainHead, ChainStarted, Fact, Hash, Origin, ParentChain, SealedEvent, Seen, Stamp, WitnessState};
use shared::ids::{ChainId, RegisterId, SessionId, StaffId, VenueId};
use shared::merge::Marker;
use shared::staff::StaffMember;
use shared::time::{Clock, Hlc, Timestamp};
use shared::venue::{Register, Venue};

use super::{LedgerError, Listener, catalog, column, enrolment, event, project};
use crate::identity::Enrolment;

/// Where this run stands. A copy goes into each transaction and comes back only when it commits.
#[derive(Clone)]
struct Run {
    origin: Option<Origin>,
    certificate: Option<Hash>,
    chain_id: ChainId,
    chain: Option<OpenChain>,
    parent: Option<ParentChain>,
    hlc: Hlc,
    seen: Seen,
}

#[derive(Clone, Copy)]
struct OpenChain {
    chain_no: i64,
    head: ChainHead,
}

/// Whoever holds it writes.
pub(super) struct Writer {
    connection: Connection,
    run: Run,
    clock: Arc<dyn Clock>,
    witness: Option<WitnessState>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    house_changes: Arc<AtomicU64>,
    /// As the connection is set.
    durable: Durable,
}

/// When a deed is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durable {
    /// Once it is done.
    AtOnce,
    /// With the next one that is so at once: the disk gets them in the order in which they were done.
    WithTheNext,
}

impl Writer {
    pub(super) fn load(
        connection: Connection,
        clock: Arc<dyn Clock>,
        chain_id: ChainId,
        witness: Option<WitnessState>,
        listeners: Arc<RwLock<Vec<Listener>>>,
        house_changes: Arc<AtomicU64>,
    ) -> Result<Self, LedgerError> {
        let enrolment = enrolment::load(&connection)?;
        let origin = enrolment.as_ref().map(Enrolment::origin);
        let certificate = enrolment.map(|enrolment| Hash::of_certificate(&enrolment.certificate.body));
        let parent = event::find_last_own(&connection)?;
        let parent = parent.map(|ChainHead { chain, seq, hash }| ParentChain { chain, seq, hash });
        let bits = connection.query_row("SELECT coalesce(max(hlc), 0) FROM chain", [], |row| column::count(row, 0))?;
        let seen = connection.query_row("SELECT catalog_seq, venue_seq FROM seen", [], |row| {
            Ok(Seen(column::count(row, 0)?, column::count(row, 1)?))
        })?;
        let run = Run { origin, certificate, chain_id, chain: None, parent, hlc: Hlc::from_bits(bits), seen };
        Ok(Self { connection, run, clock, witness, listeners, house_changes, durable: Durable::AtOnce })
    }

    /// A deed whose setting cannot be made sure of is not begun.
    fn set_durable(&mut self, durable: Durable) -> Result<(), LedgerError> {
        if self.durable != durable {
            let (name, number) = match durable {
                Durable::AtOnce => ("FULL", 2),
                Durable::WithTheNext => ("NORMAL", 1),
            };
            self.connection.pragma_update(None, "synchronous", name)?;
            let set: i64 = self.connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
            if set != number {
                return Err(LedgerError::BrokenOff);
            }
            self.durable = durable;
        }
        Ok(())
    }

    pub(super) fn run<T, E: From<LedgerError>>(
        &mut self,
        durable: Durable,
        deed: impl FnOnce(&LedgerTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.set_durable(durable)?;
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = LedgerTx {
            tx: tx.map_err(LedgerError::from)?,
            run: RefCell::new(self.run.clone()),
            appended: Cell::new(0),
            has_changed_house: Cell::new(false),
            clock: &*self.clock,
            witness: self.witness,
        };
        // A deed that panics is a bug of ours; the till must go on selling after it.
        let value = catch_unwind(AssertUnwindSafe(|| deed(&tx))).map_err(|_| LedgerError::BrokenOff)??;
        let LedgerTx { tx, run, appended, has_changed_house, .. } = tx;
        tx.commit().map_err(LedgerError::from)?;
        self.run = run.into_inner();
        if has_changed_house.get() {
            self.house_changes.fetch_add(1, Ordering::Release);
        }
        if appended.get() > 0 {
            for listener in self.listeners.read().unwrap_or_else(PoisonError::into_inner).iter() {
                listener();
            }
        }
        Ok(value)
    }
}

/// In whose name something is written down; nobody's is what the till does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Who did it.
    pub actor: Option<StaffId>,
    /// Who allowed it.
    pub approver: Option<StaffId>,
}

impl From<Option<StaffId>> for By {
    fn from(actor: Option<StaffId>) -> Self {
        Self { actor, approver: None }
    }
}

/// A deed in the making. Dropped without commit, it never happened.
pub struct LedgerTx<'a> {
    tx: Transaction<'a>,
    run: RefCell<Run>,
    appended: Cell<u64>,
    has_changed_house: Cell<bool>,
    clock: &'a dyn Clock,
    witness: Option<WitnessState>,
}

impl LedgerTx<'_> {
    /// The connection, for the queries of the ledger's rooms.
    pub fn connection(&self) -> &Connection {
        &self.tx
    }

    /// Writes a fact down as the next event of this run's chain, with everything that follows from it. The first event
    /// of a run begins its chain with `chain.started`, so a run that writes nothing leaves nothing.
    ///
    /// Errors: [`LedgerError::NotEnrolled`].
    pub fn append(
        &self,
        fact: &Fact,
        by: impl Into<By>,
        session: Option<SessionId>,
    ) -> Result<SealedEvent, LedgerError> {
        let mut run = self.run.borrow_mut();
        let origin = run.origin.ok_or(LedgerError::NotEnrolled)?;
        let chain = match run.chain {
            Some(chain) => chain,
            None => self.start_chain(&mut run, origin)?,
        };
        self.append_to(&mut run, origin, chain, fact, (by.into(), session))
    }

    fn start_chain(&self, run: &mut Run, origin: Origin) -> Result<OpenChain, LedgerError> {
        let head = ChainHead::start(run.chain_id, run.parent.map(|parent| parent.hash));
        let up_ms = self.clock.up_ms().cast_signed();
        self.tx
            .prepare_cached(
                "INSERT INTO chain (chain_id, before_hash, head_seq, head_hash, hlc, first_up_ms, last_up_ms)
                 VALUES (?1, ?2, 0, ?2, ?3, ?4, ?4)",
            )?
            .execute(params![head.chain.as_bytes(), head.hash.as_bytes(), run.hlc.bits().cast_signed(), up_ms])?;
        let chain = OpenChain { chain_no: self.tx.last_insert_rowid(), head };
        let started = ChainStarted {
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            parent: run.parent,
            certificate: run.certificate,
            sqlite_version: Some(rusqlite::version().to_owned()),
            witness: self.witness,
        };
        self.append_to(run, origin, chain, &Fact::ChainStarted(started), (By::default(), None))?;
        Ok(run.chain.unwrap_or(chain))
    }

    fn append_to(
        &self,
        run: &mut Run,
        origin: Origin,
        chain: OpenChain,
        fact: &Fact,
        (by, session): (By, Option<SessionId>),
    ) -> Result<SealedEvent, LedgerError> {
        let hlc = run.hlc.tick(self.clock.now());
        let By { actor, approver } = by;
        let stamp = Stamp { hlc, up_ms: self.clock.up_ms(), actor, approver, session, seen: run.seen };
        let sealed = chain.head.seal(&origin, &stamp, fact);
        let (seq, hash) = (sealed.seq.cast_signed(), sealed.hash.as_bytes());
        self.tx
            .prepare_cached("INSERT INTO event (chain_no, seq, hash, line) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![chain.chain_no, seq, hash, sealed.line])?;
        let event_no = self.tx.last_insert_rowid();
        self.tx
            .prepare_cached(
                "UPDATE chain SET head_seq = ?2, head_hash = ?3, hlc = ?4, last_up_ms = ?5 WHERE chain_no = ?1",
            )?
            .execute(params![chain.chain_no, seq, hash, hlc.bits().cast_signed(), stamp.up_ms.cast_signed()])?;
        let place = project::Place { event_no, chain_no: chain.chain_no };
        let marker = Marker { hlc, chain: sealed.chain, seq: sealed.seq };
        project::project(&self.tx, place, marker, &stamp, fact)?;
        run.hlc = hlc;
        run.chain = Some(OpenChain { head: sealed.head(), ..chain });
        self.appended.set(self.appended.get() + 1);
        Ok(sealed)
    }

    /// Sets a person.
    pub fn put_staff(&self, staff: &StaffMember) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::put_staff(&self.tx, staff)
    }

    /// Removes a person.
    pub fn delete_staff(&self, staff_id: StaffId) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::delete_staff(&self.tx, staff_id)
    }

    /// Sets a venue.
    pub fn put_venue(&self, venue: &Venue) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::put_venue(&self.tx, venue)
    }

    /// Removes a venue.
    pub fn delete_venue(&self, venue_id: VenueId) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::delete_venue(&self.tx, venue_id)
    }

    /// Sets a register.
    pub fn put_register(&self, register: &Register) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::put_register(&self.tx, register)
    }

    /// Removes a register.
    pub fn delete_register(&self, register_id: RegisterId) -> Result<(), LedgerError> {
        self.has_changed_house.set(true);
        catalog::delete_register(&self.tx, register_id)
    }

    /// Keeps what head office said; events can be written from here on.
    pub fn save_enrolment(&self, enrolment: &Enrolment) -> Result<(), LedgerError> {
        enrolment::save(&self.tx, enrolment)?;
        let mut run = self.run.borrow_mut();
        run.origin = Some(enrolment.origin());
        run.certificate = Some(Hash::of_certificate(&enrolment.certificate.body));
        Ok(())
    }

    /// Ends this run's chain where it is; what is written next begins `chain`, which names this one as its parent. For a
    /// chain whose numbers another till holds with other events.
    pub fn start_new_chain(&self, chain: ChainId) {
        let mut run = self.run.borrow_mut();
        if let Some(OpenChain { head: ChainHead { chain, seq, hash }, .. }) = run.chain.take() {
            run.parent = Some(ParentChain { chain, seq, hash });
        }
        run.chain_id = chain;
    }

    /// Takes in the time of an event this till wrote and forgot, unless it is absurd.
    pub(super) fn observe(&self, heard: Hlc) {
        let mut run = self.run.borrow_mut();
        run.hlc = run.hlc.observe(heard, self.clock.now());
    }

    /// The chain this run writes, or will write.
    pub fn chain(&self) -> ChainId {
        self.run.borrow().chain_id
    }

    /// The ledger's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far the server's streams are applied; events written from here on say so.
    pub fn set_seen(&self, seen: Seen) -> Result<(), LedgerError> {
        self.tx
            .prepare_cached("UPDATE seen SET catalog_seq = ?1, venue_seq = ?2")?
            .execute(params![seen.0.cast_signed(), seen.1.cast_signed()])?;
        self.run.borrow_mut().seen = seen;
        Ok(())
    }

    /// How far the server's streams are applied.
    pub fn seen(&self) -> Seen {
        self.run.borrow().seen
    }

    /// Hash before the first event of the chain this run would start. For tests of continuity.
    pub fn parent(&self) -> Option<Hash> {
        self.run.borrow().parent.map(|parent| parent.hash)
    }
}
