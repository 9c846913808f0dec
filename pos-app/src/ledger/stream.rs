//! What head office publishes, applied: the cursor moves in the transaction of the last copy it covers, never before.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use shared::catalog::Product;
use shared::event::Seen;
use shared::ids::LogId;
use shared::sync::protocol::StreamCursor;
use shared::sync::stream::{Cursor, Op, StreamItem, StreamName, keys};

use super::product::{self, Shelf};
use super::{LedgerError, LedgerTx, catalog, column, retention, stock, ticket};

/// How far a stream is applied; `None` before its first item.
pub fn load_cursor(connection: &Connection, name: StreamName) -> Result<Option<Cursor>, LedgerError> {
    let mut cursor = connection.prepare_cached("SELECT log_id, seq, hash FROM stream_cursor WHERE stream = ?1")?;
    let read = cursor.query_row([name.to_string()], |row| {
        let log_id = LogId::from_uuid(column::uuid(row, 0)?);
        Ok(Cursor { log_id, seq: column::count(row, 1)?, hash: column::hash(row, 2)? })
    });
    Ok(read.optional()?)
}

/// How far every stream is applied.
pub fn list_cursors(connection: &Connection) -> Result<Vec<StreamCursor>, LedgerError> {
    let mut cursors = connection.prepare_cached("SELECT stream, log_id, seq, hash FROM stream_cursor")?;
    let rows = cursors.query_map([], |row| {
        let log_id = LogId::from_uuid(column::uuid(row, 1)?);
        let cursor = Cursor { log_id, seq: column::count(row, 2)?, hash: column::hash(row, 3)? };
        Ok((column::text::<StreamName>(row, 0)?, cursor))
    })?;
    rows.map(|row| row.map(|(stream, cursor)| StreamCursor { stream, cursor }).map_err(LedgerError::from)).collect()
}

/// Keys of everything here that is head office's and not needed to know whose till this is.
pub fn list_replaceable(connection: &Connection) -> Result<Vec<String>, LedgerError> {
    let mut listed = list_keys(connection, StreamName::Catalog)?;
    listed.retain(|key| !key.starts_with(keys::VENUE) && !key.starts_with(keys::REGISTER));
    listed.extend(ticket::list_heard_keys(connection)?);
    Ok(listed)
}

/// Every stream is followed from its start again.
pub fn forget_cursors(tx: &LedgerTx<'_>) -> Result<(), LedgerError> {
    tx.connection().execute("DELETE FROM stream_cursor", [])?;
    Ok(())
}

/// Applies the next items of a stream; `end` is where they end.
pub fn apply(tx: &LedgerTx<'_>, name: StreamName, items: &[StreamItem], end: Cursor) -> Result<(), LedgerError> {
    items.iter().try_for_each(|item| apply_or_log(tx, name, item))?;
    move_cursor(tx, name, end)
}

/// A record of a stream that starts anew, read as far as that needs no ledger.
#[derive(Debug)]
pub enum Record {
    /// What there are many of.
    Product(Box<Product>),
    /// Anything else, also a product that cannot be read.
    Other(StreamItem),
}

impl Record {
    /// Reads an item.
    pub fn read(item: StreamItem) -> Self {
        let is_product = item.op == Op::Put && item.key.starts_with(keys::PRODUCT);
        let product = is_product.then(|| serde_json::from_str(item.value.get()));
        if let Some(Ok(product)) = product { Self::Product(product) } else { Self::Other(item) }
    }
}

/// Lays records over what is here until there are no more or it is enough, and leaves the cursor where it is: a stream
/// that starts anew is followed only once all of it is here.
pub fn lay(
    tx: &LedgerTx<'_>,
    name: StreamName,
    records: &mut impl Iterator<Item = Record>,
    is_enough: impl Fn() -> bool,
) -> Result<(), LedgerError> {
    let mut shelf = Shelf::for_many(tx.connection())?;
    for record in records {
        match record {
            Record::Product(product) => shelf.put(&product)?,
            Record::Other(item) => apply_or_log(tx, name, &item)?,
        }
        if is_enough() {
            break;
        }
    }
    Ok(())
}

/// An item of a kind from a newer server changes nothing here, one that cannot be read is logged: neither holds up what
/// comes after it.
fn apply_or_log(tx: &LedgerTx<'_>, name: StreamName, item: &StreamItem) -> Result<(), LedgerError> {
    if let Err(Unusable(reason)) = apply_item(tx, item)? {
        tracing::error!(stream = %name, seq = item.seq, key = item.key, reason, "an item of the stream is of no use");
    }
    Ok(())
}

/// From here on the stream is applied up to `end`; events written later say so.
pub fn move_cursor(tx: &LedgerTx<'_>, name: StreamName, end: Cursor) -> Result<(), LedgerError> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO stream_cursor VALUES (?1, ?2, ?3, ?4) ON CONFLICT (stream) DO UPDATE SET
             log_id = excluded.log_id, seq = excluded.seq, hash = excluded.hash",
        )?
        .execute(params![name.to_string(), end.log_id.as_bytes(), end.seq.cast_signed(), end.hash.as_bytes()])?;
    tx.keep_checkpoint(name, end)?;
    let seen = tx.seen();
    tx.set_seen(match name {
        StreamName::Catalog => Seen(end.seq, seen.1),
        StreamName::Venue(_) => Seen(seen.0, end.seq),
        StreamName::Device(_) => seen,
    })
}

/// Every key of a stream that has a copy here.
///
/// None of a venue's: a redemption once heard of is kept. It happened, whatever the server forgot, and its till will
/// send it again.
pub fn list_keys(connection: &Connection, name: StreamName) -> Result<Vec<String>, LedgerError> {
    const COPIES: [(&str, &str); 6] = [
        (keys::PRODUCT, "SELECT product_id FROM product"),
        (keys::CATEGORY, "SELECT category_id FROM category"),
        (keys::STAFF, "SELECT staff_id FROM staff"),
        (keys::VENUE, "SELECT venue_id FROM venue"),
        (keys::REGISTER, "SELECT register_id FROM register"),
        (keys::DEVICE, "SELECT device_id FROM device"),
    ];
    let mut listed = Vec::new();
    if name == StreamName::Catalog {
        for (kind, sql) in COPIES {
            let mut ids = connection.prepare_cached(sql)?;
            let ids = ids.query_map([], |row| column::uuid(row, 0))?;
            for id in ids {
                listed.push(format!("{kind}{}", id?));
            }
        }
    }
    Ok(listed)
}

/// Removes copies, by their keys.
pub fn forget(tx: &LedgerTx<'_>, keys: &[String]) -> Result<(), LedgerError> {
    for key in keys {
        let value = RawValue::NULL.to_owned();
        let item = StreamItem { seq: 0, op: Op::Del, key: key.clone(), value, cause: None };
        if let Err(Unusable(reason)) = apply_item(tx, &item)? {
            tracing::error!(key, reason, "a copy cannot be removed");
        }
    }
    Ok(())
}

/// Why an item changes nothing.
struct Unusable(String);

type Applied = Result<Result<(), Unusable>, LedgerError>;

fn apply_item(to: &LedgerTx<'_>, item: &StreamItem) -> Applied {
    let Some((kind, id)) = item.key.split_once('/') else { return Ok(Err(Unusable("not a key".into()))) };
    let copies = to.connection();
    match &item.key[..=kind.len()] {
        keys::PRODUCT => change(copies, item, id, product::put, product::delete),
        keys::CATEGORY => change(copies, item, id, catalog::put_category, catalog::delete_category),
        keys::STAFF => change(to, item, id, LedgerTx::put_staff, LedgerTx::delete_staff),
        keys::VENUE => change(to, item, id, LedgerTx::put_venue, LedgerTx::delete_venue),
        keys::REGISTER => change(to, item, id, LedgerTx::put_register, LedgerTx::delete_register),
        keys::DEVICE => change(copies, item, id, catalog::put_device, catalog::delete_device),
        keys::DURABLE => take_durable(copies, item, id),
        keys::REDEMPTION => change(copies, item, id, ticket::put_heard_redemption, ticket::delete_heard_redemption),
        keys::UNDO => change(copies, item, id, ticket::put_heard_undo, ticket::delete_heard_undo),
        keys::VOID => change(copies, item, id, ticket::put_heard_void, ticket::delete_heard_void),
        keys::STOCK => change(copies, item, id, stock::put_heard_stock, stock::delete_heard_stock),
        _ => Ok(Ok(())),
    }
}

fn change<Copies, Record, Id>(
    to: &Copies,
    item: &StreamItem,
    id: &str,
    put: fn(&Copies, &Record) -> Result<(), LedgerError>,
    delete: fn(&Copies, Id) -> Result<(), LedgerError>,
) -> Applied
where
    Record: DeserializeOwned,
    Id: FromStr,
{
    match item.op {
        Op::Put => match serde_json::from_str(item.value.get()) {
            Ok(record) => put(to, &record).map(Ok),
            Err(error) => Ok(Err(Unusable(error.to_string()))),
        },
        Op::Del => match id.parse() {
            Ok(id) => delete(to, id).map(Ok),
            Err(_) => Ok(Err(Unusable("not an id".into()))),
        },
    }
}

/// A backup that covers less than it did is no news to a till that let go of the rest.
fn take_durable(to: &Connection, item: &StreamItem, chain: &str) -> Applied {
    let (Ok(chain), Op::Put) = (chain.parse(), item.op) else { return Ok(Ok(())) };
    match serde_json::from_str(item.value.get()) {
        Ok(record) => retention::put_durable(to, chain, &record).map(Ok),
        Err(error) => Ok(Err(Unusable(error.to_string()))),
    }
}
