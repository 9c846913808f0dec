//! What a bar does with a paper beside handing over: takes it back, finds it withdrawn, hands over unheard.

use std::sync::Arc;

use pos_app::commands::ErrorCode;
use pos_app::ledger::{LedgerError, event, stream};
use pos_app::practice::THAT_NIGHT;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::event::{Fact, Hash, RedemptionUndone, TicketRedeemed, TicketVoided};
use shared::ids::{LogId, RedemptionId};
use shared::sync::stream::{Cursor, Op, RedemptionRecord, StreamItem, StreamName, UndoRecord, VoidRecord};
use shared::ticket::{RedeemedLine, Ticket};
use shared::venue::{RedemptionPolicy, Venue};
use uuid::Uuid;

use crate::support::{BARTENDER_PIN, Counter, MANAGER_PIN};

/// A ticket of two piscolas, sold at a till, and the bar beside it.
struct Night {
    seller: Counter,
    bar: Counter,
    code: String,
}

fn night(seed: u64) -> Night {
    let seller = Counter::selling(seed);
    seller.add(1, 2);
    let sold = seller.pay_cash(20_000);
    let code = sold["tickets"][0]["code"].as_str().expect("a code").to_owned();
    let bar = Counter::of(Arc::clone(&seller.office), 2);
    bar.office.introduce(bar.till(), &seller.device).expect("introduced");
    bar.log_in(bar.bartender, BARTENDER_PIN);
    Night { seller, bar, code }
}

impl Night {
    fn redeem(&self, quantity: u8) -> Value {
        self.bar.ok("ticket.redeem", &json!({ "code": self.code, "lines": [{ "line_no": 1, "quantity": quantity }] }))
    }

    fn check(&self) -> Value {
        self.bar.ok("ticket.check", &json!({ "code": self.code }))
    }

    fn undo_args(&self, view: &Value) -> Value {
        let last = view["history"].as_array().and_then(|history| history.last()).expect("a use");
        json!({ "code": self.code, "redemption_id": last["redemption_id"] })
    }
}

/// The server tells the till something.
fn hear(counter: &Counter, name: StreamName, key: &str, value: &impl serde::Serialize) {
    let value = RawValue::from_string(serde_json::to_string(value).expect("JSON")).expect("JSON");
    let item = StreamItem { seq: 1, op: Op::Put, key: key.to_owned(), value, cause: None };
    let end = Cursor { log_id: LogId::from_uuid(Uuid::nil()), seq: 1, hash: Hash::ZERO };
    counter.till().ledger().write(move |tx| stream::apply(tx, name, &[item], end)).expect("applied");
}

fn facts(counter: &Counter) -> Vec<Fact> {
    let facts = counter.till().ledger().read(|connection| {
        let mut facts = Vec::new();
        for event_no in 1.. {
            match event::load_fact(connection, event_no) {
                Ok(Some(fact)) => facts.push(fact),
                Ok(None) => {}
                Err(_) => break,
            }
        }
        Ok::<_, LedgerError>(facts)
    });
    facts.expect("the ledger reads")
}

fn last_fact(counter: &Counter) -> Fact {
    facts(counter).pop().expect("an event")
}

#[test]
fn whoever_handed_over_takes_it_back_for_ten_seconds_and_then_the_manager_does() {
    let night = night(91);
    let handed = night.redeem(2);
    assert_eq!(handed["verdict"], "delivered");
    let args = night.undo_args(&handed);
    assert_eq!(handed["history"][0]["undo_until"], THAT_NIGHT.plus_millis(10_000).as_millis());

    night.bar.clock.pass(10_000);
    let back = night.bar.ok("ticket.undo", &args);
    assert_eq!((&back["verdict"], &back["lines"][0]["owed"]), (&json!("valid"), &json!(2)));
    assert_eq!(back["history"][0]["undone"]["staff"], "Benjamín");
    assert_eq!(back["history"][0]["undo_until"], Value::Null);
    assert!(matches!(last_fact(&night.bar), Fact::RedemptionUndone(RedemptionUndone { is_own: true, .. })));
    let again = night.bar.ok("ticket.undo", &args);
    assert_eq!(again, back, "taken back twice is taken back");

    let args = night.undo_args(&night.redeem(1));
    night.bar.clock.pass(10_001);
    let (code, details) = night.bar.refused("ticket.undo", &args);
    assert_eq!((code, details["permission"].as_str()), (ErrorCode::PermissionDenied, Some("undo_redemption")));
    night.bar.log_in(night.bar.manager, MANAGER_PIN);
    assert_eq!(night.bar.ok("ticket.undo", &args)["verdict"], "valid");
    assert!(matches!(last_fact(&night.bar), Fact::RedemptionUndone(RedemptionUndone { is_own: false, .. })));
    let nothing = json!({ "code": night.code, "redemption_id": Uuid::nil() });
    assert_eq!(night.bar.code("ticket.undo", &nothing), ErrorCode::RedemptionUnknown);
    assert_eq!(night.redeem(2)["verdict"], "delivered");
    night.bar.assert_whole();
}

#[test]
fn nobody_takes_back_alone_what_somebody_else_handed_over() {
    let night = night(92);
    let args = night.undo_args(&night.redeem(1));
    let other = night.bar.office.hire(&[night.bar.till()], "Berta", &[shared::staff::Role::Bartender], "8642");
    night.bar.log_in(other.expect("hired"), "8642");
    assert_eq!(night.check()["history"][0]["undo_until"], Value::Null);
    assert_eq!(night.bar.code("ticket.undo", &args), ErrorCode::PermissionDenied);

    let mut allowed = args;
    allowed["approval"] = json!({ "staff_id": night.bar.manager, "pin": MANAGER_PIN });
    let back = night.bar.ok("ticket.undo", &allowed);
    assert_eq!((&back["verdict"], &back["history"][0]["undone"]["staff"]), (&json!("valid"), &json!("Berta")));
}

#[test]
fn a_withdrawn_ticket_is_handed_over_nowhere() {
    let night = night(93);
    night.redeem(1);
    let args = json!({ "code": night.code, "reason": " Devuelto en caja " });
    assert_eq!(night.bar.code("ticket.void", &args), ErrorCode::PermissionDenied);
    night.bar.log_in(night.bar.manager, MANAGER_PIN);
    let view = night.bar.ok("ticket.void", &args);
    assert_eq!((&view["verdict"], &view["void"]["reason"]), (&json!("void"), &json!("Devuelto en caja")));
    assert_eq!(view["void"]["by"]["staff"], "Marcela");
    assert_eq!(night.bar.ok("ticket.void", &args), view, "withdrawn twice is withdrawn");
    let (code, details) = night.bar.refused("ticket.redeem", &json!({ "code": night.code }));
    assert_eq!((code, details["staff"].as_str()), (ErrorCode::TicketVoid, Some("Marcela")));
    night.bar.assert_whole();
    assert_eq!(
        night.bar.code("ticket.void", &json!({ "code": night.code, "reason": " " })),
        ErrorCode::ArgumentsInvalid
    );
}

#[test]
fn what_was_poured_cannot_be_withdrawn() {
    let night = night(94);
    night.redeem(2);
    night.bar.log_in(night.bar.manager, MANAGER_PIN);
    let (code, details) = night.bar.refused("ticket.void", &json!({ "code": night.code, "reason": "Devuelto" }));
    assert_eq!((code, details["staff"].as_str()), (ErrorCode::TicketDelivered, Some("Benjamín")));
}

#[test]
fn what_others_did_is_known_as_soon_as_it_is_heard_in_whatever_order() {
    let night = night(95);
    let venue = StreamName::Venue(night.bar.office.venue.venue_id);
    let view = night.check();
    let ticket: Ticket = serde_json::from_value(view["ticket"].clone()).expect("a ticket");
    let ticket_id = ticket.ticket_id;
    let (device_id, staff_id) = (night.seller.device.device_id, Some(night.seller.manager));
    let redemption_id = RedemptionId::from_uuid(Uuid::from_u128(7));
    let undone = RedemptionUndone { redemption_id, ticket_id, undone_at: THAT_NIGHT, is_own: false };
    // Taken back before it is heard that it was handed over.
    hear(&night.bar, venue, &format!("undo/{redemption_id}"), &UndoRecord { undone, device_id, staff_id });
    let redemption = TicketRedeemed {
        redemption_id,
        ticket_id,
        business_date: ticket.business_date,
        redeemed_at: THAT_NIGHT,
        lines: vec![RedeemedLine { line_no: 1, quantity: 2 }],
        code: night.code.clone(),
        unheard: None,
    };
    hear(
        &night.bar,
        venue,
        &format!("redemption/{redemption_id}"),
        &RedemptionRecord { redemption, device_id, staff_id },
    );
    let view = night.check();
    assert_eq!((&view["verdict"], &view["history"][0]["undone"]["device"]), (&json!("valid"), &json!("Caja 1")));
    let voided = TicketVoided { ticket_id, voided_at: THAT_NIGHT, reason: "Devuelto".into(), code: night.code.clone() };
    hear(&night.bar, venue, &format!("void/{ticket_id}"), &VoidRecord { voided, device_id, staff_id });
    let view = night.check();
    assert_eq!((&view["verdict"], &view["void"]["by"]["device"]), (&json!("void"), &json!("Caja 1")));
    assert_eq!(night.bar.code("ticket.redeem", &json!({ "code": night.code })), ErrorCode::TicketVoid);
    night.bar.assert_whole();
}

fn policy(night: &Night, policy: RedemptionPolicy) {
    let venue = Venue { redemption_policy: policy, ..night.bar.office.venue.clone() };
    hear(&night.bar, StreamName::Catalog, &format!("venue/{}", venue.venue_id), &venue);
}

#[test]
fn unheard_the_venue_decides_and_the_event_says_whose_word_was_missing() {
    let night = night(96);
    let redeem = json!({ "code": night.code, "lines": [{ "line_no": 1, "quantity": 1 }] });
    for refused in
        [RedemptionPolicy::Refuse, RedemptionPolicy::HomeOnly, RedemptionPolicy::AcceptBelow { value_minor: 5_990 }]
    {
        policy(&night, refused);
        let (code, details) = night.bar.refused("ticket.redeem", &redeem);
        assert_eq!(code, ErrorCode::TicketUnheard, "{refused:?}");
        assert_eq!(details["devices"], json!(["Caja 1"]));
        let blind = &night.check()["blind"];
        assert_eq!((&blind["is_allowed"], &blind["value_minor"]), (&json!(false), &json!(2 * 5_990)));
    }
    policy(&night, RedemptionPolicy::AcceptBelow { value_minor: 5_991 });
    let view = night.check();
    assert_eq!((&view["blind"]["devices"], &view["blind"]["is_allowed"]), (&json!(["Caja 1"]), &json!(false)));
    assert_eq!(night.bar.ok("ticket.redeem", &redeem)["blind"]["is_allowed"], true, "one is cheap enough, two are not");
    let Fact::TicketRedeemed(redeemed) = last_fact(&night.bar) else { panic!("the last is the hand-over") };
    let unheard = redeemed.unheard.expect("nobody was asked");
    assert_eq!((unheard.devices, unheard.since), (vec![night.seller.device.device_id], None));
    policy(&night, RedemptionPolicy::AcceptAll);
    assert_eq!(night.bar.ok("ticket.redeem", &redeem)["verdict"], "delivered");
}

#[test]
fn at_home_and_alone_nothing_stands_in_the_way() {
    let seller = Counter::selling(97);
    seller.add(1, 2);
    let code = seller.pay_cash(20_000)["tickets"][0]["code"].clone();
    let venue = Venue { redemption_policy: RedemptionPolicy::Refuse, ..seller.office.venue.clone() };
    hear(&seller, StreamName::Catalog, &format!("venue/{}", venue.venue_id), &venue);
    seller.log_in(seller.manager, MANAGER_PIN);
    let redeem = json!({ "code": code, "lines": [{ "line_no": 1, "quantity": 1 }] });
    assert_eq!(seller.ok("ticket.redeem", &redeem)["blind"], Value::Null, "there is no other till");
    let other = Counter::of(Arc::clone(&seller.office), 2);
    seller.office.introduce(seller.till(), &other.device).expect("introduced");
    assert_eq!(seller.code("ticket.redeem", &redeem), ErrorCode::TicketUnheard);
    let venue = Venue { redemption_policy: RedemptionPolicy::HomeOnly, ..venue };
    hear(&seller, StreamName::Catalog, &format!("venue/{}", venue.venue_id), &venue);
    assert_eq!(seller.ok("ticket.redeem", &redeem)["verdict"], "delivered");
}

#[test]
fn a_used_ticket_shown_a_third_time_is_noted_once() {
    let night = night(98);
    night.redeem(2);
    let count = || facts(&night.bar).iter().filter(|fact| matches!(fact, Fact::TicketShownAgain(_))).count();
    for (shown, noted) in [(1, 0), (2, 0), (3, 1), (4, 1), (5, 1)] {
        assert_eq!(night.check()["verdict"], "delivered");
        assert_eq!(count(), noted, "shown {shown} times");
    }
    assert!(matches!(last_fact(&night.bar), Fact::TicketShownAgain(shown) if shown.times == 3));
    night.bar.assert_whole();
}
