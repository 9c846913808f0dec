//! What head office decides: venues, registers, categories, products, staff. Storing one publishes it.

use shared::catalog::{Category, Product};
use shared::ids::{CategoryId, ProductId, RegisterId, StaffId, VenueId};
use shared::merge::Marks;
use shared::staff::StaffMember;
use shared::sync::stream::{StreamItem, StreamName, keys};
use shared::tax::RateBp;
use shared::time::Timestamp;
use shared::venue::{Register, Venue};

use super::row::{Row, by_constraint};
use super::sql::{query, upsert};
use super::{Result, StoreError, TenantTx};

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Only what comes after this id.
    pub after: Option<uuid::Uuid>,
    /// At most so many.
    pub limit: u16,
}

/// A part of a list.
pub struct Paged<T> {
    /// The part.
    pub items: Vec<T>,
    /// The id to go on after, if there is more.
    pub next: Option<uuid::Uuid>,
}

impl Page {
    /// Everything at once: for small lists, and for tests.
    pub const ALL: Self = Self { after: None, limit: u16::MAX };

    /// Every id is greater than nil.
    fn after(&self) -> uuid::Uuid {
        self.after.unwrap_or_default()
    }

    /// One more than asked for tells whether there is more.
    fn probe(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    fn cut<T>(&self, rows: &[Row], read: fn(&Row) -> Result<T>, id: &'static str) -> Result<Paged<T>> {
        let limit = usize::from(self.limit);
        let items = rows.iter().take(limit).map(read).collect::<Result<Vec<_>>>()?;
        let last = rows.get(..limit).and_then(<[_]>::last).filter(|_| rows.len() > limit);
        let next = last.map(|row| row.uuid(id)).transpose()?;
        Ok(Paged { items, next })
    }
}

impl TenantTx {
    /// Stores and publishes a venue.
    pub async fn put_venue(&mut self, venue: &Venue, now: Timestamp) -> Result<()> {
        let record = serde_json::to_string(venue).map_err(|_| StoreError::Corrupt("venue"))?;
        query(upsert!(
            "INSERT INTO venue (venue_id, record, created_at) VALUES ($1, $2, $3)",
            "venue_id",
            "record = excluded.record"
        ))
        .bind(venue.venue_id)
        .bind(record)
        .bind(now.as_millis())
        .execute(self.sql())
        .await?;
        self.publish(StreamName::Catalog, format!("{}{}", keys::VENUE, venue.venue_id), venue, None).await
    }

    /// A venue.
    pub async fn find_venue(&mut self, id: VenueId) -> Result<Option<Venue>> {
        let row = query("SELECT record FROM venue WHERE venue_id = $1").bind(id).fetch_optional(self.sql()).await?;
        row.map(|row| venue_row(&row)).transpose()
    }

    /// Venues, oldest first.
    pub async fn list_venues(&mut self, page: Page) -> Result<Paged<Venue>> {
        let rows = query("SELECT * FROM venue WHERE venue_id > $1 ORDER BY venue_id LIMIT $2")
            .bind(page.after())
            .bind(page.probe())
            .fetch_all(self.sql())
            .await?;
        page.cut(&rows, venue_row, "venue_id")
    }

    /// Stores and publishes a register.
    ///
    /// Errors: [`StoreError::Taken`] for a code in use, [`StoreError::Dangling`] for no such venue.
    pub async fn put_register(&mut self, register: &Register, now: Timestamp) -> Result<()> {
        query(upsert!(
            "INSERT INTO register (register_id, venue_id, code, name, created_at) VALUES ($1, $2, $3, $4, $5)",
            "register_id",
            "code = excluded.code, name = excluded.name"
        ))
        .bind(register.register_id)
        .bind(register.venue_id)
        .bind(register.code.clone())
        .bind(register.name.clone())
        .bind(now.as_millis())
        .execute(self.sql())
        .await
        .map_err(by_constraint)?;
        self.publish(StreamName::Catalog, format!("{}{}", keys::REGISTER, register.register_id), register, None).await
    }

    /// A register.
    pub async fn find_register(&mut self, id: RegisterId) -> Result<Option<Register>> {
        let row = query("SELECT * FROM register WHERE register_id = $1").bind(id).fetch_optional(self.sql()).await?;
        row.map(|row| register_row(&row)).transpose()
    }

    /// Registers, oldest first.
    pub async fn list_registers(&mut self, page: Page) -> Result<Paged<Register>> {
        let rows = query("SELECT * FROM register WHERE register_id > $1 ORDER BY register_id LIMIT $2")
            .bind(page.after())
            .bind(page.probe())
            .fetch_all(self.sql())
            .await?;
        page.cut(&rows, register_row, "register_id")
    }

    /// Stores and publishes a category.
    pub async fn put_category(&mut self, category: &Category, now: Timestamp) -> Result<()> {
        query(upsert!(
            "INSERT INTO category (category_id, name, tint, position, is_active, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            "category_id",
            "name = excluded.name, tint = excluded.tint, position = excluded.position,
               is_active = excluded.is_active"
        ))
        .bind(category.category_id)
        .bind(category.name.clone())
        .bind(i64::from(category.tint))
        .bind(i64::from(category.position))
        .bind(category.is_active)
        .bind(now.as_millis())
        .execute(self.sql())
        .await?;
        self.publish(StreamName::Catalog, format!("{}{}", keys::CATEGORY, category.category_id), category, None).await
    }

    /// A category.
    pub async fn find_category(&mut self, id: CategoryId) -> Result<Option<Category>> {
        let row = query("SELECT * FROM category WHERE category_id = $1").bind(id).fetch_optional(self.sql()).await?;
        row.map(|row| category_row(&row)).transpose()
    }

    /// Categories, oldest first.
    pub async fn list_categories(&mut self, page: Page) -> Result<Paged<Category>> {
        let rows = query("SELECT * FROM category WHERE category_id > $1 ORDER BY category_id LIMIT $2")
            .bind(page.after())
            .bind(page.probe())
            .fetch_all(self.sql())
            .await?;
        page.cut(&rows, category_row, "category_id")
    }

    /// The number a new product gets.
    pub async fn next_product_number(&mut self) -> Result<u16> {
        let row = query("SELECT coalesce(max(number), 0) + 1 AS next FROM product").fetch_one(self.sql()).await?;
        u16::try_from(row.int("next")?).map_err(|_| StoreError::Taken("product.number".to_owned()))
    }

    /// Stores and publishes a product and its barcodes.
    ///
    /// Errors: [`StoreError::Taken`] for a SKU, number or barcode in use, [`StoreError::Dangling`] for no such category.
    pub async fn put_product(&mut self, product: &Product, now: Timestamp) -> Result<()> {
        let barcodes = serde_json::to_string(&product.barcodes).map_err(|_| StoreError::Corrupt("product"))?;
        let tags = serde_json::to_string(&product.tags).map_err(|_| StoreError::Corrupt("product"))?;
        let marks = (!product.marks.is_fresh()).then(|| serde_json::to_string(&product.marks)).transpose();
        let marks = marks.map_err(|_| StoreError::Corrupt("product"))?;
        query(upsert!(
            "INSERT INTO product (product_id, number, sku, name, category_id, price_minor, tax_rate_bp, barcodes,
               is_ticketed, position, is_active, created_at, tags, marks)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            "product_id",
            "sku = excluded.sku, name = excluded.name, category_id = excluded.category_id,
               price_minor = excluded.price_minor, tax_rate_bp = excluded.tax_rate_bp, barcodes = excluded.barcodes,
               is_ticketed = excluded.is_ticketed, position = excluded.position, is_active = excluded.is_active,
               tags = excluded.tags, marks = excluded.marks"
        ))
        .bind(product.product_id)
        .bind(i64::from(product.number))
        .bind(product.sku.clone())
        .bind(product.name.clone())
        .bind(product.category_id)
        .bind(product.price_minor)
        .bind(i64::from(product.tax_rate_bp.0))
        .bind(barcodes)
        .bind(product.is_ticketed)
        .bind(i64::from(product.position))
        .bind(product.is_active)
        .bind(now.as_millis())
        .bind(tags)
        .bind(marks)
        .execute(self.sql())
        .await
        .map_err(by_constraint)?;
        query("DELETE FROM barcode WHERE product_id = $1").bind(product.product_id).execute(self.sql()).await?;
        for gtin in &product.barcodes {
            query("INSERT INTO barcode (gtin, product_id) VALUES ($1, $2)")
                .bind(gtin.clone())
                .bind(product.product_id)
                .execute(self.sql())
                .await
                .map_err(by_constraint)?;
        }
        self.publish(StreamName::Catalog, format!("{}{}", keys::PRODUCT, product.product_id), product, None).await
    }

    /// A product.
    pub async fn find_product(&mut self, id: ProductId) -> Result<Option<Product>> {
        let row = query("SELECT * FROM product WHERE product_id = $1").bind(id).fetch_optional(self.sql()).await?;
        row.map(|row| product_row(&row)).transpose()
    }

    /// Products, oldest first.
    pub async fn list_products(&mut self, page: Page) -> Result<Paged<Product>> {
        let rows = query("SELECT * FROM product WHERE product_id > $1 ORDER BY product_id LIMIT $2")
            .bind(page.after())
            .bind(page.probe())
            .fetch_all(self.sql())
            .await?;
        page.cut(&rows, product_row, "product_id")
    }

    /// Stores and publishes a person.
    pub async fn put_staff(&mut self, member: &StaffMember, now: Timestamp) -> Result<()> {
        let roles = serde_json::to_string(&member.roles).map_err(|_| StoreError::Corrupt("staff"))?;
        query(upsert!(
            "INSERT INTO staff (staff_id, name, roles, pin_verifier, is_active, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            "staff_id",
            "name = excluded.name, roles = excluded.roles, pin_verifier = excluded.pin_verifier,
               is_active = excluded.is_active"
        ))
        .bind(member.staff_id)
        .bind(member.name.clone())
        .bind(roles)
        .bind(member.pin_verifier.clone())
        .bind(member.is_active)
        .bind(now.as_millis())
        .execute(self.sql())
        .await?;
        self.publish(StreamName::Catalog, format!("{}{}", keys::STAFF, member.staff_id), member, None).await
    }

    /// A person as tills that had followed the catalogue so far knew them; nothing when that is no longer kept.
    pub async fn find_published_staff(&mut self, id: StaffId, seen: u64) -> Result<Option<StaffMember>> {
        let row = query(
            "SELECT line FROM stream_item
             WHERE stream = 'T:cat' AND key = $1 AND substr(key, 1, 6) = 'staff/' AND seq <= $2
             ORDER BY seq DESC LIMIT 1",
        )
        .bind(format!("{}{id}", keys::STAFF))
        .bind(seen.min(i64::MAX.unsigned_abs()).cast_signed())
        .fetch_optional(self.sql())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let item: StreamItem = row.json("line")?;
        serde_json::from_str(item.value.get()).map(Some).map_err(|_| StoreError::Corrupt("staff"))
    }

    /// A person.
    pub async fn find_staff(&mut self, id: StaffId) -> Result<Option<StaffMember>> {
        let row = query("SELECT * FROM staff WHERE staff_id = $1").bind(id).fetch_optional(self.sql()).await?;
        row.map(|row| staff_row(&row)).transpose()
    }

    /// People, oldest first.
    pub async fn list_staff(&mut self, page: Page) -> Result<Paged<StaffMember>> {
        let rows = query("SELECT * FROM staff WHERE staff_id > $1 ORDER BY staff_id LIMIT $2")
            .bind(page.after())
            .bind(page.probe())
            .fetch_all(self.sql())
            .await?;
        page.cut(&rows, staff_row, "staff_id")
    }
}

fn venue_row(row: &Row) -> Result<Venue> {
    row.json("record")
}

fn register_row(row: &Row) -> Result<Register> {
    Ok(Register {
        register_id: row.id("register_id")?,
        venue_id: row.id("venue_id")?,
        code: row.text("code")?,
        name: row.text("name")?,
    })
}

fn category_row(row: &Row) -> Result<Category> {
    Ok(Category {
        category_id: row.id("category_id")?,
        name: row.text("name")?,
        tint: row.number("tint")?,
        position: row.number("position")?,
        is_active: row.flag("is_active")?,
    })
}

fn product_row(row: &Row) -> Result<Product> {
    Ok(Product {
        product_id: row.id("product_id")?,
        number: row.number("number")?,
        sku: row.text("sku")?,
        name: row.text("name")?,
        category_id: row.id("category_id")?,
        price_minor: row.int("price_minor")?,
        tax_rate_bp: RateBp(row.number("tax_rate_bp")?),
        barcodes: row.json("barcodes")?,
        is_ticketed: row.flag("is_ticketed")?,
        position: row.number("position")?,
        is_active: row.flag("is_active")?,
        tags: row.json("tags")?,
        marks: match row.maybe_text("marks")? {
            Some(marks) => serde_json::from_str(&marks).map_err(|_| StoreError::Corrupt("product"))?,
            None => Marks::default(),
        },
    })
}

pub(super) fn staff_row(row: &Row) -> Result<StaffMember> {
    Ok(StaffMember {
        staff_id: row.id("staff_id")?,
        name: row.text("name")?,
        roles: row.json("roles")?,
        pin_verifier: row.text("pin_verifier")?,
        is_active: row.flag("is_active")?,
    })
}
