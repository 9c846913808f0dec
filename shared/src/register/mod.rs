//! A drawer at a till, from opening count to closing count, and the readings of it.

mod cash_movement;
mod count;
mod report;
mod session;

pub use cash_movement::{CashMovementKind, MAX_MOVEMENT_MINOR, can_move};
pub use count::{CashCount, CountError, Counted};
pub use report::{SessionTotals, XReport, ZReport};
pub use session::{RegisterSession, SessionError, SessionState};
