//! Sales, one by one and added up.

use axum::Json;
use serde::{Deserialize, Serialize};
use shared::event::{Hash, SaleRecorded};
use shared::ids::{DeviceId, SaleId, VenueId};
use shared::sale::{SaleLine, Totals};
use shared::tender::{CardApproval, Payment};
use shared::time::{BusinessDate, Timestamp};

use super::extract::{Asked, ListOut, Named, limit};
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::api::trade_doc::{CardApprovalDoc, CurrencyDoc, SaleLineDoc, TotalsDoc};
use crate::store::{DayTotals, SaleDetail, SaleRow, TenderTotal, TicketRow};

/// A sale in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SaleOut {
    #[schema(value_type = String)]
    pub(crate) sale_id: SaleId,
    #[schema(value_type = String)]
    pub(crate) device_id: DeviceId,
    pub(crate) receipt_no: u64,
    /// Null when not known here, as are the next two.
    pub(crate) register_code: Option<String>,
    pub(crate) device_name: Option<String>,
    /// `2026-11-21`.
    #[schema(value_type = String)]
    pub(crate) business_date: BusinessDate,
    #[schema(value_type = i64)]
    pub(crate) completed_at: Timestamp,
    #[schema(value_type = CurrencyDoc)]
    pub(crate) currency: String,
    pub(crate) total_minor: i64,
    pub(crate) tax_minor: i64,
    /// `cash`, `card`, each once.
    pub(crate) tenders: Vec<String>,
    /// `2 × Piscola, 1 × Agua`.
    pub(crate) lines: String,
    pub(crate) operator: Option<String>,
}

/// A payment of a sale.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PaymentOut {
    /// `cash` or `card`.
    tender: &'static str,
    amount_minor: i64,
    /// What was handed over; null for cards.
    tendered_minor: Option<i64>,
    /// The terminal's word for it; null for cash.
    #[schema(value_type = Option<CardApprovalDoc>)]
    approval: Option<CardApproval>,
    /// A person entered it or settled it by the terminal's paper: no terminal vouches for it.
    is_manual: bool,
}

/// A sale with everything, as the till wrote it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SaleDetailOut {
    sale: SaleOut,
    #[schema(value_type = Vec<SaleLineDoc>)]
    lines: Vec<SaleLine>,
    #[schema(value_type = TotalsDoc)]
    totals: Totals,
    payments: Vec<PaymentOut>,
    change_minor: i64,
    rounding_minor: i64,
    /// Without their signed codes: whoever sees one could print it.
    tickets: Vec<TicketRow>,
    /// The event's number in its chain.
    seq: u64,
    /// The event's hash.
    #[schema(value_type = String)]
    hash: Hash,
}

impl From<Payment> for PaymentOut {
    fn from(payment: Payment) -> Self {
        match payment {
            Payment::Cash { amount_minor, tendered_minor, .. } => Self {
                tender: "cash",
                amount_minor,
                tendered_minor: Some(tendered_minor),
                approval: None,
                is_manual: false,
            },
            Payment::Card { amount_minor, approval, is_manual, .. } => {
                Self { tender: "card", amount_minor, tendered_minor: None, approval: Some(approval), is_manual }
            }
        }
    }
}

/// A business date added up.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DayTotalsOut {
    #[schema(value_type = String)]
    business_date: BusinessDate,
    totals: DayTotals,
    by_tender: Vec<TenderTotal>,
}

/// Which sales.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SalesQuery {
    /// Only of this night, `2026-11-21`.
    #[param(value_type = Option<String>)]
    business_date: Option<BusinessDate>,
    /// Only of this venue.
    #[param(value_type = Option<String>)]
    venue_id: Option<VenueId>,
    /// At most so many, 50 unless said, 200 at most.
    limit: Option<u16>,
    /// What the answer before gave as `next`.
    before: Option<String>,
}

/// Which night.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayQuery {
    /// `2026-11-21`.
    #[param(value_type = String)]
    business_date: BusinessDate,
}

impl From<SaleRow> for SaleOut {
    fn from(row: SaleRow) -> Self {
        Self {
            sale_id: row.sale_id,
            device_id: row.device_id,
            receipt_no: row.receipt_no,
            register_code: row.register_code,
            device_name: row.device_name,
            business_date: row.business_date,
            completed_at: row.completed_at,
            currency: row.currency,
            total_minor: row.total_minor,
            tax_minor: row.tax_minor,
            tenders: row.tenders,
            lines: row.lines,
            operator: row.operator,
        }
    }
}

fn cursor(text: &str) -> Option<(Timestamp, SaleId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(at.parse().ok()?), id.parse().ok()?))
}

/// Sales, newest first.
#[utoipa::path(get, path = "/v1/admin/sales", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(SalesQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<SaleOut>),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_sales(
    admin: Admin,
    Asked(query): Asked<SalesQuery>,
) -> Result<Json<ListOut<SaleOut>>, ApiError> {
    let limit = limit(query.limit)?;
    let before = query.before.as_deref().map(|text| cursor(text).ok_or_else(|| ApiError::malformed("before")));
    let mut tx = admin.tenant.read().await?;
    let mut rows = tx.list_sales(query.business_date, query.venue_id, before.transpose()?, limit + 1).await?;
    let is_more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let last = rows.last().filter(|_| is_more);
    let next = last.map(|row| format!("{}.{}", row.completed_at.as_millis(), row.sale_id));
    Ok(Json(ListOut { items: rows.into_iter().map(Into::into).collect(), next }))
}

/// One sale with everything.
#[utoipa::path(get, path = "/v1/admin/sales/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), responses(
    (status = 200, description = "The sale", body = SaleDetailOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
))]
pub(crate) async fn find_sale(admin: Admin, Named(id): Named<SaleId>) -> Result<Json<SaleDetailOut>, ApiError> {
    let found = admin.tenant.read().await?.find_sale(id).await?.ok_or_else(ApiError::not_found)?;
    let SaleDetail { sale, seq, hash, fact, tickets } = found;
    let SaleRecorded { lines, totals, settlement, .. } = fact;
    Ok(Json(SaleDetailOut {
        sale: sale.into(),
        lines,
        totals,
        payments: settlement.payments.into_iter().map(Into::into).collect(),
        change_minor: settlement.change_minor,
        rounding_minor: settlement.rounding_minor,
        tickets,
        seq,
        hash,
    }))
}

/// What a night came to.
#[utoipa::path(get, path = "/v1/admin/day-totals", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(DayQuery), responses(
    (status = 200, description = "The totals", body = DayTotalsOut),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn day_totals(admin: Admin, Asked(query): Asked<DayQuery>) -> Result<Json<DayTotalsOut>, ApiError> {
    let date = query.business_date;
    let mut tx = admin.tenant.read().await?;
    let (totals, by_tender) = (tx.sum_day(date).await?, tx.sum_tenders(date).await?);
    Ok(Json(DayTotalsOut { business_date: date, totals, by_tender }))
}
