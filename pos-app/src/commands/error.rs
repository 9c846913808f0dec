//! One way to say no: a code of a closed set for programs, facts for the words, a sentence for people.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// Why a command was refused. Nothing was written half; the screens have words for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    // the message itself
    /// No such command.
    CommandUnknown,
    /// Arguments of the wrong shape.
    ArgumentsInvalid,
    // the till
    /// Head office does not know this till yet.
    DeviceNotEnrolled,
    /// It does already.
    DeviceAlreadyEnrolled,
    /// The one-time code is wrong, used or too old.
    EnrolmentCodeInvalid,
    /// No answer from the server.
    ServerUnreachable,
    /// The server answered, and refused.
    ServerRefused,
    // people
    /// Nobody is signed in.
    NotLoggedIn,
    /// No such person, or no longer here.
    StaffUnknown,
    /// `tries_left`.
    PinWrong,
    /// `until`.
    PinLocked,
    /// `permission`.
    PermissionDenied,
    /// A code that is no badge, where one was asked for.
    BadgeMissing,
    /// Damaged.
    BadgeMalformed,
    /// Of another company.
    BadgeOtherTenant,
    /// `device_no`: printed by a till not known here.
    BadgeUnknownDevice,
    /// `device`: printed by a till that head office has taken out.
    BadgeDeviceRevoked,
    /// Forged or altered.
    BadgeForged,
    /// `staff`, `last_valid`.
    BadgeExpired,
    /// `staff`: they no longer work here.
    BadgeLeft,
    /// `staff`: a good one, where it does nothing.
    BadgeHere,
    // register
    /// The drawer is not open.
    SessionNotOpen,
    /// It is already.
    SessionAlreadyOpen,
    /// A note that does not exist, or one listed twice.
    CountInvalid,
    /// Card payments or lines are still on the counter.
    SaleStillOpen,
    // catalogue and sale
    /// No such product.
    ProductUnknown,
    /// `product`.
    ProductNotForSale,
    /// No such line.
    LineUnknown,
    /// Zero, negative or absurd.
    QuantityInvalid,
    /// No lines.
    SaleEmpty,
    /// Too many lines, or an amount past counting.
    SaleTooLarge,
    /// No such sale.
    SaleUnknown,
    /// `missing_minor`.
    TenderShort,
    /// `over_minor`.
    TenderOverNotCash,
    /// Negative, or past counting.
    AmountInvalid,
    // card
    /// Another card payment is running.
    CardInProgress,
    /// `ticket_no`: one is in doubt, so this terminal takes no other.
    CardUncertain,
    /// No such payment.
    CardUnknown,
    /// Too late to cancel.
    CardNotCancellable,
    /// The sale holds a card payment: it cannot be given up.
    CardAlreadyPaid,
    /// The port cannot be opened.
    TerminalUnreachable,
    /// None is configured.
    TerminalNotConfigured,
    /// It has no cable: what it charged is typed in.
    TerminalIsManual,
    /// It has a cable: nothing is typed in for it.
    TerminalNotManual,
    /// `detail`: it answered, and would not or could not.
    TerminalFailed,
    /// `count`: a payment is open there, so it does nothing else.
    TerminalHasPayment,
    /// Terminals of this protocol do no such thing.
    TerminalCannot,
    /// `code`, `detail`: it was asked for something besides payments, and would not.
    TerminalDenied,
    /// It was asked for something besides payments, and did not say whether it did.
    TerminalUnclear,
    /// It has no voucher of that payment.
    VoucherUnknown,
    // card payments settled by people
    /// There is nothing to settle about it.
    CardNotOpen,
    /// It cannot have ended so.
    CardOutcomeInvalid,
    /// The terminal says that it took the money.
    CardTaken,
    /// No authorisation code looks like that.
    CardCodeInvalid,
    /// Not the last four digits of a card.
    CardDigitsInvalid,
    /// Empty, too long, or of several lines.
    NoteInvalid,
    /// `ticket_no`, `amount_minor`, `receipt_no`: that transaction has paid something else.
    CardProofUsed,
    /// `state`: not approved, or without the terminal's number.
    CardNotVoidable,
    /// Debit cards cannot be voided.
    CardVoidDebit,
    /// `receipt_no`: it paid a finished sale.
    CardCounted,
    /// Nothing was taken, or it was given back already.
    CardNotReturnable,
    // the terminal's batch
    /// `count`: payments are not settled yet.
    BatchHasDoubts,
    /// `difference_minor`: till and terminal do not agree, and nobody has said to close all the same.
    BatchDiffers,
    /// `ours_minor`: such a terminal does not say what it took, and nobody has said to close all the same.
    BatchUntold,
    // scans and tickets
    /// `code`.
    CodeUnknown,
    /// Damaged or mistyped.
    TicketMalformed,
    /// Of another company.
    TicketOtherTenant,
    /// Issued by a till not known here.
    TicketUnknownDevice,
    /// Forged or altered.
    TicketSignatureInvalid,
    /// A kind of code this till does not serve yet; `kind`.
    TicketKindNotServed,
    /// A display code of a ticket this till has not heard of.
    TicketUnknown,
    /// `redeemed_at`, `staff`, `device`.
    TicketDelivered,
    /// `voided_at`, `staff`, `device`, `reason`.
    TicketVoid,
    /// `at`, `staff`, `device`: another bar was promised it just now.
    TicketInReview,
    /// `devices`, `since`, `rule`: the other tills cannot be asked, and the venue does not allow it then.
    TicketUnheard,
    /// Nothing was handed over under that id.
    RedemptionUnknown,
    /// `last_valid`.
    TicketExpired,
    /// `business_date`.
    TicketOtherNight,
    /// `line_no`, `owed`, `asked`.
    TicketTooMany,
    /// Nothing to hand over was named, or no such line.
    TicketLineInvalid,
    // paper
    /// No printer is configured.
    PrinterNotConfigured,
    /// It does not answer; the job waits.
    PrinterUnreachable,
    /// No such paper is in doubt, or it cannot be printed again.
    PaperNotInDoubt,
    /// The till has one printer.
    PrinterHasNoSpare,
    /// No drawer hangs on the printer that is in use.
    DrawerElsewhere,
    // ledger
    /// The database was written by a newer program.
    LedgerNewer,
    /// Another till process has it.
    LedgerInUse,
    /// Bytes and hashes disagree.
    LedgerCorrupt,
    /// Nothing was saved.
    LedgerWriteFailed,
    /// Nothing was saved: the disk is full.
    DiskFull,
    /// `till.toml` cannot be used.
    ConfigInvalid,
    /// A bug of ours.
    Internal,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// For programs.
    pub code: ErrorCode,
    /// A sentence in English; the screens have their own words for the code.
    pub message: String,
    /// What the words need: amounts, times, names.
    #[ts(type = "Record<string, unknown>")]
    pub details: Map<String, Value>,
}

impl CommandError {
    /// A refusal without details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new() }
    }

    /// With one more fact for the words.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}
