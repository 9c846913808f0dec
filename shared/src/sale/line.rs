//! A line of a sale: what the product was at that moment, how much of it, and what that comes to.

use serde::{Deserialize, Serialize};

use crate::catalog::Product;
use crate::ids::ProductId;
use crate::tax::RateBp;

/// How much of something, in thousandths: `2000` is two pieces, `750` is 0.75 litres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// One piece.
    pub const ONE: Self = Self(1000);

    /// From thousandths.
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// From whole pieces.
    pub const fn from_whole(pieces: i32) -> Self {
        Self(pieces as i64 * 1000)
    }

    /// In thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// As whole pieces, when it is whole.
    pub const fn whole(self) -> Option<i64> {
        if self.0 % 1000 == 0 { Some(self.0 / 1000) } else { None }
    }

    /// The sum, when it fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What this much costs at a unit price, rounded half away from zero. `None` when it does not fit.
    pub fn times_price(self, unit_price_minor: i64) -> Option<i64> {
        let exact = i128::from(self.0) * i128::from(unit_price_minor);
        i64::try_from((exact * 2 + 1000 * exact.signum()) / 2000).ok()
    }
}

/// One line. Name, price and rate are copies: a later change of the catalogue does not touch them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SaleLine {
    /// Place on the receipt, from 1. A removed line's number is not used again in its sale.
    pub line_no: u16,
    /// The product.
    pub product_id: ProductId,
    /// Its short number, for the QR ticket.
    pub product_number: u16,
    /// Its SKU then.
    pub sku: String,
    /// Its name then.
    pub name: String,
    /// How much.
    pub quantity_milli: Quantity,
    /// Price of one, tax included, minor units.
    pub unit_price_minor: i64,
    /// The tax inside.
    pub tax_rate_bp: RateBp,
    /// Quantity times price, minor units.
    pub total_minor: i64,
    /// Goes onto a QR ticket that a bar redeems.
    pub is_ticketed: bool,
}

impl SaleLine {
    /// A line of a product at its price now. `None` when the amount does not fit.
    pub fn of(line_no: u16, product: &Product, quantity: Quantity) -> Option<Self> {
        Some(Self {
            line_no,
            product_id: product.product_id,
            product_number: product.number,
            sku: product.sku.clone(),
            name: product.name.clone(),
            quantity_milli: quantity,
            unit_price_minor: product.price_minor,
            tax_rate_bp: product.tax_rate_bp,
            total_minor: quantity.times_price(product.price_minor)?,
            is_ticketed: product.is_ticketed,
        })
    }

    /// The same line with another quantity. `None` when the amount does not fit.
    pub fn with_quantity(&self, quantity: Quantity) -> Option<Self> {
        let total_minor = quantity.times_price(self.unit_price_minor)?;
        Some(Self { quantity_milli: quantity, total_minor, ..self.clone() })
    }
}
