//! Products and categories. A change is published to the tills, and written down, in the transaction that makes it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::catalog::barcode::Gtin;
use shared::catalog::{Category, Product};
use shared::ids::{CategoryId, ProductId};
use shared::merge::Marks;
use shared::tax::RateBp;

use super::extract::{Asked, Body, ListOut, Named, PageQuery, text, unacceptable};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::store::AdminRole;

/// No single thing sold costs more, in any currency's minor unit.
const MAX_PRICE_MINOR: i64 = 1_000_000_000;
const MAX_BARCODES: usize = 20;
const MAX_TAGS: usize = 1_000;

/// What is listed and sold.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProductOut {
    #[schema(value_type = String)]
    product_id: ProductId,
    /// Short number; what a QR ticket carries.
    number: u16,
    sku: String,
    name: String,
    #[schema(value_type = String)]
    category_id: CategoryId,
    /// With tax, minor units.
    price_minor: i64,
    /// The tax inside, basis points.
    tax_rate_bp: u32,
    /// Fourteen digits each.
    barcodes: Vec<String>,
    is_ticketed: bool,
    position: u16,
    is_active: bool,
    /// Put on and taken off at tills.
    tags: Vec<String>,
}

/// A product as it should be.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductIn {
    /// May be repeated from what was read; must then be the one in the path.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>)]
    product_id: Option<ProductId>,
    /// May be repeated from what was read; cannot be chosen or changed.
    #[serde(skip_serializing)]
    number: Option<u16>,
    /// May be repeated from what was read; put on and taken off at tills, and not changed here.
    #[serde(default, skip_serializing)]
    tags: Vec<String>,
    /// Our own code, unique.
    sku: String,
    name: String,
    #[schema(value_type = String)]
    category_id: CategoryId,
    /// With tax, minor units; not negative.
    price_minor: i64,
    /// The tax inside, basis points: 1900 is 19 %.
    tax_rate_bp: u32,
    /// EAN-8, UPC-A, EAN-13 or GTIN-14, with a right check digit.
    #[serde(default)]
    barcodes: Vec<String>,
    /// Sold as a ticket a bar redeems.
    #[serde(default)]
    is_ticketed: bool,
    #[serde(default)]
    position: u16,
    #[serde(default = "yes")]
    is_active: bool,
}

/// A group of products.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CategoryOut {
    #[schema(value_type = String)]
    category_id: CategoryId,
    name: String,
    /// Which of the eight tints.
    tint: u8,
    position: u16,
    is_active: bool,
}

/// A category as it should be.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryIn {
    /// May be repeated from what was read; must then be the one in the path.
    #[serde(skip_serializing)]
    #[schema(value_type = Option<String>)]
    category_id: Option<CategoryId>,
    name: String,
    /// 1 to 8.
    tint: u8,
    #[serde(default)]
    position: u16,
    #[serde(default = "yes")]
    is_active: bool,
}

const fn yes() -> bool {
    true
}

impl From<Product> for ProductOut {
    fn from(product: Product) -> Self {
        let Product { product_id, number, sku, name, category_id, price_minor, tax_rate_bp, .. } = product;
        let Product { barcodes, is_ticketed, position, is_active, tags, .. } = product;
        let tax_rate_bp = tax_rate_bp.0;
        Self {
            product_id,
            number,
            sku,
            name,
            category_id,
            price_minor,
            tax_rate_bp,
            barcodes,
            is_ticketed,
            position,
            is_active,
            tags,
        }
    }
}

impl From<Category> for CategoryOut {
    fn from(category: Category) -> Self {
        let Category { category_id, name, tint, position, is_active } = category;
        Self { category_id, name, tint, position, is_active }
    }
}

impl ProductIn {
    fn check(&self, product_id: ProductId, number: u16) -> Result<Product, ApiError> {
        if self.product_id.is_some_and(|id| id != product_id) || self.number.is_some_and(|no| no != number) {
            return Err(unacceptable("product_id and number cannot be chosen or changed"));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(unacceptable(format!("a product has at most {MAX_TAGS} tags")));
        }
        if !(0..=MAX_PRICE_MINOR).contains(&self.price_minor) {
            return Err(unacceptable(format!("price_minor is 0 to {MAX_PRICE_MINOR}")));
        }
        if self.tax_rate_bp > 10_000 {
            return Err(unacceptable("tax_rate_bp is 0 to 10000"));
        }
        if self.barcodes.len() > MAX_BARCODES {
            return Err(unacceptable(format!("a product has at most {MAX_BARCODES} barcodes")));
        }
        let mut barcodes = Vec::with_capacity(self.barcodes.len());
        for code in &self.barcodes {
            let gtin: Gtin = code.parse().map_err(|error| unacceptable(format!("barcode {code:?}: {error}")))?;
            barcodes.push(gtin.to_string());
        }
        barcodes.sort_unstable();
        barcodes.dedup();
        Ok(Product {
            product_id,
            number,
            sku: text("sku", &self.sku, 40)?,
            name: text("name", &self.name, 80)?,
            category_id: self.category_id,
            price_minor: self.price_minor,
            tax_rate_bp: RateBp(self.tax_rate_bp),
            barcodes,
            is_ticketed: self.is_ticketed,
            position: self.position,
            is_active: self.is_active,
            tags: Vec::new(),
            marks: Marks::default(),
        })
    }
}

impl CategoryIn {
    fn check(&self, category_id: CategoryId) -> Result<Category, ApiError> {
        if self.category_id.is_some_and(|id| id != category_id) {
            return Err(unacceptable("category_id cannot be chosen or changed"));
        }
        if !(1..=8).contains(&self.tint) {
            return Err(unacceptable("tint is 1 to 8"));
        }
        let (name, tint, position, is_active) =
            (text("name", &self.name, 40)?, self.tint, self.position, self.is_active);
        Ok(Category { category_id, name, tint, position, is_active })
    }
}

/// Products, oldest first.
#[utoipa::path(get, path = "/v1/admin/products", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(PageQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<ProductOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_products(
    admin: Admin,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListOut<ProductOut>>, ApiError> {
    let products = admin.tenant.read().await?.list_products(query.page()?).await?;
    Ok(Json(ListOut::of(products)))
}

/// Adds a product, with the next short number.
#[utoipa::path(post, path = "/v1/admin/products", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = ProductIn, responses(
    (status = 201, description = "Added, and published to the tills", body = ProductOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 409, description = "`conflict`: SKU or barcode in use", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_product(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<ProductIn>,
) -> Result<(StatusCode, Json<ProductOut>), ApiError> {
    admin.require(AdminRole::Manager)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let number = tx.next_product_number().await?;
    let product = body.check(ProductId::new(now, &*app.outside.entropy), number)?;
    tx.put_product(&product, now).await?;
    tx.insert_audit(now, &admin.session.name, "product.added", product.product_id.to_string(), &body).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(product.into())))
}

/// Changes a product. Its number stays.
#[utoipa::path(put, path = "/v1/admin/products/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = ProductIn, responses(
    (status = 200, description = "Changed, and published to the tills", body = ProductOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 409, description = "`conflict`: SKU or barcode in use", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_product(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<ProductId>,
    Body(body): Body<ProductIn>,
) -> Result<Json<ProductOut>, ApiError> {
    admin.require(AdminRole::Manager)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let before = tx.find_product(id).await?.ok_or_else(ApiError::not_found)?;
    let mut product = body.check(id, before.number)?;
    product.mark_changes(&before);
    tx.put_product(&product, now).await?;
    tx.insert_audit(now, &admin.session.name, "product.changed", id.to_string(), &(&before, &body)).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(product.into()))
}

/// Categories, oldest first.
#[utoipa::path(get, path = "/v1/admin/categories", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(PageQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<CategoryOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_categories(
    admin: Admin,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListOut<CategoryOut>>, ApiError> {
    let categories = admin.tenant.read().await?.list_categories(query.page()?).await?;
    Ok(Json(ListOut::of(categories)))
}

/// Adds a category.
#[utoipa::path(post, path = "/v1/admin/categories", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = CategoryIn, responses(
    (status = 201, description = "Added, and published to the tills", body = CategoryOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_category(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<CategoryIn>,
) -> Result<(StatusCode, Json<CategoryOut>), ApiError> {
    admin.require(AdminRole::Manager)?;
    let now = app.outside.now();
    let category = body.check(CategoryId::new(now, &*app.outside.entropy))?;
    let mut tx = admin.tenant.write().await?;
    tx.put_category(&category, now).await?;
    tx.insert_audit(now, &admin.session.name, "category.added", category.category_id.to_string(), &body).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(category.into())))
}

/// Changes a category.
#[utoipa::path(put, path = "/v1/admin/categories/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = CategoryIn, responses(
    (status = 200, description = "Changed, and published to the tills", body = CategoryOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_category(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<CategoryId>,
    Body(body): Body<CategoryIn>,
) -> Result<Json<CategoryOut>, ApiError> {
    admin.require(AdminRole::Manager)?;
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    let before = tx.find_category(id).await?.ok_or_else(ApiError::not_found)?;
    let category = body.check(id)?;
    tx.put_category(&category, now).await?;
    tx.insert_audit(now, &admin.session.name, "category.changed", id.to_string(), &(&before, &body)).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(category.into()))
}
