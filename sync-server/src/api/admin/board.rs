//! The night on one page.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, VenueId};
use shared::money::Currency;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::Venue;

use super::extract::Asked;
use super::flag::FlagOut;
use super::place::VenueOut;
use super::sales::SaleOut;
use super::till::{self, TillState};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::api::trade_doc::CurrencyDoc;
use crate::app::lacking::MayLack;
use crate::store::{DayTotals, DeviceRow, Night, OpenSession, Page, QuarterHour, TenantTx, TenderTotal};

const RECENT_SALES: u16 = 20;
const NEWEST_FLAGS: u16 = 50;

/// Which night, the one that is on now when absent; and where.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BoardQuery {
    /// `2026-11-21`.
    #[param(value_type = Option<String>)]
    business_date: Option<BusinessDate>,
    /// Which venue. When absent, where a drawer was opened last; before the first, the first venue.
    #[param(value_type = Option<String>)]
    venue_id: Option<VenueId>,
}

/// A venue to choose.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BoardVenue {
    #[schema(value_type = String)]
    venue_id: VenueId,
    name: String,
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
    /// What it may have sold since it fell silent with a drawer open.
    may_lack: Option<MayLack>,
    session: Option<BoardSession>,
    sales: u64,
    total_minor: i64,
}

/// The night on one page.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Board {
    #[schema(value_type = i64)]
    now: Timestamp,
    #[schema(value_type = String)]
    business_date: BusinessDate,
    venue: Option<VenueOut>,
    /// All there are, by name.
    venues: Vec<BoardVenue>,
    #[schema(value_type = CurrencyDoc)]
    currency: Currency,
    totals: DayTotals,
    by_tender: Vec<TenderTotal>,
    tills: Vec<BoardTill>,
    /// What the silent tills may have sold together.
    may_lack: Option<MayLack>,
    /// Quarters without a sale are left out.
    by_quarter_hour: Vec<QuarterHour>,
    recent_sales: Vec<SaleOut>,
    /// What nobody settled yet, newest first.
    flags: Vec<FlagOut>,
    /// Tills that were not heard of since the database was restored from a backup; empty when it was not, or all were.
    waits_for: Vec<String>,
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
    (status = 404, description = "`not_found`: no such venue", body = ProblemDoc),
))]
pub(crate) async fn board(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Asked(query): Asked<BoardQuery>,
) -> Result<Json<Board>, ApiError> {
    let now = app.outside.now();
    let mut tx = admin.tenant.read().await?;
    let mut venues = tx.list_venues(Page::ALL).await?.items;
    let devices = tx.list_devices().await?;
    let sessions: HashMap<_, _> = tx.list_open_sessions().await?.into_iter().map(|s| (s.device_id, s)).collect();
    let venue = if let Some(id) = query.venue_id {
        Some(venues.iter().find(|venue| venue.venue_id == id).ok_or_else(ApiError::not_found)?)
    } else {
        let newest = devices.iter().filter_map(|device| Some((sessions.get(&device.device_id)?.opened_at, device)));
        let lively = newest.max_by_key(|(opened_at, _)| *opened_at).map(|(_, device)| device.venue_id);
        venues.iter().find(|venue| Some(venue.venue_id) == lively).or_else(|| venues.first())
    }
    .cloned();
    let here = venue.as_ref().map(|venue| venue.venue_id);
    let devices: Vec<_> = devices.into_iter().filter(|device| here.is_none_or(|id| device.venue_id == id)).collect();
    // A night goes on for as long as somebody's drawer is open.
    let open = devices.iter().filter_map(|device| sessions.get(&device.device_id));
    let on = open.map(|session| session.business_date).max();
    let date = query.business_date.or(on).unwrap_or_else(|| business_date(venue.as_ref(), now));
    let night = Night { date, venue: here };
    let tills = list_tills(&mut tx, night, devices, sessions, now).await?;
    let flags = tx.list_open_flags(here, NEWEST_FLAGS).await?.into_iter().map(Into::into).collect();
    venues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(Board {
        now,
        business_date: date,
        currency: venue.as_ref().map_or(Currency::Clp, |venue| venue.currency),
        venue: venue.map(Into::into),
        venues: venues.into_iter().map(|Venue { venue_id, name, .. }| BoardVenue { venue_id, name }).collect(),
        totals: tx.sum_day(night).await?,
        by_tender: tx.sum_tenders(night).await?,
        may_lack: tills.iter().filter_map(|till| till.may_lack).reduce(MayLack::plus),
        tills,
        by_quarter_hour: tx.sum_quarter_hours(night).await?,
        recent_sales: tx.list_sales(Some(date), here, None, RECENT_SALES).await?.into_iter().map(Into::into).collect(),
        flags,
        waits_for: tx.list_awaited().await?,
    }))
}

/// The venue's tills, and what each sold that night.
async fn list_tills(
    tx: &mut TenantTx,
    night: Night,
    devices: Vec<DeviceRow>,
    mut sessions: HashMap<DeviceId, OpenSession>,
    now: Timestamp,
) -> Result<Vec<BoardTill>, ApiError> {
    let registers = tx.list_registers(Page::ALL).await?.items;
    let sold: HashMap<_, _> = tx.sum_tills(night).await?.into_iter().map(|t| (t.device_id, t)).collect();
    let mut paces: HashMap<DeviceId, Vec<QuarterHour>> = HashMap::new();
    for (device_id, quarter) in tx.sum_tills_by_quarter_hour(night).await? {
        paces.entry(device_id).or_default().push(quarter);
    }
    let till = |device: DeviceRow| {
        let register = registers.iter().find(|register| register.register_id == device.register_id);
        let state = till::state(&device, now);
        let session = sessions.remove(&device.device_id);
        let is_selling = session.as_ref().is_some_and(|session| session.business_date == night.date);
        let silent = device.last_contact_at.filter(|_| is_selling && state == TillState::Silent);
        let sold = sold.get(&device.device_id);
        BoardTill {
            may_lack: silent.and_then(|heard| MayLack::of(paces.get(&device.device_id)?, heard, now)),
            state,
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
        }
    };
    Ok(devices.into_iter().map(till).collect())
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
