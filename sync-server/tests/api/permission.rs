//! What somebody did at a till is asked again at head office: were they allowed? It counts whatever the answer.

use reqwest::Method;
use serde_json::json;
use shared::event::{Edited, Fact, ProductEdited, SealedEvent, Seen, StockMoved, StockReason};
use shared::ids::StaffId;
use shared::staff::Role;
use shared::sync::protocol::PullReply;

use super::support::{TestServer, TestTill, ok};

fn edit(till: &mut TestTill<'_>, to: i64, seen: u64) -> SealedEvent {
    let product_id = till.product.product_id;
    let price_minor = Some(Edited { to, seen });
    let (add_tags, remove_tags) = (Vec::new(), Vec::new());
    let edit = ProductEdited { product_id, name: None, price_minor, is_active: None, add_tags, remove_tags };
    till.write(&Fact::ProductEdited(edit))
}

fn delivery(till: &mut TestTill<'_>) -> SealedEvent {
    let product_id = till.product.product_id;
    till.write(&Fact::StockMoved(StockMoved { product_id, reason: StockReason::Received, quantity_milli: 12_000 }))
}

fn codes(till: &TestTill<'_>, events: &[SealedEvent]) -> Vec<String> {
    let (matched, codes) = ok(&till.push(events));
    assert_eq!(matched, till.head.seq, "nothing is refused");
    codes
}

fn price(server: &TestServer) -> i64 {
    server.admin().get("/v1/admin/products")["items"][0]["price_minor"].as_i64().expect("a price")
}

fn change(server: &TestServer, staff: StaffId, body: &serde_json::Value) {
    let answer = server.admin().send(Method::PUT, &format!("/v1/admin/staff/{staff}"), Some(body));
    assert_eq!(answer.status(), 200, "{:?}", answer.text());
}

fn head(till: &TestTill<'_>) -> u64 {
    till.pull("stream=T:cat").json::<PullReply>().expect("items").head_seq
}

#[test]
fn what_somebody_did_who_may_not_counts_and_is_flagged() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    for (role, to, expected) in [
        (Role::Manager, 6_100, vec![]),
        (Role::Supervisor, 6_200, vec!["not_permitted"]),
        (Role::Cashier, 6_300, vec!["not_permitted", "not_permitted"]),
    ] {
        till.staff = server.hire("Somebody", &[role]);
        let seen = u64::try_from((to - 6_100) / 100).expect("a round");
        let did = [edit(&mut till, to, seen), delivery(&mut till)];
        assert_eq!(codes(&till, &did), expected, "{role:?}");
        assert_eq!(price(&server), to, "it happened");
    }
    till.staff = StaffId::new(server.outside.now(), &*server.outside.entropy);
    let did = [edit(&mut till, 6_400, 3), delivery(&mut till)];
    assert_eq!(codes(&till, &did), ["staff_unknown", "staff_unknown"]);
    // Nobody knows them, and a sale is a sale.
    let sold = [till.sale(1).0];
    assert_eq!(codes(&till, &sold), Vec::<String>::new());
    till.staff = server.hire("Ana", &[Role::Auditor]);
    let sold = [till.sale(1).0];
    assert_eq!(codes(&till, &sold), ["not_permitted"], "who only looks does not sell");
    let note = till.pull(&format!("stream=D:{}", till.reply.device_id)).text().expect("items");
    assert!(note.contains("not_permitted"), "the till hears of it: {note}");
}

/// A night offline: what was done before head office changed its mind was allowed, and what the till could not know is
/// told apart from what it could.
#[test]
fn whoever_was_allowed_then_was_allowed() {
    let server = TestServer::start();
    let mut till = server.till(0);
    till.staff = server.hire("Marta", &[Role::Manager]);
    till.seen = Seen(head(&till), 0);
    let before = [till.started(), till.opened(), edit(&mut till, 6_100, 0), till.sale(1).0];
    server.advance(60_000);
    change(&server, till.staff, &json!({ "name": "Marta", "roles": ["cashier"], "is_active": true }));
    server.advance(60_000);
    let unheard = [edit(&mut till, 6_200, 1), till.sale(1).0];
    till.seen = Seen(head(&till), 0);
    let heard = [edit(&mut till, 6_300, 2), till.sale(1).0];
    assert_eq!(codes_of(&till, &before), Vec::<String>::new());
    assert_eq!(codes_of(&till, &unheard), ["permission_withdrawn"]);
    assert_eq!(codes_of(&till, &heard), ["not_permitted"]);
    change(&server, till.staff, &json!({ "name": "Marta", "roles": ["cashier"], "is_active": false }));
    server.advance(60_000);
    let gone = [till.sale(1).0];
    assert_eq!(codes_of(&till, &gone), ["permission_withdrawn"], "who left sells no more");
    assert_eq!(price(&server), 6_300);
}

fn codes_of(till: &TestTill<'_>, events: &[SealedEvent]) -> Vec<String> {
    ok(&till.push(events)).1
}
