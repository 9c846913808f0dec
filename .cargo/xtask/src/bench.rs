//! `cargo xtask bench NAME`: runs a room's own measuring program, optimised, and passes on what it says.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::house::House;
use crate::process::output;

/// Measures `name`; the last line printed is JSON.
pub fn bench(house: &House, name: &str, json: bool) -> Result<()> {
    let (package, program) = match name {
        "sale" => ("pos-app", "till-bench"),
        other => bail!("nothing is called `{other}` to measure; there is `sale`"),
    };
    let printed = output(
        Command::new("cargo")
            .args(["run", "--release", "--quiet", "--package", package, "--bin", program, "--", name, "--json"])
            .current_dir(house.root()),
    )?;
    let last = printed.trim_end().lines().next_back().context("it printed nothing")?;
    let result: Value = serde_json::from_str(last).with_context(|| format!("not JSON: {last}"))?;
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
