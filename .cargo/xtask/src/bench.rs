//! `cargo xtask bench NAME`: measures, and says it as JSON. A room's own measuring program runs optimised.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::house::House;
use crate::process::{output, run};
use crate::window_bench;

/// Measures `name`; the last line printed is JSON.
pub fn bench(house: &House, name: &str, json: bool) -> Result<()> {
    let result = match name {
        "sale" => program(house, "pos-app", "till-bench")?,
        "paper" => program(house, "pos-app", "paper-bench")?,
        "window" => window_bench::measure(house)?,
        "sync" => with_server(house, &[])?,
        "tickets" => {
            let mut at_till = program(house, "pos-app", "ticket-bench")?;
            let mut at_server = with_server(house, &["--only", "tickets"])?;
            let rows = |of: &mut Value| of["rows"].as_array_mut().map(std::mem::take).context("it has no rows");
            let all = [rows(&mut at_till)?, rows(&mut at_server)?].concat();
            json!({ "bench": "tickets", "load": at_server["load"], "rows": all })
        }
        other => {
            bail!("nothing is called `{other}` to measure; there are `sale`, `paper`, `sync`, `tickets` and `window`")
        }
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

/// The program that measures the server as it is shipped, in a process of its own. Built in one go, so that what both need
/// is built once.
fn with_server(house: &House, words: &[&str]) -> Result<Value> {
    let build = ["build", "--release", "--quiet", "--package", "sync-server", "--package", "sync-bench"];
    let programs = ["--bin", "sync-server", "--bin", "sync-bench"];
    run(Command::new("cargo").args(build).args(programs).current_dir(house.root()))?;
    last_line(Command::new(house.target().join("release/sync-bench")).args(words).current_dir(house.root()))
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
