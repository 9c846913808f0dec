//! Five wrong PINs in a row lock a person at a till for fifteen minutes.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Wrong PINs in a row before the lock.
pub const PIN_TRIES: u8 = 5;
/// How long the lock holds, milliseconds.
pub const PIN_LOCK_MS: i64 = 15 * 60 * 1000;

/// One person's failures at one till. Kept in the ledger, so neither a restart nor a new night clears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinGuard {
    /// Wrong PINs since the last right one or the last lock.
    pub wrong: u8,
    /// No PIN is looked at before this moment.
    pub locked_until: Option<Timestamp>,
}

impl PinGuard {
    /// Until when a PIN is refused unseen, if it is.
    pub fn locked_at(self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| now < *until)
    }

    /// How many tries are left now.
    pub fn tries_left(self, now: Timestamp) -> u8 {
        if self.locked_at(now).is_some() { 0 } else { PIN_TRIES.saturating_sub(self.wrong) }
    }

    /// After a wrong PIN.
    #[must_use]
    pub fn failed(self, now: Timestamp) -> Self {
        let wrong = self.wrong.saturating_add(1);
        if wrong >= PIN_TRIES {
            Self { wrong: 0, locked_until: Some(now.plus_millis(PIN_LOCK_MS)) }
        } else {
            Self { wrong, locked_until: None }
        }
    }

    /// After a right PIN.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_pin_locks_for_fifteen_minutes() {
        let now = Timestamp::from_millis(1_000_000);
        let guard = (0..5).fold(PinGuard::default(), |guard, _| guard.failed(now));
        assert_eq!(guard.locked_at(now), Some(now.plus_millis(PIN_LOCK_MS)));
        assert_eq!(guard.tries_left(now), 0);
        assert_eq!(guard.locked_at(now.plus_millis(PIN_LOCK_MS)), None);
        assert_eq!(guard.tries_left(now.plus_millis(PIN_LOCK_MS)), 5);
    }
}
