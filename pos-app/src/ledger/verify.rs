//! Walks every chain, recomputes every hash, makes every projection anew and compares.

use rusqlite::{Connection, params};
use shared::event::{ChainHead, Event, EventError, Fact, Hash, Origin, ParentChain, Read};

use super::event::{StoredChain, list_chains};
use super::project::{PROJECTIONS, Place, project};
use super::{LedgerError, column, enrolment, schema};

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chains walked.
    pub chains: u64,
    /// Events whose hash was recomputed.
    pub events: u64,
    /// Projection tables made anew and compared.
    pub projections: u64,
    /// What does not hold, in words; the first names the first bad event.
    pub faults: Vec<String>,
}

/// Verifies everything, on one unchanging view of the database. Changes nothing.
pub fn verify(connection: &Connection) -> Result<Verified, LedgerError> {
    let view = connection.unchecked_transaction()?;
    let mut verified = Verified::default();
    let mut scratch = Connection::open_in_memory()?;
    schema::migrate(&mut scratch)?;
    // The scratch database is made in one transaction: it is thrown away at the end.
    let rebuilt = scratch.unchecked_transaction()?;
    let origin = enrolment::load(&view)?.map(|enrolment| enrolment.origin());
    let chains = list_chains(&view)?;
    let mut parent = None;
    for chain in &chains {
        let walk = Walk { view: &view, rebuilt: &rebuilt, origin, chain };
        parent = Some(walk.run(parent, &mut verified)?);
    }
    let strays = "SELECT count(*) FROM event WHERE chain_no NOT IN (SELECT chain_no FROM chain)";
    if view.query_row(strays, [], |row| row.get::<_, i64>(0))? > 0 {
        verified.faults.push("there are events of no chain".into());
    }
    if verified.faults.is_empty() {
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
    chain: &'a StoredChain,
}

impl Walk<'_> {
    fn run(&self, parent: Option<ParentChain>, verified: &mut Verified) -> Result<ParentChain, LedgerError> {
        let (chain, head) = (self.chain, self.chain.head);
        verified.chains += 1;
        self.copy_chain()?;
        let mut at = ChainHead { chain: head.chain, seq: 0, hash: chain.before };
        if chain.before != parent.map_or(Hash::ZERO, |parent| parent.hash) {
            verified.faults.push(format!("chain {}: does not continue the chain before it", head.chain));
        }
        let mut events =
            self.view.prepare_cached("SELECT event_no, seq, hash, line FROM event WHERE chain_no = ?1 ORDER BY seq")?;
        let mut rows = events.query([chain.chain_no])?;
        while let Some(row) = rows.next()? {
            let (event_no, seq, hash) = (row.get(0)?, column::count(row, 1)?, column::hash(row, 2)?);
            let line = row.get_ref(3)?.as_str().unwrap_or_default();
            verified.events += 1;
            if seq != at.seq + 1 {
                verified.faults.push(format!("chain {}: event {} is missing", head.chain, at.seq + 1));
                break;
            }
            match self.check(&at, hash, line, parent) {
                Ok((next, event)) => {
                    at = next;
                    let place = Place { event_no, chain_no: chain.chain_no };
                    if let Err(error) = project(self.rebuilt, place, &event) {
                        verified
                            .faults
                            .push(format!("chain {}: event {seq} contradicts earlier ones: {error}", head.chain));
                        break;
                    }
                }
                Err(fault) => {
                    verified.faults.push(format!("chain {}: event {seq} {fault}", head.chain));
                    break;
                }
            }
        }
        if verified.faults.is_empty() && at != head {
            verified.faults.push(format!(
                "chain {}: ends at event {} but its head says {}: the end was cut off",
                head.chain, at.seq, head.seq
            ));
        }
        Ok(ParentChain { chain: head.chain, seq: at.seq, hash: at.hash })
    }

    fn check(
        &self,
        at: &ChainHead,
        hash: Hash,
        line: &str,
        parent: Option<ParentChain>,
    ) -> Result<(ChainHead, Event), String> {
        let origin = self.origin.ok_or("was written before the till was enrolled")?;
        let sealed = at.accept(&origin, line).map_err(|error: EventError| match error {
            EventError::Header { .. } => "does not follow the one before".to_owned(),
            other => other.to_string(),
        })?;
        if sealed.hash != hash {
            return Err("was changed: its hash is another".into());
        }
        let event = sealed.read().map_err(|error| error.to_string())?;
        if sealed.seq == 1 {
            match &event.fact {
                Read::Known(Fact::ChainStarted(started)) if started.parent == parent => {}
                _ => return Err("does not begin the chain as it must".into()),
            }
        }
        Ok((sealed.head(), event))
    }

    fn copy_chain(&self) -> Result<(), LedgerError> {
        let chain = self.chain;
        self.rebuilt.execute(
            "INSERT INTO chain VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
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
