//! From each room's refusals to the closed set of codes, with the facts the words need.

use serde_json::json;
use shared::register::SessionError;
use shared::sale::SaleError;
use shared::tender::SettlementError;
use shared::ticket::{RedeemError, TicketError};

use crate::commands::{CommandError, ErrorCode as Code};
use crate::config::ConfigError;
use crate::ledger::LedgerError;
use crate::sync::client::PeerError;
use crate::sync::enroll::EnrollError;
use crate::sync::error::SyncError;

impl From<LedgerError> for CommandError {
    fn from(error: LedgerError) -> Self {
        let message = error.to_string();
        match error {
            LedgerError::Newer { found, known } => {
                Self::new(Code::LedgerNewer, message).with("found", found).with("known", known)
            }
            LedgerError::Corrupt(_) => Self::new(Code::LedgerCorrupt, message),
            LedgerError::DiskFull(_) => Self::new(Code::DiskFull, "The disk is full. Nothing was saved."),
            LedgerError::DiskFailed(_) => {
                Self::new(Code::LedgerWriteFailed, "The disk does not do its work. Nothing was saved.")
            }
            LedgerError::ReadOnly(_) => {
                Self::new(Code::LedgerWriteFailed, "The till's data can only be read. Nothing was saved.")
            }
            LedgerError::Beside(error) => storage(&error),
            LedgerError::NotEnrolled => not_enrolled(),
            LedgerError::Busy(_) => Self::new(Code::LedgerInUse, message),
            LedgerError::Sqlite(_) | LedgerError::Thread(_) => Self::new(Code::LedgerWriteFailed, message),
            LedgerError::NotOurs(_) | LedgerError::BrokenOff => Self::new(Code::Internal, message),
        }
    }
}

pub(super) fn not_enrolled() -> CommandError {
    CommandError::new(Code::DeviceNotEnrolled, "Head office does not know this till yet.")
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::new(Code::ConfigInvalid, error.to_string()).with("line", error.line)
    }
}

impl From<SaleError> for CommandError {
    fn from(error: SaleError) -> Self {
        let message = error.to_string();
        match error {
            SaleError::Empty => Self::new(Code::SaleEmpty, message),
            SaleError::UnknownLine(line_no) => Self::new(Code::LineUnknown, message).with("line_no", line_no),
            SaleError::Quantity(quantity) => {
                Self::new(Code::QuantityInvalid, message).with("quantity_milli", quantity.milli())
            }
            SaleError::NotForSale(product) => Self::new(Code::ProductNotForSale, message).with("product", product),
            SaleError::TooLarge => Self::new(Code::SaleTooLarge, message),
            SaleError::Settlement(error) => error.into(),
        }
    }
}

impl From<SettlementError> for CommandError {
    fn from(error: SettlementError) -> Self {
        let message = error.to_string();
        match error {
            SettlementError::Short { missing_minor } => {
                Self::new(Code::TenderShort, message).with("missing_minor", missing_minor)
            }
            SettlementError::Over { over_minor } => {
                Self::new(Code::TenderOverNotCash, message).with("over_minor", over_minor)
            }
            SettlementError::CardNotApproved(payment_id) => {
                Self::new(Code::CardUnknown, message).with("payment_id", payment_id.to_string())
            }
            SettlementError::Amount(amount_minor) => {
                Self::new(Code::AmountInvalid, message).with("amount_minor", amount_minor)
            }
        }
    }
}

impl From<SessionError> for CommandError {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::Closed(_) => Self::new(Code::SessionNotOpen, message),
            SessionError::Count(_) => Self::new(Code::CountInvalid, message),
        }
    }
}

impl From<TicketError> for CommandError {
    fn from(error: TicketError) -> Self {
        let message = error.to_string();
        match error {
            TicketError::Malformed => Self::new(Code::TicketMalformed, message),
            TicketError::TooLarge => Self::new(Code::SaleTooLarge, message),
            TicketError::OtherTenant => Self::new(Code::TicketOtherTenant, message),
            TicketError::UnknownDevice(device_no) => {
                Self::new(Code::TicketUnknownDevice, message).with("device_no", device_no)
            }
            TicketError::Signature => Self::new(Code::TicketSignatureInvalid, message),
        }
    }
}

impl From<RedeemError> for CommandError {
    fn from(error: RedeemError) -> Self {
        let message = error.to_string();
        match error {
            RedeemError::AlreadyRedeemed => Self::new(Code::TicketDelivered, message),
            RedeemError::Void => Self::new(Code::TicketVoid, message),
            RedeemError::Expired(last_valid) => {
                Self::new(Code::TicketExpired, message).with("last_valid", last_valid.to_string())
            }
            RedeemError::OtherNight(business_date) => {
                Self::new(Code::TicketOtherNight, message).with("business_date", business_date.to_string())
            }
            RedeemError::UnknownLine(line_no) => Self::new(Code::TicketLineInvalid, message).with("line_no", line_no),
            RedeemError::TooMany { line_no, owed, asked } => {
                Self::new(Code::TicketTooMany, message).with("line_no", line_no).with("owed", owed).with("asked", asked)
            }
            RedeemError::Nothing => Self::new(Code::TicketLineInvalid, message),
        }
    }
}

impl From<EnrollError> for CommandError {
    fn from(error: EnrollError) -> Self {
        let message = error.to_string();
        match error {
            EnrollError::CodeInvalid => Self::new(Code::EnrolmentCodeInvalid, message),
            EnrollError::ServerUnreachable(_) => Self::new(Code::ServerUnreachable, message),
            EnrollError::ServerRefused(_) => Self::new(Code::ServerRefused, message),
        }
    }
}

impl From<&SyncError> for CommandError {
    fn from(error: &SyncError) -> Self {
        let message = error.to_string();
        match error {
            SyncError::Peer(PeerError::Unreachable(_) | PeerError::Address(_)) | SyncError::Stopped => {
                Self::new(Code::ServerUnreachable, message)
            }
            SyncError::Peer(PeerError::Refused { .. } | PeerError::Unintelligible(_))
            | SyncError::Stream { .. }
            | SyncError::NothingProved => Self::new(Code::ServerRefused, message),
            SyncError::Ledger(_) => Self::new(Code::LedgerWriteFailed, message),
            SyncError::Start(_) => Self::new(Code::Internal, message),
        }
    }
}

/// A file beside the database that cannot be read or written.
pub(super) fn storage(error: &std::io::Error) -> CommandError {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => Code::DiskFull,
        std::io::ErrorKind::InvalidData => Code::LedgerCorrupt,
        _ => Code::LedgerWriteFailed,
    };
    CommandError::new(code, error.to_string())
}

/// A bug of ours, told without its insides.
pub(crate) fn internal(what: &str) -> CommandError {
    CommandError::new(Code::Internal, "Something went wrong in the till. Nothing was saved.").with("what", json!(what))
}
