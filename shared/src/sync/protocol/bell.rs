//! A ring: a stream moved. What moved is pulled; a ring that is lost is harmless.

use serde::{Deserialize, Serialize};

use crate::sync::stream::StreamName;

/// Longest a till may wait for an answer to `GET /v1/bell?wait=…`, seconds.
pub const MAX_BELL_WAIT_S: u64 = 25;

/// The data of one `event: bell` of `GET /v1/bell`: all three of a till's streams at the start, then each that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Which stream.
    pub stream: StreamName,
    /// Its last number now.
    pub head: u64,
}

/// The answer to `GET /v1/bell?wait=25&T:cat=17&…`, for a line that lets no stream through: those of the streams named
/// that do not end where the till thinks; none when the time was over before one moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BellReply {
    /// One for each stream that moved.
    pub rings: Vec<Ring>,
}
