//! X and Z: a reading that changes nothing, and the one that closes.

use serde::{Deserialize, Serialize};

use super::CashMovementKind;
use crate::ids::SessionId;
use crate::sale::CompletedSale;
use crate::tender::Payment;
use crate::time::{BusinessDate, Timestamp};

/// What a session sold, added up sale by sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SessionTotals {
    /// How many sales.
    pub sales: u32,
    /// What they came to before rounding, minor units.
    pub total_minor: i64,
    /// The tax inside, minor units.
    pub tax_minor: i64,
    /// Cash kept: tendered less change, minor units.
    pub cash_minor: i64,
    /// Taken by card, minor units.
    pub card_minor: i64,
    /// Legal rounding, its own account, minor units.
    pub rounding_minor: i64,
    /// Of the card payments, how many a person entered or settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<u32>"))]
    pub manual_cards: u32,
    /// What those took, minor units; in `card_minor` as well.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub manual_card_minor: i64,
    /// Cash handed back for what cards had taken beside a sale, minor units. It belongs to no sale.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub returned_minor: i64,
    /// Cash put in, minor units.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub paid_in_minor: i64,
    /// Cash paid out, minor units.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub paid_out_minor: i64,
    /// Cash taken to the safe, minor units.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub dropped_minor: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over so")]
const fn is_none(amount_minor: &i64) -> bool {
    *amount_minor == 0
}

impl SessionTotals {
    /// With one more sale.
    #[must_use]
    pub fn plus(self, sale: &CompletedSale) -> Self {
        let by = |is_cash: bool| -> i64 {
            let of_kind = |p: &&Payment| matches!(p, Payment::Cash { .. }) == is_cash;
            sale.settlement.payments.iter().filter(of_kind).map(Payment::amount_minor).sum()
        };
        let manual = || sale.settlement.payments.iter().filter(|p| matches!(p, Payment::Card { is_manual: true, .. }));
        Self {
            sales: self.sales + 1,
            total_minor: self.total_minor + sale.totals.total_minor,
            tax_minor: self.tax_minor + sale.totals.tax_minor,
            cash_minor: self.cash_minor + by(true),
            card_minor: self.card_minor + by(false),
            rounding_minor: self.rounding_minor + sale.settlement.rounding_minor,
            manual_cards: self.manual_cards + u32::try_from(manual().count()).unwrap_or(u32::MAX),
            manual_card_minor: self.manual_card_minor + manual().map(Payment::amount_minor).sum::<i64>(),
            ..self
        }
    }

    /// With cash moved.
    #[must_use]
    pub fn moved(mut self, kind: CashMovementKind, amount_minor: i64) -> Self {
        let sum = match kind {
            CashMovementKind::In => &mut self.paid_in_minor,
            CashMovementKind::Out => &mut self.paid_out_minor,
            CashMovementKind::Drop => &mut self.dropped_minor,
        };
        *sum += amount_minor;
        self
    }

    /// What all of it put into the drawer, less what it took out, minor units.
    pub const fn cash_through_minor(&self) -> i64 {
        self.cash_minor + self.paid_in_minor - self.returned_minor - self.paid_out_minor - self.dropped_minor
    }
}

/// A reading of an open session. Changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct XReport {
    /// The session read.
    pub session_id: SessionId,
    /// Its night.
    pub business_date: BusinessDate,
    /// When it was read.
    pub read_at: Timestamp,
    /// How many sales so far.
    pub sales: u32,
    /// Taken by card so far, to hold against the terminal's slips, minor units.
    pub card_minor: i64,
    /// Of that, what a person entered or settled, minor units: no terminal vouches for it.
    #[serde(default, skip_serializing_if = "is_none")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<i64>"))]
    pub manual_card_minor: i64,
    /// What was sold so far; absent for people who count blind, since it tells the cash.
    pub totals: Option<SessionTotals>,
    /// What the drawer should hold; absent for people who count blind.
    pub expected_cash_minor: Option<i64>,
}

/// The reading that closed a session; numbered, made once, copied when printed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ZReport {
    /// Consecutive at this register.
    pub z_number: u32,
    /// The session it closed.
    pub session_id: SessionId,
    /// Its night.
    pub business_date: BusinessDate,
    /// What was sold.
    pub totals: SessionTotals,
    /// Cash at opening, minor units.
    pub float_minor: i64,
    /// What the ledger says the drawer holds, minor units.
    pub expected_cash_minor: i64,
    /// What the hands found, minor units.
    pub counted_cash_minor: i64,
    /// Counted less expected: negative is short, minor units.
    pub variance_minor: i64,
}
