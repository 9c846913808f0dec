//! The till's side of sync: sends what head office does not have, fetches what this till does not know.
//!
//! Nothing here stands between a cashier and a sale. An event counts as sent only when the server's hash is ours; no
//! refusal, no restored server and no lost answer makes the till forget one.
//!
//! What to send, what an answer proves and how long to leave a server in peace is decided in [`shared::sync`], without
//! a disk, a network or a clock; here it is done.
//!
//! - [`client`] the server over HTTP · `bell` what it rings for · [`enroll`] becoming a till
//! - [`driver`] the exchange and its ledger · [`worker`] when

mod ahead;
mod bell;
pub mod client;
pub mod driver;
pub mod enroll;
pub mod error;
#[cfg(test)]
mod fake;
pub(crate) mod question;
pub mod worker;

pub use worker::{News, SyncWorker};
