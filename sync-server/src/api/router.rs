//! Every route, and what wraps all of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use shared::sync::protocol::ProblemCode;
use shared::sync::request::SERVER_TIME_HEADER;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, Pending};
use super::{admin, again, bell, console, device, health, hello, openapi, redeem, snapshot, till_bell};
use crate::Inner;

/// Largest body of anything but a push.
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// A request that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The API's routes, each with its description.
pub(crate) fn routes() -> (Router<Arc<Inner>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::openapi))
        .routes(routes!(device::enroll_device))
        .routes(routes!(device::push_events))
        .routes(routes!(device::pull_stream))
        .routes(routes!(redeem::redeem_ticket))
        .routes(routes!(hello::say_hello))
        .routes(routes!(hello::own_events))
        .routes(routes!(till_bell::till_bell))
        .routes(routes!(snapshot::manifest))
        .routes(routes!(snapshot::part))
        .merge(admin::routes())
        .routes(routes!(bell::bell))
        .split_for_parts()
}

/// The whole service.
pub(crate) fn router(app: Arc<Inner>) -> Router {
    let (routes, _) = routes();
    routes
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .fallback(console::serve)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), again::change_again))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// Bounds the time a request may take, writes refusals out, and puts the clock and the safety headers on every answer.
async fn around(State(app): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let is_page = !path.starts_with("/v1/");
    let mut response = answer(request, next).await;
    let now = app.outside.now();
    if let Some(pending) = response.extensions_mut().remove::<Pending>() {
        response = pending.write(&response, now);
    } else if let Some(error) = plain_refusal(&response) {
        // What axum itself refuses: a body too large, JSON that is none, a method that is not there.
        let mut written = error.into_response();
        if let Some(pending) = written.extensions_mut().remove::<Pending>() {
            response = pending.write(&written, now);
        }
    }
    app.metrics.answered(response.status().as_u16());
    // Never the query: it may carry what is nobody's business.
    tracing::debug!(%method, path, status = response.status().as_u16(), "answered");
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(SERVER_TIME_HEADER), HeaderValue::from(now.as_millis()));
    for (name, value) in SAFETY {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !is_page {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// On a task of its own: a bug in one handler ends that request, not the connection, and says so like any refusal.
async fn answer(request: Request, next: Next) -> Response {
    let mut task = tokio::spawn(next.run(request));
    match tokio::time::timeout(TIMEOUT, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => ApiError::internal(&error).into_response(),
        Err(_) => {
            task.abort();
            ApiError::new(ProblemCode::Unavailable, "the server took too long").into_response()
        }
    }
}

const SAFETY: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'self'; frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'self'",
    ),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=()"),
];

fn plain_refusal(response: &Response) -> Option<ApiError> {
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == "application/problem+json");
    // A method that is not there has its own answer, with the list of those that are.
    if is_problem || status == StatusCode::METHOD_NOT_ALLOWED || !(status.is_client_error() || status.is_server_error())
    {
        return None;
    }
    Some(match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        status if status.is_client_error() => ApiError::malformed("the request is not what this route takes"),
        _ => ApiError::new(ProblemCode::Internal, "the server made a mistake; nothing was changed"),
    })
}
