//! Snapshots of streams, their parts, and what may be cut off because they cover it.

use shared::event::Hash;
use shared::sync::protocol::SnapshotPart;
use shared::sync::stream::StreamName;
use shared::time::Timestamp;

use super::sql::query;
use super::{Result, StoreError, TenantTx};

/// A snapshot, without its parts' bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Of which stream.
    pub stream: StreamName,
    /// The last item it covers.
    pub seq: u64,
    /// The stream's rolling hash there.
    pub hash: Hash,
    /// How many records.
    pub items: u64,
    /// In the order of their keys.
    pub parts: Vec<SnapshotPart>,
    /// When it was built.
    pub built_at: Timestamp,
}

impl TenantTx {
    /// The snapshots of a stream, newest first.
    pub async fn list_snapshots(&mut self, stream: StreamName) -> Result<Vec<SnapshotRow>> {
        let rows = query("SELECT seq, hash, items, parts, built_at FROM snapshot WHERE stream = $1 ORDER BY seq DESC")
            .bind(stream.to_string())
            .fetch_all(self.sql())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(SnapshotRow {
                    stream,
                    seq: row.number("seq")?,
                    hash: row.hash("hash")?,
                    items: row.number("items")?,
                    parts: row.json("parts")?,
                    built_at: row.time("built_at")?,
                })
            })
            .collect()
    }

    /// Keeps a snapshot and those of its parts that are new. Another that was built meanwhile says the same.
    pub async fn insert_snapshot(&mut self, snapshot: &SnapshotRow, bodies: &[(Hash, Vec<u8>)]) -> Result<()> {
        for (hash, body) in bodies {
            query("INSERT INTO snapshot_part (stream, hash, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(snapshot.stream.to_string())
                .bind(hash.as_bytes().as_slice())
                .bind(body.as_slice())
                .execute(self.sql())
                .await?;
        }
        let parts = serde_json::to_string(&snapshot.parts).map_err(|_| StoreError::Corrupt("snapshot.parts"))?;
        query(
            "INSERT INTO snapshot (stream, seq, hash, items, parts, built_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING",
        )
        .bind(snapshot.stream.to_string())
        .bind(snapshot.seq.cast_signed())
        .bind(snapshot.hash.as_bytes().as_slice())
        .bind(snapshot.items.cast_signed())
        .bind(parts)
        .bind(snapshot.built_at)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// A part's body, compressed.
    pub async fn find_part(&mut self, stream: StreamName, hash: Hash) -> Result<Option<Vec<u8>>> {
        let row = query("SELECT body FROM snapshot_part WHERE stream = $1 AND hash = $2")
            .bind(stream.to_string())
            .bind(hash.as_bytes().as_slice())
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| row.blob("body").map(<[u8]>::to_vec)).transpose()
    }

    /// The names of all parts of a stream's snapshots.
    pub async fn list_parts(&mut self, stream: StreamName) -> Result<Vec<Hash>> {
        let rows = query("SELECT hash FROM snapshot_part WHERE stream = $1")
            .bind(stream.to_string())
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(|row| row.hash("hash")).collect()
    }

    /// Forgets a snapshot; its parts may be others' too.
    pub async fn delete_snapshot(&mut self, stream: StreamName, seq: u64) -> Result<()> {
        query("DELETE FROM snapshot WHERE stream = $1 AND seq = $2")
            .bind(stream.to_string())
            .bind(seq.cast_signed())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Forgets a part.
    pub async fn delete_part(&mut self, stream: StreamName, hash: Hash) -> Result<()> {
        query("DELETE FROM snapshot_part WHERE stream = $1 AND hash = $2")
            .bind(stream.to_string())
            .bind(hash.as_bytes().as_slice())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Where a stream stood and when, oldest first.
    pub async fn list_marks(&mut self, stream: StreamName) -> Result<Vec<(u64, Timestamp)>> {
        let rows = query("SELECT seq, at FROM stream_mark WHERE stream = $1 ORDER BY seq")
            .bind(stream.to_string())
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(|row| Ok((row.number("seq")?, row.time("at")?))).collect()
    }

    /// Writes down where a stream stands now.
    pub async fn insert_mark(&mut self, stream: StreamName, seq: u64, now: Timestamp) -> Result<()> {
        query("INSERT INTO stream_mark (stream, seq, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(stream.to_string())
            .bind(seq.cast_signed())
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Cuts off a stream's items before a number, and what was noted about them. That item stays, so that a cursor on it
    /// can still be told from one of another history. Answers how many items went.
    pub async fn cut_stream(&mut self, stream: StreamName, first_kept: u64) -> Result<u64> {
        query("DELETE FROM stream_mark WHERE stream = $1 AND seq < $2")
            .bind(stream.to_string())
            .bind(first_kept.cast_signed())
            .execute(self.sql())
            .await?;
        let cut = query("DELETE FROM stream_item WHERE stream = $1 AND seq < $2")
            .bind(stream.to_string())
            .bind(first_kept.cast_signed())
            .execute(self.sql())
            .await?;
        Ok(cut)
    }

    /// Forgets what was refused before a moment. Answers how much.
    pub async fn purge_intake(&mut self, before: Timestamp) -> Result<u64> {
        let purged = query("DELETE FROM intake_raw WHERE received_at < $1").bind(before).execute(self.sql()).await?;
        Ok(purged)
    }
}
