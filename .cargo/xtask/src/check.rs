//! `cargo xtask check`: everything that can be said about the source without running it.

use std::process::Command;

use anyhow::{Result, bail};

use crate::house::House;
use crate::process::{output, run};
use crate::report::Steps;
use crate::{setup, window_rules};

/// The version of cargo-deny this repository is checked with.
const CARGO_DENY: &str = "0.20.2";

/// Runs all checks.
pub fn check(house: &House) -> Result<()> {
    let mut steps = Steps::default();
    steps.take("system packages", || setup::system(setup::Need::Window))?;
    for (name, folder) in [("till", house.screens()), ("console", house.console())] {
        steps.take(&format!("{name}: packages"), || setup::npm_packages(&folder))?;
        steps.take(&format!("{name}: types"), || setup::npm_run(&folder, "check"))?;
    }
    steps.take("screens built, to be embedded", || setup::build_screens(house))?;
    steps.take("rustfmt", || cargo(house, &["fmt", "--all", "--check"]))?;
    steps.take("clippy", || {
        cargo(house, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
    })?;
    steps.take("licences, bans, sources", || deny(house))?;
    steps.take("the window's rules", || window_rules::check(house))?;
    steps.take("no path of one machine", || no_private_paths(house))?;
    steps.print();
    Ok(())
}

fn cargo(house: &House, arguments: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(arguments).current_dir(house.root()))
}

fn deny(house: &House) -> Result<()> {
    let tools = house.target().join("tools");
    let program = tools.join("bin/cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    if !version.is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains(CARGO_DENY)) {
        println!("Installing cargo-deny {CARGO_DENY} into {} (once; about two minutes)", tools.display());
        // Unoptimised: built in a quarter of the time, and the check still takes seconds.
        run(Command::new("cargo")
            .args(["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--debug", "--quiet", "--root"])
            .arg(&tools)
            .current_dir(house.root()))?;
    }
    run(Command::new(program)
        .args(["--config", ".deny.toml", "check", "licenses", "bans", "sources"])
        .current_dir(house.root()))
}

/// Committed text must mean the same on every machine.
fn no_private_paths(house: &House) -> Result<()> {
    let files = output(Command::new("git").args(["ls-files", "-z"]).current_dir(house.root()))?;
    let mut found = Vec::new();
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        // Pictures and other bytes are not text; neither is a file deleted but not yet committed.
        let Ok(text) = std::fs::read_to_string(house.root().join(file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            // Put together here, so that this file does not find itself.
            if [["/ro", "ot/"], ["/ho", "me/"], ["/Us", "ers/"]].iter().any(|halves| line.contains(&halves.concat())) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    if found.is_empty() { Ok(()) } else { bail!("paths of somebody's machine:\n{}", found.join("\n")) }
}
