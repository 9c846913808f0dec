//! Card payments that are not simply approved: what the journal keeps, and what it refuses to believe.

use std::sync::Arc;

use pos_app::app::TillJournal;
use pos_app::commands::ErrorCode;
use pos_app::terminal::{Journal as _, JournalError};
use serde_json::{Value, json};
use shared::ids::PaymentId;
use shared::tender::{CardApproval, CardPayment, TerminalReport};

use crate::support::{CASHIER_PIN, Counter};

pub(crate) fn approval(number: u32) -> CardApproval {
    CardApproval {
        authorisation_code: format!("A{number:05}"),
        operation_no: format!("{number:06}"),
        last4: "0461".into(),
        brand: "VI".into(),
        card_type: "CR".into(),
    }
}

pub(crate) fn asked() -> TerminalReport {
    TerminalReport::Asked { baseline: Some("000122".into()) }
}

pub(crate) fn approved(number: u32) -> TerminalReport {
    TerminalReport::Approved { approval: approval(number) }
}

pub(crate) fn id_of(payment: &Value) -> PaymentId {
    payment["payment"]["payment_id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// What the terminal's thread would say, and what the journal answers to it.
pub(crate) fn says(counter: &Counter, payment: &Value, report: TerminalReport) -> Result<CardPayment, JournalError> {
    TillJournal(Arc::downgrade(counter.till())).report(id_of(payment), report)
}

/// The same, believed.
pub(crate) fn tells(counter: &Counter, payment: &Value, reports: impl IntoIterator<Item = TerminalReport>) {
    for report in reports {
        says(counter, payment, report).expect("journalled");
    }
}

/// A beer on the counter, and the terminal asked for it.
pub(crate) fn charge(counter: &Counter) -> Value {
    counter.add(2, 1);
    let payment = counter.ok("card.start", &json!({}));
    tells(counter, &payment, [asked()]);
    payment
}

pub(crate) fn get(counter: &Counter, payment: &Value) -> Value {
    counter.ok("card.get", &json!({ "payment_id": payment["payment"]["payment_id"] }))
}

pub(crate) fn restart(counter: &mut Counter) {
    counter.restart();
    counter.log_in(counter.cashier, CASHIER_PIN);
}

#[test]
fn one_transaction_of_the_terminal_pays_one_sale() {
    let mut counter = Counter::selling(1);
    let first = charge(&counter);
    tells(&counter, &first, [approved(123)]);
    counter.ok("sale.complete", &json!({}));

    // The terminal repeats itself, and something took it for the next sale's answer.
    let second = charge(&counter);
    let events = |counter: &Counter| counter.ok("ledger.verify", &json!({}))["events"].as_u64();
    assert!(matches!(says(&counter, &second, approved(123)), Err(JournalError::Contradiction(_))));
    let kept = events(&counter);
    assert!(matches!(says(&counter, &second, approved(123)), Err(JournalError::Contradiction(_))));
    assert_eq!(events(&counter), kept, "kept once, however often it is said");
    assert_eq!(get(&counter, &second)["payment"]["state"], "uncertain");
    assert_eq!(get(&counter, &second)["payment"]["denied"]["says"], "approved");
    let (code, missing) = counter.refused("sale.complete", &json!({}));
    assert_eq!((code, &missing["missing_minor"]), (ErrorCode::TenderShort, &json!(3_500)), "it paid nothing here");

    restart(&mut counter);
    assert_eq!(get(&counter, &second)["payment"]["denied"]["says"], "approved");
    assert_eq!(counter.code("card.start", &json!({})), ErrorCode::CardUncertain);
    // Its own approval is another transaction, and is believed.
    tells(&counter, &second, [approved(124)]);
    counter.ok("sale.complete", &json!({}));
    counter.assert_whole();
}

#[test]
fn a_number_that_comes_back_another_night_is_another_transaction() {
    let counter = Counter::selling(1);
    let first = charge(&counter);
    tells(&counter, &first, [approved(123)]);
    counter.ok("sale.complete", &json!({}));
    counter.clock.pass(37 * 60 * 60 * 1000);
    let second = charge(&counter);
    tells(&counter, &second, [approved(123)]);
    counter.ok("sale.complete", &json!({}));
    counter.assert_whole();
}

#[test]
fn what_was_asked_promised_and_voided_is_known_after_a_power_cut() {
    let mut counter = Counter::selling(1);
    let payment = charge(&counter);
    tells(&counter, &payment, [TerminalReport::Promised { approval: approval(123) }]);
    restart(&mut counter);
    let after = get(&counter, &payment);
    assert_eq!((&after["payment"]["state"], &after["payment"]["baseline"]), (&json!("uncertain"), &json!("000122")));
    assert_eq!(after["payment"]["promised"]["operation_no"], "000123");

    tells(&counter, &payment, [approved(123), TerminalReport::VoidAsked { baseline: None }]);
    restart(&mut counter);
    assert_eq!(get(&counter, &payment)["payment"]["state"], "voiding", "still to be asked about");
    assert_eq!(counter.ok("sale.current", &json!({}))["paid_minor"], 0);
    tells(&counter, &payment, [TerminalReport::VoidRefused { code: "08".into() }]);
    assert_eq!(counter.ok("sale.current", &json!({}))["paid_minor"], 3_500, "the approval stands");
    tells(&counter, &payment, [TerminalReport::VoidAsked { baseline: None }, TerminalReport::Voided]);
    restart(&mut counter);
    assert_eq!(get(&counter, &payment)["payment"]["state"], "voided");
    counter.pay_cash(3_500);
    counter.assert_whole();
}
