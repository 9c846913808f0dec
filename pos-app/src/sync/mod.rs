//! The till's side of sync: sends what head office does not have, fetches what this till does not know.
//!
//! Nothing here stands between a cashier and a sale. An event counts as sent only when the server's hash is ours; no
//! refusal, no restored server and no lost answer makes the till forget one.
//!
//! - [`plan`] what to send and what an answer proves, pure · [`client`] the server over HTTP · [`enroll`] becoming a till
//! - [`exchange`] everything out, everything in · [`worker`] when · [`backoff`] how long to leave a server in peace

pub mod backoff;
pub mod client;
pub mod enroll;
pub mod exchange;
#[cfg(test)]
mod fake;
pub mod plan;
pub mod worker;

pub use worker::{News, SyncWorker};
