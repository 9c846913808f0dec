//! Two tills that were apart meet at head office: what they edited and sold comes to the same everywhere, whoever came
//! first.

use std::sync::Arc;

use serde_json::{Value, json};

use super::place::{Bar, HeadOffice, NightClock};

/// What a till shows of a product: price, name, tags, and how much is left.
fn shown(bar: &Bar, sku: &str) -> Value {
    let product = &bar.ask("catalog.search", &json!({ "text": sku, "limit": 1 }))[0];
    let stock = bar.ask("stock.list", &json!({}));
    let stock = stock.as_array().expect("a list").iter();
    let mut stock = stock.filter(|stock| stock["product"]["product_id"] == product["product_id"]);
    let left = stock.next().map_or(Value::Null, |stock| stock["on_hand_milli"].clone());
    json!([product["price_minor"], product["name"], product["tags"], left])
}

fn sign_in(bar: &Bar, office: &HeadOffice, name: &str) {
    let (staff_id, pin) = office.person(name);
    bar.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }));
}

/// The whole story; `order` says who comes to head office when, 0 the bar and 1 the terrace.
fn meet(order: &[usize]) -> (Value, Value) {
    const SKU: &str = "CER-001";
    let clock = Arc::new(NightClock::default());
    let mut office = HeadOffice::open(&clock);
    let tills = [Bar::open(&office, "BMB", "bar", &clock), Bar::open(&office, "BTZ", "terrace", &clock)];
    let manager = office.seed.staff.iter().find(|staff| format!("{:?}", staff.roles).contains("Manager"));
    let manager = manager.expect("somebody runs the place").name.clone();
    for till in &tills {
        till.sync();
        till.begin(&office, &manager);
    }
    let product = tills[0].ask("catalog.search", &json!({ "text": SKU, "limit": 1 }))[0].clone();
    let id = &product["product_id"];
    tills[0].ask("stock.count", &json!({ "product_id": id, "counted_milli": 24_000 }));
    tills[0].ask("product.edit", &json!({ "product_id": id, "add_tags": ["nuevo"] }));
    for till in [0, 1, 0] {
        tills[till].sync();
    }
    assert_eq!(shown(&tills[1], SKU), json!([product["price_minor"], product["name"], ["nuevo"], 24_000]));

    office.stop();
    clock.advance_minutes(10);
    let [bar, terrace] = &tills;
    bar.ask("product.edit", &json!({ "product_id": id, "price_minor": 3_900, "remove_tags": ["nuevo"] }));
    bar.sell_cash(&[(SKU, 3)]);
    clock.advance_minutes(1);
    terrace.ask("product.edit", &json!({ "product_id": id, "price_minor": 4_200, "name": "Cerveza de la casa" }));
    terrace.ask("product.edit", &json!({ "product_id": id, "add_tags": ["happy hour"] }));
    terrace.sell_cash(&[(SKU, 4)]);
    clock.advance_minutes(1);
    // The bar counts without knowing of the terrace's four, and sells on.
    bar.ask("stock.count", &json!({ "product_id": id, "counted_milli": 20_000 }));
    bar.sell_cash(&[(SKU, 1)]);
    assert_eq!(shown(bar, SKU), json!([3_900, product["name"], null, 19_000]));
    assert_eq!(shown(terrace, SKU), json!([4_200, "Cerveza de la casa", ["happy hour", "nuevo"], 20_000]));

    office.start();
    for till in order {
        tills[*till].sync();
    }
    let (here, there) = (shown(bar, SKU), shown(terrace, SKU));
    assert_eq!(here, there, "both tills show the same");
    let stock = office.ask("/v1/admin/stock");
    assert_eq!(stock["items"].as_array().map(Vec::len), Some(1), "{stock}");
    assert_eq!(stock["items"][0]["on_hand_milli"], here[3], "and so does head office");
    let lost = office.ask("/v1/admin/superseded-edits");
    let board = office.board();
    let flags = board["flags"].as_array().expect("flags").iter();
    assert!(flags.into_iter().any(|flag| flag["code"] == "edit_superseded"), "the manager is told: {board}");
    for till in &tills {
        till.verify();
    }
    // A till that starts again is another run, and knows what it knew.
    let [bar, terrace] = tills;
    let bar = bar.restart("bar again", &clock);
    bar.sync();
    sign_in(&bar, &office, &manager);
    bar.sell_cash(&[(SKU, 2)]);
    for till in [&bar, &terrace, &bar] {
        till.sync();
    }
    assert_eq!((shown(&bar, SKU)[3].clone(), shown(&terrace, SKU)[3].clone()), (json!(13_000), json!(13_000)));
    bar.verify();
    (here, lost)
}

#[test]
fn two_tills_that_were_apart_come_to_the_same_product_and_stock_in_any_order() {
    let (product, lost) = meet(&[0, 1, 0]);
    // 20 counted, one sold since, and the four that the count did not know of.
    assert_eq!(product, json!([4_200, "Cerveza de la casa", ["happy hour"], 15_000]));
    let lost = lost["items"].as_array().expect("a list").clone();
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!(
        (&lost[0]["field"], &lost[0]["lost"], &lost[0]["kept"]),
        (&json!("price_minor"), &json!(3_900), &json!(4_200))
    );
    let (turned, turned_lost) = meet(&[1, 0, 1]);
    assert_eq!(turned, product, "whoever comes first");
    assert_eq!(turned_lost["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(turned_lost["items"][0]["lost"], 3_900);
}
