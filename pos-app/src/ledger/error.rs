//! What can go wrong with the ledger, by what a caller can do about it.

use rusqlite::ErrorCode;
use shared::ids::ChainId;

/// Why nothing was written, or nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A newer program wrote it.
    #[error("the till's database is of version {found}; this program knows up to {known}")]
    Newer {
        /// What the file says.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// Bytes that cannot be what was written.
    #[error("the till's database is damaged: {0}")]
    Corrupt(String),
    /// The disk takes no more.
    #[error("the disk is full")]
    DiskFull(#[source] rusqlite::Error),
    /// The disk does not read or write what it should.
    #[error("the disk does not do its work: {0}")]
    DiskFailed(#[source] rusqlite::Error),
    /// Nothing can be written where the till's data lies.
    #[error("the till's data can only be read")]
    ReadOnly(#[source] rusqlite::Error),
    /// Events that are not the next ones of a chain of this till.
    #[error("chain {0}: these are not the events that follow")]
    NotOurs(ChainId),
    /// A file beside the database.
    #[error("a file beside the till's database: {0}")]
    Beside(#[source] std::io::Error),
    /// An event before the till knows whose it is.
    #[error("the till is not enrolled, so it has no chain to write to")]
    NotEnrolled,
    /// Another program holds the file.
    #[error("the till's database is busy in another program")]
    Busy(#[source] rusqlite::Error),
    /// The database said no.
    #[error("the till's database refused: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// A thread beside the ledger could not start.
    #[error("a thread of the ledger cannot start")]
    Thread(#[source] std::io::Error),
    /// A bug of ours inside a deed; nothing of it was written.
    #[error("a deed broke off; nothing of it was written")]
    BrokenOff,
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(error),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => Self::DiskFailed(error),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..) => Self::Corrupt(error.to_string()),
                other => Self::Sqlite(other),
            },
        }
    }
}
