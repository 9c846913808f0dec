//! Chains and their events, as stored.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::event::{ChainHead, Fact, Hash, Read, SealedEvent};
use shared::ids::ChainId;

use super::{LedgerError, column};

/// A chain as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredChain {
    /// Its place among this till's chains, from 1.
    pub chain_no: i64,
    /// Hash before its first event: of the chain it continues, or zero.
    pub before: Hash,
    /// Its end.
    pub head: ChainHead,
    /// Events up to here were let go of; 0 for none.
    pub pruned_seq: u64,
    /// The hash there, or before the first event.
    pub pruned_hash: Hash,
    /// Events after this number were lost here and came back from head office.
    pub put_back_after: Option<u64>,
}

/// A chain's columns as [`read_chain`] takes them.
pub(super) const CHAIN_COLUMNS: &str = "chain.chain_no, before_hash, chain_id, head_seq, head_hash, pruned_seq,
    coalesce(pruned_hash, before_hash), put_back_after";

pub(super) fn read_chain(row: &Row<'_>) -> rusqlite::Result<StoredChain> {
    let chain = ChainId::from_uuid(column::uuid(row, 2)?);
    Ok(StoredChain {
        chain_no: row.get(0)?,
        before: column::hash(row, 1)?,
        head: ChainHead { chain, seq: column::count(row, 3)?, hash: column::hash(row, 4)? },
        pruned_seq: column::count(row, 5)?,
        pruned_hash: column::hash(row, 6)?,
        put_back_after: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
    })
}

/// Every chain of this till, oldest first.
pub fn list_chains(connection: &Connection) -> Result<Vec<StoredChain>, LedgerError> {
    let mut chains = connection.prepare_cached(&format!("SELECT {CHAIN_COLUMNS} FROM chain ORDER BY chain_no"))?;
    let rows = chains.query_map([], read_chain)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The end of the last chain a run of this till wrote; chains that came back from head office are not continued.
pub fn find_last_own(connection: &Connection) -> Result<Option<ChainHead>, LedgerError> {
    let mut last = connection.prepare(
        "SELECT chain_id, head_seq, head_hash FROM chain WHERE put_back_after IS NOT 0 ORDER BY chain_no DESC LIMIT 1",
    )?;
    let head = last.query_row([], |row| {
        let chain = ChainId::from_uuid(column::uuid(row, 0)?);
        Ok(ChainHead { chain, seq: column::count(row, 1)?, hash: column::hash(row, 2)? })
    });
    Ok(head.optional()?)
}

/// One chain.
pub fn find_chain(connection: &Connection, chain: ChainId) -> Result<Option<StoredChain>, LedgerError> {
    let sql = format!("SELECT {CHAIN_COLUMNS} FROM chain WHERE chain_id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([chain.as_bytes()], read_chain).optional()?)
}

/// A chain's events after `seq`, in order, at most `limit`.
pub fn list_events_after(
    connection: &Connection,
    chain: &StoredChain,
    seq: u64,
    limit: usize,
) -> Result<Vec<SealedEvent>, LedgerError> {
    let prev = match seq {
        0 => chain.before,
        seq if seq == chain.pruned_seq => chain.pruned_hash,
        _ => find_hash(connection, chain.chain_no, seq)?.ok_or_else(|| missing(chain, seq))?,
    };
    let mut events = connection
        .prepare_cached("SELECT seq, hash, line FROM event WHERE chain_no = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = events.query(params![chain.chain_no, seq.cast_signed(), limit])?;
    let (mut listed, mut prev) = (Vec::new(), prev);
    while let Some(row) = rows.next()? {
        let (seq, hash) = (column::count(row, 0)?, column::hash(row, 1)?);
        listed.push(SealedEvent { chain: chain.head.chain, seq, prev, hash, line: row.get(2)? });
        prev = hash;
    }
    Ok(listed)
}

/// The hash of one event.
pub fn find_hash(connection: &Connection, chain_no: i64, seq: u64) -> Result<Option<Hash>, LedgerError> {
    let mut hash = connection.prepare_cached("SELECT hash FROM event WHERE chain_no = ?1 AND seq = ?2")?;
    Ok(hash.query_row(params![chain_no, seq.cast_signed()], |row| column::hash(row, 0)).optional()?)
}

/// The line of one event, by its place in the ledger.
pub fn load_line(connection: &Connection, event_no: i64) -> Result<String, LedgerError> {
    let mut line = connection.prepare_cached("SELECT line FROM event WHERE event_no = ?1")?;
    Ok(line.query_row([event_no], |row| row.get(0))?)
}

/// Calls `each` with every line, oldest chain first, until it says no.
pub fn for_each_line<E>(
    connection: &Connection,
    mut each: impl FnMut(&str) -> Result<(), E>,
) -> Result<Result<(), E>, LedgerError> {
    let mut lines = connection.prepare("SELECT line FROM event ORDER BY chain_no, seq")?;
    let mut rows = lines.query([])?;
    while let Some(row) = rows.next()? {
        let line = row.get_ref(0)?.as_str().map_err(|error| LedgerError::Corrupt(error.to_string()))?;
        if let Err(stop) = each(line) {
            return Ok(Err(stop));
        }
    }
    Ok(Ok(()))
}

fn missing(chain: &StoredChain, seq: u64) -> LedgerError {
    LedgerError::Corrupt(format!("chain {}: event {seq} is missing", chain.head.chain))
}

/// The fact of one event, if this program understands it.
pub fn load_fact(connection: &Connection, event_no: i64) -> Result<Option<Fact>, LedgerError> {
    let sql = "SELECT chain_id, seq, hash, line FROM event JOIN chain USING (chain_no) WHERE event_no = ?1";
    let sealed = connection.prepare_cached(sql)?.query_row([event_no], |row| {
        let chain = ChainId::from_uuid(column::uuid(row, 0)?);
        Ok(SealedEvent {
            chain,
            seq: column::count(row, 1)?,
            prev: Hash::ZERO,
            hash: column::hash(row, 2)?,
            line: row.get(3)?,
        })
    })?;
    let event = sealed.read().map_err(|error| LedgerError::Corrupt(error.to_string()))?;
    Ok(match event.fact {
        Read::Known(fact) => Some(fact),
        Read::Unknown { .. } => None,
    })
}
