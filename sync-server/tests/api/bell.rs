use std::io::{BufRead, BufReader};

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::json;
use shared::sync::protocol::{BellReply, PullReply, Ring};
use shared::sync::stream::StreamName;

use super::support::{TestServer, TestTill, problem};

/// The rings of an open bell, as they come.
struct Rings(BufReader<Response>);

impl Rings {
    fn open(till: &TestTill<'_>) -> Self {
        let answer = till.get("/v1/bell");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self(BufReader::new(answer))
    }

    fn skip(&mut self, rings: u8) {
        for _ in 0..rings {
            self.next().expect("a ring");
        }
    }

    /// The next ring; `None` when the server hung up.
    fn next(&mut self) -> Option<Ring> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).expect("a line") == 0 {
                return None;
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).expect("a ring"));
            }
        }
    }
}

fn change_a_price(server: &TestServer, price: i64) {
    let product = &server.company.product;
    let mut body = serde_json::to_value(product).expect("JSON");
    body["price_minor"] = json!(price);
    let path = format!("/v1/admin/products/{}", product.product_id);
    assert_eq!(server.admin().send(Method::PUT, &path, Some(&body)).status(), 200);
}

#[test]
fn a_till_hears_where_its_streams_end_and_when_one_moves() {
    let server = TestServer::start();
    let till = server.till(0);
    let head = till.pull("stream=T:cat").json::<PullReply>().expect("items").head_seq;
    let mut rings = Rings::open(&till);
    let first: Vec<_> = (0..3).map(|_| rings.next().expect("a ring")).collect();
    let streams =
        [StreamName::Catalog, StreamName::Venue(server.company.venue_id), StreamName::Device(till.reply.device_id)];
    assert_eq!(first.iter().map(|ring| ring.stream).collect::<Vec<_>>(), streams);
    assert_eq!(first.iter().map(|ring| ring.head).collect::<Vec<_>>(), [head, 0, 0]);
    change_a_price(&server, 6_490);
    assert_eq!(rings.next(), Some(Ring { stream: StreamName::Catalog, head: head + 1 }));
    change_a_price(&server, 6_990);
    assert_eq!(rings.next(), Some(Ring { stream: StreamName::Catalog, head: head + 2 }));
}

#[test]
fn what_another_process_writes_rings_too() {
    let server = TestServer::start();
    let till = server.till(0);
    let mut rings = Rings::open(&till);
    rings.skip(3);
    let device = till.reply.device_id;
    server.change(async |tx| {
        let note = json!({ "seq": 1 });
        tx.publish(StreamName::Device(device), "note/x/1".to_owned(), &note, None).await.expect("published");
    });
    assert_eq!(rings.next(), Some(Ring { stream: StreamName::Device(device), head: 1 }));
}

#[test]
fn a_till_has_one_bell_and_a_new_one_ends_the_old() {
    let server = TestServer::start();
    let (till, other) = (server.till(0), server.till(1));
    let (mut first, mut others) = (Rings::open(&till), Rings::open(&other));
    first.skip(3);
    others.skip(3);
    let mut second = Rings::open(&till);
    assert_eq!(first.next(), None, "the first hangs up");
    second.skip(3);
    change_a_price(&server, 6_490);
    let (ours, theirs) = (second.next().expect("a ring"), others.next().expect("a ring"));
    assert_eq!(ours, theirs, "another till's bell is its own");
}

#[test]
fn a_line_that_lets_no_stream_through_asks_and_waits() {
    let server = TestServer::start();
    let till = server.till(0);
    let head = till.pull("stream=T:cat").json::<PullReply>().expect("items").head_seq;
    let ask = |wait: u64, known: u64| -> BellReply {
        till.get(&format!("/v1/bell?wait={wait}&T:cat={known}")).json().expect("an answer")
    };
    assert_eq!(ask(0, head).rings, [], "nothing moved");
    let moved = |head| [Ring { stream: StreamName::Catalog, head }];
    assert_eq!(ask(25, head - 1).rings, moved(head), "at once");
    assert_eq!(ask(25, head + 5).rings, moved(head), "also when it ends earlier than the till thinks");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(25, head));
        change_a_price(&server, 6_490);
        assert_eq!(waiting.join().expect("an answer").rings, moved(head + 1));
    });
}

#[test]
fn a_bell_is_only_for_one_s_own_streams() {
    let server = TestServer::start();
    let till = server.till(0);
    let other = server.till(1).reply.device_id;
    for stream in [format!("V:{}", server.other.venue_id), format!("D:{other}"), "T:ledger".to_owned()] {
        problem(till.get(&format!("/v1/bell?wait=0&{stream}=0")), 404, "not_found");
    }
    for query in ["wait=soon", "wait=-1", "wait=1&T:cat=many"] {
        problem(till.get(&format!("/v1/bell?{query}")), 400, "malformed");
    }
}

#[test]
fn an_open_bell_does_not_keep_the_server_from_stopping() {
    let mut server = TestServer::start();
    let till = server.till(0);
    let rings = Rings::open(&till);
    drop(till);
    server.restart();
    drop(rings);
    assert_eq!(server.get("/health").status(), 200);
}
