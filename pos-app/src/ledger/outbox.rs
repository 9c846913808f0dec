//! What the server has of this till's chains, and what is still to be sent.

use rusqlite::{Connection, params};
use shared::event::Hash;
use shared::ids::{ChainId, LogId};
use shared::sync::exchange::Gathered;
use shared::sync::outbox::{ChainState, Limits, Offer, Operation, Proof};
use shared::time::Timestamp;

use super::event::{self, StoredChain};
use super::{LedgerError, LedgerTx, column};

/// A chain that forks again at the same place is offered again after this long, milliseconds: the server took neither.
const FORK_REST_MS: i64 = 60 * 1000;
/// Read at a time, so that a request is never gathered from more than it can carry.
const PAGE: usize = 256;

/// The server as last heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Its log.
    pub log_id: Option<LogId>,
    /// When it last told us something new.
    pub heard_at: Option<Timestamp>,
    /// When it began to speak from another log than before.
    pub log_changed_at: Option<Timestamp>,
    /// Since when it says that this till was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// A chain of which something may be unsent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenChain {
    /// As stored.
    pub stored: StoredChain,
    /// What the server has of it.
    pub state: ChainState,
    /// When the server last answered that it holds other events under the same numbers.
    pub forked_at: Option<Timestamp>,
}

/// The server as last heard.
pub fn load_contact(connection: &Connection) -> Result<Contact, LedgerError> {
    let mut contact =
        connection.prepare_cached("SELECT log_id, heard_at, log_changed_at, revoked_at FROM server_contact")?;
    Ok(contact.query_row([], |row| {
        let log_id = column::uuid_or_null(row, 0)?.map(LogId::from_uuid);
        Ok(Contact {
            log_id,
            heard_at: column::time_or_null(row, 1)?,
            log_changed_at: column::time_or_null(row, 2)?,
            revoked_at: column::time_or_null(row, 3)?,
        })
    })?)
}

/// Chains the server may not have whole, oldest first.
pub fn list_open(connection: &Connection) -> Result<Vec<OpenChain>, LedgerError> {
    let mut chains = connection.prepare_cached(
        // What the log we speak to is proved to have; else what any other was, as the place to ask about first.
        &format!(
            "SELECT {}, o.log_id, o.proved_seq, o.forked_at FROM chain
             LEFT JOIN outbox o ON o.chain_no = chain.chain_no AND o.log_id = coalesce(
                 (SELECT p.log_id FROM outbox p JOIN server_contact s ON p.log_id = s.log_id
                  WHERE p.chain_no = chain.chain_no),
                 (SELECT p.log_id FROM outbox p WHERE p.chain_no = chain.chain_no ORDER BY p.proved_seq DESC LIMIT 1))
             WHERE chain.chain_no > (SELECT settled_chain_no FROM server_contact)
             ORDER BY chain.chain_no",
            event::CHAIN_COLUMNS
        ),
    )?;
    let rows = chains.query_map([], |row| {
        let stored = event::read_chain(row)?;
        let (chain, head) = (stored.head.chain, stored.head);
        let proof = match column::uuid_or_null(row, 8)? {
            Some(log_id) => Some(Proof { log_id: LogId::from_uuid(log_id), seq: column::count(row, 9)? }),
            None => None,
        };
        let state = ChainState { chain, head_seq: head.seq, proof };
        Ok(OpenChain { stored, state, forked_at: column::time_or_null(row, 10)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Events the server is not proved to hold. After a server changed its log, nothing is, until it is proved again.
pub fn count_unsent(connection: &Connection) -> Result<u64, LedgerError> {
    let mut sum = connection.prepare_cached(
        "SELECT coalesce(sum(c.head_seq - coalesce(o.proved_seq, 0)), 0)
         FROM server_contact s
         JOIN chain c ON c.chain_no > s.settled_chain_no
         LEFT JOIN outbox o ON o.chain_no = c.chain_no AND o.log_id = s.log_id",
    )?;
    Ok(sum.query_row([], |row| column::count(row, 0))?)
}

/// Events of chains under whose numbers the server holds other events too, as far as it does not hold ours yet. Once it
/// holds both, a person has to look there, and nobody here.
pub fn count_forked(connection: &Connection) -> Result<u64, LedgerError> {
    let mut sum = connection.prepare_cached(
        "SELECT coalesce(sum(c.head_seq - o.proved_seq), 0)
         FROM outbox o JOIN chain c USING (chain_no) JOIN server_contact s USING (log_id)
         WHERE o.forked_after IS NOT NULL AND o.proved_seq < c.head_seq",
    )?;
    Ok(sum.query_row([], |row| column::count(row, 0))?)
}

/// The server holds other events under this till's numbers, and not all of ours yet.
pub fn has_fork(connection: &Connection) -> Result<bool, LedgerError> {
    Ok(count_forked(connection)? > 0)
}

/// The next events to send, at most what one request carries.
pub fn gather(
    connection: &Connection,
    limits: &Limits,
    skip: &[ChainId],
    now: Timestamp,
) -> Result<Gathered, LedgerError> {
    let log_id = load_contact(connection)?.log_id;
    let mut gathered = Gathered { events: Vec::new(), unsent: count_unsent(connection)? };
    let mut bytes = 0;
    for open in list_open(connection)? {
        let rests = open.forked_at.is_some_and(|at| (0..FORK_REST_MS).contains(&now.millis_since(at)));
        let (mut after, most) = match open.state.offer(log_id) {
            _ if rests || skip.contains(&open.state.chain) => continue,
            Offer::Nothing => continue,
            Offer::From(seq) => (seq - 1, PAGE),
            Offer::Probe(seq) => (seq - 1, 1),
        };
        // What was let go of cannot be offered again; a backup holds it.
        after = after.max(open.stored.pruned_seq);
        while after < open.stored.head.seq {
            let page = event::list_events_after(connection, &open.stored, after, most)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            bytes += page.iter().map(|event| event.line.len()).sum::<usize>();
            gathered.events.extend(page);
            let is_full = gathered.events.len() >= limits.events.saturating_mul(limits.batches)
                || bytes >= limits.bytes.saturating_mul(limits.batches);
            if is_full {
                return Ok(gathered);
            }
        }
    }
    Ok(gathered)
}

/// The hash of one of this till's events.
pub fn find_own_hash(connection: &Connection, chain: ChainId, seq: u64) -> Result<Option<Hash>, LedgerError> {
    let mut hash = connection.prepare_cached(
        "SELECT e.hash FROM chain c JOIN event e ON e.chain_no = c.chain_no WHERE c.chain_id = ?1 AND e.seq = ?2",
    )?;
    let mut rows = hash.query(params![chain.as_bytes(), seq.cast_signed()])?;
    Ok(rows.next()?.map(|row| column::hash(row, 0)).transpose()?)
}

/// Head office speaks to this till again.
pub fn clear_revoked(tx: &LedgerTx<'_>) -> Result<(), LedgerError> {
    tx.connection().prepare_cached("UPDATE server_contact SET revoked_at = NULL")?.execute([])?;
    Ok(())
}

impl LedgerTx<'_> {
    /// Notes which log the server speaks from, and when. With another log than before only what was proved of that one
    /// counts: nothing, for a log not met before.
    pub fn note_contact(&self, log_id: LogId, now: Timestamp) -> Result<(), LedgerError> {
        let set = "UPDATE server_contact SET heard_at = ?2, log_id = ?1,
                   log_changed_at = CASE WHEN log_id <> ?1 THEN ?2 ELSE log_changed_at END,
                   settled_chain_no = CASE WHEN log_id = ?1 THEN settled_chain_no ELSE 0 END";
        self.connection().prepare_cached(set)?.execute(params![log_id.as_bytes(), now.as_millis()])?;
        Ok(())
    }

    /// Head office withdrew this till.
    pub fn note_revoked(&self, now: Timestamp) -> Result<(), LedgerError> {
        let set = "UPDATE server_contact SET revoked_at = coalesce(revoked_at, ?1)";
        self.connection().prepare_cached(set)?.execute([now.as_millis()])?;
        Ok(())
    }

    /// Writes down what an answer proved.
    pub fn record_answer(&self, operations: &[Operation], now: Timestamp) -> Result<(), LedgerError> {
        for operation in operations {
            if let Operation::Prove { chain, log_id, seq } = *operation
                && let Some(hash) = find_own_hash(self.connection(), chain, seq)?
            {
                self.keep_chain_checkpoint(chain, log_id, seq, hash)?;
            }
            match *operation {
                Operation::Prove { chain, log_id, seq } => self
                    .connection()
                    .prepare_cached(
                        "INSERT INTO outbox (chain_no, log_id, proved_seq)
                         SELECT chain_no, ?2, ?3 FROM chain WHERE chain_id = ?1 AND ?3 <= head_seq
                         ON CONFLICT (chain_no, log_id) DO UPDATE SET
                         proved_seq = excluded.proved_seq, forked_at = NULL",
                    )?
                    .execute(params![chain.as_bytes(), log_id.as_bytes(), seq.cast_signed()])?,
                Operation::Fork { chain, log_id, verified_through } => self
                    .connection()
                    .prepare_cached(
                        "INSERT INTO outbox (chain_no, log_id, proved_seq, forked_after, forked_at)
                         SELECT chain_no, ?2, 0, ?3, NULL FROM chain WHERE chain_id = ?1
                         ON CONFLICT (chain_no, log_id) DO UPDATE SET
                         proved_seq = min(proved_seq, excluded.forked_after),
                         forked_at = CASE WHEN forked_after = excluded.forked_after THEN ?4 END,
                         forked_after = excluded.forked_after",
                    )?
                    .execute(params![
                        chain.as_bytes(),
                        log_id.as_bytes(),
                        verified_through.cast_signed(),
                        now.as_millis()
                    ])?,
            };
        }
        self.settle()
    }

    /// Moves the mark over chains that are proved whole. The last chain a run began may still grow, so it stays open;
    /// chains put back after it do not.
    pub(super) fn settle(&self) -> Result<(), LedgerError> {
        let to = "UPDATE server_contact SET settled_chain_no = coalesce(
                      (SELECT min(c.chain_no) - 1 FROM chain c
                       LEFT JOIN outbox o ON o.chain_no = c.chain_no AND o.log_id = server_contact.log_id
                       WHERE c.chain_no > settled_chain_no
                       AND (o.proved_seq IS NULL OR o.proved_seq < c.head_seq
                            OR c.chain_no >= (SELECT max(chain_no) FROM chain WHERE put_back_after IS NOT 0))),
                      settled_chain_no)";
        self.connection().prepare_cached(to)?.execute([])?;
        Ok(())
    }
}
