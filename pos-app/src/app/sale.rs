//! The counter: build a sale, settle it, remember it. Finishing is one transaction; paper and network come after.

use std::sync::Arc;

use shared::event::{Fact, SaleAbandoned, SaleRecorded};
use shared::ids::SaleId;
use shared::register::Counted;
use shared::sale::{Quantity, Sale};
use shared::staff::StaffMember;
use shared::tender::{CardPayment, CardState, Tender, cash_due, change_in_notes};

use super::card::busy_with;
use super::refuse::internal;
use super::suggest::suggestions;
use super::till::{Place, lock};
use super::{Caller, Till};
use crate::commands::types::{
    AddProduct, CompleteSale, CompletedSaleView, Nothing, RecentSales, RemoveLine, SaleView, SetQuantity,
};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::register::OpenSession;
use crate::ledger::sale::{StoredSale, list_latest, next_receipt_no};
use crate::ledger::ticket::next_serial;
use crate::ledger::{LedgerTx, View, card, catalog, counter};

/// `sale.current`
pub(crate) fn current_sale(till: &Till, _: &Caller, _: &Nothing) -> Result<SaleView, CommandError> {
    till.ledger().view(|ledger| till.view_counter(ledger, till.sale_on_counter(ledger)?))
}

/// `sale.add`
pub(crate) fn add_product(till: &Till, _: &Caller, args: &AddProduct) -> Result<SaleView, CommandError> {
    let (product_id, quantity) = (args.product_id, args.quantity_milli.unwrap_or(Quantity::ONE));
    till.change_sale(move |ledger, sale| {
        let product = catalog::find_product(ledger, product_id)?;
        let unknown = || CommandError::new(ErrorCode::ProductUnknown, "This till knows no such product.");
        sale.add(&product.ok_or_else(unknown)?, quantity)?;
        Ok(())
    })
}

/// `sale.set_quantity`
pub(crate) fn set_quantity(till: &Till, _: &Caller, args: &SetQuantity) -> Result<SaleView, CommandError> {
    let (line_no, quantity) = (args.line_no, args.quantity_milli);
    till.change_sale(move |_, sale| Ok(sale.set_quantity(line_no, quantity)?))
}

/// `sale.remove`
pub(crate) fn remove_line(till: &Till, _: &Caller, args: &RemoveLine) -> Result<SaleView, CommandError> {
    let line_no = args.line_no;
    till.change_sale(move |_, sale| {
        sale.remove(line_no)?;
        Ok(())
    })
}

/// `sale.repeat_last`
pub(crate) fn repeat_last(till: &Till, _: &Caller, _: &Nothing) -> Result<SaleView, CommandError> {
    till.change_sale(|ledger, sale| {
        let last = list_latest(ledger, 1)?.pop();
        let last = last.ok_or_else(|| CommandError::new(ErrorCode::SaleUnknown, "There is no sale to repeat yet."))?;
        for line in &last.recorded.lines {
            let product = catalog::find_product(ledger, line.product_id)?;
            let gone = || {
                CommandError::new(ErrorCode::ProductNotForSale, format!("{} is not for sale any more.", line.name))
                    .with("product", line.name.clone())
            };
            sale.add(&product.ok_or_else(gone)?, line.quantity_milli)?;
        }
        Ok(())
    })
}

/// `sale.abandon`
pub(crate) fn abandon_sale(till: &Till, who: &Caller, _: &Nothing) -> Result<SaleView, CommandError> {
    let _turn = till.take_turn();
    let actor = who.by()?;
    till.ledger().transact(|tx| {
        let ledger = tx.connection();
        if let Some(sale) = counter::find(ledger)? {
            let cards = card::list_of_sale(ledger, sale.sale_id)?;
            refuse_running(&cards)?;
            if cards.iter().any(|card| card.approved().is_some()) {
                let message =
                    "A card has paid towards this sale. Finish it, or void the payment at the terminal first.";
                return Err(CommandError::new(ErrorCode::CardAlreadyPaid, message));
            }
            let lines: Vec<_> = sale.lines.iter().map(|line| (line.product_id, line.quantity_milli.milli())).collect();
            if !lines.is_empty() {
                let session = till.find_session_in(ledger)?.map(|stored| stored.session.session_id);
                tx.append(&Fact::SaleAbandoned(SaleAbandoned { sale_id: sale.sale_id, lines }), actor, session)?;
            }
            tx.clear_counter()?;
        }
        till.view_counter(ledger, till.sale_on_counter(ledger)?)
    })
}

/// `sale.complete`
pub(crate) fn complete_sale(till: &Till, who: &Caller, args: &CompleteSale) -> Result<CompletedSaleView, CommandError> {
    let stored = {
        let _turn = till.take_turn();
        let staff = who.staff()?;
        till.ledger().transact(|tx| till.settle(tx, staff, args.cash_tendered_minor))?
    };
    till.wake_printer();
    Ok(view_sale(stored))
}

/// `sale.recent`
pub(crate) fn recent_sales(
    till: &Till,
    _: &Caller,
    args: &RecentSales,
) -> Result<Vec<CompletedSaleView>, CommandError> {
    let sales = till.ledger().read(|connection| list_latest(connection, args.limit))?;
    Ok(sales.into_iter().map(view_sale).collect())
}

pub(super) fn view_sale(stored: StoredSale) -> CompletedSaleView {
    let StoredSale { recorded, is_print_pending, is_print_unknown, .. } = stored;
    let notes = change_in_notes(recorded.settlement.change_minor, recorded.currency);
    let counted = |(denomination_minor, count): (i64, i64)| Counted {
        denomination_minor,
        count: u32::try_from(count).unwrap_or(u32::MAX),
    };
    CompletedSaleView {
        sale_id: recorded.sale_id,
        receipt_no: recorded.receipt_no,
        completed_at: recorded.completed_at,
        currency: recorded.currency,
        totals: recorded.totals,
        change_notes: notes.into_iter().map(counted).collect(),
        settlement: recorded.settlement,
        tickets: recorded.tickets,
        is_print_pending,
        is_print_unknown,
    }
}

/// Everything a sale needs to be settled, as it was at one moment.
struct Settling {
    session: OpenSession,
    sale: Sale,
    cards: Vec<CardPayment>,
    place: Arc<Place>,
    receipt_no: u64,
    serial: u32,
}

/// What cards paid of a sale.
pub(super) fn paid_by(cards: &[CardPayment]) -> i64 {
    cards.iter().filter_map(CardPayment::approved).map(|card| card.amount_minor).sum()
}

/// A payment in doubt does not hold up its sale: the customer pays otherwise, and the doubt stays named.
fn refuse_running(cards: &[CardPayment]) -> Result<(), CommandError> {
    let is_running = |state: &CardState| !state.is_final() && !state.is_doubt();
    match cards.iter().find(|card| is_running(&card.state)) {
        Some(card) => Err(busy_with(card)),
        None => Ok(()),
    }
}

/// Refused before anything is on the counter, rather than when the customer has paid.
fn no_room() -> CommandError {
    let message = "The disk is full. The open sale could be finished; a new one begins once there is room again.";
    CommandError::new(ErrorCode::DiskFull, message)
}

impl Till {
    /// Settles what is on the counter and writes it down. Everything it needs is read in the transaction that writes it:
    /// nothing can change in between, and the writer's pages are warm where a reader's are stale after every sale.
    fn settle(
        &self,
        tx: &LedgerTx<'_>,
        staff: &StaffMember,
        cash_tendered_minor: Option<i64>,
    ) -> Result<StoredSale, CommandError> {
        let Settling { session, sale, cards, place, receipt_no, serial } = self.load_settling(tx)?;
        let Place { venue, register } = &*place;
        refuse_running(&cards)?;
        let cards: Vec<_> = cards.iter().filter_map(CardPayment::approved).collect();
        let mut tenders: Vec<_> = cards.iter().map(|card| Tender::Card { payment_id: card.payment_id }).collect();
        tenders.extend(cash_tendered_minor.map(|tendered_minor| Tender::Cash { tendered_minor }));
        let completed = sale.complete(&tenders, &cards, venue.cash_rounding)?;
        let tickets = self.issue_tickets(&completed.lines, session.business_date, serial, (venue, register))?;
        let now = self.clock.now();
        let recorded = SaleRecorded {
            sale_id: completed.sale_id,
            receipt_no,
            business_date: session.business_date,
            completed_at: now,
            currency: completed.currency,
            lines: completed.lines,
            totals: completed.totals,
            settlement: completed.settlement,
            tickets,
        };
        let jobs = self.sale_paper(&recorded, (venue, register, &staff.name));
        let fact = Fact::SaleCompleted(recorded);
        tx.append(&fact, Some(staff.staff_id), Some(session.session_id))?;
        tx.clear_counter()?;
        for job in &jobs {
            tx.insert_print_job(job, now)?;
        }
        let Fact::SaleCompleted(recorded) = fact else { return Err(internal("a sale that is none")) };
        Ok(StoredSale {
            recorded,
            operator: Some(staff.staff_id),
            copies: 0,
            is_print_pending: !jobs.is_empty(),
            is_print_unknown: false,
        })
    }

    fn load_settling(&self, tx: &LedgerTx<'_>) -> Result<Settling, CommandError> {
        let ledger = tx.connection();
        let session = self.open_session_in(ledger)?;
        let empty = || CommandError::new(ErrorCode::SaleEmpty, "There is nothing on the counter to sell.");
        let sale = counter::find(ledger)?.ok_or_else(empty)?;
        Ok(Settling {
            cards: card::list_of_sale(ledger, sale.sale_id)?,
            receipt_no: next_receipt_no(ledger, self.identity()?.enrolment.register_id)?,
            place: self.place_in(tx)?,
            serial: next_serial(ledger)?,
            session,
            sale,
        })
    }

    /// What is on the counter, or an empty sale whose id stays until it has a line.
    fn sale_on_counter(&self, ledger: &View) -> Result<Sale, CommandError> {
        if let Some(sale) = counter::find(ledger)? {
            return Ok(sale);
        }
        let currency = self.venue_in(ledger)?.currency;
        let mut next = lock(&self.next_sale);
        let sale_id = *next.get_or_insert_with(|| SaleId::new(self.clock.now(), &*self.entropy));
        Ok(Sale::open(sale_id, currency))
    }

    /// Changes the sale on the counter, durably, or leaves it as it was: read, changed and written in one transaction.
    pub(super) fn change_sale(
        &self,
        change: impl FnOnce(&View, &mut Sale) -> Result<(), CommandError>,
    ) -> Result<SaleView, CommandError> {
        let _turn = self.take_turn();
        let view = self.ledger().transact(|tx| {
            let ledger = tx.connection();
            self.open_session_in(ledger)?;
            let mut sale = self.sale_on_counter(ledger)?;
            if sale.lines.is_empty() && self.ledger().is_out_of_room() {
                return Err(no_room());
            }
            let cards = card::list_of_sale(ledger, sale.sale_id)?;
            // The terminal was asked for what the sale came to; it cannot come to something else meanwhile.
            refuse_running(&cards)?;
            change(ledger, &mut sale)?;
            if sale.totals().total_minor < paid_by(&cards) {
                // Only cash gives change, so what a card paid has to stay on the sale.
                let message = "A card has paid for this already. It can only come off once that payment is undone.";
                return Err(CommandError::new(ErrorCode::CardAlreadyPaid, message));
            }
            tx.put_on_counter(&sale)?;
            self.view_counter(ledger, sale)
        })?;
        *lock(&self.next_sale) = None;
        Ok(view)
    }

    fn view_counter(&self, ledger: &View, sale: Sale) -> Result<SaleView, CommandError> {
        let rounding = self.venue_in(ledger)?.cash_rounding;
        let cards = card::list_of_sale(ledger, sale.sale_id)?;
        let paid_minor = paid_by(&cards);
        let totals = sale.totals();
        let left_minor = totals.total_minor - paid_minor;
        let cash_due_minor = cash_due(totals.total_minor, paid_minor, rounding);
        Ok(SaleView {
            cards: cards.into_iter().map(|payment| self.view_card_in(ledger, payment)).collect(),
            paid_minor,
            left_minor,
            cash_due_minor,
            rounding_minor: if left_minor > 0 { cash_due_minor - left_minor } else { 0 },
            cash_suggestions: suggestions(cash_due_minor, sale.currency),
            totals,
            sale,
        })
    }
}
