//! What tills ask for: to be enrolled, to hand over what they wrote, to learn what is new.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use shared::event::Hash;
use shared::ids::{DeviceId, LogId};
use shared::sync::ingest::Refusal;
use shared::sync::packing;
use shared::sync::protocol::{EnrollReply, EnrollRequest, MAX_PULL_ITEMS, ProblemCode, PullReply, PushReply};

use super::again::again;
use super::auth::{SignedRequest, TicketedRequest};
use super::error::ApiError;
use super::limit;
use super::packed::{self, Packing, ParseError};
use crate::app::pull::PullFrom;
use crate::app::push::{Offer, PushError};
use crate::app::{enroll, pull, push};
use crate::store::{Intake, Tenant};
use crate::{INTAKE_QUOTA_BYTES, Inner};

/// Makes a machine one of the company's, by a one-time code.
#[utoipa::path(post, path = "/v1/enroll", tag = "device", request_body = serde_json::Value, responses(
    (status = 200, description = "The till's identity, certificate, venue and register", body = serde_json::Value),
    (status = 401, description = "`unauthenticated`: the code is wrong, used, expired or dead", body = super::openapi::ProblemDoc),
    (status = 409, description = "`conflict`: the till is enrolled already, or withdrawn", body = super::openapi::ProblemDoc),
    (status = 429, description = "`too_many_requests`", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn enroll_device(
    State(app): State<Arc<Inner>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: axum::body::Bytes,
) -> Result<Json<EnrollReply>, ApiError> {
    if !app.limits.enroll.take(peer.ip().to_string().as_bytes(), app.outside.clock.up_ms()) {
        return Err(limit::slow_down());
    }
    let request: EnrollRequest =
        serde_json::from_slice(&body).map_err(|error| ApiError::malformed(format!("not an enrolment: {error}")))?;
    let enrol = || async { Ok(enroll::enroll(&app.store, &request, app.outside.now()).await?) };
    let reply = again(&app.outside, enrol).await;
    app.metrics.enrolments(reply.is_ok());
    let reply = reply?;
    tracing::info!(device = %reply.device_id, tenant = %reply.tenant_id, "a till enrolled");
    app.bells.ring(reply.tenant_id);
    Ok(Json(reply))
}

/// Takes in events, oldest first. Signed by the device; JSON under zstd.
#[utoipa::path(post, path = "/v1/push", tag = "device", security(("device" = [])), request_body(content = serde_json::Value, description = "`PushRequest`, `Content-Encoding: barra-1` (zstd with the dictionary of events) or `zstd`"), responses(
    (status = 200, description = "One result per batch: ok, gap or fork", body = serde_json::Value),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = super::openapi::ProblemDoc),
    (status = 403, description = "`forbidden`: another device's chain", body = super::openapi::ProblemDoc),
    (status = 413, description = "`too_large`: halve the batch", body = super::openapi::ProblemDoc),
    (status = 422, description = "`unprocessable`: cannot be read or verified; the bytes are kept", body = super::openapi::ProblemDoc),
    (status = 426, description = "`upgrade_required`", body = super::openapi::ProblemDoc),
    (status = 429, description = "`too_many_requests`: wait as `Retry-After` says", body = super::openapi::ProblemDoc),
    (status = 503, description = "`unavailable`: nothing was taken; wait as `Retry-After` says, then send it again", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn push_events(
    State(app): State<Arc<Inner>>,
    request: TicketedRequest,
) -> Result<Json<PushReply>, ApiError> {
    again(&app.outside, || take_in(&app, &request)).await
}

async fn take_in(app: &Inner, ticketed: &TicketedRequest) -> Result<Json<PushReply>, ApiError> {
    let TicketedRequest { request, ticket, now, .. } = ticketed;
    let now = *now;
    let started = app.outside.clock.up_ms();
    let _pass = app.gate.enter(request.tenant.tenant_id).await.map_err(|_| ApiError::crowded())?;
    let arriving = app.groups.announce(request.tenant.tenant_id);
    let packing = packing_of(&request.headers);
    let body = request.body.clone();
    // Megabytes to unpack and read would hold up the threads that answer others.
    let parsed = tokio::task::spawn_blocking(move || packed::read(&body, packing)).await;
    let parsed = match parsed.unwrap_or(Err(ParseError::Unreadable)) {
        Ok(parsed) => parsed,
        Err(ParseError::TooLarge) => return Err(ApiError::too_large()),
        Err(ParseError::Unreadable) => {
            keep(&request.tenant, request.device.device_id, "unreadable", &request.body, app).await?;
            let title = "the request cannot be read; its bytes are kept";
            return Err(ApiError::new(ProblemCode::Unprocessable, title));
        }
    };
    let offer =
        Offer { device: request.device.clone(), key: request.key, request: parsed, now, ticket: Some(ticket.clone()) };
    let pushed = match push::push(&app.groups, &request.tenant, arriving, offer).await {
        Ok(pushed) => pushed,
        Err(error) => {
            let reason = match &error {
                PushError::Refused(Refusal::OtherDevice(_)) => Some("other_device"),
                PushError::Refused(Refusal::NoStart(_)) => Some("no_start"),
                PushError::Refused(Refusal::Signature(_)) => Some("signature"),
                PushError::Refused(Refusal::Numbers) => Some("numbers"),
                PushError::Refused(Refusal::TooLarge | Refusal::Protocol(_))
                | PushError::Replayed
                | PushError::Unfinished
                | PushError::Collided
                | PushError::Store(_) => None,
            };
            if let Some(reason) = reason {
                tracing::warn!(device = %request.device.device_id, %error, "a push was refused; its bytes are kept");
                keep(&request.tenant, request.device.device_id, reason, &request.body, app).await?;
            }
            return Err(error.into());
        }
    };
    app.metrics.pushed(&pushed, request.body.len(), app.outside.clock.up_ms().saturating_sub(started));
    app.bells.ring(request.tenant.tenant_id);
    let (log_id, window) = (request.tenant.log_id, app.gate.window());
    Ok(Json(PushReply { log_id, server_time: now, results: pushed.results, window: Some(window) }))
}

/// How a body is packed, as its headers say. A name nobody knows is nothing to unpack.
fn packing_of(headers: &HeaderMap) -> Packing {
    match headers.get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok()) {
        Some("zstd") => Packing::Zstd,
        Some(packing::CODING) => Packing::Events,
        _ => Packing::None,
    }
}

async fn keep(
    tenant: &Tenant,
    device_id: DeviceId,
    reason: &'static str,
    body: &[u8],
    app: &Inner,
) -> Result<(), ApiError> {
    again(&app.outside, || async {
        let mut tx = tenant.write().await?;
        tx.keep_intake(&Intake { device_id, reason, body }, app.outside.now(), INTAKE_QUOTA_BYTES).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// How far a till has come in a stream.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PullQuery {
    /// `T:cat` or `V:<venue>`.
    stream: String,
    /// The log the cursor is of; absent before the first pull.
    #[param(value_type = Option<String>)]
    log_id: Option<LogId>,
    /// The last number applied.
    seq: Option<u64>,
    /// The rolling hash there, 64 hexadecimal digits.
    hash: Option<String>,
    /// How many items at most, up to 1000.
    limit: Option<usize>,
    /// How many events the till still holds.
    #[serde(rename = "unsent")]
    #[param(rename = "unsent")]
    _unsent: Option<u64>,
}

/// The items of a stream after a cursor. Signed by the device.
#[utoipa::path(get, path = "/v1/pull", tag = "device", security(("device" = [])), params(PullQuery), responses(
    (status = 200, description = "Items, dense and in order", body = serde_json::Value),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = super::openapi::ProblemDoc),
    (status = 404, description = "`not_found`: no such stream for this device", body = super::openapi::ProblemDoc),
    (status = 410, description = "`cursor_gone`: start the stream again", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn pull_stream(
    State(app): State<Arc<Inner>>,
    query: Result<Query<PullQuery>, axum::extract::rejection::QueryRejection>,
    request: SignedRequest,
) -> Result<Json<PullReply>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::malformed(error.body_text()))?;
    let hash = query.hash.as_deref().filter(|hash| !hash.is_empty()).map(str::parse::<Hash>).transpose();
    let from = PullFrom {
        stream: query.stream.parse().map_err(|_| ApiError::not_found())?,
        log_id: query.log_id,
        seq: query.seq.unwrap_or(0),
        hash: hash.map_err(|_| ApiError::malformed("hash is 64 hexadecimal digits"))?.unwrap_or(Hash::ZERO),
        limit: query.limit.unwrap_or(MAX_PULL_ITEMS),
    };
    let reply = pull::pull(&request.tenant, &request.device, from, app.outside.now()).await?;
    app.metrics.pulled(reply.items.len());
    Ok(Json(reply))
}
