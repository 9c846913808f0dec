use reqwest::Method;
use serde_json::{Value, json};

use super::support::TestServer;

/// Anyone may ask these. `/metrics` is open to this machine only, which is where a test is.
const OPEN: [(&str, &str); 6] = [
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("post", "/v1/enroll"),
    ("post", "/v1/admin/session"),
];

fn routes() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&sync_server::api::openapi_json()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
        methods.into_iter().map(|method| (method, path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_is_guarded_unless_it_is_meant_to_be_open() {
    let server = TestServer::start();
    let mut guarded = 0;
    for (method, path) in routes() {
        if OPEN.contains(&(method.as_str(), path.as_str())) {
            continue;
        }
        let real = path.replace("{id}", "01a20083-0cc0-713e-abf4-8d2eee705d4a");
        let verb: Method = method.to_uppercase().parse().expect("a method");
        let answer = server.request(verb.clone(), &real).bearer_auth("nonsense").json(&json!({})).send();
        assert_eq!(answer.expect("an answer").status(), 401, "{method} {path} with a wrong token");
        let answer = server.request(verb, &real).header("origin", server.url("")).json(&json!({})).send();
        assert_eq!(answer.expect("an answer").status(), 401, "{method} {path} without any");
        guarded += 1;
    }
    assert!(guarded > 30, "the walk found the routes: {guarded}");
    for open in OPEN {
        assert!(routes().iter().any(|(method, path)| (method.as_str(), path.as_str()) == open), "{open:?} is stale");
    }
}

/// The document is made from the same list the router is made from, so a route outside of it would have to be added
/// beside that list.
#[test]
fn no_route_is_added_past_the_document() {
    let sources = [include_str!("../../src/api/router.rs"), include_str!("../../src/api/admin/mod.rs")];
    for source in sources {
        assert!(!source.contains(".route("), "routes are added with routes!()");
    }
}

#[test]
fn the_document_is_as_it_was_agreed() {
    let document: Value = serde_json::from_str(&sync_server::api::openapi_json()).expect("JSON");
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("openapi", document);
    });
    let server = TestServer::start();
    assert_eq!(server.get("/openapi.json").json::<Value>().expect("JSON"), document);
}

#[test]
fn what_the_document_says_of_the_trade_is_what_is_sent() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let (event, sale) = {
        let begin = [till.started(), till.opened()];
        till.push(&begin);
        till.sale(2)
    };
    till.push(&[event]);
    let detail = server.admin().get(&format!("/v1/admin/sales/{}", sale.sale_id));
    let document: Value = serde_json::from_str(&sync_server::api::openapi_json()).expect("JSON");
    let keys = |value: &Value| {
        value.as_object().expect("an object").keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let said = |name: &str| keys(&document["components"]["schemas"][name]["properties"]);
    assert_eq!(keys(&detail["lines"][0]), said("SaleLine"));
    assert_eq!(keys(&detail["totals"]), said("SaleTotals"));
    assert_eq!(keys(&detail["totals"]["taxes"][0]), said("TaxLine"));
    let approval = shared::tender::CardApproval {
        authorisation_code: String::new(),
        operation_no: String::new(),
        last4: String::new(),
        brand: String::new(),
        card_type: String::new(),
    };
    assert_eq!(keys(&json!(approval)), said("CardApproval"));
    let currencies = document["components"]["schemas"]["Currency"]["enum"].as_array().expect("a list").clone();
    for currency in &currencies {
        assert!(serde_json::from_value::<shared::money::Currency>(currency.clone()).is_ok(), "{currency}");
    }
    assert!(currencies.contains(&detail["sale"]["currency"]));
}
