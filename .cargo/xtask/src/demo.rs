//! `cargo xtask demo`: the whole house on one machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::club::Club;
use crate::house::House;
use crate::process::Running;
use crate::setup::{self, Need};
use crate::{night, suite};

/// Card payments at the pace of people: approved, approved, declined, one in doubt because the cable was pulled; then
/// approved from there on.
const CARDS: &str = "\
progress=78,81,82 pause=1200 approve
progress=78,82 pause=900 approve debit
progress=78,81 pause=1200 decline 07
progress=78,81,82 pause=1200 lose-reply replug=3000
progress=78,81,82 pause=1200 approve
";

/// Opens the till's window, with everything behind it that a real one has.
pub fn window(house: &House, data: Option<&Path>) -> Result<()> {
    ensure!(
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some()),
        "no display here; `cargo xtask demo --headless` plays a night without one"
    );
    setup::system(Need::Window)?;
    setup::build_screens(house)?;
    println!("Building; the first time takes some minutes.");
    suite::build_programs(house, &["barra", "pos-app", "sync-server"])?;

    let dir = data.map_or_else(|| house.root().join(".demo"), Path::to_owned);
    let mut club = Club::open(house, &dir)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().unwrap_or_default();
    let counter = club.equip(&code, CARDS)?;
    welcome(&club, &code, &counter.papers);

    let mut barra = Command::new(house.program("barra")?);
    barra.arg("--data").arg(&counter.dir);
    let barra = Running::start("barra", &mut barra, &club.logs().join("window.log"))?;
    let status = barra.wait()?;
    ensure!(status.success(), "the window ended with {status}; see {}", club.logs().join("window.log").display());
    println!("The club is kept in {}; delete the folder to found it anew.", dir.display());
    Ok(())
}

fn welcome(club: &Club, code: &str, papers: &Path) {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    println!("\nClub Valdivia is open. The till's window shows register {code}.\n");
    println!("  Sign in at the till");
    for person in club.papers["staff"].as_array().into_iter().flatten() {
        let roles: Vec<_> = person["roles"].as_array().into_iter().flatten().map(text).collect();
        println!("    {:<24} PIN {:<8} {}", text(&person["name"]), text(&person["pin"]), roles.join(", "));
    }
    let admin = &club.papers["admin"];
    println!("\n  Head office, in a browser");
    println!("    {}   name {}   password {}", club.url(), text(&admin["name"]), text(&admin["password"]));
    println!("\n  Paper comes out as pictures in {}", papers.display());
    println!("  Card terminal and printer are simulated and say so. Ctrl-C, or closing the window, ends everything.\n");
}

/// Plays the scripted night in a new folder and prints its summary as the last line.
pub fn headless(house: &House, data: Option<&Path>, seconds: u32) -> Result<()> {
    setup::system(Need::Programs)?;
    // The programs alone: no window, no web engine, no screens but the console's that the server embeds when there.
    suite::build_programs(house, &["pos-app", "sync-server"])?;
    play(house, data, seconds)
}

/// The scripted night with programs that are built.
pub fn play(house: &House, data: Option<&Path>, seconds: u32) -> Result<()> {
    let dir = match data {
        Some(dir) => {
            let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
            ensure!(is_empty, "{} is not empty; a scripted night starts in a new folder", dir.display());
            dir.to_owned()
        }
        None => house.fresh_folder("night")?,
    };
    let summary = night::play(house, &dir, seconds)?;
    println!("{}", serde_json::to_string(&summary)?);
    night::agree(&summary)
}
