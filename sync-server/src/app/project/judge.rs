//! What single events come to, one function each, and what is odd about them.

use shared::event::{
    CardReported, CardRequested, CardReturned, CashMoved, ChainStarted, Event, Fact, OperatorRefused, RegisterClosed,
    RegisterOpened, SaleRecorded, SealedEvent,
};
use shared::merge::Actor;
use shared::sale::Totals;
use shared::tender::Payment;

use super::world::World;
use super::{Source, keep, ticket};
use crate::store::{CardRow, CashMovements, NewSale, SettledCard, StoreError, TenantTx};

pub(super) type Codes = Vec<&'static str>;

/// Counts an event, and says what is odd about it.
pub(super) async fn count<'a>(
    tx: &mut TenantTx,
    world: &mut World<'a>,
    source: &Source<'_>,
    sealed: &'a SealedEvent,
    event: &'a Event,
    fact: &'a Fact,
) -> Result<Codes, StoreError> {
    match fact {
        Fact::ChainStarted(started) => chain_started(tx, source, sealed, event, started).await,
        Fact::SaleCompleted(sale) => {
            world.add_moves(event, fact);
            Ok(sale_completed(world, sealed, event, sale))
        }
        Fact::RegisterOpened(opened) => register_opened(tx, world, source, opened).await,
        Fact::RegisterClosed(closed) => register_closed(tx, world, source, closed).await,
        Fact::CashMoved(moved) => cash_moved(tx, world, source, sealed, event, moved).await,
        Fact::CardRequested(requested) => Ok(card_requested(world, event, requested)),
        Fact::CardReported(reported) => Ok(card_reported(world, event, reported)),
        Fact::CardReturned(returned) => Ok(card_returned(world, event, returned)),
        Fact::CardBatchClosed(closed) if closed.comparison.differs() => Ok(vec!["batch_differs"]),
        Fact::TicketRedeemed(redeemed) => ticket::redeemed(tx, world, source, sealed, event, redeemed).await,
        Fact::RedemptionUndone(undone) => ticket::undone(tx, world, source, sealed, event, undone).await,
        Fact::TicketVoided(voided) => ticket::voided(tx, world, source, sealed, event, voided).await,
        Fact::TicketShownAgain(shown) => ticket::shown_again(tx, world, source, sealed, event, shown).await,
        Fact::OperatorRefused(refused) => operator_refused(tx, source, sealed, event, refused).await,
        Fact::ProductEdited(edit) => keep::product_edited(tx, source, event, edit).await,
        Fact::StockCounted(counted) => keep::stock_counted(tx, world, source, event, counted).await,
        Fact::StockMoved(moved) => {
            world.add_moves(event, fact);
            Ok(keep::stock_moved(world, moved))
        }
        Fact::CardBatchClosed(_)
        | Fact::OperatorLoggedIn(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::SaleAbandoned(_)
        | Fact::ReceiptReprinted(_)
        | Fact::DrawerOpened(_)
        | Fact::BadgePrinted(_) => Ok(Codes::new()),
    }
}

async fn chain_started(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    started: &ChainStarted,
) -> Result<Codes, StoreError> {
    if sealed.seq != 1 {
        return Ok(vec!["chain_restarted"]);
    }
    let parent = started.parent.map(|parent| (parent.chain, parent.seq));
    let parent = parent.filter(|(_, seq)| i64::try_from(*seq).is_ok());
    let version: String = started.app_version.chars().take(100).collect();
    tx.begin_stock_run(source.venue_id, Actor::of(event), parent).await?;
    let has_twin = tx.set_chain_parent(sealed.chain, parent, &version).await?;
    Ok(if has_twin { vec!["device_cloned"] } else { Codes::new() })
}

fn sale_completed<'a>(world: &mut World<'a>, sealed: &SealedEvent, event: &Event, sale: &'a SaleRecorded) -> Codes {
    let session = event.stamp.session;
    if !world.sales.insert(sale.sale_id) {
        return vec!["sale_repeated"];
    }
    world.new_sales.push(NewSale { sale, session, seq: sealed.seq });
    let mut codes = Codes::new();
    if Totals::of(&sale.lines).is_none_or(|totals| totals != sale.totals) {
        codes.push("totals_mismatch");
    }
    let paid: i64 = sale.settlement.payments.iter().map(Payment::amount_minor).sum();
    if paid != sale.totals.total_minor + sale.settlement.rounding_minor {
        codes.push("settlement_mismatch");
    }
    if !sale.lines.iter().all(|line| world.products.contains(&line.product_id)) {
        codes.push("product_unknown");
    }
    match session {
        None => codes.push("session_missing"),
        Some(session) => match world.sessions.get(&session) {
            Some(true) => {}
            Some(false) => codes.push("session_closed"),
            None => codes.push("session_unknown"),
        },
    }
    for payment in &sale.settlement.payments {
        if let Payment::Card { payment_id, amount_minor, .. } = payment {
            let Some(card) = world.cards.get(payment_id).cloned() else {
                codes.push("card_payment_unknown");
                continue;
            };
            if card.payment.amount_minor != *amount_minor {
                codes.push("card_amount_mismatch");
            }
            world.move_card(CardRow { is_counted: true, ..card });
        }
    }
    codes
}

async fn register_opened(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    opened: &RegisterOpened,
) -> Result<Codes, StoreError> {
    let mut codes = Codes::new();
    if tx.insert_register_session(opened, (source.device.device_id, source.venue_id)).await? {
        world.sessions.insert(opened.session_id, true);
    } else {
        codes.push("session_repeated");
    }
    if opened.register_id != source.device.register_id {
        codes.push("register_of_another_till");
    }
    Ok(codes)
}

async fn register_closed(
    tx: &mut TenantTx,
    world: &mut World<'_>,
    source: &Source<'_>,
    closed: &RegisterClosed,
) -> Result<Codes, StoreError> {
    let Some(is_open) = world.sessions.insert(closed.session_id, false) else {
        world.sessions.remove(&closed.session_id);
        return Ok(vec!["session_unknown"]);
    };
    let mut codes = Codes::new();
    if !is_open || !tx.close_register_session(closed).await? {
        codes.push("session_repeated");
    }
    // Its sales may be among those that still wait here.
    world.write_sales(tx, source).await?;
    let (sales, total_minor) = tx.sum_session(closed.session_id).await?;
    let has_same_sales = sales == u64::from(closed.z.totals.sales) && total_minor == closed.z.totals.total_minor;
    let moved = tx.sum_session_cash(closed.session_id).await?;
    if !has_same_sales || moved != CashMovements::from(closed.z.totals) {
        codes.push("z_mismatch");
    }
    Ok(codes)
}

async fn cash_moved(
    tx: &mut TenantTx,
    world: &World<'_>,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    moved: &CashMoved,
) -> Result<Codes, StoreError> {
    tx.insert_cash_movement(sealed.hash, event, moved, (source.device.device_id, source.venue_id)).await?;
    Ok(match world.sessions.get(&moved.session_id) {
        Some(true) => Codes::new(),
        Some(false) => vec!["session_closed"],
        None => vec!["session_unknown"],
    })
}

fn card_requested<'a>(world: &mut World<'a>, event: &Event, requested: &'a CardRequested) -> Codes {
    if world.cards.contains_key(&requested.payment_id) {
        return vec!["card_payment_repeated"];
    }
    world.new_cards.push(requested);
    world.move_card(CardRow::of(requested, event.stamp.actor));
    Codes::new()
}

fn card_reported(world: &mut World<'_>, event: &Event, reported: &CardReported) -> Codes {
    let Some(known) = world.cards.get(&reported.payment_id).cloned() else { return vec!["card_payment_unknown"] };
    let payment = reported.apply(known.payment.clone());
    let mut codes = Codes::new();
    if payment.denied.is_some() && payment.denied != known.payment.denied {
        codes.push(if reported.proves_already.is_some() { "card_proof_reused" } else { "card_contradicted" });
    }
    let is_late = payment.approved().is_some() && known.payment.approved().is_none() && !known.is_counted;
    if is_late && world.sales.contains(&payment.sale_id) {
        codes.push("card_paid_beside_sale");
    }
    let is_said_by_hand = reported.is_manual && payment.denied.is_none();
    let settled = if is_said_by_hand { Some(by_hand(event, reported.note.clone())) } else { known.settled };
    world.move_card(CardRow { payment, settled, ..known });
    codes
}

fn card_returned(world: &mut World<'_>, event: &Event, returned: &CardReturned) -> Codes {
    let Some(known) = world.cards.get(&returned.payment_id).cloned() else { return vec!["card_payment_unknown"] };
    let codes =
        if known.payment.amount_minor == returned.amount_minor { Codes::new() } else { vec!["card_amount_mismatch"] };
    let settled = Some(by_hand(event, Some(returned.note.clone())));
    let payment = returned.apply(known.payment.clone());
    world.move_card(CardRow { payment, settled, ..known });
    codes
}

fn by_hand(event: &Event, note: Option<String>) -> SettledCard {
    SettledCard { by: event.stamp.approver.or(event.stamp.actor), at: event.stamp.hlc.at(), note }
}

async fn operator_refused(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    refused: &OperatorRefused,
) -> Result<Codes, StoreError> {
    let who = (source.device.device_id, refused.staff_id);
    let told = (refused.wrong, refused.locked_until);
    tx.insert_pin_refusal(sealed.hash, who, event.stamp.hlc.at(), told).await?;
    Ok(Codes::new())
}
