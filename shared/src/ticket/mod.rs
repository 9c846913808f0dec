//! Tickets: a signed promise on paper that any till of the tenant can check alone.

mod badge;
mod code;
mod display;
mod envelope;
mod incident;
mod redemption;
mod undo;

pub use badge::{BADGE_DAYS, Badge, UnverifiedBadge};
pub use code::{Ticket, TicketError, TicketId, TicketKind, TicketLine, UnverifiedTicket};
pub use display::{DisplayCode, DisplayCodeError};
pub use envelope::{TICKET_PREFIX, kind_of};
pub use incident::{HandOver, Incident, IncidentKind, incidents};
pub use redemption::{OwedLine, RedeemError, RedeemedLine, Standing, Uses, Verdict, judge, redeem};
pub use undo::{UNDO_MS, is_own_undo, undo_until};
