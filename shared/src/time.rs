//! Timestamps, business dates, and the hybrid logical clock. The clock itself is an argument.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sabotage::{self, Bug};

/// Milliseconds since 1970-01-01 UTC, as some machine's clock told them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Later by `millis`; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to here; negative when `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Two readings of the machine: the wall, which may jump, and the time since boot, which may not.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Milliseconds since some fixed moment of this run; never goes back.
    fn up_ms(&self) -> u64;
}

/// The venue's accounting date: the night of 21 November is 21 November until the cut-over, past midnight too.
///
/// Shape: days since 1970-01-01; written `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct BusinessDate(i32);

/// A date that does not exist, or is not written `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date: {0}")]
pub struct DateError(pub String);

impl BusinessDate {
    /// From days since 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// From year, month and day of the Gregorian calendar; `None` for a day that does not exist.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let (m, d) = (i32::from(month), i32::from(day));
        // Years start in March, so the leap day is the last of its year.
        let y = if m <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let date = Self(era * 146_097 + day_of_era - 719_468);
        (date.ymd() == (year, month, day)).then_some(date)
    }

    /// Year, month, day.
    pub fn ymd(self) -> (i32, u8, u8) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let mp = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        let small = |n: i32| u8::try_from(n).expect("a month and a day fit a byte");
        (year, small(month), small(day))
    }
}

impl std::fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl std::str::FromStr for BusinessDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let parsed = (|| {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
                return None;
            }
            Self::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        })();
        parsed.ok_or_else(|| DateError(text.to_owned()))
    }
}

impl Serialize for BusinessDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BusinessDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Hybrid logical clock: close to the wall, never backwards, later than everything this device has written.
///
/// Shape: 48 bits of milliseconds since 1970, 16 bits of counter.
/// Source: Kulkarni and others, "Logical Physical Clocks" (2014).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Hlc(u64);

impl Hlc {
    /// From its 64 bits, as stored.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The wall part.
    pub fn at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0 >> 16).expect("48 bits fit"))
    }

    /// The reading for the next local event. A counter that is full moves the wall part on by one.
    #[must_use]
    pub fn tick(self, wall: Timestamp) -> Self {
        let wall_ms = u64::try_from(wall.as_millis()).unwrap_or(0).min((1 << 48) - 1);
        if sabotage::is(Bug::ClockGoesBack) {
            return Self(wall_ms << 16);
        }
        Self((wall_ms << 16).max(self.0.saturating_add(1)))
    }

    /// The reading after hearing another clock's. One that is more than [`MAX_LEAD_MS`] ahead of our wall is not believed:
    /// it would drag every clock it meets into its own future.
    #[must_use]
    pub fn observe(self, heard: Self, wall: Timestamp) -> Self {
        let lead_ms = heard.at().millis_since(wall);
        if lead_ms > MAX_LEAD_MS { self } else { self.max(heard) }
    }
}

/// How far ahead of our wall another clock may be and still be followed, milliseconds.
pub const MAX_LEAD_MS: i64 = 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_people_write_them() {
        assert_eq!("2026-11-21".parse::<BusinessDate>().map(BusinessDate::days), Ok(20_778));
        assert_eq!(BusinessDate::from_days(0).to_string(), "1970-01-01");
        assert_eq!(BusinessDate::from_ymd(2023, 2, 29), None);
        assert!("2026-1-01".parse::<BusinessDate>().is_err());
    }

    #[test]
    fn the_hybrid_clock_survives_a_wall_that_goes_back() {
        let first = Hlc::default().tick(Timestamp::from_millis(1_000));
        let second = first.tick(Timestamp::from_millis(10));
        assert!(second > first);
        assert_eq!(second.at(), Timestamp::from_millis(1_000));
    }

    #[test]
    fn a_clock_far_ahead_is_heard_and_not_followed() {
        let (wall, ours) = (Timestamp::from_millis(1_000_000), Hlc::default().tick(Timestamp::from_millis(1_000_000)));
        let near = Hlc::from_bits(u64::try_from(1_000_000 + MAX_LEAD_MS).expect("positive") << 16);
        let ten_years = Hlc::from_bits((1_000_000 + 315_360_000_000) << 16);
        assert_eq!(ours.observe(near, wall), near);
        assert_eq!(ours.observe(ten_years, wall), ours);
        assert_eq!(ours.observe(Hlc::from_bits(7), wall), ours, "and one behind changes nothing");
    }
}
