//! Tickets: a signed promise on paper that any till of the tenant can check alone.

mod code;
mod display;
mod incident;
mod redemption;
mod undo;

pub use code::{TICKET_PREFIX, Ticket, TicketError, TicketId, TicketKind, TicketLine, UnverifiedTicket};
pub use display::{DisplayCode, DisplayCodeError};
pub use incident::{HandOver, Incident, IncidentKind, incidents};
pub use redemption::{OwedLine, RedeemError, RedeemedLine, Standing, Uses, Verdict, judge, redeem};
pub use undo::{UNDO_MS, is_own_undo, undo_until};
