//! Facts, and the chains they are sealed into.
//!
//! A fact is one line of JSON, written once. Its bytes are stored, hashed and sent exactly as written; nobody ever
//! encodes them again, and any text tool can read a ledger.

mod envelope;
mod fact;
mod hash;

pub use envelope::{ChainHead, Event, EventError, Origin, Read, SealedEvent, Seen, Stamp, sign_head, verify_head};
pub use fact::{
    BadgePrinted, CardBatchClosed, CardReported, CardRequested, CardReturned, CashMoved, ChainStarted, DrawerOpened,
    Edited, Fact, FactError, IssuedTicket, OperatorLoggedIn, OperatorLoggedOut, OperatorRefused, ParentChain,
    ProductEdited, ReceiptReprinted, RedemptionUndone, RegisterClosed, RegisterOpened, SaleAbandoned, SaleRecorded,
    StockCounted, StockMoved, StockReason, TicketRedeemed, TicketShownAgain, TicketVoided, Unheard, WitnessState,
};
pub use hash::Hash;
