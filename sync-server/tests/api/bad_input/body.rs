//! Bodies that are broken, that claim to be small, or that do not end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use shared::event::{Hash, SealedEvent};
use shared::sync::protocol::{MAX_BODY_BYTES, PushResult};
use shared::sync::request::{CREATED_HEADER, DEVICE_HEADER, NONCE_HEADER, SIGNATURE_HEADER};
use sync_server::app::upkeep;

use super::super::support::{TestServer, TestTill, problem};
use super::{intake, kept, post};

/// What sockets on both sides may hold beyond what the server has read.
const IN_FLIGHT: usize = 16 * 1024 * 1024;

#[test]
fn compressed_bodies_cut_short_are_kept_as_they_came() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    let plain = serde_json::to_vec(&TestTill::request_of(vec![till.batch(&events)])).expect("JSON");
    let whole = zstd::encode_all(plain.as_slice(), 3).expect("zstd");
    let before = kept(&server);
    let mut cuts = 0;
    for length in [0, 1, 4, 5, whole.len() / 2, whole.len() - 1] {
        server.advance(100);
        let cut = till.signed(Method::POST, "/v1/push", whole[..length].to_vec());
        problem(till.send(&cut), 422, "unprocessable");
        cuts += 1;
    }
    let twice = till.signed(Method::POST, "/v1/push", [whole.clone(), whole].concat());
    problem(till.send(&twice), 422, "unprocessable");
    assert_eq!((kept(&server), intake(&server)), (before, cuts + 1));
}

#[test]
fn a_small_body_that_unpacks_to_a_gigabyte_is_put_away_unopened() {
    let server = TestServer::start();
    let till = server.till(0);
    let mut bomb = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("zstd");
    let zeros = vec![b' '; 1024 * 1024];
    (0..1024).for_each(|_| bomb.write_all(&zeros).expect("written"));
    let bomb = bomb.finish().expect("zstd");
    assert!(bomb.len() < 256 * 1024, "{}", bomb.len());
    let before = kept(&server);
    problem(till.send(&till.signed(Method::POST, "/v1/push", bomb)), 413, "too_large");
    assert_eq!((kept(&server), intake(&server)), (before, 0));
}

#[test]
fn text_that_is_none_and_money_in_floats_are_told_apart() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened()];
    till.push(&events);
    let before = kept(&server);
    let mut plain = serde_json::to_vec(&TestTill::request_of(vec![till.batch(&events)])).expect("JSON");
    let place = plain.windows(4).position(|four| four == b"type").expect("a type");
    plain[place] = 0xFF;
    problem(post(&till, "/v1/push", &plain), 422, "unprocessable");
    problem(post(&till, "/v1/hello", &plain), 400, "malformed");
    assert_eq!((kept(&server), intake(&server)), (before, 1));
    // A till's own words, well signed: the log takes them, and nobody counts with them.
    let head = till.head;
    let (sale, _) = till.sale(1);
    let floats = sale.rest().replace("\"total_minor\":5990", "\"total_minor\":5990.5");
    let event: SealedEvent = head.follow(&till.origin(), &floats);
    assert_ne!(event.hash, sale.hash);
    let PushResult::Ok { notes, .. } = till.push(&[event]) else { panic!("it is taken") };
    assert_eq!(notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["payload_unreadable"]);
    let totals = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21");
    assert_eq!(totals["totals"]["sales"], 0);
}

/// Sends headers and then as much of a gigabyte as the server takes; answers how much that was, and what it said.
fn pour(server: &TestServer, headers: &str, is_chunked: bool) -> (usize, String) {
    let address = server.url("");
    let mut line = TcpStream::connect(address.trim_start_matches("http://")).expect("a line");
    line.set_write_timeout(Some(Duration::from_secs(5))).expect("set");
    line.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    line.write_all(headers.as_bytes()).expect("headers");
    let piece = vec![b' '; 64 * 1024];
    let mut poured = 0;
    while poured < 1024 * 1024 * 1024 {
        let sent = if is_chunked {
            let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
            line.write_all(&framed)
        } else {
            line.write_all(&piece)
        };
        // The server has answered and hung up, or takes no more.
        if sent.is_err() {
            break;
        }
        poured += piece.len();
    }
    let mut said = Vec::new();
    // What it said before it hung up may be lost with the line.
    let _ = line.read_to_end(&mut said);
    (poured, String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn of_a_body_without_end_no_more_is_read_than_a_body_may_be() {
    let server = TestServer::start();
    let till = server.till(0);
    let before = kept(&server);
    let credentials = format!(
        "{DEVICE_HEADER}: {}\r\n{CREATED_HEADER}: {}\r\n{NONCE_HEADER}: {}\r\n{SIGNATURE_HEADER}: {}\r\n",
        till.reply.device_id,
        server.outside.now().as_millis(),
        "00".repeat(16),
        "A".repeat(86),
    );
    let begin = |path: &str, credentials: &str, length: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{credentials}{length}\r\n\r\n")
    };
    let announced = format!("content-length: {}", 1024 * 1024 * 1024);
    let chunked = "transfer-encoding: chunked";
    let (poured, said) = pour(&server, &begin("/v1/push", &credentials, &announced), false);
    assert!(poured < IN_FLIGHT, "it said how long it is, so none of it is read: {poured}");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 413"), "{said}");
    let (poured, said) = pour(&server, &begin("/v1/push", &credentials, chunked), true);
    assert!(poured < MAX_BODY_BYTES + IN_FLIGHT, "{poured}");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 413"), "{said}");
    for path in ["/v1/hello", "/v1/push"] {
        let (poured, said) = pour(&server, &begin(path, "", chunked), true);
        assert!(poured < IN_FLIGHT, "strangers do not get to send a body: {poured}");
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 401"), "{said}");
    }
    let (poured, _) = pour(&server, &begin("/v1/hello", &credentials, chunked), true);
    assert!(poured < IN_FLIGHT, "a question is shorter than a push: {poured}");
    assert_eq!((kept(&server), intake(&server)), (before, 0));
    assert_eq!(server.get("/health").status(), 200);
}

#[test]
fn a_body_one_byte_too_long_is_too_long() {
    let server = TestServer::start();
    let till = server.till(0);
    let long = till.signed(Method::POST, "/v1/push", vec![b'x'; MAX_BODY_BYTES + 1]);
    // It answers before it has heard all, so the line may break under who still writes, and is tried again.
    let answer = (0..20).find_map(|_| till.try_to_send(&long, &long).ok());
    problem(answer.expect("an answer"), 413, "too_large");
    let question = till.signed(Method::POST, "/v1/hello", vec![b' '; 256 * 1024 + 1]);
    problem(till.send(&question), 413, "too_large");
    let question = till.signed(Method::POST, "/v1/hello", vec![b' '; 256 * 1024]);
    problem(till.send(&question), 400, "malformed");
}

#[test]
fn what_was_refused_is_kept_for_ninety_days() {
    let server = TestServer::start();
    let till = server.till(0);
    problem(post(&till, "/v1/push", b"not a push"), 422, "unprocessable");
    let purge = || server.with_tenant(async |tenant| upkeep::purge_intake(tenant, server.outside.now()).await);
    server.advance(upkeep::INTAKE_MS);
    assert_eq!((purge().expect("purged"), intake(&server)), (0, 1));
    server.advance(1);
    assert_eq!((purge().expect("purged"), intake(&server)), (1, 0));
}

#[test]
fn questions_with_any_part_wrong_are_answered_precisely() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let started = till.started();
    till.push(&[started]);
    let (chain, device) = (till.head.chain, till.reply.device_id);
    let hash = Hash::ZERO;
    let wrong: &[(String, u16, &str)] = &[
        ("/v1/pull".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&seq=-1".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&seq=1.5".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&seq=18446744073709551616".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&limit=many".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&log_id=7".to_owned(), 400, "malformed"),
        ("/v1/pull?stream=T:cat&hash=7".to_owned(), 400, "malformed"),
        (format!("/v1/pull?stream=T:cat&seq=1&hash={hash}"), 410, "cursor_gone"),
        (format!("/v1/pull?stream=V:{device}"), 404, "not_found"),
        (format!("/v1/pull?stream=D:{chain}"), 404, "not_found"),
        (format!("/v1/chains/{chain}/events?branch=-1"), 400, "malformed"),
        (format!("/v1/chains/{chain}/events?branch=4294967296"), 400, "malformed"),
        (format!("/v1/chains/{chain}/events?branch=1"), 404, "not_found"),
        (format!("/v1/chains/{chain}/events?after=2"), 404, "not_found"),
        (format!("/v1/chains/{chain}/events?after=18446744073709551615"), 404, "not_found"),
        (format!("/v1/chains/{chain}/events?limit=x"), 400, "malformed"),
        (format!("/v1/chains/{device}/events"), 404, "not_found"),
        ("/v1/chains/7/events".to_owned(), 404, "not_found"),
        ("/v1/chains/%00/events".to_owned(), 404, "not_found"),
        ("/v1/chains/%FF/events".to_owned(), 404, "not_found"),
        ("/v1/snapshot?stream=T:cat%00".to_owned(), 404, "not_found"),
        (format!("/v1/snapshot/{hash}"), 404, "not_found"),
        (format!("/v1/snapshot/{}", "F".repeat(64)), 404, "not_found"),
        ("/v1/bell?wait=1.5".to_owned(), 400, "malformed"),
        ("/v1/bell?wait=0&X:y=1".to_owned(), 404, "not_found"),
    ];
    let before = kept(&server);
    for (path, status, code) in wrong {
        let said = till.get(path);
        assert_eq!(said.status().as_u16(), *status, "{path}");
        problem(said, *status, code);
    }
    assert_eq!((kept(&server), intake(&server)), (before, 0));
    let clamped: Value = till.get(&format!("/v1/chains/{chain}/events?limit=0")).json().expect("events");
    assert_eq!(clamped["events"].as_array().map(Vec::len), Some(1), "a limit is brought within bounds");
}
