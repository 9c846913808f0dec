//! `cargo xtask TASK`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::house::House;
use xtask::setup::Need;
use xtask::{bench, check, demo, fuzz, peers, power_cut, process, screenshots, setup, simulate, suite};

/// What a newcomer, a contributor and the build machine run.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what is missing, builds, opens Club Valdivia: server, simulated card terminal and printer, the till.
    Demo {
        /// No display: two tills play a scripted night; the last line is its summary as JSON.
        #[arg(long)]
        headless: bool,
        /// How long the tills of the scripted night sell.
        #[arg(long, value_name = "N", default_value_t = 10, requires = "headless")]
        seconds: u32,
        /// Keep the club here, and continue it next time. `.demo` when absent; a scripted night starts a new one.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Installs what tests need, then runs all of them.
    Test,
    /// Format, lints, types, licences, the window's rules.
    Check,
    /// Measures: `sale`, `paper`, `tickets`, `sync`, `window`. Its last line is JSON.
    Bench {
        /// What to measure.
        name: String,
        /// Print the result as one line of JSON only.
        #[arg(long)]
        json: bool,
    },
    /// Nights of real tills and a real server on disks that fill up, break and forget: `--seeds N`, `--help` for the rest.
    /// Its last line is JSON.
    #[command(disable_help_flag = true)]
    DiskNights {
        /// As the nights take them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Searches for bytes that break a promise: installs cargo-fuzz and the nightly compiler when missing, and says so.
    /// Its last line is JSON.
    Fuzz {
        /// How long to search in each target.
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
        /// One target, as its folder in `.cargo/fuzz/corpus` is called.
        #[arg(long, value_name = "TARGET")]
        only: Option<String>,
    },
    /// Pulls the plug on the real till and the real server, and counts what is missing. Its last line is JSON.
    PowerCut {
        /// How often, in each of the four series.
        #[arg(long, value_name = "N", default_value_t = power_cut::LOOPS)]
        loops: u64,
        /// Of all dice.
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
        /// One series: `till_shim`, `till_kill`, `server_shim`, `server_kill`.
        #[arg(long, value_name = "SERIES")]
        only: Option<String>,
        /// Print the log as one line of JSON only.
        #[arg(long)]
        json: bool,
    },
    /// Plays nights of tills and servers with everything going wrong: `--seeds N`, `--sabotage all`, `--help` for the rest.
    #[command(disable_help_flag = true)]
    Simulate {
        /// As the simulation takes them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Takes a picture of every screen and state, at 1366×768 and 1024×600.
    Screenshots {
        /// Where to.
        dir: PathBuf,
    },
    /// Installs what building and testing everything needs, and nothing else.
    Setup,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::end_all_when_told()?;
    let house = House::find()?;
    match arguments.task {
        Task::Demo { headless: true, seconds, data } => demo::headless(&house, data.as_deref(), seconds),
        Task::Demo { headless: false, data, .. } => demo::window(&house, data.as_deref()),
        Task::Test => suite::test(&house),
        Task::Check => check::check(&house),
        Task::Bench { name, json } => bench::bench(&house, &name, json),
        Task::DiskNights { words } => power_cut::build_and_play(&house, &words),
        Task::Fuzz { seconds, only } => fuzz::fuzz(&house, seconds, only.as_deref()),
        Task::PowerCut { loops, seed, only, json } => {
            power_cut::build_and_cut(&house, loops, seed, only.as_deref(), json)
        }
        Task::Simulate { words } => simulate::simulate(&house, &words),
        Task::Screenshots { dir } => screenshots::take(&house, &dir),
        Task::Setup => {
            setup::system(Need::Robots)?;
            peers::install(&house)?;
            setup::build_screens(&house)
        }
    }
}
