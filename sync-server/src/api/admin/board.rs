//! The night on one page.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::ids::DeviceId;
use shared::money::Currency;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::Venue;

use super::extract::Asked;
use super::place::VenueOut;
use super::sales::SaleOut;
use super::till::{self, TillState};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::store::{DayTotals, OpenSession, Page, QuarterHour, TenderTotal};

const RECENT_SALES: u16 = 20;
const NEWEST_FLAGS: u16 = 50;

/// Which night; the one that is on now when absent.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BoardQuery {
    /// `2026-11-21`.
    #[param(value_type = Option<String>)]
    business_date: Option<BusinessDate>,
}

/// The session a till has open.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BoardSession {
    #[schema(value_type = String)]
    business_date: BusinessDate,
    #[schema(value_type = i64)]
    opened_at: Timestamp,
    operator: Option<String>,
}

/// A till, as far as it was heard.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BoardTill {
    #[schema(value_type = String)]
    device_id: DeviceId,
    device_no: u16,
    name: String,
    register_code: Option<String>,
    register_name: Option<String>,
    state: TillState,
    #[schema(value_type = Option<i64>)]
    last_contact: Option<Timestamp>,
    unsent_events: u64,
    session: Option<BoardSession>,
    sales: u64,
    total_minor: i64,
}

/// Something to look at.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BoardFlag {
    code: String,
    device_name: String,
    seq: u64,
    #[schema(value_type = i64)]
    at: Timestamp,
}

/// The night on one page.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Board {
    #[schema(value_type = i64)]
    now: Timestamp,
    #[schema(value_type = String)]
    business_date: BusinessDate,
    venue: Option<VenueOut>,
    #[schema(value_type = String)]
    currency: Currency,
    totals: DayTotals,
    by_tender: Vec<TenderTotal>,
    tills: Vec<BoardTill>,
    /// Quarters without a sale are left out.
    by_quarter_hour: Vec<QuarterHour>,
    recent_sales: Vec<SaleOut>,
    flags: Vec<BoardFlag>,
}

/// The venue's accounting date at a moment: the calendar's, until the cut-over of the next morning.
fn business_date(venue: Option<&Venue>, now: Timestamp) -> BusinessDate {
    let zone =
        venue.and_then(|venue| jiff::tz::TimeZone::get(&venue.time_zone).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
    let cut_over_ms = venue.map_or(0, |venue| i64::from(venue.cut_over_minutes) * 60_000);
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(moment);
    let of_day = i64::from(local.hour()) * 3_600_000 + i64::from(local.minute()) * 60_000;
    let (year, month, day) = (i32::from(local.year()), local.month().unsigned_abs(), local.day().unsigned_abs());
    let date = BusinessDate::from_ymd(year, month, day).unwrap_or(BusinessDate::from_days(0));
    if of_day < cut_over_ms { BusinessDate::from_days(date.days() - 1) } else { date }
}

/// The night on one page: totals, tills as far as they were heard, the newest sales, what to look at.
#[utoipa::path(get, path = "/v1/admin/board", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(BoardQuery), responses(
    (status = 200, description = "The board", body = Board),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn board(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Asked(query): Asked<BoardQuery>,
) -> Result<Json<Board>, ApiError> {
    let now = app.outside.now();
    let mut tx = admin.tenant.read().await?;
    let venue = tx.list_venues(Page { after: None, limit: 1 }).await?.items.into_iter().next();
    let mut sessions: HashMap<_, _> = tx.list_open_sessions().await?.into_iter().map(|s| (s.device_id, s)).collect();
    // A night goes on for as long as somebody's drawer is open.
    let on = sessions.values().map(|session| session.business_date).max();
    let date = query.business_date.or(on).unwrap_or_else(|| business_date(venue.as_ref(), now));
    let registers = tx.list_registers(Page::ALL).await?.items;
    let sold: HashMap<_, _> = tx.sum_tills(date).await?.into_iter().map(|t| (t.device_id, t)).collect();
    let mut tills = Vec::new();
    for device in tx.list_devices().await? {
        let register = registers.iter().find(|register| register.register_id == device.register_id);
        let session = sessions.remove(&device.device_id);
        let sold = sold.get(&device.device_id);
        tills.push(BoardTill {
            state: till::state(&device, now),
            device_id: device.device_id,
            device_no: device.device_no,
            name: device.name,
            register_code: register.map(|register| register.code.clone()),
            register_name: register.map(|register| register.name.clone()),
            last_contact: device.last_contact_at,
            unsent_events: device.unsent_events,
            session: session.map(|OpenSession { business_date, opened_at, operator, .. }| BoardSession {
                business_date,
                opened_at,
                operator,
            }),
            sales: sold.map_or(0, |sold| sold.sales),
            total_minor: sold.map_or(0, |sold| sold.total_minor),
        });
    }
    let flags = tx.list_flags(NEWEST_FLAGS).await?.into_iter().map(|flag| BoardFlag {
        code: flag.code,
        device_name: flag.device_name,
        seq: flag.seq,
        at: flag.raised_at,
    });
    let flags = flags.collect();
    Ok(Json(Board {
        now,
        business_date: date,
        currency: venue.as_ref().map_or(Currency::Clp, |venue| venue.currency),
        venue: venue.map(Into::into),
        totals: tx.sum_day(date).await?,
        by_tender: tx.sum_tenders(date).await?,
        tills,
        by_quarter_hour: tx.sum_quarter_hours(date).await?,
        recent_sales: tx.list_sales(Some(date), None, RECENT_SALES).await?.into_iter().map(Into::into).collect(),
        flags,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_keeps_its_date_past_midnight() {
        let moment =
            |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        let day = |day| BusinessDate::from_ymd(2026, 11, day).expect("a day that exists");
        assert_eq!(business_date(None, moment("2026-11-21T23:59:59Z")), day(21));
        assert_eq!(business_date(None, moment("2026-11-22T00:00:00Z")), day(22));
    }
}
