//! What devices follow. Numbers are handed out under the stream's one row, in the transaction that has the news, so
//! that no reader ever sees a later item before an earlier one.

use serde::Serialize;
use shared::event::Hash;
use shared::sync::stream::{Op, StreamItem, StreamName};

use super::row::RowExt;
use super::{Result, StoreError, TenantTx};

/// Where a stream ends.
#[derive(Clone, Copy, Debug)]
pub struct StreamHead {
    /// Number of the last item; 0 before the first.
    pub seq: u64,
    /// Rolling hash over all of them.
    pub hash: Hash,
}

impl TenantTx {
    /// Sets a record in a stream.
    pub async fn publish(
        &mut self,
        stream: StreamName,
        key: String,
        value: &impl Serialize,
        cause: Option<Hash>,
    ) -> Result<()> {
        let value = serde_json::value::to_raw_value(value).map_err(|_| StoreError::Corrupt("record"))?;
        let head = self.load_stream_head(stream).await?;
        let seq = head.seq + 1;
        let item = StreamItem { seq, op: Op::Put, key, value, cause };
        let line = serde_json::to_string(&item).map_err(|_| StoreError::Corrupt("record"))?;
        let hash = head.hash.fold_item(&line);
        sqlx::query(
            "INSERT INTO stream_head (stream, seq, hash) VALUES ($1, $2, $3)
             ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        )
        .bind(stream.to_string())
        .bind(seq.cast_signed())
        .bind(hash.as_bytes().as_slice())
        .execute(self.sql())
        .await?;
        sqlx::query("INSERT INTO stream_item (stream, seq, hash, key, line) VALUES ($1, $2, $3, $4, $5)")
            .bind(stream.to_string())
            .bind(seq.cast_signed())
            .bind(hash.as_bytes().as_slice())
            .bind(item.key)
            .bind(line)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Where a stream ends now.
    pub async fn load_stream_head(&mut self, stream: StreamName) -> Result<StreamHead> {
        let row = sqlx::query("SELECT seq, hash FROM stream_head WHERE stream = $1")
            .bind(stream.to_string())
            .fetch_optional(self.sql())
            .await?;
        let Some(row) = row else { return Ok(StreamHead { seq: 0, hash: Hash::ZERO }) };
        Ok(StreamHead { seq: row.number("seq")?, hash: row.hash("hash")? })
    }

    /// The rolling hash up to an item; `None` when the stream has no such item.
    pub async fn find_stream_hash(&mut self, stream: StreamName, seq: u64) -> Result<Option<Hash>> {
        if seq == 0 {
            return Ok(Some(Hash::ZERO));
        }
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        let row = sqlx::query("SELECT hash FROM stream_item WHERE stream = $1 AND seq = $2")
            .bind(stream.to_string())
            .bind(seq)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| row.hash("hash")).transpose()
    }

    /// The lines after a number, in order.
    pub async fn list_stream_lines(&mut self, stream: StreamName, after: u64, limit: usize) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT line FROM stream_item WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(stream.to_string())
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(|row| row.text("line")).collect()
    }
}
