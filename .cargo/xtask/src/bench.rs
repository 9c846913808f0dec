//! `cargo xtask bench NAME`: measures, and says it as JSON. A room's own measuring program runs optimised.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::house::House;
use crate::process::{output, run};
use crate::window_bench;

/// Measures `name`; the last line printed is JSON.
pub fn bench(house: &House, name: &str, json: bool) -> Result<()> {
    let result = match name {
        "sale" => program(house, "pos-app", "till-bench")?,
        "paper" => program(house, "pos-app", "paper-bench")?,
        "window" => window_bench::measure(house)?,
        "sync" => {
            // It measures the server as it is shipped, in a process of its own. Built in one go, so that what both
            // need is built once.
            let build = ["build", "--release", "--quiet", "--package", "sync-server", "--package", "sync-bench"];
            let programs = ["--bin", "sync-server", "--bin", "sync-bench"];
            run(Command::new("cargo").args(build).args(programs).current_dir(house.root()))?;
            last_line(Command::new(house.target().join("release/sync-bench")).current_dir(house.root()))?
        }
        other => bail!("nothing is called `{other}` to measure; there are `sale`, `paper`, `sync` and `window`"),
    };
    if !json {
        for row in result["rows"].as_array().into_iter().flatten() {
            let verdict = match &row["ok"] {
                Value::Bool(true) => "ok",
                Value::Bool(false) => "past its bar",
                _ => "",
            };
            let beside = match &row["ratio"] {
                Value::Null => String::new(),
                ratio => format!("{ratio} of {}", row["baseline"]),
            };
            println!(
                "{:<44} {:>10} {:<9} bar {:>8}  {verdict:<12} {beside}",
                row["name"].as_str().unwrap_or_default(),
                row["value"],
                row["unit"].as_str().unwrap_or_default(),
                row["bar"],
            );
        }
    }
    println!("{result}");
    Ok(())
}

/// A room's measuring program.
fn program(house: &House, package: &str, program: &str) -> Result<Value> {
    let run = ["run", "--release", "--quiet", "--package", package, "--bin", program];
    last_line(Command::new("cargo").args(run).current_dir(house.root()))
}

/// What a measuring program says on its last line.
fn last_line(program: &mut Command) -> Result<Value> {
    let printed = output(program)?;
    let last = printed.trim_end().lines().next_back().context("it printed nothing")?;
    serde_json::from_str(last).with_context(|| format!("not JSON: {last}"))
}
