//! The danger zone: what people say of card payments that no terminal settles, and what the terminal says later.

use std::sync::Arc;

use pos_app::commands::ErrorCode as Code;
use pos_app::practice::HeadOffice;
use pos_app::terminal::JournalError;
use serde_json::{Value, json};
use shared::tender::{CardApproval, TerminalReport};

use crate::cards::{approval, approved, asked, charge, get, says, tells};
use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};

fn doubt(counter: &Counter) -> Value {
    let payment = charge(counter);
    tells(counter, &payment, [TerminalReport::NoAnswer]);
    payment
}

fn manager(counter: &Counter) {
    counter.log_in(counter.manager, MANAGER_PIN);
}

fn cashier(counter: &Counter) {
    counter.log_in(counter.cashier, CASHIER_PIN);
}

fn named(payment: &Value, mut args: Value) -> Value {
    args["payment_id"] = payment["payment"]["payment_id"].clone();
    args
}

fn by_voucher(payment: &Value, number: u32) -> Value {
    let told = approval(number);
    named(
        payment,
        json!({
            "outcome": "approved", "authorisation_code": told.authorisation_code.to_lowercase(), "last4": told.last4,
            "note": "Voucher en mano",
        }),
    )
}

fn not_charged(payment: &Value) -> Value {
    named(payment, json!({ "outcome": "not_charged", "note": "El terminal no la lista" }))
}

/// What the danger zone lists: why, and what would settle it.
fn open(counter: &Counter) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let listed = counter.ok("card.list_open", &json!({}));
    let rows = listed.as_array().expect("a list").iter();
    rows.map(|row| (text(&row["reason"]), row["ways"].as_array().expect("ways").iter().map(text).collect())).collect()
}

fn row(reason: &str, ways: &[&str]) -> (String, Vec<String>) {
    (reason.to_owned(), ways.iter().map(|way| (*way).to_owned()).collect())
}

#[test]
fn a_manager_with_the_voucher_says_that_it_was_approved() {
    let mut counter = Counter::selling(1);
    let payment = doubt(&counter);
    counter.clock.pass(90_000);
    let listed = counter.ok("card.list_open", &json!({}));
    assert_eq!(
        (&listed[0]["asked_by"], &listed[0]["card"]["elapsed_ms"], &listed[0]["receipt_no"]),
        (&json!("Camila"), &json!(90_000), &Value::Null)
    );
    assert_eq!(listed[0]["terminal"], "Transbank · null", "nobody reads a whole path");
    assert_eq!(open(&counter), [row("in_doubt", &["ask_terminal", "resolve"])]);
    assert_eq!(counter.ok("status.get", &json!({}))["open_cards"], 1);
    assert_eq!(counter.code("card.resolve", &by_voucher(&payment, 123)), Code::PermissionDenied);

    manager(&counter);
    let settled = counter.ok("card.resolve", &by_voucher(&payment, 123));
    assert_eq!((&settled["payment"]["state"], &settled["payment"]["is_manual"]), (&json!("approved"), &json!(true)));
    assert_eq!(settled["payment"]["approval"]["authorisation_code"], "A00123");
    assert_eq!((&settled["manual"]["by"], &settled["manual"]["note"]), (&json!("Marcela"), &json!("Voucher en mano")));
    assert!(settled["manual"]["at"].is_number());
    assert_eq!(open(&counter), [], "on its way into the sale on the counter");

    counter.restart();
    cashier(&counter);
    assert_eq!(get(&counter, &payment)["manual"]["by"], "Marcela");
    let sold = counter.ok("sale.complete", &json!({}));
    assert_eq!(sold["settlement"]["payments"][0]["is_manual"], true);
    let x = counter.ok("register.read", &json!({}));
    assert_eq!((&x["card_minor"], &x["manual_card_minor"]), (&json!(3_500), &json!(3_500)));
    // The terminal is free again, and its own word for it later agrees.
    tells(&counter, &payment, [approved(123)]);
    assert_eq!(open(&counter), []);
    charge(&counter);
    counter.assert_whole();
}

#[test]
fn a_manager_says_that_nothing_was_charged_and_the_z_tells_what_people_said() {
    let mut counter = Counter::selling(1);
    let payment = doubt(&counter);
    manager(&counter);
    let settled = counter.ok("card.resolve", &not_charged(&payment));
    assert_eq!((&settled["payment"]["state"], &settled["payment"]["is_manual"]), (&json!("declined"), &json!(true)));
    assert_eq!(counter.code("card.resolve", &not_charged(&payment)), Code::CardNotOpen, "once is enough");
    counter.restart();
    cashier(&counter);
    // A new attempt is a new payment.
    let again = counter.ok("card.start", &json!({}));
    assert_ne!(again["payment"]["ticket_no"], payment["payment"]["ticket_no"]);
    tells(&counter, &again, [asked(), TerminalReport::NoAnswer]);
    manager(&counter);
    counter.ok("card.resolve", &by_voucher(&again, 124));
    counter.ok("sale.complete", &json!({}));
    let z = counter.ok("register.close", &json!({ "counted": [{ "denomination_minor": 10_000, "count": 5 }] }));
    assert_eq!((&z["totals"]["manual_cards"], &z["totals"]["manual_card_minor"]), (&json!(1), &json!(3_500)));
    assert_eq!(z["variance_minor"], 0);
    counter.assert_whole();
}

#[test]
fn a_late_approval_denies_what_was_said_by_hand_and_is_given_back() {
    let mut counter = Counter::selling(1);
    let payment = doubt(&counter);
    manager(&counter);
    counter.ok("card.resolve", &not_charged(&payment));
    cashier(&counter);
    let sold = counter.pay_cash(3_500);
    assert!(matches!(says(&counter, &payment, approved(123)), Err(JournalError::Contradiction(_))));
    counter.restart();
    cashier(&counter);
    let after = get(&counter, &payment);
    assert_eq!(
        (&after["payment"]["state"], &after["payment"]["denied"]["says"]),
        (&json!("declined"), &json!("approved"))
    );
    assert_eq!(open(&counter), [row("contradicted", &["resolve"])]);
    assert_eq!(counter.ok("card.list_open", &json!({}))[0]["receipt_no"], sold["receipt_no"]);

    // The manager looks again: it was charged after all, beside a sale that cash has paid.
    manager(&counter);
    assert_eq!(counter.ok("card.list_open", &json!({}))[0]["outcomes"], json!(["approved"]));
    assert_eq!(counter.code("card.resolve", &not_charged(&payment)), Code::CardTaken, "money is not talked away");
    assert_eq!(open(&counter), [row("contradicted", &["resolve"])]);
    let settled = counter.ok("card.resolve", &by_voucher(&payment, 123));
    assert_eq!(
        settled["payment"]["approval"]["operation_no"], "000123",
        "what the terminal said is not typed in again"
    );
    assert_eq!(open(&counter), [row("not_counted", &["void", "return"])]);
    let voiding = counter.ok("card.void", &named(&payment, json!({})));
    assert_eq!(voiding["payment"]["state"], "voiding");
    assert_eq!(open(&counter), [row("void_in_doubt", &["ask_terminal", "resolve"])]);
    counter.restart();
    manager(&counter);
    tells(&counter, &payment, [TerminalReport::Voided]);
    assert_eq!(open(&counter), []);
    counter.assert_whole();
}

#[test]
fn a_late_refusal_denies_an_approval_by_hand_and_the_sale_stays_as_it_was_sold() {
    let counter = Counter::selling(1);
    let payment = doubt(&counter);
    manager(&counter);
    counter.ok("card.resolve", &by_voucher(&payment, 123));
    let sold = counter.ok("sale.complete", &json!({}));
    assert!(says(&counter, &payment, TerminalReport::Declined { code: "11".into() }).is_err());
    assert_eq!(open(&counter), [row("contradicted", &["resolve"])]);
    assert_eq!(counter.ok("sale.recent", &json!({ "limit": 1 }))[0]["settlement"], sold["settlement"]);
    // The voucher is still there, and so is the word of who read it.
    counter.ok("card.resolve", &by_voucher(&payment, 123));
    assert_eq!(open(&counter), []);
    counter.assert_whole();
}

#[test]
fn what_is_wrong_with_a_resolution_is_named() {
    let counter = Counter::selling(1);
    let first = charge(&counter);
    manager(&counter);
    assert_eq!(counter.code("card.resolve", &not_charged(&first)), Code::CardInProgress, "it is still on the wire");
    tells(&counter, &first, [approved(123)]);
    assert_eq!(counter.code("card.resolve", &not_charged(&first)), Code::CardNotOpen);
    counter.ok("sale.complete", &json!({}));
    let payment = doubt(&counter);
    let with = |key: &str, value: Value| {
        let mut args = by_voucher(&payment, 124);
        args[key] = value;
        counter.code("card.resolve", &args)
    };
    for code in ["", "7", "12-45", "1234567890123"] {
        assert_eq!(with("authorisation_code", json!(code)), Code::CardCodeInvalid, "{code}");
    }
    for last4 in ["", "46", "04611", "abcd"] {
        assert_eq!(with("last4", json!(last4)), Code::CardDigitsInvalid, "{last4}");
    }
    for note in ["", "   ", "dos\nlíneas", "x".repeat(201).as_str()] {
        assert_eq!(with("note", json!(note)), Code::NoteInvalid, "{note}");
    }
    assert_eq!(with("note", json!("x".repeat(2_000))), Code::ArgumentsInvalid);
    assert_eq!(with("outcome", json!("voided")), Code::CardOutcomeInvalid, "nobody asked for a void");
    assert_eq!(with("outcome", json!("perhaps")), Code::ArgumentsInvalid);
    let unknown = json!("01935000-0000-7000-8000-000000000999");
    assert_eq!(with("payment_id", unknown), Code::CardUnknown);
    // The voucher of another sale pays nothing here.
    let (code, details) = counter.refused("card.resolve", &by_voucher(&payment, 123));
    assert_eq!((code, &details["receipt_no"]), (Code::CardProofUsed, &json!(1)));
    assert_eq!(details["ticket_no"], first["payment"]["ticket_no"]);
    assert_eq!(get(&counter, &payment)["payment"]["state"], "uncertain", "nothing of all this settled it");
    counter.assert_whole();
}

#[test]
fn a_credit_payment_on_the_counter_is_voided_and_the_sums_follow() {
    let mut counter = Counter::selling(1);
    let payment = charge(&counter);
    assert_eq!(counter.code("card.void", &named(&payment, json!({}))), Code::PermissionDenied);
    manager(&counter);
    let (code, details) = counter.refused("card.void", &named(&payment, json!({})));
    assert_eq!((code, &details["state"]), (Code::CardNotVoidable, &json!("in_progress")));
    tells(&counter, &payment, [approved(123)]);
    let sale = counter.ok("sale.current", &json!({}));
    assert_eq!((&sale["paid_minor"], &sale["cards"][0]["can_void"]), (&json!(3_500), &json!(true)));
    counter.ok("card.void", &named(&payment, json!({})));
    assert_eq!(counter.ok("sale.current", &json!({}))["left_minor"], 3_500, "it pays nothing from here on");
    counter.restart();
    manager(&counter);
    assert_eq!(get(&counter, &payment)["payment"]["state"], "voiding");
    assert_eq!(counter.code("card.start", &json!({})), Code::CardUncertain);
    tells(&counter, &payment, [TerminalReport::Voided]);
    counter.ok("sale.abandon", &json!({}));
    assert_eq!(open(&counter), []);

    // What paid a finished sale stays with it.
    let finished = charge(&counter);
    tells(&counter, &finished, [approved(125)]);
    let sold = counter.ok("sale.complete", &json!({}));
    let (code, details) = counter.refused("card.void", &named(&finished, json!({})));
    assert_eq!((code, &details["receipt_no"]), (Code::CardCounted, &sold["receipt_no"]));
    let back = named(&finished, json!({ "way": "cash", "note": "Se arrepintió" }));
    assert_eq!(counter.code("card.return", &back), Code::CardCounted);
    counter.assert_whole();
}

#[test]
fn a_debit_payment_is_given_back_in_cash_because_the_terminal_cannot() {
    let mut counter = Counter::selling(1);
    let payment = charge(&counter);
    let debit = CardApproval { card_type: "DB".into(), ..approval(123) };
    tells(&counter, &payment, [TerminalReport::Approved { approval: debit }]);
    manager(&counter);
    assert_eq!(counter.code("card.void", &named(&payment, json!({}))), Code::CardVoidDebit);
    assert_eq!(counter.code("sale.abandon", &json!({})), Code::CardAlreadyPaid);
    let way = |note: &str| named(&payment, json!({ "way": "cash", "note": note }));
    assert_eq!(counter.code("card.return", &way(" ")), Code::NoteInvalid);
    let returned = counter.ok("card.return", &way("Débito, no se anula"));
    assert_eq!((&returned["payment"]["returned"], &returned["manual"]["by"]), (&json!("cash"), &json!("Marcela")));
    assert_eq!(counter.code("card.return", &way("Otra vez")), Code::CardNotReturnable);
    let x = counter.ok("register.read", &json!({}));
    assert_eq!(x["expected_cash_minor"], 46_500, "the drawer has less");
    counter.restart();
    manager(&counter);
    assert_eq!(counter.ok("sale.current", &json!({}))["paid_minor"], 0);
    counter.ok("sale.abandon", &json!({}));
    assert_eq!(open(&counter), []);
    assert_eq!(counter.ok("status.get", &json!({}))["paid_twice"], json!([]));

    // What a terminal calls credit and then will not void stands, with its code.
    let credit = charge(&counter);
    tells(&counter, &credit, [approved(124)]);
    counter.ok("card.void", &named(&credit, json!({})));
    tells(&counter, &credit, [TerminalReport::VoidRefused { code: "08".into() }]);
    let after = get(&counter, &credit);
    assert_eq!((&after["payment"]["state"], &after["payment"]["void_refused"]), (&json!("approved"), &json!("08")));
    counter.ok("sale.complete", &json!({}));
    counter.assert_whole();
}

#[test]
fn a_void_in_doubt_is_settled_by_who_has_the_paper() {
    let counter = Counter::selling(1);
    let voiding = |number: u32| {
        let payment = charge(&counter);
        tells(&counter, &payment, [approved(number)]);
        counter.ok("card.void", &named(&payment, json!({})));
        payment
    };
    manager(&counter);
    let payment = voiding(123);
    let outcome = |what: &str| named(&payment, json!({ "outcome": what, "note": "Comprobante de anulación" }));
    assert_eq!(counter.code("card.resolve", &outcome("not_charged")), Code::CardOutcomeInvalid);
    assert_eq!(counter.ok("card.resolve", &outcome("not_voided"))["payment"]["state"], "approved");
    counter.ok("card.void", &named(&payment, json!({})));
    assert_eq!(counter.ok("card.resolve", &outcome("voided"))["payment"]["state"], "voided");
    assert_eq!(open(&counter), []);
    counter.assert_whole();
}

#[test]
fn a_terminal_without_a_cable_is_typed_in_and_told_apart_everywhere() {
    let office = Arc::new(HeadOffice::new(1));
    let mut counter = Counter::with_devices(office, 1, "[terminal]\nprotocol = \"manual\"\n");
    counter.start_selling();
    let status = counter.ok("status.get", &json!({}));
    assert_eq!((&status["terminal_is_manual"], &status["terminal"]["state"]), (&json!(true), &json!("ready")));
    let typed = |code: &str, last4: &str| json!({ "authorisation_code": code, "last4": last4, "card_type": "db" });
    assert_eq!(counter.code("card.enter_manual", &typed("A00123", "0461")), Code::SaleEmpty);
    counter.add(2, 1);
    assert_eq!(counter.code("card.start", &json!({})), Code::TerminalIsManual);
    assert_eq!(counter.code("card.enter_manual", &typed("A", "0461")), Code::CardCodeInvalid);
    assert_eq!(counter.code("card.enter_manual", &typed("A00123", "461")), Code::CardDigitsInvalid);
    let mut over = typed("A00123", "0461");
    over["amount_minor"] = json!(3_501);
    assert_eq!(counter.code("card.enter_manual", &over), Code::TenderOverNotCash);
    over["amount_minor"] = json!(-1);
    assert_eq!(counter.code("card.enter_manual", &over), Code::AmountInvalid);
    let entered = counter.ok("card.enter_manual", &typed("a00123", "0461"));
    assert_eq!((&entered["payment"]["state"], &entered["payment"]["is_manual"]), (&json!("approved"), &json!(true)));
    assert_eq!(
        (&entered["manual"]["by"], &entered["payment"]["approval"]["card_type"]),
        (&json!("Camila"), &json!("DB"))
    );
    counter.restart();
    cashier(&counter);
    counter.ok("sale.complete", &json!({}));
    counter.add(2, 1);
    assert_eq!(
        counter.code("card.enter_manual", &typed("A00123", "0461")),
        Code::CardProofUsed,
        "one voucher, one sale"
    );
    assert_eq!(counter.ok("register.read", &json!({}))["manual_card_minor"], 3_500);
    manager(&counter);
    assert_eq!(counter.code("card.read_batch", &json!({})), Code::TerminalIsManual);
    assert_eq!(counter.code("card.void", &named(&entered, json!({}))), Code::TerminalIsManual);
    counter.assert_whole();
    let wired = Counter::selling(2);
    assert_eq!(wired.code("card.enter_manual", &typed("A00123", "0461")), Code::TerminalNotManual);
}
