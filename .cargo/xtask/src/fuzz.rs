//! `cargo xtask fuzz`: searches for bytes that break what must hold of them. `.cargo/fuzz` says what that is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::house::House;
use crate::process::{is_installed, output, run};

/// The version of cargo-fuzz this repository is searched with.
const CARGO_FUZZ: &str = "0.13.2";
/// libFuzzer needs a compiler that can count branches.
const TOOLCHAIN: &str = "nightly";
/// Inputs longer than this add little but time.
const LONGEST_INPUT: u32 = 4096;

/// Searches so many seconds in each target; the last line printed is JSON.
pub fn fuzz(house: &House, seconds: u32, only: Option<&str>) -> Result<()> {
    let program = install(house)?;
    let folder = house.root().join(".cargo/fuzz");
    let mut targets = Vec::new();
    for target in fs::read_dir(folder.join("corpus"))? {
        targets.push(target?.file_name().to_string_lossy().into_owned());
    }
    targets.retain(|target| only.is_none_or(|only| only == target));
    targets.sort_unstable();
    let mut rows = Vec::new();
    for target in &targets {
        let row = search(house, &program, &folder, target, seconds)?;
        println!("{target:<10} {:>10} executions, {} branches, {}", row["executions"], row["coverage"], row["verdict"]);
        rows.push(row);
    }
    let found = rows.iter().filter(|row| row["verdict"] != json!("nothing found")).count();
    println!("{}", json!({ "fuzz": rows, "seconds_each": seconds, "found": found }));
    if found == 0 { Ok(()) } else { bail!("{found} of {} targets were broken", rows.len()) }
}

fn install(house: &House) -> Result<PathBuf> {
    if !is_installed("rustup") {
        bail!("fuzzing needs rustup, for the {TOOLCHAIN} compiler: https://rustup.rs");
    }
    let toolchains = output(Command::new("rustup").args(["toolchain", "list"]))?;
    if !toolchains.lines().any(|line| line.starts_with(TOOLCHAIN)) {
        println!("Installing the {TOOLCHAIN} compiler, beside yours (rustup, minimal profile)");
        run(Command::new("rustup").args(["toolchain", "install", TOOLCHAIN, "--profile", "minimal"]))?;
    }
    let tools = house.target().join("tools");
    let program = tools.join("bin/cargo-fuzz");
    let version = Command::new(&program).args(["fuzz", "--version"]).output();
    if !version.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains(CARGO_FUZZ)) {
        println!("Installing cargo-fuzz {CARGO_FUZZ} into {} (once; about a minute)", tools.display());
        run(Command::new("cargo")
            .args(["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", "--debug", "--quiet", "--root"])
            .arg(&tools)
            .current_dir(house.root()))?;
    }
    Ok(program)
}

fn search(house: &House, program: &Path, folder: &Path, target: &str, seconds: u32) -> Result<Value> {
    // What a search finds on the way stays out of the repository; what is worth keeping is copied by hand.
    let found = house.target().join("fuzz").join(target);
    fs::create_dir_all(&found)?;
    let searched = Command::new(program)
        // No unsafe code of ours to watch; without the sanitizer it is several times faster.
        .args(["fuzz", "run", "--sanitizer", "none", "--fuzz-dir"])
        .arg(folder.join("libfuzzer"))
        .arg("--target-dir")
        .arg(house.target().join("fuzz-build"))
        .arg(target)
        .arg(&found)
        .arg(folder.join("corpus").join(target))
        .args(["--", "-print_final_stats=1"])
        .args([format!("-max_total_time={seconds}"), format!("-max_len={LONGEST_INPUT}")])
        .arg(format!("-artifact_prefix={}/", house.target().join("fuzz").display()))
        // The task itself was started by another cargo, which says so in the environment.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env("RUSTUP_TOOLCHAIN", TOOLCHAIN)
        .stdin(Stdio::null())
        .output()
        .context("cargo-fuzz does not start")?;
    let said = String::from_utf8_lossy(&searched.stderr);
    let number_after = |words: &str| said.rsplit_once(words)?.1.split_whitespace().next()?.parse::<u64>().ok();
    let executions = number_after("stat::number_of_executed_units:");
    if executions.is_none() {
        bail!("{target} does not run:\n{said}");
    }
    let verdict = if searched.status.success() {
        "nothing found".to_owned()
    } else {
        let panic = said.lines().skip_while(|line| !line.contains("panicked at")).take(3).collect::<Vec<_>>();
        println!("{}", panic.join("\n"));
        let input = said.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path));
        format!("broken by {}", input.unwrap_or("an input libFuzzer did not write"))
    };
    Ok(json!({ "target": target, "executions": executions, "coverage": number_after("cov: "), "verdict": verdict }))
}
