use reqwest::Method;
use serde_json::Value;
use shared::event::{ChainHead, Hash, Origin};
use shared::ids::{ChainId, LogId};
use shared::keys::PublicKey;
use shared::sync::protocol::{Hello, MAX_HELLO_CHAINS, OwnEvents, PullReply, Standing, StreamCursor};
use shared::sync::stream::{Cursor, StreamName};

use super::support::{TestServer, TestTill, problem};

const DAY: i64 = 24 * 3_600 * 1000;

fn chain(server: &TestServer) -> ChainId {
    ChainId::new(server.outside.now(), &*server.outside.entropy)
}

/// Builds the chain again from what the server gave back.
fn rebuilt(chain: ChainId, origin: &Origin, own: &OwnEvents, after: u64) -> ChainHead {
    let start = ChainHead { chain, seq: after, hash: own.prev_hash };
    own.events.iter().fold(start, |head, rest| head.follow(origin, rest).head())
}

#[test]
fn both_sides_say_what_they_hold() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    till.push(&events);
    let unknown = ChainHead { chain: chain(&server), seq: 9, hash: Hash::from_bytes([9; 32]) };
    let hello = Hello { chains: vec![unknown, till.head], ..till.hello() };
    let reply = till.greet(&hello);
    assert_eq!(
        (reply.log_id, reply.parent_logs.len(), reply.server_time),
        (till.reply.log_id, 0, server.outside.now())
    );
    let held: Vec<_> =
        reply.chains.iter().map(|held| (held.chain, held.have_seq, held.have_hash, held.branches)).collect();
    assert_eq!(held, [(unknown.chain, 0, Hash::ZERO, 0), (till.head.chain, 3, till.head.hash, 0)]);
    assert!(reply.others.is_empty() && reply.certificate.is_none() && !reply.recovering);
    assert!(reply.window >= 512);
}

#[test]
fn a_restored_till_learns_of_chains_it_forgot_and_gets_them_back() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let old = [till.started(), till.opened()];
    till.push(&old);
    let forgotten = ChainHead::start(chain(&server), Some(till.head.hash));
    let kept = std::mem::replace(&mut till.head, forgotten);
    let lost = [till.started(), till.sale(1).0, till.sale(2).0];
    till.push(&lost);
    let reply = till.greet(&Hello { chains: vec![kept], ..till.hello() });
    let others: Vec<_> = reply.others.iter().map(|other| (other.chain, other.head_seq, other.head_hash)).collect();
    assert_eq!(others, [(till.head.chain, 3, till.head.hash)]);
    let path = |chain, after, limit| format!("/v1/chains/{chain}/events?after={after}&limit={limit}");
    let own: OwnEvents = till.get(&path(till.head.chain, 0, 2)).json().expect("events");
    assert_eq!((own.prev_hash, own.events.len(), own.head_seq, own.head_hash), (kept.hash, 2, 3, till.head.hash));
    let half = rebuilt(till.head.chain, &till.origin(), &own, 0);
    assert_eq!(half, lost[1].head());
    let own: OwnEvents = till.get(&path(till.head.chain, 2, 500)).json().expect("events");
    assert_eq!(rebuilt(till.head.chain, &till.origin(), &own, 2), till.head);
    let own: OwnEvents = till.get(&path(till.head.chain, 3, 500)).json().expect("events");
    assert_eq!((own.prev_hash, own.events.len()), (till.head.hash, 0), "nothing more");
    problem(till.get(&path(till.head.chain, 4, 500)), 404, "not_found");
}

#[test]
fn both_histories_of_a_forked_chain_are_given_back_whole() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let stem = [till.started(), till.opened()];
    let at = till.head;
    let ours = [till.sale(1).0];
    let our_head = till.head;
    till.head = at;
    let theirs = [till.sale(2).0, till.sale(3).0];
    till.push(&stem);
    till.push(&ours);
    till.push(&theirs);
    let reply = till.greet(&till.hello());
    assert_eq!((reply.chains[0].have_seq, reply.chains[0].have_hash, reply.chains[0].branches), (3, our_head.hash, 1));
    for (branch, head) in [(0, our_head), (1, till.head)] {
        for after in 0..head.seq {
            let own = till.get(&format!("/v1/chains/{}/events?branch={branch}&after={after}", at.chain));
            let own: OwnEvents = own.json().expect("events");
            assert_eq!(rebuilt(at.chain, &till.origin(), &own, after), head, "branch {branch} after {after}");
        }
    }
    problem(till.get(&format!("/v1/chains/{}/events?branch=2", at.chain)), 404, "not_found");
}

#[test]
fn nobody_hears_of_another_s_chains() {
    let server = TestServer::start();
    let (mut ours, colleague) = (server.till(0), server.till(1));
    let theirs = TestTill::enrol(&server, &server.other, 0);
    let events = [ours.started(), ours.opened()];
    ours.push(&events);
    for stranger in [&colleague, &theirs] {
        let reply = stranger.greet(&Hello { chains: vec![ours.head], ..stranger.hello() });
        assert_eq!((reply.chains[0].have_seq, reply.chains[0].have_hash), (0, Hash::ZERO));
        assert!(reply.others.is_empty());
        let real = problem(stranger.get(&format!("/v1/chains/{}/events", ours.head.chain)), 404, "not_found");
        let none = problem(stranger.get(&format!("/v1/chains/{}/events", chain(&server))), 404, "not_found");
        assert_eq!(real, none, "one answer for what is another's and what is nobody's");
    }
}

#[test]
fn a_till_that_names_all_it_may_is_not_told_of_older_ones() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let mut heads = Vec::new();
    for _ in 0..=MAX_HELLO_CHAINS {
        server.advance(1_000);
        till.head = ChainHead::start(chain(&server), None);
        let started = till.started();
        till.push(&[started]);
        heads.insert(0, till.head);
    }
    let newest = heads[..MAX_HELLO_CHAINS].to_vec();
    assert!(till.greet(&Hello { chains: newest.clone(), ..till.hello() }).others.is_empty());
    let without = Hello { chains: newest[1..].to_vec(), ..till.hello() };
    assert_eq!(till.greet(&without).others[0].chain, newest[0].chain);
    let oldest = Hello { chains: heads[MAX_HELLO_CHAINS..].to_vec(), ..till.hello() };
    assert_eq!(till.greet(&oldest).others.len(), MAX_HELLO_CHAINS);
}

#[test]
fn a_certificate_is_renewed_half_way_and_every_till_hears_of_it() {
    let server = TestServer::start();
    let till = server.till(0);
    server.advance(6 * DAY);
    assert!(till.greet(&till.hello()).certificate.is_none());
    server.advance(2 * DAY);
    let renewed = till.greet(&till.hello()).certificate.expect("a new one");
    let certificate = renewed.verify(till.reply.tenant_id, &till.reply.tenant_key).expect("it holds");
    assert_eq!(certificate.public_key, PublicKey::of(&till.key));
    assert_eq!(certificate.offline_until, Some(server.outside.now().plus_millis(14 * DAY)));
    assert!(till.greet(&till.hello()).certificate.is_none(), "once is enough");
    let told: Value = till.pull("stream=T:cat").json().expect("items");
    let last = told["items"].as_array().and_then(|items| items.last()).and_then(Value::as_str).expect("an item");
    assert!(last.contains(&renewed.signature.to_string()));
}

#[test]
fn a_till_whose_certificate_is_over_hands_in_what_it_wrote_and_waits_for_head_office() {
    let server = TestServer::start();
    let mut till = server.till(0);
    server.advance(3 * 366 * 24 * 3_600 * 1000);
    let events = [till.started(), till.opened()];
    till.push(&events);
    problem(till.say(&till.hello()), 403, "certificate_expired");
    for path in ["/v1/pull?stream=T:cat", "/v1/bell?wait=0", "/v1/snapshot?stream=T:cat"] {
        problem(till.get(path), 403, "certificate_expired");
    }
    let path = format!("/v1/admin/tills/{}/certificate", till.reply.device_id);
    assert_eq!(server.admin().send(Method::POST, &path, None).status(), 200);
    assert!(till.greet(&till.hello()).certificate.is_some(), "told the one it has not seen");
}

/// Reads a stream to its end.
fn follow(till: &TestTill<'_>, stream: StreamName) -> Cursor {
    let reply: PullReply = till.pull(&format!("stream={stream}")).json().expect("items");
    let mut cursor = Cursor::start(reply.log_id);
    reply.items.iter().for_each(|line| drop(cursor.read(line).expect("the next one")));
    assert_eq!(cursor.seq, reply.head_seq);
    cursor
}

#[test]
fn a_hello_says_where_streams_end_and_what_the_cursors_named_are_worth() {
    let server = TestServer::start();
    let till = server.till(0);
    let cursor = follow(&till, StreamName::Catalog);
    let (venue, device) = (StreamName::Venue(server.company.venue_id), StreamName::Device(till.reply.device_id));
    let told = |cursors| {
        let reply = till.greet(&Hello { cursors, ..till.hello() });
        reply.streams.iter().map(|it| (it.stream, it.standing, it.head_seq, it.head_hash)).collect::<Vec<_>>()
    };
    let rest = [(venue, Standing::Unread, 0, Hash::ZERO), (device, Standing::Unread, 0, Hash::ZERO)];
    let catalog = |standing| {
        let head = (StreamName::Catalog, standing, cursor.seq, cursor.hash);
        rest.iter().copied().chain([head]).collect::<Vec<_>>()
    };
    let named = |cursor| vec![StreamCursor { stream: StreamName::Catalog, cursor }];
    assert_eq!(told(Vec::new()), catalog(Standing::Unread));
    assert_eq!(told(named(cursor)), catalog(Standing::Good));
    assert_eq!(told(named(Cursor::start(cursor.log_id))), catalog(Standing::Good), "behind, and of this history");
    let other_log = Cursor { log_id: LogId::new(server.outside.now(), &*server.outside.entropy), ..cursor };
    let other_hash = Cursor { hash: Hash::from_bytes([1; 32]), ..cursor };
    let (ahead, endless) = (Cursor { seq: cursor.seq + 1, ..cursor }, Cursor { seq: u64::MAX, ..cursor });
    for gone in [other_log, other_hash, ahead, endless] {
        assert_eq!(told(named(gone)), catalog(Standing::Gone), "{gone:?}");
    }
}

#[test]
fn a_hello_says_nothing_of_streams_that_are_not_the_till_s() {
    let server = TestServer::start();
    let (ours, theirs) = (server.till(0), TestTill::enrol(&server, &server.other, 0));
    let cursor = follow(&theirs, StreamName::Catalog);
    let real = StreamName::Venue(server.other.venue_id);
    let none = StreamName::Device(theirs.reply.device_id);
    let cursors = [real, none, real].map(|stream| StreamCursor { stream, cursor }).to_vec();
    let reply = ours.greet(&Hello { cursors, ..ours.hello() });
    let told: Vec<_> = reply.streams.iter().map(|it| (it.stream, it.standing, it.head_seq)).skip(3).collect();
    assert_eq!(told, [(real, Standing::Unknown, 0), (none, Standing::Unknown, 0)]);
}

#[test]
fn a_hello_that_renews_a_certificate_tells_of_the_catalogue_with_it() {
    let server = TestServer::start();
    let till = server.till(0);
    let before = follow(&till, StreamName::Catalog);
    server.advance(8 * DAY);
    let cursors = vec![StreamCursor { stream: StreamName::Catalog, cursor: before }];
    let reply = till.greet(&Hello { cursors, ..till.hello() });
    assert!(reply.certificate.is_some());
    let told = reply.streams.iter().find(|it| it.stream == StreamName::Catalog).expect("the catalogue");
    assert_eq!((told.standing, told.head_seq, told.head_hash), {
        let after = follow(&till, StreamName::Catalog);
        (Standing::Good, after.seq, after.hash)
    });
    assert_eq!(told.head_seq, before.seq + 1);
}
