//! Chains, their branches, and the events in them, byte for byte as sent.

use shared::event::{ChainHead, Hash, SealedEvent};
use shared::ids::{ChainId, DeviceId, VenueId};
use shared::sync::protocol::Disposition;
use shared::time::Timestamp;

use super::rows::Rows;
use super::sql::{Bind, Kind, Line, query};
use super::{Result, TenantTx};

/// A chain.
#[derive(Clone, Copy, Debug)]
pub struct ChainRow {
    /// Whose.
    pub device_id: DeviceId,
    /// Where its device stood when it began.
    pub venue_id: VenueId,
    /// The end of branch 0.
    pub head: ChainHead,
}

/// Where an event stands: branch 0 came first, others are forks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which branch.
    pub branch: u32,
    /// Its number.
    pub seq: u64,
}

/// An event as it is to be kept.
pub struct StoredEvent<'a> {
    /// Its bytes and hash.
    pub event: &'a SealedEvent,
    /// Its type; empty when the envelope cannot be read.
    pub kind: &'a str,
    /// The device's clock.
    pub hlc: u64,
    /// What the projections made of it.
    pub disposition: Disposition,
}

/// A refused request's bytes.
pub struct Intake<'a> {
    /// Who sent it.
    pub device_id: DeviceId,
    /// Why it was refused.
    pub reason: &'static str,
    /// As sent, compressed if it was.
    pub body: &'a [u8],
}

pub(super) const fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Applied => "applied",
        Disposition::Flagged => "flagged",
        Disposition::Quarantined => "quarantined",
    }
}

impl TenantTx {
    /// A chain, if it was ever heard of.
    pub async fn find_chain(&mut self, chain: ChainId) -> Result<Option<ChainRow>> {
        let row = query("SELECT device_id, venue_id, head_seq, head_hash FROM chain WHERE chain = $1")
            .bind(chain)
            .fetch_optional(self.sql())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ChainRow {
            device_id: row.id("device_id")?,
            venue_id: row.id("venue_id")?,
            head: ChainHead { chain, seq: row.number("head_seq")?, hash: row.hash("head_hash")? },
        }))
    }

    /// Begins a chain that holds nothing yet.
    pub async fn insert_chain(
        &mut self,
        chain: ChainId,
        (device_id, venue_id): (DeviceId, VenueId),
        start: Hash,
        now: Timestamp,
    ) -> Result<()> {
        query(
            "INSERT INTO chain (chain, device_id, venue_id, head_seq, head_hash, started_at)
             VALUES ($1, $2, $3, 0, $4, $5)",
        )
        .bind(chain)
        .bind(device_id)
        .bind(venue_id)
        .bind(start.as_bytes().as_slice())
        .bind(now.as_millis())
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// The last event of branch 0 no later than `seq`: its number and hash.
    pub async fn load_main_hash(&mut self, head: &ChainHead, seq: u64) -> Result<(u64, Hash)> {
        if head.seq <= seq {
            return Ok((head.seq, head.hash));
        }
        let row = query("SELECT hash FROM event WHERE chain = $1 AND seq = $2 AND branch = 0")
            .bind(head.chain)
            .bind(seq.cast_signed())
            .fetch_optional(self.sql())
            .await?;
        let hash = row.map(|row| row.hash("hash")).transpose()?;
        Ok(hash.map_or((0, Hash::ZERO), |hash| (seq, hash)))
    }

    /// Begins a branch after an event.
    pub async fn insert_branch(&mut self, chain: ChainId, branch: u32, after: Place, hash: Hash) -> Result<()> {
        query(
            "INSERT INTO branch (chain, branch, parent, forked_after, head_seq, head_hash)
             VALUES ($1, $2, $3, $4, $4, $5)",
        )
        .bind(chain)
        .bind(i64::from(branch))
        .bind(i64::from(after.branch))
        .bind(after.seq.cast_signed())
        .bind(hash.as_bytes().as_slice())
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Moves the end of a branch.
    pub async fn move_head(&mut self, branch: u32, head: &ChainHead) -> Result<()> {
        let sql = if branch == 0 {
            "UPDATE chain SET head_seq = $2, head_hash = $3 WHERE chain = $1 AND $4 = 0"
        } else {
            "UPDATE branch SET head_seq = $2, head_hash = $3 WHERE chain = $1 AND branch = $4"
        };
        query(sql)
            .bind(head.chain)
            .bind(head.seq.cast_signed())
            .bind(head.hash.as_bytes().as_slice())
            .bind(i64::from(branch))
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Keeps events of one branch, many rows to a statement.
    pub async fn insert_events(
        &mut self,
        (chain, branch): (ChainId, u32),
        events: &[StoredEvent<'_>],
        now: Timestamp,
    ) -> Result<()> {
        use Kind::{Bytes, Int, Line as Whole, Text, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO event (chain, branch, received_at, seq, hash, type, hlc, disposition, line)",
            &[Uuid, Int, Int, Int, Bytes, Text, Int, Text, Whole],
            "",
        )
        .all([chain.value(), i64::from(branch).value(), now.value()]);
        rows.reserve(events.len());
        for stored in events {
            rows.push([
                stored.event.seq.cast_signed().value(),
                (&stored.event.hash).value(),
                stored.kind.value(),
                stored.hlc.cast_signed().value(),
                disposition(stored.disposition).value(),
                Line(&stored.event.line).value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// The flags of a run of events, in order.
    pub async fn list_flags_of(
        &mut self,
        chain: ChainId,
        branch: u32,
        (first, last): (u64, u64),
    ) -> Result<Vec<(u64, Disposition, String)>> {
        let rows = query(
            "SELECT flag.seq, flag.code, event.disposition FROM flag
             JOIN event ON event.chain = flag.chain AND event.branch = flag.branch AND event.seq = flag.seq
             WHERE flag.chain = $1 AND flag.branch = $2 AND flag.seq BETWEEN $3 AND $4 ORDER BY flag.flag_id",
        )
        .bind(chain)
        .bind(i64::from(branch))
        .bind(first.cast_signed())
        .bind(last.cast_signed())
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let is_quarantined = row.text("disposition")? == disposition(Disposition::Quarantined);
                let judged = if is_quarantined { Disposition::Quarantined } else { Disposition::Flagged };
                Ok((row.number("seq")?, judged, row.text("code")?))
            })
            .collect()
    }

    /// Writes down which chain a chain continues. Answers whether another already continues it: a copied disk.
    pub async fn set_chain_parent(
        &mut self,
        chain: ChainId,
        parent: Option<(ChainId, u64)>,
        app_version: &str,
    ) -> Result<bool> {
        let (parent_chain, parent_seq) = parent.unzip();
        let parent_seq = parent_seq.map(u64::cast_signed);
        let row =
            query("SELECT count(*) AS others FROM chain WHERE parent_chain = $1 AND parent_seq = $2 AND chain <> $3")
                .bind(parent_chain)
                .bind(parent_seq)
                .bind(chain)
                .fetch_one(self.sql())
                .await?;
        query("UPDATE chain SET parent_chain = $2, parent_seq = $3, app_version = $4 WHERE chain = $1")
            .bind(chain)
            .bind(parent_chain)
            .bind(parent_seq)
            .bind(app_version.to_owned())
            .execute(self.sql())
            .await?;
        Ok(row.int("others")? > 0)
    }

    /// Keeps the bytes of a request that was signed well and refused all the same. `quota` bounds what one device may
    /// leave here, so that a broken one cannot fill the disk.
    pub async fn keep_intake(&mut self, intake: &Intake<'_>, now: Timestamp, quota: i64) -> Result<()> {
        query(
            "INSERT INTO intake_raw (body_hash, device_id, received_at, reason, body)
             SELECT $1, $2, $3, $4, $5
             WHERE (SELECT coalesce(sum(length(body)), 0) FROM intake_raw WHERE device_id = $2) + length($5) <= $6
             ON CONFLICT DO NOTHING",
        )
        .bind(blake3::hash(intake.body).as_bytes().as_slice())
        .bind(intake.device_id)
        .bind(now.as_millis())
        .bind(intake.reason)
        .bind(intake.body)
        .bind(quota)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// How many refused requests are kept.
    pub async fn count_intake(&mut self) -> Result<u64> {
        query("SELECT count(*) AS n FROM intake_raw").fetch_one(self.sql()).await?.number("n")
    }

    /// How many events a chain holds, all branches together.
    pub async fn count_events(&mut self, chain: ChainId) -> Result<u64> {
        query("SELECT count(*) AS n FROM event WHERE chain = $1").bind(chain).fetch_one(self.sql()).await?.number("n")
    }
}
