//! Card payments, as far as the ledger knows.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::event::{CardReported, CardRequested, CardReturned, Stamp};
use shared::ids::{PaymentId, SaleId, SessionId, StaffId};
use shared::tender::{CardApproval, CardPayment, CardState, OpenReason, ReturnWay, TerminalReport};
use shared::time::Timestamp;

use super::{LedgerError, column, register};

/// For how long a terminal can repeat itself. It counts its operations anew some day, so equal numbers of long ago are
/// another transaction.
const REPEATS_FOR_MS: i64 = 36 * 60 * 60 * 1000;

pub(super) fn insert_payment(connection: &Connection, stamp: &Stamp, fact: &CardRequested) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO card_payment (payment_id, sale_id, session_id, terminal, amount_minor, ticket_no, requested_at,
                state, is_settled, asked_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
        )?
        .execute(params![
            fact.payment_id.as_bytes(),
            fact.sale_id.as_bytes(),
            stamp.session.as_ref().map(SessionId::as_bytes),
            fact.terminal,
            fact.amount_minor,
            fact.ticket_no,
            fact.requested_at.as_millis(),
            column::to_json(&CardState::Created),
            stamp.actor.as_ref().map(StaffId::as_bytes),
        ])?;
    Ok(())
}

/// A word that denies what is known changes nothing but is kept and counted: both sides stay in the ledger for a person to
/// see.
pub(super) fn report(connection: &Connection, stamp: &Stamp, fact: &CardReported) -> Result<(), LedgerError> {
    let Some(known) = find_payment(connection, fact.payment_id)? else { return Ok(()) };
    let known_state = known.state.clone();
    let next = fact.apply(known);
    let is_denied = next.denied.as_ref() == Some(&fact.report);
    let is_given_back = matches!(next.state, CardState::Voided { .. }) && known_state != next.state;
    let proof = next.state.approval().map(|approval| approval.authorisation_code.to_ascii_uppercase());
    connection
        .prepare_cached(
            "UPDATE card_payment SET state = ?2, is_settled = ?3, baseline = ?4, promised = ?5, is_manual = ?6,
                denied = ?7, void_refused = ?8, proof = ?9, contradicted = contradicted + ?10
             WHERE payment_id = ?1",
        )?
        .execute(params![
            fact.payment_id.as_bytes(),
            column::to_json(&next.state),
            next.state.is_final(),
            next.baseline,
            next.promised.as_ref().map(column::to_json),
            next.is_manual,
            next.denied.as_ref().map(column::to_json),
            next.void_refused,
            proof,
            is_denied,
        ])?;
    if is_given_back {
        connection
            .prepare_cached(
                "UPDATE card_payment SET given_back_after = (
                    SELECT max(closed_at) FROM card_batch WHERE card_batch.terminal = card_payment.terminal)
                 WHERE payment_id = ?1",
            )?
            .execute([fact.payment_id.as_bytes()])?;
    }
    if fact.is_manual && !is_denied {
        connection
            .prepare_cached(
                "UPDATE card_payment SET settled_by = ?2, settled_at = ?3, note = ?4 WHERE payment_id = ?1",
            )?
            .execute(params![fact.payment_id.as_bytes(), answers_for(stamp), stamp.hlc.at().as_millis(), fact.note,])?;
    }
    look_again(connection, &next)
}

/// A completed sale was paid with it.
pub(super) fn count(connection: &Connection, payment_id: PaymentId) -> Result<(), LedgerError> {
    let sql = "UPDATE card_payment SET is_counted = 1 WHERE payment_id = ?1";
    connection.prepare_cached(sql)?.execute([payment_id.as_bytes()])?;
    find_payment(connection, payment_id)?.map_or(Ok(()), |payment| look_again(connection, &payment))
}

/// It was given back without the terminal's word.
pub(super) fn give_back(connection: &Connection, stamp: &Stamp, fact: &CardReturned) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "UPDATE card_payment SET returned = ?2, denied = NULL, settled_by = ?3, settled_at = ?4, note = ?5 WHERE payment_id = ?1",
        )?
        .execute(params![
            fact.payment_id.as_bytes(),
            column::to_word(&fact.way),
            answers_for(stamp),
            stamp.hlc.at().as_millis(),
            fact.note,
        ])?;
    if let (ReturnWay::Cash, Some(session)) = (fact.way, stamp.session) {
        register::take_from_session(connection, session, fact.amount_minor)?;
    }
    find_payment(connection, fact.payment_id)?.map_or(Ok(()), |payment| look_again(connection, &payment))
}

/// Who settled it: whoever had to allow it, where somebody had to.
fn answers_for(stamp: &Stamp) -> Option<&[u8; 16]> {
    stamp.approver.as_ref().or(stamp.actor.as_ref()).map(StaffId::as_bytes)
}

/// A terminal's batch was closed: what is asked for from here on belongs to the next.
pub(super) fn close_batch(connection: &Connection, terminal: &str, closed_at: Timestamp) -> Result<(), LedgerError> {
    connection
        .prepare_cached(
            "INSERT INTO card_batch (terminal, closed_at, through_payment_no)
             SELECT ?1, ?2, coalesce(max(payment_no), 0) FROM card_payment",
        )?
        .execute(params![terminal, closed_at.as_millis()])?;
    Ok(())
}

/// Whether a person should look at it, as it is now.
fn look_again(connection: &Connection, payment: &CardPayment) -> Result<(), LedgerError> {
    let id = payment.payment_id;
    let is_counted = connection
        .prepare_cached("SELECT is_counted FROM card_payment WHERE payment_id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))?;
    let reason = payment.open_reason(is_counted);
    connection
        .prepare_cached("UPDATE card_payment SET open_reason = ?2 WHERE payment_id = ?1")?
        .execute(params![id.as_bytes(), reason.as_ref().map(column::to_word)])?;
    Ok(())
}

const SELECT: &str = "SELECT payment_id, sale_id, amount_minor, ticket_no, requested_at, state, baseline, promised,
    is_manual, denied, void_refused, returned FROM card_payment";

fn read_row(row: &Row<'_>) -> rusqlite::Result<CardPayment> {
    Ok(CardPayment {
        payment_id: PaymentId::from_uuid(column::uuid(row, 0)?),
        sale_id: SaleId::from_uuid(column::uuid(row, 1)?),
        amount_minor: row.get(2)?,
        ticket_no: row.get(3)?,
        started_at: column::time(row, 4)?,
        state: column::json(row, 5)?,
        baseline: row.get(6)?,
        promised: column::json_or_null::<CardApproval>(row, 7)?,
        is_manual: row.get(8)?,
        denied: column::json_or_null::<TerminalReport>(row, 9)?,
        void_refused: row.get(10)?,
        returned: column::word_or_null(row, 11)?,
    })
}

/// What the ledger knows of a payment besides how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardStory {
    /// Which terminal was asked.
    pub terminal: String,
    /// Who was signed in then.
    pub asked_by: Option<StaffId>,
    /// A completed sale was paid with it.
    pub is_counted: bool,
    /// Who said how it ended, where a person did.
    pub settled_by: Option<StaffId>,
    /// When.
    pub settled_at: Option<Timestamp>,
    /// And why.
    pub note: Option<String>,
    /// Why a person should look at it.
    pub open_reason: Option<OpenReason>,
    /// The terminal's batch with it is closed: from here, or at its keypad, as the numbers of later payments tell.
    pub is_batch_closed: bool,
}

/// What else is known of a payment.
pub fn find_story(connection: &Connection, payment_id: PaymentId) -> Result<Option<CardStory>, LedgerError> {
    let mut story = connection.prepare_cached(
        "SELECT terminal, asked_by, is_counted, settled_by, settled_at, note, open_reason,
            payment_no <= (SELECT coalesce(max(through_payment_no), 0) FROM card_batch
                           WHERE card_batch.terminal = asked.terminal)
            OR EXISTS (SELECT 1 FROM card_payment AS later
                       WHERE later.payment_no > asked.payment_no AND later.terminal = asked.terminal
                         AND CAST(later.baseline AS INTEGER)
                             < CAST(json_extract(asked.state, '$.approval.operation_no') AS INTEGER))
         FROM card_payment AS asked WHERE payment_id = ?1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(CardStory {
            terminal: row.get(0)?,
            asked_by: column::uuid_or_null(row, 1)?.map(StaffId::from_uuid),
            is_counted: row.get(2)?,
            settled_by: column::uuid_or_null(row, 3)?.map(StaffId::from_uuid),
            settled_at: column::time_or_null(row, 4)?,
            note: row.get(5)?,
            open_reason: column::word_or_null(row, 6)?,
            is_batch_closed: row.get(7)?,
        })
    };
    Ok(story.query_row([payment_id.as_bytes()], read).optional()?)
}

/// The payment that an approval proves already, if it is not this one. One transaction of a terminal pays one sale.
pub fn find_proved(
    connection: &Connection,
    payment: &CardPayment,
    approval: &CardApproval,
) -> Result<Option<PaymentId>, LedgerError> {
    let mut others = connection.prepare_cached(&format!(
        "{SELECT} WHERE proof = ?1 AND requested_at BETWEEN ?2 AND ?3 AND payment_id <> ?4 ORDER BY payment_no"
    ))?;
    let (from, to) = (payment.started_at.plus_millis(-REPEATS_FOR_MS), payment.started_at.plus_millis(REPEATS_FOR_MS));
    let rows = others.query_map(
        params![
            approval.authorisation_code.to_ascii_uppercase(),
            from.as_millis(),
            to.as_millis(),
            payment.payment_id.as_bytes()
        ],
        read_row,
    )?;
    for other in rows {
        let other = other?;
        let is_same = other
            .state
            .approval()
            .is_some_and(|known| approval.is_same_transaction(payment.amount_minor, (known, other.amount_minor)));
        if is_same {
            return Ok(Some(other.payment_id));
        }
    }
    Ok(None)
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

/// Payments a person should look at, oldest first: in doubt, denied, or approved although no completed sale counts them.
/// One on its way to the sale on the counter is among the last.
pub fn list_open(connection: &Connection) -> Result<Vec<CardPayment>, LedgerError> {
    let sql = format!("{SELECT} WHERE open_reason IS NOT NULL ORDER BY payment_no");
    let mut payments = connection.prepare_cached(&sql)?;
    let rows = payments.query_map([], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Payments approved although no completed sale counts them, asked for since then, oldest first: taken after their sale
/// was paid another way or given up, or on their way to the sale on the counter.
pub fn list_uncounted(connection: &Connection, since: Timestamp) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!(
        "{SELECT} WHERE is_settled = 1 AND is_counted = 0 AND returned IS NULL AND requested_at >= ?1
         ORDER BY payment_no"
    ))?;
    let rows = payments.query_map([since.as_millis()], read_row)?;
    let payments: Vec<CardPayment> = rows.collect::<Result<_, _>>()?;
    Ok(payments.into_iter().filter(|payment| payment.approved().is_some()).collect())
}

/// The payments asked of a terminal since its batch was last closed from here, oldest first.
pub fn list_of_batch(connection: &Connection, terminal: &str) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!(
        "{SELECT} WHERE terminal = ?1
            AND payment_no > (SELECT coalesce(max(through_payment_no), 0) FROM card_batch WHERE terminal = ?1)
         ORDER BY payment_no"
    ))?;
    let rows = payments.query_map([terminal], read_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The payments of batches closed from here that a terminal gave back since the last close, oldest first: its open batch
/// holds what went back, and not what was taken.
pub fn list_given_back(connection: &Connection, terminal: &str) -> Result<Vec<CardPayment>, LedgerError> {
    let mut payments = connection.prepare_cached(&format!(
        "{SELECT} WHERE terminal = ?1
            AND given_back_after = (SELECT max(closed_at) FROM card_batch WHERE terminal = ?1)
            AND payment_no <= (SELECT max(through_payment_no) FROM card_batch WHERE terminal = ?1)
         ORDER BY payment_no"
    ))?;
    let rows = payments.query_map([terminal], read_row)?;
    let payments: Vec<CardPayment> = rows.collect::<Result<_, _>>()?;
    Ok(payments.into_iter().filter(|payment| matches!(payment.state, CardState::Voided { .. })).collect())
}

/// When a terminal's batch was last closed from here.
pub fn find_last_close(connection: &Connection, terminal: &str) -> Result<Option<Timestamp>, LedgerError> {
    let sql = "SELECT max(closed_at) FROM card_batch WHERE terminal = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([terminal], |row| column::time_or_null(row, 0))?)
}

/// How many payments were ever asked for here.
pub fn count_payments(connection: &Connection) -> Result<u64, LedgerError> {
    let sql = "SELECT coalesce(max(payment_no), 0) FROM card_payment";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| column::count(row, 0))?)
}
