//! The counter: build a sale, settle it, remember it. Finishing is one transaction; paper and network come after.

use shared::event::{Fact, SaleAbandoned, SaleRecorded};
use shared::ids::SaleId;
use shared::register::{Counted, RegisterSession};
use shared::sale::{Quantity, Sale};
use shared::tender::{ApprovedCard, CardPayment, CardState, Tender, cash_due, change_in_notes};
use shared::venue::{Register, Venue};

use super::card::busy_with;
use super::suggest::suggestions;
use super::till::lock;
use super::{Caller, Till};
use crate::commands::types::{
    AddProduct, CompleteSale, CompletedSaleView, Nothing, RecentSales, RemoveLine, SaleView, SetQuantity,
};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::sale::{StoredSale, list_latest, next_receipt_no};
use crate::ledger::ticket::next_serial;
use crate::ledger::{View, card, catalog, counter};

/// `sale.current`
pub(crate) fn current_sale(till: &Till, _: &Caller, _: &Nothing) -> Result<SaleView, CommandError> {
    let sale = till.sale_on_counter()?;
    till.view_counter(sale)
}

/// `sale.add`
pub(crate) fn add_product(till: &Till, _: &Caller, args: &AddProduct) -> Result<SaleView, CommandError> {
    till.change_sale(|sale| {
        let product = till.ledger().read(|connection| catalog::find_product(connection, args.product_id))?;
        let unknown = || CommandError::new(ErrorCode::ProductUnknown, "This till knows no such product.");
        sale.add(&product.ok_or_else(unknown)?, args.quantity_milli.unwrap_or(Quantity::ONE))?;
        Ok(())
    })
}

/// `sale.set_quantity`
pub(crate) fn set_quantity(till: &Till, _: &Caller, args: &SetQuantity) -> Result<SaleView, CommandError> {
    till.change_sale(|sale| Ok(sale.set_quantity(args.line_no, args.quantity_milli)?))
}

/// `sale.remove`
pub(crate) fn remove_line(till: &Till, _: &Caller, args: &RemoveLine) -> Result<SaleView, CommandError> {
    till.change_sale(|sale| {
        sale.remove(args.line_no)?;
        Ok(())
    })
}

/// `sale.repeat_last`
pub(crate) fn repeat_last(till: &Till, _: &Caller, _: &Nothing) -> Result<SaleView, CommandError> {
    let last = till.ledger().read(|connection| list_latest(connection, 1))?.pop();
    let last = last.ok_or_else(|| CommandError::new(ErrorCode::SaleUnknown, "There is no sale to repeat yet."))?;
    till.change_sale(|sale| {
        for line in &last.recorded.lines {
            let product = till.ledger().read(|connection| catalog::find_product(connection, line.product_id))?;
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
    let Some(sale) = till.ledger().read(counter::find)? else {
        let empty = till.sale_on_counter()?;
        return till.view_counter(empty);
    };
    till.refuse_running_card(sale.sale_id)?;
    if !till.approved_cards(sale.sale_id)?.is_empty() {
        let message = "A card has paid towards this sale. Finish it, or void the payment at the terminal first.";
        return Err(CommandError::new(ErrorCode::CardAlreadyPaid, message));
    }
    let lines: Vec<_> = sale.lines.iter().map(|line| (line.product_id, line.quantity_milli.milli())).collect();
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    let actor = Some(who.staff()?.staff_id);
    till.ledger().write(move |tx| {
        if !lines.is_empty() {
            tx.append(&Fact::SaleAbandoned(SaleAbandoned { sale_id: sale.sale_id, lines }), actor, session)?;
        }
        tx.clear_counter()
    })?;
    till.view_counter(till.sale_on_counter()?)
}

/// `sale.complete`
pub(crate) fn complete_sale(till: &Till, who: &Caller, args: &CompleteSale) -> Result<CompletedSaleView, CommandError> {
    let stored = {
        let _turn = till.take_turn();
        let staff = who.staff()?;
        let Settling { session, sale, cards, venue, register, receipt_no, serial } =
            till.ledger().view(|ledger| till.load_settling(ledger))?;
        refuse_running(&cards)?;
        let cards: Vec<_> = cards.iter().filter_map(CardPayment::approved).collect();
        let mut tenders: Vec<_> = cards.iter().map(|card| Tender::Card { payment_id: card.payment_id }).collect();
        tenders.extend(args.cash_tendered_minor.map(|tendered_minor| Tender::Cash { tendered_minor }));
        let completed = sale.complete(&tenders, &cards, venue.cash_rounding)?;
        let tickets = till.issue_tickets(&completed.lines, session.business_date, serial, (&venue, &register))?;
        let now = till.clock.now();
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
        let jobs = till.sale_paper(&recorded, (&venue, &register, &staff.name));
        let (operator, is_print_pending) = (Some(staff.staff_id), !jobs.is_empty());
        let fact = Fact::SaleCompleted(recorded.clone());
        till.ledger().write(move |tx| {
            tx.append(&fact, operator, Some(session.session_id))?;
            tx.clear_counter()?;
            jobs.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop))
        })?;
        StoredSale { recorded, operator, copies: 0, is_print_pending }
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
    let StoredSale { recorded, is_print_pending, .. } = stored;
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
    }
}

/// Everything a sale needs to be settled, as it was at one moment.
struct Settling {
    session: RegisterSession,
    sale: Sale,
    cards: Vec<CardPayment>,
    venue: Venue,
    register: Register,
    receipt_no: u64,
    serial: u32,
}

/// A payment in doubt does not hold up its sale: the customer pays otherwise, and the doubt stays named.
fn refuse_running(cards: &[CardPayment]) -> Result<(), CommandError> {
    let is_running = |state: &CardState| !state.is_final() && *state != CardState::Uncertain;
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
    fn load_settling(&self, ledger: &View) -> Result<Settling, CommandError> {
        let session = self.session_in(ledger)?.session;
        let empty = || CommandError::new(ErrorCode::SaleEmpty, "There is nothing on the counter to sell.");
        let sale = counter::find(ledger)?.ok_or_else(empty)?;
        Ok(Settling {
            cards: card::list_of_sale(ledger, sale.sale_id)?,
            venue: self.venue_in(ledger)?,
            register: self.register_in(ledger)?,
            receipt_no: next_receipt_no(ledger, session.register_id)?,
            serial: next_serial(ledger)?,
            session,
            sale,
        })
    }

    /// What is on the counter, or an empty sale whose id stays until it has a line.
    fn sale_on_counter(&self) -> Result<Sale, CommandError> {
        if let Some(sale) = self.ledger().read(counter::find)? {
            return Ok(sale);
        }
        let currency = self.venue()?.currency;
        let mut next = lock(&self.next_sale);
        let sale_id = *next.get_or_insert_with(|| SaleId::new(self.clock.now(), &*self.entropy));
        Ok(Sale::open(sale_id, currency))
    }

    /// Changes the sale on the counter, durably, or leaves it as it was.
    fn change_sale(
        &self,
        change: impl FnOnce(&mut Sale) -> Result<(), CommandError>,
    ) -> Result<SaleView, CommandError> {
        let _turn = self.take_turn();
        self.session()?;
        let mut sale = self.sale_on_counter()?;
        if sale.lines.is_empty() && self.ledger().is_out_of_room() {
            return Err(no_room());
        }
        // The terminal was asked for what the sale came to; it cannot come to something else meanwhile.
        self.refuse_running_card(sale.sale_id)?;
        change(&mut sale)?;
        let paid: i64 = self.approved_cards(sale.sale_id)?.iter().map(|card| card.amount_minor).sum();
        if sale.totals().total_minor < paid {
            // Only cash gives change, so what a card paid has to stay on the sale.
            let message = "A card has paid for this already. It can only come off once that payment is undone.";
            return Err(CommandError::new(ErrorCode::CardAlreadyPaid, message));
        }
        let kept = sale.clone();
        self.ledger().write(move |tx| tx.put_on_counter(&kept))?;
        *lock(&self.next_sale) = None;
        self.view_counter(sale)
    }

    pub(super) fn approved_cards(&self, sale_id: SaleId) -> Result<Vec<ApprovedCard>, CommandError> {
        let cards = self.ledger().read(|connection| card::list_of_sale(connection, sale_id))?;
        Ok(cards.iter().filter_map(CardPayment::approved).collect())
    }

    fn refuse_running_card(&self, sale_id: SaleId) -> Result<(), CommandError> {
        refuse_running(&self.ledger().read(|connection| card::list_of_sale(connection, sale_id))?)
    }

    fn view_counter(&self, sale: Sale) -> Result<SaleView, CommandError> {
        let rounding = self.venue()?.cash_rounding;
        let cards = self.ledger().read(|connection| card::list_of_sale(connection, sale.sale_id))?;
        let approved = cards.iter().filter_map(CardPayment::approved);
        let paid_minor: i64 = approved.map(|card| card.amount_minor).sum();
        let totals = sale.totals();
        let left_minor = totals.total_minor - paid_minor;
        let cash_due_minor = cash_due(totals.total_minor, paid_minor, rounding);
        Ok(SaleView {
            cards: cards.into_iter().map(|payment| self.view_card(payment)).collect(),
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
