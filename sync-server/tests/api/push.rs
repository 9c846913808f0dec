use reqwest::Method;
use serde_json::{Value, json};
use shared::event::{ChainHead, ChainStarted, Fact, Hash, ParentChain, sign_head};
use shared::ids::ChainId;
use shared::sync::protocol::{MAX_BATCH_EVENTS, PushBatch, PushReply, PushResult};

use super::support::{TestServer, TestTill, ok, problem};

#[test]
fn what_a_till_wrote_is_held_and_proved_by_its_hash() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(2).0];
    let result = till.push(&events);
    let PushResult::Ok { matched_seq, matched_hash, notes, .. } = &result else { panic!("{result:?}") };
    assert_eq!((*matched_seq, *matched_hash, notes.len()), (3, till.head.hash, 0));
    assert_eq!(till.push(&events), result, "the same batch again is the same answer");
    let chain = till.head.chain;
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 3);
}

#[test]
fn a_batch_that_overlaps_is_held_from_where_it_is_new() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0, till.sale(2).0];
    assert_eq!(ok(&till.push(&events[..2])).0, 2);
    assert_eq!(ok(&till.push(&events[1..])).0, 4);
}

#[test]
fn several_batches_go_in_one_request() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    let batches = events.chunks(1).map(|chunk| till.batch(chunk)).collect();
    let reply: PushReply = till.post(&TestTill::request_of(batches)).json().expect("an answer");
    assert_eq!(reply.results.iter().map(|result| ok(result).0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(reply.log_id, till.reply.log_id);
}

#[test]
fn a_hole_is_a_gap_and_nothing_is_held() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    let chain = till.head.chain;
    assert_eq!(till.push(&events[2..]), PushResult::Gap { chain, have_seq: 0, have_hash: Hash::ZERO });
    till.push(&events[..1]);
    let have_hash = events[0].hash;
    assert_eq!(till.push(&events[2..]), PushResult::Gap { chain, have_seq: 1, have_hash });
}

#[test]
fn a_forked_chain_is_kept_with_both_its_ends() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let stem = [till.started(), till.opened()];
    let at = till.head;
    let ours = [till.sale(1).0, till.sale(2).0];
    let our_head = till.head;
    till.head = at;
    let theirs = [till.sale(3).0, till.sale(4).0, till.sale(5).0];
    till.push(&stem);
    till.push(&ours);
    let chain = at.chain;
    assert_eq!(till.push(&theirs[..1]), PushResult::Fork { chain, verified_through: 2 });
    assert_eq!(ok(&till.push(&theirs[..1])).1, ["forked", "forked"], "held now, and said so");
    assert_eq!(ok(&till.push(&theirs[1..])).0, 5);
    till.head = our_head;
    let more = till.sale(6).0;
    assert_eq!(ok(&till.push(&[more])), (5, vec![]), "the first branch goes on untouched");
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 8);
    let totals = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21");
    assert_eq!(totals["totals"]["sales"], 6, "sales on both branches happened");
}

#[test]
fn a_fork_of_a_fork_names_the_stem() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let stem = [till.started(), till.opened()];
    let at = till.head;
    let ours = [till.sale(1).0];
    till.head = at;
    let theirs = [till.sale(2).0, till.sale(3).0];
    let third = {
        till.head = theirs[0].head();
        [till.sale(4).0]
    };
    till.push(&stem);
    till.push(&ours);
    till.push(&theirs);
    assert_eq!(till.push(&third), PushResult::Fork { chain: at.chain, verified_through: 2 });
}

#[test]
fn a_chain_that_never_met_ours_is_asked_for_from_the_start() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    till.push(&events);
    let mut stray = till.batch(&events[2..]);
    stray.prev_hash = Hash::from_bytes([7; 32]);
    let reply: PushReply = till.post(&TestTill::request_of(vec![stray])).json().expect("an answer");
    let have_hash = events[0].hash;
    assert_eq!(reply.results[0], PushResult::Gap { chain: till.head.chain, have_seq: 1, have_hash });
}

#[test]
fn changed_bytes_are_refused_and_kept() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    let mut batch = till.batch(&events);
    batch.events[2] = batch.events[2].replace("5990", "5991");
    problem(till.post(&TestTill::request_of(vec![batch])), 422, "unprocessable");
    let chain = till.head.chain;
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 0);
    assert_eq!(server.ask(async |tx| tx.count_intake().await.expect("a count")), 1);
}

#[test]
fn a_chain_begins_with_its_start() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.opened()];
    problem(till.post(&TestTill::request_of(vec![till.batch(&events)])), 422, "unprocessable");
}

#[test]
fn nobody_writes_another_s_chain() {
    let server = TestServer::start();
    let (mut ours, mut theirs) = (server.till(0), server.till(1));
    let first = ours.started();
    ours.push(&[first]);
    theirs.head = ours.head;
    let event = theirs.sale(1).0;
    problem(theirs.post(&TestTill::request_of(vec![theirs.batch(&[event])])), 403, "forbidden");
}

#[test]
fn another_company_s_chain_is_not_even_known() {
    let server = TestServer::start();
    let mut ours = server.till(0);
    let first = ours.started();
    ours.push(&[first]);
    let mut theirs = TestTill::enrol(&server, &server.other, 0);
    theirs.head = ours.head;
    let event = theirs.sale(1).0;
    let chain = ours.head.chain;
    assert_eq!(theirs.push(&[event]), PushResult::Gap { chain, have_seq: 0, have_hash: Hash::ZERO });
}

#[test]
fn nonsense_is_flagged_and_holds_nothing_back() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    let (event, mut sale) = till.sale(1);
    assert_eq!(ok(&till.push(&[event])).1, Vec::<String>::new());
    let again = till.write(&Fact::SaleCompleted(sale.clone()));
    assert_eq!(ok(&till.push(&[again])).1, ["sale_repeated"]);
    sale.sale_id = shared::ids::SaleId::new(server.outside.now(), &*server.outside.entropy);
    sale.totals.total_minor += 1;
    let wrong = till.write(&Fact::SaleCompleted(sale.clone()));
    assert_eq!(ok(&till.push(&[wrong])).1, ["totals_mismatch", "settlement_mismatch"]);
    sale.sale_id = shared::ids::SaleId::new(server.outside.now(), &*server.outside.entropy);
    sale.totals.total_minor = i64::MAX;
    let absurd = till.write(&Fact::SaleCompleted(sale));
    assert_eq!(ok(&till.push(&[absurd])).1, ["amount_implausible"]);
    let fine = till.sale(1).0;
    assert_eq!(ok(&till.push(&[fine])), (7, vec![]));
}

#[test]
fn events_from_the_future_and_broken_ones_are_kept_aside() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let first = till.started();
    let origin = till.origin();
    let body = |kind: &str, schema: u16, payload: &str| {
        format!(
            r#""hlc":1,"up_ms":0,"type":"{kind}","schema":{schema},"actor":null,"session":null,"seen":[0,0],"payload":{payload}}}"#
        )
    };
    let future = till.head.follow(&origin, &body("wallet.charged", 3, "{}"));
    let wrong = future.head().follow(&origin, &body("sale.completed", 1, r#"{"sale_id":7}"#));
    let garbage = wrong.head().follow(&origin, "this is no envelope");
    let other =
        garbage.head().follow(&origin, &format!(r#""tenant":"{}",{}"#, server.other.tenant_id, body("x", 1, "{}")));
    let result = till.push(&[first, future, wrong, garbage, other]);
    let (seq, codes) = ok(&result);
    assert_eq!(seq, 5);
    assert_eq!(codes, ["type_unknown", "payload_unreadable", "envelope_unreadable", "envelope_unreadable"]);
}

#[test]
fn a_copied_disk_shows_by_its_second_child() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let first = till.started();
    till.push(&[first]);
    let parent = till.head;
    for expected in [vec![], vec!["device_cloned".to_owned()]] {
        let chain = ChainId::new(server.outside.now(), &*server.outside.entropy);
        till.head = ChainHead::start(chain, Some(parent.hash));
        let parent = Some(ParentChain { chain: parent.chain, seq: parent.seq, hash: parent.hash });
        let started = ChainStarted { app_version: "0.1.0".to_owned(), parent, ..ChainStarted::default() };
        let event = till.write(&Fact::ChainStarted(started));
        assert_eq!(ok(&till.push(&[event])), (1, expected));
    }
}

#[test]
fn a_ticket_handed_over_twice_is_flagged_and_told_to_the_venue() {
    let server = TestServer::start();
    let (mut seller, mut bar) = (server.till(0), server.till(1));
    let events = [seller.started(), seller.opened()];
    seller.push(&events);
    let (event, sale) = seller.sale(2);
    seller.push(&[event]);
    let begin = [bar.started(), bar.opened()];
    bar.push(&begin);
    let first = bar.redeemed(&sale.tickets[0], 2);
    assert_eq!(ok(&bar.push(&[first])).1, Vec::<String>::new());
    let second = seller.redeemed(&sale.tickets[0], 1);
    assert_eq!(ok(&seller.push(&[second])).1, ["over_redeemed"]);
    let mut forged = sale.tickets[0].clone();
    forged.code = forged.code.replace("T1", "T1A");
    let third = bar.redeemed(&forged, 1);
    assert_eq!(ok(&bar.push(&[third])).1, ["ticket_unverified"]);
    let pulled: Value = bar.pull(&format!("stream=V:{}", server.company.venue_id)).json().expect("items");
    assert_eq!(pulled["items"].as_array().map(Vec::len), Some(3), "all of it happened");
}

#[test]
fn too_much_at_once_is_refused_before_it_is_unpacked() {
    let server = TestServer::start();
    let till = server.till(0);
    let bomb = zstd::encode_all(&vec![b' '; 64 * 1024 * 1024][..], 19).expect("zstd");
    assert!(bomb.len() < 100_000, "the bomb is small");
    problem(till.send(&till.signed(Method::POST, "/v1/push", bomb)), 413, "too_large");
    let batch = PushBatch {
        chain: till.head.chain,
        first_seq: 1,
        prev_hash: Hash::ZERO,
        events: vec![String::new(); MAX_BATCH_EVENTS + 1],
        head_signature: sign_head(&till.head, &till.key),
    };
    problem(till.post(&TestTill::request_of(vec![batch])), 413, "too_large");
}

#[test]
fn bodies_that_are_no_push_are_refused_and_kept() {
    let server = TestServer::start();
    let till = server.till(0);
    let whole = zstd::encode_all(&b"{\"proto\":1,\"log_id\":null,\"batches\":[]}"[..], 1).expect("zstd");
    let pack = |plain: &[u8]| zstd::encode_all(plain, 1).expect("zstd");
    let bodies = [
        whole[..whole.len() - 3].to_vec(),
        b"not zstd at all".to_vec(),
        pack(b"\xff\xfe{}"),
        pack(b"{\"proto\":\"one\",\"batches\":7}"),
        pack("[".repeat(100_000).as_bytes()),
        Vec::new(),
    ];
    let count = bodies.len() as u64;
    for body in bodies {
        problem(till.send(&till.signed(Method::POST, "/v1/push", body)), 422, "unprocessable");
    }
    assert_eq!(server.ask(async |tx| tx.count_intake().await.expect("a count")), count);
    let old = json!({ "proto": 2, "log_id": null, "batches": [] }).to_string();
    problem(till.send(&till.signed(Method::POST, "/v1/push", pack(old.as_bytes()))), 426, "upgrade_required");
}

#[test]
fn numbers_no_chain_has_are_refused() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let event = till.started();
    for first_seq in [0, u64::MAX, i64::MAX.unsigned_abs()] {
        let mut batch = till.batch(std::slice::from_ref(&event));
        batch.first_seq = first_seq;
        problem(till.post(&TestTill::request_of(vec![batch])), 400, "malformed");
    }
}

/// However a bad line repeats, overlaps and reorders them, a till's events end up held once each.
#[test]
fn batches_in_any_order_and_however_often_come_to_the_same_night() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let mut events = vec![till.started(), till.opened()];
    events.extend((1..=20).map(|pieces| till.sale(pieces).0));
    let mut held = 0_u64;
    let mut tries = 0;
    while held < events.len() as u64 {
        tries += 1;
        let [from, len] = server.outside.random::<2>().map(usize::from);
        // Mostly near the end of what is held, sometimes anywhere.
        let near = usize::try_from(held).expect("small");
        let from = if from % 4 == 0 { from % events.len() } else { near.saturating_sub(from % 3) };
        let to = (from + 1 + len % 5).min(events.len());
        let (first, last) = (from as u64 + 1, to as u64);
        match till.push(&events[from..to]) {
            PushResult::Ok { matched_seq, matched_hash, notes, .. } => {
                assert!(first <= held + 1 && notes.is_empty());
                assert_eq!((matched_seq, matched_hash), (last, events[to - 1].hash));
                held = held.max(last);
            }
            PushResult::Gap { have_seq, have_hash, .. } => {
                assert!(first > held + 1, "only what is missing is a gap");
                assert_eq!(have_seq, held);
                assert_eq!(have_hash, if held == 0 { Hash::ZERO } else { events[near - 1].hash });
            }
            PushResult::Fork { .. } => panic!("one till, one history"),
        }
        assert!(tries < 1_000, "it ends");
    }
    let totals = &server.admin().get("/v1/admin/day-totals?business_date=2026-11-21")["totals"];
    assert_eq!((&totals["sales"], &totals["total_minor"]), (&json!(20), &json!(210 * 5_990)));
}

/// Pushes that meet share a commit; a refused one among them costs the others nothing.
#[test]
fn pushes_that_meet_are_each_answered_for_themselves() {
    let server = TestServer::start();
    let (mut ours, mut theirs) = (server.till(0), server.till(1));
    let (a, b) = ([ours.started(), ours.opened()], [theirs.started(), theirs.opened()]);
    ours.push(&a);
    theirs.push(&b);
    let good: Vec<_> = (0..20).map(|_| ours.sale(1).0).collect();
    let sale = theirs.sale(1).0;
    let mut bad = theirs.batch(&[sale]);
    bad.head_signature = sign_head(&ours.head, &ours.key);
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| {
            for _ in 0..20 {
                problem(theirs.post(&TestTill::request_of(vec![bad.clone()])), 422, "unprocessable");
            }
        });
        for event in &good {
            assert_eq!(ok(&ours.push(std::slice::from_ref(event))), (event.seq, vec![]));
        }
        refused.join().expect("each is refused");
    });
    let chain = ours.head.chain;
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 22);
    let chain = theirs.head.chain;
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 2);
}
