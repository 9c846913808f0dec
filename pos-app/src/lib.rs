//! The till without a window.

pub mod commands;
pub mod sync;
