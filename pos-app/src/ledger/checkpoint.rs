//! Where this till and a server's log last agreed. When a server is put back from a backup its log has another name; what
//! both agreed on before is where they start from again, instead of from nothing.

use rusqlite::{Connection, params};
use shared::event::Hash;
use shared::ids::{ChainId, LogId};
use shared::sync::stream::{Cursor, StreamName};

use super::{LedgerError, LedgerTx, column};

/// Kept of each stream and each chain.
const KEPT: i64 = 16;

fn name_of_chain(chain: ChainId) -> String {
    format!("chain/{chain}")
}

/// Where a stream was in the logs it came from, newest first.
pub fn list_of_stream(connection: &Connection, stream: StreamName) -> Result<Vec<Cursor>, LedgerError> {
    list(connection, &stream.to_string())
}

/// How far logs were proved to hold a chain, newest first.
pub fn list_of_chain(connection: &Connection, chain: ChainId) -> Result<Vec<Cursor>, LedgerError> {
    list(connection, &name_of_chain(chain))
}

fn list(connection: &Connection, name: &str) -> Result<Vec<Cursor>, LedgerError> {
    let mut kept = connection
        .prepare_cached("SELECT log_id, seq, hash FROM checkpoint WHERE name = ?1 ORDER BY checkpoint_no DESC")?;
    let rows = kept.query_map([name], |row| {
        let log_id = LogId::from_uuid(column::uuid(row, 0)?);
        Ok(Cursor { log_id, seq: column::count(row, 1)?, hash: column::hash(row, 2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl LedgerTx<'_> {
    /// This till and the log agree on a stream up to here.
    pub fn keep_checkpoint(&self, stream: StreamName, at: Cursor) -> Result<(), LedgerError> {
        self.keep(&stream.to_string(), at)
    }

    /// The log is proved to hold a chain up to here.
    pub fn keep_chain_checkpoint(
        &self,
        chain: ChainId,
        log_id: LogId,
        seq: u64,
        hash: Hash,
    ) -> Result<(), LedgerError> {
        self.keep(&name_of_chain(chain), Cursor { log_id, seq, hash })
    }

    fn keep(&self, name: &str, at: Cursor) -> Result<(), LedgerError> {
        self.connection()
            .prepare_cached("INSERT INTO checkpoint (name, log_id, seq, hash) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![name, at.log_id.as_bytes(), at.seq.cast_signed(), at.hash.as_bytes()])?;
        self.connection()
            .prepare_cached(
                "DELETE FROM checkpoint WHERE name = ?1 AND checkpoint_no <=
                    (SELECT checkpoint_no FROM checkpoint WHERE name = ?1 ORDER BY checkpoint_no DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![name, KEPT])?;
        Ok(())
    }
}
