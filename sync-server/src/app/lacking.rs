//! What a silent till may have sold since it was last heard: its own pace, slow and fast, carried on. An estimate to be
//! drawn beside the sum that is known, never added to it.

use shared::time::Timestamp;

use crate::store::QuarterHour;

const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Two hours of pace: long enough for a lull and a rush, short enough to be this part of the night.
const QUARTERS: i64 = 8;

/// Between what and what a till may have sold unheard, minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct MayLack {
    /// At the pace of its slowest quarter of an hour.
    pub least_minor: i64,
    /// At the pace of its fastest.
    pub most_minor: i64,
}

impl MayLack {
    /// From what it sold, oldest first, until when it was heard. Nothing when it has no pace yet: a drawer just opened.
    pub fn of(sold: &[QuarterHour], heard: Timestamp, now: Timestamp) -> Option<Self> {
        let heard_ms = heard.as_millis();
        // The quarter it fell silent in is known only in part.
        let end = heard_ms - heard_ms.rem_euclid(QUARTER_MS);
        let begin = sold.first()?.from.max(end - QUARTERS * QUARTER_MS);
        let whole = sold.iter().filter(|quarter| (begin..end).contains(&quarter.from));
        let totals: Vec<i64> = whole.map(|quarter| quarter.total_minor.max(0)).collect();
        let most = totals.iter().copied().max()?;
        // A quarter without a sale is not in the list.
        let has_lull = i64::try_from(totals.len()).is_ok_and(|known| known < (end - begin) / QUARTER_MS);
        let least = if has_lull { 0 } else { totals.iter().copied().min()? };
        let silent_ms = now.millis_since(heard).max(0);
        let carry = |minor: i64| i128::from(minor) * i128::from(silent_ms) / i128::from(QUARTER_MS);
        let carried = |minor| i64::try_from(carry(minor)).unwrap_or(i64::MAX);
        Some(Self { least_minor: carried(least), most_minor: carried(most) })
    }

    /// Of two tills together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            least_minor: self.least_minor.saturating_add(other.least_minor),
            most_minor: self.most_minor.saturating_add(other.most_minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter(place: i64, total_minor: i64) -> QuarterHour {
        QuarterHour { from: place * QUARTER_MS, sales: 1, total_minor }
    }

    fn at(quarters: i64, minutes: i64) -> Timestamp {
        Timestamp::from_millis(quarters * QUARTER_MS + minutes * 60_000)
    }

    #[test]
    fn a_silent_till_goes_on_between_its_slowest_and_its_fastest_quarter() {
        let sold = [quarter(0, 30_000), quarter(1, 60_000), quarter(2, 45_000), quarter(3, 9_000)];
        // Heard five minutes into the fourth quarter, silent for ten.
        let lack = MayLack::of(&sold, at(3, 5), at(4, 0)).expect("a pace");
        assert_eq!(lack, MayLack { least_minor: 20_000, most_minor: 40_000 });
    }

    #[test]
    fn a_quarter_without_a_sale_is_a_pace_too_and_an_old_rush_is_none() {
        let sold = [quarter(0, 900_000), quarter(8, 30_000), quarter(10, 60_000)];
        let lack = MayLack::of(&sold, at(11, 0), at(12, 0)).expect("a pace");
        assert_eq!(lack, MayLack { least_minor: 0, most_minor: 60_000 });
    }

    #[test]
    fn without_a_whole_quarter_nobody_guesses() {
        assert_eq!(MayLack::of(&[], at(1, 0), at(2, 0)), None);
        assert_eq!(MayLack::of(&[quarter(4, 5_000)], at(4, 9), at(5, 0)), None);
    }
}
