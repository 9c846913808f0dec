//! The one question a till asks while a customer waits.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use shared::sync::redeem::{RedeemReply, RedeemRequest};

use super::again::again;
use super::auth::AskedRequest;
use super::error::ApiError;
use super::openapi::ProblemDoc;
use crate::Inner;
use crate::app::redeem::Question;

/// More lines than a ticket has.
const MAX_LINES: usize = 120;
/// More hand-overs than a till makes of one ticket.
const MAX_RECORDED: usize = 1_000;

/// Asks whether a ticket may be handed over. Decided once, by the redemption's id: the same question gets the same answer, also
/// when it was no. Signed by the device.
#[utoipa::path(post, path = "/v1/redeem", tag = "device", security(("device" = [])), request_body = serde_json::Value, responses(
    (status = 200, description = "Accepted, which counts from now on, or refused, and why", body = serde_json::Value),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 409, description = "`conflict`: something else was asked under this id", body = ProblemDoc),
    (status = 429, description = "`too_many_requests`", body = ProblemDoc),
    (status = 503, description = "`unavailable`: nothing was decided that asking again would not find", body = ProblemDoc),
))]
pub(crate) async fn redeem_ticket(
    State(app): State<Arc<Inner>>,
    AskedRequest(ticketed): AskedRequest,
) -> Result<Json<RedeemReply>, ApiError> {
    let asked: RedeemRequest = serde_json::from_slice(&ticketed.request.body)
        .map_err(|error| ApiError::malformed(format!("not a question about a ticket: {error}")))?;
    if asked.lines.len() > MAX_LINES || asked.recorded.len() > MAX_RECORDED {
        return Err(ApiError::malformed("too many lines or hand-overs"));
    }
    let (tenant, device) = (&ticketed.request.tenant, &ticketed.request.device);
    let redemption_id = asked.redemption_id;
    let decide = || async {
        let question = Question {
            device: device.clone(),
            request: asked.clone(),
            admission: ticketed.ticket.clone(),
            now: ticketed.now,
        };
        Ok(app.desk.ask(tenant, question).await?)
    };
    let decision = again(&app.outside, decide).await?;
    Ok(Json(RedeemReply { redemption_id, decision }))
}
