//! Venues and registers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::ids::{RegisterId, VenueId};
use shared::money::{CashRounding, Currency};
use shared::time::BusinessDate;
use shared::venue::{PaperTemplate, RedemptionPolicy, Register, Venue};

use super::extract::{Asked, Body, ListOut, Named, PageQuery, text, unacceptable};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::api::trade_doc::CurrencyDoc;
use crate::store::AdminRole;

/// A place that sells.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VenueOut {
    #[schema(value_type = String)]
    venue_id: VenueId,
    name: String,
    tax_id: String,
    address: String,
    /// ISO 4217.
    #[schema(value_type = CurrencyDoc)]
    currency: Currency,
    /// IANA name.
    time_zone: String,
    cut_over_minutes: u16,
    /// `{"unit_minor":10,"tie":"down","keeps_nonzero":false}`.
    #[schema(value_type = serde_json::Value)]
    cash_rounding: CashRounding,
    ticket_valid_days: u8,
    /// What a bar may hand over unheard.
    #[schema(value_type = serde_json::Value)]
    redemption_policy: RedemptionPolicy,
    /// What its receipts say besides.
    paper: PaperLines,
}

/// Lines that a venue's receipts say besides, each in the middle.
#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaperLines {
    /// Under the address; at most six, of 96 characters each.
    header: Vec<String>,
    /// At the foot; as many.
    footer: Vec<String>,
}

/// A venue as it should be.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VenueIn {
    name: String,
    /// Taxpayer number, as printed.
    tax_id: String,
    /// One line.
    address: String,
    /// `CLP`, `COP`, `CZK`, `EUR` or `ILS`. Cannot be changed later.
    #[schema(value_type = CurrencyDoc)]
    currency: Currency,
    /// IANA name, `America/Santiago`.
    time_zone: String,
    /// Local minutes after midnight at which the business date changes.
    cut_over_minutes: u16,
    /// How cash is rounded; by the currency's law when absent.
    #[schema(value_type = Option<serde_json::Value>)]
    cash_rounding: Option<CashRounding>,
    /// For how many business days a ticket holds, 1 to 30.
    ticket_valid_days: u8,
    /// What a bar may hand over when it cannot ask whether another did: `{"rule":"accept_all"}`, `home_only`, `refuse`, or
    /// `{"rule":"accept_below","value_minor":5000}`. All when absent.
    #[serde(default)]
    #[schema(value_type = Option<serde_json::Value>)]
    redemption_policy: RedemptionPolicy,
    /// What its receipts say besides. Nothing when absent.
    #[serde(default)]
    paper: PaperLines,
}

/// A drawer with a name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RegisterOut {
    #[schema(value_type = String)]
    register_id: RegisterId,
    #[schema(value_type = String)]
    venue_id: VenueId,
    /// Three letters that begin its tickets' codes.
    code: String,
    name: String,
}

/// A register as it should be.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterIn {
    /// Cannot be changed later.
    #[schema(value_type = String)]
    venue_id: VenueId,
    /// Three capital letters, never I or O; unique.
    code: String,
    name: String,
}

impl From<Venue> for VenueOut {
    fn from(venue: Venue) -> Self {
        let Venue { venue_id, name, tax_id, address, currency, time_zone, .. } = venue;
        let Venue { cut_over_minutes, cash_rounding, ticket_valid_days, redemption_policy, paper, .. } = venue;
        Self {
            venue_id,
            name,
            tax_id,
            address,
            currency,
            time_zone,
            cut_over_minutes,
            cash_rounding,
            ticket_valid_days,
            redemption_policy,
            paper: PaperLines { header: paper.header, footer: paper.footer },
        }
    }
}

impl From<Register> for RegisterOut {
    fn from(register: Register) -> Self {
        let Register { register_id, venue_id, code, name } = register;
        Self { register_id, venue_id, code, name }
    }
}

impl VenueIn {
    fn check(&self, venue_id: VenueId, today: BusinessDate) -> Result<Venue, ApiError> {
        if self.cut_over_minutes >= 24 * 60 {
            return Err(unacceptable("cut_over_minutes is 0 to 1439"));
        }
        if !(1..=30).contains(&self.ticket_valid_days) {
            return Err(unacceptable("ticket_valid_days is 1 to 30"));
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            return Err(unacceptable("time_zone is an IANA name, like America/Santiago"));
        }
        let cash_rounding = self.cash_rounding.unwrap_or(CashRounding::statutory(self.currency, today));
        if !(1..=1_000_000).contains(&cash_rounding.unit_minor) {
            return Err(unacceptable("cash_rounding.unit_minor is 1 to 1000000"));
        }
        if matches!(self.redemption_policy, RedemptionPolicy::AcceptBelow { value_minor } if value_minor < 1) {
            return Err(unacceptable("redemption_policy.value_minor is at least 1"));
        }
        Ok(Venue {
            venue_id,
            name: text("name", &self.name, 80)?,
            tax_id: text("tax_id", &self.tax_id, 30)?,
            address: text("address", &self.address, 120)?,
            currency: self.currency,
            time_zone: self.time_zone.clone(),
            cut_over_minutes: self.cut_over_minutes,
            cash_rounding,
            ticket_valid_days: self.ticket_valid_days,
            redemption_policy: self.redemption_policy,
            paper: PaperTemplate {
                header: paper_lines("paper.header", &self.paper.header)?,
                footer: paper_lines("paper.footer", &self.paper.footer)?,
            },
        })
    }
}

fn paper_lines(name: &str, lines: &[String]) -> Result<Vec<String>, ApiError> {
    if lines.len() > PaperTemplate::MAX_LINES {
        return Err(unacceptable(format!("{name} has at most {} lines", PaperTemplate::MAX_LINES)));
    }
    lines.iter().map(|line| text(name, line, PaperTemplate::MAX_SIGNS)).collect()
}

impl RegisterIn {
    fn check(&self, register_id: RegisterId) -> Result<Register, ApiError> {
        let is_code = self.code.len() == 3
            && self.code.bytes().all(|sign| sign.is_ascii_uppercase() && !matches!(sign, b'I' | b'O'));
        if !is_code {
            return Err(unacceptable("code is three capital letters, never I or O"));
        }
        let name = text("name", &self.name, 40)?;
        Ok(Register { register_id, venue_id: self.venue_id, code: self.code.clone(), name })
    }
}

fn today(app: &Inner) -> BusinessDate {
    let days = app.outside.now().as_millis().div_euclid(24 * 3_600 * 1000);
    BusinessDate::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}

/// Venues, oldest first.
#[utoipa::path(get, path = "/v1/admin/venues", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(PageQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<VenueOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_venues(
    admin: Admin,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListOut<VenueOut>>, ApiError> {
    let venues = admin.tenant.read().await?.list_venues(query.page()?).await?;
    Ok(Json(ListOut::of(venues)))
}

/// Adds a venue.
#[utoipa::path(post, path = "/v1/admin/venues", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = VenueIn, responses(
    (status = 201, description = "Added, and published to the tills", body = VenueOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_venue(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<VenueIn>,
) -> Result<(StatusCode, Json<VenueOut>), ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let venue = body.check(VenueId::new(now, &*app.outside.entropy), today(&app))?;
    let mut tx = admin.tenant.write().await?;
    tx.put_venue(&venue, now).await?;
    tx.insert_audit(now, &admin.session.name, "venue.added", venue.venue_id.to_string(), &body).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(venue.into())))
}

/// Changes a venue. Its currency stays.
#[utoipa::path(put, path = "/v1/admin/venues/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = VenueIn, responses(
    (status = 200, description = "Changed, and published to the tills", body = VenueOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_venue(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<VenueId>,
    Body(body): Body<VenueIn>,
) -> Result<Json<VenueOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let before = tx.find_venue(id).await?.ok_or_else(ApiError::not_found)?;
    let venue = body.check(id, today(&app))?;
    if venue.currency != before.currency {
        return Err(unacceptable("a venue's currency cannot be changed"));
    }
    tx.put_venue(&venue, now).await?;
    tx.insert_audit(now, &admin.session.name, "venue.changed", id.to_string(), &(&before, &body)).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(venue.into()))
}

/// Registers, oldest first.
#[utoipa::path(get, path = "/v1/admin/registers", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(PageQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<RegisterOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_registers(
    admin: Admin,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListOut<RegisterOut>>, ApiError> {
    let registers = admin.tenant.read().await?.list_registers(query.page()?).await?;
    Ok(Json(ListOut::of(registers)))
}

/// Adds a register.
#[utoipa::path(post, path = "/v1/admin/registers", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = RegisterIn, responses(
    (status = 201, description = "Added, and published to the tills", body = RegisterOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 409, description = "`conflict`: the code is in use", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_register(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<RegisterIn>,
) -> Result<(StatusCode, Json<RegisterOut>), ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let register = body.check(RegisterId::new(now, &*app.outside.entropy))?;
    let mut tx = admin.tenant.write().await?;
    tx.put_register(&register, now).await?;
    tx.insert_audit(now, &admin.session.name, "register.added", register.register_id.to_string(), &body).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(register.into())))
}

/// Changes a register. Its venue stays.
#[utoipa::path(put, path = "/v1/admin/registers/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = RegisterIn, responses(
    (status = 200, description = "Changed, and published to the tills", body = RegisterOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 409, description = "`conflict`: the code is in use", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_register(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<RegisterId>,
    Body(body): Body<RegisterIn>,
) -> Result<Json<RegisterOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let before = tx.find_register(id).await?.ok_or_else(ApiError::not_found)?;
    let register = body.check(id)?;
    if register.venue_id != before.venue_id {
        return Err(unacceptable("a register's venue cannot be changed"));
    }
    tx.put_register(&register, now).await?;
    tx.insert_audit(now, &admin.session.name, "register.changed", id.to_string(), &(&before, &body)).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(register.into()))
}
