//! Tills: added with a one-time code, renamed, withdrawn for good.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::{DeviceId, RegisterId, VenueId};
use shared::sync::protocol::ProblemCode;
use shared::time::Timestamp;

use super::extract::{Body, ListOut, Named, text};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::app::{enroll, hello};
use crate::store::{AdminRole, DeviceRow};

/// A till not heard of for so long is silent: it looks for news every fifteen seconds.
const SILENT_MS: i64 = 60 * 1000;

/// Whether a till can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TillState {
    /// Heard of within the last minute.
    Online,
    /// Not for longer than that; it sells all the same.
    Silent,
    /// Never enrolled.
    Never,
    /// Withdrawn.
    Revoked,
}

/// How a till stands.
pub(crate) fn state(device: &DeviceRow, now: Timestamp) -> TillState {
    if device.revoked_at.is_some() {
        return TillState::Revoked;
    }
    match (device.enrolled_at, device.last_contact_at) {
        (Some(_), Some(at)) if now.millis_since(at) <= SILENT_MS => TillState::Online,
        (Some(_), _) => TillState::Silent,
        (None, _) => TillState::Never,
    }
}

/// A machine that sells.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TillOut {
    #[schema(value_type = String)]
    device_id: DeviceId,
    /// Printed in its tickets.
    device_no: u16,
    name: String,
    #[schema(value_type = String)]
    register_id: RegisterId,
    #[schema(value_type = String)]
    venue_id: VenueId,
    /// What machine it said it is.
    description: String,
    state: TillState,
    #[schema(value_type = Option<i64>)]
    enrolled_at: Option<Timestamp>,
    #[schema(value_type = Option<i64>)]
    last_contact: Option<Timestamp>,
    unsent_events: u64,
}

/// A till and the code to enrol it with, shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WaitingTillOut {
    #[serde(flatten)]
    till: TillOut,
    /// Ten characters, for ten minutes, for one machine.
    enrolment_code: String,
}

/// A till to add.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TillIn {
    #[schema(value_type = String)]
    register_id: RegisterId,
    name: String,
}

/// A till's new name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TillNameIn {
    name: String,
}

fn out(device: DeviceRow, now: Timestamp) -> TillOut {
    let state = state(&device, now);
    let DeviceRow { device_id, device_no, name, register_id, venue_id, description, .. } = device;
    let (enrolled_at, last_contact) = (device.enrolled_at, device.last_contact_at);
    let unsent_events = device.unsent_events;
    TillOut {
        device_id,
        device_no,
        name,
        register_id,
        venue_id,
        description,
        state,
        enrolled_at,
        last_contact,
        unsent_events,
    }
}

/// All tills, by number.
#[utoipa::path(get, path = "/v1/admin/tills", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), responses(
    (status = 200, description = "All of them at once", body = ListOut<TillOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_tills(
    State(app): State<Arc<Inner>>,
    admin: Admin,
) -> Result<Json<ListOut<TillOut>>, ApiError> {
    let now = app.outside.now();
    let devices = admin.tenant.read().await?.list_devices().await?;
    Ok(Json(ListOut { items: devices.into_iter().map(|device| out(device, now)).collect(), next: None }))
}

/// Adds a till at a register and mints its code.
#[utoipa::path(post, path = "/v1/admin/tills", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = TillIn, responses(
    (status = 201, description = "Waiting to be enrolled", body = WaitingTillOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such register", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_till(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<TillIn>,
) -> Result<(StatusCode, Json<WaitingTillOut>), ApiError> {
    admin.require(AdminRole::Admin)?;
    let name = text("name", &body.name, 40)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let asked = (body.register_id, name.as_str());
    let (device_id, enrolment_code) = enroll::add_till(&app.store, &admin.tenant, &mut tx, asked, &app.outside).await?;
    let detail = json!({ "register_id": body.register_id });
    tx.insert_audit(now, &admin.session.name, "till.added", device_id.to_string(), &detail).await?;
    let device = tx.find_device(device_id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(WaitingTillOut { till: out(device, now), enrolment_code })))
}

/// Mints a fresh code for a till that has not enrolled; the one before is dead.
#[utoipa::path(post, path = "/v1/admin/tills/{id}/enrolment-code", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "Waiting to be enrolled", body = WaitingTillOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 409, description = "`conflict`: enrolled already, or withdrawn", body = ProblemDoc),
))]
pub(crate) async fn mint_code(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<DeviceId>,
) -> Result<Json<WaitingTillOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let enrolment_code = enroll::mint_code(&app.store, admin.tenant.tenant_id, &mut tx, id, &app.outside).await?;
    tx.insert_audit(now, &admin.session.name, "till.code_minted", id.to_string(), &json!({})).await?;
    let device = tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    Ok(Json(WaitingTillOut { till: out(device, now), enrolment_code }))
}

/// Lets a till whose certificate is over speak again. With its next hello it gets a new one.
#[utoipa::path(post, path = "/v1/admin/tills/{id}/certificate", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "Renewed, and published to the tills", body = TillOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 409, description = "`conflict`: never enrolled, or withdrawn", body = ProblemDoc),
))]
pub(crate) async fn renew_certificate(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<DeviceId>,
) -> Result<Json<TillOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let device = tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    let key = device.public_key.filter(|_| device.revoked_at.is_none());
    let key = key.ok_or_else(|| ApiError::new(ProblemCode::Conflict, "this till never enrolled, or was withdrawn"))?;
    hello::let_renew(&admin.tenant, &mut tx, &device, key, now).await?;
    tx.insert_audit(now, &admin.session.name, "till.certificate_renewed", id.to_string(), &json!({})).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(out(device, now)))
}

/// Renames a till.
#[utoipa::path(put, path = "/v1/admin/tills/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = TillNameIn, responses(
    (status = 200, description = "Renamed", body = TillOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_till(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<DeviceId>,
    Body(body): Body<TillNameIn>,
) -> Result<Json<TillOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let name = text("name", &body.name, 40)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let before = tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    tx.rename_device(id, &name).await?;
    let detail = json!({ "name": [before.name, name] });
    tx.insert_audit(now, &admin.session.name, "till.renamed", id.to_string(), &detail).await?;
    let device = tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(out(device, now)))
}

/// Withdraws a till, for good: its next request is refused, and no till believes its tickets once it has heard.
#[utoipa::path(delete, path = "/v1/admin/tills/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "Withdrawn, and published to the tills", body = TillOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
))]
pub(crate) async fn revoke_till(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<DeviceId>,
) -> Result<Json<TillOut>, ApiError> {
    admin.require(AdminRole::Admin)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    tx.revoke_device(id, now).await?;
    tx.insert_audit(now, &admin.session.name, "till.revoked", id.to_string(), &json!({})).await?;
    let device = tx.find_device(id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    tracing::warn!(device = %id, by = %admin.session.name, "a till was withdrawn");
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(out(device, now)))
}
