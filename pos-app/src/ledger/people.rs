//! Wrong PINs, and how much of a lock this till has lived through.

use rusqlite::{Connection, OptionalExtension, params};
use shared::event::OperatorRefused;
use shared::ids::StaffId;
use shared::staff::{PIN_LOCK_MS, PinGuard};

use super::project::Place;
use super::{LedgerError, column};

pub(super) fn clear_guard(connection: &Connection, staff_id: StaffId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM pin_guard WHERE staff_id = ?1")?.execute([staff_id.as_bytes()])?;
    Ok(())
}

pub(super) fn guard(
    connection: &Connection,
    place: Place,
    up_ms: u64,
    fact: &OperatorRefused,
) -> Result<(), LedgerError> {
    let lock = fact.locked_until.map(|until| (until.as_millis(), place.chain_no, up_ms.cast_signed()));
    let wrong = if lock.is_some() { 0 } else { fact.wrong };
    connection.prepare_cached("INSERT OR REPLACE INTO pin_guard VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        fact.staff_id.as_bytes(),
        wrong,
        lock.map(|lock| lock.0),
        lock.map(|lock| lock.1),
        lock.map(|lock| lock.2)
    ])?;
    Ok(())
}

/// A person's failures at this till.
pub fn find_guard(connection: &Connection, staff_id: StaffId) -> Result<PinGuard, LedgerError> {
    let mut guard = connection.prepare_cached("SELECT wrong, locked_until FROM pin_guard WHERE staff_id = ?1")?;
    let found = guard.query_row([staff_id.as_bytes()], |row| {
        Ok(PinGuard { wrong: row.get(0)?, locked_until: column::time_or_null(row, 1)? })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// Locks that this till has not lived through yet, with what is left of each, milliseconds. Only time between events of
/// one run counts: setting the clock forward or pulling the plug does not open a lock.
pub fn list_locks_left(connection: &Connection) -> Result<Vec<(StaffId, u64)>, LedgerError> {
    let mut locks = connection.prepare_cached(
        "SELECT staff_id,
                (SELECT last_up_ms FROM chain WHERE chain_no = lock_chain_no) - lock_up_ms
                + coalesce((SELECT sum(last_up_ms - first_up_ms) FROM chain WHERE chain_no > lock_chain_no), 0)
         FROM pin_guard WHERE locked_until IS NOT NULL",
    )?;
    let rows = locks.query_map([], |row| Ok((StaffId::from_uuid(column::uuid(row, 0)?), row.get::<_, i64>(1)?)))?;
    let mut left = Vec::new();
    for row in rows {
        let (staff_id, lived_ms) = row?;
        if let Some(left_ms) = u64::try_from(PIN_LOCK_MS - lived_ms).ok().filter(|left_ms| *left_ms > 0) {
            left.push((staff_id, left_ms));
        }
    }
    Ok(left)
}
