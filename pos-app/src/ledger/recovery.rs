//! What was lost here and known elsewhere: after a database was put back from a copy, head office gives this till its own
//! events back. They become events of their chains again, byte for byte, with every row that follows from them.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use shared::event::{ChainHead, Event, Fact, Hash, Read, SealedEvent, WitnessState};
use shared::ids::ChainId;
use shared::time::Timestamp;

use super::project::{Place, project_read};
use super::witness::WitnessRecord;
use super::{LedgerError, LedgerTx, column, event};

/// Who told of a chain this database lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// The witness beside the database.
    Witness,
    /// Head office.
    Server,
}

/// A chain of this till that this database lacks, wholly or after some number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostChain {
    /// The furthest anybody told of it.
    pub known: ChainHead,
    /// Who told first.
    pub told_by: ToldBy,
    /// What the database held of it then.
    pub held_seq: u64,
    /// A copy of this till writes it: it is not ours to put back.
    pub is_copy: bool,
    /// When it was found out.
    pub found_at: Timestamp,
    /// Events that came back.
    pub put_back: u64,
    /// All there was to come back is back.
    pub settled_at: Option<Timestamp>,
}

impl LostChain {
    /// Events known to have existed that nobody could give back.
    pub fn gap(&self) -> u64 {
        if self.is_copy || self.settled_at.is_none() {
            return 0;
        }
        self.known.seq.saturating_sub(self.held_seq).saturating_sub(self.put_back)
    }
}

const SELECT: &str = "SELECT chain_id, known_seq, known_hash, told_by, held_seq, is_copy, found_at, put_back, settled_at FROM lost_chain";

fn read_row(row: &Row<'_>) -> rusqlite::Result<LostChain> {
    let chain = ChainId::from_uuid(column::uuid(row, 0)?);
    Ok(LostChain {
        known: ChainHead { chain, seq: column::count(row, 1)?, hash: column::hash(row, 2)? },
        told_by: if row.get_ref(3)?.as_str()? == "witness" { ToldBy::Witness } else { ToldBy::Server },
        held_seq: column::count(row, 4)?,
        is_copy: row.get(5)?,
        found_at: column::time(row, 6)?,
        put_back: column::count(row, 7)?,
        settled_at: column::time_or_null(row, 8)?,
    })
}

/// Every chain this database lacked, in the order it was found out.
pub fn list_lost(connection: &Connection) -> Result<Vec<LostChain>, LedgerError> {
    let mut lost = connection.prepare_cached(&format!("{SELECT} ORDER BY found_at, chain_id"))?;
    let rows = lost.query_map([], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One of them.
pub fn find_lost(connection: &Connection, chain: ChainId) -> Result<Option<LostChain>, LedgerError> {
    let mut lost = connection.prepare_cached(&format!("{SELECT} WHERE chain_id = ?1"))?;
    Ok(lost.query_row([chain.as_bytes()], read_row).optional()?)
}

/// At a start: what the witness knows and the database does not is written down before the witness moves on, and its
/// numbers are not given out again.
pub(super) fn heed_witness(
    connection: &Connection,
    state: WitnessState,
    record: Option<&WitnessRecord>,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let (WitnessState::Ahead { chain, seq, hash }, Some(record)) = (state, record) else { return Ok(()) };
    note_lost(connection, ChainHead { chain, seq, hash }, ToldBy::Witness, false, now)?;
    raise_floor(connection, record.receipt_no, record.ticket_serial)
}

fn raise_floor(connection: &Connection, receipt_no: u64, ticket_serial: u32) -> Result<(), LedgerError> {
    connection.execute(
        "UPDATE number_floor SET receipt_no = max(receipt_no, ?1), ticket_serial = max(ticket_serial, ?2)",
        params![receipt_no.cast_signed(), ticket_serial],
    )?;
    Ok(())
}

fn note_lost(
    connection: &Connection,
    known: ChainHead,
    told_by: ToldBy,
    is_copy: bool,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let held_seq = event::find_chain(connection, known.chain)?.map_or(0, |stored| stored.head.seq);
    let told_by = if told_by == ToldBy::Witness { "witness" } else { "server" };
    connection
        .prepare_cached(
            "INSERT INTO lost_chain (chain_id, told_by, known_seq, known_hash, held_seq, is_copy, found_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (chain_id) DO UPDATE SET
                known_hash = CASE WHEN excluded.known_seq > known_seq THEN excluded.known_hash ELSE known_hash END,
                settled_at = CASE WHEN excluded.known_seq > known_seq AND NOT excluded.is_copy THEN NULL ELSE settled_at END,
                known_seq = max(known_seq, excluded.known_seq)",
        )?
        .execute(params![
            known.chain.as_bytes(),
            told_by,
            known.seq.cast_signed(),
            known.hash.as_bytes(),
            held_seq.cast_signed(),
            is_copy,
            now.as_millis()
        ])?;
    Ok(())
}

impl LedgerTx<'_> {
    /// Notes a chain of this till that head office knows further than this database. One of a copy of this till is only
    /// noted: it is not ours.
    pub fn note_lost(&self, known: ChainHead, is_copy: bool, now: Timestamp) -> Result<(), LedgerError> {
        note_lost(self.connection(), known, ToldBy::Server, is_copy, now)
    }

    /// Head office has no more of it.
    pub fn settle_lost(&self, chain: ChainId, now: Timestamp) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("UPDATE lost_chain SET settled_at = ?2 WHERE chain_id = ?1")?
            .execute(params![chain.as_bytes(), now.as_millis()])?;
        Ok(())
    }

    /// Takes events of this till that head office gave back: puts them where they belong, or, when a copy of this till wrote
    /// them, notes them and leaves them there. `is_restored` says that this run knows its database to be an old one.
    ///
    /// Errors: [`LedgerError::NotOurs`].
    pub fn take_back(&self, before: ChainHead, events: &[SealedEvent], is_restored: bool) -> Result<(), LedgerError> {
        let Some(last) = events.last() else { return Ok(()) };
        let (chain, now) = (before.chain, self.now());
        let is_copy = match find_lost(self.connection(), chain)? {
            Some(known) => known.is_copy,
            None => !is_restored && self.is_of_a_copy(before, events)?,
        };
        self.note_lost(last.head(), is_copy, now)?;
        if is_copy { Ok(()) } else { self.put_back(before, events).map(drop) }
    }

    /// A chain nobody here began that goes on from where one of ours goes on, too: either the disk was copied, or it was
    /// put back from a copy made between two runs. Something else that was lost tells which.
    fn is_of_a_copy(&self, before: ChainHead, events: &[SealedEvent]) -> Result<bool, LedgerError> {
        let to = self.connection();
        if event::find_chain(to, before.chain)?.is_some() {
            return Ok(false);
        }
        let lost = list_lost(to)?;
        let first = events.first().and_then(|first| first.read().ok()).map(|first| first.fact);
        let Some(Read::Known(Fact::ChainStarted(started))) = first else { return Ok(true) };
        let Some(parent) = started.parent else { return Ok(true) };
        if let Some(of) = lost.iter().find(|lost| lost.known.chain == parent.chain) {
            // The copy's next run, or the next one of what was lost here.
            return Ok(of.is_copy);
        }
        Ok(match event::find_chain(to, parent.chain)? {
            Some(stored) => parent.seq <= stored.put_back_after.unwrap_or(stored.head.seq),
            None => true,
        } && !lost.iter().any(|lost| !lost.is_copy && lost.settled_at.is_none()))
    }

    /// Puts events of ours back that follow `before` in their chain.
    ///
    /// Errors: [`LedgerError::NotOurs`] when they do not follow what is here, or belong to the chain of this run: a chain
    /// that is being written has lost nothing.
    pub fn put_back(&self, before: ChainHead, events: &[SealedEvent]) -> Result<ChainHead, LedgerError> {
        let (chain, to) = (before.chain, self.connection());
        let read = read_all(before, events).filter(|_| chain != self.chain()).ok_or(LedgerError::NotOurs(chain))?;
        let stored = match event::find_chain(to, chain)? {
            Some(stored) => stored,
            None if before.seq == 0 => {
                to.prepare_cached(
                    "INSERT INTO chain (chain_id, before_hash, head_seq, head_hash, hlc, first_up_ms, last_up_ms,
                                        put_back_after)
                     VALUES (?1, ?2, 0, ?2, 0, 0, 0, 0)",
                )?
                .execute(params![chain.as_bytes(), before.hash.as_bytes()])?;
                event::find_chain(to, chain)?.ok_or(LedgerError::NotOurs(chain))?
            }
            None => return Err(LedgerError::NotOurs(chain)),
        };
        if stored.head != before {
            return Err(LedgerError::NotOurs(chain));
        }
        let (mut head, mut last) = (before, None);
        for (sealed, read) in events.iter().zip(read) {
            to.prepare_cached("INSERT INTO event (chain_no, seq, hash, line) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![stored.chain_no, sealed.seq.cast_signed(), sealed.hash.as_bytes(), sealed.line])?;
            let place = Place { event_no: to.last_insert_rowid(), chain_no: stored.chain_no };
            project_put_back(to, place, &read)?;
            (head, last) = (sealed.head(), Some(read.stamp));
        }
        let Some(last) = last else { return Ok(head) };
        self.observe(last.hlc);
        to.prepare_cached(
            "UPDATE chain SET head_seq = ?2, head_hash = ?3, hlc = max(hlc, ?4), last_up_ms = max(last_up_ms, ?5),
                put_back_after = coalesce(put_back_after, ?6) WHERE chain_no = ?1",
        )?
        .execute(params![
            stored.chain_no,
            head.seq.cast_signed(),
            head.hash.as_bytes(),
            last.hlc.bits().cast_signed(),
            last.up_ms.cast_signed(),
            before.seq.cast_signed()
        ])?;
        to.prepare_cached("UPDATE lost_chain SET put_back = put_back + ?2 WHERE chain_id = ?1")?
            .execute(params![chain.as_bytes(), (head.seq - before.seq).cast_signed()])?;
        raise_floor_over_all(to)?;
        Ok(head)
    }
}

/// Reads events that follow `before`, each the one before it; `None` when they do not.
fn read_all(before: ChainHead, events: &[SealedEvent]) -> Option<Vec<Event>> {
    let mut head = before;
    let mut read = Vec::with_capacity(events.len());
    for sealed in events {
        if (sealed.chain, sealed.seq, sealed.prev) != (head.chain, head.seq + 1, head.hash) {
            return None;
        }
        read.push(sealed.read().ok()?);
        head = sealed.head();
    }
    Some(read)
}

/// What came back last need not bear the highest number.
fn raise_floor_over_all(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute(
        "UPDATE number_floor SET ticket_serial = max(ticket_serial, coalesce((SELECT max(serial) FROM ticket), 0))",
        [],
    )?;
    Ok(())
}

/// As [`project_read`], for an event that came back: what has happened here since may leave no place for a row of it. The event
/// stands all the same, and the others go on.
pub(super) fn project_put_back(connection: &Connection, place: Place, event: &Event) -> Result<bool, LedgerError> {
    connection.execute_batch("SAVEPOINT put_back")?;
    let (fits, end) = match project_read(connection, place, event) {
        Ok(()) => (true, "RELEASE put_back"),
        Err(error) if has_no_place(&error) => {
            tracing::warn!(seq = event.seq, chain = %event.chain, %error, "an event that came back has no row of its own");
            (false, "ROLLBACK TO put_back; RELEASE put_back")
        }
        Err(error) => return Err(error),
    };
    connection.execute_batch(end)?;
    Ok(fits)
}

fn has_no_place(error: &LedgerError) -> bool {
    match error {
        LedgerError::Corrupt(_) => true,
        LedgerError::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
        _ => false,
    }
}

/// The hash at a place of a chain, as far as this database can tell: of an event, or of what was let go of.
pub fn find_hash_at(connection: &Connection, chain: ChainId, seq: u64) -> Result<Option<Hash>, LedgerError> {
    let Some(stored) = event::find_chain(connection, chain)? else { return Ok(None) };
    if seq == stored.pruned_seq {
        return Ok(Some(stored.pruned_hash));
    }
    event::find_hash(connection, stored.chain_no, seq)
}
