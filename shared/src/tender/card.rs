//! A card payment. The terminal holds the money, so a doubt stays a doubt: a transport error is never a decline.

use serde::{Deserialize, Serialize};

use crate::ids::{PaymentId, SaleId};
use crate::time::Timestamp;

/// What the terminal said of an approved sale. Never more of the card than its last four digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CardApproval {
    /// The bank's code for it.
    pub authorisation_code: String,
    /// The terminal's number for it.
    pub operation_no: String,
    /// Last four digits of the card.
    pub last4: String,
    /// Brand as the terminal names it, `VI`.
    pub brand: String,
    /// `CR` credit, `DB` debit, as the terminal says.
    pub card_type: String,
}

/// An approved payment, ready to settle a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedCard {
    /// Which attempt.
    pub payment_id: PaymentId,
    /// What the terminal took, minor units.
    pub amount_minor: i64,
    /// Its word for it.
    pub approval: CardApproval,
}

/// What the terminal is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CardProgress {
    /// The request is on the wire.
    Sent,
    /// A card.
    PresentCard,
    /// The customer's word on the amount.
    ConfirmAmount,
    /// The customer's choice of instalments, credit or debit.
    Choose,
    /// The PIN.
    EnterPin,
    /// The bank.
    ContactingBank,
    /// We lost the line and are asking the terminal what happened.
    Recovering,
}

/// Why nothing was started, so nothing can have been charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NotStartedReason {
    /// The port could not be opened, or nothing could be written to it.
    Unreachable,
    /// The terminal refused the request itself, three times.
    Refused,
    /// Cancelled at the till before the first byte left.
    Cancelled,
}

/// Where a card payment stands. `Created → Ready → InProgress →` one of the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CardState {
    /// Asked for at the till.
    Created,
    /// The terminal is free and ours.
    Ready,
    /// Journalled; bytes may have left. A crash here is a doubt.
    InProgress {
        /// What the terminal is waiting for.
        progress: CardProgress,
    },
    /// The terminal took the money.
    Approved {
        /// Its word for it.
        approval: CardApproval,
    },
    /// The terminal refused; nothing was taken.
    Declined {
        /// The terminal's own code, `01`.
        code: String,
    },
    /// Nothing was taken, because nothing was asked.
    NotStarted {
        /// Why.
        reason: NotStartedReason,
    },
    /// The line died after the request may have left: the customer may have been charged. Ask, never repeat.
    Uncertain,
    /// Approved once, cancelled at the terminal since.
    Voided {
        /// The approval that is no more.
        approval: CardApproval,
    },
}

/// What the driver reports of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum TerminalReport {
    /// The terminal is ours.
    Ready,
    /// Further along.
    Progress {
        /// What it waits for.
        progress: CardProgress,
    },
    /// Money taken.
    Approved {
        /// Its word.
        approval: CardApproval,
    },
    /// Nothing taken, finally.
    Declined {
        /// The terminal's own code.
        code: String,
    },
    /// Nothing asked, so nothing taken.
    NotStarted {
        /// Why.
        reason: NotStartedReason,
    },
    /// No answer that proves anything.
    NoAnswer,
}

/// One attempt to take a card payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CardPayment {
    /// Its id, committed before the first byte leaves.
    pub payment_id: PaymentId,
    /// The sale it is for.
    pub sale_id: SaleId,
    /// What the terminal is asked for, minor units.
    pub amount_minor: i64,
    /// The correlation key on the wire: six characters, unique on that terminal.
    pub ticket_no: String,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub state: CardState,
}

/// A report that denies what is already known for certain. Keeps both sides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("card payment {payment_id}: the terminal says {report:?}, but it is known to be {known:?}")]
pub struct Contradiction {
    /// The attempt.
    pub payment_id: PaymentId,
    /// What was known.
    pub known: CardState,
    /// What was said.
    pub report: TerminalReport,
}

impl CardState {
    /// No report can change it any more, save a void of an approval.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Approved { .. } | Self::Declined { .. } | Self::NotStarted { .. } | Self::Voided { .. })
    }
}

impl CardPayment {
    /// A new attempt.
    pub fn new(payment_id: PaymentId, sale_id: SaleId, amount_minor: i64, ticket_no: String, at: Timestamp) -> Self {
        Self { payment_id, sale_id, amount_minor, ticket_no, started_at: at, state: CardState::Created }
    }

    /// Takes in what the driver reports. A repeat is harmless.
    ///
    /// Errors: [`Contradiction`] when the report denies a final state already recorded.
    pub fn report(self, report: TerminalReport) -> Result<Self, Box<Contradiction>> {
        use CardState as Is;
        use TerminalReport as Says;
        let state = match (self.state.clone(), report) {
            (Is::Created | Is::Ready, Says::Ready) => Is::Ready,
            (Is::Created | Is::Ready | Is::InProgress { .. }, Says::Progress { progress }) => {
                Is::InProgress { progress }
            }
            (Is::Created | Is::Ready | Is::InProgress { .. } | Is::Uncertain, Says::Approved { approval }) => {
                Is::Approved { approval }
            }
            (Is::Created | Is::Ready | Is::InProgress { .. } | Is::Uncertain, Says::Declined { code }) => {
                Is::Declined { code }
            }
            (Is::Created | Is::Ready | Is::InProgress { .. } | Is::Uncertain, Says::NotStarted { reason }) => {
                Is::NotStarted { reason }
            }
            // Before the first byte nothing can be in doubt.
            (Is::Created | Is::Ready, Says::NoAnswer) => Is::NotStarted { reason: NotStartedReason::Unreachable },
            (Is::InProgress { .. }, Says::NoAnswer) | (Is::Uncertain, Says::Ready | Says::Progress { .. }) => {
                Is::Uncertain
            }
            (Is::InProgress { progress }, Says::Ready) => Is::InProgress { progress },
            // Terminals repeat their last answer after a reconnect, and stray progress means nothing once all is said.
            (known, Says::NoAnswer | Says::Ready | Says::Progress { .. }) => known,
            (Is::Approved { approval: known }, Says::Approved { approval }) if known == approval => {
                Is::Approved { approval }
            }
            (Is::Declined { code: known }, Says::Declined { code }) if known == code => Is::Declined { code },
            (Is::NotStarted { reason: known }, Says::NotStarted { reason }) if known == reason => {
                Is::NotStarted { reason }
            }
            (known, report) => return Err(Box::new(Contradiction { payment_id: self.payment_id, known, report })),
        };
        Ok(Self { state, ..self })
    }

    /// The payment as a tender, once approved.
    pub fn approved(&self) -> Option<ApprovedCard> {
        match &self.state {
            CardState::Approved { approval } => Some(ApprovedCard {
                payment_id: self.payment_id,
                amount_minor: self.amount_minor,
                approval: approval.clone(),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn approval() -> CardApproval {
        CardApproval {
            authorisation_code: "252985".into(),
            operation_no: "000123".into(),
            last4: "0461".into(),
            brand: "VI".into(),
            card_type: "CR".into(),
        }
    }

    fn payment(state: CardState) -> CardPayment {
        let (payment, sale) = (PaymentId::from_uuid(Uuid::nil()), SaleId::from_uuid(Uuid::nil()));
        let new = CardPayment::new(payment, sale, 1_990, "000001".into(), Timestamp::from_millis(0));
        CardPayment { state, ..new }
    }

    #[test]
    fn a_late_approval_resolves_an_uncertain_payment() {
        let settled = payment(CardState::Uncertain).report(TerminalReport::Approved { approval: approval() });
        assert!(settled.is_ok_and(|payment| payment.approved().is_some()));
    }

    #[test]
    fn silence_after_the_first_byte_is_a_doubt_and_never_a_decline() {
        let sent = payment(CardState::InProgress { progress: CardProgress::Sent });
        assert_eq!(sent.report(TerminalReport::NoAnswer).map(|p| p.state), Ok(CardState::Uncertain));
    }

    #[test]
    fn an_approval_cannot_be_taken_back_by_a_report() {
        let approved = payment(CardState::Approved { approval: approval() });
        assert!(approved.clone().report(TerminalReport::Declined { code: "01".into() }).is_err());
        assert!(approved.report(TerminalReport::Approved { approval: approval() }).is_ok(), "a repeat is harmless");
    }
}
