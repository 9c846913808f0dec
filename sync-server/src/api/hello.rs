//! A till that comes back: what each side holds, and its own events given back to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use shared::sync::protocol::{Hello, HelloReply, MAX_OWN_EVENTS, OwnEvents};

use super::again::again;
use super::auth::SignedRequest;
use super::error::ApiError;
use super::openapi::ProblemDoc;
use crate::Inner;
use crate::app::hello::{self, OwnFrom};
use crate::app::upkeep;

/// What each side holds. Signed by the device; also renews its certificate when half of its life is over.
#[utoipa::path(post, path = "/v1/hello", tag = "device", security(("device" = [])), request_body = serde_json::Value, responses(
    (status = 200, description = "What is held of each chain named, chains not named, logs, where each stream ends and whether the cursor named stands in it, a certificate when due", body = serde_json::Value),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 426, description = "`upgrade_required`", body = ProblemDoc),
))]
pub(crate) async fn say_hello(
    State(app): State<Arc<Inner>>,
    request: SignedRequest,
) -> Result<Json<HelloReply>, ApiError> {
    let said: Hello =
        serde_json::from_slice(&request.body).map_err(|error| ApiError::malformed(format!("not a hello: {error}")))?;
    let SignedRequest { tenant, device, key, .. } = request;
    let greet = || async { Ok(hello::hello(&tenant, &device, key, &said, app.outside.now()).await?) };
    let mut reply = again(&app.outside, greet).await?;
    reply.window = app.gate.window();
    if reply.certificate.is_some() {
        tracing::info!(device = %device.device_id, "a certificate was renewed");
        app.bells.ring(tenant.tenant_id);
    }
    if app.awaited.load(Ordering::Relaxed) > 0 {
        upkeep::count_awaited(&app).await;
    }
    Ok(Json(reply))
}

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnQuery {
    /// Which history of the chain; 0 unless said.
    branch: Option<u32>,
    /// After which number; 0 unless said.
    after: Option<u64>,
    /// How many at most, up to 500.
    limit: Option<usize>,
}

/// The device's own events after a number, for a till restored from a backup. Signed by the device.
#[utoipa::path(get, path = "/v1/chains/{id}/events", tag = "device", security(("device" = [])), params(("id" = String, Path), OwnQuery), responses(
    (status = 200, description = "Events as in a push, dense and in order", body = serde_json::Value),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such chain or branch of this device, or not so long", body = ProblemDoc),
))]
pub(crate) async fn own_events(
    chain: Result<Path<String>, axum::extract::rejection::PathRejection>,
    query: Result<Query<OwnQuery>, axum::extract::rejection::QueryRejection>,
    request: SignedRequest,
) -> Result<Json<OwnEvents>, ApiError> {
    let chain = chain.ok().and_then(|Path(chain)| chain.parse().ok()).ok_or_else(ApiError::not_found)?;
    let Query(query) = query.map_err(|error| ApiError::malformed(error.body_text()))?;
    let from = OwnFrom {
        chain,
        branch: query.branch.unwrap_or(0),
        after: query.after.unwrap_or(0),
        limit: query.limit.unwrap_or(MAX_OWN_EVENTS),
    };
    Ok(Json(hello::own_events(&request.tenant, &request.device, from).await?))
}
