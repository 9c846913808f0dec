//! Products edited at this till: they stand on head office's word until it has heard of them. Merging is by version, so
//! an edit that head office took, or overruled, changes nothing any more and need not be found and removed.

use rusqlite::{Connection, OptionalExtension, params};
use shared::catalog::Product;
use shared::event::ProductEdited;
use shared::ids::{ChainId, ProductId};
use shared::merge::{Actor, Marker};
use shared::time::Hlc;

use super::project::Place;
use super::{LedgerError, catalog, column, enrolment, product};

pub(super) fn insert_edit(
    connection: &Connection,
    place: Place,
    marker: Marker,
    fact: &ProductEdited,
) -> Result<(), LedgerError> {
    // Kept before the first edit shows: what head office said stays apart from what this till wishes.
    if let Some(shown) = catalog::find_product(connection, fact.product_id)?
        && find_base(connection, fact.product_id)?.is_none()
    {
        put_base(connection, &shown)?;
    }
    connection.prepare_cached("INSERT INTO product_edit VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        fact.product_id.as_bytes(),
        place.chain_no,
        marker.seq.cast_signed(),
        marker.hlc.bits().cast_signed(),
        column::to_json(fact),
    ])?;
    match find_base(connection, fact.product_id)? {
        Some(base) => product::write(connection, &with_edits(connection, base)?),
        None => Ok(()),
    }
}

/// Head office's word on a product, with this till's edits on it.
pub(super) fn take_base(connection: &Connection, base: &Product) -> Result<Product, LedgerError> {
    let mut any = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM product_edit WHERE product_id = ?1)")?;
    let is_edited: bool = any.query_row([base.product_id.as_bytes()], |row| row.get(0))?;
    if is_edited {
        put_base(connection, base)?;
    }
    if is_edited { with_edits(connection, base.clone()) } else { Ok(base.clone()) }
}

pub(super) fn delete_base(connection: &Connection, product_id: ProductId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM product_base WHERE product_id = ?1")?.execute([product_id.as_bytes()])?;
    Ok(())
}

/// Head office's word on a product that was edited here.
pub fn find_base(connection: &Connection, product_id: ProductId) -> Result<Option<Product>, LedgerError> {
    let mut base = connection.prepare_cached("SELECT body FROM product_base WHERE product_id = ?1")?;
    Ok(base.query_row([product_id.as_bytes()], |row| column::json(row, 0)).optional()?)
}

fn put_base(connection: &Connection, product: &Product) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO product_base VALUES (?1, ?2)")?
        .execute(params![product.product_id.as_bytes(), column::to_json(product)])?;
    Ok(())
}

fn with_edits(connection: &Connection, mut product: Product) -> Result<Product, LedgerError> {
    let Some(enrolment) = enrolment::load(connection)? else { return Ok(product) };
    let device = enrolment.device_id;
    let mut edits = connection.prepare_cached(
        "SELECT chain_id, seq, product_edit.hlc, edit FROM product_edit JOIN chain USING (chain_no)
         WHERE product_id = ?1 ORDER BY chain_no, seq",
    )?;
    let edits = edits.query_map([product.product_id.as_bytes()], |row| {
        let chain = ChainId::from_uuid(column::uuid(row, 0)?);
        let marker = Marker { hlc: Hlc::from_bits(column::count(row, 2)?), chain, seq: column::count(row, 1)? };
        Ok((marker, column::json::<ProductEdited>(row, 3)?))
    })?;
    for edit in edits {
        let (at, edit) = edit?;
        let outcome = product.edit(&edit, Actor { device, chain: at.chain }, &at);
        if !outcome.contradicted.is_empty() {
            // Somebody else wrote under this till's own numbers: a copied disk. Head office's word stands.
            tracing::error!(product = %product.product_id, chain = %at.chain, seq = at.seq, "an edit is known otherwise");
        }
    }
    Ok(product)
}
