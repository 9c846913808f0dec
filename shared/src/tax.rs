//! Tax in basis points, inside the price (the till's case) or on top of it. Computed per document, never per line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sabotage::{self, Bug};
use crate::time::BusinessDate;

/// A rate in basis points: 1900 is 19 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct RateBp(pub u32);

/// What one document owes at one rate. `net + tax = gross`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TaxLine {
    /// The rate.
    pub rate_bp: RateBp,
    /// Price with tax, minor units.
    pub gross_minor: i64,
    /// Price without tax, minor units.
    pub net_minor: i64,
    /// The tax, minor units.
    pub tax_minor: i64,
}

impl RateBp {
    /// Takes the tax out of a price that includes it: the net is rounded half up, the tax is the rest.
    #[must_use]
    pub fn included_in(self, gross_minor: i64) -> TaxLine {
        let net_minor = div_half_up(i128::from(gross_minor) * 10_000, 10_000 + i128::from(self.0));
        TaxLine { rate_bp: self, gross_minor, net_minor, tax_minor: gross_minor - net_minor }
    }

    /// Puts the tax on top of a net price, rounded half up. `None` when the sum does not fit.
    pub fn on_top_of(self, net_minor: i64) -> Option<TaxLine> {
        let tax =
            (i128::from(net_minor) * i128::from(self.0) * 2 + 10_000 * i128::from(net_minor.signum())) / (2 * 10_000);
        let tax_minor = i64::try_from(tax).ok()?;
        let gross_minor = net_minor.checked_add(tax_minor)?;
        Some(TaxLine { rate_bp: self, gross_minor, net_minor, tax_minor })
    }
}

/// Divides, rounding halves away from zero. The result is never larger than the dividend's origin, so it fits.
fn div_half_up(dividend: i128, divisor: i128) -> i64 {
    let rounded = (dividend * 2 + divisor * dividend.signum()) / (divisor * 2);
    i64::try_from(rounded).expect("a net amount is no larger than its gross")
}

/// The tax of a whole document: gross amounts added up by rate, then split once per rate, lowest rate first.
pub fn by_document(lines: impl IntoIterator<Item = (RateBp, i64)>) -> Vec<TaxLine> {
    let mut gross_by_rate = BTreeMap::<RateBp, i64>::new();
    for (rate, gross) in lines {
        let sum = gross_by_rate.entry(rate).or_default();
        *sum = sum.saturating_add(gross);
    }
    let rounded = |(rate, gross): (RateBp, i64)| {
        if sabotage::is(Bug::TaxByLine) {
            // Two parts of a document, each rounded by itself.
            let (most, least) = (rate.included_in(gross - gross / 3), rate.included_in(gross / 3));
            let (net_minor, tax_minor) = (most.net_minor + least.net_minor, most.tax_minor + least.tax_minor);
            return TaxLine { rate_bp: rate, gross_minor: gross, net_minor, tax_minor };
        }
        rate.included_in(gross)
    };
    gross_by_rate.into_iter().map(rounded).collect()
}

/// A rate with its history: the supply date decides, not the day it is keyed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSchedule {
    /// From which day each rate holds; in any order.
    pub periods: Vec<(BusinessDate, RateBp)>,
}

impl TaxSchedule {
    /// The rate in force on a day; `None` before the first.
    pub fn on(&self, date: BusinessDate) -> Option<RateBp> {
        self.periods.iter().filter(|(from, _)| *from <= date).max_by_key(|(from, _)| *from).map(|(_, rate)| *rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chilean_iva_comes_out_of_the_total() {
        for (gross, net, tax) in
            [(11_900, 10_000, 1_900), (12_990, 10_916, 2_074), (990, 832, 158), (4_500, 3_782, 718)]
        {
            let line = RateBp(1900).included_in(gross);
            assert_eq!((line.net_minor, line.tax_minor), (net, tax), "{gross}");
        }
    }

    #[test]
    fn israeli_vat_follows_the_supply_date() {
        let day = |year, month, day| BusinessDate::from_ymd(year, month, day).expect("a day that exists");
        let vat = TaxSchedule { periods: vec![(day(2025, 1, 1), RateBp(1800)), (day(2015, 10, 1), RateBp(1700))] };
        assert_eq!(vat.on(day(2024, 12, 31)).map(|rate| rate.included_in(11_700).tax_minor), Some(1_700));
        assert_eq!(vat.on(day(2025, 1, 1)).map(|rate| rate.included_in(11_700).tax_minor), Some(1_785));
        assert_eq!(vat.on(day(2025, 1, 1)).map(|rate| rate.included_in(11_800).tax_minor), Some(1_800));
        assert_eq!(vat.on(day(2000, 1, 1)), None);
    }

    #[test]
    fn a_document_is_taxed_once_per_rate() {
        // Three times 330 taxed line by line would be 3 × 53 = 159.
        let lines = by_document([(RateBp(1900), 330), (RateBp(1900), 330), (RateBp(0), 100), (RateBp(1900), 330)]);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[1].gross_minor, lines[1].tax_minor), (990, 158));
    }

    #[test]
    fn tax_on_top_is_rounded_half_up() {
        assert_eq!(RateBp(1900).on_top_of(10_916).map(|line| line.gross_minor), Some(12_990));
        assert_eq!(RateBp(1900).on_top_of(i64::MAX), None);
    }
}
