//! Scanners: what a code is, serial ones, and a camera's picture. Those that type like keyboards are heard by the window.
//!
//! Nothing here knows the catalogue or believes a ticket; a scan is told, whoever has the focus.

pub mod camera;
pub mod framer;
pub mod gs1;
pub mod measured;
pub mod parse;
pub mod serial;

pub use parse::{Scan, parse};
pub use serial::SerialScanner;
