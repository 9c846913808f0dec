//! Taking back what was handed over by mistake: whoever did it for a few seconds, after that somebody who may.

use crate::ids::StaffId;
use crate::time::Timestamp;

/// For how long whoever handed over takes it back without asking anybody.
pub const UNDO_MS: i64 = 10_000;

/// Until when somebody may take back alone what they handed over; `None` when it was somebody else.
pub fn undo_until(by: StaffId, handed_by: Option<StaffId>, handed_at: Timestamp) -> Option<Timestamp> {
    (handed_by == Some(by)).then(|| handed_at.plus_millis(UNDO_MS))
}

/// Whether taking it back at `now` asks nobody. A clock that was set back gives nobody more time.
pub fn is_own_undo(by: StaffId, handed_by: Option<StaffId>, handed_at: Timestamp, now: Timestamp) -> bool {
    undo_until(by, handed_by, handed_at).is_some_and(|until| (handed_at..=until).contains(&now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn whoever_handed_over_has_ten_seconds_and_nobody_else_has_any() {
        let [ana, ben] = [1, 2].map(|n| StaffId::from_uuid(Uuid::from_u128(n)));
        let at = Timestamp::from_millis(1_000_000);
        let may = |by, after| is_own_undo(by, Some(ana), at, at.plus_millis(after));
        assert!(may(ana, 0) && may(ana, UNDO_MS));
        assert!(!may(ana, UNDO_MS + 1) && !may(ana, -1), "ten seconds, and not by setting the clock back");
        assert!(!may(ben, 0) && !is_own_undo(ben, None, at, at));
    }
}
