//! What events come to: sessions, stock, a double entry. Total functions, as the real ones: no event is refused.

use std::rc::Rc;

use serde::Deserialize;
use shared::event::{Event, EventError, Fact, Read, SaleRecorded, SealedEvent, TicketRedeemed};
use shared::ids::SessionId;
use shared::register::SessionTotals;
use shared::sync::stream::{RedemptionRecord, StreamName};

use super::db::{Account, Aside, Db};
use crate::sabotage::Bug;

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
    let code = match sealed.read() {
        Err(EventError::Payload { .. }) => Some("payload_unreadable"),
        Err(EventError::Header { .. } | EventError::Envelope { .. }) => Some("envelope_unreadable"),
        Ok(Event { fact: Read::Unknown { kind, .. }, .. }) if kind == "tip.given" && db.knows_tips => {
            return count_tip(db, sealed);
        }
        Ok(Event { fact: Read::Unknown { .. }, .. }) => Some("type_unknown"),
        Ok(event) => {
            count(db, &event, bug, visible_at);
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
        Fact::TicketRedeemed(redeemed) => publish(db, event, redeemed, visible_at),
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
    for line in &sale.lines {
        let stock = db.stock.entry(line.product_id).or_default();
        if bug == Some(Bug::StockByArrival) {
            *stock = -line.quantity_milli.milli();
        } else {
            *stock -= line.quantity_milli.milli();
        }
    }
    for (account, amount) in entries(sale) {
        if !(bug == Some(Bug::OneSidedEntry) && account == Account::Rounding) {
            db.book(account, amount);
        }
    }
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
