//! What is odd about what tills wrote, and head office's word that it is dealt with: a double charge given back, a cloned
//! machine enrolled anew. What happened stays; only the list of what still asks for somebody gets shorter.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::{ChainId, VenueId};
use shared::time::Timestamp;

use super::extract::{Asked, Body, Named, limit, text};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::store::{AdminRole, FlagId, FlagRow, Settlement};

/// Most characters of a note.
const MAX_NOTE: usize = 500;

/// Which flags, and where.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FlagQuery {
    /// Those settled last; otherwise, and unless said, the newest that are not.
    settled: Option<bool>,
    /// Which venue's tills; all when absent.
    #[param(value_type = Option<String>)]
    venue_id: Option<VenueId>,
    /// At most so many, 50 unless said, 200 at most.
    limit: Option<u16>,
}

/// Something to look at, or that was looked at.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FlagOut {
    /// Names it in a path.
    flag_id: String,
    code: String,
    device_name: String,
    /// The event it is of: its chain, and its number there.
    #[schema(value_type = String)]
    chain: ChainId,
    seq: u64,
    #[schema(value_type = i64)]
    at: Timestamp,
    /// Null while nobody settled it.
    settlement: Option<SettlementOut>,
}

/// Who settled a flag, when, and what they wrote.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SettlementOut {
    #[schema(value_type = i64)]
    at: Timestamp,
    by: String,
    note: String,
}

/// Flags.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FlagList {
    items: Vec<FlagOut>,
}

/// What was done about it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettlementIn {
    /// 1 to 500 characters.
    note: String,
}

impl From<FlagRow> for FlagOut {
    fn from(row: FlagRow) -> Self {
        let FlagRow { id, device_name, raised_at, settlement } = row;
        let settlement = settlement.map(|Settlement { at, by, note }| SettlementOut { at, by, note });
        let (chain, seq) = (id.chain, id.place.seq);
        Self { flag_id: id.to_string(), code: id.code, device_name, chain, seq, at: raised_at, settlement }
    }
}

/// What asks for somebody, or what was settled last.
#[utoipa::path(get, path = "/v1/admin/flags", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(FlagQuery), responses(
    (status = 200, description = "The newest of them", body = FlagList),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_flags(admin: Admin, Asked(query): Asked<FlagQuery>) -> Result<Json<FlagList>, ApiError> {
    let limit = limit(query.limit)?;
    let mut tx = admin.tenant.read().await?;
    let rows = if query.settled.unwrap_or(false) {
        tx.list_settled_flags(query.venue_id, limit).await?
    } else {
        tx.list_open_flags(query.venue_id, limit).await?
    };
    Ok(Json(FlagList { items: rows.into_iter().map(Into::into).collect() }))
}

/// Marks a flag as dealt with, with a note. Said again, by whomever, the first word stands and is answered.
#[utoipa::path(put, path = "/v1/admin/flags/{id}/settlement", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = SettlementIn, responses(
    (status = 200, description = "Settled, now or before", body = FlagOut),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such flag", body = ProblemDoc),
    (status = 422, description = "`unprocessable`: the note is empty or too long", body = ProblemDoc),
))]
pub(crate) async fn settle_flag(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<FlagId>,
    Body(body): Body<SettlementIn>,
) -> Result<Json<FlagOut>, ApiError> {
    admin.require(AdminRole::Manager)?;
    let note = text("note", &body.note, MAX_NOTE)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    tx.find_flag(&id).await?.ok_or_else(ApiError::not_found)?;
    let said = Settlement { at: now, by: admin.session.name.clone(), note };
    if tx.settle_flag(&id, &said).await? {
        let detail = json!({ "note": said.note });
        tx.insert_audit(now, &admin.session.name, "flag.settled", id.to_string(), &detail).await?;
    }
    let settled = tx.find_flag(&id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(settled.into()))
}
