//! `cargo xtask simulate …`: builds the simulation optimised and runs it with the same words.

use std::process::Command;

use anyhow::Result;

use crate::house::House;
use crate::power_cut;
use crate::process::run;

/// Seeds of the contributor's run.
const SEEDS: &str = "2000";

/// Runs it as asked: level 1, or with `--level 2` the nights on real disks. Bugs can be planted only in a build made for
/// that; it is this one.
pub fn simulate(house: &House, words: &[String]) -> Result<()> {
    if let Some(words) = of_level_2(words) {
        return power_cut::build_and_play(house, &words);
    }
    let mut command = Command::new("cargo");
    command.args(["run", "--release", "--quiet", "--package", "simulate", "--features", "sabotage", "--"]);
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

/// The rest of the words, if they ask for level 2.
fn of_level_2(words: &[String]) -> Option<Vec<String>> {
    let at = words.windows(2).position(|pair| pair == ["--level", "2"]).map(|at| (at, 2));
    let at = at.or(words.iter().position(|word| word == "--level=2").map(|at| (at, 1)));
    at.map(|(at, count)| [&words[..at], &words[at + count..]].concat())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}
