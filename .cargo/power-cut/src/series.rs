//! What the four series have in common: where they run, how they die, what is written down about them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::dice::Dice;
use crate::disk::{Disk, Tree, assert_told};
use crate::journal;
use crate::program::{self, Running};
use crate::shim::{Cut, Shim};

/// How the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// For the program and the disk: what was not synced may be gone.
    Shim,
    /// The same on a disk whose syncs do nothing; the harness has to notice.
    LyingDisk,
    /// For the program only.
    Kill,
}

/// Everything a series needs.
#[derive(Clone, Debug)]
pub struct Bench {
    /// Where it may write.
    pub dir: PathBuf,
    /// How often the plug is pulled.
    pub loops: u64,
    /// Of all dice.
    pub seed: u64,
    /// The till.
    pub till: PathBuf,
    /// The server.
    pub sync_server: PathBuf,
}

impl Bench {
    /// With the programs of this build.
    pub fn new(dir: &Path, loops: u64, seed: u64) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        Ok(Self { dir, loops, seed, till: program::find("till")?, sync_server: program::find("sync-server")? })
    }

    /// An empty place of its own for a series.
    pub fn place(&self, series: &str) -> Result<PathBuf> {
        let place = self.dir.join(series);
        if place.exists() {
            fs::remove_dir_all(&place).with_context(|| place.display().to_string())?;
        }
        fs::create_dir_all(&place)?;
        Ok(place)
    }
}

/// What a series came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Log {
    /// How often the plug was pulled.
    pub loops: u64,
    /// Of those, while the program was still starting.
    pub cut_while_starting: u64,
    /// Of those, when it had done all it was asked, or had even ended.
    pub cut_at_rest: u64,
    /// How often the disk was left without something that had been written.
    pub disks_with_losses: u64,
    /// Events the server held at the end.
    pub events_on_server: u64,
    /// Sales that were answered for.
    pub sales_acked: u64,
    /// Of those, how many are not there.
    pub lost: u64,
    /// The first thing that was not as it should be.
    pub problem: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

/// One run of a program below a root, and the cut that ends it.
pub struct Plug<'a> {
    way: Way,
    shim: Option<&'a Shim>,
    root: PathBuf,
    journal: PathBuf,
    before: Tree,
    /// Deeds of the longest run so far, and of its start: where cuts can fall.
    longest: u64,
    start: u64,
}

/// How a run ended.
pub struct Ended {
    /// What the system said.
    pub status: ExitStatus,
    /// Before it had said anything.
    pub while_starting: bool,
    /// Something that was written is not there any more.
    pub with_losses: bool,
}

impl<'a> Plug<'a> {
    /// For runs below `root`.
    pub fn new(way: Way, shim: Option<&'a Shim>, root: &Path) -> Self {
        let journal = root.with_extension("journal");
        Self { way, shim, root: root.to_owned(), journal, before: Tree::default(), longest: 0, start: 20 }
    }

    /// Starts the program, its cut arranged for.
    pub fn start(&mut self, mut command: Command, dice: &mut Dice) -> Result<Running> {
        if let Some(shim) = self.shim.filter(|_| self.way != Way::Kill) {
            self.before = Tree::read(&self.root)?;
            if self.journal.exists() {
                fs::remove_file(&self.journal)?;
            }
            // The first time not at all, to see how long it takes. Then now and then while it starts, mostly while it
            // works, sometimes not before it rests.
            let span = if dice.percent(20) { self.start } else { self.longest + self.longest / 8 };
            let at = if self.longest == 0 { 0 } else { 1 + dice.below(span) };
            let cut = Cut { at, lies: self.way == Way::LyingDisk };
            shim.watch(&mut command, &self.root, &self.journal, cut);
        }
        Running::start(&mut command, &self.root.with_extension("stderr"))
    }

    /// The program has ended or is killed now; leaves the disk as it may be found.
    ///
    /// Errors: it ended by itself, and not well.
    pub fn pull(&mut self, running: &mut Running, dice: &mut Dice) -> Result<Ended> {
        let status = running.wait()?;
        let is_killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(9);
        if !is_killed && !status.success() {
            let said = fs::read_to_string(self.root.with_extension("stderr")).unwrap_or_default();
            bail!("it ended with {status}: {}", said.lines().last().unwrap_or_default());
        }
        if self.way == Way::Kill {
            return Ok(Ended { status, while_starting: false, with_losses: false });
        }
        let records = journal::read(&fs::read(&self.journal)?)?;
        let deeds = journal::deeds(&records);
        let start = journal::deeds_at_start(&records);
        self.longest = self.longest.max(deeds);
        self.start = start.unwrap_or(self.start).max(5);
        let disk = Disk::replay(&self.before, &records)?;
        let found = Tree::read(&self.root)?;
        // Killed from outside it may have died between a deed and its record; such a deed never happened.
        if !is_killed {
            assert_told(&disk, &found)?;
        }
        let after = disk.after_cut(dice);
        after.write(&found, &self.root)?;
        Ok(Ended { status, while_starting: start.is_none(), with_losses: after != disk.as_seen() })
    }
}
