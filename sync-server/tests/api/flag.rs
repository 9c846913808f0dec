//! What is odd is shown until somebody says that it is dealt with; after that it is history.

use reqwest::Method;
use serde_json::{Value, json};
use shared::event::{CardRequested, Fact};
use shared::ids::{PaymentId, SaleId};
use sync_server::store::AdminRole;

use super::support::{Head, TestServer, TestTill, ok, problem};

/// A card is asked for the same payment twice.
fn charge_twice(server: &TestServer, till: &mut TestTill<'_>) {
    let (now, entropy) = (server.outside.now(), &*server.outside.entropy);
    let requested = Fact::CardRequested(CardRequested {
        payment_id: PaymentId::new(now, entropy),
        sale_id: SaleId::new(now, entropy),
        terminal: "transbank".to_owned(),
        amount_minor: 5_990,
        ticket_no: "A00001".to_owned(),
        requested_at: now,
    });
    let events = [till.started(), till.opened(), till.write(&requested), till.write(&requested)];
    assert_eq!(ok(&till.push(&events)).1, ["card_payment_repeated"]);
}

fn settlement(flag: &Value) -> String {
    format!("/v1/admin/flags/{}/settlement", flag["flag_id"].as_str().expect("an id"))
}

fn settle(head: &Head<'_>, flag: &Value, note: &str) -> Value {
    let answer = head.send(Method::PUT, &settlement(flag), Some(&json!({ "note": note })));
    assert_eq!(answer.status(), 200);
    answer.json().expect("a flag")
}

#[test]
fn a_double_charge_leaves_the_board_when_it_is_settled_and_stays_in_the_history() {
    let server = TestServer::start();
    let mut till = server.till(0);
    charge_twice(&server, &mut till);
    let head = server.admin();
    let board = head.get("/v1/admin/board");
    let flag = &board["flags"][0];
    assert_eq!(
        (&flag["code"], &flag["seq"], &flag["settlement"]),
        (&json!("card_payment_repeated"), &json!(4), &Value::Null)
    );
    assert_eq!(flag["chain"], till.head.chain.to_string());
    server.advance(60_000);
    let settled = settle(&head, flag, " Anulado en el terminal, lote 14 ");
    let said = json!({ "at": server.outside.now().as_millis(), "by": "valdivia-admin", "note": "Anulado en el terminal, lote 14" });
    assert_eq!((&settled["flag_id"], &settled["settlement"]), (&flag["flag_id"], &said));
    assert_eq!(head.get("/v1/admin/board")["flags"], json!([]));
    assert_eq!(head.get("/v1/admin/flags")["items"], json!([]));
    assert_eq!(head.get("/v1/admin/flags?settled=true")["items"], json!([settled]));
}

#[test]
fn who_settles_again_is_told_the_first_word() {
    let server = TestServer::start();
    let mut till = server.till(0);
    charge_twice(&server, &mut till);
    let head = server.admin();
    let flag = head.get("/v1/admin/board")["flags"][0].clone();
    let first = settle(&head, &flag, "Devuelto");
    server.advance(60_000);
    server.add_admin("other", AdminRole::Manager);
    assert_eq!(settle(&server.head("other"), &flag, "Otra cosa"), first);
    assert_eq!(head.get("/v1/admin/board")["flags"], json!([]));
}

#[test]
fn only_who_may_settles_and_only_what_is_theirs() {
    let server = TestServer::start();
    let mut till = server.till(0);
    charge_twice(&server, &mut till);
    let head = server.admin();
    let flag = head.get("/v1/admin/board")["flags"][0].clone();
    let note = json!({ "note": "x" });
    server.add_admin("auditor", AdminRole::Auditor);
    problem(server.head("auditor").send(Method::PUT, &settlement(&flag), Some(&note)), 403, "forbidden");
    problem(server.head("osorno-admin").send(Method::PUT, &settlement(&flag), Some(&note)), 404, "not_found");
    let id = flag["flag_id"].as_str().expect("an id");
    let unknown = [id.replace("repeated", "gone"), id.replacen(".0.", ".1.", 1), "1".to_owned(), format!("{id}.x")];
    for id in unknown {
        let path = format!("/v1/admin/flags/{id}/settlement");
        problem(head.send(Method::PUT, &path, Some(&note)), 404, "not_found");
    }
    for empty in ["", "  ", "\u{7}"] {
        let body = json!({ "note": empty });
        problem(head.send(Method::PUT, &settlement(&flag), Some(&body)), 422, "unprocessable");
    }
    assert_eq!(head.get("/v1/admin/board")["flags"], json!([flag]), "nobody settled it");
}
