//! The card terminal, behind a trait. It holds the money, so what it said is journalled before it is acknowledged,
//! a request for money is never repeated on silence, and a broken line is a doubt and never a refusal.
//!
//! - [`TerminalWorker`] owns the port on its own thread, asks again after a doubt, tells its health
//! - [`transbank`] one protocol: frames, messages, dialogs without a port, and the driver that runs them
//! - `simulated` the other side of the cable, for demonstrations and tests (Unix only)
//!
//! Nothing outside `port` knows that a port is serial. No file here knows a database.

pub mod port;
#[cfg(unix)]
pub mod simulated;
pub mod ticker;
pub mod timing;
pub mod transbank;
pub mod transcript;
mod worker;

use shared::ids::PaymentId;
use shared::tender::{CardPayment, Contradiction, TerminalReport};

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
    /// The port works and nobody answers on it.
    #[error("the terminal does not answer")]
    Silent,
    /// The journal would not have it that the request leaves, so it did not.
    #[error("the request was not journalled, so it was not sent")]
    NotJournalled,
    /// The journal did not take a report, so the terminal was not acknowledged.
    #[error("the terminal's report could not be kept")]
    Journal(#[source] JournalError),
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

    /// Asks what became of a payment in doubt. `is_over` says that the customer cannot still be at the terminal, so a
    /// missing sale proves that nothing was taken.
    fn enquire(&mut self, payment: &CardPayment, is_over: bool, journal: &dyn Journal)
    -> Result<Ending, TerminalError>;

    /// Is it there?
    fn poll(&mut self) -> Result<(), TerminalError>;

    /// Hears out and acknowledges what came unasked, such as a repeat of an answer whose ACK was lost. The end of a
    /// payment in doubt settles it.
    fn attend(&mut self, doubt: Option<&CardPayment>, journal: &dyn Journal) -> Result<Ending, TerminalError>;
}
