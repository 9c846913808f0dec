//! The right message from the wrong sender, or at the wrong time.

use reqwest::Method;
use shared::keys::SigningKey;
use shared::sync::protocol::{Hello, PROTO, PushRequest};

use super::super::support::{Signed, TestServer, TestTill, ok, problem};
use super::{intake, kept};

fn body(request: &PushRequest) -> Vec<u8> {
    zstd::encode_all(serde_json::to_vec(request).expect("JSON").as_slice(), 1).expect("zstd")
}

#[test]
fn a_request_signed_with_another_key_is_nobody_s() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened()];
    let request = TestTill::request_of(vec![till.batch(&events)]);
    let before = kept(&server);
    let own = std::mem::replace(&mut till.key, SigningKey::from_bytes(&[9; 32]));
    problem(till.post(&request), 401, "unauthenticated");
    problem(till.say(&till.hello()), 401, "unauthenticated");
    for path in ["/v1/pull?stream=T:cat", "/v1/bell?wait=0", "/v1/snapshot?stream=T:cat"] {
        problem(till.get(path), 401, "unauthenticated");
    }
    // The request is the device's own, and the chain's head is signed by another: the bytes may not be what it wrote.
    let stolen = TestTill::request_of(vec![till.batch(&events)]);
    till.key = own;
    assert_eq!(intake(&server), 0, "of a stranger nothing is kept");
    problem(till.post(&stolen), 422, "unprocessable");
    assert_eq!((kept(&server), intake(&server)), (before, 1));
}

#[test]
fn another_device_s_events_are_not_taken_from_one_s_hands() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let (colleague, stranger) = (server.till(1), TestTill::enrol(&server, &server.other, 0));
    let events = [till.started(), till.opened()];
    let request = TestTill::request_of(vec![till.batch(&events)]);
    problem(colleague.post(&request), 422, "unprocessable");
    till.push(&events);
    let before = kept(&server);
    let theirs = TestTill::request_of(vec![colleague.batch(&[events[0].clone()])]);
    problem(colleague.post(&theirs), 403, "forbidden");
    problem(stranger.post(&request), 422, "unprocessable");
    assert_eq!(kept(&server), before);
    assert_eq!(intake(&server), 2, "of one's own company; the other company has its own");
}

#[test]
fn the_same_again_is_the_same_and_another_with_its_nonce_is_refused() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened()];
    let signed = till.signed(Method::POST, "/v1/push", body(&TestTill::request_of(vec![till.batch(&events)])));
    let first = till.send(&signed).text().expect("an answer");
    let kept_once = kept(&server);
    assert_eq!(till.send(&signed).text().expect("an answer"), first, "an answer lost on the way is given again");
    let sale = till.sale(1).0;
    let other = Signed { body: body(&TestTill::request_of(vec![till.batch(&[sale])])), ..signed };
    problem(till.send(&other), 401, "replayed");
    assert_eq!(kept(&server), kept_once);
    server.advance(5 * 60 * 1000 + 1);
    problem(till.send(&other), 401, "clock_skew");
}

#[test]
fn a_protocol_of_yesterday_or_tomorrow_is_named_as_that() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened()];
    let before = kept(&server);
    for proto in [0, PROTO + 1, u32::MAX] {
        let request = PushRequest { proto, ..TestTill::request_of(vec![till.batch(&events)]) };
        problem(till.post(&request), 426, "upgrade_required");
        problem(till.say(&Hello { proto, ..till.hello() }), 426, "upgrade_required");
    }
    assert_eq!(kept(&server), before);
    let mut newer = serde_json::to_value(TestTill::request_of(vec![till.batch(&events)])).expect("JSON");
    newer["from_tomorrow"] = serde_json::json!({ "a": [1.5] });
    newer["batches"][0]["also"] = serde_json::json!(null);
    assert_eq!(super::post(&till, "/v1/push", &serde_json::to_vec(&newer).expect("JSON")).status(), 200);
    assert_eq!(ok(&till.push(&events)).0, 2);
}
