//! From an event to every row that follows from it. The same function runs when an event is written and when `verify`
//! makes the projections anew, so the two cannot drift.

use rusqlite::Connection;
use shared::event::{Event, Fact, Read, Stamp};
use shared::merge::Marker;

use super::{LedgerError, card, people, product_edit, register, sale, stock, ticket};

/// Tables that hold nothing the events do not say, and the order to compare them in.
pub const PROJECTIONS: &[(&str, &str)] = &[
    ("pin_guard", "staff_id"),
    ("register_session", "session_id"),
    ("sale", "sale_no"),
    ("sale_line", "sale_no, line_no"),
    ("payment", "sale_no, payment_no"),
    ("card_payment", "payment_no"),
    ("card_batch", "batch_no"),
    ("ticket", "ticket_no"),
    ("redemption", "redemption_id"),
    ("redemption_undo", "redemption_id"),
    ("ticket_void", "ticket_id"),
    ("product_edit", "product_id, chain_no, seq"),
    ("stock_part", "product_id, chain_no"),
    ("stock_count", "product_id"),
];

/// Where an event lies in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place among all events.
    pub event_no: i64,
    /// Its chain's place among all chains.
    pub chain_no: i64,
}

/// Writes what follows from an event that was read. One of a newer program changes nothing here until this one understands
/// it.
pub fn project_read(connection: &Connection, place: Place, event: &Event) -> Result<(), LedgerError> {
    match &event.fact {
        Read::Known(fact) => project(connection, place, Marker::of(event), &event.stamp, fact),
        Read::Unknown { .. } => Ok(()),
    }
}

/// Writes what follows from a fact.
pub fn project(
    connection: &Connection,
    place: Place,
    marker: Marker,
    stamp: &Stamp,
    fact: &Fact,
) -> Result<(), LedgerError> {
    // Their PIN was right.
    if let Some(approver) = stamp.approver {
        people::clear_guard(connection, approver)?;
    }
    match fact {
        Fact::OperatorLoggedIn(fact) => people::clear_guard(connection, fact.staff_id),
        Fact::OperatorRefused(fact) => people::guard(connection, place, stamp.up_ms, fact),
        Fact::RegisterOpened(fact) => register::insert_session(connection, fact),
        Fact::RegisterClosed(fact) => register::close_session(connection, fact),
        Fact::CashMoved(fact) => register::move_cash(connection, fact),
        Fact::SaleCompleted(sold) => {
            let sale_no = sale::insert_sale(connection, place, stamp, sold)?;
            ticket::insert_tickets(connection, sale_no, &sold.tickets)?;
            stock::add_moves(connection, place, fact)
        }
        Fact::ReceiptReprinted(fact) => sale::count_copy(connection, fact),
        Fact::CardRequested(fact) => card::insert_payment(connection, stamp, fact),
        Fact::CardReported(fact) => card::report(connection, stamp, fact),
        Fact::CardReturned(fact) => card::give_back(connection, stamp, fact),
        Fact::CardBatchClosed(fact) => card::close_batch(connection, &fact.terminal, fact.closed_at),
        Fact::TicketRedeemed(fact) => ticket::insert_redemption(connection, stamp.actor, fact),
        Fact::RedemptionUndone(fact) => ticket::insert_undo(connection, stamp.actor, fact),
        Fact::TicketVoided(fact) => ticket::insert_void(connection, stamp.actor, fact),
        Fact::ProductEdited(fact) => product_edit::insert_edit(connection, place, marker, fact),
        Fact::StockCounted(fact) => stock::put_count(connection, place, marker, fact),
        Fact::StockMoved(_) => stock::add_moves(connection, place, fact),
        Fact::ChainStarted(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::SaleAbandoned(_)
        | Fact::DrawerOpened(_)
        | Fact::BadgePrinted(_)
        | Fact::TicketShownAgain(_) => Ok(()),
    }
}
