//! What events come to: sessions, stock, a double entry. Total functions, as the real ones: no event is refused.

use std::rc::Rc;

use serde::Deserialize;
use shared::event::{
    ChainStarted, Event, EventError, Fact, Read, SaleRecorded, SealedEvent, StockCounted, TicketRedeemed,
};
use shared::ids::{ProductId, SessionId};
use shared::merge::{Actor, Counted, Field, Marker, Moved, Part, Stock, Version, moves_of};
use shared::register::SessionTotals;
use shared::sync::stream::{RedemptionRecord, StreamName};
use shared::ticket::{HandOver, incidents};

use super::db::{Account, Aside, Db};
use crate::reading;
use crate::sabotage::Bug;
use crate::till::ticket::ticket;

/// The fact only newer programs know: a tip. Written by tills that were upgraded before their server.
#[derive(Deserialize)]
struct Tip {
    amount_minor: i64,
}

/// Counts an event; the code of what sets it aside, if anything does.
pub fn project(
    db: &mut Db,
    sealed: &Rc<SealedEvent>,
    branch: u32,
    bug: Option<Bug>,
    visible_at: i64,
) -> Option<&'static str> {
    let read = reading::event(sealed);
    let code = match read.as_deref() {
        Err(EventError::Payload { .. }) => Some("payload_unreadable"),
        Err(EventError::Header { .. } | EventError::Envelope { .. }) => Some("envelope_unreadable"),
        Ok(Event { fact: Read::Unknown { kind, .. }, .. }) if kind == "tip.given" && db.knows_tips => {
            return count_tip(db, sealed);
        }
        Ok(Event { fact: Read::Unknown { .. }, .. }) => Some("type_unknown"),
        Ok(event) => {
            count(db, event, bug, visible_at);
            if branch == 0 {
                count_stock(db, event, bug);
            }
            None
        }
    };
    match code {
        Some(code) => db.quarantine.push(Aside { event: Rc::clone(sealed), branch, code }),
        None => db.counted += 1,
    }
    code
}

fn count_tip(db: &mut Db, sealed: &SealedEvent) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Line {
        payload: Tip,
    }
    if let Ok(Line { payload: Tip { amount_minor } }) = serde_json::from_str(&sealed.line) {
        db.book(Account::Cash, amount_minor);
        db.book(Account::Tips, -amount_minor);
        db.counted += 1;
    }
    None
}

/// Looks again at what was set aside, with a program that knows more.
pub fn replay(db: &mut Db, bug: Option<Bug>, now: i64) {
    let aside = std::mem::take(&mut db.quarantine);
    if bug == Some(Bug::QuarantineDropped) {
        return;
    }
    for Aside { event, branch, .. } in aside {
        project(db, &event, branch, bug, now);
    }
}

fn count(db: &mut Db, event: &Event, bug: Option<Bug>, visible_at: i64) {
    let Read::Known(fact) = &event.fact else { return };
    match fact {
        Fact::SaleCompleted(sale) => count_sale(db, event.stamp.session, sale, bug),
        Fact::RegisterClosed(closed) => {
            let row = db.sessions.entry(closed.session_id).or_default();
            row.sealed.get_or_insert(closed.z.totals);
        }
        Fact::TicketRedeemed(redeemed) => {
            count_ticket(db, redeemed, bug);
            publish(db, event, redeemed, visible_at);
        }
        _ => {}
    }
}

fn count_sale(db: &mut Db, session: Option<SessionId>, sale: &SaleRecorded, bug: Option<Bug>) {
    let completed = sale.completed();
    if let Some(session) = session {
        let row = db.sessions.entry(session).or_default();
        match &mut row.sealed {
            None => row.at_close = row.at_close.plus(&completed),
            Some(_) if bug == Some(Bug::AddendumDropped) => {}
            Some(sealed) if bug == Some(Bug::SealedReopened) => {
                *sealed = sealed.plus(&completed);
                row.addenda = row.addenda.plus(&completed);
            }
            Some(_) => row.addenda = row.addenda.plus(&completed),
        }
    }
    for (account, amount) in entries(sale) {
        if !(bug == Some(Bug::OneSidedEntry) && account == Account::Rounding) {
            db.book(account, amount);
        }
    }
}

/// What moves stock, and counts of it. A run's totals only grow; what a fork says on its branch a person looks at first.
fn count_stock(db: &mut Db, event: &Event, bug: Option<Bug>) {
    let Read::Known(fact) = &event.fact else { return };
    if let Fact::ChainStarted(ChainStarted { parent: Some(parent), .. }) = fact {
        db.links.insert(event.chain, parent.chain);
        db.stock.values_mut().for_each(|stock| stock.link(event.chain, parent.chain));
    }
    for moved in moves_of(fact) {
        let sum = db.moved.entry((event.chain, moved.product_id)).or_default();
        *sum = (sum.0 + moved.received_milli, sum.1 + moved.taken_milli);
        let part = Part { by: Actor::of(event), received_milli: sum.0, taken_milli: sum.1 };
        let stock = stock_of(db, moved.product_id);
        if bug == Some(Bug::StockByArrival) {
            *stock = Stock::default();
        }
        // Past counting is past counting in whatever order it comes.
        let _ = stock.tell(&part);
    }
    if let Fact::StockCounted(counted) = fact
        && let Some(field) = count_in(event, counted)
    {
        let _ = stock_of(db, counted.product_id).count(&field);
    }
}

/// A count as it merges with others.
pub fn count_in(event: &Event, counted: &StockCounted) -> Option<Field<Counted>> {
    let seen = Moved::of(counted.seen.iter().copied()).ok()?;
    let value = Counted { counted_milli: counted.counted_milli, seen };
    Some(Field::new(value, Version::at_till(counted.seen_round, Marker::of(event))))
}

fn stock_of(db: &mut Db, product: ProductId) -> &mut Stock {
    let links = &db.links;
    db.stock.entry(product).or_insert_with(|| {
        let mut stock = Stock::default();
        for (chain, parent) in links {
            stock.link(*chain, *parent);
        }
        stock
    })
}

/// A sale in double entry: what came in, and what for.
pub fn entries(sale: &SaleRecorded) -> [(Account, i64); 5] {
    let by_kind = SessionTotals::default().plus(&sale.completed());
    [
        (Account::Cash, by_kind.cash_minor),
        (Account::Card, by_kind.card_minor),
        (Account::Revenue, -sale.totals.net_minor),
        (Account::Tax, -sale.totals.tax_minor),
        (Account::Rounding, -sale.settlement.rounding_minor),
    ]
}

/// A hand-over as it is judged among others.
pub fn hand_over(redeemed: &TicketRedeemed) -> HandOver {
    HandOver {
        redemption_id: redeemed.redemption_id,
        at: redeemed.redeemed_at,
        is_promised: redeemed.unheard.is_none(),
        lines: redeemed.lines.clone(),
    }
}

/// One more hand-over of a ticket; one that is told twice is one.
fn count_ticket(db: &mut Db, redeemed: &TicketRedeemed, bug: Option<Bug>) {
    let book = db.tickets.entry(redeemed.ticket_id).or_default();
    if book.handed.iter().any(|known| known.redemption_id == redeemed.redemption_id) {
        return;
    }
    let new = hand_over(redeemed);
    let mut sold = ticket(redeemed.ticket_id).lines;
    if bug == Some(Bug::PartsAreDoubles) && !book.handed.is_empty() {
        sold = Vec::new();
    }
    book.handed.push(new);
    book.incidents = match bug {
        // As if who was heard of first had been first.
        Some(Bug::DoubleByArrival) => {
            let mut heard = book.handed.clone();
            heard[0].is_promised = true;
            incidents(&sold, &heard, None)
        }
        Some(Bug::DoubleUnsaid) => Vec::new(),
        _ => incidents(&sold, &book.handed, None),
    };
}

fn publish(db: &mut Db, event: &Event, redeemed: &TicketRedeemed, visible_at: i64) {
    let record =
        RedemptionRecord { redemption: redeemed.clone(), device_id: event.origin.device, staff_id: event.stamp.actor };
    let Ok(value) = serde_json::to_string(&record) else { return };
    let stream = db.streams.entry(StreamName::Venue(event.origin.venue)).or_default();
    let key = format!("redemption/{}", redeemed.redemption_id);
    // A redemption sent twice is one redemption.
    if stream.records.get(key.as_str()).is_none_or(|held| **held != *value) {
        stream.put(&key, &value, visible_at);
    }
}
