//! Cash on the counter and in the drawer, added up before it is taken.

use pos_app::commands::ErrorCode;
use serde_json::json;

use crate::support::Counter;

#[test]
fn what_cash_pays_is_said_before_it_is_taken() {
    let counter = Counter::selling(71);
    let sale = counter.add(1, 1);
    let due = sale["cash_due_minor"].as_i64().expect("an amount");
    let exact = counter.ok("sale.tender", &json!({}));
    assert_eq!(exact["tendered_minor"], due);
    assert_eq!((&exact["missing_minor"], &exact["change_minor"]), (&json!(0), &json!(0)));

    let short = counter.ok("sale.tender", &json!({ "amount_minor": due - 10 }));
    assert_eq!((&short["missing_minor"], &short["change_minor"]), (&json!(10), &json!(0)));

    let notes = json!({ "notes": [{ "denomination_minor": 20_000, "count": 2 }] });
    let said = counter.ok("sale.tender", &notes);
    assert_eq!(said["tendered_minor"], 40_000);
    assert_eq!(counter.ok("sale.current", &json!({})), sale, "asking changes nothing");
    let done = counter.pay_cash(40_000);
    assert_eq!(said["change_minor"], done["settlement"]["change_minor"]);
    assert_eq!(said["change_notes"], done["change_notes"]);
}

#[test]
fn cash_that_does_not_exist_is_refused() {
    let counter = Counter::selling(72);
    counter.add(1, 1);
    let odd = json!([{ "denomination_minor": 3_000, "count": 1 }]);
    assert_eq!(counter.code("sale.tender", &json!({ "notes": odd })), ErrorCode::CountInvalid);
    assert_eq!(counter.code("register.add_up", &json!({ "counted": odd })), ErrorCode::CountInvalid);
    assert_eq!(counter.code("sale.tender", &json!({ "amount_minor": -1 })), ErrorCode::AmountInvalid);
}

#[test]
fn a_count_under_way_is_added_up_row_by_row() {
    let counter = Counter::selling(73);
    let drawer = json!([{ "denomination_minor": 20_000, "count": 14 }, { "denomination_minor": 500, "count": 38 }]);
    let sum = counter.ok("register.add_up", &json!({ "counted": drawer }));
    let rows = json!([
        { "denomination_minor": 20_000, "total_minor": 280_000 },
        { "denomination_minor": 500, "total_minor": 19_000 },
    ]);
    assert_eq!(sum, json!({ "rows": rows, "pieces": 52, "total_minor": 299_000 }));
}
