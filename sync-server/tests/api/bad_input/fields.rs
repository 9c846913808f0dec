//! Every field of every message wrong in turn.

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};
use shared::keys::SigningKey;
use shared::sync::protocol::{EnrollRequest, Hello, MAX_HELLO_CHAINS, StreamCursor};
use shared::sync::stream::{Cursor, StreamName};

use super::super::support::{TestServer, TestTill, ok, problem};
use super::{intake, kept, post};

/// Where a field is: `/batches/0/events/1`.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields_of) => {
            for (name, field) in fields_of {
                found.push(format!("{at}/{name}"));
                fields(field, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                found.push(format!("{at}/{place}"));
                fields(item, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

fn without(message: &Value, field: &str) -> Value {
    let mut message = message.clone();
    let (parent, name) = field.rsplit_once('/').expect("a path");
    match message.pointer_mut(parent).expect("it is there") {
        Value::Object(fields) => drop(fields.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().expect("a place"))),
        _ => unreachable!("only these have parts"),
    }
    message
}

fn with(message: &Value, field: &str, value: Value) -> Value {
    let mut message = message.clone();
    *message.pointer_mut(field).expect("it is there") = value;
    message
}

/// Values that are no such field, whatever it is: the last are an integer too large, a text too long, a float.
fn wrong(right: &Value) -> Vec<Value> {
    let all = [
        json!(null),
        json!(true),
        json!({}),
        json!([]),
        json!([7]),
        json!("ñ"),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!("x".repeat(100_000)),
    ];
    let is_alike = |value: &Value| {
        let is_free = !right.is_number() && !right.is_string();
        is_free && std::mem::discriminant(value) == std::mem::discriminant(right)
    };
    all.into_iter().filter(|value| !is_alike(value)).collect()
}

/// Sends a message with every field wrong in turn. `answer` says what each is answered with; `None` for what is not
/// wrong after all. Answers those.
fn try_all(
    message: &Value,
    send: impl Fn(&Value) -> Response,
    answer: impl Fn(&str, &Value) -> Option<(u16, &'static str)>,
) -> Vec<Value> {
    let (mut all, mut right_after_all) = (Vec::new(), Vec::new());
    fields(message, "", &mut all);
    for field in &all {
        let right = message.pointer(field).expect("it is there");
        let changed = wrong(right).into_iter().map(|value| (with(message, field, value.clone()), value));
        let missing = (without(message, field), Value::String(MISSING.to_owned()));
        for (sent, value) in changed.chain([missing]) {
            let Some((status, code)) = answer(field, &value) else {
                right_after_all.push(sent);
                continue;
            };
            let said = send(&sent);
            let short: String = value.to_string().chars().take(40).collect();
            assert_eq!(said.status().as_u16(), status, "{field} = {short}: {:?}", said.text());
            problem(said, status, code);
        }
    }
    right_after_all
}

/// Stands for a field that is not there.
const MISSING: &str = "(missing)";

#[test]
fn a_push_with_any_field_wrong_is_kept_as_it_came_and_counts_for_nothing() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    let message = serde_json::to_value(TestTill::request_of(vec![till.batch(&events)])).expect("JSON");
    let send = |sent: &Value| post(&till, "/v1/push", &serde_json::to_vec(sent).expect("JSON"));
    let before = kept(&server);
    let right = try_all(&message, send, |field, value| match field {
        "/log_id" | "/unsent_events" | "/batches/0" if value == MISSING => None,
        _ => Some((422, "unprocessable")),
    });
    assert_eq!(kept(&server), before);
    assert!(intake(&server) > 50, "{}", intake(&server));
    assert_eq!(right.len(), 3);
    for sent in right {
        assert_eq!(send(&sent).status(), 200);
    }
    assert_eq!(ok(&till.push(&events)).0, 3);
}

#[test]
fn a_hello_with_any_field_wrong_is_malformed_and_changes_nothing() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let started = till.started();
    till.push(&[started]);
    let cursor = StreamCursor { stream: StreamName::Catalog, cursor: Cursor::start(till.reply.log_id) };
    let hello = Hello { cursors: vec![cursor], ..till.hello() };
    let message = serde_json::to_value(hello).expect("JSON");
    let send = |sent: &Value| post(&till, "/v1/hello", &serde_json::to_vec(sent).expect("JSON"));
    let before = kept(&server);
    let right = try_all(&message, send, |field, value| match field {
        "/log_id" | "/chains/0" | "/cursors/0" if value == MISSING => None,
        "/app_version" if value == "ñ" => None,
        _ => Some((400, "malformed")),
    });
    assert_eq!((kept(&server), intake(&server)), (before, 0));
    assert_eq!(right.len(), 4);
    for sent in right {
        assert_eq!(send(&sent).status(), 200);
    }
    let many = |n: usize| Hello { chains: vec![till.head; n], ..till.hello() };
    assert_eq!(till.say(&many(MAX_HELLO_CHAINS)).status(), 200);
    problem(till.say(&many(MAX_HELLO_CHAINS + 1)), 400, "malformed");
    problem(till.say(&Hello { cursors: vec![cursor; 17], ..till.hello() }), 400, "malformed");
}

#[test]
fn an_enrolment_with_any_field_wrong_enrols_nobody() {
    let server = TestServer::start();
    let request = EnrollRequest::new(&server.company.codes[0], &SigningKey::from_bytes(&[1; 32]), "a test".to_owned());
    let message = serde_json::to_value(&request).expect("JSON");
    let send = |sent: &Value| {
        server.advance(3_000);
        server.request(Method::POST, "/v1/enroll").json(sent).send().expect("an answer")
    };
    let before = kept(&server);
    let right = try_all(&message, send, |field, value| match field {
        "/description" if value.is_string() && value != MISSING => None,
        "/code" if value.is_string() && value != MISSING => Some((401, "unauthenticated")),
        _ => Some((400, "malformed")),
    });
    assert_eq!((kept(&server), right.len()), (before, 2));
}
