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
        "window" => window_bench::measure(house)?,
        "sync" => {
            // It measures the server as it is shipped, in a process of its own.
            let build = ["build", "--release", "--quiet", "--package", "sync-server", "--bin", "sync-server"];
            run(Command::new("cargo").args(build).current_dir(house.root()))?;
            program(house, "sync-server", "sync-bench")?
        }
        other => bail!("nothing is called `{other}` to measure; there are `sale`, `sync` and `window`"),
    };
    if !json {
        for row in result["rows"].as_array().into_iter().flatten() {
            let verdict = if row["ok"] == Value::Bool(true) { "ok" } else { "past its bar" };
            println!(
                "{:<32} {:>12} {:<10} baseline {:>12}  ratio {}  {verdict}",
                row["name"].as_str().unwrap_or_default(),
                row["value"],
                row["unit"].as_str().unwrap_or_default(),
                row["baseline"],
                row["ratio"]
            );
        }
    }
    println!("{result}");
    Ok(())
}

/// What a measuring program says on its last line.
fn program(house: &House, package: &str, program: &str) -> Result<Value> {
    let printed = output(
        Command::new("cargo")
            .args(["run", "--release", "--quiet", "--package", package, "--bin", program])
            .current_dir(house.root()),
    )?;
    let last = printed.trim_end().lines().next_back().context("it printed nothing")?;
    serde_json::from_str(last).with_context(|| format!("not JSON: {last}"))
}
