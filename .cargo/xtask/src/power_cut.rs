//! `cargo xtask power-cut`: pulls the plug on the real till and the real server. `.cargo/power-cut` says how.
//! `cargo xtask disk-nights`: whole nights in one process, on bad disks. `.cargo/disk-nights` says how.

use std::process::Command;

use anyhow::Result;

use crate::house::House;
use crate::process::run;

/// How often the plug is pulled in each of the four series on the build machine.
pub const LOOPS: u64 = 200;

/// Builds the programs and cuts them.
pub fn build_and_cut(house: &House, loops: u64, seed: u64, only: Option<&str>, json: bool) -> Result<()> {
    let packages = ["--package", "pos-app", "--package", "sync-server", "--package", "power-cut"];
    run(Command::new("cargo").args(["build", "--quiet", "--bins"]).args(packages).current_dir(house.root()))?;
    cut(house, loops, seed, only, json)
}

/// Cuts what is built.
pub fn cut(house: &House, loops: u64, seed: u64, only: Option<&str>, json: bool) -> Result<()> {
    let mut command = Command::new(house.program("power-cut")?);
    command.args(["--loops", &loops.to_string(), "--seed", &seed.to_string(), "--dir"]);
    command.arg(house.target().join("power-cut"));
    if let Some(only) = only {
        command.args(["--only", only]);
    }
    if json {
        command.arg("--json");
    }
    run(command.env("RUST_BACKTRACE", "0").current_dir(house.root()))
}

/// Nights on bad disks in the contributor's run: what two cores play in half a minute.
pub const NIGHTS: u64 = 24;

/// Builds the nights and plays them, with words as they take them.
pub fn build_and_play(house: &House, words: &[String]) -> Result<()> {
    run(Command::new("cargo").args(["build", "--quiet", "--package", "disk-nights"]).current_dir(house.root()))?;
    play(house, words)
}

/// Plays nights with what is built.
pub fn play(house: &House, words: &[String]) -> Result<()> {
    let mut command = Command::new(house.program("disk-nights")?);
    command.args(words).arg("--dir").arg(house.target().join("disk-nights-work"));
    run(command.env("RUST_BACKTRACE", "0").current_dir(house.root()))
}
