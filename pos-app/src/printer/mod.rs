//! Paper: from a document to bytes, and from a queue to a printer. A sale never waits for it.
//!
//! ```text
//! document ─ layout ─▶ lines ─ escpos ─▶ bytes ─ transport ─▶ printer      spooler: one job after the other
//! ```
//!
//! Nothing here changes the ledger; what was printed is told to the queue.

pub mod barcode;
pub mod codepage;
pub mod document;
pub mod escpos;
pub mod layout;
pub mod logo;
pub mod money;
pub mod pdf;
pub mod picture;
pub mod profile;
pub mod qr;
pub mod raster;
pub mod simulated;
pub mod spooler;
pub mod status;
pub mod transport;
pub mod words;

pub use document::{
    BadgeSlip, CashSlip, Document, Heading, OpeningSlip, PaperLine, Receipt, TerminalSlip, TestPage, TicketSlip,
    WallTime, XSlip, ZSlip,
};
pub use profile::{Columns, Profile, ProfileError};
pub use spooler::{PrintJob, PrintQueue, Spooler};
pub use words::Language;
