//! Tickets handed over, taken back and withdrawn, as head office learns of it; and asked about before.

use std::sync::Barrier;
use std::thread;

use reqwest::Method;
use serde_json::Value;
use shared::event::{Fact, IssuedTicket, TicketShownAgain};
use shared::ids::RedemptionId;
use shared::staff::Role;
use shared::sync::redeem::{RedeemDecision, RedeemRefusal, RedeemReply, RedeemRequest};
use shared::ticket::RedeemedLine;
use sync_server::app::verify::verify;
use uuid::Uuid;

use super::support::{TestServer, TestTill, date, ok, problem};

fn id(number: u128) -> RedemptionId {
    RedemptionId::from_uuid(Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0000 + number))
}

/// A seller and a bar, and a ticket of two.
fn sold(server: &TestServer) -> (TestTill<'_>, TestTill<'_>, IssuedTicket) {
    let (mut seller, mut bar) = (server.till(0), server.till(1));
    let (event, sale) = {
        let begin = [seller.started(), seller.opened()];
        seller.push(&begin);
        seller.sale(2)
    };
    seller.push(&[event]);
    let begin = [bar.started(), bar.opened()];
    bar.push(&begin);
    for till in [&mut seller, &mut bar] {
        till.staff = server.hire("Marta", &[Role::Manager]);
    }
    (seller, bar, sale.tickets[0].clone())
}

fn keys(till: &TestTill<'_>, server: &TestServer) -> Vec<String> {
    let pulled: Value = till.pull(&format!("stream=V:{}", server.company.venue_id)).json().expect("items");
    let items = pulled["items"].as_array().expect("items").iter();
    let item = |item: &Value| serde_json::from_str::<Value>(item.as_str().expect("a line")).expect("an item");
    items.map(|line| item(line)["key"].as_str().expect("a key").to_owned()).collect()
}

fn assert_sound(server: &TestServer) {
    let scratch = tempfile::tempdir().expect("a directory");
    let report =
        server.with_tenant(async |tenant| verify(tenant, scratch.path(), &server.outside).await.expect("read"));
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn what_was_taken_back_may_be_handed_over_again() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let handed = [bar.redeemed_as(id(1), &ticket, 2), bar.undone(id(1), &ticket, true)];
    assert_eq!(ok(&bar.push(&handed)).1, Vec::<String>::new());
    let again = [seller.redeemed_as(id(2), &ticket, 2)];
    assert_eq!(ok(&seller.push(&again)).1, Vec::<String>::new(), "it is owed again");
    let third =
        [bar.redeemed_as(id(3), &ticket, 1), bar.undone(id(3), &ticket, false), bar.undone(id(3), &ticket, false)];
    assert_eq!(ok(&bar.push(&third)).1, ["over_redeemed"], "and no third time; taken back twice is taken back");
    let [one, two, three] = [1, 2, 3].map(|n| format!("redemption/{}", id(n)));
    let undo = |n| format!("undo/{}", id(n));
    assert_eq!(keys(&bar, &server), [one, undo(1), two, three, undo(3)], "the venue hears all of it");
    assert_sound(&server);
}

#[test]
fn taking_back_what_nobody_handed_over_or_somebody_else_did_is_flagged() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let early = [bar.undone(id(7), &ticket, false)];
    assert_eq!(ok(&bar.push(&early)).1, ["redemption_unknown"]);
    let late = [seller.redeemed_as(id(7), &ticket, 2)];
    assert_eq!(ok(&seller.push(&late)).1, Vec::<String>::new(), "it is heard of at last, and counts for nothing");
    let other = [bar.redeemed_as(id(8), &ticket, 2)];
    assert_eq!(ok(&bar.push(&other)).1, Vec::<String>::new());
    bar.staff = server.hire("Berta", &[Role::Bartender]);
    let stolen = [bar.undone(id(8), &ticket, true)];
    assert_eq!(ok(&bar.push(&stolen)).1, ["undo_not_own"]);
    let mine = [seller.redeemed_as(id(9), &ticket, 2)];
    assert_eq!(ok(&seller.push(&mine)).1, Vec::<String>::new());
    let unasked = [bar.undone(id(9), &ticket, false)];
    assert_eq!(ok(&bar.push(&unasked)).1, ["not_permitted"], "a bartender asks the manager");
    assert_sound(&server);
}

#[test]
fn a_withdrawn_ticket_that_is_handed_over_is_flagged_and_one_withdrawn_too_late_too() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let begun = [bar.redeemed_as(id(1), &ticket, 1)];
    bar.push(&begun);
    let withdrawn = [seller.voided(&ticket)];
    assert_eq!(ok(&seller.push(&withdrawn)).1, Vec::<String>::new());
    let unheard = [bar.redeemed_as(id(2), &ticket, 1)];
    assert_eq!(ok(&bar.push(&unheard)).1, ["redeemed_void"]);
    let late = [seller.voided(&ticket)];
    assert_eq!(ok(&seller.push(&late)).1, ["void_after_delivery"]);
    let told = keys(&bar, &server);
    assert_eq!(told.iter().filter(|key| key.starts_with("void/")).count(), 1, "once is enough: {told:?}");
    let mut forged = ticket.clone();
    forged.code = forged.code.replace("T1", "T1A");
    let false_one = [seller.voided(&forged)];
    assert_eq!(ok(&seller.push(&false_one)).1, ["ticket_unverified"]);
    bar.staff = server.hire("Berta", &[Role::Bartender]);
    let unasked = [bar.voided(&ticket)];
    assert_eq!(ok(&bar.push(&unasked)).1, ["void_after_delivery", "not_permitted"]);
    assert_sound(&server);
}

#[test]
fn a_used_ticket_shown_again_and_again_is_looked_at() {
    let server = TestServer::start();
    let (_, mut bar, ticket) = sold(&server);
    let shown = |code: String| {
        let (ticket_id, shown_at) = (ticket.ticket_id, server.outside.now());
        Fact::TicketShownAgain(TicketShownAgain { ticket_id, times: 3, shown_at, code })
    };
    let events = [bar.write(&shown(ticket.code.clone())), bar.write(&shown("T1AAAA".to_owned()))];
    assert_eq!(ok(&bar.push(&events)).1, ["shown_again", "ticket_unverified"]);
    assert_sound(&server);
}

fn question(till: &TestTill<'_>, number: u128, ticket: &IssuedTicket, quantity: u8) -> RedeemRequest {
    RedeemRequest {
        redemption_id: id(number),
        code: ticket.code.clone(),
        lines: vec![RedeemedLine { line_no: 1, quantity }],
        business_date: date(),
        staff_id: Some(till.staff),
        recorded: Vec::new(),
    }
}

fn send(till: &TestTill<'_>, request: &RedeemRequest) -> reqwest::blocking::Response {
    let body = serde_json::to_vec(request).expect("JSON");
    till.send(&till.signed(Method::POST, "/v1/redeem", body))
}

/// Why not; nothing when it may.
fn asked(till: &TestTill<'_>, request: &RedeemRequest) -> Option<RedeemRefusal> {
    let reply: RedeemReply = send(till, request).json().expect("an answer");
    assert_eq!(reply.redemption_id, request.redemption_id);
    match reply.decision {
        RedeemDecision::Accepted => None,
        RedeemDecision::Refused { reason, .. } => Some(reason),
    }
}

#[test]
fn a_promise_counts_at_once_and_is_not_counted_twice_when_its_event_comes() {
    let server = TestServer::start();
    let (seller, mut bar, ticket) = sold(&server);
    let first = question(&bar, 1, &ticket, 1);
    assert_eq!(asked(&bar, &first), None);
    assert_eq!(asked(&seller, &question(&seller, 2, &ticket, 2)), Some(RedeemRefusal::InReview));
    assert_eq!(asked(&seller, &question(&seller, 3, &ticket, 1)), None, "one is left");
    assert_eq!(
        asked(&bar, &RedeemRequest { recorded: vec![id(1)], ..question(&bar, 4, &ticket, 1) }),
        Some(RedeemRefusal::InReview)
    );
    let told = [bar.redeemed_as(id(1), &ticket, 1)];
    assert_eq!(ok(&bar.push(&told)).1, Vec::<String>::new());
    assert_eq!(asked(&bar, &first), None, "the same question gets the same answer");
    let request = RedeemRequest { recorded: vec![id(1)], ..question(&bar, 5, &ticket, 1) };
    assert_eq!(asked(&bar, &request), Some(RedeemRefusal::InReview), "the other's is still on its way");
    assert_sound(&server);
}

#[test]
fn the_same_question_gets_the_same_answer_also_when_it_was_no() {
    let server = TestServer::start();
    let (mut seller, bar, ticket) = sold(&server);
    let poured = [seller.redeemed_as(id(1), &ticket, 2)];
    seller.push(&poured);
    let question = question(&bar, 2, &ticket, 1);
    assert_eq!(asked(&bar, &question), Some(RedeemRefusal::Delivered));
    let back = [seller.undone(id(1), &ticket, true)];
    seller.push(&back);
    assert_eq!(asked(&bar, &question), Some(RedeemRefusal::Delivered), "whatever has become of it since");
    assert_eq!(
        asked(&bar, &RedeemRequest { redemption_id: id(3), ..question.clone() }),
        None,
        "a new question is a new one"
    );
    let lines = vec![RedeemedLine { line_no: 1, quantity: 2 }];
    problem(send(&bar, &RedeemRequest { lines, ..question.clone() }), 409, "conflict");
    problem(send(&seller, &question), 409, "conflict");
    assert_sound(&server);
}

#[test]
fn a_promise_whose_answer_was_lost_is_taken_back_by_the_next_question() {
    let server = TestServer::start();
    let (seller, bar, ticket) = sold(&server);
    assert_eq!(asked(&bar, &question(&bar, 5, &ticket, 2)), None, "and the till never hears of it");
    assert_eq!(asked(&seller, &question(&seller, 6, &ticket, 1)), Some(RedeemRefusal::InReview));
    assert_eq!(asked(&bar, &question(&bar, 7, &ticket, 1)), None);
    assert_eq!(asked(&bar, &question(&bar, 5, &ticket, 2)), Some(RedeemRefusal::InReview), "the old one is over");
    assert_eq!(asked(&bar, &question(&bar, 4, &ticket, 1)), None, "one that comes late takes nothing back");
    assert_eq!(asked(&seller, &question(&seller, 8, &ticket, 1)), Some(RedeemRefusal::InReview));
    assert_sound(&server);
}

#[test]
fn a_promise_nobody_heard_of_lapses_once_its_till_has_sent_everything_long_after() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let told = |unsent: u64| {
        let path = format!("stream=V:{}&unsent={unsent}", server.company.venue_id);
        assert_eq!(bar.pull(&path).status(), 200);
    };
    assert_eq!(asked(&bar, &question(&bar, 1, &ticket, 2)), None, "and the till never hears of it");
    let mut number = 10;
    let mut again = |expected: Option<RedeemRefusal>, why: &str| {
        number += 1;
        assert_eq!(asked(&seller, &question(&seller, number, &ticket, 2)), expected, "{why}");
    };
    again(Some(RedeemRefusal::InReview), "just now");
    server.advance(59_000);
    told(0);
    again(Some(RedeemRefusal::InReview), "it may still be handing over");
    server.advance(120_000);
    again(Some(RedeemRefusal::InReview), "nobody knows what that till wrote since");
    told(3);
    again(Some(RedeemRefusal::InReview), "what it has yet to send may be the hand-over");
    told(0);
    again(None, "it sent everything, and not that");
    assert_eq!(asked(&bar, &question(&bar, 1, &ticket, 2)), Some(RedeemRefusal::InReview), "the old promise is over");
    assert_sound(&server);

    let late = [bar.redeemed_as(id(1), &ticket, 2)];
    assert_eq!(ok(&bar.push(&late)).1, ["over_redeemed"], "it was promised to somebody else since");
    let promised = [seller.redeemed_as(id(number), &ticket, 2)];
    assert_eq!(ok(&seller.push(&promised)).1, Vec::<String>::new());
    let incidents = server.admin().get("/v1/admin/incidents");
    let incidents = incidents["items"].as_array().expect("a list");
    assert_eq!((incidents.len(), incidents[0]["kind"].as_str()), (1, Some("double")), "and a person is told");
    assert_sound(&server);
}

#[test]
fn who_was_promised_it_was_first_and_the_other_is_the_double() {
    for promised_is_heard_first in [true, false] {
        let server = TestServer::start();
        let (mut seller, mut bar, ticket) = sold(&server);
        assert_eq!(asked(&bar, &question(&bar, 1, &ticket, 2)), None);
        let (promised, unheard) = ([bar.redeemed_as(id(1), &ticket, 2)], [seller.redeemed_as(id(2), &ticket, 2)]);
        let mut heard = [(&bar, &promised, vec![]), (&seller, &unheard, vec!["over_redeemed"])];
        if !promised_is_heard_first {
            heard.reverse();
        }
        for (till, events, expected) in heard {
            assert_eq!(ok(&till.push(events)).1, expected);
        }
        assert_sound(&server);
    }
}

#[test]
fn what_may_not_be_handed_over_is_refused_for_its_own_reason() {
    let server = TestServer::start();
    let (mut seller, bar, ticket) = sold(&server);
    let ask = |number, change: &dyn Fn(&mut RedeemRequest)| {
        let mut request = question(&bar, number, &ticket, 1);
        change(&mut request);
        asked(&bar, &request)
    };
    let tomorrow = shared::time::BusinessDate::from_days(date().days() + 1);
    assert_eq!(ask(1, &|request| request.business_date = tomorrow), Some(RedeemRefusal::NotTonight));
    assert_eq!(ask(2, &|request| request.lines = Vec::new()), Some(RedeemRefusal::Nothing));
    assert_eq!(ask(3, &|request| request.code.push_str("AA")), Some(RedeemRefusal::Unverified));
    assert_eq!(ask(4, &|request| request.code = String::new()), Some(RedeemRefusal::Unverified));
    let withdrawn = [seller.voided(&ticket)];
    seller.push(&withdrawn);
    assert_eq!(ask(5, &|_| {}), Some(RedeemRefusal::Void));
    let body = bar.signed(Method::POST, "/v1/redeem", b"{}".to_vec());
    problem(bar.send(&body), 400, "malformed");
    let request = serde_json::to_vec(&question(&bar, 6, &ticket, 1)).expect("JSON");
    let (mine, theirs) = (
        bar.signed(Method::POST, "/v1/redeem", request.clone()),
        seller.signed(Method::POST, "/v1/redeem", b"{}".to_vec()),
    );
    problem(bar.send_as(&theirs, &mine), 401, "unauthenticated");
    assert_eq!(server.request(Method::POST, "/v1/redeem").body(request).send().expect("an answer").status(), 401);
}

/// Each ticket is asked for by everybody at once; one is told yes.
#[test]
fn of_forty_who_ask_for_the_same_ticket_at_once_one_may_hand_over() {
    const TICKETS: u128 = 25;
    const CLIENTS: u128 = 40;
    let server = TestServer::start();
    let mut seller = server.till(0);
    let begin = [seller.started(), seller.opened()];
    seller.push(&begin);
    let sales: Vec<_> = (0..TICKETS).map(|_| seller.sale(2)).collect();
    seller.push(&sales.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>());
    let bars = [seller, server.till(1)];
    let start = Barrier::new(usize::try_from(CLIENTS).expect("few"));
    let accepted: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (server, bars, sales, start) = (&server, &bars, &sales, &start);
                scope.spawn(move || {
                    let bar = &bars[usize::try_from(client % 2).expect("two")];
                    start.wait();
                    let of = |ticket: u128| &sales[usize::try_from(ticket).expect("few")].1.tickets[0];
                    // What others of the same till asked is not taken back: each says it is recorded.
                    let recorded: Vec<_> = (0..TICKETS * CLIENTS).map(|n| id(100 + n)).collect();
                    let asks = (0..TICKETS).map(|ticket| RedeemRequest {
                        recorded: recorded.clone(),
                        ..question(bar, 100 + ticket * CLIENTS + client, of(ticket), 2)
                    });
                    // So fast no till may ask for long: time passes for the limit of each.
                    asks.filter(|request| {
                        server.advance(50);
                        asked(bar, request).is_none()
                    })
                    .count()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("it asked")).sum()
    });
    assert_eq!(accepted, usize::try_from(TICKETS).expect("few"));
    assert_sound(&server);
}
