//! How every sale begins, whatever the protocol: what cannot be asked for is refused, the terminal is ours, and the last
//! moment in which it could be cancelled is over.

use shared::tender::{CardPayment, NotStartedReason, TerminalReport};

use super::conversation::{Reports, keep};
use super::{Ending, Journal, TerminalError};

/// A sale of which not a byte has left.
pub(super) struct Opening<'a> {
    payment: &'a CardPayment,
    claim: &'a dyn Fn() -> bool,
    journal: &'a dyn Journal,
    /// Where its reports go.
    pub(super) reports: Reports<'a>,
}

impl<'a> Opening<'a> {
    /// `claim` says, once, whether it may go on; see [`CardTerminal::sale`](super::CardTerminal::sale).
    pub(super) fn new(payment: &'a CardPayment, claim: &'a dyn Fn() -> bool, journal: &'a dyn Journal) -> Self {
        Self { payment, claim, journal, reports: Some((payment.payment_id, journal)) }
    }

    /// No such terminal can be asked for it; unless somebody has cancelled it, which comes first.
    pub(super) fn refused(&self) -> Result<Ending, TerminalError> {
        let reason = if (self.claim)() { NotStartedReason::Refused } else { NotStartedReason::Cancelled };
        self.not_started(reason)
    }

    /// The terminal answers, and is ours.
    pub(super) fn ready(&self) -> Result<(), TerminalError> {
        keep(TerminalReport::Ready, self.reports)
    }

    /// Whether it goes on: from here on it cannot be cancelled. When it was, that is written down, and this is its end.
    pub(super) fn claimed(&self) -> Result<Option<Ending>, TerminalError> {
        if (self.claim)() { Ok(None) } else { self.not_started(NotStartedReason::Cancelled).map(Some) }
    }

    /// The request cannot be made up.
    pub(super) fn unaskable(&self) -> Result<Ending, TerminalError> {
        self.not_started(NotStartedReason::Refused)
    }

    fn not_started(&self, reason: NotStartedReason) -> Result<Ending, TerminalError> {
        let report = TerminalReport::NotStarted { reason };
        self.journal.report(self.payment.payment_id, report).map_err(TerminalError::Journal)?;
        Ok(Ending::NotStarted)
    }
}
