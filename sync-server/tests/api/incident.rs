//! What went wrong with tickets, as head office sees it: the same whichever till was heard first.

use reqwest::Method;
use serde_json::{Value, json};
use shared::event::{Fact, IssuedTicket, SealedEvent, TicketRedeemed, TicketShownAgain, Unheard};
use shared::ids::RedemptionId;
use shared::staff::Role;
use shared::ticket::RedeemedLine;
use sync_server::app::verify::verify;
use uuid::Uuid;

use super::support::{TestServer, TestTill, date, ok, problem};

fn id(number: u128) -> RedemptionId {
    RedemptionId::from_uuid(Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0000 + number))
}

/// A seller and a bar, a person at each, and a ticket of three piscolas.
fn sold(server: &TestServer) -> (TestTill<'_>, TestTill<'_>, IssuedTicket) {
    let (mut seller, mut bar) = (server.till(0), server.till(1));
    let begin = [seller.started(), seller.opened()];
    seller.push(&begin);
    // Among others: its sale is looked for.
    let sales: Vec<_> = [1, 2, 3, 1, 2].map(|pieces| seller.sale(pieces)).into();
    seller.push(&sales.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>());
    let begin = [bar.started(), bar.opened()];
    bar.push(&begin);
    seller.staff = server.hire("Marta", &[Role::Manager]);
    bar.staff = server.hire("Nora", &[Role::Manager]);
    (seller, bar, sales[2].1.tickets[0].clone())
}

/// Handed over by a bar that could ask nobody.
fn alone(till: &mut TestTill<'_>, number: u128, ticket: &IssuedTicket, quantity: u8) -> SealedEvent {
    till.server.advance(1_000);
    till.write(&Fact::TicketRedeemed(TicketRedeemed {
        redemption_id: id(number),
        ticket_id: ticket.ticket_id,
        business_date: date(),
        redeemed_at: till.server.outside.now(),
        lines: vec![RedeemedLine { line_no: 1, quantity }],
        code: ticket.code.clone(),
        unheard: Some(Unheard { since: None, devices: Vec::new() }),
    }))
}

fn listed(server: &TestServer) -> Vec<Value> {
    server.admin().get("/v1/admin/incidents")["items"].as_array().expect("a list").clone()
}

fn assert_sound(server: &TestServer) {
    let scratch = tempfile::tempdir().expect("a directory");
    let report =
        server.with_tenant(async |tenant| verify(tenant, scratch.path(), &server.outside).await.expect("read"));
    assert!(report.is_sound(), "{report:?}");
}

/// Pushed in one order or the other.
fn push(first_bar: bool, seller: &TestTill<'_>, at_seller: &[SealedEvent], bar: &TestTill<'_>, at_bar: &[SealedEvent]) {
    let mut pushes = [(seller, at_seller), (bar, at_bar)];
    if first_bar {
        pushes.reverse();
    }
    for (till, events) in pushes {
        ok(&till.push(events));
    }
}

/// What is told, without what differs between two servers: their machines and their moments.
fn plain(incident: &Value, tills: [&TestTill<'_>; 2]) -> Value {
    let mut text = incident.to_string();
    for (till, name) in tills.into_iter().zip(["seller", "bar"]) {
        text = text.replace(&till.reply.device_id.to_string(), name);
    }
    let mut plain: Value = serde_json::from_str(&text).expect("JSON");
    let moment = plain["at"].as_i64().expect("a moment");
    plain["sale_id"] = json!(plain["sale_id"].is_string());
    for key in ["ticket_id", "incident_id", "at"] {
        plain[key] = Value::Null;
    }
    for hand_over in plain["hand_overs"].as_array_mut().expect("hand-overs") {
        hand_over["by"]["at"] = json!(hand_over["by"]["at"].as_i64().expect("a moment") - moment);
    }
    plain
}

#[test]
fn a_double_is_one_incident_with_both_hand_overs_whoever_was_heard_first() {
    let mut told = Vec::new();
    for is_bar_first in [false, true] {
        let server = TestServer::start();
        let (mut seller, mut bar, ticket) = sold(&server);
        let at_seller = [alone(&mut seller, 1, &ticket, 2)];
        let at_bar = [alone(&mut bar, 2, &ticket, 3)];
        push(is_bar_first, &seller, &at_seller, &bar, &at_bar);
        let items = listed(&server);
        assert_eq!(items.len(), 1, "one ticket, one incident: {items:?}");
        assert_eq!(items[0]["display_code"], ticket.display_code);
        told.push(plain(&items[0], [&seller, &bar]));
        let path = format!("/v1/admin/incidents/{}", items[0]["incident_id"].as_str().expect("a name"));
        assert_eq!(server.admin().get(&path), items[0]);
        assert_sound(&server);
    }
    assert_eq!(told[0], told[1]);
    let by = |at: i64, staff: &str, device: &str, name: &str, place: &str| json!({ "at": at, "staff": staff, "device_id": device, "device_name": name, "register_name": place });
    let first = &told[0]["hand_overs"][0];
    let second = &told[0]["hand_overs"][1];
    let names = |it: &Value| {
        let text = |key: &str| it["by"][key].as_str().expect("a name").to_owned();
        (text("device_name"), text("register_name"))
    };
    let ((till, place), (other, elsewhere)) = (names(first), names(second));
    assert_ne!(till, other);
    let (name, line) = (
        &told[0]["given"][0]["name"],
        |quantity, wrong| json!([{ "line_no": 1, "name": "Piscola", "quantity": quantity, "wrong": wrong }]),
    );
    assert_eq!(
        told[0],
        json!({
            "incident_id": null, "ticket_id": null, "at": null, "sale_id": true,
            "kind": "double",
            "display_code": ticket_code(&told[0]),
            "given": [{ "product_number": told[0]["given"][0]["product_number"], "name": name, "quantity": 2,
                        "unit_price_minor": 5_990 }],
            "cost_minor": 11_980,
            "hand_overs": [
                { "redemption_id": id(1), "is_promised": false, "by": by(-1_000, "Marta", "seller", &till, &place),
                  "lines": line(2, 0) },
                { "redemption_id": id(2), "is_promised": false, "by": by(0, "Nora", "bar", &other, &elsewhere),
                  "lines": line(3, 2) },
            ],
            "voided": null,
            "shown": [],
        })
    );
}

fn ticket_code(told: &Value) -> &str {
    told["display_code"].as_str().expect("a code")
}

#[test]
fn parts_that_fit_are_no_incident_and_what_is_taken_back_is_none_any_more() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let (at_seller, at_bar) = ([alone(&mut seller, 1, &ticket, 1)], [alone(&mut bar, 2, &ticket, 2)]);
    push(true, &seller, &at_seller, &bar, &at_bar);
    assert_eq!(listed(&server), Vec::<Value>::new());
    let third = [alone(&mut bar, 3, &ticket, 1)];
    bar.push(&third);
    let items = listed(&server);
    assert_eq!((items.len(), &items[0]["cost_minor"]), (1, &json!(5_990)));
    let back = [bar.undone(id(3), &ticket, true)];
    bar.push(&back);
    assert_eq!(listed(&server), Vec::<Value>::new(), "nobody has it");
    let path = format!("/v1/admin/incidents/{}.double", ticket.ticket_id);
    let admin = server.admin();
    problem(admin.send(Method::GET, &path, None), 404, "not_found");
    problem(admin.send(Method::GET, "/v1/admin/incidents/nonsense", None), 404, "not_found");
    problem(admin.send(Method::GET, "/v1/admin/incidents?before=1", None), 400, "malformed");
    let nobody = server.request(Method::GET, "/v1/admin/incidents").send().expect("an answer");
    problem(nobody, 401, "unauthenticated");
    let theirs = server.head("osorno-admin");
    problem(theirs.send(Method::GET, &path, None), 404, "not_found");
    assert_sound(&server);
}

#[test]
fn withdrawn_and_handed_over_is_told_by_which_came_first_whoever_was_heard_first() {
    for is_bar_first in [false, true] {
        let server = TestServer::start();
        let (mut seller, mut bar, ticket) = sold(&server);
        let withdrawn = [seller.voided(&ticket)];
        server.advance(1_000);
        let handed = [alone(&mut bar, 1, &ticket, 3)];
        server.advance(1_000);
        let again = [seller.voided(&ticket)];
        push(is_bar_first, &seller, &[withdrawn, again].concat(), &bar, &handed);
        let items = listed(&server);
        assert_eq!(items.len(), 1, "{items:?}");
        assert_eq!((&items[0]["kind"], &items[0]["cost_minor"]), (&json!("redeemed_void"), &json!(17_970)));
        assert_eq!(
            (&items[0]["voided"]["by"]["staff"], &items[0]["voided"]["reason"]),
            (&json!("Marta"), &json!("Devuelto"))
        );
        assert_sound(&server);

        let server = TestServer::start();
        let (mut seller, mut bar, ticket) = sold(&server);
        let handed = [alone(&mut bar, 1, &ticket, 3)];
        server.advance(1_000);
        let withdrawn = [seller.voided(&ticket)];
        push(is_bar_first, &seller, &withdrawn, &bar, &handed);
        let items = listed(&server);
        assert_eq!((items.len(), &items[0]["kind"]), (1, &json!("void_after_delivery")));
        assert_eq!(items[0]["hand_overs"][0]["by"]["staff"], "Nora");
        assert_sound(&server);
    }
}

/// Two tills withdraw it unheard of each other: the first by the clock stands, whoever was heard first.
#[test]
fn of_two_withdrawals_the_first_stands() {
    for is_bar_first in [false, true] {
        let server = TestServer::start();
        let (mut seller, mut bar, ticket) = sold(&server);
        let first = [seller.voided(&ticket)];
        let handed = [alone(&mut seller, 1, &ticket, 3)];
        server.advance(1_000);
        let second = [bar.voided(&ticket)];
        push(is_bar_first, &seller, &[first, handed].concat(), &bar, &second);
        let items = listed(&server);
        assert_eq!((items.len(), &items[0]["kind"]), (1, &json!("redeemed_void")), "{items:?}");
        assert_eq!(items[0]["voided"]["by"]["staff"], "Marta");
        assert_sound(&server);
    }
}

#[test]
fn incidents_come_newest_first_in_parts_and_a_used_ticket_shown_again_is_a_note_of_fraud() {
    let server = TestServer::start();
    let (mut seller, mut bar, ticket) = sold(&server);
    let (event, sale) = seller.sale(2);
    seller.push(&[event]);
    let other = sale.tickets[0].clone();
    let doubles = [
        alone(&mut bar, 1, &ticket, 3),
        alone(&mut bar, 2, &ticket, 1),
        alone(&mut bar, 3, &other, 2),
        alone(&mut bar, 4, &other, 2),
    ];
    bar.push(&doubles);
    server.advance(1_000);
    let shown = |times| {
        let (ticket_id, shown_at) = (ticket.ticket_id, server.outside.now());
        Fact::TicketShownAgain(TicketShownAgain { ticket_id, times, shown_at, code: ticket.code.clone() })
    };
    let notes = [bar.write(&shown(3)), seller.write(&shown(3))];
    bar.push(&notes[..1]);
    seller.push(&notes[1..]);
    let admin = server.admin();
    let all = listed(&server);
    let kinds: Vec<_> = all.iter().map(|it| it["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["shown_again", "double", "double"]);
    assert_eq!(all[1]["display_code"], other.display_code);
    let note = &all[0];
    assert_eq!((&note["given"], &note["cost_minor"]), (&json!([]), &json!(0)));
    let to: Vec<_> =
        note["shown"].as_array().expect("two").iter().map(|it| (&it["by"]["staff"], &it["times"])).collect();
    assert_eq!(to.len(), 2);
    assert!(to.contains(&(&json!("Nora"), &json!(3))) && to.contains(&(&json!("Marta"), &json!(3))));
    let mut parts = Vec::new();
    let mut path = "/v1/admin/incidents?limit=1".to_owned();
    loop {
        let part = admin.get(&path);
        parts.extend(part["items"].as_array().expect("a part").clone());
        let Some(next) = part["next"].as_str() else { break };
        path = format!("/v1/admin/incidents?limit=1&before={next}");
    }
    assert_eq!(parts, all);
    assert_sound(&server);
}
