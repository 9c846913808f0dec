//! A receipt printer made of software: listens, and puts every paper into a folder as a picture.
//!
//! Prints one JSON line per paper: `{"paper":"…/paper-0001.png","qr":["T1…"],"drawer_pulses":1}`; `"paper":null` when
//! only the drawer opened. Takes faults on its standard input, one word a line: `paper-low`, `paper-out`,
//! `cover-open`, `offline`, `stalled`, `never-confirms`, `drawer-open`, and `ok`.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;
use pos_app::printer::Columns;
use pos_app::printer::simulated::{Fault, Paper, SimulatedPrinter};
use serde_json::json;

#[derive(Parser)]
#[command(version, about = "A simulated ESC/POS receipt printer with a cash drawer")]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: String,
    /// Where the papers go; made if missing.
    #[arg(long)]
    out: PathBuf,
    /// Characters on a line: 32, 42 or 48.
    #[arg(long, default_value_t = 48)]
    columns: u8,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let columns = Columns::from_count(args.columns).context("--columns is 32, 42 or 48")?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let printer = SimulatedPrinter::listen(args.listen.as_str(), columns)
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    say(&json!({ "listening": printer.address().to_string() }))?;
    let panel = printer.panel();
    std::thread::spawn(move || {
        for word in std::io::stdin().lock().lines().map_while(Result::ok) {
            match fault_named(word.trim()) {
                Ok(fault) => panel.set_fault(fault),
                Err(error) => eprintln!("{error}"),
            }
        }
    });
    let mut number = 0;
    while let Ok(paper) = printer.papers().recv() {
        let path = if paper.picture.is_some() {
            number += 1;
            Some(keep(&paper, &args.out, number)?)
        } else {
            None
        };
        let path = path.map(|path| path.display().to_string());
        say(&json!({ "paper": path, "qr": paper.qr(), "drawer_pulses": paper.drawer_pulses.len() }))?;
    }
    Ok(())
}

fn say(line: &serde_json::Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Writes `paper-0001.png`, `.txt` and `.json`; the picture last, so that who sees it finds the rest.
fn keep(paper: &Paper, folder: &Path, number: u32) -> anyhow::Result<PathBuf> {
    let path = |extension| folder.join(format!("paper-{number:04}.{extension}"));
    std::fs::write(path("txt"), &paper.text)?;
    std::fs::write(path("json"), format!("{:#}\n", paper.to_json()))?;
    if let Some(picture) = &paper.picture {
        std::fs::write(path("png"), picture.png()?)?;
    }
    Ok(path("png"))
}

/// What a word on the standard input breaks, `ok` nothing.
fn fault_named(word: &str) -> anyhow::Result<Option<Fault>> {
    Ok(Some(match word {
        "ok" => return Ok(None),
        "paper-low" => Fault::PaperLow,
        "paper-out" => Fault::PaperOut,
        "cover-open" => Fault::CoverOpen,
        "offline" => Fault::Offline,
        "stalled" => Fault::Stalled,
        "never-confirms" => Fault::NeverConfirms,
        "drawer-open" => Fault::DrawerOpen,
        _ => anyhow::bail!("no such fault: {word}"),
    }))
}
