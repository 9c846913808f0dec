//! A stream's whole state at one number, for a till that is new or cannot go on from where it was. Built from one read
//! transaction, on the snapshot before it; kept; signed when it is given out, in the name of the log that is now.

mod parts;

use std::collections::HashSet;

use shared::event::Hash;
use shared::sync::protocol::{MAX_PULL_ITEMS, SnapshotManifest};
use shared::sync::stream::{Cursor, StreamError, StreamName};
use shared::time::Timestamp;

use crate::store::{DeviceRow, SnapshotRow, StoreError, StreamHead, Tenant};
pub use parts::PartsError;
use parts::{Changes, put_together};

/// A snapshot that is younger is good enough, if what came after it is one answer to a pull.
const YOUNG_MS: i64 = 60 * 1000;
/// A stream that moved so far since its snapshot gets a new one without being asked.
const LONG_TAIL: u64 = MAX_PULL_ITEMS as u64;
/// Every stream that tills ask snapshots of gets a new one as often as this, if it moved.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// A stream's place is noted once a day.
const DAY_MS: i64 = 24 * HOUR_MS;
/// Streams keep at least so long a tail.
const TAIL_MS: i64 = 30 * DAY_MS;
/// And at least so many snapshots.
const KEEP_SNAPSHOTS: usize = 2;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No such stream or part, or not one for this till.
    #[error("there is no such stream or part for this device")]
    NotFound,
    /// The stream in the database is not dense, or its hash does not roll.
    #[error("the stream is damaged")]
    Stream(#[from] StreamError),
    /// Its records cannot be put together.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The streams a till follows.
pub fn own_streams(device: &DeviceRow) -> [StreamName; 3] {
    [StreamName::Catalog, StreamName::Venue(device.venue_id), StreamName::Device(device.device_id)]
}

/// One builder at a time: a crowd of new tills makes one snapshot, in the memory of one.
#[derive(Default)]
pub struct Builder(tokio::sync::Mutex<()>);

impl Builder {
    /// The manifest for a till. Builds a snapshot when there is none, or the stream moved far or long ago since.
    pub async fn manifest(
        &self,
        tenant: &Tenant,
        device: &DeviceRow,
        stream: StreamName,
        now: Timestamp,
    ) -> Result<SnapshotManifest, SnapshotError> {
        if !own_streams(device).contains(&stream) {
            return Err(SnapshotError::NotFound);
        }
        let is_good = |newest: &SnapshotRow, head: &StreamHead| {
            let tail = head.seq.saturating_sub(newest.seq);
            tail == 0 || (tail < LONG_TAIL && now.millis_since(newest.built_at) < YOUNG_MS)
        };
        let snapshot = self.fresh(tenant, stream, now, is_good).await?;
        let SnapshotRow { seq, hash, items, parts, .. } = snapshot;
        let cursor = Cursor { log_id: tenant.log_id, seq, hash };
        Ok(SnapshotManifest::sign(stream, cursor, items, parts, &tenant.signing_key))
    }

    /// The newest snapshot if it is good enough, or a new one.
    async fn fresh(
        &self,
        tenant: &Tenant,
        stream: StreamName,
        now: Timestamp,
        is_good: impl Fn(&SnapshotRow, &StreamHead) -> bool,
    ) -> Result<SnapshotRow, SnapshotError> {
        if let Some(newest) = find_good(tenant, stream, &is_good).await? {
            return Ok(newest);
        }
        let _one = self.0.lock().await;
        // Another may have built it while this one waited.
        match find_good(tenant, stream, &is_good).await? {
            Some(newest) => Ok(newest),
            None => build(tenant, stream, now).await,
        }
    }

    /// The hourly round of one company: new snapshots where they are due, old ones forgotten, streams cut where
    /// snapshots cover them.
    pub async fn keep_up(&self, tenant: &Tenant, now: Timestamp) -> Result<Kept, SnapshotError> {
        let mut kept = Kept::default();
        let streams = tenant.read().await?.list_streams().await?;
        for (stream, head) in streams {
            let mut tx = tenant.read().await?;
            let newest = tx.list_snapshots(stream).await?.into_iter().next();
            drop(tx);
            let tail = head.seq - newest.as_ref().map_or(0, |newest| newest.seq).min(head.seq);
            let is_old = newest.is_some_and(|newest| now.millis_since(newest.built_at) >= HOUR_MS);
            if tail >= LONG_TAIL || (is_old && tail > 0) {
                self.fresh(tenant, stream, now, |newest, head| newest.seq == head.seq).await?;
                kept.built += 1;
            }
            kept.cut += cut(tenant, (stream, head), now).await?;
        }
        Ok(kept)
    }
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Snapshots built.
    pub built: u64,
    /// Items cut off.
    pub cut: u64,
}

/// A part's body as it is sent: zstd. The parts of other tills' streams are not found.
pub async fn find_part(tenant: &Tenant, device: &DeviceRow, hash: Hash) -> Result<Vec<u8>, SnapshotError> {
    let mut tx = tenant.read().await?;
    for stream in own_streams(device) {
        if let Some(body) = tx.find_part(stream, hash).await? {
            return Ok(body);
        }
    }
    Err(SnapshotError::NotFound)
}

/// Whether a body is the part it is named for.
pub fn is_part(hash: Hash, body: &[u8]) -> bool {
    parts::unpack(hash, body).is_ok()
}

async fn find_good(
    tenant: &Tenant,
    stream: StreamName,
    is_good: impl Fn(&SnapshotRow, &StreamHead) -> bool,
) -> Result<Option<SnapshotRow>, StoreError> {
    let mut tx = tenant.read().await?;
    let head = tx.load_stream_head(stream).await?;
    let newest = tx.list_snapshots(stream).await?.into_iter().next();
    Ok(newest.filter(|newest| is_good(newest, &head)))
}

async fn build(tenant: &Tenant, stream: StreamName, now: Timestamp) -> Result<SnapshotRow, SnapshotError> {
    // One read transaction: one moment, however long it takes.
    let mut tx = tenant.read().await?;
    let head = tx.load_stream_head(stream).await?;
    let before = tx.list_snapshots(stream).await?.into_iter().next();
    let mut base = Vec::new();
    for part in before.iter().flat_map(|before| &before.parts) {
        let body = tx.find_part(stream, part.hash).await?.ok_or(PartsError::Damaged)?;
        base.push((part.hash, body));
    }
    let start = Cursor::start(tenant.log_id);
    let mut cursor = before.map_or(start, |before| Cursor { seq: before.seq, hash: before.hash, ..start });
    let mut changes = Changes::default();
    while cursor.seq < head.seq {
        let lines = tx.list_stream_lines(stream, cursor.seq, MAX_PULL_ITEMS).await?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            changes.add(cursor.read(line)?);
        }
    }
    drop(tx);
    if (cursor.seq, cursor.hash) != (head.seq, head.hash) {
        return Err(StoreError::Corrupt("stream_item").into());
    }
    // Sorting and compressing megabytes would hold up the threads that answer others.
    let built = tokio::task::spawn_blocking(move || put_together(&base, changes)).await;
    let built = built.map_err(|_| PartsError::Damaged)??;
    let (items, parts) = (built.items, built.parts);
    let snapshot = SnapshotRow { stream, seq: head.seq, hash: head.hash, items, parts, built_at: now };
    let mut tx = tenant.write().await?;
    tx.insert_snapshot(&snapshot, &built.bodies).await?;
    tx.commit().await?;
    Ok(snapshot)
}

/// Forgets snapshots beyond the newest, and items that are old and covered.
async fn cut(tenant: &Tenant, (stream, head): (StreamName, StreamHead), now: Timestamp) -> Result<u64, StoreError> {
    let mut tx = tenant.write().await?;
    let marks = tx.list_marks(stream).await?;
    let is_due = marks.last().is_none_or(|(_, at)| now.millis_since(*at) >= DAY_MS);
    if is_due && head.seq > 0 {
        tx.insert_mark(stream, head.seq, now).await?;
    }
    let snapshots = tx.list_snapshots(stream).await?;
    // A till may be half-way through one of the last hour.
    let is_over = |row: &SnapshotRow| now.millis_since(row.built_at) >= HOUR_MS;
    let (kept, over): (Vec<_>, Vec<_>) =
        snapshots.iter().enumerate().partition(|(place, row)| *place < KEEP_SNAPSHOTS || !is_over(row));
    if !over.is_empty() {
        for (_, row) in over {
            tx.delete_snapshot(stream, row.seq).await?;
        }
        let used: HashSet<Hash> = kept.iter().flat_map(|(_, row)| &row.parts).map(|part| part.hash).collect();
        for hash in tx.list_parts(stream).await? {
            if !used.contains(&hash) {
                tx.delete_part(stream, hash).await?;
            }
        }
    }
    let old = marks.iter().rev().find(|(_, at)| now.millis_since(*at) >= TAIL_MS).map(|(seq, _)| *seq);
    let covered = snapshots.get(KEEP_SNAPSHOTS - 1).map(|row| row.seq);
    let cut = match old.zip(covered) {
        Some((old, covered)) => tx.cut_stream(stream, old.min(covered)).await?,
        None => 0,
    };
    tx.commit().await?;
    Ok(cut)
}
