//! Sales that happened.

use rusqlite::{Connection, OptionalExtension, params};
use shared::event::{Fact, ReceiptReprinted, SaleRecorded, Stamp};
use shared::ids::{RegisterId, SaleId, StaffId};
use shared::register::SessionTotals;
use shared::tender::Payment;

use super::project::Place;
use super::{LedgerError, card, column, event, register};

/// A sale as it was recorded, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSale {
    /// What the event says.
    pub recorded: SaleRecorded,
    /// Who sold.
    pub operator: Option<StaffId>,
    /// Copies printed so far.
    pub copies: u32,
    /// Paper that has not come out yet.
    pub is_print_pending: bool,
    /// Paper of which nobody knows whether it came out.
    pub is_print_unknown: bool,
}

pub(super) fn insert_sale(
    connection: &Connection,
    place: Place,
    stamp: &Stamp,
    fact: &SaleRecorded,
) -> Result<i64, LedgerError> {
    let session_id = stamp.session.ok_or_else(|| LedgerError::Corrupt("a sale outside a register session".into()))?;
    let totals = &fact.totals;
    connection
        .prepare_cached(
            "INSERT INTO sale (sale_id, event_no, register_id, session_id, receipt_no, business_date, completed_at,
                               operator, currency, total_minor, tax_minor, rounding_minor)
             VALUES (?1, ?2, (SELECT register_id FROM register_session WHERE session_id = ?3), ?3, ?4, ?5, ?6, ?7, ?8,
                     ?9, ?10, ?11)",
        )?
        .execute(params![
            fact.sale_id.as_bytes(),
            place.event_no,
            session_id.as_bytes(),
            fact.receipt_no.cast_signed(),
            fact.business_date.to_string(),
            fact.completed_at.as_millis(),
            stamp.actor.as_ref().map(StaffId::as_bytes),
            column::to_word(&fact.currency),
            totals.total_minor,
            totals.tax_minor,
            fact.settlement.rounding_minor,
        ])?;
    let sale_no = connection.last_insert_rowid();
    let mut insert_line = connection.prepare_cached("INSERT INTO sale_line VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for line in &fact.lines {
        insert_line.execute(params![
            sale_no,
            line.line_no,
            line.product_id.as_bytes(),
            line.quantity_milli.milli(),
            line.unit_price_minor,
            line.tax_rate_bp.0,
            line.total_minor,
        ])?;
    }
    let mut insert_payment = connection.prepare_cached("INSERT INTO payment VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (payment_no, payment) in (1_i64..).zip(&fact.settlement.payments) {
        let (tender, id) = match payment {
            Payment::Cash { .. } => ("cash", None),
            Payment::Card { payment_id, .. } => ("card", Some(payment_id.as_bytes())),
        };
        insert_payment.execute(params![sale_no, payment_no, tender, payment.amount_minor(), id])?;
        if let Payment::Card { payment_id, .. } = payment {
            card::count(connection, *payment_id)?;
        }
    }
    register::add_to_session(connection, session_id, &SessionTotals::default().plus(&fact.completed()))?;
    Ok(sale_no)
}

pub(super) fn count_copy(connection: &Connection, fact: &ReceiptReprinted) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE sale SET copies = max(copies, ?2) WHERE sale_id = ?1")?
        .execute(params![fact.sale_id.as_bytes(), fact.copy_no])?;
    Ok(())
}

/// The number the next receipt of a drawer takes.
pub fn next_receipt_no(connection: &Connection, register_id: RegisterId) -> Result<u64, LedgerError> {
    let sql = "SELECT max(coalesce((SELECT max(receipt_no) FROM sale WHERE register_id = ?1), 0), receipt_no) + 1
               FROM number_floor";
    Ok(connection.prepare_cached(sql)?.query_row([register_id.as_bytes()], |row| column::count(row, 0))?)
}

const SELECT: &str = "SELECT event_no, operator, copies,
    EXISTS (SELECT 1 FROM print_job WHERE print_job.sale_id = sale.sale_id AND state IN ('queued', 'sending')),
    EXISTS (SELECT 1 FROM print_job WHERE print_job.sale_id = sale.sale_id AND state = 'unknown') FROM sale";

/// One sale.
pub fn find_sale(connection: &Connection, sale_id: SaleId) -> Result<Option<StoredSale>, LedgerError> {
    let mut sale = connection.prepare_cached(&format!("{SELECT} WHERE sale_id = ?1"))?;
    sale.query_row([sale_id.as_bytes()], read_row).optional()?.map(|row| with_event(connection, row)).transpose()
}

/// The sale of a receipt.
pub fn find_by_receipt(
    connection: &Connection,
    register_id: RegisterId,
    receipt_no: u64,
) -> Result<Option<StoredSale>, LedgerError> {
    let mut sale = connection.prepare_cached(&format!("{SELECT} WHERE register_id = ?1 AND receipt_no = ?2"))?;
    let row = sale.query_row(params![register_id.as_bytes(), receipt_no.cast_signed()], read_row).optional()?;
    row.map(|row| with_event(connection, row)).transpose()
}

/// The latest sales, newest first.
pub fn list_latest(connection: &Connection, limit: u32) -> Result<Vec<StoredSale>, LedgerError> {
    let mut sales = connection.prepare_cached(&format!("{SELECT} ORDER BY sale_no DESC LIMIT ?1"))?;
    let rows = sales.query_map([limit], read_row)?;
    rows.map(|row| with_event(connection, row?)).collect()
}

type SaleRow = (i64, Option<StaffId>, u32, (bool, bool));

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<SaleRow> {
    Ok((row.get(0)?, column::uuid_or_null(row, 1)?.map(StaffId::from_uuid), row.get(2)?, (row.get(3)?, row.get(4)?)))
}

fn with_event(connection: &Connection, row: SaleRow) -> Result<StoredSale, LedgerError> {
    let (event_no, operator, copies, (is_print_pending, is_print_unknown)) = row;
    match event::load_fact(connection, event_no)? {
        Some(Fact::SaleCompleted(recorded)) => {
            Ok(StoredSale { recorded, operator, copies, is_print_pending, is_print_unknown })
        }
        _ => Err(LedgerError::Corrupt(format!("event {event_no} is no sale"))),
    }
}
