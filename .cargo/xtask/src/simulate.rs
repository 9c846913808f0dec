//! `cargo xtask simulate …`: builds the simulation optimised and runs it with the same words.

use std::process::Command;

use anyhow::Result;

use crate::house::House;
use crate::process::run;

/// Seeds of the contributor's run.
const SEEDS: &str = "2000";

/// Runs it as asked. Bugs can be planted only in a build made for that; it is this one.
pub fn simulate(house: &House, words: &[String]) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["run", "--profile", "nights", "--quiet", "--package", "simulate", "--features", "sabotage", "--"]);
    run(command.args(words).current_dir(house.root()))
}

/// What every contributor's test run plays: short nights without a planted bug.
pub fn nights(house: &House) -> Result<()> {
    simulate(house, &words(&["--short", "--seeds", SEEDS]))
}

/// What every contributor's test run looks for: each planted bug, until it is found.
pub fn sabotage(house: &House) -> Result<()> {
    simulate(house, &words(&["--sabotage", "all"]))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
