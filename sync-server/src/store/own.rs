//! A device's chains, and its own events given back to it.

use shared::event::{ChainHead, Hash, SealedEvent};
use shared::ids::{ChainId, DeviceId};
use shared::sync::ingest::BranchHead;
use shared::sync::stream::{DurableRecord, StreamName, keys};
use shared::time::Timestamp;

use super::sql::{Sql, query};
use super::{ChainRow, Result, StoreError, TenantTx};

/// A chain as its device may hear of it.
#[derive(Clone, Copy, Debug)]
pub struct OwnChain {
    /// The end of branch 0.
    pub head: ChainHead,
    /// Branches beside it.
    pub branches: u32,
    /// When it was first heard of.
    pub started_at: Timestamp,
}

impl TenantTx {
    /// A device's newest chains, newest first.
    pub async fn list_own_chains(&mut self, device: DeviceId, limit: u16) -> Result<Vec<OwnChain>> {
        let rows = query(
            "SELECT chain, head_seq, head_hash, started_at,
               (SELECT count(*) FROM branch WHERE branch.chain = chain.chain) AS branches
             FROM chain WHERE device_id = $1 ORDER BY started_at DESC, chain DESC LIMIT $2",
        )
        .bind(device)
        .bind(i64::from(limit))
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let chain = row.id("chain")?;
                Ok(OwnChain {
                    head: ChainHead { chain, seq: row.number("head_seq")?, hash: row.hash("head_hash")? },
                    branches: row.number("branches")?,
                    started_at: row.time("started_at")?,
                })
            })
            .collect()
    }

    /// Every chain, some at a time.
    pub async fn list_chains(&mut self, after: Option<ChainId>, limit: usize) -> Result<Vec<ChainRow>> {
        let after = after.unwrap_or(ChainId::from_uuid(uuid::Uuid::nil()));
        let rows = query(
            "SELECT chain, device_id, venue_id, head_seq, head_hash FROM chain
             WHERE chain > $1 ORDER BY chain LIMIT $2",
        )
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let chain = row.id("chain")?;
                Ok(ChainRow {
                    device_id: row.id("device_id")?,
                    venue_id: row.id("venue_id")?,
                    head: ChainHead { chain, seq: row.number("head_seq")?, hash: row.hash("head_hash")? },
                })
            })
            .collect()
    }

    /// Writes down how far a chain is in a backup that holds, and tells its device. Nothing when that was known, or
    /// the chain here does not hold that event.
    pub async fn note_durable(&mut self, device: DeviceId, end: ChainHead, now: Timestamp) -> Result<bool> {
        const NOTE: Sql = super::sql::upsert!(
            "INSERT INTO durable (chain, device_id, seq, hash, at) VALUES ($1, $2, $3, $4, $5)",
            "chain",
            "seq = excluded.seq, hash = excluded.hash, at = excluded.at WHERE durable.seq < excluded.seq"
        );
        let ChainHead { chain, seq, hash } = end;
        let Some(here) = self.find_chain(chain).await?.filter(|_| seq > 0) else { return Ok(false) };
        if self.load_main_hash(&here.head, seq).await? != (seq, hash) {
            return Ok(false);
        }
        let noted = query(NOTE)
            .bind(chain)
            .bind(device)
            .bind(seq.cast_signed())
            .bind(hash)
            .bind(now)
            .execute(self.sql())
            .await?;
        if noted == 0 {
            return Ok(false);
        }
        let record = DurableRecord { seq, hash };
        self.publish(StreamName::Device(device), format!("{}{chain}", keys::DURABLE), &record, None).await?;
        Ok(true)
    }

    /// The histories of a chain beside branch 0.
    pub async fn list_branches(&mut self, chain: ChainId) -> Result<Vec<BranchHead>> {
        let rows = query(
            "SELECT branch, parent, forked_after, head_seq, head_hash FROM branch WHERE chain = $1 ORDER BY branch",
        )
        .bind(chain)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(BranchHead {
                    branch: row.number("branch")?,
                    parent: row.number("parent")?,
                    forked_after: row.number("forked_after")?,
                    head: ChainHead { chain, seq: row.number("head_seq")?, hash: row.hash("head_hash")? },
                })
            })
            .collect()
    }

    /// The events of one branch after a number and up to another, in order.
    pub async fn list_events(
        &mut self,
        chain: ChainId,
        branch: u32,
        (after, until): (u64, u64),
        limit: usize,
    ) -> Result<Vec<SealedEvent>> {
        let rows = query(
            "SELECT seq, hash, line FROM event
             WHERE chain = $1 AND branch = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5",
        )
        .bind(chain)
        .bind(i64::from(branch))
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::try_from(until).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let line = row.line("line")?;
                let prev = prev_of(&line).ok_or(StoreError::Corrupt("event.line"))?;
                Ok(SealedEvent { chain, seq: row.number("seq")?, prev, hash: row.hash("hash")?, line })
            })
            .collect()
    }
}

/// The hash a line names as the one before it. Only ids and numbers stand before it, so the first is the one.
fn prev_of(line: &str) -> Option<Hash> {
    let (_, after) = line.split_once("\"prev\":\"")?;
    after.get(..64)?.parse().ok()
}
