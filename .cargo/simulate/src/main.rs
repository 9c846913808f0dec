//! `simulate --seeds N`: plays nights until something breaks, and says how to see it again.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use serde_json::{Value, json};
use simulate::faults::Faults;
use simulate::invariants::{CHECKED, title};
use simulate::sabotage::Planted;
use simulate::split;
use simulate::suite::{self, Found, Plan, Summary};
use simulate::world::{Outcome, Scale};

/// Plays nights of tills and servers with everything going wrong, and looks for what must not be.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many nights' worlds to play; with a planted bug, the most to look for it in.
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    start: u64,
    /// Only these may go wrong, by name, with commas. All, when absent.
    #[arg(long, value_name = "LIST")]
    faults: Option<Faults>,
    /// Plants a bug, or each in turn, and looks for it. Needs the feature `sabotage`.
    #[arg(long, value_name = "NAME|all")]
    sabotage: Option<String>,
    /// 1: all in memory. `cargo xtask simulate --level 2` plays on real disks, with `.cargo/disk-nights`.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=1))]
    level: u8,
    /// Plays every seed twice and compares; otherwise one in fifty.
    #[arg(long)]
    check_determinism: bool,
    /// Short nights: bugs show sooner.
    #[arg(long)]
    short: bool,
    /// The last line is JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let scale = if arguments.short { Scale::HOUR } else { Scale::NIGHT };
    let plan = Plan {
        start: arguments.start,
        seeds: arguments.seeds.unwrap_or(if arguments.sabotage.is_some() { 4_000 } else { 2_000 }),
        faults: arguments.faults.unwrap_or(Faults::all()),
        scale,
        bug: None,
        twice_every: if arguments.check_determinism { 1 } else { 50 },
    };
    let watch = Watch::start();
    let summary = match &arguments.sabotage {
        None => Some(suite::run(&plan, threads, false)),
        Some(_) => None,
    };
    let (seconds, cpu_seconds) = watch.read();
    // Beside the nights, and not in their rate.
    let month = summary.as_ref().map(|_| suite::month(arguments.start));
    let split = summary.as_ref().map(|_| Splits::play(arguments.start, plan.seeds.min(MOST_SPLITS)));
    let found = match &arguments.sabotage {
        None => Vec::new(),
        Some(name) => hunt(&plan, name, threads)?,
    };
    let (seconds, cpu_seconds) = if summary.is_some() { (seconds, cpu_seconds) } else { watch.read() };
    let is_bad = summary.as_ref().is_some_and(|summary| !summary.violations.is_empty())
        || month.as_ref().is_some_and(|month| month.violation.is_some())
        || split.as_ref().is_some_and(|split| !split.wrong.is_empty())
        || found.iter().any(|found| found.seeds_needed.is_none());
    if let (Some(summary), Some(month)) = (&summary, &month) {
        tell(summary, month, &arguments, (seconds, cpu_seconds));
    }
    if let Some(split) = &split {
        split.tell();
    }
    if !found.is_empty() {
        let caught = found.iter().filter(|found| found.seeds_needed.is_some()).count();
        println!("{caught} of {} planted bugs found, {seconds:.1} s, {cpu_seconds:.1} s of processor", found.len());
    }
    if arguments.json {
        let mut all = as_json(summary.as_ref(), month.as_ref(), &found, (seconds, cpu_seconds));
        if let Some(Splits { seeds, wrong }) = &split {
            all["one_ticket_at_two_bars"] = json!({ "seeds": seeds, "orders": 2, "violations": wrong.len() });
        }
        println!("{all}");
    }
    Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// One ticket at two bars, healed in both orders.
struct Splits {
    seeds: u64,
    wrong: Vec<(u64, String)>,
}

/// Enough to meet every way to share a ticket in every order.
const MOST_SPLITS: u64 = 1_000;

impl Splits {
    fn play(start: u64, seeds: u64) -> Self {
        let wrong = (start..start + seeds).filter_map(|seed| Some((seed, split::is_wrong(seed, None)?)));
        Self { seeds, wrong: wrong.collect() }
    }

    fn tell(&self) {
        println!("one ticket at two bars: {} seeds, healed in both orders, {} wrong", self.seeds, self.wrong.len());
        for (seed, detail) in self.wrong.iter().take(20) {
            println!("   seed {seed}: {detail}");
        }
    }
}

fn hunt(plan: &Plan, name: &str, threads: usize) -> Result<Vec<Found>> {
    if !cfg!(feature = "sabotage") {
        bail!("bugs are planted only in a build with the feature `sabotage`");
    }
    let bugs: Vec<_> = Planted::all().into_iter().filter(|bug| name == "all" || bug.name() == name).collect();
    if bugs.is_empty() {
        let names: Vec<_> = Planted::all().into_iter().map(Planted::name).collect();
        bail!("`{name}` is no bug of ours; there are {}", names.join(", "));
    }
    let plan = Plan { scale: Scale::HOUR, ..*plan };
    let mut table = Vec::new();
    for bug in bugs {
        let found = suite::hunt(&plan, bug, threads);
        match (&found.violation, found.seeds_needed) {
            (Some(violation), Some(seeds)) => {
                println!("{:<24} {seeds:>5} seeds  {:>2}: {}", bug.name(), violation.invariant, violation.detail);
            }
            _ => println!("{:<24} NOT FOUND in {} seeds", bug.name(), plan.seeds),
        }
        table.push(found);
    }
    Ok(table)
}

fn tell(summary: &Summary, month: &Outcome, arguments: &Arguments, (seconds, cpu_seconds): (f64, f64)) {
    for (seed, violation) in summary.violations.iter().take(20) {
        println!("{:>2} {}: {}", violation.invariant, title(violation.invariant), violation.detail);
        let short = if arguments.short { " --short" } else { "" };
        println!("   seed {seed}; again: cargo xtask simulate --start {seed} --seeds 1{short}");
    }
    let Summary { seeds, nights, events, .. } = summary;
    println!(
        "{seeds} seeds, {nights} nights (a night: what one till does, {} events on average), {events} events",
        events / (*nights).max(1)
    );
    println!(
        "{seconds:.1} s, {cpu_seconds:.1} s of processor; the longest to drain took {} s simulated",
        summary.drained_in_ms / 1000
    );
    if let Some(violation) = &month.violation {
        println!("thirty nights alone: {}: {}", violation.invariant, violation.detail);
    }
    println!(
        "thirty nights alone: {} events, {} MB, sent in {} s simulated",
        month.events,
        month.most_bytes / 1_000_000,
        month.drained_in_ms / 1000
    );
    let drawn: Vec<_> = summary.faults.iter().map(|(name, seeds)| format!("{name} {seeds}")).collect();
    println!("faults drawn, in seeds: {}", drawn.join(", "));
    for (number, place) in CHECKED {
        let looks = summary.checks.of(number) + month.checks.of(number);
        println!("{number:>3} {looks:>9} looks  {place}");
    }
    println!("{} violations; trace {}", summary.violations.len(), summary.trace);
}

fn as_json(
    summary: Option<&Summary>,
    month: Option<&Outcome>,
    found: &[Found],
    (seconds, cpu_seconds): (f64, f64),
) -> Value {
    let table: Vec<_> = found
        .iter()
        .map(|found| {
            let invariant = found.violation.as_ref().map(|violation| violation.invariant);
            json!({ "bug": found.bug.name(), "seeds_needed": found.seeds_needed, "invariant": invariant })
        })
        .collect();
    let caught = found.iter().filter(|found| found.seeds_needed.is_some()).count();
    let sabotage = json!({ "planted": found.len(), "found": caught, "table": table });
    let Some(summary) = summary else {
        return json!({ "violations": 0, "seconds": seconds, "cpu_seconds": cpu_seconds, "sabotage": sabotage });
    };
    let invariants: serde_json::Map<_, _> =
        summary.checks.list().map(|(number, count)| (number.to_string(), Value::from(count))).collect();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |count: u64, seconds: f64| (count as f64 / seconds.max(0.001)).round();
    json!({
        "seeds": summary.seeds,
        "nights": summary.nights,
        "events": summary.events,
        "faults": summary.faults,
        "invariants": invariants,
        "checked": CHECKED.iter().map(|(number, place)| (number.to_string(), Value::from(*place))).collect::<serde_json::Map<_, _>>(),
        "thirty_nights_alone": month.map(|month| json!({
            "events": month.events,
            "bytes": month.most_bytes,
            "drained_in_ms": month.drained_in_ms,
            "violations": u8::from(month.violation.is_some()),
        })),
        "violations": summary.violations.len(),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "nights_per_second": rate(summary.nights, seconds),
        "nights_per_cpu_second": rate(summary.nights, cpu_seconds),
        "events_per_second": rate(summary.events, seconds),
        "trace": summary.trace,
        "sabotage": sabotage,
    })
}

/// How long something takes: by the wall, and by the processor, which tells the truth on a busy machine.
struct Watch {
    wall: std::time::Instant,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "this program's own time is measured, not the simulation's")]
    fn start() -> Self {
        Self { wall: std::time::Instant::now() }
    }

    fn read(&self) -> (f64, f64) {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
        let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        (self.wall.elapsed().as_secs_f64(), cpu)
    }
}
