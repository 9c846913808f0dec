//! Products edited and stock kept at tills: merged, never refused. Who lost to somebody they did not know of is told.

use shared::event::{Event, ProductEdited, StockCounted, StockMoved};
use shared::merge::{Actor, Author, Marker, Superseded};

use super::Source;
use super::judge::Codes;
use super::world::{World, publish_stock};
use crate::store::{CountOutcome, NewFlag, Place, StoreError, SupersededRow, TenantTx};

/// A value lost to another whose author did not know it.
const SUPERSEDED: &str = "edit_superseded";

pub(super) async fn product_edited(
    tx: &mut TenantTx,
    source: &Source<'_>,
    event: &Event,
    edit: &ProductEdited,
) -> Result<Codes, StoreError> {
    let Some(mut product) = tx.find_product(edit.product_id).await? else { return Ok(vec!["product_unknown"]) };
    let at = Marker::of(event);
    let outcome = product.edit(edit, Actor::of(event), &at);
    if outcome.is_changed {
        tx.put_product(&product, event.stamp.hlc.at()).await?;
    }
    let mut codes = Codes::new();
    for superseded in &outcome.superseded {
        if let Some(code) = tell(tx, source, event, edit, superseded).await? {
            codes.push(code);
        }
    }
    if !outcome.contradicted.is_empty() {
        codes.push("edit_contradicts");
    }
    codes.dedup();
    Ok(codes)
}

/// Keeps both values, and raises the flag where the loser was written: here, or at an event that was counted before.
async fn tell(
    tx: &mut TenantTx,
    source: &Source<'_>,
    event: &Event,
    edit: &ProductEdited,
    superseded: &Superseded,
) -> Result<Option<&'static str>, StoreError> {
    let Author::Till(lost) = superseded.lost_version.by else { return Ok(None) };
    let is_here = lost.chain == event.chain && lost.seq == event.seq;
    let device_id = if is_here {
        source.device.device_id
    } else {
        tx.find_chain(lost.chain).await?.map_or(source.device.device_id, |chain| chain.device_id)
    };
    // A till that was started again knew what it had written before.
    let other = if is_here { &superseded.kept_version } else { &superseded.lost_version };
    if tx.is_own_version(source.device.device_id, other).await? {
        return Ok(None);
    }
    let field = serde_json::to_string(&superseded.field).unwrap_or_default().trim_matches('"').to_owned();
    let row = SupersededRow {
        product_id: edit.product_id,
        field,
        chain: lost.chain,
        seq: lost.seq,
        device_id,
        written_at: lost.hlc.at(),
        lost: superseded.lost.to_string(),
        kept: superseded.kept.to_string(),
    };
    let is_new = tx.insert_superseded(&row).await?;
    if is_here {
        return Ok(Some(SUPERSEDED));
    }
    if is_new {
        let flag = NewFlag { chain: lost.chain, place: Place { branch: 0, seq: lost.seq }, code: SUPERSEDED };
        tx.insert_flags(device_id, &[flag], event.stamp.hlc.at()).await?;
    }
    Ok(None)
}

pub(super) async fn stock_counted(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    event: &Event,
    counted: &StockCounted,
) -> Result<Codes, StoreError> {
    // What the count had seen of its own run may still wait here.
    world.write_moves(tx, source).await?;
    let device_id = source.device.device_id;
    let (outcome, records) = tx.count_stock(source.venue_id, device_id, &Marker::of(event), counted).await?;
    publish_stock(tx, source, &records).await?;
    let mut codes = known(world, counted.product_id);
    if matches!(outcome, CountOutcome::StandsOver | CountOutcome::Beside) {
        codes.push("count_beside");
    }
    Ok(codes)
}

pub(super) fn stock_moved(world: &World<'_>, moved: &StockMoved) -> Codes {
    known(world, moved.product_id)
}

fn known(world: &World<'_>, product_id: shared::ids::ProductId) -> Codes {
    if world.products.contains(&product_id) { Codes::new() } else { vec!["product_unknown"] }
}
