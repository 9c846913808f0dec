use std::io::{BufRead, BufReader};

use reqwest::Method;
use serde_json::{Value, json};
use shared::event::Fact;
use shared::ids::PaymentId;
use shared::tender::{CardApproval, Payment};

use super::support::{TestServer, TestTill, problem};

#[test]
fn the_board_agrees_with_the_tills_to_the_peso() {
    let server = TestServer::start();
    let (mut ours, mut theirs) = (server.till(0), server.till(1));
    let first = [ours.started(), ours.opened(), ours.sale(2).0];
    ours.push(&first);
    server.advance(15 * 60 * 1000);
    let more = [ours.sale(1).0];
    ours.push(&more);
    let second = [theirs.started(), theirs.opened(), theirs.sale(3).0];
    let mut request = TestTill::request_of(vec![theirs.batch(&second)]);
    request.unsent_events = 12;
    assert_eq!(theirs.post(&request).status(), 200);
    let head = server.admin();
    let board = head.get("/v1/admin/board");
    assert_eq!(board["business_date"], "2026-11-21", "the night that is on");
    assert_eq!(board["currency"], "CLP");
    assert_eq!(board["venue"]["name"], "Club Valdivia");
    let total = 6 * 5_990;
    // Per sale: 11 980, 5 990 and 17 970 with 19 % inside.
    let tax = (11_980 - 10_067) + (5_990 - 5_034) + (17_970 - 15_101);
    assert_eq!(
        board["totals"],
        json!({ "sales": 3, "total_minor": total, "tax_minor": tax, "cash_minor": total, "card_minor": 0, "rounding_minor": 0, "paid_in_minor": 0, "paid_out_minor": 0, "dropped_minor": 0 })
    );
    assert_eq!(board["by_tender"], json!([{ "tender": "cash", "payments": 3, "amount_minor": total }]));
    let quarters = board["by_quarter_hour"].as_array().expect("quarters");
    assert_eq!(quarters.iter().map(|q| q["total_minor"].clone()).collect::<Vec<_>>(), [json!(11_980), json!(23_960)]);
    let tills = board["tills"].as_array().expect("tills");
    assert_eq!((&tills[0]["sales"], &tills[0]["total_minor"]), (&json!(2), &json!(17_970)));
    assert_eq!((&tills[1]["state"], &tills[1]["unsent_events"]), (&json!("online"), &json!(12)));
    assert_eq!(tills[0]["session"]["business_date"], "2026-11-21");
    assert_eq!(board["recent_sales"][0]["tenders"], json!(["cash"]));
    assert_eq!(board["recent_sales"][2]["lines"], "2 × Piscola");
    assert_eq!(board["flags"], json!([]));
    let day = head.get("/v1/admin/day-totals?business_date=2026-11-21");
    assert_eq!((&day["totals"], &day["by_tender"]), (&board["totals"], &board["by_tender"]));
    let empty = head.get("/v1/admin/board?business_date=2026-11-20");
    assert_eq!((&empty["totals"]["sales"], &empty["business_date"]), (&json!(0), &json!("2026-11-20")));
    server.advance(60_001);
    assert_eq!(head.get("/v1/admin/board")["tills"][1]["state"], "silent");
}

#[test]
fn a_silent_till_s_part_is_estimated_from_its_own_pace() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    for pieces in [1, 3] {
        let sold = [till.sale(pieces).0];
        till.push(&sold);
        server.advance(15 * 60 * 1000);
    }
    let head = server.admin();
    let last = [till.sale(1).0];
    till.push(&last);
    assert_eq!(head.get("/v1/admin/board")["may_lack"], Value::Null);
    server.advance(30 * 60 * 1000);
    let board = server.admin().get("/v1/admin/board");
    assert_eq!(board["may_lack"], json!({ "least_minor": 2 * 5_990, "most_minor": 2 * 17_970 }));
    assert_eq!(board["tills"][0]["may_lack"], board["may_lack"]);
    assert_eq!(board["totals"]["total_minor"], 5 * 5_990, "an estimate is never in the sum");
}

#[test]
fn a_board_is_of_one_venue() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened(), till.sale(2).0];
    till.push(&begin);
    let head = server.admin();
    let here = head.get("/v1/admin/board");
    let mut other = here["venue"].clone();
    other.as_object_mut().expect("a venue").remove("venue_id");
    other["name"] = json!("Bar Alerce");
    assert_eq!(head.send(Method::POST, "/v1/admin/venues", Some(&other)).status(), 201);

    let shown = head.get("/v1/admin/board");
    assert_eq!(shown["venue"]["name"], "Club Valdivia", "where the drawer is open, not the first by name or age");
    assert_eq!(shown["venues"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["venues"][0]["name"], "Bar Alerce");
    let there = shown["venues"][0]["venue_id"].as_str().expect("an id").to_owned();
    let empty = head.get(&format!("/v1/admin/board?business_date=2026-11-21&venue_id={there}"));
    assert_eq!(
        (&empty["totals"]["sales"], &empty["tills"], &empty["recent_sales"]),
        (&json!(0), &json!([]), &json!([]))
    );
    assert_eq!(empty["by_quarter_hour"], json!([]));
    let sales = |venue: &str| head.get(&format!("/v1/admin/sales?business_date=2026-11-21&venue_id={venue}"));
    assert_eq!(sales(&there)["items"], json!([]));
    let ours = here["venue"]["venue_id"].as_str().expect("an id");
    assert_eq!(sales(ours)["items"].as_array().map(Vec::len), Some(1));
    let unknown = "/v1/admin/board?venue_id=0193a5c2-0000-7000-8000-00000000dead";
    problem(head.send(Method::GET, unknown, None), 404, "not_found");
}

#[test]
fn a_sale_is_shown_as_the_till_wrote_it() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    let (event, sale) = till.sale(2);
    let redeemed = till.redeemed(&sale.tickets[0], 1);
    till.push(&[event.clone(), redeemed]);
    let detail = server.admin().get(&format!("/v1/admin/sales/{}", sale.sale_id));
    assert_eq!(detail["lines"], serde_json::to_value(&sale.lines).expect("JSON"));
    assert_eq!(detail["totals"], serde_json::to_value(&sale.totals).expect("JSON"));
    assert_eq!(detail["payments"][0]["tendered_minor"], 11_980);
    assert_eq!(detail["hash"], event.hash.to_string());
    assert_eq!(detail["tickets"][0]["redemptions"], 1);
    assert!(!detail.to_string().contains(&sale.tickets[0].code), "no signed code leaves by this way");
}

/// Paid in part by card, and told twice: once is once.
#[test]
fn a_sale_paid_in_two_ways_counts_in_both() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let (_, mut sale) = till.sale(2);
    let mut till = server.till(1);
    let total_minor = sale.totals.total_minor;
    let approval = CardApproval {
        authorisation_code: "123456".to_owned(),
        operation_no: "7".to_owned(),
        last4: "0421".to_owned(),
        brand: "VI".to_owned(),
        card_type: "CR".to_owned(),
    };
    let payment_id = PaymentId::new(sale.completed_at, &*server.outside.entropy);
    sale.settlement.payments = vec![
        Payment::Card { payment_id, amount_minor: 5_000, approval, is_manual: false },
        Payment::Cash {
            amount_minor: total_minor - 5_000,
            tendered_minor: 10_000,
            change_minor: 10_000 - (total_minor - 5_000),
            rounding_minor: 0,
        },
    ];
    let told = Fact::SaleCompleted(sale);
    let events = [till.started(), till.opened(), till.write(&told), till.write(&told)];
    till.push(&events);
    let day = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21");
    assert_eq!((&day["totals"]["sales"], &day["totals"]["total_minor"]), (&json!(1), &json!(total_minor)));
    assert_eq!(
        day["by_tender"],
        json!([
            { "tender": "card", "payments": 1, "amount_minor": 5_000 },
            { "tender": "cash", "payments": 1, "amount_minor": total_minor - 5_000 }
        ])
    );
    let listed = server.admin().get("/v1/admin/sales");
    assert_eq!(listed["items"][0]["tenders"], json!(["card", "cash"]));
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn sales_are_walked_newest_first() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    for pieces in 1..=5 {
        // Two at the same moment: the id decides.
        server.advance(i64::from(pieces % 2) * 1_000);
        let event = till.sale(pieces).0;
        till.push(&[event]);
    }
    // Nobody sold for hours, or a clock was put right.
    server.advance(5 * 60 * 60 * 1_000);
    let late = [till.sale(1).0, till.sale(2).0];
    till.push(&late);
    let head = server.admin();
    for of_night in ["business_date=2026-11-21&", ""] {
        let (mut seen, mut path) = (Vec::new(), format!("/v1/admin/sales?{of_night}limit=2"));
        loop {
            let page = head.get(&path);
            seen.extend(page["items"].as_array().expect("items").clone());
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/admin/sales?{of_night}limit=2&before={next}");
        }
        assert_eq!(seen.len(), 7);
        assert!(seen.windows(2).all(|pair| pair[0]["completed_at"].as_i64() >= pair[1]["completed_at"].as_i64()));
    }
}

#[test]
fn the_bell_rings_when_a_sale_arrives_and_the_server_still_stops() {
    let mut server = TestServer::start();
    let bell = server.request(Method::GET, "/v1/admin/bell").bearer_auth(&server.admin().token).send();
    let mut lines = BufReader::new(bell.expect("a stream")).lines();
    let mut next = move || lines.by_ref().map_while(Result::ok).find(|line| line == "event: board");
    assert_eq!(next().as_deref(), Some("event: board"), "once at the start");
    {
        let mut till = server.till(0);
        let event = till.started();
        till.push(&[event]);
    }
    assert_eq!(next().as_deref(), Some("event: board"));
    server.restart();
    while next().is_some() {}
    let answer: Value = server.get("/health").json().expect("JSON");
    assert_eq!(answer["status"], "ok");
}
