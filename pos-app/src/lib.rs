//! The till without a window.

pub mod commands;
pub mod printer;
pub mod sync;
