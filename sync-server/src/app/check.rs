//! Reads a company's books from the first to the last line and proves them: every event hashes to what it says and
//! names the one before it, every stream's hash rolls, every part of a snapshot is the one it is named.

use std::collections::HashMap;

use shared::event::{ChainHead, Hash};
use shared::ids::{ChainId, DeviceId, LogId};
use shared::sync::stream::{Cursor, StreamName};

use super::snapshot;
use crate::store::{StoreError, StreamHead, Tenant, TenantTx};

/// So many rows are looked at at a time.
const AT_ONCE: usize = 500;

/// What is wrong with the books.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// An event is not what it says, or does not follow the one before it.
    #[error("chain {chain}, branch {branch}: event {seq} does not follow or was changed")]
    Event {
        /// Which chain.
        chain: ChainId,
        /// Which of its histories.
        branch: u32,
        /// The first number that is wrong.
        seq: u64,
    },
    /// A chain does not end where it says.
    #[error("chain {chain}, branch {branch} does not end where it says")]
    End {
        /// Which chain.
        chain: ChainId,
        /// Which of its histories.
        branch: u32,
    },
    /// A stream has a hole, or its hash does not roll.
    #[error("stream {stream}: item {seq} does not follow or was changed")]
    Stream {
        /// Which.
        stream: String,
        /// The first number that is wrong.
        seq: u64,
    },
    /// A part of a snapshot is missing, or not the one named.
    #[error("a part of the snapshot of {stream} at {seq} is missing or was changed")]
    Part {
        /// Of which stream.
        stream: String,
        /// Where.
        seq: u64,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A chain that holds.
#[derive(Clone, Copy, Debug)]
pub struct CheckedChain {
    /// Whose.
    pub device_id: DeviceId,
    /// The end of branch 0.
    pub head: ChainHead,
}

/// Books that hold.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Every chain.
    pub chains: Vec<CheckedChain>,
    /// Events, all branches together.
    pub events: u64,
    /// Items of all streams.
    pub items: u64,
}

/// Proves a company's books, as of one moment.
pub async fn check(tenant: &Tenant) -> Result<Checked, CheckError> {
    let mut tx = tenant.read().await?;
    let mut checked = Checked::default();
    let mut after = None;
    loop {
        let chains = tx.list_chains(after, AT_ONCE).await?;
        let Some(last) = chains.last() else { break };
        after = Some(last.head.chain);
        for row in &chains {
            checked.events += check_chain(&mut tx, row.head).await?;
            checked.chains.push(CheckedChain { device_id: row.device_id, head: row.head });
        }
    }
    for (stream, head) in tx.list_streams().await? {
        checked.items += check_stream(&mut tx, tenant.log_id, (stream, head)).await?.items;
    }
    Ok(checked)
}

/// A stream that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedStream {
    /// Which.
    pub stream: StreamName,
    /// How many of its items were cut off since; snapshots hold what they came to.
    pub cut: u64,
    /// The items that were read.
    pub items: u64,
    /// Snapshots of it, each part read.
    pub snapshots: u64,
}

/// Proves one stream, as far back as it is kept, and its snapshots.
pub async fn check_stream(
    tx: &mut TenantTx,
    log_id: LogId,
    (stream, head): (StreamName, StreamHead),
) -> Result<CheckedStream, CheckError> {
    let broken = |seq| CheckError::Stream { stream: stream.to_string(), seq };
    // What was cut off is vouched for by the item that was left.
    let first = tx.find_oldest_item(stream).await?.unwrap_or(1);
    let hash = if first == 1 { Some(Hash::ZERO) } else { tx.find_stream_hash(stream, first).await? };
    let seq = if first == 1 { 0 } else { first };
    let mut cursor = Cursor { seq, hash: hash.ok_or_else(|| broken(first))?, ..Cursor::start(log_id) };
    let mut checked = CheckedStream { stream, cut: first - 1, items: 0, snapshots: 0 };
    while cursor.seq < head.seq {
        let lines = tx.list_stream_lines(stream, cursor.seq, AT_ONCE).await?;
        if lines.is_empty() {
            return Err(broken(cursor.seq + 1));
        }
        for line in &lines {
            let next = cursor.seq + 1;
            cursor.read(line).map_err(|_| broken(next))?;
        }
        checked.items += lines.len() as u64;
    }
    if cursor.hash != head.hash {
        return Err(broken(head.seq));
    }
    for row in tx.list_snapshots(stream).await? {
        for part in &row.parts {
            let body = tx.find_part(stream, part.hash).await?;
            if !body.is_some_and(|body| snapshot::is_part(part.hash, &body)) {
                return Err(CheckError::Part { stream: stream.to_string(), seq: row.seq });
            }
        }
        checked.snapshots += 1;
    }
    Ok(checked)
}

/// Every history of a chain; answers how many events they are.
async fn check_chain(tx: &mut TenantTx, main: ChainHead) -> Result<u64, CheckError> {
    let chain = main.chain;
    let branches = tx.list_branches(chain).await?;
    // Where other histories leave this one: the hash they go on from.
    let mut forks: HashMap<(u32, u64), Hash> =
        branches.iter().map(|branch| ((branch.parent, branch.forked_after), Hash::ZERO)).collect();
    let mut events = 0;
    let others = branches.iter().map(|branch| (branch.branch, Some((branch.parent, branch.forked_after)), branch.head));
    for (branch, left, end) in std::iter::once((0, None, main)).chain(others) {
        let broken = |seq| CheckError::Event { chain, branch, seq };
        let mut seq = left.map_or(0, |(_, after)| after);
        let mut hash = left.and_then(|left| forks.get(&left).copied()).filter(|_| seq > 0);
        while seq < end.seq {
            let page = tx.list_events(chain, branch, (seq, end.seq), AT_ONCE).await?;
            if page.is_empty() {
                return Err(broken(seq + 1));
            }
            for event in &page {
                // A chain's first event names the end of the chain it continues, which may be anyone's.
                let follows = hash.is_none_or(|hash| hash == event.prev);
                if event.seq != seq + 1 || !follows || Hash::of_event(&event.line) != event.hash {
                    return Err(broken(seq + 1));
                }
                (seq, hash) = (event.seq, Some(event.hash));
                if let Some(fork) = forks.get_mut(&(branch, seq)) {
                    *fork = event.hash;
                }
            }
            events += page.len() as u64;
        }
        if end.seq > 0 && hash != Some(end.hash) {
            return Err(CheckError::End { chain, branch });
        }
    }
    Ok(events)
}
