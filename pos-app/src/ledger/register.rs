//! Register sessions and what they sold.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::event::{CashMoved, RegisterClosed, RegisterOpened};
use shared::ids::{RegisterId, SessionId, StaffId};
use shared::register::{RegisterSession, SessionState, SessionTotals};
use shared::time::BusinessDate;

use super::{LedgerError, column};

/// A session and what it sold so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The session.
    pub session: RegisterSession,
    /// What it sold.
    pub totals: SessionTotals,
}

pub(super) fn insert_session(connection: &Connection, fact: &RegisterOpened) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO register_session
                (session_id, register_id, business_date, opened_by, opened_at, currency, float_count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            fact.session_id.as_bytes(),
            fact.register_id.as_bytes(),
            fact.business_date.to_string(),
            fact.opened_by.as_bytes(),
            fact.opened_at.as_millis(),
            column::to_word(&fact.currency),
            column::to_json(&fact.float),
        ])?;
    Ok(())
}

pub(super) fn close_session(connection: &Connection, fact: &RegisterClosed) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE register_session SET closed_at = ?2, z_number = ?3, z = ?4 WHERE session_id = ?1")?
        .execute(params![
            fact.session_id.as_bytes(),
            fact.closed_at.as_millis(),
            fact.z.z_number,
            column::to_json(&fact.z)
        ])?;
    Ok(())
}

pub(super) fn add_to_session(
    connection: &Connection,
    session_id: SessionId,
    sale: &SessionTotals,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE register_session SET sales = sales + ?2, total_minor = total_minor + ?3,
                tax_minor = tax_minor + ?4, cash_minor = cash_minor + ?5, card_minor = card_minor + ?6,
                rounding_minor = rounding_minor + ?7, manual_cards = manual_cards + ?8,
                manual_card_minor = manual_card_minor + ?9
             WHERE session_id = ?1",
        )?
        .execute(params![
            session_id.as_bytes(),
            sale.sales,
            sale.total_minor,
            sale.tax_minor,
            sale.cash_minor,
            sale.card_minor,
            sale.rounding_minor,
            sale.manual_cards,
            sale.manual_card_minor,
        ])?;
    Ok(())
}

/// Cash left the drawer for what a card had paid beside a sale.
pub(super) fn take_from_session(
    connection: &Connection,
    session_id: SessionId,
    amount_minor: i64,
) -> Result<(), LedgerError> {
    let sql = "UPDATE register_session SET returned_minor = returned_minor + ?2 WHERE session_id = ?1";
    connection.prepare_cached(sql)?.execute(params![session_id.as_bytes(), amount_minor])?;
    Ok(())
}

/// Cash went in or out, and no sale explains it.
pub(super) fn move_cash(connection: &Connection, moved: &CashMoved) -> Result<(), LedgerError> {
    let sum = SessionTotals::default().moved(moved.movement, moved.amount_minor);
    connection
        .prepare_cached(
            "UPDATE register_session SET paid_in_minor = paid_in_minor + ?2, paid_out_minor = paid_out_minor + ?3,
                dropped_minor = dropped_minor + ?4 WHERE session_id = ?1",
        )?
        .execute(params![moved.session_id.as_bytes(), sum.paid_in_minor, sum.paid_out_minor, sum.dropped_minor])?;
    Ok(())
}

/// The open session of a drawer. There is one, unless a lost one came back: then the later of them, and the other after it.
pub fn find_open_session(
    connection: &Connection,
    register_id: RegisterId,
) -> Result<Option<StoredSession>, LedgerError> {
    let mut session = connection.prepare_cached(
        "SELECT session_id, register_id, business_date, opened_by, opened_at, currency, float_count,
                sales, total_minor, tax_minor, cash_minor, card_minor, rounding_minor, manual_cards,
                manual_card_minor, returned_minor, paid_in_minor, paid_out_minor, dropped_minor
         FROM register_session WHERE register_id = ?1 AND closed_at IS NULL ORDER BY opened_at DESC LIMIT 1",
    )?;
    Ok(session.query_row([register_id.as_bytes()], read_open).optional()?)
}

/// An open session, as far as a sale has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub session_id: SessionId,
    /// The night its sales belong to.
    pub business_date: BusinessDate,
}

/// As [`find_open_session`], without what it counted and sold.
pub fn find_open(connection: &Connection, register_id: RegisterId) -> Result<Option<OpenSession>, LedgerError> {
    let mut session = connection.prepare_cached(
        "SELECT session_id, business_date FROM register_session WHERE register_id = ?1 AND closed_at IS NULL
         ORDER BY opened_at DESC LIMIT 1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(OpenSession {
            session_id: SessionId::from_uuid(column::uuid(row, 0)?),
            business_date: column::text(row, 1)?,
        })
    };
    Ok(session.query_row([register_id.as_bytes()], read).optional()?)
}

fn read_open(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    let session = RegisterSession {
        session_id: SessionId::from_uuid(column::uuid(row, 0)?),
        register_id: RegisterId::from_uuid(column::uuid(row, 1)?),
        business_date: column::text(row, 2)?,
        opened_by: StaffId::from_uuid(column::uuid(row, 3)?),
        opened_at: column::time(row, 4)?,
        currency: column::word(row, 5)?,
        float: column::json(row, 6)?,
        state: SessionState::Open,
    };
    let totals = SessionTotals {
        sales: row.get(7)?,
        total_minor: row.get(8)?,
        tax_minor: row.get(9)?,
        cash_minor: row.get(10)?,
        card_minor: row.get(11)?,
        rounding_minor: row.get(12)?,
        manual_cards: row.get(13)?,
        manual_card_minor: row.get(14)?,
        returned_minor: row.get(15)?,
        paid_in_minor: row.get(16)?,
        paid_out_minor: row.get(17)?,
        dropped_minor: row.get(18)?,
    };
    Ok(StoredSession { session, totals })
}

/// The number the next Z report of a drawer takes.
pub fn next_z_number(connection: &Connection, register_id: RegisterId) -> Result<u32, LedgerError> {
    let sql = "SELECT coalesce(max(z_number), 0) + 1 FROM register_session WHERE register_id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([register_id.as_bytes()], |row| row.get(0))?)
}
