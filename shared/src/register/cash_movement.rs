//! Cash put into a drawer or taken out of it that no sale explains.

use serde::{Deserialize, Serialize};

/// Which way, and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CashMovementKind {
    /// Put in: change from the bank, a float that was too small.
    In,
    /// Paid out: a supplier, a taxi.
    Out,
    /// Taken to the safe, counted later. It stays the house's.
    Drop,
}

/// The most one movement carries, minor units: more than any drawer holds, and far from overflowing any sum.
pub const MAX_MOVEMENT_MINOR: i64 = 100_000_000_000;

/// Whether a movement can carry that much.
pub const fn can_move(amount_minor: i64) -> bool {
    amount_minor >= 1 && amount_minor <= MAX_MOVEMENT_MINOR
}
