//! How long to leave a server in peace after a failure: full jitter, so that tills that lost the same server do not come
//! back to it in step.

use std::time::Duration;

use crate::ids::Entropy;

const BASE: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_mins(5);

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It answered.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// It did not: how long to wait now, anything up to a ceiling that doubles from one second to five minutes.
    pub fn failed(&mut self, entropy: &dyn Entropy) -> Duration {
        let mut random = [0; 4];
        entropy.fill(&mut random);
        self.failed_by(u32::from_le_bytes(random))
    }

    /// The same for a random number already drawn.
    pub fn failed_by(&mut self, random: u32) -> Duration {
        let ceiling = BASE.saturating_mul(1 << self.failures.min(16)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        let share = u64::from(random);
        let ceiling_ms = u64::try_from(ceiling.as_millis()).expect("five minutes fit");
        // Never less than a tenth of a second: a burst of failures is no polling.
        Duration::from_millis(((ceiling_ms * share) >> 32).max(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn waiting_doubles_to_five_minutes_and_starts_again_after_a_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..12).map(|_| backoff.failed(&Always(255)).as_millis()).collect();
        assert_eq!(waits[..4], [999, 1999, 3999, 7999]);
        assert_eq!(waits[9..], [299_999, 299_999, 299_999]);
        backoff.succeeded();
        assert_eq!(backoff.failed(&Always(255)).as_millis(), 999);
    }

    #[test]
    fn jitter_reaches_down_to_nearly_nothing() {
        assert_eq!(Backoff { failures: 30 }.failed(&Always(0)), Duration::from_millis(100));
    }
}
