//! Why an exchange ended early.

use std::time::Duration;

use shared::sync::exchange::{Failure, Trouble};
use shared::sync::protocol::ProblemCode;
use shared::sync::stream::{StreamError, StreamName};

use super::client::PeerError;
use crate::ledger::LedgerError;

/// Why an exchange ended before everything was said.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The server.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Its stream is not what a stream is.
    #[error("the server's stream {stream} is broken: {source}")]
    Stream {
        /// Which.
        stream: StreamName,
        /// How.
        source: StreamError,
    },
    /// It answers, and proves nothing.
    #[error("the server acknowledges none of what it was sent")]
    NothingProved,
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The worker's thread or its timers could not start.
    #[error("sync cannot start: {0}")]
    Start(String),
    /// The worker was stopped.
    #[error("sync was stopped")]
    Stopped,
}

impl SyncError {
    /// What the exchange said, and what the ledger said if it was the ledger.
    pub(super) fn of(trouble: Trouble, ledger: Option<LedgerError>) -> Self {
        match trouble {
            Trouble::Peer(failure) => Self::Peer(failure.into()),
            Trouble::Stream(stream, source) => Self::Stream { stream, source },
            Trouble::NothingProved => Self::NothingProved,
            Trouble::OtherAnswer => Self::Peer(PeerError::Unintelligible("it answers another question".into())),
            Trouble::Ledger => Self::Ledger(ledger.unwrap_or(LedgerError::BrokenOff)),
        }
    }

    /// The code of a server's refusal.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Peer(error) => error.code(),
            _ => None,
        }
    }

    /// Trying again alone will not help: somebody has to look.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Peer(error) => error.needs_attention(),
            Self::Stream { .. } | Self::NothingProved => true,
            Self::Ledger(_) | Self::Start(_) | Self::Stopped => false,
        }
    }

    /// The server is there, whatever it said.
    pub(super) fn is_contact(&self) -> bool {
        matches!(self, Self::Peer(PeerError::Refused { .. }) | Self::NothingProved | Self::Stream { .. })
    }
}

impl From<Failure> for PeerError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreachable(why) => Self::Unreachable(why),
            Failure::Unintelligible(why) => Self::Unintelligible(why),
            Failure::Refused { problem, retry_after_ms } => {
                Self::Refused { problem, retry_after: retry_after_ms.map(Duration::from_millis) }
            }
        }
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Unreachable(why) => Self::Unreachable(why),
            PeerError::Address(address) => Self::Unreachable(format!("not an address: {address}")),
            PeerError::Unintelligible(why) => Self::Unintelligible(why),
            PeerError::Refused { problem, retry_after } => {
                let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                Self::Refused { problem, retry_after_ms }
            }
        }
    }
}
