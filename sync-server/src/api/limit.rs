//! How often one may ask. Buckets refill with time; full ones are forgotten.

use std::collections::HashMap;
use std::sync::Mutex;

use shared::sync::protocol::ProblemCode;

use super::error::ApiError;

/// Most keys remembered at once.
const MAX_KEYS: usize = 10_000;

/// Buckets of one kind of request, one per key.
pub(crate) struct Limiter {
    burst: u64,
    refill_ms: u64,
    buckets: Mutex<HashMap<Vec<u8>, (u64, u64)>>,
}

/// What is limited.
pub(crate) struct Limits {
    /// Signing in, by address.
    pub(crate) sign_in: Limiter,
    /// Enrolling, by address.
    pub(crate) enroll: Limiter,
    /// Push and pull, by device.
    pub(crate) device: Limiter,
    /// Push and pull, by company: all its tills together.
    pub(crate) tenant: Limiter,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in: Limiter::new(20, 3_000),
            enroll: Limiter::new(20, 3_000),
            // A backlog of a night is some tens of requests in a row.
            device: Limiter::new(300, 50),
            // A thousand tills that come back together ask for some ten things each, and then ask seldom.
            tenant: Limiter::new(10_000, 4),
        }
    }
}

impl Limiter {
    /// So many at once, and one more every `refill_ms`.
    fn new(burst: u64, refill_ms: u64) -> Self {
        Self { burst, refill_ms, buckets: Mutex::default() }
    }

    /// Takes one; false when there is none.
    pub(crate) fn take(&self, key: &[u8], up_ms: u64) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= MAX_KEYS && !buckets.contains_key(key) {
            let full_ms = self.burst * self.refill_ms;
            buckets.retain(|_, (_, at)| up_ms.saturating_sub(*at) < full_ms);
            if buckets.len() >= MAX_KEYS {
                // Forgetting lets a crowd of strangers try a little more; refusing would lock everyone else out.
                buckets.clear();
            }
        }
        let (left, at) = buckets.entry(key.to_vec()).or_insert((self.burst, up_ms));
        let refilled = up_ms.saturating_sub(*at) / self.refill_ms;
        if refilled > 0 {
            *left = (*left + refilled).min(self.burst);
            *at = if *left == self.burst { up_ms } else { *at + refilled * self.refill_ms };
        }
        if *left == 0 {
            return false;
        }
        *left -= 1;
        true
    }
}

/// The answer to one who asks too often.
pub(crate) fn slow_down() -> ApiError {
    let error = ApiError::new(ProblemCode::TooManyRequests, "too many requests; wait, then try again");
    ApiError { retry_after_s: Some(3), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_refills_with_time_and_is_everyone_s_own() {
        let limiter = Limiter::new(2, 1_000);
        assert!(limiter.take(b"a", 0) && limiter.take(b"a", 0));
        assert!(!limiter.take(b"a", 999));
        assert!(limiter.take(b"b", 999), "another's bucket is full");
        assert!(limiter.take(b"a", 1_000));
        assert!(!limiter.take(b"a", 1_001));
    }
}
