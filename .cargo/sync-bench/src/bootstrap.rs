//! A new till is given the whole catalogue: from the one-time code to the last product found in its own database.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use pos_app::ledger::{product, stream};
use serde_json::{Value, json};
use shared::catalog::Product;
use shared::ids::{CategoryId, ProductId};
use shared::merge::Marks;
use shared::sync::stream::{StreamName, keys};
use shared::tax::RateBp;
use sync_server::app::seed::SeedReport;
use sync_server::{Config, Outside};

use crate::relay::Relay;
use crate::row::{at_most, float, known, millis, percentile};
use crate::server::{Process, Room};
use crate::shop::{DEADLINE, ShopTill, found};
use crate::time::{timed, until, wait};

/// What a cashier would not notice.
const UNNOTICED_MS: f64 = 50.0;

pub(crate) fn measure(room: &Room, dir: &Path, products: usize) -> Result<Vec<Value>> {
    let seed = found(room)?;
    publish(room, products)?;
    let server = Process::start(room)?;
    let relay = Relay::open()?;
    relay.lead_to(Some(server.addr()));
    // The first till of all waits for the snapshot to be built; every other finds it. At the first, deeds wait as well.
    let first = ShopTill::set_up(&dir.join("first"), &seed)?;
    let (built, mut waits) = install_with_deeds(&first, &relay, &seed, 0)?;
    drop(first);
    let second = ShopTill::set_up(&dir.join("second"), &seed)?;
    let before = relay.passed();
    let took = install(&second, &relay, &seed, 1)?;
    let ledger = second.till.ledger();
    let indexed = until(Duration::from_millis(1), DEADLINE, || Ok(!ledger.read(product::lacks_words)?))?;
    let passed = relay.passed().since(before);
    let found = second.ask("catalog.search", json!({ "text": format!("BAR-{products:06}"), "limit": 1 }))?;
    ensure!(found[0]["sku"] == json!(format!("BAR-{products:06}")), "the last product is found: {found}");
    let name = format!("bootstrap_{products}_products");
    Ok(vec![
        at_most(&name, took.as_secs_f64(), "s", 1.5),
        at_most(&format!("{name}_bytes"), float(passed.up + passed.down) / 1e6, "MB", 10.0),
        // By their words they are found before that as well, by looking at each.
        known(&format!("{name}_until_words_are_indexed"), (took + indexed).as_secs_f64(), "s"),
        known(&format!("{name}_first_till"), built.as_secs_f64(), "s"),
        at_most("bootstrap_longest_deed_meanwhile", percentile(&mut waits, 100), "ms", UNNOTICED_MS),
        known("bootstrap_deed_meanwhile_p99", percentile(&mut waits, 99), "ms"),
    ])
}

/// How long until the till has everything. A till that has nobody to log in yet is not sold at meanwhile.
fn install(till: &ShopTill, relay: &Relay, seed: &SeedReport, register: usize) -> Result<Duration> {
    let ledger = till.till.ledger();
    let (took, done) = timed(|| {
        till.enroll(&relay.url(), seed, register)?;
        let has_all = || Ok(ledger.read(|connection| stream::load_cursor(connection, StreamName::Catalog))?.is_some());
        until(Duration::from_millis(1), DEADLINE, has_all)
    })?;
    eprintln!("installed in {:.0} ms, {:.0} of them after the enrolment", millis(took), millis(done));
    Ok(took)
}

/// And how long small deeds take meanwhile, asked for again and again, from waiting for their turn to being on the disk:
/// so long waits a cashier whose till is given another catalogue.
fn install_with_deeds(
    till: &ShopTill,
    relay: &Relay,
    seed: &SeedReport,
    register: usize,
) -> Result<(Duration, Vec<Duration>)> {
    let is_over = AtomicBool::new(false);
    let ledger = till.till.ledger();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut waits = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                wait(Duration::from_millis(5));
                waits.push(timed(|| Ok(ledger.write(|tx| tx.set_seen(tx.seen()))?))?.0);
            }
            anyhow::Ok(waits)
        });
        let took = install(till, relay, seed, register);
        is_over.store(true, Ordering::Relaxed);
        let waits = waiting.join().expect("nobody panics")?;
        Ok((took?, waits))
    })
}

/// A large catalogue, straight into its stream: a till is told of a product so and not otherwise.
fn publish(room: &Room, products: usize) -> Result<()> {
    let outside = Outside::system();
    let (now, entropy) = (outside.now(), &*outside.entropy);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Config::new(&room.dir).open_store().await?;
        let tenant = store.find_tenant_by_slug("club-valdivia").await?;
        let tenant = store.load_tenant(tenant.expect("it was founded")).await?;
        let category_id = CategoryId::new(now, entropy);
        let mut tx = tenant.write().await?;
        for number in 1..=products {
            let product = product(number, category_id, ProductId::new(now, entropy));
            let key = format!("{}{}", keys::PRODUCT, product.product_id);
            tx.publish(StreamName::Catalog, key, &product, None).await?;
        }
        tx.commit().await?;
        store.close().await;
        Ok(())
    })
}

fn product(number: usize, category_id: CategoryId, product_id: ProductId) -> Product {
    const KINDS: [&str; 8] = ["Cerveza", "Vino tinto", "Pisco", "Ron añejo", "Agua mineral", "Jugo", "Papas", "Maní"];
    const MAKERS: [&str; 7] = ["Kunstmann", "Cuello Negro", "Capel", "Mistral", "Cachantun", "Watt’s", "Marco Polo"];
    const SIZES: [&str; 5] = ["330 cc", "500 cc", "750 cc", "1 L", "250 g"];
    let (kind, maker, size) = (KINDS[number % 8], MAKERS[number % 7], SIZES[number % 5]);
    Product {
        product_id,
        // As many numbers as a ticket can name; a shop with more products has several to a number.
        number: u16::try_from(number % 65_535).unwrap_or(0) + 1,
        sku: format!("BAR-{number:06}"),
        name: format!("{kind} {maker} {size} {number}"),
        category_id,
        price_minor: 990 + 10 * i64::try_from(number % 997).unwrap_or(0),
        tax_rate_bp: RateBp(1_900),
        barcodes: vec![format!("0780{number:010}")],
        is_ticketed: false,
        position: u16::try_from(number % 60_000).unwrap_or(0),
        is_active: true,
        tags: Vec::default(),
        marks: Marks::default(),
    }
}
