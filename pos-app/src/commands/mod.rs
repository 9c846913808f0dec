//! The one registry of commands. The window (`invoke`) and `till run` (JSON lines) call the same functions.

pub mod error;
pub mod types;

pub use error::{CommandError, ErrorCode};
pub mod registry;
pub mod typescript;
