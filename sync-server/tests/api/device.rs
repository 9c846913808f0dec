use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use shared::ids::DeviceId;
use shared::sync::protocol::{Disposition, PushNote, PushResult};
use shared::sync::request::{CREATED_HEADER, DEVICE_HEADER, NONCE_HEADER, SIGNATURE_HEADER};

use super::support::{Signed, TestServer, TestTill, problem};

fn copy(signed: &Signed) -> Signed {
    let Signed { method, path, body, created, nonce, device } = signed;
    let (method, path, body, nonce) = (method.clone(), path.clone(), body.clone(), nonce.clone());
    Signed { method, path, body, created: *created, nonce, device: *device }
}

#[test]
fn a_signature_covers_everything_of_a_request() {
    let server = TestServer::start();
    let till = server.till(0);
    let signed = till.signed(Method::GET, "/v1/pull?stream=T:cat", Vec::new());
    let changes: [fn(&mut Signed, DeviceId); 5] = [
        |sent, _| sent.path = "/v1/pull?stream=T:cat&limit=1".to_owned(),
        |sent, _| sent.body = b"x".to_vec(),
        |sent, _| sent.created = sent.created.plus_millis(1),
        |sent, _| sent.nonce = "0123456789abcdef0123456789abcdef".to_owned(),
        |sent, other| sent.device = other,
    ];
    let other = TestTill::enrol(&server, &server.other, 0).reply.device_id;
    for change in changes {
        let mut sent = copy(&signed);
        change(&mut sent, other);
        problem(till.send_as(&signed, &sent), 401, "unauthenticated");
    }
    assert_eq!(till.send(&signed).status(), 200);
}

#[test]
fn missing_or_mangled_credentials_are_all_the_same() {
    let server = TestServer::start();
    let till = server.till(0);
    problem(server.get("/v1/pull?stream=T:cat"), 401, "unauthenticated");
    let good = [
        (DEVICE_HEADER, till.reply.device_id.to_string()),
        (CREATED_HEADER, server.outside.now().as_millis().to_string()),
        (NONCE_HEADER, "00".repeat(16)),
        (SIGNATURE_HEADER, "A".repeat(86)),
    ];
    for spoiled in 0..good.len() {
        for value in ["", "ñ", "-", "99999999999999999999999"] {
            let request = server.request(Method::GET, "/v1/pull?stream=T:cat");
            let request = good.iter().enumerate().fold(request, |request, (place, (name, good))| {
                request.header(*name, if place == spoiled { value } else { good })
            });
            problem(request.send().expect("an answer"), 401, "unauthenticated");
        }
    }
}

#[test]
fn a_clock_that_is_off_is_told_the_right_time() {
    let server = TestServer::start();
    let till = server.till(0);
    let mut signed = till.signed(Method::GET, "/v1/pull?stream=T:cat", Vec::new());
    signed.created = signed.created.plus_millis(-5 * 60 * 1000 - 1);
    let told = problem(till.send(&signed), 401, "clock_skew");
    assert_eq!(told["server_time"], server.outside.now().as_millis());
    signed.created = signed.created.plus_millis(1);
    assert_eq!(till.send(&signed).status(), 200, "five minutes are borne");
}

#[test]
fn a_nonce_serves_one_request_and_its_repeats() {
    let mut server = TestServer::start();
    let signed = {
        let till = server.till(0);
        let signed = till.signed(Method::GET, "/v1/pull?stream=T:cat", Vec::new());
        assert_eq!(till.send(&signed).status(), 200);
        assert_eq!(till.send(&signed).status(), 200, "sent twice on a bad line");
        let mut other = copy(&signed);
        other.path = "/v1/pull?stream=T:cat&limit=1".to_owned();
        problem(till.send(&other), 401, "replayed");
        (till.key.clone(), till.reply.clone(), other)
    };
    server.restart();
    let (key, reply, other) = signed;
    let signature = shared::sync::request::RequestToSign {
        method: "GET",
        path_and_query: &other.path,
        body: b"",
        created: other.created,
        nonce: &other.nonce,
        device: reply.device_id,
    }
    .sign(&key);
    let answer = server
        .request(Method::GET, &other.path)
        .header(DEVICE_HEADER, reply.device_id.to_string())
        .header(CREATED_HEADER, other.created.as_millis())
        .header(NONCE_HEADER, &other.nonce)
        .header(SIGNATURE_HEADER, signature.to_string())
        .send();
    problem(answer.expect("an answer"), 401, "replayed");
}

#[test]
fn a_withdrawn_till_is_served_nothing_and_what_it_sends_is_kept() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let other = server.till(1);
    let events = [till.started(), till.opened()];
    till.push(&events);
    let path = format!("/v1/admin/tills/{}", till.reply.device_id);
    let gone = server.admin().send(Method::DELETE, &path, None);
    assert_eq!(gone.json::<Value>().expect("a till")["state"], "revoked");
    let late = till.sale(1).0;
    let PushResult::Ok { matched_seq, notes, .. } = till.push(&[late]) else { panic!("its last events arrive") };
    let aside = PushNote { seq: 3, disposition: Disposition::Quarantined, code: "device_revoked".to_owned() };
    assert_eq!((matched_seq, notes), (3, vec![aside]));
    let totals = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21");
    assert_eq!(totals["totals"]["sales"], 0, "nothing of it counts");
    let (hello, chain) = (till.hello(), till.head.chain);
    problem(till.say(&hello), 401, "revoked");
    let rest = [
        "/v1/pull?stream=T:cat".to_owned(),
        "/v1/bell?wait=0".to_owned(),
        "/v1/snapshot?stream=T:cat".to_owned(),
        format!("/v1/snapshot/{}", "00".repeat(32)),
        format!("/v1/chains/{chain}/events"),
    ];
    for path in rest {
        problem(till.get(&path), 401, "revoked");
    }
    assert_eq!(server.ask(async |tx| tx.count_events(chain).await.expect("a count")), 3, "nothing was lost");
    let told: Value = other.pull("stream=T:cat").json().expect("items");
    let last = told["items"].as_array().and_then(|items| items.last()).and_then(Value::as_str).expect("an item");
    let item: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(item["key"], format!("device/{}", till.reply.device_id));
    assert_eq!(item["value"]["is_revoked"], true);
}

#[test]
fn what_a_till_still_holds_is_shown_at_head_office() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let head = server.admin();
    let unsent = || head.get("/v1/admin/tills")["items"][0]["unsent_events"].clone();
    let event = till.started();
    let mut request = TestTill::request_of(vec![till.batch(&[event])]);
    request.unsent_events = 41;
    assert_eq!(till.post(&request).status(), 200);
    assert_eq!(unsent(), 41);
    assert_eq!(till.pull("stream=T:cat&unsent=7").status(), 200);
    assert_eq!(unsent(), 7);
}

#[test]
fn every_answer_carries_the_clock_and_the_safety_headers() {
    let server = TestServer::start();
    let paths = ["/health", "/ready", "/", "/v1/pull", "/v1/admin/board", "/nothing", "/v1/nothing", "/openapi.json"];
    for path in paths {
        let answer = server.get(path);
        let headers = answer.headers();
        assert_eq!(headers["x-barra-server-time"], server.outside.now().as_millis().to_string(), "{path}");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'self'; frame-ancestors 'none'"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        assert!(!headers.contains_key("server"), "{path}");
        if path.starts_with("/v1/") {
            assert_eq!(headers["cache-control"], "no-store", "{path}");
        }
    }
    problem(server.get("/v1/nothing"), 404, "not_found");
    let page = server.request(Method::GET, "/la-noche").header("accept", "text/html").send().expect("an answer");
    assert_eq!(
        (page.status().as_u16(), &page.headers()[CONTENT_TYPE]),
        (200, &"text/html; charset=utf-8".parse().expect("a value"))
    );
    let script = server.request(Method::GET, "/missing.js").header("accept", "text/html").send().expect("an answer");
    assert_eq!(script.status(), 404);
    assert_eq!(server.request(Method::PUT, "/health").send().expect("an answer").status(), 405);
    assert_eq!(server.request(Method::TRACE, "/health").send().expect("an answer").status(), 405);
}

#[test]
fn what_was_done_can_be_counted() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    till.push(&events);
    till.push(&events);
    let text = server.get("/metrics").text().expect("text");
    for line in [
        "barra_push_events_total{result=\"applied\"} 3",
        "barra_push_events_total{result=\"repeated\"} 3",
        "barra_push_seconds_count 2",
        "barra_enrolments_total{result=\"ok\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(!text.contains(&till.reply.tenant_id.to_string()), "no company in labels");
    let proxied = server.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.7").send();
    problem(proxied.expect("an answer"), 401, "unauthenticated");
}
