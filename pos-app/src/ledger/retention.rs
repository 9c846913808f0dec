//! What a till may let go of. Its own events, and only those that the server is proved to hold, that a backup which was
//! restored and checked covers, and that are older than any question a counter is asked. The database itself refuses
//! everything else: see `migrations/till/0008_recovery.sql`.

use rusqlite::{Connection, OptionalExtension, params};
use shared::event::{Hash, SealedEvent};
use shared::ids::{ChainId, LogId};
use shared::sync::stream::DurableRecord;
use shared::time::Timestamp;

use super::event::StoredChain;
use super::{LedgerError, LedgerTx, column, event, outbox};

/// Events younger than this stay, whatever is backed up: 35 days.
pub const KEEP_MS: i64 = 35 * 24 * 60 * 60 * 1000;
/// Events let go of in one transaction: so few that a sale waiting for the ledger does not notice.
const AT_ONCE: u64 = 200;

/// Takes in how far a checked backup of the server covers a chain; only where its hash is ours.
pub(super) fn put_durable(connection: &Connection, chain: ChainId, record: &DurableRecord) -> Result<(), LedgerError> {
    let Some(log_id) = outbox::load_contact(connection)?.log_id else { return Ok(()) };
    if outbox::find_own_hash(connection, chain, record.seq)? != Some(record.hash) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO durable (chain_no, log_id, seq, hash)
             SELECT chain_no, ?2, ?3, ?4 FROM chain WHERE chain_id = ?1
             ON CONFLICT (chain_no, log_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash
             WHERE excluded.seq > seq",
        )?
        .execute(params![chain.as_bytes(), log_id.as_bytes(), record.seq.cast_signed(), record.hash.as_bytes()])?;
    Ok(())
}

/// The oldest chain of which something may go, and how far at most.
fn find_safe(connection: &Connection) -> Result<Option<(StoredChain, LogId, u64)>, LedgerError> {
    let sql = format!(
        "SELECT {}, d.log_id, min(d.seq, o.proved_seq) FROM chain
         JOIN server_contact s JOIN durable d ON d.chain_no = chain.chain_no AND d.log_id = s.log_id
         JOIN outbox o ON o.chain_no = chain.chain_no AND o.log_id = s.log_id
         WHERE min(d.seq, o.proved_seq) > chain.pruned_seq ORDER BY chain.chain_no LIMIT 1",
        event::CHAIN_COLUMNS
    );
    let mut safe = connection.prepare_cached(&sql)?;
    let found = safe.query_row([], |row| {
        Ok((event::read_chain(row)?, LogId::from_uuid(column::uuid(row, 8)?), column::count(row, 9)?))
    });
    Ok(found.optional()?)
}

impl LedgerTx<'_> {
    /// Lets go of some of what is safe elsewhere and old, oldest first; how many events. 0 when there is nothing more to.
    pub fn prune(&self, now: Timestamp) -> Result<u64, LedgerError> {
        let Some((chain, log_id, most)) = find_safe(self.connection())? else { return Ok(0) };
        let last = most.min(chain.pruned_seq + AT_ONCE);
        let Some((through, hash)) = self.old_until(&chain, last, now)? else { return Ok(0) };
        let to = self.connection();
        let (chain_no, through_seq) = (chain.chain_no, through.cast_signed());
        to.execute(
            "INSERT INTO pruning (pruned_at, chain_no, through_seq, hash, log_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![now.as_millis(), chain_no, through_seq, hash.as_bytes(), log_id.as_bytes()],
        )?;
        to.execute(
            "UPDATE chain SET pruned_seq = ?2, pruned_hash = ?3 WHERE chain_no = ?1",
            params![chain_no, through_seq, hash.as_bytes()],
        )?;
        // Numbers once given out stay given out, also when the sale they stand on is gone from here.
        to.execute_batch(
            "UPDATE number_floor SET
                receipt_no = max(receipt_no, coalesce((SELECT max(receipt_no) FROM sale), 0)),
                ticket_serial = max(ticket_serial, coalesce((SELECT max(serial) FROM ticket), 0))",
        )?;
        for table in ["sale_line", "payment", "ticket", "sale"] {
            to.execute(
                &format!(
                    "DELETE FROM {table} WHERE sale_no IN (SELECT sale_no FROM sale JOIN event USING (event_no)
                     WHERE chain_no = ?1 AND seq <= ?2)"
                ),
                params![chain_no, through_seq],
            )?;
        }
        let gone = to.execute("DELETE FROM event WHERE chain_no = ?1 AND seq <= ?2", params![chain_no, through_seq])?;
        Ok(u64::try_from(gone).unwrap_or(u64::MAX))
    }

    /// How far a chain is old by its own clock, up to `last`: everything before an event is older than it.
    fn old_until(&self, chain: &StoredChain, last: u64, now: Timestamp) -> Result<Option<(u64, Hash)>, LedgerError> {
        let limit = usize::try_from(last - chain.pruned_seq).unwrap_or(usize::MAX);
        let events = event::list_events_after(self.connection(), chain, chain.pruned_seq, limit)?;
        let is_old =
            |event: &&SealedEvent| event.read().is_ok_and(|read| now.millis_since(read.stamp.hlc.at()) > KEEP_MS);
        Ok(events.iter().take_while(is_old).last().map(|event| (event.seq, event.hash)))
    }
}
