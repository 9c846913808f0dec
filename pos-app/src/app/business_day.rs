//! Which night it is: the venue's wall, moved back by its cut-over.

use jiff::tz::TimeZone;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::Venue;

/// The business date at a moment. Half past two in the morning is still last night.
///
/// A zone this machine does not know is read as UTC: a venue must be able to open.
pub fn business_date(venue: &Venue, at: Timestamp) -> BusinessDate {
    let zone = TimeZone::get(&venue.time_zone).unwrap_or(TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let wall = moment.to_zoned(zone).datetime();
    let minutes = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
    let day = |n: i8| n.unsigned_abs();
    let today = BusinessDate::from_ymd(i32::from(wall.year()), day(wall.month()), day(wall.day()))
        .unwrap_or(BusinessDate::from_days(0));
    if minutes < i32::from(venue.cut_over_minutes) { BusinessDate::from_days(today.days() - 1) } else { today }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::VenueId;
    use shared::money::{CashRounding, Currency};
    use shared::venue::{PaperTemplate, RedemptionPolicy};
    use uuid::Uuid;

    #[test]
    fn the_night_ends_at_the_cut_over_on_the_venues_wall() {
        let venue = Venue {
            venue_id: VenueId::from_uuid(Uuid::nil()),
            name: "Club Valdivia".into(),
            tax_id: String::new(),
            address: String::new(),
            currency: Currency::Clp,
            time_zone: "America/Santiago".into(),
            cut_over_minutes: 360,
            cash_rounding: CashRounding::EXACT,
            ticket_valid_days: 1,
            redemption_policy: RedemptionPolicy::default(),
            paper: PaperTemplate::default(),
        };
        // 22 November 2026 in Santiago is three hours behind UTC.
        for (utc_ms, night) in [
            (1_795_315_980_000, "2026-11-21"), // 23:53 on the 21st
            (1_795_337_999_999, "2026-11-21"), // 05:59:59.999 on the 22nd
            (1_795_338_000_000, "2026-11-22"), // 06:00
        ] {
            assert_eq!(business_date(&venue, Timestamp::from_millis(utc_ms)).to_string(), night, "{utc_ms}");
        }
    }
}
