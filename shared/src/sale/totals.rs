//! What a sale comes to.

use serde::{Deserialize, Serialize};

use super::SaleLine;
use crate::tax::{self, TaxLine};

/// The sums of a document. Lines sum to the total; nets and taxes sum to the total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Totals {
    /// What the customer owes before any rounding of cash, minor units.
    pub total_minor: i64,
    /// The tax inside, minor units.
    pub tax_minor: i64,
    /// Total less tax, minor units.
    pub net_minor: i64,
    /// The same by rate, lowest rate first.
    pub taxes: Vec<TaxLine>,
}

impl Totals {
    /// Adds up lines. `None` when the sum does not fit.
    pub fn of(lines: &[SaleLine]) -> Option<Self> {
        let total_minor = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.total_minor))?;
        let taxes = tax::by_document(lines.iter().map(|line| (line.tax_rate_bp, line.total_minor)));
        let tax_minor = taxes.iter().map(|line| line.tax_minor).sum();
        Some(Self { total_minor, tax_minor, net_minor: total_minor - tax_minor, taxes })
    }
}
