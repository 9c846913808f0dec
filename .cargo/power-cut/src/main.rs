//! `power-cut`: all four series, two beside each other, and what they came to.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use anyhow::{Result, anyhow, ensure};
use clap::Parser;
use power_cut::outside::Stopwatch;
use power_cut::series::{Bench, Log, Way};
use power_cut::{server, till};
use serde_json::{Map, json};

/// Pulls the plug on the real till and the real server, and counts what is missing.
#[derive(Parser)]
struct Arguments {
    /// How often, in each series.
    #[arg(long, default_value_t = 200)]
    loops: u64,
    /// Of all dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One series: `till_shim`, `till_kill`, `server_shim`, `server_kill`.
    #[arg(long)]
    only: Option<String>,
    /// Print the log as one line of JSON only.
    #[arg(long)]
    json: bool,
    /// Where to work; kept afterwards.
    #[arg(long, default_value = "target/power-cut")]
    dir: PathBuf,
}

type Cutter = fn(&Bench, Way, &str) -> Result<Log>;

/// Beside each other: a till and a server that die the same way.
const SERIES: [[(&str, Cutter, Way); 2]; 2] = [
    [("till_shim", till::cut, Way::Shim), ("server_shim", server::cut, Way::Shim)],
    [("till_kill", till::cut, Way::Kill), ("server_kill", server::cut, Way::Kill)],
];

fn main() -> Result<ExitCode> {
    let Arguments { loops, seed, only, json, dir } = Arguments::parse();
    let bench = Bench::new(&dir, loops, seed)?;
    let watch = Stopwatch::start();
    let mut logs = Map::new();
    let mut problems = 0;
    for pair in SERIES {
        let wanted = pair.into_iter().filter(|(name, ..)| only.as_deref().is_none_or(|only| only == *name));
        let done = thread::scope(|scope| {
            let bench = &bench;
            let running = wanted.map(|(name, cut, way)| (name, scope.spawn(move || cut(bench, way, name))));
            let running: Vec<_> = running.collect();
            running.into_iter().map(|(name, series)| (name, series.join())).collect::<Vec<_>>()
        });
        for (name, log) in done {
            let log = log.map_err(|_| anyhow!("{name} panicked"))??;
            if !json {
                print(name, &log);
            }
            if let Some(problem) = &log.problem {
                problems += 1;
                eprintln!("{name}: {problem}");
                eprintln!("  its files: {}", bench.dir.join(name).display());
                eprintln!("  once more: cargo xtask power-cut --only {name} --seed {seed} --loops {}", log.loops);
            }
            logs.insert(name.to_owned(), serde_json::to_value(log)?);
        }
    }
    ensure!(!logs.is_empty(), "there is no such series");
    logs.insert("seed".to_owned(), json!(seed));
    logs.insert("seconds".to_owned(), json!(watch.elapsed().as_secs()));
    println!("{}", serde_json::to_string(&logs)?);
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(name: &str, log: &Log) {
    println!(
        "{name:<12} {:>4} cuts ({} while starting, {} at rest, {} left the disk behind)  {:>5} sales acknowledged, {} lost  {:.0} s",
        log.loops,
        log.cut_while_starting,
        log.cut_at_rest,
        log.disks_with_losses,
        log.sales_acked,
        log.lost,
        log.seconds
    );
}
