//! Card payments, as far as the ledger knows.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::event::{CardReported, CardRequested};
use shared::ids::{PaymentId, SaleId, SessionId};
use shared::tender::{CardPayment, CardState};
use shared::time::Timestamp;

use super::{LedgerError, column};

pub(super) fn insert_payment(
    connection: &Connection,
    session: Option<SessionId>,
    fact: &CardRequested,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO card_payment
                (payment_id, sale_id, session_id, terminal, amount_minor, ticket_no, requested_at, state, is_settled)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
        )?
        .execute(params![
            fact.payment_id.as_bytes(),
            fact.sale_id.as_bytes(),
            session.as_ref().map(SessionId::as_bytes),
            fact.terminal,
            fact.amount_minor,
            fact.ticket_no,
            fact.requested_at.as_millis(),
            column::to_json(&CardState::Created),
        ])?;
    Ok(())
}

/// A report that denies what is known changes nothing but is counted: both sides stay in the ledger for a person to see.
pub(super) fn report(connection: &Connection, fact: &CardReported) -> Result<(), LedgerError> {
    let Some(payment) = find_payment(connection, fact.payment_id)? else { return Ok(()) };
    let id = fact.payment_id;
    match payment.report(fact.report.clone()) {
        Ok(payment) => connection
            .prepare_cached("UPDATE card_payment SET state = ?2, is_settled = ?3 WHERE payment_id = ?1")?
            .execute(params![id.as_bytes(), column::to_json(&payment.state), payment.state.is_final()])?,
        Err(_) => connection
            .prepare_cached("UPDATE card_payment SET contradicted = contradicted + 1 WHERE payment_id = ?1")?
            .execute([id.as_bytes()])?,
    };
    Ok(())
}

/// A completed sale was paid with it.
pub(super) fn count(connection: &Connection, payment_id: PaymentId) -> Result<(), LedgerError> {
    let sql = "UPDATE card_payment SET is_counted = 1 WHERE payment_id = ?1";
    connection.prepare_cached(sql)?.execute([payment_id.as_bytes()])?;
    Ok(())
}

const SELECT: &str = "SELECT payment_id, sale_id, amount_minor, ticket_no, requested_at, state FROM card_payment";

fn read_row(row: &Row<'_>) -> rusqlite::Result<CardPayment> {
    Ok(CardPayment {
        payment_id: PaymentId::from_uuid(column::uuid(row, 0)?),
        sale_id: SaleId::from_uuid(column::uuid(row, 1)?),
        amount_minor: row.get(2)?,
        ticket_no: row.get(3)?,
        started_at: column::time(row, 4)?,
        state: column::json(row, 5)?,
    })
}

/// One payment.
pub fn find_payment(connection: &Connection, payment_id: PaymentId) -> Result<Option<CardPayment>, LedgerError> {
    let mut payment = connection.prepare_cached(&format!("{SELECT} WHERE payment_id = ?1"))?;
    Ok(payment.query_row([payment_id.as_bytes()], read_row).optional()?)
}

/// The payments towards a sale, oldest first.
pub fn list_of_sale(connection: &Connection, sale_id: SaleId) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!("{SELECT} WHERE sale_id = ?1 ORDER BY payment_no"))?;
    let rows = payments.query_map([sale_id.as_bytes()], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Payments that are not final: under way or in doubt, oldest first.
pub fn list_unsettled(connection: &Connection) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!("{SELECT} WHERE is_settled = 0 ORDER BY payment_no"))?;
    let rows = payments.query_map([], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Payments approved although no completed sale counts them, asked for since then, oldest first: taken after their sale
/// was paid another way or given up, or on their way to the sale on the counter.
pub fn list_uncounted(connection: &Connection, since: Timestamp) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!(
        "{SELECT} WHERE is_settled = 1 AND is_counted = 0 AND requested_at >= ?1 ORDER BY payment_no"
    ))?;
    let rows = payments.query_map([since.as_millis()], read_row)?;
    let payments: Vec<CardPayment> = rows.collect::<Result<_, _>>()?;
    Ok(payments.into_iter().filter(|payment| payment.approved().is_some()).collect())
}

/// How many payments were ever asked for here.
pub fn count_payments(connection: &Connection) -> Result<u64, LedgerError> {
    let sql = "SELECT coalesce(max(payment_no), 0) FROM card_payment";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| column::count(row, 0))?)
}
