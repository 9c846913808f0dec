//! Signing in and out.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use shared::sync::protocol::ProblemCode;

use super::extract::Body;
use crate::Inner;
use crate::api::auth::{Admin, COOKIE, is_same_origin};
use crate::api::error::ApiError;
use crate::api::limit;
use crate::api::openapi::ProblemDoc;
use crate::app::admin;
use crate::store::AdminRole;

/// Longer passwords are refused unread: hashing them would be work for nothing.
const MAX_SECRET: usize = 256;

/// Who wants in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    name: String,
    password: String,
}

/// A session just begun.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedInOut {
    /// For API clients: `Authorization: Bearer …`. Browsers have it as a cookie.
    token: String,
    name: String,
    role: AdminRole,
    /// When it ends at the latest; thirty minutes without a request end it too.
    expires_at: i64,
}

/// A session in use.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SessionOut {
    name: String,
    role: AdminRole,
    expires_at: i64,
}

/// Signs in. Unknown names and wrong passwords get the same answer; five in a row lock the name for 15 minutes.
#[utoipa::path(post, path = "/v1/admin/session", tag = "admin", request_body = SignIn, responses(
    (status = 200, description = "Signed in; also sets the cookie", body = SignedInOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`: from another site", body = ProblemDoc),
    (status = 423, description = "`locked`", body = ProblemDoc),
    (status = 429, description = "`too_many_requests`", body = ProblemDoc),
))]
pub(crate) async fn sign_in(
    State(app): State<Arc<Inner>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(body): Body<SignIn>,
) -> Result<impl IntoResponse, ApiError> {
    if is_same_origin(&headers) == Some(false) {
        return Err(ApiError::new(ProblemCode::Forbidden, "this request comes from another site"));
    }
    if !app.limits.sign_in.take(peer.ip().to_string().as_bytes(), app.outside.clock.up_ms()) {
        return Err(limit::slow_down());
    }
    if body.name.len() > MAX_SECRET || body.password.len() > MAX_SECRET {
        return Err(ApiError::unauthenticated());
    }
    let signed_in = admin::sign_in(&app.store, &body.name, &body.password, &app.outside).await;
    app.metrics.signed_in(signed_in.is_ok());
    let signed_in = signed_in?;
    let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200", signed_in.token);
    let out = SignedInOut {
        token: signed_in.token,
        name: signed_in.name,
        role: signed_in.role,
        expires_at: signed_in.expires_at.as_millis(),
    };
    Ok(([(header::SET_COOKIE, cookie)], Json(out)))
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/admin/session", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), responses(
    (status = 200, description = "The session", body = SessionOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn who_am_i(admin: Admin) -> Json<SessionOut> {
    let session = admin.session;
    Json(SessionOut { name: session.name, role: session.role, expires_at: session.expires_at.as_millis() })
}

/// Signs out, at once.
#[utoipa::path(delete, path = "/v1/admin/session", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), responses(
    (status = 204, description = "Signed out"),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn sign_out(State(app): State<Arc<Inner>>, admin: Admin) -> Result<impl IntoResponse, ApiError> {
    admin::sign_out(&app.store, &admin.session).await?;
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]))
}
