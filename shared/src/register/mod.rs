//! A drawer at a till, from opening count to closing count, and the readings of it.

mod count;
mod report;
mod session;

pub use count::{CashCount, CountError, Counted};
pub use report::{SessionTotals, XReport, ZReport};
pub use session::{RegisterSession, SessionError, SessionState};
