//! A stream that starts anew is laid over what is here in steps: each as long as nobody waits for it, and short once
//! somebody does. Broken off anywhere, what is laid stays, and the exchange begins again.

use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use shared::sync::stream::{StreamItem, StreamName};
use shared::time::Clock;

use crate::ledger::stream::{self, Record};
use crate::ledger::{Ledger, LedgerError, product};

/// A step ends after so long, milliseconds, once a deed waits for it.
const STEP_MS: u64 = 15;
/// And after so long in any case: what it laid is then written out, and that waits for nobody.
const LONGEST_STEP_MS: u64 = 100;
/// Records worth reading on a thread beside the one that lays them, so many at a time and so often ahead.
const MANY: usize = 1_000;
const READ_AT_ONCE: usize = 64;
const READ_AHEAD: usize = 16;

/// Lays records; the cursor stays where it is.
pub(super) fn lay(
    ledger: &Ledger,
    clock: &dyn Clock,
    name: StreamName,
    items: Vec<StreamItem>,
) -> Result<(), LedgerError> {
    if items.len() < MANY {
        return lay_in_steps(ledger, clock, name, items.into_iter().map(Record::read));
    }
    let (send, read) = mpsc::sync_channel::<Vec<Record>>(READ_AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut items = items.into_iter().peekable();
            while items.peek().is_some() {
                let records = items.by_ref().take(READ_AT_ONCE).map(Record::read).collect();
                // Nobody lays them any more when a step failed.
                if send.send(records).is_err() {
                    break;
                }
            }
        });
        lay_in_steps(ledger, clock, name, read.into_iter().flatten())
    })
}

fn lay_in_steps(
    ledger: &Ledger,
    clock: &dyn Clock,
    name: StreamName,
    records: impl Iterator<Item = Record>,
) -> Result<(), LedgerError> {
    let mut records = records.peekable();
    while records.peek().is_some() {
        ledger.write_retold(|tx| stream::lay(tx, name, &mut records, step(ledger, clock)))?;
    }
    Ok(())
}

/// Makes what was laid quick to be found by its words, also what another run laid.
pub(super) fn index_words(ledger: &Ledger, clock: &dyn Clock, reader: &Connection) -> Result<(), LedgerError> {
    while product::lacks_words(reader)? {
        ledger.write_retold(|tx| product::index_words(tx.connection(), step(ledger, clock)))?;
    }
    Ok(())
}

/// Says when a step that begins now has done enough.
fn step<'a>(ledger: &'a Ledger, clock: &'a dyn Clock) -> impl Fn() -> bool + 'a {
    let began = clock.up_ms();
    move || {
        let took = clock.up_ms().saturating_sub(began);
        took >= LONGEST_STEP_MS || took >= STEP_MS && ledger.is_awaited()
    }
}

#[cfg(test)]
mod tests {
    use shared::catalog::Product;
    use shared::ids::{CategoryId, ProductId};
    use shared::merge::Marks;
    use shared::sync::exchange::Trouble;
    use shared::sync::stream::keys;
    use shared::tax::RateBp;
    use uuid::Uuid;

    use super::super::super::fake::{self, FakeServer, FakeTill, log_id};
    use super::*;
    use crate::ledger::catalog::{find_product_by_barcode, find_product_by_number, search};
    use crate::ledger::verify;

    const PRODUCTS: u16 = 1_500;

    fn product(number: u16, price_minor: i64) -> Product {
        Product {
            product_id: ProductId::from_uuid(Uuid::from_u128(u128::from(number) * 7_919)),
            number,
            sku: format!("SKU-{number:05}"),
            name: format!("Piscola {number}"),
            category_id: CategoryId::from_uuid(Uuid::from_u128(1)),
            price_minor,
            tax_rate_bp: RateBp(1_900),
            barcodes: vec![format!("{number:014}")],
            is_ticketed: false,
            position: 0,
            is_active: true,
            tags: Vec::new(),
            marks: Marks::default(),
        }
    }

    fn publish(server: &FakeServer, product: &Product) {
        let key = format!("{}{}", keys::PRODUCT, product.product_id);
        server.publish(StreamName::Catalog, "put", &key, &serde_json::to_string(product).expect("JSON"));
    }

    fn catalogue(price_minor: i64) -> FakeServer {
        let server = FakeServer::new();
        (1..=PRODUCTS).for_each(|number| publish(&server, &product(number, price_minor)));
        server
    }

    fn run(till: &FakeTill, server: &FakeServer) -> Option<Trouble> {
        fake::exchange(&mut till.driver(), server).report.trouble
    }

    /// Every product as it shows, as scanners and words find it, and where the till stands.
    type Shown = (Vec<Option<Product>>, Vec<Option<Product>>, Vec<Vec<Product>>, Option<u64>);

    fn shown(till: &FakeTill) -> Shown {
        let read = till.ledger.view(|view| {
            let mut numbers = view.prepare("SELECT DISTINCT number FROM product ORDER BY number")?;
            let numbers = numbers.query_map([], |row| row.get(0))?.collect::<Result<Vec<u16>, _>>()?;
            let products = numbers.iter().map(|number| find_product_by_number(view, *number));
            let products = products.collect::<Result<Vec<_>, _>>()?;
            let scanned = (1..=PRODUCTS).map(|n| find_product_by_barcode(view, &format!("{n:014}")));
            let scanned = scanned.collect::<Result<Vec<_>, _>>()?;
            let found = ["pisco", "piscola 7", "SKU-01234", "1499"].map(|text| search(view, text, 10));
            let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
            let cursor = stream::load_cursor(view, StreamName::Catalog)?;
            Ok::<_, LedgerError>((products, scanned, found, cursor.map(|cursor| cursor.seq)))
        });
        read.expect("it reads")
    }

    fn words_and_barcodes(till: &FakeTill) -> (i64, i64) {
        till.driver().index_words();
        let count =
            |sql: &str| till.ledger.read(|view| Ok::<_, LedgerError>(view.query_row(sql, [], |row| row.get(0))?));
        let words = count("SELECT count(*) FROM product_search WHERE product_search MATCH 'piscola'");
        (words.expect("counted"), count("SELECT count(*) FROM product_barcode").expect("counted"))
    }

    fn execute(till: &FakeTill, sql: &'static str) {
        till.ledger.write(move |tx| Ok(tx.connection().execute_batch(sql)?)).expect("executed");
    }

    #[test]
    fn a_catalogue_broken_off_anywhere_becomes_what_it_is_when_laid_at_once() {
        let server = catalogue(1_000);
        let straight = FakeTill::new();
        assert_eq!(run(&straight, &server), None);
        for (breaks_at, records_per_part) in [(2_u16, None), (300, None), (999, Some(400)), (1_500, Some(2_000))] {
            server.state().records_per_part = records_per_part;
            let mut till = FakeTill::new();
            // Every look at the clock finds it later, so that there are many steps.
            till.clock.hurry(1);
            execute(
                &till,
                "CREATE TABLE power (cut_at INTEGER);
                 CREATE TRIGGER power_cut BEFORE INSERT ON product WHEN NEW.number = (SELECT cut_at FROM power)
                 BEGIN SELECT RAISE(ABORT, 'the power is gone'); END;",
            );
            till.ledger
                .write(move |tx| Ok(tx.connection().execute("INSERT INTO power VALUES (?1)", [breaks_at])?))
                .expect("set");
            assert_eq!(run(&till, &server), Some(Trouble::Ledger));
            let (laid, _, _, cursor) = shown(&till);
            let most = usize::from(breaks_at);
            assert!(laid.len() < most && laid.len() + 200 > most, "{} of {breaks_at}", laid.len());
            assert_eq!(cursor, None, "a part of a catalogue is none");
            execute(&till, "DROP TRIGGER power_cut; DROP TABLE power;");
            till.restart();
            assert_eq!(run(&till, &server), None);
            assert_eq!(shown(&till), shown(&straight));
            assert_eq!(words_and_barcodes(&till), (1_500, 1_500), "none of them twice");
            let verified = verify::verify(&till.ledger.reader().expect("a reader")).expect("verified");
            assert_eq!(verified.faults, Vec::<String>::new());
        }
    }

    #[test]
    fn another_catalogue_takes_the_place_of_one_that_is_sold_from() {
        let server = catalogue(1_000);
        let till = FakeTill::new();
        assert_eq!(run(&till, &server), None);
        // Prices, a name, a barcode that went to another product, one product less and one more.
        let other = catalogue(2_000);
        other.state().records_per_part = Some(700);
        let mut taken = product(11, 2_000);
        taken.barcodes = vec![format!("{:014}", 12)];
        taken.name = "Mojito".into();
        publish(&other, &Product { barcodes: Vec::new(), ..product(12, 2_000) });
        publish(&other, &taken);
        other.publish(StreamName::Catalog, "del", &format!("{}{}", keys::PRODUCT, product(13, 0).product_id), "null");
        publish(&other, &product(PRODUCTS + 1, 2_000));
        let log = other.state().log.clone();
        other.restore(log, log_id(2));
        assert_eq!(run(&till, &other), None);
        let straight = FakeTill::new();
        assert_eq!(run(&straight, &other), None);
        assert_eq!(shown(&till), shown(&straight));
        assert_eq!(words_and_barcodes(&till), (1_499, 1_499));
        assert_eq!(words_and_barcodes(&straight), (1_499, 1_499));
        let scanned = till.ledger.read(|view| find_product_by_barcode(view, &format!("{:014}", 12))).expect("read");
        assert_eq!(scanned.map(|product| product.name).as_deref(), Some("Mojito"));
    }

    #[test]
    fn words_find_a_product_before_and_after_the_index_has_them() {
        let server = catalogue(1_000);
        let till = FakeTill::new();
        assert_eq!(run(&till, &server), None);
        let lacks = |till: &FakeTill| till.ledger.read(product::lacks_words).expect("read");
        let find = |till: &FakeTill, text: &str| {
            let found = till.ledger.read(|view| search(view, text, 5)).expect("searched");
            found.into_iter().map(|product| product.number).collect::<Vec<_>>()
        };
        let before = shown(&till);
        assert!(lacks(&till));
        assert_eq!(before.2.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 1, 1]);
        // One more, one other and one less, while the rest has no words yet.
        let mut renamed = product(700, 1_000);
        renamed.name = "Ñandú de la casa".into();
        publish(&server, &renamed);
        publish(&server, &product(PRODUCTS + 1, 1_000));
        server.publish(
            StreamName::Catalog,
            "del",
            &format!("{}{}", keys::PRODUCT, product(1_499, 0).product_id),
            "null",
        );
        assert_eq!(run(&till, &server), None);
        let found = |till: &FakeTill| ["nandu casa", "ÑAN", "1501", "1499", "piscola 7"].map(|text| find(till, text));
        let looked = found(&till);
        assert_eq!(looked[..4], [vec![700], vec![700], vec![1_501], vec![]]);
        till.clock.hurry(1);
        till.driver().index_words();
        assert!(!lacks(&till));
        assert_eq!(found(&till), looked);
        // What comes alone is in the index at once.
        publish(&server, &product(PRODUCTS + 2, 1_000));
        server.publish(StreamName::Catalog, "del", &format!("{}{}", keys::PRODUCT, product(700, 0).product_id), "null");
        assert_eq!(run(&till, &server), None);
        assert!(!lacks(&till));
        assert_eq!((find(&till, "1502"), find(&till, "nandu")), (vec![1_502], vec![]));
    }

    #[test]
    fn what_is_the_same_is_not_written_again() {
        let server = catalogue(1_000);
        let till = FakeTill::new();
        assert_eq!(run(&till, &server), None);
        execute(
            &till,
            "CREATE TRIGGER nothing_new BEFORE INSERT ON product_barcode BEGIN SELECT RAISE(ABORT, 'laid again'); END;
             CREATE TRIGGER nothing_other BEFORE UPDATE ON product BEGIN SELECT RAISE(ABORT, 'laid again'); END;",
        );
        till.ledger.write(stream::forget_cursors).expect("forgotten");
        assert_eq!(run(&till, &server), None);
        assert_eq!(shown(&till).3, Some(u64::from(PRODUCTS)));
    }

    #[test]
    fn a_step_is_long_until_a_deed_waits_for_it() {
        let till = FakeTill::new();
        till.clock.hurry(1);
        let ledger = &*till.ledger;
        let looks_until_enough = || {
            let is_enough = step(ledger, &*till.clock);
            (1..=1_000).find(|_| is_enough())
        };
        assert_eq!(looks_until_enough(), Some(LONGEST_STEP_MS));
        let awaited = thread::scope(|scope| {
            ledger.write(|_| {
                scope.spawn(|| ledger.write(|_| Ok(())));
                while !ledger.is_awaited() {
                    thread::yield_now();
                }
                Ok(looks_until_enough())
            })
        });
        assert_eq!(awaited.expect("written"), Some(STEP_MS));
    }
}
