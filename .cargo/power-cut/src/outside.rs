//! The one clock here: requests to the server carry the time, and a program that hangs must be noticed.

use std::time::{Duration, Instant, SystemTime};

use shared::time::Timestamp;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the harness's only wall clock; its requests are signed with the time")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Started when made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(clippy::disallowed_methods, reason = "the harness's only stopwatch")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
