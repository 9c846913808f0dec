//! What a till knows of stock and edited products, alone and after head office spoke.

use std::sync::Arc;

use pos_app::app::TillPaper;
use pos_app::commands::ErrorCode;
use pos_app::ledger::{LedgerError, catalog, product, stock};
use pos_app::printer::{Document, PrintQueue as _};
use serde_json::{Value, json};
use shared::catalog::Product;
use shared::ids::ChainId;
use shared::merge::{Actor, Author, Moved, Part, StockRecord, Version};

use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};

fn managed(seed: u64) -> Counter {
    let counter = Counter::new(seed);
    counter.log_in(counter.manager, MANAGER_PIN);
    counter.ok("register.open", &json!({ "float": [{ "denomination_minor": 10_000, "count": 5 }] }));
    counter
}

fn stock_of(counter: &Counter, number: usize) -> Value {
    let product_id = json!(counter.office.products[number - 1].product_id);
    let listed = counter.ok("stock.list", &json!({}));
    let listed = listed.as_array().expect("a list").iter();
    let mut found = listed.filter(|stock| stock["product"]["product_id"] == product_id);
    found.next().map_or(Value::Null, |stock| json!([stock["on_hand_milli"], stock["level"]]))
}

fn sell(counter: &Counter, number: usize, pieces: i64) {
    counter.add(number, pieces);
    counter.pay_cash(100_000);
}

fn hear(counter: &Counter, record: StockRecord) {
    counter.till().ledger().write(move |tx| stock::put_heard_stock(tx.connection(), &record)).expect("heard");
}

fn publish(counter: &Counter, product: Product) {
    counter.till().ledger().write(move |tx| product::put(tx.connection(), &product)).expect("published");
}

fn shown(counter: &Counter, number: usize) -> Product {
    let product_id = counter.office.products[number - 1].product_id;
    let found = counter.till().ledger().read(|ledger| catalog::find_product(ledger, product_id));
    found.expect("the ledger reads").expect("it is known")
}

#[test]
fn a_counted_product_goes_down_with_every_sale_and_below_zero_if_need_be() {
    let mut counter = managed(41);
    let product_id = counter.office.products[1].product_id;
    sell(&counter, 2, 1);
    assert_eq!(stock_of(&counter, 2), Value::Null, "nobody counted yet");
    let known = counter.ok("stock.count", &json!({ "product_id": product_id, "counted_milli": 12_000 }));
    assert_eq!((&known["on_hand_milli"], &known["level"]), (&json!(12_000), &json!("plenty")));
    sell(&counter, 2, 9);
    assert_eq!(stock_of(&counter, 2), json!([3_000, "low"]), "three left");
    counter.ok("stock.waste", &json!({ "product_id": product_id, "quantity_milli": 1_000 }));
    // A new run is a new counter; nothing is counted twice and nothing is lost.
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    sell(&counter, 2, 4);
    assert_eq!(stock_of(&counter, 2), json!([-2_000, "out"]), "selling is never refused");
    counter.ok("stock.receive", &json!({ "product_id": product_id, "quantity_milli": 24_000 }));
    assert_eq!(stock_of(&counter, 2), json!([22_000, "plenty"]));
    counter.ok("stock.count", &json!({ "product_id": product_id, "counted_milli": 20_000 }));
    sell(&counter, 2, 1);
    assert_eq!(stock_of(&counter, 2), json!([19_000, "plenty"]), "the second count stands");
    counter.assert_whole();
}

#[test]
fn head_office_s_number_takes_what_it_covers_and_leaves_the_rest() {
    let mut counter = managed(42);
    let product_id = counter.office.products[1].product_id;
    let by = |counter: &Counter| Actor { device: counter.device.device_id, chain: counter.till().ledger().chain() };
    let first = by(&counter);
    let version = |round| Version { round, by: Author::Office };
    let record = |on_hand_milli, round, covers: &[(Actor, u64)]| {
        let part = |&(by, taken_milli)| Part { by, received_milli: 0, taken_milli };
        let covers = Moved::of(covers.iter().map(part)).expect("small");
        StockRecord { product_id, on_hand_milli, version: version(round), covers }
    };
    sell(&counter, 2, 2);
    hear(&counter, record(50_000, 1, &[]));
    assert_eq!(stock_of(&counter, 2)[0], 48_000, "it has not heard of our two");
    hear(&counter, record(48_000, 1, &[(first, 2_000)]));
    sell(&counter, 2, 1);
    assert_eq!(stock_of(&counter, 2)[0], 47_000);
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    sell(&counter, 2, 5);
    assert_eq!(stock_of(&counter, 2)[0], 42_000, "one unheard of the run before, five of this");
    let second = by(&counter);
    // Head office folds a run once it has heard of the next: the number holds it, the list does not.
    hear(&counter, record(44_000, 1, &[(second, 3_000)]));
    assert_eq!(stock_of(&counter, 2)[0], 42_000, "two of the five are left to hear");
    // Our own count stands until head office knows of it, and then what stands there does.
    counter.ok("stock.count", &json!({ "product_id": product_id, "counted_milli": 40_000 }));
    sell(&counter, 2, 1);
    assert_eq!(stock_of(&counter, 2)[0], 39_000);
    let other = Actor {
        device: counter.office.products[0].product_id.as_uuid().to_string().parse().expect("an id"),
        chain: ChainId::from_uuid(product_id.as_uuid()),
    };
    hear(&counter, record(43_000, 1, &[(second, 3_000), (other, 1_000)]));
    assert_eq!(stock_of(&counter, 2)[0], 38_000, "another till sold one that our count did not know of");
    hear(&counter, record(37_000, 3, &[(second, 6_000), (other, 1_000)]));
    assert_eq!(stock_of(&counter, 2)[0], 37_000);
    counter.assert_whole();
}

#[test]
fn an_edit_shows_at_once_and_yields_to_what_head_office_decided_later() {
    let counter = managed(43);
    let product_id = counter.office.products[0].product_id;
    let edit = json!({ "product_id": product_id, "price_minor": 4_990, "add_tags": ["happy hour"] });
    let edited = counter.ok("product.edit", &edit);
    assert_eq!((&edited["price_minor"], &edited["tags"]), (&json!(4_990), &json!(["happy hour"])));
    assert_eq!(counter.add(1, 1)["totals"]["total_minor"], 4_990, "sold at its new price");
    // The stream says again what it said before the edit: the edit stays on top.
    publish(&counter, counter.office.products[0].clone());
    assert_eq!(shown(&counter, 1).price_minor, 4_990);
    // Twice alone is still one round.
    counter.ok("product.edit", &json!({ "product_id": product_id, "price_minor": 4_500, "name": " Piscola " }));
    assert_eq!((shown(&counter, 1).price_minor, shown(&counter, 1).name.as_str()), (4_500, "Piscola"));
    let mut decided = Product { price_minor: 6_500, ..counter.office.products[0].clone() };
    decided.mark_changes(&counter.office.products[0]);
    publish(&counter, decided);
    let now = shown(&counter, 1);
    assert_eq!((now.price_minor, now.name.as_str()), (6_500, "Piscola"), "the field it decided, and no other");
    assert_eq!(now.tags, ["happy hour"]);
    // Who has heard of it may change it again.
    counter
        .ok("product.edit", &json!({ "product_id": product_id, "price_minor": 6_000, "remove_tags": ["happy hour"] }));
    assert_eq!((shown(&counter, 1).price_minor, shown(&counter, 1).tags.len()), (6_000, 0));
    // Sold out is off the page, and found again by whoever keeps stock.
    counter.ok("product.edit", &json!({ "product_id": product_id, "is_active": false }));
    assert_eq!(counter.code("sale.add", &json!({ "product_id": product_id })), ErrorCode::ProductNotForSale);
    assert_eq!(stock_of(&counter, 1), json!([null, "unknown"]));
    counter.assert_whole();
}

#[test]
fn a_cashier_neither_edits_nor_counts_and_nonsense_changes_nothing() {
    let counter = managed(44);
    let product_id = counter.office.products[0].product_id;
    for (command, args) in [
        ("product.edit", json!({ "product_id": product_id, "price_minor": -1 })),
        ("product.edit", json!({ "product_id": product_id, "name": "  " })),
        ("product.edit", json!({ "product_id": product_id, "add_tags": ["a\nb"] })),
        ("stock.count", json!({ "product_id": product_id, "counted_milli": -1 })),
        ("stock.receive", json!({ "product_id": product_id, "quantity_milli": 0 })),
        ("stock.waste", json!({ "product_id": product_id, "quantity_milli": i64::MAX })),
    ] {
        let code = counter.code(command, &args);
        assert!(matches!(code, ErrorCode::ArgumentsInvalid | ErrorCode::QuantityInvalid), "{command} {args}: {code:?}");
    }
    counter.log_in(counter.cashier, CASHIER_PIN);
    let edit = json!({ "product_id": product_id, "price_minor": 1 });
    assert_eq!(counter.code("product.edit", &edit), ErrorCode::PermissionDenied);
    let count = json!({ "product_id": product_id, "counted_milli": 1_000 });
    assert_eq!(counter.code("stock.count", &count), ErrorCode::PermissionDenied);
    assert_eq!(shown(&counter, 1), counter.office.products[0]);
    counter.assert_whole();
}

#[test]
fn the_next_receipt_bears_what_head_office_calls_the_place_from_now_on() {
    let counter = Counter::selling(47);
    let papers = || {
        let queue = TillPaper(Arc::downgrade(counter.till()));
        counter.add(2, 1);
        counter.pay_cash(20_000);
        let headings = std::iter::from_fn(|| queue.next()).filter_map(|job| match job.document {
            Document::Receipt(receipt) => Some((receipt.heading.venue, receipt.heading.register)),
            _ => None,
        });
        headings.collect::<Vec<_>>()
    };
    let [(venue, register)] = papers().try_into().expect("one receipt");
    assert_eq!(papers(), [(venue, register.clone())], "nothing was decided");
    let decided = shared::venue::Venue { name: "Club Calle-Calle".into(), ..counter.office.venue.clone() };
    counter.till().ledger().write(|tx| tx.put_venue(&decided)).expect("told");
    assert_eq!(papers(), [("Club Calle-Calle".to_owned(), register)]);
    let moved =
        counter.office.registers.iter().map(|of| shared::venue::Register { name: "Caja VIP".into(), ..of.clone() });
    counter
        .till()
        .ledger()
        .write(|tx| moved.clone().try_for_each(|register| tx.put_register(&register)))
        .expect("told");
    assert_eq!(papers(), [("Club Calle-Calle".to_owned(), "Caja VIP".to_owned())]);
    // What another deed of this till could not finish, nobody keeps in mind.
    let undone = shared::venue::Venue { name: "Nunca".into(), ..decided.clone() };
    let refused = counter.till().ledger().write(|tx| {
        tx.put_venue(&undone)?;
        Err::<(), _>(LedgerError::NotEnrolled)
    });
    assert!(refused.is_err());
    assert_eq!(papers(), [("Club Calle-Calle".to_owned(), "Caja VIP".to_owned())]);
}
