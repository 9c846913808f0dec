//! Whose till this is.

use rusqlite::{Connection, OptionalExtension, params};

use super::{LedgerError, column};
use crate::identity::Enrolment;

/// What head office said, if it did.
pub fn load(connection: &Connection) -> Result<Option<Enrolment>, LedgerError> {
    let mut row = connection.prepare_cached("SELECT body FROM enrolment")?;
    Ok(row.query_row([], |row| column::json(row, 0)).optional()?)
}

pub(super) fn save(connection: &Connection, enrolment: &Enrolment) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT INTO enrolment VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET body = excluded.body")?
        .execute(params![column::to_json(enrolment)])?;
    Ok(())
}
