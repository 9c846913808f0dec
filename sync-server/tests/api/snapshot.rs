use std::collections::BTreeMap;

use serde_json::json;
use shared::event::Hash;
use shared::sync::protocol::{PullReply, SnapshotLine, SnapshotManifest};
use shared::sync::stream::{Cursor, Op, StreamName};
use sync_server::app::retention;
use sync_server::app::snapshot::Builder;
use sync_server::app::verify::verify;

use super::support::{TestServer, TestTill, ok, problem};

const DAY: i64 = 24 * 3_600 * 1000;

type Records = BTreeMap<String, String>;

fn manifest(till: &TestTill<'_>, stream: StreamName) -> SnapshotManifest {
    let answer = till.get(&format!("/v1/snapshot?stream={stream}"));
    assert_eq!(answer.status(), 200);
    let manifest: SnapshotManifest = answer.json().expect("a manifest");
    manifest.verify(&till.reply.tenant_key).expect("the company signed it");
    manifest
}

/// What a till holds that took a snapshot.
fn install(till: &TestTill<'_>, manifest: &SnapshotManifest) -> Records {
    let mut records = Records::new();
    for part in &manifest.parts {
        let answer = till.get(&format!("/v1/snapshot/{}", part.hash));
        assert_eq!(answer.status(), 200);
        let text = zstd::decode_all(answer.bytes().expect("a part").as_ref()).expect("zstd");
        let text = String::from_utf8(text).expect("text");
        assert_eq!((Hash::of_part(&text), text.len() as u64), (part.hash, part.bytes));
        for line in text.lines() {
            let SnapshotLine { key, value } = serde_json::from_str(line).expect("a record");
            records.insert(key, value.get().to_owned());
        }
    }
    assert_eq!(records.len() as u64, manifest.items);
    records
}

/// Pulls to the end.
fn follow(till: &TestTill<'_>, stream: StreamName, mut cursor: Cursor, mut records: Records) -> (Cursor, Records) {
    loop {
        let Cursor { log_id, seq, hash } = cursor;
        let reply = till.pull(&format!("stream={stream}&log_id={log_id}&seq={seq}&hash={hash}&limit=7"));
        assert_eq!(reply.status(), 200);
        let reply: PullReply = reply.json().expect("items");
        if reply.items.is_empty() {
            return (cursor, records);
        }
        for line in &reply.items {
            let item = cursor.read(line).expect("dense");
            match item.op {
                Op::Put => drop(records.insert(item.key, item.value.get().to_owned())),
                Op::Del => drop(records.remove(&item.key)),
            }
        }
    }
}

fn publish(server: &TestServer, keys: impl Iterator<Item = u32>) {
    server.change(async |tx| {
        for n in keys {
            let record = json!({ "n": n, "name": format!("Producto {n}") });
            tx.publish(StreamName::Catalog, format!("product/{:03}", n % 100), &record, None).await.expect("published");
        }
    });
}

#[test]
fn a_snapshot_and_what_came_after_are_the_whole_stream() {
    let server = TestServer::start();
    let till = server.till(0);
    publish(&server, 0..150);
    let early = manifest(&till, StreamName::Catalog);
    let at_early = install(&till, &early);
    publish(&server, 150..200);
    let start = Cursor::start(till.reply.log_id);
    let straight = follow(&till, StreamName::Catalog, start, Records::new());
    assert_eq!(follow(&till, StreamName::Catalog, early.cursor(), at_early), straight);
    let same = manifest(&till, StreamName::Catalog);
    assert_eq!(same, early, "a young one is good enough");
    server.advance(60_000);
    let late = manifest(&till, StreamName::Catalog);
    assert_eq!((late.cursor(), install(&till, &late)), straight, "built on the one before");
}

#[test]
fn an_empty_stream_has_an_empty_snapshot() {
    let server = TestServer::start();
    let till = server.till(0);
    let empty = manifest(&till, StreamName::Device(till.reply.device_id));
    assert_eq!((empty.cursor(), empty.items, empty.parts.len()), (Cursor::start(till.reply.log_id), 0, 0));
}

#[test]
fn what_is_old_and_covered_is_cut_and_a_cursor_from_before_is_gone() {
    let server = TestServer::start();
    let till = server.till(0);
    let builder = Builder::default();
    let round =
        || server.with_tenant(async |tenant| builder.keep_up(tenant, server.outside.now()).await.expect("kept"));
    publish(&server, 0..50);
    let old = manifest(&till, StreamName::Catalog);
    round();
    server.advance(DAY);
    publish(&server, 50..100);
    let second = manifest(&till, StreamName::Catalog);
    round();
    server.advance(29 * DAY);
    publish(&server, 100..120);
    let start = Cursor::start(till.reply.log_id);
    let straight = follow(&till, StreamName::Catalog, start, Records::new());
    assert_eq!(round().cut, old.seq - 1, "what stood there thirty days ago, less the item a cursor can stand on");
    let Cursor { log_id, seq, hash } = old.cursor();
    assert_eq!(follow(&till, StreamName::Catalog, old.cursor(), Records::new()).0, straight.0, "just on the edge");
    assert!(seq > 1 && hash != Hash::ZERO);
    problem(till.pull(&format!("stream=T:cat&log_id={log_id}&seq=0")), 410, "cursor_gone");
    problem(till.pull("stream=T:cat"), 410, "cursor_gone");
    let newest = manifest(&till, StreamName::Catalog);
    assert!(newest.seq > second.seq);
    assert_eq!((newest.cursor(), install(&till, &newest)), straight, "nothing was lost by cutting");
    let scratch = tempfile::tempdir().expect("a directory");
    let found = server.with_tenant(async |tenant| verify(tenant, scratch.path(), &server.outside).await);
    let found = found.expect("a report");
    assert!(found.is_sound(), "{found:?}");
    let catalog = found.streams.iter().find(|checked| checked.stream == StreamName::Catalog).expect("the catalogue");
    assert_eq!((catalog.cut, catalog.items), (old.seq - 1, newest.seq - old.seq), "what is gone is said: {catalog:?}");
    assert_eq!(round().cut, 0);
}

#[test]
fn thirty_days_and_two_snapshots_are_kept() {
    let server = TestServer::start();
    let till = server.till(0);
    let builder = Builder::default();
    let round =
        || server.with_tenant(async |tenant| builder.keep_up(tenant, server.outside.now()).await.expect("kept"));
    publish(&server, 0..50);
    round();
    server.advance(40 * DAY);
    assert_eq!(round().cut, 0, "no snapshot, no cut");
    for day in 0..5 {
        publish(&server, 200 + day * 10..210 + day * 10);
        manifest(&till, StreamName::Catalog);
        round();
        server.advance(DAY);
    }
    let kept = server.ask(async |tx| {
        let snapshots = tx.list_snapshots(StreamName::Catalog).await.expect("a list");
        (snapshots.len(), tx.list_parts(StreamName::Catalog).await.expect("a list").len())
    });
    assert_eq!(kept, (2, 2), "older ones and their parts are gone");
}

#[test]
fn a_venue_s_tills_forget_redemptions_that_are_over_and_head_office_does_not() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let venue = StreamName::Venue(server.company.venue_id);
    let forget =
        || server.with_tenant(async |tenant| retention::forget(tenant, server.outside.now()).await.expect("done"));
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    let (event, sale) = till.sale(2);
    let first = till.redeemed(&sale.tickets[0], 1);
    till.push(&[event, first]);
    let known = || install(&till, &manifest(&till, venue)).keys().filter(|key| key.starts_with("redemption/")).count();
    assert_eq!((forget(), known()), (0, 1));
    server.advance(29 * DAY);
    assert_eq!((forget(), known()), (0, 1), "a month is kept");
    server.advance(2 * DAY);
    assert_eq!((forget(), known()), (1, 0), "and then it is over");
    assert_eq!(forget(), 0, "once");
    let start = Cursor::start(till.reply.log_id);
    let (_, records) = follow(&till, venue, start, Records::new());
    assert!(!records.keys().any(|key| key.starts_with("redemption/")), "who reads all of it comes to the same");
    // The ticket is spent all the same.
    let again = till.redeemed(&sale.tickets[0], 2);
    let notes = ok(&till.push(&[again])).1;
    assert!(notes.contains(&"over_redeemed".to_owned()), "{notes:?}");
}

#[test]
fn only_one_s_own_streams_and_parts_are_found() {
    let server = TestServer::start();
    let (till, colleague) = (server.till(0), server.till(1));
    let device = till.reply.device_id;
    server.change(async |tx| {
        tx.publish(StreamName::Device(device), "note/x/1".to_owned(), &json!([]), None).await.expect("published");
    });
    let own = manifest(&till, StreamName::Device(device));
    assert_eq!(install(&till, &own).len(), 1);
    problem(colleague.get(&format!("/v1/snapshot?stream=D:{device}")), 404, "not_found");
    problem(colleague.get(&format!("/v1/snapshot/{}", own.parts[0].hash)), 404, "not_found");
    problem(till.get(&format!("/v1/snapshot?stream=V:{}", server.other.venue_id)), 404, "not_found");
    for path in ["/v1/snapshot/zz", "/v1/snapshot/%F0%9F", "/v1/snapshot?stream=T:ledger", "/v1/snapshot?stream="] {
        problem(till.get(path), 404, "not_found");
    }
    problem(till.get("/v1/snapshot"), 400, "malformed");
}
