//! Card payments that a person should look at: money may have moved, and no sale says so.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, PaymentId, SaleId, VenueId};
use shared::tender::{CardPayment, CardState, OpenReason, TerminalReport, port_in_words};
use shared::time::Timestamp;

use super::extract::{Asked, limit};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::store::OpenCardRow;

/// How long an approval may take into its sale before anybody should wonder: the rest of a mixed payment, and the way here.
const ON_ITS_WAY_MS: i64 = 10 * 60 * 1000;

/// Which payments.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenCardQuery {
    /// Of which venue's tills; all when absent.
    #[param(value_type = Option<String>)]
    venue_id: Option<VenueId>,
    /// At most so many, 50 unless said, 200 at most.
    limit: Option<u16>,
}

/// A payment that a person should look at.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OpenCardOut {
    #[schema(value_type = String)]
    payment_id: PaymentId,
    #[schema(value_type = String)]
    sale_id: SaleId,
    #[schema(value_type = String)]
    device_id: DeviceId,
    device_name: String,
    terminal: String,
    /// What the terminal knows it by.
    ticket_no: String,
    amount_minor: i64,
    /// Who was signed in when the terminal was asked, if head office knows them.
    asked_by: Option<String>,
    #[schema(value_type = i64)]
    asked_at: Timestamp,
    /// Milliseconds since then.
    age_ms: i64,
    /// `in_doubt`, `void_in_doubt`, `contradicted` or `not_counted`.
    #[schema(value_type = String)]
    reason: OpenReason,
    /// How it stands: `uncertain`, `voiding`, `approved`, `declined`, …
    says: &'static str,
    /// The bank's code, of what was approved.
    authorisation_code: Option<String>,
    /// The card's last four digits, of what was approved.
    last4: Option<String>,
    /// What was said that denies how it stands: `approved`, `declined`, …
    denied_by: Option<&'static str>,
    /// A person said how it ended.
    is_manual: bool,
    /// Who.
    settled_by: Option<String>,
    /// When.
    #[schema(value_type = Option<i64>)]
    settled_at: Option<Timestamp>,
    /// And why.
    note: Option<String>,
    /// Its sale was finished without it: the customer paid another way as well.
    is_sale_finished: bool,
    /// What would settle it, at the till: `ask_terminal`, `resolve`, `void`, `return`.
    ways: Vec<&'static str>,
}

/// Payments that a person should look at.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OpenCardList {
    items: Vec<OpenCardOut>,
}

/// Card payments in doubt, contradicted, or approved although no sale counts them, oldest first. They are settled at their
/// till.
#[utoipa::path(get, path = "/v1/admin/card-payments/open", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(OpenCardQuery), responses(
    (status = 200, description = "The oldest of them", body = OpenCardList),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_open_cards(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Asked(query): Asked<OpenCardQuery>,
) -> Result<Json<OpenCardList>, ApiError> {
    let limit = limit(query.limit)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.read().await?;
    let rows = tx.list_open_cards(query.venue_id, now.plus_millis(-ON_ITS_WAY_MS), limit).await?;
    let people: HashSet<_> = rows
        .iter()
        .flat_map(|row| [row.card.asked_by, row.card.settled.as_ref().and_then(|said| said.by)])
        .flatten()
        .collect();
    let people = tx.known_staff(people).await?;
    let name = |id| people.get(&id).map(|member| member.name.clone());
    let items = rows.into_iter().map(|row| {
        let asked_by = row.card.asked_by.and_then(name);
        let settled_by = row.card.settled.as_ref().and_then(|said| said.by).and_then(name);
        view(row, now, asked_by, settled_by)
    });
    Ok(Json(OpenCardList { items: items.collect() }))
}

fn view(row: OpenCardRow, now: Timestamp, asked_by: Option<String>, settled_by: Option<String>) -> OpenCardOut {
    let (says, ways) = (row.card.says(), ways(&row.card.payment, row.reason));
    let OpenCardRow { card, reason, terminal, device_id, device_name, is_sale_finished } = row;
    let payment = card.payment;
    let denied = match &payment.denied {
        Some(TerminalReport::Approved { approval }) => Some(approval),
        _ => None,
    };
    let approval = payment.state.approval().or(denied);
    OpenCardOut {
        payment_id: payment.payment_id,
        sale_id: payment.sale_id,
        device_id,
        device_name,
        terminal: port_in_words(&terminal),
        amount_minor: payment.amount_minor,
        asked_by,
        asked_at: payment.started_at,
        age_ms: now.millis_since(payment.started_at).max(0),
        reason,
        says,
        authorisation_code: approval.map(|approval| approval.authorisation_code.clone()),
        last4: approval.map(|approval| approval.last4.clone()),
        denied_by: payment.denied.as_ref().map(denial),
        is_manual: payment.is_manual,
        settled_by,
        settled_at: card.settled.as_ref().map(|said| said.at),
        note: card.settled.and_then(|said| said.note),
        is_sale_finished,
        ways,
        ticket_no: payment.ticket_no,
    }
}

/// What was said, in a word.
fn denial(report: &TerminalReport) -> &'static str {
    match report {
        TerminalReport::Approved { .. } => "approved",
        TerminalReport::Declined { .. } => "declined",
        TerminalReport::NotStarted { .. } => "not_started",
        TerminalReport::Voided => "voided",
        TerminalReport::VoidRefused { .. } => "void_refused",
        TerminalReport::VoidAsked { .. } => "void_asked",
        TerminalReport::Ready
        | TerminalReport::Asked { .. }
        | TerminalReport::Progress { .. }
        | TerminalReport::Promised { .. }
        | TerminalReport::NoAnswer => "nothing",
    }
}

/// The till knows its terminal, and may know of fewer.
fn ways(payment: &CardPayment, reason: OpenReason) -> Vec<&'static str> {
    let voidable =
        payment.approved().filter(|card| !card.approval.is_debit() && !card.approval.operation_no.is_empty());
    let is_owed = reason == OpenReason::NotCounted && matches!(payment.state, CardState::Approved { .. });
    let ways = [
        ("ask_terminal", payment.state.is_doubt()),
        ("resolve", reason != OpenReason::NotCounted),
        ("void", is_owed && voidable.is_some()),
        ("return", is_owed),
    ];
    ways.into_iter().filter(|(_, is_open)| *is_open).map(|(way, _)| way).collect()
}
