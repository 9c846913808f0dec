//! Whether the server lives, whether it can work, and what it has done.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header;
use axum::response::IntoResponse;
use shared::sync::protocol::ProblemCode;

use super::auth::Admin;
use super::error::ApiError;
use crate::Inner;

/// The process lives. Asks nothing of anything else.
#[utoipa::path(get, path = "/health", tag = "open", responses((status = 200, description = "`{\"status\":\"ok\"}`", body = serde_json::Value)))]
pub(crate) async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

/// The databases answer.
#[utoipa::path(get, path = "/ready", tag = "open", responses(
    (status = 200, description = "`{\"status\":\"ready\"}`; after a restore also `recovering` and how many tills it `waits_for_tills`", body = serde_json::Value),
    (status = 503, description = "`unavailable`", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn ready(State(app): State<Arc<Inner>>) -> Result<Json<serde_json::Value>, ApiError> {
    if app.store.is_alive().await {
        // It works all the same: tills bring what they have, and until then limits may grow.
        Ok(Json(match app.awaited.load(Ordering::Relaxed) {
            0 => serde_json::json!({ "status": "ready" }),
            awaited => serde_json::json!({ "status": "ready", "recovering": true, "waits_for_tills": awaited }),
        }))
    } else {
        Err(ApiError::new(ProblemCode::Unavailable, "the database does not answer"))
    }
}

/// Counters for Prometheus. From this machine, or signed in.
#[utoipa::path(get, path = "/metrics", tag = "open", security((), ("admin" = [])), responses(
    (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
    (status = 401, description = "`unauthenticated`: from another machine, and not signed in", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn metrics(
    State(app): State<Arc<Inner>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<impl IntoResponse, ApiError> {
    let (mut parts, _) = request.into_parts();
    // Behind a proxy everyone seems to be this machine.
    let is_proxied = ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| parts.headers.contains_key(*name));
    if !peer.ip().is_loopback() || is_proxied {
        Admin::from_request_parts(&mut parts, &app).await?;
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.to_string()))
}
