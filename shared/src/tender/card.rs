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

impl CardApproval {
    /// Whether two approvals, each with what it took, are one transaction of one terminal. Terminals count their
    /// operations anew after a close, so equal numbers alone say nothing, and what a person types has none.
    pub fn is_same_transaction(&self, amount_minor: i64, (other, other_minor): (&Self, i64)) -> bool {
        let is_one_number = self.operation_no == other.operation_no;
        let is_one_card = self.last4 == other.last4;
        if self.authorisation_code.is_empty() && other.authorisation_code.is_empty() {
            // Approved without a bank: nothing else tells two sales of one number apart.
            return is_one_number && !self.operation_no.is_empty() && is_one_card && amount_minor == other_minor;
        }
        let is_typed = self.operation_no.is_empty() || other.operation_no.is_empty();
        self.authorisation_code.eq_ignore_ascii_case(&other.authorisation_code)
            && is_one_card
            && (is_one_number || is_typed)
    }

    /// As it stands on a voucher: a code of 2 to 12 letters and digits, and four digits of the card.
    ///
    /// Errors: which of them cannot be.
    pub fn from_voucher(authorisation_code: &str, last4: &str) -> Result<Self, VoucherError> {
        let (code, last4) = (authorisation_code.trim(), last4.trim());
        if !(2..=12).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(VoucherError::Code);
        }
        if last4.len() != 4 || !last4.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(VoucherError::Digits);
        }
        Ok(Self {
            authorisation_code: code.to_ascii_uppercase(),
            operation_no: String::new(),
            last4: last4.to_owned(),
            brand: String::new(),
            card_type: String::new(),
        })
    }

    /// Whether a debit card paid it, which the terminals of Chile cannot void.
    pub fn is_debit(&self) -> bool {
        self.card_type.eq_ignore_ascii_case("DB")
    }
}

/// What cannot stand on a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoucherError {
    /// The bank's code.
    #[error("an authorisation code is 2 to 12 letters and digits")]
    Code,
    /// The card's last digits.
    #[error("the last digits of a card are four")]
    Digits,
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
    /// A person's word, from paper.
    pub is_manual: bool,
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
    /// The terminal was asked to give an approved payment back, and has not said that it did.
    Voiding {
        /// The approval that may be no more.
        approval: CardApproval,
        /// The terminal's number for the last thing it did before, where it was asked: a void gets the next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        before: Option<String>,
    },
    /// Approved once, given back at the terminal since.
    Voided {
        /// The approval that is no more.
        approval: CardApproval,
    },
}

/// What the driver reports of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum TerminalReport {
    /// The terminal is ours.
    Ready,
    /// The request is about to leave: whatever happens from here on may have cost the customer money.
    Asked {
        /// The terminal's number for the last thing it did before, where it can be asked: what it does now gets another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        baseline: Option<String>,
    },
    /// Further along.
    Progress {
        /// What it waits for.
        progress: CardProgress,
    },
    /// Money will be taken once both sides have said so. Until then the terminal may still undo it.
    Promised {
        /// Its word so far.
        approval: CardApproval,
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
    /// The terminal is about to be asked to give it back.
    VoidAsked {
        /// The terminal's number for the last thing it did before, where it can be asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        baseline: Option<String>,
    },
    /// It gave it back.
    Voided,
    /// It did not, and the approval stands.
    VoidRefused {
        /// The terminal's own code, `08` for a debit card.
        code: String,
    },
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
    /// The terminal's number for the last thing it did before, if it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub baseline: Option<String>,
    /// What the terminal promised before the line went quiet: evidence for whoever has to settle a doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub promised: Option<CardApproval>,
    /// A person said how it ended, with the terminal's paper in hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub is_manual: bool,
    /// What was said since that denies it. A person has to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub denied: Option<TerminalReport>,
    /// The terminal's code for not giving it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub void_refused: Option<String>,
    /// How the customer got it back without the terminal's word. It pays nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub returned: Option<ReturnWay>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: CardState,
}

/// How a customer got back what a card paid beside a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReturnWay {
    /// Out of the drawer.
    Cash,
    /// Any way that the drawer does not know of: at the terminal by hand, by transfer.
    Otherwise,
}

/// Why a payment is in the danger zone: money may have moved, and no sale says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OpenReason {
    /// The customer may have been charged.
    InDoubt,
    /// The money may have been given back.
    VoidInDoubt,
    /// Two words that cannot both be true.
    Contradicted,
    /// Taken, and no sale counts it.
    NotCounted,
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

    /// Bytes may have left, and nobody knows what came of it.
    pub fn is_doubt(&self) -> bool {
        matches!(self, Self::Uncertain | Self::Voiding { .. })
    }

    /// The approval it has or had.
    pub fn approval(&self) -> Option<&CardApproval> {
        match self {
            Self::Approved { approval } | Self::Voiding { approval, .. } | Self::Voided { approval } => Some(approval),
            _ => None,
        }
    }
}

impl CardPayment {
    /// A new attempt.
    pub fn new(payment_id: PaymentId, sale_id: SaleId, amount_minor: i64, ticket_no: String, at: Timestamp) -> Self {
        Self {
            payment_id,
            sale_id,
            amount_minor,
            ticket_no,
            started_at: at,
            baseline: None,
            promised: None,
            is_manual: false,
            denied: None,
            void_refused: None,
            returned: None,
            state: CardState::Created,
        }
    }

    /// Takes in what the driver reports. A repeat is harmless.
    ///
    /// Errors: [`Contradiction`] when the report denies what is already certain.
    pub fn report(self, report: TerminalReport) -> Result<Self, Box<Contradiction>> {
        use CardState as Is;
        use TerminalReport as Says;
        let mut next = self.clone();
        next.state = match (self.state, report) {
            (Is::Created | Is::Ready, Says::Ready) => Is::Ready,
            (Is::Created | Is::Ready, Says::Asked { baseline }) => {
                next.baseline = baseline;
                Is::InProgress { progress: CardProgress::Sent }
            }
            (Is::Created | Is::Ready | Is::InProgress { .. }, Says::Progress { progress }) => {
                Is::InProgress { progress }
            }
            (state @ (Is::InProgress { .. } | Is::Uncertain), Says::Promised { approval }) => {
                next.promised = Some(approval);
                state
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
            (Is::InProgress { .. }, Says::NoAnswer) => Is::Uncertain,
            (Is::Approved { approval }, Says::VoidAsked { baseline }) => Is::Voiding { approval, before: baseline },
            // Written down for a person first, and again with its number when the request leaves.
            (Is::Voiding { approval, before }, Says::VoidAsked { baseline }) => {
                Is::Voiding { approval, before: baseline.or(before) }
            }
            (Is::Voiding { approval, .. } | Is::Voided { approval }, Says::Voided) => Is::Voided { approval },
            (Is::Approved { approval } | Is::Voiding { approval, .. }, Says::VoidRefused { code }) => {
                next.void_refused = Some(code);
                Is::Approved { approval }
            }
            // Terminals repeat their last answer after a reconnect, and stray progress means nothing once all is said.
            (
                known,
                Says::NoAnswer | Says::Ready | Says::Asked { .. } | Says::Progress { .. } | Says::Promised { .. },
            ) => known,
            // The terminal bears out what a person read off its paper, and knows more of it.
            (Is::Approved { approval: typed }, Says::Approved { approval })
                if self.is_manual && typed.is_same_transaction(0, (&approval, 0)) =>
            {
                Is::Approved { approval }
            }
            (known @ (Is::Approved { .. } | Is::Voiding { .. } | Is::Voided { .. }), Says::Approved { approval })
                if known.approval() == Some(&approval) =>
            {
                known
            }
            // Nothing taken is nothing taken, whatever the code.
            (known @ Is::Declined { .. }, Says::Declined { .. } | Says::NotStarted { .. }) if self.is_manual => known,
            (Is::Declined { code: known }, Says::Declined { code }) if known == code => Is::Declined { code },
            (Is::NotStarted { reason: known }, Says::NotStarted { reason }) if known == reason => {
                Is::NotStarted { reason }
            }
            (known, report) => return Err(Box::new(Contradiction { payment_id: self.payment_id, known, report })),
        };
        Ok(next)
    }

    /// Takes in what a person says who has the terminal's paper in hand. They may settle a doubt, and what was denied
    /// since; what is certain they cannot change.
    ///
    /// Errors: [`Contradiction`] when there is nothing for a person to settle, or not this.
    #[expect(clippy::match_same_arms, reason = "one arm per thing a person can settle")]
    pub fn settle_by_hand(self, report: TerminalReport) -> Result<Self, Box<Contradiction>> {
        use CardState as Is;
        use TerminalReport as Says;
        let is_disputed = self.denied.is_some();
        let state = match (self.state.clone(), report) {
            (Is::Created | Is::Uncertain, Says::Approved { approval }) => Is::Approved { approval },
            (Is::Uncertain, Says::Declined { code }) => Is::Declined { code },
            (Is::Voiding { approval, .. }, Says::Voided) => Is::Voided { approval },
            (Is::Voiding { approval, .. }, Says::VoidRefused { .. }) => Is::Approved { approval },
            (Is::Approved { approval: known } | Is::Voided { approval: known }, Says::Voided) if is_disputed => {
                Is::Voided { approval: known }
            }
            (known @ (Is::Approved { .. } | Is::Voided { .. }), Says::Approved { approval })
                if is_disputed && known.approval() == Some(&approval) =>
            {
                Is::Approved { approval }
            }
            (Is::Declined { .. } | Is::NotStarted { .. }, Says::Approved { approval }) if is_disputed => {
                Is::Approved { approval }
            }
            (known @ (Is::Declined { .. } | Is::NotStarted { .. }), Says::Declined { .. }) if is_disputed => known,
            (known, report) => return Err(Box::new(Contradiction { payment_id: self.payment_id, known, report })),
        };
        Ok(Self { is_manual: true, denied: None, state, ..self })
    }

    /// What the terminal says, against what is known, that it took and has: a person may believe it and give the money
    /// back, and not dismiss it.
    pub fn taken_all_the_same(&self) -> Option<&CardApproval> {
        match (&self.denied, &self.state) {
            (Some(TerminalReport::Approved { approval }), _)
            | (Some(TerminalReport::VoidRefused { .. }), CardState::Voided { approval }) => Some(approval),
            _ => None,
        }
    }

    /// Keeps a report that cannot be true beside what is known. An approval that proves another payment already proves
    /// nothing here: what was on its way is in doubt then.
    #[must_use]
    pub fn deny(self, report: TerminalReport) -> Self {
        let state = match self.state {
            CardState::Created | CardState::Ready | CardState::InProgress { .. } => CardState::Uncertain,
            known => known,
        };
        Self { denied: Some(report), state, ..self }
    }

    /// The payment as a tender, once approved.
    pub fn approved(&self) -> Option<ApprovedCard> {
        match &self.state {
            CardState::Approved { approval } if self.returned.is_none() => Some(ApprovedCard {
                payment_id: self.payment_id,
                amount_minor: self.amount_minor,
                approval: approval.clone(),
                is_manual: self.is_manual,
            }),
            _ => None,
        }
    }

    /// Why a person should look at it, if they should. What was given back is nobody's worry any more.
    pub fn open_reason(&self, is_counted: bool) -> Option<OpenReason> {
        match &self.state {
            _ if self.denied.is_some() => Some(OpenReason::Contradicted),
            CardState::Uncertain => Some(OpenReason::InDoubt),
            CardState::Voiding { .. } => Some(OpenReason::VoidInDoubt),
            CardState::Approved { .. } if !is_counted && self.returned.is_none() => Some(OpenReason::NotCounted),
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
