//! What went wrong with tickets: handed over twice, handed over although withdrawn, withdrawn although handed over, shown
//! again and again.

use axum::Json;
use serde::Deserialize;
use shared::time::Timestamp;

use super::extract::{Asked, ListOut, Named, limit};
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::app::incident::{IncidentOut, tell};
use crate::store::IncidentId;

/// Which incidents.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentQuery {
    /// At most so many, 50 unless said, 200 at most.
    limit: Option<u16>,
    /// What the answer before gave as `next`.
    before: Option<String>,
}

fn cursor(text: &str) -> Option<(Timestamp, IncidentId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
}

/// What went wrong with tickets, newest first. Told from the events: the same whichever till was heard first, and gone when
/// the hand-over too many is taken back.
#[utoipa::path(get, path = "/v1/admin/incidents", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(IncidentQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<IncidentOut>),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_incidents(
    admin: Admin,
    Asked(query): Asked<IncidentQuery>,
) -> Result<Json<ListOut<IncidentOut>>, ApiError> {
    let limit = limit(query.limit)?;
    let before = query.before.as_deref().map(|text| cursor(text).ok_or_else(|| ApiError::malformed("before")));
    let mut tx = admin.tenant.read().await?;
    let mut rows = tx.list_incidents(before.transpose()?, limit + 1).await?;
    let is_more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let last = rows.last().filter(|_| is_more);
    let next = last.map(|row| format!("{}.{}", row.at.as_millis(), row.id));
    Ok(Json(ListOut { items: tell(&mut tx, &rows).await?, next }))
}

/// One incident.
#[utoipa::path(get, path = "/v1/admin/incidents/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "The incident", body = IncidentOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such incident, or it was taken back", body = ProblemDoc),
))]
pub(crate) async fn find_incident(admin: Admin, Named(id): Named<IncidentId>) -> Result<Json<IncidentOut>, ApiError> {
    let mut tx = admin.tenant.read().await?;
    let row = tx.find_incident(id).await?.ok_or_else(ApiError::not_found)?;
    let told = tell(&mut tx, &[row]).await?.pop();
    Ok(Json(told.ok_or_else(ApiError::not_found)?))
}
