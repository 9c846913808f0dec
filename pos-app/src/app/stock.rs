//! Stock: counted, delivered, written off, and how much is left. Selling is never refused for want of it: what a
//! cashier hands over was there, whatever a number says.

use shared::catalog::Product;
use shared::event::{Fact, StockCounted, StockMoved, StockReason};
use shared::ids::ProductId;
use shared::merge::Actor;

use super::{Caller, Till};
use crate::commands::types::{CountStock, MoveStock, Nothing, StockLevel, StockView};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::stock::{KnownStock, load_stock};
use crate::ledger::{View, catalog};

/// From here on a person at the counter wants to know, thousandths: ten pieces.
const LOW_MILLI: i64 = 10_000;
/// No venue has more of anything, thousandths.
const MAX_MILLI: i64 = 1_000_000_000;

/// `stock.list`
pub(crate) fn list_stock(till: &Till, _: &Caller, _: &Nothing) -> Result<Vec<StockView>, CommandError> {
    let run = till.run()?;
    till.ledger().view(|ledger| {
        let kept = catalog::list_kept(ledger)?;
        kept.into_iter().map(|product| view(ledger, run, product)).collect()
    })
}

/// `stock.count`
pub(crate) fn count_stock(till: &Till, who: &Caller, args: &CountStock) -> Result<StockView, CommandError> {
    let counted_milli = args.counted_milli.milli();
    if !(0..=MAX_MILLI).contains(&counted_milli) {
        return Err(not_a_quantity(counted_milli));
    }
    let product_id = args.product_id;
    till.keep_stock(who, product_id, move |KnownStock { round, seen, .. }| {
        Fact::StockCounted(StockCounted { product_id, counted_milli, seen_round: round, seen: seen.into() })
    })
}

/// `stock.receive`
pub(crate) fn receive_stock(till: &Till, who: &Caller, args: &MoveStock) -> Result<StockView, CommandError> {
    till.move_stock(who, args, StockReason::Received)
}

/// `stock.waste`
pub(crate) fn waste_stock(till: &Till, who: &Caller, args: &MoveStock) -> Result<StockView, CommandError> {
    till.move_stock(who, args, StockReason::Wasted)
}

fn not_a_quantity(quantity_milli: i64) -> CommandError {
    CommandError::new(ErrorCode::QuantityInvalid, "That is no quantity to keep.").with("quantity_milli", quantity_milli)
}

fn view(ledger: &View, run: Actor, product: Product) -> Result<StockView, CommandError> {
    let on_hand_milli = load_stock(ledger, run, product.product_id)?.on_hand_milli;
    let level = match on_hand_milli {
        None => StockLevel::Unknown,
        Some(milli) if milli <= 0 => StockLevel::Out,
        Some(milli) if milli <= LOW_MILLI => StockLevel::Low,
        Some(_) => StockLevel::Plenty,
    };
    Ok(StockView { product, on_hand_milli, level })
}

impl Till {
    /// Whoever writes at this till now.
    fn run(&self) -> Result<Actor, CommandError> {
        Ok(Actor { device: self.identity()?.enrolment.device_id, chain: self.ledger().chain() })
    }

    fn move_stock(&self, who: &Caller, args: &MoveStock, reason: StockReason) -> Result<StockView, CommandError> {
        let milli = args.quantity_milli.milli();
        let (1..=MAX_MILLI, Ok(quantity_milli)) = (milli, u64::try_from(milli)) else {
            return Err(not_a_quantity(milli));
        };
        let product_id = args.product_id;
        let fact = StockMoved { product_id, reason, quantity_milli };
        self.keep_stock(who, product_id, move |_| Fact::StockMoved(fact))
    }

    /// Writes down what somebody says about a product's stock, knowing what is known at that moment.
    fn keep_stock(
        &self,
        who: &Caller,
        product_id: ProductId,
        fact: impl FnOnce(KnownStock) -> Fact + Send + 'static,
    ) -> Result<StockView, CommandError> {
        let by = who.by()?;
        let session = self.find_session()?.map(|stored| stored.session.session_id);
        let run = self.run()?;
        self.ledger().transact(move |tx| {
            let ledger = tx.connection();
            let unknown = || CommandError::new(ErrorCode::ProductUnknown, "This till knows no such product.");
            let product = catalog::find_product(ledger, product_id)?.ok_or_else(unknown)?;
            tx.append(&fact(load_stock(ledger, run, product_id)?), by, session)?;
            view(ledger, run, product)
        })
    }
}
