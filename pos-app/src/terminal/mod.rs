//! The card terminal, behind a trait. It holds the money, so what it said is journalled before it is acknowledged,
//! a request for money is never repeated on silence, and a broken line is a doubt and never a refusal.
//!
//! - [`TerminalWorker`] owns the port on its own thread, asks again after a doubt, tells its health
//! - [`dialog`] what a conversation is, without a port and a clock; [`conversation`] runs one on a line
//! - [`transbank`], [`getnet`], [`zvt`] one protocol each: frames, messages, dialogs
//! - [`service`] what a terminal can be asked for besides payments
//! - `simulated` the other side of the cable, for demonstrations and tests (Unix only)
//!
//! Nothing outside `port` knows that a port is serial. No file here knows a database.

pub mod conversation;
pub mod detect;
pub mod dialog;
pub mod getnet;
mod opening;
pub mod port;
pub mod service;
#[cfg(unix)]
pub mod simulated;
pub mod ticker;
pub mod timing;
pub mod transbank;
pub mod transcript;
mod worker;
pub mod zvt;

use shared::ids::PaymentId;
use shared::tender::{CardPayment, Contradiction, TerminalBatch, TerminalReport};

use self::service::Service;
pub use self::timing::Timing;
pub use self::worker::TerminalWorker;
use crate::commands::types::DeviceHealth;

/// Why a report could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It denies what is already known. The journal keeps both sides; the terminal may be acknowledged.
    #[error("the report contradicts the journal")]
    Contradiction(#[from] Box<Contradiction>),
    /// Not durable: the terminal must not be acknowledged, so that it says it again.
    #[error("the report is not stored")]
    NotStored(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where reports become durable.
pub trait Journal: Send + Sync {
    /// Durable before it returns. Called from the worker's thread, before the terminal is acknowledged.
    fn report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<CardPayment, JournalError>;

    /// What a terminal without paper of its own wants printed, line by line. Kept for the printer before it returns.
    fn print(&self, lines: &[String]) -> Result<(), JournalError>;

    /// The terminal's health changed; for the status bar.
    fn health_changed(&self, health: &DeviceHealth) {
        let _ = health;
    }
}

/// Why a terminal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The port is gone or cannot be opened.
    #[error("the port {port} does not work")]
    Port {
        /// Which.
        port: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no such port, or no such device on the USB: unplugged, or misspelt.
    #[error("there is no port {port}")]
    NoSuchPort {
        /// Which.
        port: String,
    },
    /// Another program has it open.
    #[error("the port {port} is in use by another program")]
    PortInUse {
        /// Which.
        port: String,
    },
    /// The system does not let this user have it.
    #[error("this user may not use the port {port}")]
    PortForbidden {
        /// Which.
        port: String,
    },
    /// It answers, and will not have us; why.
    #[error("the terminal refuses: {0}")]
    Refused(&'static str),
    /// It answers, and will not do what it was asked for.
    #[error("the terminal refuses with {code}: {meaning}")]
    Denied {
        /// The terminal's own code.
        code: String,
        /// What that means, as far as it is known.
        meaning: &'static str,
    },
    /// It had the request, and did not say what came of it.
    #[error("the terminal does not say what came of it")]
    Unclear,
    /// The port works and nobody answers on it.
    #[error("the terminal does not answer")]
    Silent,
    /// The journal would not have it that the request leaves, so it did not.
    #[error("the request was not journalled, so it was not sent")]
    NotJournalled,
    /// The journal did not take a report, so the terminal was not acknowledged.
    #[error("the terminal's report could not be kept")]
    Journal(#[source] JournalError),
    /// What it answered cannot be read.
    #[error("the terminal's answer cannot be read")]
    Garbled,
    /// A payment is in doubt: the terminal's memory is what will settle it, so it must not be emptied, nor counted yet.
    #[error("a payment is in doubt")]
    InDoubt,
    /// Terminals of this protocol cannot be asked that.
    #[error("such a terminal cannot {0}")]
    Unsupported(&'static str),
    /// `till.toml` names a protocol this program does not speak.
    #[error("no driver for protocol {0:?}")]
    UnknownProtocol(String),
}

/// How a dialog about money ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Money taken, and journalled.
    Approved,
    /// Nothing taken, and journalled.
    Declined,
    /// Nothing asked, and journalled.
    NotStarted,
    /// No answer that proves anything: ask again later.
    NoAnswer,
    /// The terminal answered and has no such sale, but may still be at it: ask again when it must have finished.
    NotStoredYet,
    /// The terminal answered with what does not fit, such as another amount: a person has to look.
    Mismatch,
    /// The terminal is there; nothing was said about money.
    Answered,
    /// An approval was undone, and journalled.
    Voided,
    /// An approval was not undone and stands, and journalled.
    VoidRefused,
}

/// A driver: one terminal on an open line.
///
/// An `Err` means that nothing about the payment was reported and not a byte of a request for money has left,
/// save for [`TerminalError::Journal`], after which the payment is in doubt.
pub trait CardTerminal: Send {
    /// Runs one sale to its end or to a doubt. Blocks. `claim` is asked once, right before the first byte of the request
    /// or its refusal: `true` means that it cannot be cancelled from then on, `false` that it was.
    fn sale(
        &mut self,
        payment: &CardPayment,
        claim: &dyn Fn() -> bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError>;

    /// Asks what became of a payment in doubt, or of its void when that is what is in doubt. `is_over` says that the customer cannot still be at the terminal, so a
    /// missing sale proves that nothing was taken.
    fn enquire(&mut self, payment: &CardPayment, is_over: bool, journal: &dyn Journal)
    -> Result<Ending, TerminalError>;

    /// Is it there?
    fn poll(&mut self) -> Result<(), TerminalError>;

    /// Hears out and acknowledges what came unasked, such as a repeat of an answer whose ACK was lost. The end of a
    /// payment in doubt settles it.
    fn attend(&mut self, doubt: Option<&CardPayment>, journal: &dyn Journal) -> Result<Ending, TerminalError>;

    /// Undoes an approved payment. Blocks. `VoidAsked` is durable before the first byte of the request, and a request that
    /// could not be sent is a refusal.
    fn void(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let _ = (payment, journal);
        Err(TerminalError::Unsupported("undo a payment"))
    }

    /// The same for what was taken in a batch that is closed by now, where the terminal's numbers are other payments'. The
    /// customer may have to show the card.
    fn give_back(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let _ = (payment, journal);
        Err(TerminalError::Unsupported("give back what a closed batch holds"))
    }

    /// The open batch, as far as such a terminal can tell it.
    fn batch(&mut self) -> Result<TerminalBatch, TerminalError>;

    /// Settles the open batch with the acquirer and empties the memory. The worker sees to it that nothing is in doubt.
    fn close(&mut self) -> Result<(), TerminalError> {
        Err(TerminalError::Unsupported("be closed"))
    }

    /// Does what it can besides payments; [`service::offered`] says what that is. Asked once and not again, on a line that
    /// was just proved, and never while a payment is in doubt.
    ///
    /// Errors: [`TerminalError::Denied`] when it said no, [`TerminalError::Unclear`] when it did not say yes.
    fn service(&mut self, service: Service) -> Result<(), TerminalError> {
        let _ = service;
        Err(TerminalError::Unsupported("do that"))
    }
}
