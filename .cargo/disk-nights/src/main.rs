//! Nights of real tills and a real server in one process: real ledgers, real SQLite, real HTTP between them, on disks
//! that fill up, break, and forget what was not synced. Level 2 of the simulation.
//!
//! Level 1 (`.cargo/simulate`) plays many more nights on stores in memory; what it cannot see is here: SQLite's own
//! recovery, a commit that fails, a file torn in the middle. SQLite's own file layer stays in the test: the faults come
//! from below it, from the shim of `.cargo/power-cut`, under which this program starts itself again. The journal is
//! one for all machines, so a server and a till that talk to each other can lose power at the same moment.
//!
//! One seed, one night: clocks stand still until told, ids and keys come from the seed, one thing happens at a time, and a
//! till exchanges on the thread that asks it to. Only the server's threads are the system's. Nights are played twice, and
//! their stories compared line by line, with the number of writes at each cut: what depends on the system shows there.

mod machine;
mod night;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use night::Summary;
use power_cut::outside::Stopwatch;
use power_cut::shim::{Cut, Shim};
use serde_json::json;

/// Nights on disks that fill up, break and forget.
#[derive(Parser)]
struct Arguments {
    /// How many nights.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first one's seed.
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// Every seed is played twice and compared; otherwise one in ten.
    #[arg(long)]
    check_determinism: bool,
    /// Print the summary as one line of JSON only.
    #[arg(long)]
    json: bool,
    /// Where to work.
    #[arg(long, default_value = "target/disk-nights")]
    dir: PathBuf,
    /// Of the program under the shim: one in so many seeds is played twice.
    #[arg(long, hide = true, default_value_t = 10)]
    twice_every: u64,
    /// This is the program under the shim.
    #[arg(long, hide = true)]
    inside: bool,
}

/// As many at once as a small machine has cores.
const AT_ONCE: u64 = 2;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.inside { inside(&arguments) } else { outside(&arguments) }
}

/// Starts itself again under the shim, twice, each with half of the seeds.
fn outside(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { seeds, start, json, dir, .. } = arguments;
    let watch = Stopwatch::start();
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    let shim = Shim::build(&dir)?;
    let at_once = AT_ONCE.min(*seeds);
    let halves = (0..at_once).map(|half| {
        let (shim, dir) = (shim.clone(), dir.join(half.to_string()));
        let (from, until) = (start + seeds * half / at_once, start + seeds * (half + 1) / at_once);
        let twice_every = if arguments.check_determinism { 1 } else { 10 };
        thread::spawn(move || run_inside(&shim, &dir, (from, until - from), twice_every))
    });
    let halves: Vec<_> = halves.collect();
    let mut all = Summary::default();
    for half in halves {
        all.add(&half.join().map_err(|_| anyhow!("a half panicked"))??);
    }
    for problem in &all.problems {
        eprintln!("seed {}: {}", problem.seed, problem.what);
        eprintln!("  once more: cargo xtask disk-nights --seeds 1 --start {}", problem.seed);
    }
    let (violations, trace) = (all.problems.len(), all.trace());
    if !json {
        let Summary { nights, till_nights, sales, refused, cuts, cuts_in_the_middle, full, broken, events, .. } = &all;
        println!(
            "{nights} nights of {till_nights} tills: {sales} sales, {refused} refused by a bad disk, {events} events, {cuts} \
             power cuts ({cuts_in_the_middle} of them in the middle of something), {full} full and {broken} broken disks"
        );
        for (number, count) in &all.invariants {
            println!("invariant {number:>2}: {count} looks");
        }
        println!("{} nights played twice, {violations} violations, {} s", all.twice, watch.elapsed().as_secs());
        println!("trace {trace}");
    }
    all.traces.clear();
    println!(
        "{}",
        json!({
            "level": 2, "seeds": seeds, "violations": violations, "seconds": watch.elapsed().as_secs(), "trace": trace,
            "nights": all,
        })
    );
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_inside(shim: &Shim, dir: &Path, (start, seeds): (u64, u64), twice_every: u64) -> Result<Summary> {
    std::fs::create_dir_all(dir.join("root"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--inside", "--seeds", &seeds.to_string(), "--start", &start.to_string()]);
    command.args(["--twice-every", &twice_every.to_string(), "--dir"]).arg(dir);
    let never = Cut { at: 0, lies: false };
    shim.watch(&mut command, &dir.join("root"), &dir.join("journal"), never);
    let done = command.stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8(done.stdout)?;
    let last = said.lines().next_back().with_context(|| format!("it ended with {}", done.status))?;
    serde_json::from_str(last).with_context(|| format!("not a summary: {last}"))
}

fn inside(arguments: &Arguments) -> Result<ExitCode> {
    // What is reported of ill disks is what was asked for. A second call finds it installed, which is as good.
    let told = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(told.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off")))
        .with_writer(std::io::stderr)
        .init();
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut stage = night::Stage::set(&arguments.dir)?;
    let mut all = Summary::default();
    for seed in arguments.start..arguments.start + arguments.seeds {
        all.add(&night::play(&mut stage, seed, seed.is_multiple_of(arguments.twice_every.max(1)))?);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(ExitCode::SUCCESS)
}
