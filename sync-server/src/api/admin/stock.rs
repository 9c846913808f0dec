//! Stock at venues, and edits made at tills that another overruled.

use std::collections::HashMap;

use axum::Json;
use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, ProductId, VenueId};
use shared::time::Timestamp;

use super::extract::Asked;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::store::StoreError;

/// Which venue; all when absent.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StockQuery {
    #[param(value_type = Option<String>)]
    venue_id: Option<VenueId>,
}

/// A counted product.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StockOut {
    #[schema(value_type = String)]
    venue_id: VenueId,
    #[schema(value_type = String)]
    product_id: ProductId,
    /// Empty when the catalogue never had it.
    sku: String,
    name: String,
    /// The last count and everything since, thousandths; negative when more was sold than was counted.
    on_hand_milli: i64,
    /// What the last count found, thousandths.
    counted_milli: i64,
    /// When, by the clock of the till.
    #[schema(value_type = i64)]
    counted_at: Timestamp,
}

/// All counted products.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StockList {
    items: Vec<StockOut>,
}

/// A value a till wrote without knowing the one that stands.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SupersededOut {
    #[schema(value_type = String)]
    product_id: ProductId,
    /// `name`, `price_minor` or `is_active`.
    field: String,
    #[schema(value_type = String)]
    device_id: DeviceId,
    /// When, by the clock of the till.
    #[schema(value_type = i64)]
    written_at: Timestamp,
    /// What it wrote.
    lost: serde_json::Value,
    /// What stood instead.
    kept: serde_json::Value,
}

/// The newest of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SupersededList {
    items: Vec<SupersededOut>,
}

/// How much there is of everything that was ever counted.
#[utoipa::path(get, path = "/v1/admin/stock", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(StockQuery), responses(
    (status = 200, description = "Every counted product", body = StockList),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_stock(admin: Admin, Asked(query): Asked<StockQuery>) -> Result<Json<StockList>, ApiError> {
    let mut tx = admin.tenant.read().await?;
    let rows = tx.list_stock(query.venue_id).await?;
    let mut names = HashMap::new();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        if let std::collections::hash_map::Entry::Vacant(unknown) = names.entry(row.product_id) {
            let product = tx.find_product(row.product_id).await?;
            unknown.insert(product.map(|product| (product.sku, product.name)).unwrap_or_default());
        }
        let (sku, name) = names.get(&row.product_id).cloned().unwrap_or_default();
        items.push(StockOut {
            venue_id: row.venue_id,
            product_id: row.product_id,
            sku,
            name,
            on_hand_milli: row.on_hand_milli,
            counted_milli: row.counted_milli,
            counted_at: row.counted_at,
        });
    }
    Ok(Json(StockList { items }))
}

/// Values written at tills that did not stand, newest first.
#[utoipa::path(get, path = "/v1/admin/superseded-edits", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), responses(
    (status = 200, description = "The newest of them", body = SupersededList),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_superseded_edits(admin: Admin) -> Result<Json<SupersededList>, ApiError> {
    let rows = admin.tenant.read().await?.list_superseded().await?;
    let json = |text: &str| serde_json::from_str(text).map_err(|_| StoreError::Corrupt("superseded_edit"));
    let items = rows
        .into_iter()
        .map(|row| {
            Ok(SupersededOut {
                product_id: row.product_id,
                lost: json(&row.lost)?,
                kept: json(&row.kept)?,
                field: row.field,
                device_id: row.device_id,
                written_at: row.written_at,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Json(SupersededList { items }))
}
