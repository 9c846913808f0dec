//! One night at one till, and its ticket at another.

use std::sync::Arc;

use pos_app::app::TillJournal;
use pos_app::terminal::Journal as _;
use serde_json::{Value, json};
use shared::ids::PaymentId;
use shared::tender::{CardApproval, TerminalReport};

use crate::support::{BARTENDER_PIN, Counter, MANAGER_PIN};

fn approval() -> CardApproval {
    CardApproval {
        authorisation_code: "252985".into(),
        operation_no: "000123".into(),
        last4: "0461".into(),
        brand: "VI".into(),
        card_type: "CR".into(),
    }
}

/// What the terminal's thread would say.
fn terminal_says(counter: &Counter, payment: &Value, reports: &[TerminalReport]) {
    let journal = TillJournal(Arc::downgrade(counter.till()));
    let id: PaymentId = payment["payment"]["payment_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    for report in reports {
        journal.report(id, report.clone()).expect("journalled");
    }
}

const SENT: TerminalReport = TerminalReport::Asked { baseline: None };

#[test]
fn a_night_is_sold_counted_and_proved() {
    let counter = Counter::selling(1);

    // Cash: two piscolas and a water; legal rounding takes five pesos off.
    counter.add(1, 2);
    let sale = counter.add(3, 1);
    assert_eq!((sale["totals"]["total_minor"].as_i64(), sale["cash_due_minor"].as_i64()), (Some(13_975), Some(13_970)));
    assert_eq!(sale["cash_suggestions"], json!([13_970, 14_000, 15_000, 20_000]));
    let cash = counter.pay_cash(20_000);
    assert_eq!(cash["settlement"]["change_minor"], 6_030);
    assert_eq!(cash["receipt_no"], 1);
    assert_eq!(cash["tickets"].as_array().map(Vec::len), Some(1), "one ticket for what a bar hands over");
    assert_eq!(cash["is_print_pending"], true, "the printer is gone, and the sale happened");

    // Card: approved while the cashier waits.
    counter.add(2, 1);
    let card = counter.ok("card.start", &json!({}));
    assert_eq!(card["payment"]["state"], "created");
    terminal_says(&counter, &card, &[TerminalReport::Ready, SENT, TerminalReport::Approved { approval: approval() }]);
    let waited = counter.ok("card.wait", &json!({ "payment_id": card["payment"]["payment_id"], "timeout_ms": 60_000 }));
    assert_eq!(waited["payment"]["state"], "approved");
    let by_card = counter.ok("sale.complete", &json!({}));
    assert_eq!(by_card["settlement"]["payments"][0]["kind"], "card");
    assert_eq!(by_card["receipt_no"], 2);

    // A cashier counts blind: nothing here tells the cash.
    let x = counter.ok("register.read", &json!({}));
    assert_eq!((&x["sales"], &x["card_minor"]), (&json!(2), &json!(3_500)));
    assert_eq!((&x["totals"], &x["expected_cash_minor"]), (&json!(null), &json!(null)));

    // The night is counted: 50 000 float and 13 970 in cash.
    counter.log_in(counter.manager, MANAGER_PIN);
    let x = counter.ok("register.read", &json!({}));
    assert_eq!(x["expected_cash_minor"], 63_970);
    let z = counter.ok(
        "register.close",
        &json!({ "counted": [{ "denomination_minor": 20_000, "count": 3 }, { "denomination_minor": 1_000, "count": 3 }] }),
    );
    assert_eq!((z["z_number"].as_i64(), z["variance_minor"].as_i64()), (Some(1), Some(-970)));
    assert_eq!(z["totals"]["card_minor"], 3_500);
    counter.assert_whole();
}

#[test]
fn another_till_checks_and_hands_over_a_ticket_it_never_heard_of() {
    let counter = Counter::selling(2);
    counter.add(1, 3);
    counter.add(2, 1);
    let sold = counter.pay_cash(30_000);
    let code = sold["tickets"][0]["code"].as_str().expect("a code");

    let bar = Counter::of(Arc::clone(&counter.office), 2);
    bar.office.introduce(bar.till(), &counter.device).expect("introduced");
    bar.log_in(bar.bartender, BARTENDER_PIN);
    let routed = bar.ok("scan.route", &json!({ "code": code.to_lowercase() }));
    assert_eq!((routed["kind"].as_str(), routed["ticket"]["verdict"].as_str()), (Some("ticket"), Some("valid")));
    assert_eq!(routed["ticket"]["sold_by"], "Caja 1");
    assert_eq!(routed["ticket"]["display_code"], sold["tickets"][0]["display_code"]);
    assert_eq!(routed["ticket"]["lines"][0]["name"], "Piscola Alto del Carmen");

    let part = bar.ok("ticket.redeem", &json!({ "code": code, "lines": [{ "line_no": 1, "quantity": 2 }] }));
    assert_eq!(part["verdict"], "partial");
    let rest = bar.ok("ticket.redeem", &json!({ "code": code }));
    assert_eq!(rest["verdict"], "delivered");
    assert_eq!(rest["history"].as_array().map(Vec::len), Some(2));
    bar.assert_whole();
    counter.assert_whole();
}

#[test]
fn the_sale_on_the_counter_comes_back_after_a_power_cut() {
    let mut counter = Counter::selling(3);
    let before = counter.add(4, 2);
    counter.restart();
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    let after = counter.ok("sale.current", &json!({}));
    assert_eq!(after["sale"], before["sale"]);
    assert_eq!(counter.pay_cash(9_000)["receipt_no"], 1);
    counter.assert_whole();
}

#[test]
fn a_power_cut_leaves_a_sent_card_payment_in_doubt_and_forgets_an_unsent_one() {
    let mut counter = Counter::selling(4);
    counter.add(2, 1);
    let unsent = counter.ok("card.start", &json!({}));
    counter.restart();
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    let unsent = counter.ok("card.get", &json!({ "payment_id": unsent["payment"]["payment_id"] }));
    assert_eq!(unsent["payment"]["state"], "not_started");

    let sent = counter.ok("card.start", &json!({}));
    terminal_says(&counter, &sent, &[SENT]);
    counter.restart();
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    let status = counter.ok("status.get", &json!({}));
    assert_eq!(status["uncertain_payments"][0]["payment"]["payment_id"], sent["payment"]["payment_id"]);
    let (code, details) = counter.refused("card.start", &json!({}));
    assert_eq!(code, pos_app::commands::ErrorCode::CardUncertain);
    assert_eq!(details["ticket_no"], sent["payment"]["ticket_no"]);

    // Cash goes on; the terminal's late word settles the doubt.
    counter.pay_cash(3_500);
    terminal_says(&counter, &sent, &[TerminalReport::Declined { code: "01".into() }]);
    assert_eq!(counter.ok("status.get", &json!({}))["uncertain_payments"], json!([]));
    counter.assert_whole();
}

#[test]
fn a_doubt_that_turns_out_paid_after_the_sale_was_paid_in_cash_is_owed_to_the_customer() {
    let mut counter = Counter::selling(4);
    counter.add(2, 1);
    let sent = counter.ok("card.start", &json!({}));
    terminal_says(&counter, &sent, &[SENT, TerminalReport::NoAnswer]);
    let sold = counter.pay_cash(3_500);
    assert_eq!(counter.ok("status.get", &json!({}))["paid_twice"], json!([]));

    terminal_says(&counter, &sent, &[TerminalReport::Approved { approval: approval() }]);
    let status = counter.ok("status.get", &json!({}));
    assert_eq!(status["uncertain_payments"], json!([]));
    assert_eq!(status["paid_twice"][0]["receipt_no"], sold["receipt_no"]);
    assert_eq!(status["paid_twice"][0]["payment"]["payment_id"], sent["payment"]["payment_id"]);
    assert_eq!(status["paid_twice"][0]["payment"]["approval"]["last4"], "0461");
    counter.assert_whole();

    // A power cut forgets nothing, and a card that pays its own sale is not taken twice.
    counter.restart();
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    counter.add(2, 1);
    let sent = counter.ok("card.start", &json!({}));
    let another = CardApproval { authorisation_code: "252986".into(), operation_no: "000124".into(), ..approval() };
    terminal_says(&counter, &sent, &[SENT, TerminalReport::Approved { approval: another }]);
    assert_eq!(counter.ok("status.get", &json!({}))["paid_twice"].as_array().map(Vec::len), Some(1));
    counter.ok("sale.complete", &json!({}));
    assert_eq!(counter.ok("status.get", &json!({}))["paid_twice"].as_array().map(Vec::len), Some(1));
    counter.assert_whole();
}

#[test]
fn the_last_sale_can_be_repeated_and_its_paper_copied() {
    let counter = Counter::selling(5);
    counter.add(1, 2);
    let sold = counter.pay_cash(12_000);
    let again = counter.ok("sale.repeat_last", &json!({}));
    assert_eq!(again["sale"]["lines"][0]["quantity_milli"], 2_000);
    counter.ok("sale.abandon", &json!({}));
    counter.log_in(counter.manager, MANAGER_PIN);
    counter.ok("printer.reprint", &json!({ "sale_id": sold["sale_id"] }));
    counter.ok("printer.reprint", &json!({ "sale_id": sold["sale_id"] }));
    let recent = counter.ok("sale.recent", &json!({ "limit": 10 }));
    assert_eq!(recent.as_array().map(Vec::len), Some(1));
    counter.assert_whole();
}

#[test]
fn words_and_barcodes_find_products() {
    let counter = Counter::selling(6);
    let names = |text: &str| -> Vec<String> {
        let found = counter.ok("catalog.search", &json!({ "text": text, "limit": 10 }));
        let name = |product: &Value| product["name"].as_str().unwrap_or_default().to_owned();
        found.as_array().map(|found| found.iter().map(name).collect()).unwrap_or_default()
    };
    assert_eq!(names("kun tor"), ["Cerveza Kunstmann Torobayo"]);
    assert_eq!(names("cv-003"), ["Agua mineral sin gas"]);
    assert!(names("ponche").is_empty(), "what is withdrawn is not found");
    assert!(names("\" OR * ) --").is_empty(), "signs are no words");
    let scanned = counter.ok("scan.route", &json!({ "code": pos_app::practice::barcode(4) }));
    assert_eq!((scanned["kind"].as_str(), scanned["line_no"].as_i64()), (Some("product_added"), Some(1)));
    let listed = counter.ok("catalog.list", &json!({}));
    assert_eq!(listed["categories"][0]["products"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_scan_goes_where_its_code_belongs_and_the_next_one_is_heard() {
    let devices = "[codes]\nmeasured = [\"21IIIIIWWWWWC\", \"23IIIIIPPPPPC\"]\n";
    let counter = Counter::with_devices(Arc::new(pos_app::practice::HeadOffice::new(9)), 1, devices);
    counter.start_selling();
    let scan = |code: &str| counter.ok("scan.route", &json!({ "code": code }));
    let line = |added: &Value| {
        let (no, lines) = (&added["line_no"], added["sale"]["sale"]["lines"].as_array().expect("lines"));
        let line = lines.iter().find(|line| line["line_no"] == *no).expect("the line it says");
        [&line["quantity_milli"], &line["unit_price_minor"], &line["total_minor"]]
            .map(|n| n.as_i64().expect("a number"))
    };
    let three = counter.ok("scan.route", &json!({ "code": pos_app::practice::barcode(4), "times": 3 }));
    assert_eq!(line(&three), [3_000, 4_500, 13_500]);
    // 1.250 kg of product 3 at 1 995 the kilogram, and a label of 4 990 for product 4 beside its own price.
    assert_eq!(line(&scan(&label("21", 3, 1_250))), [1_250, 1_995, 2_494]);
    assert_eq!(line(&scan(&label("23", 4, 4_990))), [1_000, 4_990, 4_990]);
    // What a carton says: pieces, kilograms, a price in the shop's own money.
    let carton = |number: u16, more: &str| format!("]C101{:0>14}{more}", pos_app::practice::barcode(number));
    assert_eq!(line(&scan(&carton(2, "10L7\u{1D}306"))), [6_000, 3_500, 21_000]);
    let twice = counter.ok("scan.route", &json!({ "code": carton(2, ""), "times": 2 }));
    assert_eq!(line(&twice), [8_000, 3_500, 28_000]);
    assert_eq!(line(&scan(&carton(1, "3103000500172612313920990"))), [1_000, 990, 990], "its price comes first");
    assert_eq!(line(&scan(&carton(1, "3930152880"))), [1_000, 880, 880]);
    for nobody in [carton(2, "3930978880"), carton(2, "3922050"), carton(2, "300"), carton(2, "3103000000")] {
        let refused = counter.code("scan.route", &json!({ "code": nobody }));
        assert_eq!(refused, pos_app::commands::ErrorCode::CodeUnknown, "{nobody}");
    }
    for nobody in ["2100123012503", "2345678049905", "4006381333931", "4006381333932", &label("21", 3, 0), "", "rm -rf"]
    {
        let refused = counter.code("scan.route", &json!({ "code": nobody }));
        assert_eq!(refused, pos_app::commands::ErrorCode::CodeUnknown, "{nobody}");
    }
    let long = "9".repeat(513);
    assert_eq!(counter.code("scan.route", &json!({ "code": long })), pos_app::commands::ErrorCode::CodeUnknown);
    assert_eq!(line(&scan(&pos_app::practice::barcode(4))), [4_000, 4_500, 18_000], "and the next one is heard");
    counter.assert_whole();
}

/// What a scale prints: prefix, item, value, check digit.
fn label(prefix: &str, item: u32, value: u32) -> String {
    let digits: Vec<u8> = format!("{prefix}{item:05}{value:05}").bytes().map(|byte| byte - b'0').collect();
    let check = shared::catalog::barcode::check_digit(&digits);
    digits.iter().chain([&check]).map(|digit| char::from(b'0' + digit)).collect()
}
