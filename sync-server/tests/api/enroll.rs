use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::protocol::{EnrollReply, EnrollRequest};

use super::support::{TestServer, problem};

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn enrol(server: &TestServer, code: &str, key: &SigningKey) -> Response {
    let request = EnrollRequest::new(code, key, "a test".to_owned());
    server.request(Method::POST, "/v1/enroll").json(&request).send().expect("an answer")
}

#[test]
fn a_code_makes_one_machine_a_till_and_its_certificate_holds() {
    let server = TestServer::start();
    let code = &server.company.codes[0];
    let reply: EnrollReply = enrol(&server, code, &key(1)).json().expect("an identity");
    let certificate = reply.certificate.verify(reply.tenant_id, &reply.tenant_key).expect("it holds");
    assert_eq!(certificate.public_key, PublicKey::of(&key(1)));
    assert_eq!((certificate.device_id, certificate.device_no), (reply.device_id, reply.device_no));
    assert_eq!(reply.register.code, "BMB");
    assert_eq!(reply.pin_pepper.len(), 43);
    problem(enrol(&server, code, &key(2)), 401, "unauthenticated");
    let again: EnrollReply = enrol(&server, code, &key(1)).json().expect("the answer that was lost");
    assert_eq!(again.device_id, reply.device_id);
}

#[test]
fn a_code_may_be_typed_as_people_type() {
    let server = TestServer::start();
    let code = server.company.codes[0].to_lowercase();
    let typed = format!("{} {}-{}", &code[..3], &code[3..6], &code[6..]);
    assert_eq!(enrol(&server, &typed, &key(1)).status(), 200);
}

#[test]
fn a_code_is_dead_after_ten_minutes() {
    let server = TestServer::start();
    server.advance(10 * 60 * 1000 + 1);
    problem(enrol(&server, &server.company.codes[0], &key(1)), 401, "unauthenticated");
    let head = server.admin();
    let tills = head.get("/v1/admin/tills");
    let path = format!("/v1/admin/tills/{}/enrolment-code", tills["items"][0]["device_id"].as_str().expect("an id"));
    let fresh: Value = head.send(Method::POST, &path, None).json().expect("a till");
    assert_eq!(enrol(&server, fresh["enrolment_code"].as_str().expect("a code"), &key(1)).status(), 200);
    problem(head.send(Method::POST, &path, None), 409, "conflict");
}

#[test]
fn a_code_is_dead_after_five_wrong_tries() {
    let server = TestServer::start();
    let code = &server.company.codes[0];
    let last = if code.ends_with('A') { 'B' } else { 'A' };
    let wrong = format!("{}{last}", &code[..9]);
    for _ in 0..5 {
        problem(enrol(&server, &wrong, &key(1)), 401, "unauthenticated");
    }
    problem(enrol(&server, code, &key(1)), 401, "unauthenticated");
    assert_eq!(enrol(&server, &server.company.codes[1], &key(1)).status(), 200, "the other code lives");
}

#[test]
fn codes_that_are_none_and_keys_that_are_not_held_get_one_answer() {
    let server = TestServer::start();
    let code = &server.company.codes[0];
    let mut answers = Vec::new();
    for code in ["", "ABCDEFGHJK", "' OR 1=1 --", "ñandúñandú"] {
        answers.push(problem(enrol(&server, code, &key(1)), 401, "unauthenticated"));
    }
    let mut stolen = EnrollRequest::new(code, &key(1), String::new());
    stolen.public_key = PublicKey::of(&key(2));
    let answer = server.request(Method::POST, "/v1/enroll").json(&stolen).send().expect("an answer");
    answers.push(problem(answer, 401, "unauthenticated"));
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "nobody is told what was wrong");
    let answer = server.request(Method::POST, "/v1/enroll").json(&json!({ "code": 7 })).send().expect("an answer");
    problem(answer, 400, "malformed");
}

#[test]
fn guessing_is_slowed_down() {
    let server = TestServer::start();
    let answers = (0..21).map(|_| enrol(&server, "ABCDEFGHJK", &key(1)).status().as_u16());
    let answers: Vec<_> = answers.collect();
    assert_eq!((answers[19], answers[20]), (401, 429));
    server.advance(3_000);
    assert_eq!(enrol(&server, &server.company.codes[0], &key(1)).status(), 200);
}
