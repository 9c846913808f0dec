//! A product as head office publishes it, complete enough to sell without asking anyone.

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, ProductId};
use crate::merge::Marks;
use crate::tax::RateBp;

/// What is listed and sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Product {
    /// Its id.
    pub product_id: ProductId,
    /// Short number inside the tenant, dense from 1: what a QR ticket carries.
    pub number: u16,
    /// Our own code, unique per tenant.
    pub sku: String,
    /// As on the key and on paper.
    pub name: String,
    /// The group it is shown in.
    pub category_id: CategoryId,
    /// Price with tax, minor units of the venue's currency.
    pub price_minor: i64,
    /// The tax inside the price.
    pub tax_rate_bp: RateBp,
    /// GTIN-14 texts, fourteen digits each.
    pub barcodes: Vec<String>,
    /// Sold as a ticket that a bar redeems, rather than handed over at the till.
    pub is_ticketed: bool,
    /// Place on the page, smallest first.
    pub position: u16,
    /// Still for sale.
    pub is_active: bool,
    /// What it is besides its category: `happy hour`, `vegan`. In order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<String>>"))]
    pub tags: Vec<String>,
    /// How late each field is, for merging edits made at tills.
    #[serde(default, skip_serializing_if = "Marks::is_fresh")]
    #[cfg_attr(feature = "typescript", ts(skip))]
    pub marks: Marks,
}

/// A group of products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Category {
    /// Its id.
    pub category_id: CategoryId,
    /// As on the tab.
    pub name: String,
    /// Which of the eight category tints, 1..=8.
    pub tint: u8,
    /// Place among the tabs, smallest first.
    pub position: u16,
    /// Still shown.
    pub is_active: bool,
}
