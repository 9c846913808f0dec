//! What the customer offers, and how it settles what is due: cards first and exactly, cash last, rounded by law.

mod batch;
mod card;
mod cash;
mod port;

pub use batch::{BatchComparison, BatchLine, BatchVerdict, TerminalBatch, TerminalRow, TerminalTotals};
pub use card::{
    ApprovedCard, CardApproval, CardPayment, CardProgress, CardState, Contradiction, NotStartedReason, OpenReason,
    ReturnWay, TerminalReport, VoucherError,
};
pub use cash::{Denominations, change_in_notes};
pub use port::port_in_words;

use serde::{Deserialize, Serialize};

use crate::ids::PaymentId;
use crate::money::CashRounding;
use crate::sabotage::{self, Bug};

/// What is offered towards the due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Tender {
    /// Notes and coins on the counter.
    Cash {
        /// What was handed over, minor units.
        tendered_minor: i64,
    },
    /// A card payment the terminal has approved.
    Card {
        /// Which.
        payment_id: PaymentId,
    },
}

/// A tender accepted: what it paid of the sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payment {
    /// Cash kept in the drawer.
    Cash {
        /// What stays in the drawer: tendered less change, minor units.
        amount_minor: i64,
        /// What was handed over, minor units.
        tendered_minor: i64,
        /// What was given back, minor units.
        change_minor: i64,
        /// Legal rounding: cash kept less cash owed, minor units.
        rounding_minor: i64,
    },
    /// Card, as the terminal approved it.
    Card {
        /// Which attempt.
        payment_id: PaymentId,
        /// What it took, minor units.
        amount_minor: i64,
        /// The terminal's word.
        approval: CardApproval,
        /// A person's word, from paper.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
        is_manual: bool,
    },
}

impl Payment {
    /// What it paid, minor units.
    pub fn amount_minor(&self) -> i64 {
        match self {
            Self::Cash { amount_minor, .. } | Self::Card { amount_minor, .. } => *amount_minor,
        }
    }
}

/// How a sale was paid. `Σ payments = total + rounding`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Settlement {
    /// Cards first, cash last.
    pub payments: Vec<Payment>,
    /// To hand back, minor units.
    pub change_minor: i64,
    /// Legal rounding of the cash part, minor units; its own account, never in tax.
    pub rounding_minor: i64,
}

/// Why tenders do not settle a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// Not enough.
    #[error("{missing_minor} still to pay")]
    Short {
        /// How much is missing, minor units, after rounding where cash would pay it.
        missing_minor: i64,
    },
    /// Cards took more than is due, or cash was offered with nothing due.
    #[error("only cash gives change, and {over_minor} is too much")]
    Over {
        /// By how much, minor units.
        over_minor: i64,
    },
    /// Named twice, or never approved.
    #[error("card payment {0} is not approved for this sale")]
    CardNotApproved(PaymentId),
    /// Negative, or past counting.
    #[error("{0} is no amount to tender")]
    Amount(i64),
}

/// What cash has to pay once `paid_minor` is covered otherwise, rounded by law.
pub fn cash_due(total_minor: i64, paid_minor: i64, rounding: CashRounding) -> i64 {
    rounding.round(total_minor - paid_minor).max(0)
}

/// Settles a total with tenders. Several cash tenders count as one.
pub fn settle(
    total_minor: i64,
    tenders: &[Tender],
    cards: &[ApprovedCard],
    rounding: CashRounding,
) -> Result<Settlement, SettlementError> {
    let (mut payments, mut by_card, mut tendered) = (Vec::<Payment>::new(), 0_i64, None::<i64>);
    for tender in tenders {
        match *tender {
            Tender::Cash { tendered_minor } => {
                if tendered_minor < 0 {
                    return Err(SettlementError::Amount(tendered_minor));
                }
                let sum = tendered.unwrap_or(0).checked_add(tendered_minor);
                tendered = Some(sum.ok_or(SettlementError::Amount(tendered_minor))?);
            }
            Tender::Card { payment_id } => {
                let used =
                    payments.iter().any(|p| matches!(p, Payment::Card { payment_id: id, .. } if *id == payment_id));
                let card = cards.iter().find(|card| card.payment_id == payment_id && !used);
                let card = card.ok_or(SettlementError::CardNotApproved(payment_id))?;
                by_card = by_card.checked_add(card.amount_minor).ok_or(SettlementError::Amount(card.amount_minor))?;
                payments.push(Payment::Card {
                    payment_id,
                    amount_minor: card.amount_minor,
                    approval: card.approval.clone(),
                    is_manual: card.is_manual,
                });
            }
        }
    }
    let left = total_minor - by_card;
    if left < 0 {
        return Err(SettlementError::Over { over_minor: -left });
    }
    if left == 0 {
        return match tendered {
            Some(over_minor) if over_minor > 0 => Err(SettlementError::Over { over_minor }),
            _ => Ok(Settlement { payments, change_minor: 0, rounding_minor: 0 }),
        };
    }
    let amount_minor = cash_due(total_minor, by_card, rounding);
    let tendered_minor = match tendered {
        Some(tendered) if tendered >= amount_minor => tendered,
        given => return Err(SettlementError::Short { missing_minor: amount_minor - given.unwrap_or(0) }),
    };
    let (change_minor, rounding_minor) = (tendered_minor - amount_minor, amount_minor - left);
    let amount_minor = if sabotage::is(Bug::ChangeKept) { tendered_minor } else { amount_minor };
    payments.push(Payment::Cash { amount_minor, tendered_minor, change_minor, rounding_minor });
    Ok(Settlement { payments, change_minor, rounding_minor })
}
