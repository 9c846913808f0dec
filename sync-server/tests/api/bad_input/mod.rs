//! Every way a message can be wrong, one at a time: a precise answer, and nothing kept but what it says is kept.

mod body;
mod fields;
mod sender;

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::Value;

use super::support::{TestServer, TestTill};

/// What the company owns, less what every request leaves: nonces, when a device was heard of, beats.
fn kept(server: &TestServer) -> BTreeMap<String, Vec<Value>> {
    let mut rows = server.home.rows(Some(server.company.tenant_id));
    for noise in ["nonce", "intake_raw", "pulse"] {
        rows.remove(noise);
    }
    for device in rows.get_mut("device").into_iter().flatten() {
        device["last_contact_at"].take();
        device["unsent_events"].take();
    }
    rows
}

fn intake(server: &TestServer) -> u64 {
    server.ask(async |tx| tx.count_intake().await.expect("a count"))
}

fn post(till: &TestTill<'_>, path: &str, plain: &[u8]) -> Response {
    // Time goes on, so that it is not the number of tries that is refused.
    till.server.advance(100);
    let body = if path == "/v1/push" { zstd::encode_all(plain, 1).expect("zstd") } else { plain.to_vec() };
    till.send(&till.signed(Method::POST, path, body))
}
