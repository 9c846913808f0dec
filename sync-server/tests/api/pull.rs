use reqwest::Method;
use serde_json::json;
use shared::event::Hash;
use shared::ids::LogId;
use shared::sync::protocol::PullReply;
use shared::sync::stream::Cursor;

use super::support::{TestServer, TestTill, problem};

fn query(cursor: &Cursor, limit: usize) -> String {
    format!("stream=T:cat&log_id={}&seq={}&hash={}&limit={limit}", cursor.log_id, cursor.seq, cursor.hash)
}

#[test]
fn a_stream_is_dense_and_its_hash_rolls_along() {
    let server = TestServer::start();
    let till = server.till(0);
    let first: PullReply = till.pull("stream=T:cat&limit=2").json().expect("items");
    assert_eq!(first.items.len(), 2);
    let mut cursor = Cursor::start(first.log_id);
    for line in &first.items {
        cursor.read(line).expect("the next one");
    }
    let mut kinds = Vec::new();
    loop {
        let reply: PullReply = till.pull(&query(&cursor, 2)).json().expect("items");
        for line in &reply.items {
            let item = cursor.read(line).expect("the next one");
            kinds.push(item.key.split('/').next().unwrap_or_default().to_owned());
        }
        if reply.items.is_empty() {
            assert_eq!(cursor.seq, reply.head_seq, "to the very end, at any page size");
            break;
        }
    }
    assert_eq!(kinds, ["product", "register", "register", "device"]);
}

#[test]
fn a_change_at_head_office_is_the_next_item() {
    let server = TestServer::start();
    let till = server.till(0);
    let before: PullReply = till.pull("stream=T:cat").json().expect("items");
    let mut cursor = Cursor::start(before.log_id);
    before.items.iter().for_each(|line| drop(cursor.read(line).expect("the next one")));
    let product = &server.company.product;
    let path = format!("/v1/admin/products/{}", product.product_id);
    let mut body = serde_json::to_value(product).expect("JSON");
    body["price_minor"] = json!(6_490);
    assert_eq!(server.admin().send(Method::PUT, &path, Some(&body)).status(), 200);
    let after: PullReply = till.pull(&query(&cursor, 10)).json().expect("items");
    assert_eq!(after.items.len(), 1);
    let item = cursor.read(&after.items[0]).expect("the next one");
    assert!(item.value.get().contains("\"price_minor\":6490"));
}

#[test]
fn a_cursor_of_another_history_is_gone() {
    let server = TestServer::start();
    let till = server.till(0);
    let reply: PullReply = till.pull("stream=T:cat").json().expect("items");
    let mut cursor = Cursor::start(reply.log_id);
    reply.items.iter().for_each(|line| drop(cursor.read(line).expect("the next one")));
    let other_log = Cursor { log_id: LogId::new(server.outside.now(), &*server.outside.entropy), ..cursor };
    let other_hash = Cursor { hash: Hash::from_bytes([1; 32]), ..cursor };
    let too_far = Cursor { seq: cursor.seq + 1, ..cursor };
    let endless = Cursor { seq: u64::MAX, ..cursor };
    for gone in [other_log, other_hash, too_far, endless] {
        problem(till.pull(&query(&gone, 10)), 410, "cursor_gone");
    }
    problem(till.pull("stream=T:cat&seq=3"), 410, "cursor_gone");
    assert_eq!(till.pull(&query(&cursor, 10)).status(), 200);
}

#[test]
fn a_till_follows_its_own_company_and_venue_only() {
    let server = TestServer::start();
    let (ours, theirs) = (server.till(0), TestTill::enrol(&server, &server.other, 0));
    assert_eq!(ours.pull(&format!("stream=V:{}", server.company.venue_id)).status(), 200);
    problem(ours.pull(&format!("stream=V:{}", server.other.venue_id)), 404, "not_found");
    let canary = server.company.product.product_id.to_string();
    let seen: PullReply = theirs.pull("stream=T:cat").json().expect("items");
    assert!(seen.items.iter().all(|line| !line.contains(&canary)));
    let seen: PullReply = ours.pull("stream=T:cat").json().expect("items");
    assert!(seen.items.iter().any(|line| line.contains(&canary)));
}

#[test]
fn streams_that_are_none_are_not_found() {
    let server = TestServer::start();
    let till = server.till(0);
    for stream in ["T:ledger", "V:7", "", "D:1"] {
        problem(till.pull(&format!("stream={stream}")), 404, "not_found");
    }
    problem(till.pull("seq=1"), 400, "malformed");
    problem(till.pull("stream=T:cat&seq=minus"), 400, "malformed");
    problem(till.pull("stream=T:cat&hash=zz"), 400, "malformed");
}
