//! Walks every chain, recomputes every hash, makes every projection anew and compares.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use shared::event::{ChainHead, Event, EventError, Fact, Hash, Origin, ParentChain, Read};

use super::event::{StoredChain, list_chains};
use super::project::{PROJECTIONS, Place, project_read};
use super::recovery::{find_hash_at, find_lost, project_put_back};
use super::{LedgerError, column, enrolment, schema};

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chains walked.
    pub chains: u64,
    /// Events whose hash was recomputed.
    pub events: u64,
    /// Projection tables made anew and compared. None once events were let go of: the rest does not make them.
    pub projections: u64,
    /// What does not hold, in words; the first names the first bad event.
    pub faults: Vec<String>,
}

/// Verifies everything, on one unchanging view of the database. Changes nothing. What was let go of is not there to be
/// verified; the rest is, from the hash it was let go of at.
pub fn verify(connection: &Connection) -> Result<Verified, LedgerError> {
    let view = connection.unchecked_transaction()?;
    let mut scratch = Connection::open_in_memory()?;
    schema::migrate(&mut scratch)?;
    // The scratch database is made in one transaction: it is thrown away at the end.
    let rebuilt = scratch.unchecked_transaction()?;
    let origin = enrolment::load(&view)?.map(|enrolment| enrolment.origin());
    let chains = list_chains(&view)?;
    let is_whole = chains.iter().all(|chain| chain.pruned_seq == 0);
    let mut walk = Walk { view: &view, rebuilt: &rebuilt, origin, is_whole, verified: Verified::default() };
    walk.run(&chains)?;
    let mut verified = walk.verified;
    let strays = "SELECT count(*) FROM event WHERE chain_no NOT IN (SELECT chain_no FROM chain)";
    if view.query_row(strays, [], |row| row.get::<_, i64>(0))? > 0 {
        verified.faults.push("there are events of no chain".into());
    }
    if verified.faults.is_empty() && is_whole {
        for (table, order) in PROJECTIONS {
            compare(&view, &rebuilt, table, order, &mut verified)?;
        }
    }
    Ok(verified)
}

struct Walk<'a> {
    view: &'a Connection,
    rebuilt: &'a Connection,
    origin: Option<Origin>,
    is_whole: bool,
    verified: Verified,
}

/// How far a chain was walked; `None` after its first fault.
struct At<'a> {
    stored: &'a StoredChain,
    head: Option<ChainHead>,
}

impl Walk<'_> {
    /// In the order events were written here: rows follow from them in that order, and a chain that came back came late.
    fn run(&mut self, chains: &[StoredChain]) -> Result<(), LedgerError> {
        let mut walked = BTreeMap::new();
        for stored in chains {
            self.verified.chains += 1;
            self.copy_chain(stored)?;
            let begin = ChainHead { chain: stored.head.chain, seq: stored.pruned_seq, hash: stored.pruned_hash };
            walked.insert(stored.chain_no, At { stored, head: Some(begin) });
        }
        let mut events =
            self.view.prepare_cached("SELECT event_no, chain_no, seq, hash, line FROM event ORDER BY event_no")?;
        let mut rows = events.query([])?;
        while let Some(row) = rows.next()? {
            let place = Place { event_no: row.get(0)?, chain_no: row.get(1)? };
            let (seq, hash) = (column::count(row, 2)?, column::hash(row, 3)?);
            let line = row.get_ref(4)?.as_str().unwrap_or_default();
            self.verified.events += 1;
            let Some(at) = walked.get_mut(&place.chain_no) else { continue };
            let Some(head) = at.head else { continue };
            match self.step(at.stored, &head, place, (seq, hash, line))? {
                Ok(next) => at.head = Some(next),
                Err(fault) => {
                    self.verified.faults.push(format!("chain {}: {fault}", head.chain));
                    at.head = None;
                }
            }
        }
        for At { stored, head } in walked.values() {
            if let Some(head) = head.filter(|head| *head != stored.head) {
                self.verified.faults.push(format!(
                    "chain {}: ends at event {} but its head says {}: the end was cut off",
                    head.chain, head.seq, stored.head.seq
                ));
            }
        }
        Ok(())
    }

    fn step(
        &self,
        stored: &StoredChain,
        at: &ChainHead,
        place: Place,
        (seq, hash, line): (u64, Hash, &str),
    ) -> Result<Result<ChainHead, String>, LedgerError> {
        if seq != at.seq + 1 {
            return Ok(Err(format!("event {} is missing", at.seq + 1)));
        }
        let (next, event) = match self.check(at, hash, line) {
            Ok(read) => read,
            Err(fault) => return Ok(Err(format!("event {seq} {fault}"))),
        };
        if seq == 1 && !self.begins_rightly(stored, &event)? {
            return Ok(Err("does not continue the chain before it".into()));
        }
        if !self.is_whole {
            return Ok(Ok(next));
        }
        let came_back = stored.put_back_after.is_some_and(|after| seq > after);
        let projected = if came_back {
            project_put_back(self.rebuilt, place, &event).map(drop)
        } else {
            project_read(self.rebuilt, place, &event)
        };
        Ok(match projected {
            Ok(()) => Ok(next),
            Err(error) => Err(format!("event {seq} contradicts earlier ones: {error}")),
        })
    }

    fn check(&self, at: &ChainHead, hash: Hash, line: &str) -> Result<(ChainHead, Event), String> {
        let origin = self.origin.ok_or("was written before the till was enrolled")?;
        let sealed = at.accept(&origin, line).map_err(|error: EventError| match error {
            EventError::Header { .. } => "does not follow the one before".to_owned(),
            other => other.to_string(),
        })?;
        if sealed.hash != hash {
            return Err("was changed: its hash is another".into());
        }
        let event = sealed.read().map_err(|error| error.to_string())?;
        Ok((sealed.head(), event))
    }

    /// The first event names the chain it continues as it was then, and that chain is here; or it is known to be lost.
    fn begins_rightly(&self, stored: &StoredChain, event: &Event) -> Result<bool, LedgerError> {
        let Read::Known(Fact::ChainStarted(started)) = &event.fact else { return Ok(false) };
        let Some(ParentChain { chain, seq, hash }) = started.parent else {
            // Nothing before it: only the first chain, or one whose till had lost everything.
            return Ok(stored.before == Hash::ZERO && (stored.chain_no == 1 || stored.put_back_after == Some(0)));
        };
        let held = find_hash_at(self.view, chain, seq)?;
        let is_there = match held {
            Some(held) => held == hash,
            None => find_lost(self.view, chain)?.is_some(),
        };
        Ok(stored.before == hash && is_there)
    }

    fn copy_chain(&self, chain: &StoredChain) -> Result<(), LedgerError> {
        self.rebuilt.execute(
            "INSERT INTO chain (chain_no, chain_id, before_hash, head_seq, head_hash, hlc, first_up_ms, last_up_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
            params![
                chain.chain_no,
                chain.head.chain.as_bytes(),
                chain.before.as_bytes(),
                chain.head.seq.cast_signed(),
                chain.head.hash.as_bytes()
            ],
        )?;
        Ok(())
    }
}
fn compare(
    view: &Connection,
    rebuilt: &Connection,
    table: &str,
    order: &str,
    verified: &mut Verified,
) -> Result<(), LedgerError> {
    verified.projections += 1;
    let sql = format!("SELECT * FROM {table} ORDER BY {order}");
    let (mut stored, mut made) = (view.prepare(&sql)?, rebuilt.prepare(&sql)?);
    let columns = stored.column_count();
    let (mut stored, mut made) = (stored.query([])?, made.query([])?);
    for place in 1_u64.. {
        let (left, right) = (stored.next()?, made.next()?);
        let is_same = match (&left, &right) {
            (None, None) => break,
            (Some(left), Some(right)) => {
                let mut same = true;
                for column in 0..columns {
                    same &= left.get_ref(column)? == right.get_ref(column)?;
                }
                same
            }
            _ => false,
        };
        if !is_same {
            verified.faults.push(format!("table {table}: row {place} is not what the events say"));
            break;
        }
    }
    Ok(())
}
