//! `cargo xtask test`: everything there is to run, from a bare machine.

use std::process::Command;

use anyhow::Result;

use crate::house::House;
use crate::process::run;
use crate::report::Steps;
use crate::{demo, peers, power_cut, setup, simulate};

/// How long the tills of the scripted night sell here.
const NIGHT_SECONDS: u32 = 5;

/// Installs, builds and runs all tests.
pub fn test(house: &House) -> Result<()> {
    let mut steps = Steps::default();
    steps.take("system packages", || setup::system(setup::Need::Robots))?;
    steps.take("terminal libraries", || peers::install(house))?;
    for (name, folder) in [("till", house.screens()), ("console", house.console())] {
        steps.take(&format!("{name}: packages"), || setup::npm_packages(&folder))?;
        steps.take(&format!("{name}: types"), || setup::npm_run(&folder, "check"))?;
        steps.take(&format!("{name}: tests"), || setup::npm_run(&folder, "test"))?;
        steps.take(&format!("{name}: build"), || setup::npm_run(&folder, "build"))?;
    }
    steps.take("build", || build_everything(house))?;
    // Also the window and the console, end to end: .cargo/xtask/tests.
    steps.take("tests", || cargo(house, &["test", "--workspace", "--quiet"]))?;
    steps.take("power cuts", || power_cut::cut(house, power_cut::LOOPS, 1, None, false))?;
    steps.take("simulated nights", || simulate::nights(house))?;
    steps.take("planted bugs", || simulate::sabotage(house))?;
    steps.take("nights on bad disks", || power_cut::play(house, &["--seeds".into(), power_cut::NIGHTS.to_string()]))?;
    steps.take("a night of two tills", || demo::play(house, None, NIGHT_SECONDS))?;
    steps.print();
    Ok(())
}

/// All targets at once, so that programs and tests share one set of features and nothing is compiled twice.
fn build_everything(house: &House) -> Result<()> {
    cargo(house, &["build", "--workspace", "--all-targets", "--quiet"])
}

/// The programs of these packages and nothing that only tests need.
pub fn build_programs(house: &House, packages: &[&str]) -> Result<()> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let arguments: Vec<_> = ["build", "--bins", "--quiet"].into_iter().chain(packages).collect();
    cargo(house, &arguments)
}

fn cargo(house: &House, arguments: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(arguments).current_dir(house.root()))
}
