//! Stock at the venue: head office's number, and what this till did that is not in it yet.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::event::{Fact, StockCounted};
use shared::ids::{ChainId, DeviceId, ProductId};
use shared::merge::{Actor, Author, Counted, Marker, Moved, Part, StockRecord, Version, moves_of};
use shared::time::Hlc;

use super::project::Place;
use super::{LedgerError, column};

/// What is known of a product's stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownStock {
    /// How much, thousandths; none while nobody ever counted.
    pub on_hand_milli: Option<i64>,
    /// The round of counts head office has told of.
    pub round: u64,
    /// What is in the number, run by run.
    pub seen: Moved,
}

pub(super) fn add_moves(connection: &Connection, place: Place, fact: &Fact) -> Result<(), LedgerError> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO stock_part VALUES (?1, ?2, ?3, ?4) ON CONFLICT (product_id, chain_no) DO UPDATE SET
         received_milli = received_milli + excluded.received_milli, taken_milli = taken_milli + excluded.taken_milli",
    )?;
    for moved in moves_of(fact) {
        upsert.execute(params![
            moved.product_id.as_bytes(),
            place.chain_no,
            moved.received_milli.cast_signed(),
            moved.taken_milli.cast_signed(),
        ])?;
    }
    Ok(())
}

pub(super) fn put_count(
    connection: &Connection,
    place: Place,
    marker: Marker,
    fact: &StockCounted,
) -> Result<(), LedgerError> {
    let version = Version::at_till(fact.seen_round, marker);
    if find_count(connection, fact.product_id)?.is_some_and(|(_, known, _)| known > version) {
        return Ok(());
    }
    connection.prepare_cached("INSERT OR REPLACE INTO stock_count VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            fact.product_id.as_bytes(),
            version.round.cast_signed(),
            marker.hlc.bits().cast_signed(),
            place.chain_no,
            marker.seq.cast_signed(),
            fact.counted_milli,
            column::to_json(&fact.seen),
        ],
    )?;
    Ok(())
}

/// Takes in head office's number. A repeat is harmless.
pub fn put_heard_stock(connection: &Connection, record: &StockRecord) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO heard_stock VALUES (?1, ?2)")?
        .execute(params![record.product_id.as_bytes(), column::to_json(record)])?;
    Ok(())
}

/// Forgets head office's number.
pub fn delete_heard_stock(connection: &Connection, product_id: ProductId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM heard_stock WHERE product_id = ?1")?.execute([product_id.as_bytes()])?;
    Ok(())
}

/// What is known of a product's stock, as the next event of `run` would know it.
pub fn load_stock(connection: &Connection, run: Actor, product_id: ProductId) -> Result<KnownStock, LedgerError> {
    let heard = find_heard(connection, product_id)?;
    let count = find_count(connection, product_id)?;
    let named = match &heard {
        Some(record) => newest_named(connection, run.device, &record.covers)?,
        None => None,
    };
    let own = list_own(connection, run.device, product_id, named.unwrap_or(0))?;
    let on_hand_milli = match (&heard, &count) {
        (Some(record), Some((_, version, _))) if record.version >= *version => Some(record.with_own(&parts(&own))),
        (Some(record), None) => Some(record.with_own(&parts(&own))),
        (heard, Some((chain_no, _, counted))) => {
            // The count named its own run, and with it every run of this till before.
            let since = list_own(connection, run.device, product_id, *chain_no)?;
            Some(counted.with(&parts(&since), heard.as_ref()))
        }
        (None, None) => None,
    };
    let mut seen = heard.as_ref().map(|record| record.covers.clone()).unwrap_or_default();
    let here = Part { by: run, received_milli: 0, taken_milli: 0 };
    for part in parts(&own).iter().chain([&here]) {
        seen.tell(part).map_err(past_counting)?;
    }
    let on_hand_milli = on_hand_milli.transpose().map_err(past_counting)?;
    Ok(KnownStock { on_hand_milli, round: heard.map_or(0, |record| record.version.round), seen })
}

fn past_counting(error: shared::merge::StockError) -> LedgerError {
    LedgerError::Corrupt(error.to_string())
}

fn parts(own: &[(i64, Part)]) -> Vec<Part> {
    own.iter().map(|(_, part)| *part).collect()
}

fn find_heard(connection: &Connection, product_id: ProductId) -> Result<Option<StockRecord>, LedgerError> {
    let mut heard = connection.prepare_cached("SELECT body FROM heard_stock WHERE product_id = ?1")?;
    Ok(heard.query_row([product_id.as_bytes()], |row| column::json(row, 0)).optional()?)
}

/// The last count made here: in which run, how late, and what.
fn find_count(connection: &Connection, product_id: ProductId) -> Result<Option<(i64, Version, Counted)>, LedgerError> {
    let mut count = connection.prepare_cached(
        "SELECT chain_no, round, stock_count.hlc, chain_id, seq, counted_milli, seen
         FROM stock_count JOIN chain USING (chain_no) WHERE product_id = ?1",
    )?;
    let read = |row: &Row<'_>| {
        let chain = ChainId::from_uuid(column::uuid(row, 3)?);
        let marker = Marker { hlc: Hlc::from_bits(column::count(row, 2)?), chain, seq: column::count(row, 4)? };
        let version = Version { round: column::count(row, 1)?, by: Author::Till(marker) };
        Ok((row.get(0)?, version, Counted { counted_milli: row.get(5)?, seen: column::json(row, 6)? }))
    };
    Ok(count.query_row([product_id.as_bytes()], read).optional()?)
}

/// This till's newest run among those named. One that came back from head office counts where it began, not where it is
/// kept.
fn newest_named(connection: &Connection, device: DeviceId, covers: &Moved) -> Result<Option<i64>, LedgerError> {
    let mut chain = connection.prepare_cached(
        "SELECT CASE WHEN put_back_after IS NULL THEN chain_no
            ELSE (SELECT coalesce(max(chain_no), 0) + 1 FROM chain WHERE put_back_after IS NULL AND chain_id < ?1) END
         FROM chain WHERE chain_id = ?1",
    )?;
    let mut newest = None;
    for part in covers.parts().filter(|part| part.by.device == device) {
        let found: Option<i64> = chain.query_row([part.by.chain.as_bytes()], |row| row.get(0)).optional()?;
        newest = newest.max(found);
    }
    Ok(newest)
}

/// What this till's runs moved, from a run on, oldest first. What came back from head office is in its number.
fn list_own(
    connection: &Connection,
    device: DeviceId,
    product_id: ProductId,
    from_chain_no: i64,
) -> Result<Vec<(i64, Part)>, LedgerError> {
    let mut own = connection.prepare_cached(
        "SELECT chain_no, chain_id, received_milli, taken_milli FROM stock_part JOIN chain USING (chain_no)
         WHERE product_id = ?1 AND chain_no >= ?2 AND put_back_after IS NULL ORDER BY chain_no",
    )?;
    let own = own.query_map(params![product_id.as_bytes(), from_chain_no], |row| {
        let by = Actor { device, chain: ChainId::from_uuid(column::uuid(row, 1)?) };
        let (received_milli, taken_milli) = (column::count(row, 2)?, column::count(row, 3)?);
        Ok((row.get(0)?, Part { by, received_milli, taken_milli }))
    })?;
    Ok(own.collect::<Result<_, _>>()?)
}
