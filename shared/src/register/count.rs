//! A drawer counted by denomination.

use serde::{Deserialize, Serialize};

use crate::money::Currency;
use crate::tender::Denominations;

/// So many of one note or coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Counted {
    /// The note or coin, minor units.
    pub denomination_minor: i64,
    /// How many.
    pub count: u32,
}

/// A whole drawer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct CashCount(pub Vec<Counted>);

/// A count that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountError {
    /// No such note or coin.
    #[error("{0} is no note or coin of this currency")]
    UnknownDenomination(i64),
    /// Listed twice.
    #[error("{0} is counted twice")]
    Repeated(i64),
}

impl CashCount {
    /// Checks that every denomination exists and is listed once.
    pub fn check(&self, currency: Currency) -> Result<(), CountError> {
        for (place, counted) in self.0.iter().enumerate() {
            if !Denominations::of(currency).contains(&counted.denomination_minor) {
                return Err(CountError::UnknownDenomination(counted.denomination_minor));
            }
            if self.0[..place].iter().any(|other| other.denomination_minor == counted.denomination_minor) {
                return Err(CountError::Repeated(counted.denomination_minor));
            }
        }
        Ok(())
    }

    /// What it comes to, minor units.
    pub fn total_minor(&self) -> i64 {
        self.0.iter().map(|counted| counted.denomination_minor.saturating_mul(i64::from(counted.count))).sum()
    }
}
