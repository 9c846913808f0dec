//! The terminal's batch: what it took since its last close, held against what this till knows, and closed.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, TryLockError};
use std::time::Duration;

use shared::event::{CardBatchClosed, Fact};
use shared::tender::{BatchComparison, TerminalBatch};

use super::card::no_terminal;
use super::service::not_served;
use super::till::lock;
use super::{Caller, Till};
use crate::commands::types::{BatchView, CloseBatch, Nothing};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::{find_last_close, list_given_back, list_of_batch, list_unsettled};
use crate::terminal::service::Service;
use crate::terminal::{TerminalError, TerminalWorker};

/// Whoever can tell what is in the terminal: the thread that owns its port, or a test.
pub trait BatchDesk: Send + Sync {
    /// The open batch, as far as the terminal tells it.
    fn read(&self) -> Result<TerminalBatch, CommandError>;
    /// Settles it with the acquirer, which empties the terminal's memory.
    fn close(&self) -> Result<(), CommandError>;
    /// Has the terminal do something else, once; answers with what the till is to print for it.
    fn serve(&self, service: Service) -> Result<Vec<String>, CommandError> {
        let _ = service;
        Err(not_served(&TerminalError::Silent))
    }
}

/// The thread that owns the terminal's port.
pub(super) struct WorkerDesk(pub Arc<TerminalWorker>);

/// Longer than the thread can be at something else: a customer with a PIN, and a list of a whole night.
const PATIENCE: Duration = Duration::from_mins(10);

impl WorkerDesk {
    fn ask<T>(&self, ask: impl FnOnce(&TerminalWorker, Sender<Result<T, TerminalError>>)) -> Result<T, TerminalError> {
        let (reply, answer) = channel();
        ask(&self.0, reply);
        answer.recv_timeout(PATIENCE).unwrap_or(Err(TerminalError::Silent))
    }
}

impl BatchDesk for WorkerDesk {
    fn read(&self) -> Result<TerminalBatch, CommandError> {
        self.ask(TerminalWorker::read_batch).map_err(|error| refused(&error))
    }

    fn close(&self) -> Result<(), CommandError> {
        self.ask(TerminalWorker::close_batch).map_err(|error| refused(&error))
    }

    fn serve(&self, service: Service) -> Result<Vec<String>, CommandError> {
        self.ask(|worker, reply| worker.serve(service, reply)).map_err(|error| not_served(&error))
    }
}

fn refused(error: &TerminalError) -> CommandError {
    let (code, message) = match error {
        TerminalError::InDoubt => (ErrorCode::BatchHasDoubts, "A card payment is in doubt. Settle it first."),
        TerminalError::Refused(_)
        | TerminalError::Denied { .. }
        | TerminalError::Garbled
        | TerminalError::Unclear
        | TerminalError::Unsupported(_)
        | TerminalError::UnknownProtocol(_) => {
            (ErrorCode::TerminalFailed, "The terminal answered, and could not do it. Look at its screen.")
        }
        _ => (ErrorCode::TerminalUnreachable, "The card terminal does not answer. Look at its cable and its power."),
    };
    CommandError::new(code, message).with("detail", error.to_string())
}

/// `card.read_batch`
pub(crate) fn read_batch(till: &Till, _: &Caller, _: &Nothing) -> Result<BatchView, CommandError> {
    let (desk, terminal) = till.batch_desk()?;
    till.compare_batch(&terminal, &desk.read()?)
}

/// `card.close_batch`
pub(crate) fn close_batch(till: &Till, who: &Caller, args: &CloseBatch) -> Result<BatchView, CommandError> {
    let (desk, terminal) = till.batch_desk()?;
    // Until it is closed no payment begins, so what is compared is what is closed. Cash goes on.
    let _closing = lock(&till.closing);
    {
        // One that is just being asked for is written down by then.
        let _turn = till.take_turn();
        till.refuse_doubts()?;
    }
    let view = till.compare_batch(&terminal, &desk.read()?)?;
    if !view.agrees && args.accepts_difference != Some(true) {
        return Err(uneven(&view.comparison));
    }
    desk.close()?;
    let closed_at = till.clock.now();
    let comparison = view.comparison.clone();
    let fact = Fact::CardBatchClosed(CardBatchClosed { terminal, closed_at, comparison });
    let by = who.by()?;
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    till.ledger().write(move |tx| tx.append(&fact, by, session))?;
    Ok(BatchView { closed_at: Some(closed_at), ..view })
}

/// Why a batch is closed only by somebody who says so.
fn uneven(comparison: &BatchComparison) -> CommandError {
    if let Some(difference) = comparison.difference_minor() {
        let message = "Till and terminal do not agree. Look at the difference before you close.";
        return CommandError::new(ErrorCode::BatchDiffers, message).with("difference_minor", difference);
    }
    let message = "This terminal does not say what it took. Hold its paper against the till before you close.";
    CommandError::new(ErrorCode::BatchUntold, message).with("ours_minor", comparison.ours.total_minor)
}

impl Till {
    /// Lets another answer for the terminal's batch than the thread that owns its port.
    pub fn answer_for_batch(&self, desk: Arc<dyn BatchDesk>) {
        *lock(&self.desk) = Some(desk);
    }

    pub(super) fn batch_desk(&self) -> Result<(Arc<dyn BatchDesk>, String), CommandError> {
        let terminal = self.config.terminal.as_ref().ok_or_else(no_terminal)?;
        self.refuse_manual_terminal()?;
        let desk = lock(&self.desk).clone();
        let desk = desk.or_else(|| self.terminal_desk());
        let desk = desk.ok_or_else(|| {
            CommandError::new(ErrorCode::TerminalUnreachable, "Nothing talks to the card terminal just now.")
        })?;
        Ok((desk, terminal.port.clone()))
    }

    /// While a batch is being closed nothing is asked of the terminal: it would be in neither batch for certain.
    pub(super) fn refuse_while_closing(&self) -> Result<(), CommandError> {
        match self.closing.try_lock() {
            Err(TryLockError::WouldBlock) => Err(CommandError::new(
                ErrorCode::CardInProgress,
                "The terminal is being closed, or asked for something else.",
            )),
            Ok(_) | Err(TryLockError::Poisoned(_)) => Ok(()),
        }
    }

    /// The terminal's memory is what will settle a doubt, so it must not be emptied before.
    fn refuse_doubts(&self) -> Result<(), CommandError> {
        let open = self.ledger().read(list_unsettled)?.len();
        if open == 0 {
            return Ok(());
        }
        let message =
            "A card payment is not settled yet, and the terminal's memory is what settles it. Settle it first.";
        Err(CommandError::new(ErrorCode::BatchHasDoubts, message).with("count", open))
    }

    fn compare_batch(&self, terminal: &str, batch: &TerminalBatch) -> Result<BatchView, CommandError> {
        self.ledger().view(|ledger| {
            let comparison = BatchComparison::with_given_back(
                &list_of_batch(ledger, terminal)?,
                &list_given_back(ledger, terminal)?,
                batch,
            );
            let doubts = list_unsettled(ledger)?.len();
            Ok(BatchView {
                terminal: self.terminal_in_words(terminal),
                last_closed_at: find_last_close(ledger, terminal)?,
                closed_at: None,
                agrees: comparison.agrees(),
                doubts: u32::try_from(doubts).unwrap_or(u32::MAX),
                comparison,
            })
        })
    }
}
