//! Money: an exact amount of one currency, as written on a receipt, and the legal rounding of cash.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::time::BusinessDate;

/// The currencies Barra sells in. ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Chilean peso, no minor unit.
    Clp,
    /// Colombian peso, two decimals by the standard, none in use.
    Cop,
    /// Czech koruna.
    Czk,
    /// Euro.
    Eur,
    /// Israeli new shekel.
    Ils,
}

impl Currency {
    /// How many decimals the minor unit stands for (ISO 4217).
    pub const fn exponent(self) -> u8 {
        match self {
            Self::Clp => 0,
            Self::Cop | Self::Czk | Self::Eur | Self::Ils => 2,
        }
    }

    /// Its number in ISO 4217, as labels say it.
    pub const fn numeric(self) -> u16 {
        match self {
            Self::Clp => 152,
            Self::Cop => 170,
            Self::Czk => 203,
            Self::Ils => 376,
            Self::Eur => 978,
        }
    }
}

/// Shape: `minor` counts the currency's minor unit (ISO 4217): `1990` is 19.90 EUR, or 1 990 CLP.
/// Negative owes the customer. Never a float, never without its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Two amounts that cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The sum does not fit.
    #[error("the amount is too large")]
    Overflow,
    /// Adding pesos to euros.
    #[error("cannot put {0:?} and {1:?} together")]
    CurrencyMismatch(Currency, Currency),
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, when both are of one currency and it fits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference, when both are of one currency and it fits.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// Shares the amount without losing a unit: shares differ by at most one, the first carry the
    /// remainder. For split tenders and discounts spread over lines.
    #[must_use]
    pub fn split(self, parts: NonZeroU32) -> Vec<Self> {
        let parts = i64::from(parts.get());
        let (share, remainder) = (self.minor.div_euclid(parts), self.minor.rem_euclid(parts));
        (0..parts).map(|i| Self { minor: share + i64::from(i < remainder), ..self }).collect()
    }
}

/// Where an amount exactly between two coins goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// Towards zero: Chile, 5 goes down.
    Down,
    /// Away from zero: half up.
    Up,
}

/// The legal rounding of a cash amount. Applied once, to what is paid in cash, never to lines, tax or cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CashRounding {
    /// The smallest amount that coins can pay, in minor units; 1 means exact.
    pub unit_minor: i64,
    /// Where the exact middle goes.
    pub tie: Tie,
    /// An amount that is not zero never rounds to zero (Slovakia: 1 and 2 cents become 5).
    pub keeps_nonzero: bool,
}

impl CashRounding {
    /// No rounding.
    pub const EXACT: Self = Self { unit_minor: 1, tie: Tie::Down, keeps_nonzero: false };
    /// Five cents: Finland, Belgium and others that round.
    pub const EURO_FIVE_CENT: Self = Self { unit_minor: 5, tie: Tie::Up, keeps_nonzero: false };
    /// Five cents, and never to zero.
    pub const EURO_SLOVAKIA: Self = Self { unit_minor: 5, tie: Tie::Up, keeps_nonzero: true };

    /// What the law says for this currency on this day, where one rule holds for all its countries.
    /// The euro has one rule per country, so a venue chooses; here it is exact.
    ///
    /// Source: Ley 20.956 (CLP); Bank of Israel (ILS); zákon 634/1992 § 3 (CZK).
    pub fn statutory(currency: Currency, on: BusinessDate) -> Self {
        let since = |year, month, day| BusinessDate::from_ymd(year, month, day).is_some_and(|start| on >= start);
        match currency {
            Currency::Clp if since(2017, 11, 1) => Self { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false },
            Currency::Ils if since(2008, 1, 1) => Self { unit_minor: 10, tie: Tie::Up, keeps_nonzero: false },
            Currency::Czk => Self { unit_minor: 100, tie: Tie::Up, keeps_nonzero: false },
            Currency::Clp | Currency::Cop | Currency::Eur | Currency::Ils => Self::EXACT,
        }
    }

    /// The amount that changes hands in cash. Refunds mirror sales: the sign does not change the magnitude.
    #[must_use]
    pub fn round(self, minor: i64) -> i64 {
        let unit = self.unit_minor.max(1);
        let remainder = minor.unsigned_abs() % unit.unsigned_abs();
        if remainder == 0 {
            return minor;
        }
        let remainder = remainder.cast_signed();
        let goes_up = match (remainder * 2).cmp(&unit) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => self.tie == Tie::Up,
            std::cmp::Ordering::Greater => true,
        };
        let away = minor.signum();
        let towards_zero = minor - away * remainder;
        if goes_up || (towards_zero == 0 && self.keeps_nonzero) {
            towards_zero.saturating_add(away * unit)
        } else {
            towards_zero
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> BusinessDate {
        BusinessDate::from_ymd(2026, 11, 21).expect("a day that exists")
    }

    #[test]
    fn cash_rounds_as_each_law_says() {
        let clp = CashRounding::statutory(Currency::Clp, today());
        for (exact, cash) in [
            (1004, 1000),
            (1005, 1000),
            (1006, 1010),
            (12_990, 12_990),
            (12_995, 12_990),
            (12_996, 13_000),
            (4, 0),
            (6, 10),
            (-1005, -1000),
            (-1006, -1010),
        ] {
            assert_eq!(clp.round(exact), cash, "CLP {exact}");
        }
        let ils = CashRounding::statutory(Currency::Ils, today());
        for (exact, cash) in [(1704, 1700), (1705, 1710), (1707, 1710)] {
            assert_eq!(ils.round(exact), cash, "ILS {exact}");
        }
        let czk = CashRounding::statutory(Currency::Czk, today());
        for (exact, cash) in [(12_949, 12_900), (12_950, 13_000), (49, 0)] {
            assert_eq!(czk.round(exact), cash, "CZK {exact}");
        }
        for (exact, cash) in [(1552, 1550), (1553, 1555), (1557, 1555), (1558, 1560)] {
            assert_eq!(CashRounding::EURO_FIVE_CENT.round(exact), cash, "EUR {exact}");
        }
        assert_eq!(CashRounding::EURO_SLOVAKIA.round(2), 5);
        assert_eq!(CashRounding::EURO_SLOVAKIA.round(1), 5);
    }

    #[test]
    fn rounding_starts_on_the_day_of_the_law() {
        let before = BusinessDate::from_ymd(2017, 10, 31).expect("a day that exists");
        assert_eq!(CashRounding::statutory(Currency::Clp, before).round(1006), 1006);
    }
}
