//! Gives a till what it has not seen. The cursor proves that both speak of the same history; if not, it starts anew.

use shared::event::Hash;
use shared::ids::LogId;
use shared::sync::protocol::{MAX_PULL_ITEMS, PullReply};
use shared::sync::stream::StreamName;
use shared::time::Timestamp;

use crate::store::{DeviceRow, StoreError, Tenant, TenantTx};

/// Answers are cut here, so that one is never held in memory larger than this and a little.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// How far the till says it has come.
#[derive(Clone, Copy, Debug)]
pub struct PullFrom {
    /// In which stream.
    pub stream: StreamName,
    /// Of which log; none before the first pull.
    pub log_id: Option<LogId>,
    /// The last number applied.
    pub seq: u64,
    /// The rolling hash there.
    pub hash: Hash,
    /// How many items at most.
    pub limit: usize,
}

/// Why nothing was given.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// No such stream, or not one for this till.
    #[error("there is no such stream for this device")]
    NoStream,
    /// Of another log, or of another history of this one.
    #[error("the cursor belongs to another history")]
    CursorGone,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The streams a till follows, in the order it asks for them.
pub(super) fn streams_of(device: &DeviceRow) -> [StreamName; 3] {
    [StreamName::Venue(device.venue_id), StreamName::Device(device.device_id), StreamName::Catalog]
}

/// Whether a stream is there for this till.
pub(super) fn may_follow(device: &DeviceRow, stream: StreamName) -> bool {
    streams_of(device).contains(&stream)
}

/// Whether a stream went through here. Of a log this one was restored from, a cursor is good as far as both are the
/// same: its hash tells.
pub(super) async fn stands_in(tx: &mut TenantTx, stream: StreamName, seq: u64, hash: Hash) -> Result<bool, StoreError> {
    Ok(tx.find_stream_hash(stream, seq).await? == Some(hash))
}

/// The items after a cursor.
pub async fn pull(
    tenant: &Tenant,
    device: &DeviceRow,
    from: PullFrom,
    server_time: Timestamp,
) -> Result<PullReply, PullError> {
    if !may_follow(device, from.stream) {
        return Err(PullError::NoStream);
    }
    let mut tx = tenant.read().await?;
    let is_ours = match from.log_id {
        Some(log_id) => log_id == tenant.log_id || tx.list_logs().await?.contains(&log_id),
        None => from.seq == 0,
    };
    let head = tx.load_stream_head(from.stream).await?;
    if !is_ours || !stands_in(&mut tx, from.stream, from.seq, from.hash).await? {
        return Err(PullError::CursorGone);
    }
    let limit = from.limit.clamp(1, MAX_PULL_ITEMS);
    let mut items = tx.list_stream_lines(from.stream, from.seq, limit).await?;
    let mut bytes = 0;
    let fits = items.iter().take_while(|line| {
        bytes += line.len();
        bytes <= MAX_ANSWER_BYTES
    });
    let keep = fits.count().max(1);
    items.truncate(keep);
    Ok(PullReply { log_id: tenant.log_id, server_time, items, head_seq: head.seq })
}
