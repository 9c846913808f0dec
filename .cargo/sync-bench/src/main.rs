//! What the sync costs: the real server in a process of its own, real tills, a real disk, and beside them the least it
//! could cost. The last line is the result as JSON.
//!
//! - `push` four clients and a night's backlog, through a line that is cheaper than a till's · `bare` the same bytes
//!   inserted with nothing around them · `trip`, `bytes`, `bootstrap`, `visible`, `drain` with tills as they are shipped
//! - `redeem` tickets asked about, only when named
//! - `server` and `shop` what is measured · `relay` the line to it, that counts and delays · `after` leaves nothing behind

mod after;
mod bare;
mod bootstrap;
mod bytes;
mod cluster;
mod drain;
mod push;
mod redeem;
mod relay;
mod row;
mod server;
mod shop;
mod tills;
mod time;
mod trip;
mod visible;
mod wire;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Parser;
use serde_json::{Value, json};

use after::After;
use cluster::Cluster;
use server::Room;
use tills::Shape;

/// Measures the sync.
#[derive(Parser)]
struct Arguments {
    /// Events pushed for each figure of the way in.
    #[arg(long, default_value_t = 40_000)]
    events: usize,
    /// Tills that come back after a night without a line.
    #[arg(long, default_value_t = 500)]
    tills: usize,
    /// Products of the catalogue that a new till is given.
    #[arg(long, default_value_t = 100_000)]
    products: usize,
    /// Events that a till holds when it begins to send them, sales going on.
    #[arg(long, default_value_t = 100_000)]
    unsent: usize,
    /// Sales that another till waits to see.
    #[arg(long, default_value_t = 100)]
    sales: usize,
    /// Only these: `bytes`, `sqlite`, `postgres`, `night`, `trip`, `bootstrap`, `visible`, `drain`, `tickets`. All but the
    /// last when absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where to put the databases; must be a real disk. Beside this program when absent.
    #[arg(long)]
    dir: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let beside = std::env::current_exe()?.parent().map(Path::to_owned).context("this program lies somewhere")?;
    let dir = arguments.dir.clone().unwrap_or(beside).join(format!("sync-bench-{}", std::process::id()));
    let after = After::remove(&dir)?;
    std::fs::create_dir_all(&dir)?;
    let before = load();
    let rows = measure(&arguments, &dir)?;
    drop(after);
    println!("{}", json!({ "bench": "sync", "load": before, "rows": rows }));
    Ok(())
}

/// What was measured so far. Said at once as well: an hour's figures are not lost to the last one's failure.
#[derive(Default)]
struct Rows(Vec<Value>);

impl Rows {
    fn add(&mut self, rows: Vec<Value>) {
        for row in &rows {
            eprintln!("{row}");
        }
        self.0.extend(rows);
    }
}

/// How busy the machine is besides, as it says itself: a figure without it says little.
fn load() -> Value {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse::<f64>().ok()).map_or(Value::Null, Value::from)
}

fn measure(arguments: &Arguments, dir: &Path) -> Result<Vec<Value>> {
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let files = |name: &str| Room::files(&dir.join(name));
    let mut rows = Rows::default();
    if wanted("bytes") {
        rows.add(bytes::measure(&files("bytes"))?);
    }
    if wanted("sqlite") {
        rows.add(push::throughput(&files("sqlite"), "sqlite", Shape::SignIn, arguments.events)?);
        rows.add(push::throughput(&files("sqlite-sales"), "sqlite_sales", Shape::Plain, arguments.events)?);
    }
    let is_tickets = arguments.only.iter().any(|only| only == "tickets");
    if is_tickets {
        rows.add(redeem::measure(&files("tickets"), "sqlite")?);
    }
    let cluster = if wanted("postgres") || wanted("night") || is_tickets { Cluster::start()? } else { None };
    if let Some(cluster) = cluster.as_ref().filter(|_| wanted("postgres")) {
        let room = |name: &str| anyhow::Ok(Room::database(&dir.join(name), cluster.url(name)?));
        rows.add(push::throughput(&room("sign-ins")?, "postgres", Shape::SignIn, arguments.events)?);
        rows.add(push::throughput(&room("sales")?, "postgres_sales", Shape::Plain, arguments.events)?);
    }
    if let Some(cluster) = cluster.as_ref().filter(|_| is_tickets) {
        let room = Room::database(&dir.join("tickets-postgres"), cluster.url("tickets")?);
        rows.add(redeem::measure(&room, "postgres")?);
    }
    if wanted("night") {
        rows.add(push::night(&files("night"), "sqlite", arguments.tills)?);
        if let Some(cluster) = &cluster {
            let room = Room::database(&dir.join("night-postgres"), cluster.url("night")?);
            rows.add(push::night(&room, "postgres", arguments.tills)?);
        }
    }
    drop(cluster);
    if wanted("trip") {
        rows.add(trip::measure(&files("trip"), &dir.join("trip-till"))?);
    }
    if wanted("bootstrap") {
        rows.add(bootstrap::measure(&files("bootstrap"), &dir.join("bootstrap-till"), arguments.products)?);
    }
    if wanted("visible") {
        rows.add(visible::measure(&files("visible"), &dir.join("visible-tills"), arguments.sales)?);
    }
    if wanted("drain") {
        rows.add(drain::measure(&files("drain"), &dir.join("drain-till"), arguments.unsent)?);
    }
    Ok(rows.0)
}
