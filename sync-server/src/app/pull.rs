//! Gives a till what it has not seen. The cursor proves that both speak of the same history; if not, it starts anew.

use shared::event::Hash;
use shared::ids::LogId;
use shared::sync::protocol::{MAX_PULL_ITEMS, PullReply};
use shared::sync::stream::StreamName;
use shared::time::Timestamp;

use crate::store::{DeviceRow, StoreError, Tenant};

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

/// The items after a cursor.
pub async fn pull(
    tenant: &Tenant,
    device: &DeviceRow,
    from: PullFrom,
    server_time: Timestamp,
) -> Result<PullReply, PullError> {
    match from.stream {
        StreamName::Catalog => {}
        StreamName::Venue(venue) if venue == device.venue_id => {}
        StreamName::Device(of) if of == device.device_id => {}
        StreamName::Venue(_) | StreamName::Device(_) => return Err(PullError::NoStream),
    }
    let mut tx = tenant.read().await?;
    // Of a log this one was restored from, a cursor is good as far as both are the same: its hash will tell.
    let is_ours = match from.log_id {
        Some(log_id) => log_id == tenant.log_id || tx.list_logs().await?.contains(&log_id),
        None => from.seq == 0,
    };
    if !is_ours {
        return Err(PullError::CursorGone);
    }
    let head = tx.load_stream_head(from.stream).await?;
    if tx.find_stream_hash(from.stream, from.seq).await? != Some(from.hash) {
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
