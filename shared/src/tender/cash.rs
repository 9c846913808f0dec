//! Notes and coins: which exist, and how to hand back an amount in the fewest.

use crate::money::Currency;

/// The notes and coins in use, largest first, minor units.
pub struct Denominations;

impl Denominations {
    /// What can be counted in a drawer of this currency.
    pub const fn of(currency: Currency) -> &'static [i64] {
        match currency {
            Currency::Clp => &[20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10],
            Currency::Cop => {
                &[10_000_000, 5_000_000, 2_000_000, 1_000_000, 500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000]
            }
            Currency::Czk => &[500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100],
            Currency::Eur => &[50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
            Currency::Ils => &[20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 10],
        }
    }
}

/// The fewest notes and coins for an amount: `(denomination, how many)`, largest first. What no coin can pay is left out.
pub fn change_in_notes(amount_minor: i64, currency: Currency) -> Vec<(i64, i64)> {
    let mut left = amount_minor.max(0);
    let mut notes = Vec::new();
    for denomination in Denominations::of(currency) {
        let count = left / denomination;
        if count > 0 {
            notes.push((*denomination, count));
            left -= count * denomination;
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_comes_in_the_fewest_notes() {
        assert_eq!(change_in_notes(7_010, Currency::Clp), vec![(5_000, 1), (2_000, 1), (10, 1)]);
        assert_eq!(change_in_notes(0, Currency::Clp), vec![]);
    }
}
