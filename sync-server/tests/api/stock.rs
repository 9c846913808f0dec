//! Stock and edited products: whatever order tills come in, head office comes to the same, and tells everybody.

use serde_json::{Value, json};
use shared::event::{
    ChainHead, ChainStarted, Edited, Fact, ParentChain, ProductEdited, SealedEvent, StockCounted, StockMoved,
    StockReason,
};
use shared::ids::ChainId;
use shared::merge::{Actor, Part, TagRemoval};
use shared::staff::Role;
use shared::sync::protocol::PullReply;

use super::support::{TestServer, TestTill, ok};

fn here(till: &TestTill<'_>) -> Actor {
    Actor { device: till.reply.device_id, chain: till.head.chain }
}

fn part(by: Actor, received_milli: u64, taken_milli: u64) -> Part {
    Part { by, received_milli, taken_milli }
}

/// A run that goes on from the one before.
fn restart(till: &mut TestTill<'_>, entropy_chain: u128) -> SealedEvent {
    let before = till.head;
    till.head = ChainHead::start(ChainId::from_uuid(uuid::Uuid::from_u128(entropy_chain)), Some(before.hash));
    let parent = ParentChain { chain: before.chain, seq: before.seq, hash: before.hash };
    let started = ChainStarted { app_version: "0.1.0".to_owned(), parent: Some(parent), ..ChainStarted::default() };
    till.write(&Fact::ChainStarted(started))
}

fn edit(till: &mut TestTill<'_>, price: Option<(i64, u64)>, add: &[&str], remove: Vec<TagRemoval>) -> SealedEvent {
    let edit = ProductEdited {
        product_id: till.product.product_id,
        name: None,
        price_minor: price.map(|(to, seen)| Edited { to, seen }),
        is_active: None,
        add_tags: add.iter().map(|tag| (*tag).to_owned()).collect(),
        remove_tags: remove,
    };
    till.write(&Fact::ProductEdited(edit))
}

fn stream(till: &TestTill<'_>, name: &str) -> Vec<Value> {
    let reply: PullReply = till.pull(&format!("stream={name}&limit=1000")).json().expect("items");
    reply.items.iter().map(|line| serde_json::from_str(line).expect("an item")).collect()
}

/// The last word of a stream on a key.
fn last(items: &[Value], key: &str) -> Value {
    let of_key = items.iter().rfind(|item| item["key"] == key);
    of_key.map_or(Value::Null, |item| item["value"].clone())
}

/// Two tills' stories, sent in pieces in the order given: 0 is the next piece of the bar, 1 of the terrace.
fn tell(order: &[usize]) -> Value {
    let server = TestServer::start();
    let (mut bar, mut terrace) = (server.till(0), server.till(1));
    let product_id = bar.product.product_id;
    let milli = |pieces: u64| pieces * 1_000;
    let count = |till: &mut TestTill<'_>, pieces: i64, round, seen: Vec<Part>| {
        let (counted_milli, seen_round) = (pieces * 1_000, round);
        till.write(&Fact::StockCounted(StockCounted { product_id, counted_milli, seen_round, seen }))
    };
    let (bar_run, terrace_run) = (here(&bar), here(&terrace));
    let moved = |reason, pieces| Fact::StockMoved(StockMoved { product_id, reason, quantity_milli: milli(pieces) });
    // The bar counts 24, sells two, edits, starts again, counts 40 knowing four of the terrace's, and sells one more.
    let mut first = vec![bar.started(), bar.opened()];
    first.push(count(&mut bar, 24, 0, vec![part(bar_run, 0, 0)]));
    first.push(bar.sale(2).0);
    first.push(edit(&mut bar, Some((6_500, 0)), &["nuevo"], Vec::new()));
    let mut second = vec![restart(&mut bar, 77)];
    let bar_again = here(&bar);
    second.push(count(&mut bar, 40, 1, vec![part(bar_again, 0, 0), part(terrace_run, milli(1), milli(4))]));
    second.push(bar.sale(1).0);
    // The terrace sells three, gets one, breaks one; then sells five that no count knew of, and edits in the same round.
    let mut third = vec![terrace.started(), terrace.opened(), terrace.sale(3).0];
    third.push(terrace.write(&moved(StockReason::Received, 1)));
    third.push(terrace.write(&moved(StockReason::Wasted, 1)));
    let mut fourth = vec![terrace.sale(5).0];
    server.advance(1_000);
    fourth.push(edit(&mut terrace, Some((7_000, 0)), &["happy hour"], Vec::new()));

    let mut pieces = [vec![first, second].into_iter(), vec![third, fourth].into_iter()];
    for who in order {
        let till = if *who == 0 { &bar } else { &terrace };
        let events = pieces[*who].next().expect("another piece");
        let (matched, _) = ok(&till.push(&events));
        assert_eq!(matched, events.last().expect("events").seq);
        // Sent again, nothing is counted again.
        ok(&till.push(&events));
    }
    let office = server.admin();
    let venue = format!("V:{}", bar.reply.venue.venue_id);
    let record = last(&stream(&terrace, &venue), &format!("stock/{product_id}"));
    let mut covers: Vec<_> = record["covers"].as_array().expect("runs").clone();
    covers.sort_by_key(|part| part["chain"].as_str().map(ToOwned::to_owned));
    let product = last(&stream(&bar, "T:cat"), &format!("product/{product_id}"));
    let listed = office.get("/v1/admin/stock");
    assert_eq!(listed["items"][0]["on_hand_milli"], record["on_hand_milli"], "{listed}");
    assert!(covers.iter().all(|part| part["chain"] != json!(bar_run.chain)), "an ended run is folded away: {record}");
    let taken: Vec<_> =
        covers.iter().map(|part| (part["received_milli"].clone(), part["taken_milli"].clone())).collect();
    let lost = office.get("/v1/admin/superseded-edits");
    let lost: Vec<_> = lost["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["lost"].clone(), one["kept"].clone()))
        .collect();
    assert_eq!(lost, [(json!(6_500), json!(7_000))]);
    json!([record["on_hand_milli"], taken.len(), product["price_minor"], product["tags"]])
}

#[test]
fn stock_and_edits_come_to_the_same_in_whatever_order_tills_come() {
    // 40 counted, one sold since, five that the count did not know of.
    let expected = json!([34_000, 2, 7_000, ["happy hour", "nuevo"]]);
    for order in [[0, 0, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0]] {
        assert_eq!(tell(&order), expected, "{order:?}");
    }
}

#[test]
fn head_office_s_price_stands_over_an_edit_that_did_not_know_it() {
    let server = TestServer::start();
    let (mut bar, office) = (server.till(0), server.admin());
    bar.staff = server.hire("Marta", &[Role::Manager]);
    let product_id = bar.product.product_id;
    let path = format!("/v1/admin/products/{product_id}");
    let mut changed = office.get("/v1/admin/products")["items"][0].clone();
    changed["price_minor"] = json!(6_990);
    let answer = office.send(reqwest::Method::PUT, &path, Some(&changed));
    assert_eq!(answer.status(), 200);
    let (started, stale) = (bar.started(), edit(&mut bar, Some((4_000, 0)), &[], Vec::new()));
    let (_, codes) = ok(&bar.push(&[started, stale]));
    assert_eq!(codes, ["edit_superseded"]);
    let product = |bar: &TestTill<'_>| last(&stream(bar, "T:cat"), &format!("product/{product_id}"));
    assert_eq!(product(&bar)["price_minor"], 6_990);
    assert_eq!(product(&bar)["marks"]["price_minor"], json!({ "round": 1, "by": "office" }));
    // It has heard of it now, and may.
    let knowing = edit(&mut bar, Some((5_000, 1)), &["oferta"], Vec::new());
    let (_, codes) = ok(&bar.push(std::slice::from_ref(&knowing)));
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!((&product(&bar)["price_minor"], &product(&bar)["tags"]), (&json!(5_000), &json!(["oferta"])));
    // What head office changes next leaves the tags where they are.
    let answer = office.send(reqwest::Method::PUT, &path, Some(&changed));
    assert_eq!(answer.status(), 200);
    assert_eq!((&product(&bar)["price_minor"], &product(&bar)["tags"]), (&json!(6_990), &json!(["oferta"])));
}
