//! Tills of another hand, which the simulated terminals have to satisfy: the vendor's own libraries, each in a folder of
//! its own under `target/peers`, where `pos-app/tests/terminal_peers.rs` looks for them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::house::House;
use crate::process::run;

/// Installs those that are missing.
pub fn install(house: &House) -> Result<()> {
    let peers = house.target().join("peers");
    python(&peers.join("transbank-python-1.0.1")).context("the vendor's library for Python")?;
    node(&peers.join("transbank-node-4.0.0")).context("the vendor's library for Node")
}

/// An interpreter that has the library.
fn python(home: &Path) -> Result<()> {
    let python = home.join("bin/python");
    if succeeds(&python, &["-c", "import transbank.POS.POSIntegrado"], Path::new(".")) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "transbank-pos-sdk==1.0.1"];
    // A hiccup of the index; once more, then it is an error.
    run(Command::new(&python).args(install)).or_else(|_| run(Command::new(&python).args(install)))
}

/// A folder whose scripts find the library.
fn node(home: &Path) -> Result<()> {
    if succeeds("node", &["-e", "require('transbank-pos-sdk')"], home) {
        return Ok(());
    }
    fs::create_dir_all(home)?;
    fs::write(home.join("package.json"), r#"{"name":"peer","private":true}"#)?;
    let install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "transbank-pos-sdk@4.0.0"];
    let npm = || run(Command::new("npm").args(install).current_dir(home));
    npm().or_else(|_| npm())
}

fn succeeds(program: impl AsRef<OsStr>, args: &[&str], folder: &Path) -> bool {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
