//! Whatever hands do in whatever order, the ledger says what happened, and nothing else.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};

#[derive(Clone, Debug)]
enum Hand {
    Add(usize, i64),
    SetQuantity(u16, i64),
    Remove(u16),
    Abandon,
    Repeat,
    PayCash(i64),
    MoveCash(&'static str, i64),
    Card,
    CancelCard,
    Reprint,
    WrongPin,
    Close,
    Open,
    PowerCut,
}

fn hands() -> impl Strategy<Value = Vec<Hand>> {
    let hand = prop_oneof![
        6 => (1_usize..=5, -1_i64..5).prop_map(|(product, pieces)| Hand::Add(product, pieces)),
        2 => (0_u16..4, -500_i64..4_000).prop_map(|(line, milli)| Hand::SetQuantity(line, milli)),
        1 => (0_u16..4).prop_map(Hand::Remove),
        1 => Just(Hand::Abandon),
        1 => Just(Hand::Repeat),
        5 => (0_i64..60_000).prop_map(Hand::PayCash),
        2 => (prop_oneof![Just("in"), Just("out"), Just("drop")], -5_i64..40_000)
            .prop_map(|(kind, amount)| Hand::MoveCash(kind, amount)),
        1 => Just(Hand::Card),
        1 => Just(Hand::CancelCard),
        1 => Just(Hand::Reprint),
        1 => Just(Hand::WrongPin),
        1 => Just(Hand::Close),
        1 => Just(Hand::Open),
        1 => Just(Hand::PowerCut),
    ];
    proptest::collection::vec(hand, 1..40)
}

/// What the till answered for, added up on the side.
#[derive(Default)]
struct Tally {
    sales: u32,
    total_minor: i64,
    moved_minor: i64,
}

fn act(counter: &mut Counter, hand: &Hand, tally: &mut Tally, card: &mut Value) {
    let answer = match hand {
        Hand::Add(product, pieces) => {
            let product_id = counter.office.products[product - 1].product_id;
            counter.run("sale.add", &json!({ "product_id": product_id, "quantity_milli": pieces * 1_000 }))
        }
        Hand::SetQuantity(line_no, milli) => {
            counter.run("sale.set_quantity", &json!({ "line_no": line_no, "quantity_milli": milli }))
        }
        Hand::Remove(line_no) => counter.run("sale.remove", &json!({ "line_no": line_no })),
        Hand::Abandon => counter.run("sale.abandon", &Value::Null),
        Hand::Repeat => counter.run("sale.repeat_last", &Value::Null),
        Hand::PayCash(tendered) => {
            let paid = counter.run("sale.complete", &json!({ "cash_tendered_minor": tendered }));
            if let Ok(sale) = &paid {
                tally.sales += 1;
                tally.total_minor += sale["totals"]["total_minor"].as_i64().expect("a total");
                assert_eq!(sale["receipt_no"].as_u64(), Some(u64::from(tally.sales)), "receipts have no gaps");
            }
            paid
        }
        Hand::MoveCash(kind, amount) => {
            let args = json!({ "movement": kind, "amount_minor": amount, "reason": "Ley" });
            let moved = counter.run("register.move_cash", &args);
            if moved.is_ok() {
                tally.moved_minor += if *kind == "in" { *amount } else { -*amount };
            }
            moved
        }
        Hand::Card => {
            let started = counter.run("card.start", &json!({ "amount_minor": 10 }));
            if let Ok(started) = &started {
                *card = started["payment"]["payment_id"].clone();
            }
            started
        }
        Hand::CancelCard => counter.run("card.cancel", &json!({ "payment_id": card })),
        Hand::Reprint => {
            let recent = counter.ok("sale.recent", &json!({ "limit": 1 }));
            counter.run("printer.reprint", &json!({ "sale_id": recent[0]["sale_id"] }))
        }
        Hand::WrongPin => counter.run("operator.log_in", &json!({ "staff_id": counter.cashier, "pin": "0000" })),
        Hand::Close => {
            counter.run("register.close", &json!({ "counted": [{ "denomination_minor": 1_000, "count": 3 }] }))
        }
        Hand::Open => counter.run("register.open", &json!({ "float": [] })),
        Hand::PowerCut => {
            counter.restart();
            Ok(counter.log_in(counter.manager, MANAGER_PIN))
        }
    };
    // A refusal is as good an answer as any; what matters is what it left behind.
    drop(answer);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_stays_provable_and_adds_up(seed in 0_u64..1_000, hands in hands()) {
        let mut counter = Counter::selling(seed);
        counter.log_in(counter.cashier, CASHIER_PIN);
        counter.log_in(counter.manager, MANAGER_PIN);
        let (mut tally, mut card) = (Tally::default(), Value::Null);
        for hand in &hands {
            act(&mut counter, hand, &mut tally, &mut card);
        }
        counter.assert_whole();
        let ledger = rusqlite::Connection::open(counter.dir().join("till.db")).expect("the database");
        let sold = ledger.query_row("SELECT count(*), coalesce(sum(total_minor), 0) FROM sale", [], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?))
        });
        prop_assert_eq!(sold.expect("sums"), (tally.sales, tally.total_minor));
        let sessions = "SELECT coalesce(sum(sales), 0), coalesce(sum(total_minor), 0) FROM register_session";
        let sold = ledger.query_row(sessions, [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)));
        prop_assert_eq!(sold.expect("sums"), (tally.sales, tally.total_minor));
        let moved = "SELECT coalesce(sum(paid_in_minor - paid_out_minor - dropped_minor), 0) FROM register_session";
        let moved = ledger.query_row(moved, [], |row| row.get::<_, i64>(0));
        prop_assert_eq!(moved.expect("a sum"), tally.moved_minor);
    }
}
