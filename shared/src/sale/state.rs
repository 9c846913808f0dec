//! The sale's transitions. A transition that cannot happen says why; nothing is half done.

use serde::{Deserialize, Serialize};

use super::{Quantity, SaleLine, Totals};
use crate::catalog::Product;
use crate::ids::SaleId;
use crate::money::{CashRounding, Currency};
use crate::tender::{ApprovedCard, Settlement, SettlementError, Tender, settle};

/// The most a line may hold, thousandths: a hundred thousand pieces is a slip of the finger.
const MAX_QUANTITY_MILLI: i64 = 100_000_000;
/// The most lines of one document (Chile: 1000 on a boleta).
const MAX_LINES: usize = 1000;

/// A sale while it can still change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Sale {
    /// Its id, made before the first line.
    pub sale_id: SaleId,
    /// What it is sold in.
    pub currency: Currency,
    /// In the order they were added.
    pub lines: Vec<SaleLine>,
    /// The number the next new line takes.
    pub next_line_no: u16,
}

/// A sale that happened. Nothing about it changes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedSale {
    /// Its id.
    pub sale_id: SaleId,
    /// What it was sold in.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<SaleLine>,
    /// What it came to.
    pub totals: Totals,
    /// How it was paid.
    pub settlement: Settlement,
}

/// Why a change to a sale was refused. The sale is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaleError {
    /// Nothing to sell.
    #[error("the sale has no lines")]
    Empty,
    /// No such line.
    #[error("the sale has no line {0}")]
    UnknownLine(u16),
    /// Zero, negative or absurd.
    #[error("{} thousandths is no quantity to sell", .0.milli())]
    Quantity(Quantity),
    /// Withdrawn from the catalogue.
    #[error("{0} is not for sale any more")]
    NotForSale(String),
    /// A thousand lines or an amount past counting.
    #[error("the sale is too large")]
    TooLarge,
    /// The tenders do not settle it.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}

impl Sale {
    /// A new, empty sale.
    pub fn open(sale_id: SaleId, currency: Currency) -> Self {
        Self { sale_id, currency, lines: Vec::new(), next_line_no: 1 }
    }

    /// Adds a product; one already there at the same price grows instead. Answers the line's number.
    pub fn add(&mut self, product: &Product, quantity: Quantity) -> Result<u16, SaleError> {
        if !product.is_active {
            return Err(SaleError::NotForSale(product.name.clone()));
        }
        let same = |line: &&SaleLine| {
            line.product_id == product.product_id
                && line.unit_price_minor == product.price_minor
                && line.tax_rate_bp == product.tax_rate_bp
        };
        if let Some(line) = self.lines.iter().find(same) {
            let (line_no, grown) = (line.line_no, line.quantity_milli.plus(quantity).ok_or(SaleError::TooLarge)?);
            self.set_quantity(line_no, grown)?;
            return Ok(line_no);
        }
        if self.lines.len() >= MAX_LINES {
            return Err(SaleError::TooLarge);
        }
        let line_no = self.next_line_no;
        let line = SaleLine::of(line_no, product, checked(quantity)?).ok_or(SaleError::TooLarge)?;
        let next_line_no = line_no.checked_add(1).ok_or(SaleError::TooLarge)?;
        self.replace_lines(|lines| lines.push(line))?;
        self.next_line_no = next_line_no;
        Ok(line_no)
    }

    /// Sets how much of a line.
    pub fn set_quantity(&mut self, line_no: u16, quantity: Quantity) -> Result<(), SaleError> {
        let place = self.place_of(line_no)?;
        let line = self.lines[place].with_quantity(checked(quantity)?).ok_or(SaleError::TooLarge)?;
        self.replace_lines(|lines| lines[place] = line)
    }

    /// Takes a line off and answers it.
    pub fn remove(&mut self, line_no: u16) -> Result<SaleLine, SaleError> {
        let place = self.place_of(line_no)?;
        Ok(self.lines.remove(place))
    }

    /// What it comes to now.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.lines).expect("every change keeps the sum within bounds")
    }

    /// Settles the sale: `Σ payments = total + rounding`, whatever the mix of cash and cards.
    ///
    /// Errors: [`SaleError::Empty`]; [`SaleError::Settlement`] when the tenders fall short or exceed what is due.
    pub fn complete(
        &self,
        tenders: &[Tender],
        cards: &[ApprovedCard],
        rounding: CashRounding,
    ) -> Result<CompletedSale, SaleError> {
        if self.lines.is_empty() {
            return Err(SaleError::Empty);
        }
        let totals = self.totals();
        let settlement = settle(totals.total_minor, tenders, cards, rounding)?;
        Ok(CompletedSale {
            sale_id: self.sale_id,
            currency: self.currency,
            lines: self.lines.clone(),
            totals,
            settlement,
        })
    }

    fn place_of(&self, line_no: u16) -> Result<usize, SaleError> {
        self.lines.iter().position(|line| line.line_no == line_no).ok_or(SaleError::UnknownLine(line_no))
    }

    /// Changes a copy and keeps it only while the total can still be counted.
    fn replace_lines(&mut self, change: impl FnOnce(&mut Vec<SaleLine>)) -> Result<(), SaleError> {
        let mut lines = self.lines.clone();
        change(&mut lines);
        Totals::of(&lines).ok_or(SaleError::TooLarge)?;
        self.lines = lines;
        Ok(())
    }
}

fn checked(quantity: Quantity) -> Result<Quantity, SaleError> {
    if (1..=MAX_QUANTITY_MILLI).contains(&quantity.milli()) { Ok(quantity) } else { Err(SaleError::Quantity(quantity)) }
}
