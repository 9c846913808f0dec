//! How long it takes to commit a sale through the till, beside a bare SQLite transaction that writes the same bytes to
//! the same kind of file: paired, one after the other, in one run. The last line is the result as JSON.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use pos_app::app::DATABASE;
use pos_app::bench::Place;
use pos_app::ledger::schema;
use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::practice::HeadOffice;
use pos_app::{Outside, Till, Workers};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, TransactionBehavior, params_from_iter};
use serde_json::json;
use shared::staff::Role;

/// Slower than this beside the bare transaction is too slow.
const BAR: f64 = 1.5;
/// Sales before the clock counts: caches, prepared statements, the file's first pages.
const WARM_UP: usize = 30;

/// Commits sales beside bare transactions of the same bytes.
#[derive(Parser)]
struct Arguments {
    /// Pairs to measure.
    #[arg(long, default_value_t = 1_000)]
    sales: usize,
    #[command(flatten)]
    place: Place,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (mut till, mut bare) = arguments.place.measure("till-bench", |dir| measure(dir, arguments.sales))?;
    let row = |name: &str, till: f64, bare: f64| {
        let ratio = till / bare;
        json!({ "name": name, "value": till, "unit": "µs", "baseline": bare, "ratio": ratio, "bar": BAR, "ok": ratio <= BAR })
    };
    let rows = [
        row("commit_median", at(&mut till, 0.5), at(&mut bare, 0.5)),
        row("commit_p99", at(&mut till, 0.99), at(&mut bare, 0.99)),
    ];
    println!("{}", json!({ "bench": "sale", "rows": rows }));
    Ok(())
}

/// The value below which this share lies, microseconds.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "durations of milliseconds and hundreds of samples"
)]
fn at(nanos: &mut [u128], share: f64) -> f64 {
    nanos.sort_unstable();
    let place = ((nanos.len() - 1) as f64 * share).round() as usize;
    (nanos[place] / 100) as f64 / 10.0
}

fn measure(dir: &Path, sales: usize) -> anyhow::Result<(Vec<u128>, Vec<u128>)> {
    std::fs::write(dir.join("till.toml"), "[printer]\naddress = \"tcp://127.0.0.1:9\"\n")?;
    let outside = Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let till = Till::open_with(dir, outside, Workers::Off)?;
    let office = HeadOffice::new(1);
    office.enroll(&till, 1)?;
    let cashier = office.hire(&[&till], "Camila", &[Role::Cashier], "2468")?;
    till.execute("operator.log_in", json!({ "staff_id": cashier, "pin": "2468" }))?;
    till.execute("register.open", json!({ "float": [] }))?;

    let mut bare = Bare::open(dir)?;
    let (mut by_till, mut by_bare) = (Vec::new(), Vec::new());
    for sale in 0..WARM_UP + sales {
        for number in [0, 1, 3] {
            till.execute("sale.add", json!({ "product_id": office.products[number].product_id }))?;
        }
        bare.put_on_counter()?;
        let args = json!({ "cash_tendered_minor": 20_000 });
        let (nanos, answer) = timed(|| till.execute("sale.complete", args))?;
        anyhow::ensure!(answer["tickets"].as_array().map(Vec::len) == Some(1), "a sale gives out a ticket");
        let rows = bare.read_rows()?;
        let (bare_nanos, ()) = timed(|| bare.write(&rows))?;
        if sale >= WARM_UP {
            by_till.push(nanos);
            by_bare.push(bare_nanos);
        }
    }
    Ok((by_till, by_bare))
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock, and nothing else does it for it")]
fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(u128, T), E> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed().as_nanos(), done))
}

/// A database with the till's tables and settings, and nothing else of the till.
struct Bare {
    connection: Connection,
    source: Connection,
}

/// The statements of a sale, and where their values come from in the till's own database.
const COPIED: &[(&str, &str)] = &[
    ("event", "SELECT * FROM event ORDER BY event_no DESC LIMIT 1"),
    ("sale", "SELECT * FROM sale ORDER BY sale_no DESC LIMIT 1"),
    ("sale_line", "SELECT * FROM sale_line WHERE sale_no = (SELECT max(sale_no) FROM sale)"),
    ("payment", "SELECT * FROM payment WHERE sale_no = (SELECT max(sale_no) FROM sale)"),
    ("ticket", "SELECT * FROM ticket ORDER BY ticket_no DESC LIMIT 1"),
    ("print_job", "SELECT * FROM print_job ORDER BY job_id DESC LIMIT 2"),
    ("stock_part", "SELECT * FROM stock_part"),
];

type Rows = Vec<(String, Vec<Cell>)>;

impl Bare {
    fn open(dir: &Path) -> anyhow::Result<Self> {
        let mut connection = Connection::open(dir.join("bare.db"))?;
        schema::set_up(&connection)?;
        schema::migrate(&mut connection)?;
        let source = Connection::open(dir.join(DATABASE))?;
        for table in ["chain", "register_session"] {
            for (sql, cells) in read(&source, table, &format!("SELECT * FROM {table}"))? {
                connection.execute(&sql, params_from_iter(cells))?;
            }
        }
        Ok(Self { connection, source })
    }

    /// The cart of this sale, before it is taken off again.
    fn put_on_counter(&self) -> anyhow::Result<()> {
        for (sql, cells) in read(&self.source, "counter", "SELECT * FROM counter")? {
            self.connection.execute(&sql, params_from_iter(cells))?;
        }
        Ok(())
    }

    fn read_rows(&self) -> anyhow::Result<Rows> {
        let mut rows = Rows::new();
        for (table, sql) in COPIED {
            rows.extend(read(&self.source, table, sql)?);
        }
        Ok(rows)
    }

    /// One transaction, prepared statements, values at hand: what SQLite itself needs for these bytes.
    fn write(&mut self, rows: &Rows) -> anyhow::Result<()> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (sql, cells) in rows {
            tx.prepare_cached(sql)?.execute(params_from_iter(cells))?;
        }
        tx.prepare_cached("UPDATE chain SET head_seq = head_seq + 1, head_hash = randomblob(32), hlc = hlc + 1")?
            .execute([])?;
        tx.prepare_cached(
            "UPDATE register_session SET sales = sales + 1, total_minor = total_minor + 1, tax_minor = tax_minor + 1,
                cash_minor = cash_minor + 1, card_minor = card_minor + 1, rounding_minor = rounding_minor + 1",
        )?
        .execute([])?;
        tx.prepare_cached("DELETE FROM counter")?.execute([])?;
        tx.commit()?;
        Ok(())
    }
}

/// What a table does with a row it has: stock is one row per product, counted on.
fn or_else(table: &str) -> &'static str {
    if table == "stock_part" {
        " ON CONFLICT (product_id, chain_no) DO UPDATE SET received_milli = excluded.received_milli,
         taken_milli = excluded.taken_milli"
    } else {
        ""
    }
}

/// Rows as inserts with their values.
fn read(source: &Connection, table: &str, sql: &str) -> anyhow::Result<Rows> {
    let mut statement = source.prepare_cached(sql)?;
    let columns = statement.column_count();
    let places = vec!["?"; columns].join(", ");
    let mut rows = statement.query([])?;
    let mut inserts = Rows::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|column| row.get(column)).collect::<Result<Vec<Cell>, _>>()?;
        inserts.push((format!("INSERT INTO {table} VALUES ({places}){}", or_else(table)), cells));
    }
    Ok(inserts)
}
