//! The database's settings and its tables, brought up to date at every opening.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// How long to wait for another program that holds the file.
pub const BUSY: Duration = Duration::from_secs(5);

/// In the order they run; never edited once shipped. See `migrations/README.md`.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/till/0001_event_chain.sql"),
    include_str!("../../../migrations/till/0002_catalog.sql"),
    include_str!("../../../migrations/till/0003_register_and_sale.sql"),
    include_str!("../../../migrations/till/0004_card.sql"),
    include_str!("../../../migrations/till/0005_ticket.sql"),
    include_str!("../../../migrations/till/0006_print_job.sql"),
    include_str!("../../../migrations/till/0007_sync.sql"),
    include_str!("../../../migrations/till/0008_recovery.sql"),
    include_str!("../../../migrations/till/0009_merge.sql"),
    include_str!("../../../migrations/till/0010_barcode.sql"),
    include_str!("../../../migrations/till/0011_words_mark.sql"),
    include_str!("../../../migrations/till/0012_card_settled.sql"),
    include_str!("../../../migrations/till/0013_ticket_taken_back.sql"),
    include_str!("../../../migrations/till/0015_paper_in_doubt.sql"),
    include_str!("../../../migrations/till/0018_cash_moved.sql"),
    include_str!("../../../migrations/till/0019_card_given_back.sql"),
];

/// The schema this program writes.
pub fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("few migrations")
}

/// Settings that decide what survives a power cut: WAL with a full sync at every commit, no memory map.
pub fn set_up(connection: &Connection) -> Result<(), LedgerError> {
    connection.busy_timeout(BUSY)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !matches!(mode.as_str(), "wal" | "memory") {
        return Err(LedgerError::Corrupt(format!("the journal mode is {mode} and cannot be WAL")));
    }
    for (pragma, value) in [
        ("synchronous", "FULL"),
        ("fullfsync", "ON"),
        ("foreign_keys", "ON"),
        ("trusted_schema", "OFF"),
        ("cell_size_check", "ON"),
        ("mmap_size", "0"),
        // Kilobytes: a catalogue of a hundred thousand products is laid without reading its indexes again and again.
        ("cache_size", "-32768"),
        ("wal_autocheckpoint", "1000"),
        ("secure_delete", "OFF"),
    ] {
        connection.pragma_update(None, pragma, value)?;
    }
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Runs what this database has not seen yet, each file and its number in one transaction.
///
/// Errors: [`LedgerError::Newer`].
pub fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    let found = check_known(connection)?;
    for (number, sql) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

/// The schema the file has, if this program knows it.
///
/// Errors: [`LedgerError::Newer`].
pub fn check_known(connection: &Connection) -> Result<i64, LedgerError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = known_version();
    if found > known { Err(LedgerError::Newer { found, known }) } else { Ok(found) }
}
