//! Where the terminal's reports become durable, before the terminal is acknowledged.

use std::sync::Weak;

use shared::event::{CardReported, Fact};
use shared::ids::PaymentId;
use shared::tender::{CardPayment, CardState, Contradiction, NotStartedReason, TerminalReport};

use super::till::lock;
use super::{Till, paper_desk};
use crate::commands::types::{DeviceHealth, Notice, PaperDoubt};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{LedgerError, card, print_job};
use crate::terminal::{Journal, JournalError};

/// The till's card journal, as the terminal's thread sees it.
#[derive(Clone)]
pub struct TillJournal(pub Weak<Till>);

/// What became of a report.
pub(super) enum Taken {
    /// It stands, or stood already.
    Known(CardPayment),
    /// It denies what is known; both are in the ledger now.
    Denied(CardPayment, Box<Contradiction>),
    /// Nobody asked for such a payment here.
    Unasked,
}

impl Journal for TillJournal {
    fn report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<CardPayment, JournalError> {
        let not_stored = |error: CommandError| JournalError::NotStored(Box::new(error));
        let till = self.0.upgrade().ok_or_else(|| not_stored(super::internal("the till is closing")))?;
        let taken = match till.take_report(payment_id, report.clone()) {
            // An approval is money: it is kept also when the disk is full, in the room the ballast leaves.
            Err(error) if error.code == ErrorCode::DiskFull && till.ledger().make_room() => {
                till.take_report(payment_id, report)
            }
            taken => taken,
        };
        match taken.map_err(not_stored)? {
            Taken::Known(payment) => Ok(payment),
            Taken::Denied(_, contradiction) => Err(JournalError::Contradiction(contradiction)),
            Taken::Unasked => Err(not_stored(super::internal("a report on a payment nobody asked for"))),
        }
    }

    fn print(&self, lines: &[String]) -> Result<(), JournalError> {
        let not_stored = |error: CommandError| JournalError::NotStored(Box::new(error));
        let till = self.0.upgrade().ok_or_else(|| not_stored(super::internal("the till is closing")))?;
        till.print_for_terminal(lines).map_err(not_stored)
    }

    fn health_changed(&self, _: &DeviceHealth) {
        if let Some(till) = self.0.upgrade() {
            till.notify_status();
        }
    }
}

impl Till {
    /// Takes in what the terminal says. What counts is an event before this returns; mere progress is told to the window.
    pub(super) fn take_report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<Taken, CommandError> {
        let passing = matches!(report, TerminalReport::Ready | TerminalReport::Progress { .. });
        let taken = if passing {
            if let TerminalReport::Progress { progress } = report {
                lock(&self.progress).insert(payment_id, progress);
            }
            let known = self.ledger().read(|connection| card::find_payment(connection, payment_id))?;
            known.map_or(Taken::Unasked, Taken::Known)
        } else {
            self.write_report(payment_id, report)?
        };
        if let Taken::Known(payment) | Taken::Denied(payment, _) = &taken {
            self.tell_of_card(payment);
            if !passing {
                self.notify_status();
            }
        }
        Ok(taken)
    }

    /// A payment moved: whoever waits for it looks again, and the window shows it.
    pub(super) fn tell_of_card(&self, payment: &CardPayment) {
        if payment.state.is_final() || payment.state.is_doubt() {
            lock(&self.progress).remove(&payment.payment_id);
        }
        let (count, moved) = &self.card_moves;
        *lock(count) += 1;
        moved.notify_all();
        self.notices.send(&Notice::Card { card: Box::new(self.view_card(payment.clone())) });
    }

    fn write_report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<Taken, CommandError> {
        let actor = self.operator_id();
        let session = self.find_session()?.map(|stored| stored.session.session_id);
        let taken = self.ledger().write(move |tx| {
            let Some(known) = card::find_payment(tx.connection(), payment_id)? else { return Ok(Taken::Unasked) };
            let mut said = CardReported::by_terminal(payment_id, report);
            if let TerminalReport::Approved { approval } = &said.report
                && known.state.approval() != Some(approval)
            {
                said.proves_already = card::find_proved(tx.connection(), &known, approval)?;
            }
            let told = match said.proves_already {
                Some(_) => {
                    Err(Box::new(Contradiction { payment_id, known: known.state.clone(), report: said.report.clone() }))
                }
                None => known.clone().report(said.report.clone()),
            };
            let next = said.apply(known.clone());
            // Terminals repeat themselves after a reconnect; the ledger does not.
            if next != known {
                tx.append(&Fact::CardReported(said), actor, session)?;
            }
            Ok::<_, LedgerError>(match told {
                Ok(payment) => Taken::Known(payment),
                Err(contradiction) => Taken::Denied(next, contradiction),
            })
        })?;
        Ok(taken)
    }

    /// After a crash: what was never sent was never charged; what was on its way is in doubt until the terminal says, and
    /// so is a void.
    /// Paper that was on its way is in doubt until a person has looked.
    pub(super) fn recover(&self) -> Result<(), CommandError> {
        for payment in self.ledger().read(card::list_unsettled)? {
            let report = match payment.state {
                CardState::Created | CardState::Ready => {
                    TerminalReport::NotStarted { reason: NotStartedReason::Cancelled }
                }
                CardState::InProgress { .. } => TerminalReport::NoAnswer,
                _ => continue,
            };
            self.take_report(payment.payment_id, report)?;
        }
        let why = paper_desk::doubt_word(PaperDoubt::TillStopped);
        self.ledger().write(move |tx| print_job::doubt_interrupted(tx, &why))?;
        Ok(())
    }
}
