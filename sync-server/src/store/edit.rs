//! Values edited at tills that did not stand.

use shared::ids::{ChainId, DeviceId, ProductId};
use shared::time::Timestamp;

use super::row::Row;
use super::sql::query;
use super::{Result, TenantTx};

/// A value that lost, and the one that stands.
pub struct SupersededRow {
    /// Of which product.
    pub product_id: ProductId,
    /// Of which field.
    pub field: String,
    /// The run that wrote it.
    pub chain: ChainId,
    /// Its event's number there.
    pub seq: u64,
    /// The machine.
    pub device_id: DeviceId,
    /// When, by the machine's clock.
    pub written_at: Timestamp,
    /// What it wrote, JSON.
    pub lost: String,
    /// What stood instead at that moment, JSON.
    pub kept: String,
}

/// Most of them shown.
const MOST: i64 = 200;

fn superseded_row(row: &Row) -> Result<SupersededRow> {
    Ok(SupersededRow {
        product_id: row.id("product_id")?,
        field: row.text("field")?,
        chain: row.id("chain")?,
        seq: row.number("seq")?,
        device_id: row.id("device_id")?,
        written_at: row.time("written_at")?,
        lost: row.text("lost")?,
        kept: row.text("kept")?,
    })
}

impl TenantTx {
    /// Keeps a value that lost; false when it is kept already.
    pub async fn insert_superseded(&mut self, row: &SupersededRow) -> Result<bool> {
        let inserted = query(
            "INSERT INTO superseded_edit (product_id, field, chain, seq, device_id, written_at, lost, kept)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(row.product_id)
        .bind(row.field.as_str())
        .bind(row.chain)
        .bind(row.seq.cast_signed())
        .bind(row.device_id)
        .bind(row.written_at)
        .bind(row.lost.as_str())
        .bind(row.kept.as_str())
        .execute(self.sql())
        .await?;
        Ok(inserted > 0)
    }

    /// Every value that lost, after one of them.
    pub async fn list_superseded_after(&mut self, after: i64, limit: i64) -> Result<Vec<SupersededRow>> {
        let rows = query("SELECT * FROM superseded_edit ORDER BY product_id, field, chain, seq LIMIT $2 OFFSET $1")
            .bind(after)
            .bind(limit)
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(superseded_row).collect()
    }

    /// Whether a value of this event lost.
    pub async fn has_superseded(&mut self, chain: ChainId, seq: u64) -> Result<bool> {
        let row = query("SELECT count(*) AS n FROM superseded_edit WHERE chain = $1 AND seq = $2")
            .bind(chain)
            .bind(seq.cast_signed())
            .fetch_one(self.sql())
            .await?;
        Ok(row.int("n")? > 0)
    }

    /// Values that lost, newest first.
    pub async fn list_superseded(&mut self) -> Result<Vec<SupersededRow>> {
        let rows = query("SELECT * FROM superseded_edit ORDER BY written_at DESC, product_id, field LIMIT $1")
            .bind(MOST)
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(superseded_row).collect()
    }
}
