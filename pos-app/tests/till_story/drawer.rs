//! Cash that goes into a drawer or out of it beside the sales: counted, signed for, and allowed.

use std::sync::Arc;

use pos_app::app::TillPaper;
use pos_app::commands::ErrorCode;
use pos_app::printer::{Document, PrintQueue as _};
use serde_json::{Value, json};
use shared::register::CashMovementKind;

use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};

fn movement(kind: &str, amount_minor: i64, reason: &str) -> Value {
    json!({ "movement": kind, "amount_minor": amount_minor, "reason": reason })
}

#[test]
fn cash_that_moves_beside_the_sales_is_counted_and_signed_for() {
    let counter = Counter::selling(81);
    counter.add(1, 1);
    let sold = counter.pay_cash(20_000);
    let kept = 20_000 - sold["settlement"]["change_minor"].as_i64().expect("change");
    counter.log_in(counter.manager, MANAGER_PIN);
    counter.ok("register.move_cash", &movement("in", 30_000, " Sencillo del banco "));
    counter.ok("register.move_cash", &movement("out", 4_500, "Hielo"));
    let x = counter.ok("register.move_cash", &movement("drop", 50_000, "Sobre 0412"));
    let expected = 50_000 + kept + 30_000 - 4_500 - 50_000;
    assert_eq!(x["expected_cash_minor"], expected);
    let moved = json!([30_000, 4_500, 50_000]);
    let of = |totals: &Value| json!([totals["paid_in_minor"], totals["paid_out_minor"], totals["dropped_minor"]]);
    assert_eq!(of(&x["totals"]), moved);
    assert_eq!((&x["sales"], &x["totals"]["cash_minor"]), (&json!(1), &json!(kept)), "no sale");

    let queue = TillPaper(Arc::downgrade(counter.till()));
    let slips: Vec<_> = std::iter::from_fn(|| queue.next())
        .filter_map(|job| match job.document {
            Document::CashSlip(slip) => Some((slip.movement, slip.amount_minor, slip.reason, job.opens_drawer)),
            _ => None,
        })
        .collect();
    let slip = |kind, amount, reason: &str| (kind, amount, reason.to_owned(), true);
    assert_eq!(
        slips,
        [
            slip(CashMovementKind::In, 30_000, "Sencillo del banco"),
            slip(CashMovementKind::Out, 4_500, "Hielo"),
            slip(CashMovementKind::Drop, 50_000, "Sobre 0412"),
        ]
    );
    let found = json!({ "counted": [{ "denomination_minor": 1_000, "count": 25 }] });
    let z = counter.ok("register.close", &found);
    assert_eq!((&z["expected_cash_minor"], &z["variance_minor"]), (&json!(expected), &json!(25_000 - expected)));
    assert_eq!(of(&z["totals"]), moved);
    assert_eq!(counter.code("register.move_cash", &movement("in", 1, "Tarde")), ErrorCode::SessionNotOpen);
    counter.assert_whole();
}

#[test]
fn a_cashier_moves_cash_with_a_managers_word_and_learns_nothing_of_the_drawer() {
    let mut counter = Counter::selling(82);
    let (code, details) = counter.refused("register.move_cash", &movement("out", 4_500, "Hielo"));
    assert_eq!((code, &details["decision"]), (ErrorCode::PermissionDenied, &json!("needs_approval")));
    let mut args = movement("out", 4_500, "Hielo");
    args["approval"] = json!({ "staff_id": counter.manager, "pin": MANAGER_PIN });
    let x = counter.ok("register.move_cash", &args);
    assert_eq!((&x["totals"], &x["expected_cash_minor"]), (&Value::Null, &Value::Null), "counted blind");
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let allowed: Vec<_> = std::iter::from_fn(|| queue.next())
        .filter_map(|job| match job.document {
            Document::CashSlip(slip) => Some((slip.heading.operator, slip.allowed_by)),
            _ => None,
        })
        .collect();
    assert_eq!(allowed, [("Camila".to_owned(), Some("Marcela".to_owned()))]);
    // It outlives the power.
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    assert_eq!(counter.ok("register.read", &json!({}))["expected_cash_minor"], 45_500);
    counter.assert_whole();
}

#[test]
fn an_amount_that_cannot_be_moves_nothing() {
    let counter = Counter::selling(83);
    counter.log_in(counter.manager, MANAGER_PIN);
    for amount in [0, -1, 100_000_000_001, i64::MAX, i64::MIN] {
        assert_eq!(counter.code("register.move_cash", &movement("in", amount, "Nada")), ErrorCode::AmountInvalid);
    }
    assert_eq!(counter.code("register.move_cash", &movement("in", 1, "  ")), ErrorCode::ArgumentsInvalid);
    assert_eq!(counter.code("register.move_cash", &movement("away", 1, "x")), ErrorCode::ArgumentsInvalid);
    let read = counter.ok("register.read", &json!({}));
    assert_eq!(read["expected_cash_minor"], 50_000);
}

#[test]
fn a_receipts_bars_find_its_sale() {
    let counter = Counter::selling(84);
    counter.add(1, 1);
    let sold = counter.pay_cash(20_000);
    counter.log_in(counter.cashier, CASHIER_PIN);
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let code = std::iter::from_fn(|| queue.next()).find_map(|job| match job.document {
        Document::Receipt(receipt) => receipt.code,
        _ => None,
    });
    let code = code.expect("a receipt has bars");
    let found = counter.ok("scan.route", &json!({ "code": code.to_lowercase() }));
    assert_eq!((&found["kind"], &found["sale"]["sale_id"]), (&json!("receipt"), &sold["sale_id"]));
    for unknown in ["RBMB999999", "RXYZ000001"] {
        assert_eq!(counter.code("scan.route", &json!({ "code": unknown })), ErrorCode::SaleUnknown, "{unknown}");
    }
}
