//! Time as a worker sees it: the clock's, or the time it has itself spent waiting, whichever is later. A clock that
//! stands still (a test, a suspended machine) cannot stop a deadline.

use std::sync::Arc;

use shared::time::Clock;

/// Milliseconds of some run; never goes back.
#[derive(Clone)]
pub struct Ticker {
    clock: Arc<dyn Clock>,
    reached: u64,
}

impl Ticker {
    /// Starts with the clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let reached = clock.up_ms();
        Self { clock, reached }
    }

    /// Now.
    pub fn now(&mut self) -> u64 {
        self.reached = self.reached.max(self.clock.up_ms());
        self.reached
    }

    /// A wait of so many milliseconds has run its full length.
    pub fn waited(&mut self, ms: u64) {
        self.reached = self.clock.up_ms().max(self.reached.saturating_add(ms));
    }
}
