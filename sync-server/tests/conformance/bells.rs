//! Two servers, two processes, one database: what is done at one rings at the other.

use std::io::{BufRead, BufReader};

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::json;
use shared::sync::protocol::{PullReply, Ring};
use shared::sync::stream::StreamName;
use sync_server::Outside;
use tempfile::TempDir;

use super::home::{Backend, LOGIN};
use super::replicas::Replica;
use super::support::TestServer;
use super::{database_of, go_through};

/// The next ring. A bell that only says now and then that it is there is one that does not ring.
fn next(bell: &mut BufReader<Response>) -> Ring {
    let mut line = String::new();
    for _ in 0..8 {
        line.clear();
        assert!(bell.read_line(&mut line).expect("a line") > 0, "the server hung up");
        if let Some(data) = line.strip_prefix("data: ") {
            return serde_json::from_str(data).expect("a ring");
        }
    }
    panic!("nothing rang");
}

#[test]
fn what_is_done_at_one_server_rings_at_the_other() {
    let server = TestServer::start_on(Backend::Postgres);
    let (mut seller, mut bar) = (server.till(0), server.till(1));
    server.advance(Outside::system().now().millis_since(server.outside.now()));
    let url = database_of(&server).url_of(LOGIN);
    let dirs = [TempDir::new().expect("a directory"), TempDir::new().expect("a directory")];
    let [here, there] = [Replica::start(&url, dirs[0].path()), Replica::start(&url, dirs[1].path())];
    let at = |replica: &Replica| go_through(&server, format!("http://{}", replica.addr));

    at(&there);
    let mut bell = BufReader::new(bar.get("/v1/bell"));
    let first: Vec<_> = (0..3).map(|_| next(&mut bell)).collect();
    let (venue, own) = (StreamName::Venue(server.company.venue_id), StreamName::Device(bar.reply.device_id));
    assert_eq!(first.iter().map(|ring| ring.stream).collect::<Vec<_>>(), [StreamName::Catalog, venue, own]);

    at(&here);
    let product = &server.company.product;
    let mut body = serde_json::to_value(product).expect("JSON");
    body["price_minor"] = json!(6_490);
    let path = format!("/v1/admin/products/{}", product.product_id);
    assert_eq!(server.admin().send(Method::PUT, &path, Some(&body)).status(), 200);
    assert_eq!(next(&mut bell), Ring { stream: StreamName::Catalog, head: first[0].head + 1 }, "by head office");

    let (event, sale) = {
        let begin = [seller.started(), seller.opened()];
        seller.push(&begin);
        seller.sale(2)
    };
    let poured = seller.redeemed(&sale.tickets[0], 1);
    seller.push(&[event, poured]);
    let rung = next(&mut bell);
    assert_eq!(rung.stream, venue, "by another till");

    // And what rang is there to be fetched, from the server it rang at.
    at(&there);
    let pulled: PullReply = bar.pull(&format!("stream={venue}")).json().expect("items");
    assert_eq!(pulled.head_seq, rung.head);
    assert!(pulled.items.iter().any(|item| item.contains("redemption")), "{:?}", pulled.items);

    // Its own stream, by its own push at the other server: a sale without a session is flagged.
    at(&here);
    let flagged = [bar.started(), bar.sale(1).0];
    bar.push(&flagged);
    assert_eq!(next(&mut bell).stream, own, "by itself");
}
