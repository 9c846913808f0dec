//! A stream's whole state at one number, in parts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use shared::event::Hash;
use shared::sync::protocol::SnapshotManifest;

use super::auth::SignedRequest;
use super::error::ApiError;
use super::openapi::ProblemDoc;
use crate::Inner;
use crate::app::snapshot;

/// Of which stream.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SnapshotQuery {
    /// `T:cat`, `V:<venue>` or `D:<device>`.
    stream: String,
}

/// What a stream's snapshot consists of, signed by the company's key. Signed by the device.
#[utoipa::path(get, path = "/v1/snapshot", tag = "device", security(("device" = [])), params(SnapshotQuery), responses(
    (status = 200, description = "Where it stands, and the names of its parts", body = serde_json::Value),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such stream for this device", body = ProblemDoc),
))]
pub(crate) async fn manifest(
    State(app): State<Arc<Inner>>,
    query: Result<Query<SnapshotQuery>, axum::extract::rejection::QueryRejection>,
    request: SignedRequest,
) -> Result<Json<SnapshotManifest>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::malformed(error.body_text()))?;
    let stream = query.stream.parse().map_err(|_| ApiError::not_found())?;
    Ok(Json(app.snapshots.manifest(&request.tenant, &request.device, stream, app.outside.now()).await?))
}

/// One part, by its name: zstd over lines of JSON. Never changes. Signed by the device.
#[utoipa::path(get, path = "/v1/snapshot/{id}", tag = "device", security(("device" = [])), params(("id" = String, Path, description = "The part's hash")), responses(
    (status = 200, description = "zstd over lines `{\"key\":…,\"value\":…}`", body = Vec<u8>, content_type = "application/zstd"),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such part for this device; ask for the manifest again", body = ProblemDoc),
))]
pub(crate) async fn part(
    hash: Result<Path<String>, axum::extract::rejection::PathRejection>,
    request: SignedRequest,
) -> Result<impl IntoResponse, ApiError> {
    let hash: Option<Hash> = hash.ok().and_then(|Path(hash)| hash.parse().ok());
    let hash = hash.ok_or_else(ApiError::not_found)?;
    let body = snapshot::find_part(&request.tenant, &request.device, hash).await?;
    Ok(([(header::CONTENT_TYPE, "application/zstd")], body))
}
