//! The one registry of commands. The window (`invoke`) and `till run` (JSON lines) call the same functions.

pub mod dispatch;
pub mod error;
mod limits;
pub mod registry;
pub mod types;
pub mod typescript;

pub use error::{CommandError, ErrorCode};
