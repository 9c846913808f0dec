//! What pushing costs: the real server, on a real disk, beside a bare insert of the same bytes into the same database.
//! Clients write and sign as tills do. The last line is the result as JSON.

mod bare;
mod cluster;
mod server;
mod tills;
mod wire;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use serde_json::{Value, json};
use shared::sync::protocol::{MAX_BATCH_EVENTS, MAX_BATCHES, PushReply, PushResult};

use cluster::Cluster;
use server::{Process, Room};
use tills::Shape;
use wire::Line;

/// Measures the server's way in.
#[derive(Parser)]
struct Arguments {
    /// Events pushed for each figure.
    #[arg(long, default_value_t = 40_000)]
    events: usize,
    /// Tills that come back after a night without a line.
    #[arg(long, default_value_t = 500)]
    tills: usize,
    /// Only these: `sqlite`, `postgres`, `night`, `trip`, `wire`. All when absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where to put the databases; must be a real disk. Beside this program when absent.
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Events in a batch.
const BATCH: usize = 500;
/// Tills that push at once.
const CLIENTS: usize = 4;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let beside = std::env::current_exe()?.parent().map(Path::to_owned).context("this program lies somewhere")?;
    let dir = arguments.dir.clone().unwrap_or(beside).join(format!("sync-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let rows = measure(&arguments, &dir);
    std::fs::remove_dir_all(&dir)?;
    println!("{}", json!({ "bench": "sync", "load": load(), "rows": rows? }));
    Ok(())
}

/// How busy the machine is besides, as it says itself: a figure without it says little.
fn load() -> Value {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse::<f64>().ok()).map_or(Value::Null, Value::from)
}

fn measure(arguments: &Arguments, dir: &Path) -> Result<Vec<Value>> {
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let mut rows = Vec::new();
    if wanted("wire") {
        rows.extend(bytes(dir)?);
    }
    if wanted("sqlite") {
        let room = Room::files(&dir.join("sqlite"));
        rows.extend(throughput(&room, "sqlite", arguments.events)?);
    }
    let cluster = if wanted("postgres") || wanted("night") { Cluster::start()? } else { None };
    if let Some(cluster) = cluster.as_ref().filter(|_| wanted("postgres")) {
        let room = Room::database(&dir.join("postgres"), cluster.url("pushed"));
        rows.extend(throughput(&room, "postgres", arguments.events)?);
    }
    if wanted("trip") {
        rows.extend(round_trips(&Room::files(&dir.join("trip")))?);
    }
    if wanted("night") {
        rows.extend(night(&Room::files(&dir.join("night")), "sqlite", arguments.tills)?);
        if let Some(cluster) = &cluster {
            let room = Room::database(&dir.join("night-postgres"), cluster.url("night"));
            rows.extend(night(&room, "postgres", arguments.tills)?);
        }
    }
    Ok(rows)
}

fn at_most(name: &str, value: f64, unit: &str, bar: f64) -> Value {
    json!({ "name": name, "value": round(value), "unit": unit, "bar": bar, "ok": value <= bar })
}

fn at_least(name: &str, value: f64, unit: &str, baseline: f64, bar: f64) -> Value {
    let ratio = value / baseline;
    json!({ "name": name, "value": round(value), "unit": unit, "baseline": round(baseline), "ratio": round(ratio),
        "bar": bar, "ok": value >= bar })
}

fn round(value: f64) -> f64 {
    if value >= 1_000.0 { value.round() } else { (value * 100.0).round() / 100.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock, and nothing else does it for it")]
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed(), done))
}

/// Everything is held, nothing is odd.
fn check(reply: &PushReply) -> Result<()> {
    for result in &reply.results {
        let is_plain = matches!(result, PushResult::Ok { notes, .. } if notes.is_empty());
        ensure!(is_plain, "a push came to {result:?}");
    }
    Ok(())
}

/// Four tills push batch after batch; then the same lines are inserted bare.
fn throughput(room: &Room, backend: &str, events: usize) -> Result<Vec<Value>> {
    let mut tills = room.tills(CLIENTS)?;
    let each = events / CLIENTS / BATCH;
    let server = Process::start(room)?;
    let mut lines = Vec::new();
    let mut queues = Vec::new();
    for till in &mut tills {
        let opening = till.opening();
        check(&Line::to(&server, till)?.push(vec![till.batch(&opening)])?)?;
        let batches: Vec<_> = (0..each).map(|_| till.sales(BATCH, Shape::Plain)).collect();
        lines.extend(batches.iter().map(|batch| batch.iter().map(|event| event.line.clone()).collect::<Vec<_>>()));
        queues.push(batches.iter().map(|batch| till.batch(batch)).collect::<Vec<_>>());
    }
    let count = lines.iter().map(Vec::len).sum::<usize>();
    let bytes = float(lines.iter().flatten().map(String::len).sum()) / float(count);
    let cpu = server.cpu()?;
    let (took, ()) = timed(|| {
        thread::scope(|scope| {
            let pushing: Vec<_> = tills
                .iter()
                .zip(queues)
                .map(|(till, queue)| {
                    let server = &server;
                    scope.spawn(move || -> Result<()> {
                        let mut line = Line::to(server, till)?;
                        queue.into_iter().try_for_each(|batch| check(&line.push(vec![batch])?))
                    })
                })
                .collect();
            pushing.into_iter().try_for_each(|thread| thread.join().expect("a till does not panic"))
        })
    })?;
    let cpu = (server.cpu()?.saturating_sub(cpu)).as_secs_f64();
    drop(server);
    let bare = bare::insert(room, &lines)?;
    let (rate, bare) = (float(count) / took.as_secs_f64(), float(count) / bare.as_secs_f64());
    let mut relative = at_least(&format!("push_{backend}_beside_bare"), rate, "events/s", bare, 0.0);
    relative["bar"] = json!(0.5);
    relative["ok"] = json!(rate / bare >= 0.5);
    Ok(vec![
        at_least(&format!("push_{backend}"), rate, "events/s", bare, 10_000.0),
        relative,
        at_most(&format!("push_{backend}_server_cpu"), cpu * 1e6 / float(count), "µs/event", 25.0),
        at_most(&format!("push_{backend}_event_size"), bytes, "B/line", f64::MAX),
    ])
}

/// A night's events of many tills, all at once.
fn night(room: &Room, backend: &str, count: usize) -> Result<Vec<Value>> {
    let mut tills = room.tills(count)?;
    let mut queues = Vec::new();
    for till in &mut tills {
        let mut events = till.opening();
        events.extend(till.sales(BATCH - events.len(), Shape::Plain));
        queues.push(till.batch(&events));
    }
    let server = Process::start(room)?;
    let (took, ()) = timed(|| {
        thread::scope(|scope| {
            let pushing: Vec<_> = tills
                .iter()
                .zip(queues)
                .map(|(till, batch)| {
                    let server = &server;
                    scope.spawn(move || check(&Line::to(server, till)?.push(vec![batch])?))
                })
                .collect();
            pushing.into_iter().try_for_each(|thread| thread.join().expect("a till does not panic"))
        })
    })?;
    Ok(vec![
        at_most(&format!("night_{backend}_{}_events", count * BATCH), took.as_secs_f64(), "s", 60.0),
        at_most(&format!("night_{backend}_server_memory"), server.peak_mb()?, "MB", 300.0),
    ])
}

/// Ten thousand events over a line with a tenth of a second there and back.
fn round_trips(room: &Room) -> Result<Vec<Value>> {
    const TRIP: Duration = Duration::from_millis(100);
    let mut tills = room.tills(1)?;
    let server = Process::start(room)?;
    let till = &mut tills[0];
    let opening = till.opening();
    check(&Line::to(&server, till)?.push(vec![till.batch(&opening)])?)?;
    let events = till.sales(10_000, Shape::Plain);
    let mut line = Line::to(&server, till)?.with_round_trip(TRIP);
    let (took, trips) = timed(|| {
        let mut trips = 0;
        for request in events.chunks(MAX_BATCH_EVENTS * MAX_BATCHES) {
            let batches = request.chunks(MAX_BATCH_EVENTS).map(|batch| till.batch(batch)).collect();
            check(&line.push(batches)?)?;
            trips += 1;
        }
        Ok(trips)
    })?;
    Ok(vec![
        at_most("trip_10000_events", took.as_secs_f64(), "s", 1.0),
        at_most("trip_round_trips", float(trips), "trips", 4.0),
    ])
}

/// What a sale weighs on the line: request line, headers and body, as sent.
fn bytes(dir: &Path) -> Result<Vec<Value>> {
    let room = Room::files(&dir.join("wire"));
    let mut tills = room.tills(1)?;
    let server = Process::start(&room)?;
    let till = &mut tills[0];
    let opening = till.opening();
    let mut line = Line::to(&server, till)?;
    check(&line.push(vec![till.batch(&opening)])?)?;
    let mut rows = Vec::new();
    for (name, shape) in [("sale", Shape::Plain), ("sale_with_ticket", Shape::Ticket)] {
        for (many, bar) in [(200, 100.0), (1, 600.0)] {
            let sales = till.sales(many, shape);
            let before = line.sent();
            check(&line.push(vec![till.batch(&sales)])?)?;
            let each = float(line.sent() - before) / float(many);
            rows.push(at_most(&format!("wire_{name}_in_batch_of_{many}"), each, "B/sale", bar));
        }
    }
    Ok(rows)
}
