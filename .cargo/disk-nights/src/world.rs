//! All machines' disks, from one journal.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use power_cut::dice::Dice;
use power_cut::disk::{Disk, Tree};
use power_cut::journal::{FileNo, Record, read_some};

/// A machine, by its place in the world.
pub(crate) type MachineNo = usize;

struct Machine {
    name: String,
    dir: PathBuf,
    disk: Disk,
}

/// Every disk there is. A machine that lost power comes back in a new directory: what its old self still did when it was
/// put away happens in the old one and is not seen.
pub(crate) struct World {
    root: PathBuf,
    journal: File,
    unread: Vec<u8>,
    machines: Vec<Machine>,
    of_file: BTreeMap<FileNo, MachineNo>,
    lives: u64,
}

impl World {
    /// Below `root`, told of by `journal`.
    pub(crate) fn new(root: &Path, journal: &Path) -> Result<Self> {
        let mut journal = File::open(journal)?;
        // What was before is no part of it.
        journal.seek(SeekFrom::End(0))?;
        let (machines, of_file) = (Vec::new(), BTreeMap::new());
        Ok(Self { root: root.to_owned(), journal, unread: Vec::new(), machines, of_file, lives: 0 })
    }

    /// Adds a machine with these files in a directory of its own, all of them safe.
    pub(crate) fn add(&mut self, name: &str, from: &Path) -> Result<MachineNo> {
        let tree = Tree::read(from)?;
        let dir = self.root.join(name);
        self.machines.push(Machine { name: name.to_owned(), dir, disk: Disk::holding(&Tree::default()) });
        let machine = self.machines.len() - 1;
        self.revive(machine, &tree, from)?;
        Ok(machine)
    }

    /// Where it lives now.
    pub(crate) fn dir(&self, machine: MachineNo) -> &Path {
        &self.machines[machine].dir
    }

    /// What happened since the last time.
    pub(crate) fn news(&mut self) -> Result<Vec<Record>> {
        self.journal.read_to_end(&mut self.unread)?;
        let mut rest = self.unread.as_slice();
        let records = read_some(&mut rest)?;
        self.unread = rest.to_vec();
        Ok(records)
    }

    /// Lets the disks see it.
    pub(crate) fn see(&mut self, records: &[Record]) -> Result<()> {
        for record in records {
            if let Some(machine) = self.owner(record) {
                self.machines[machine].disk.see(record)?;
            }
        }
        Ok(())
    }

    /// Lets the disks see whatever happened.
    pub(crate) fn catch_up(&mut self) -> Result<()> {
        let news = self.news()?;
        self.see(&news)
    }

    fn owner(&mut self, record: &Record) -> Option<MachineNo> {
        let by_path = |path: &Path| self.machines.iter().position(|machine| path.starts_with(&machine.dir));
        match record {
            Record::Found(file, path) | Record::Created(file, path) => {
                let machine = by_path(path);
                match machine {
                    Some(machine) => _ = self.of_file.insert(*file, machine),
                    None => _ = self.of_file.remove(file),
                }
                machine
            }
            Record::Wrote(file, ..) | Record::Resized(file, _) | Record::Synced(file) => {
                self.of_file.get(file).copied()
            }
            Record::SyncedDir(path)
            | Record::Removed(path)
            | Record::Renamed(path, _)
            | Record::MadeDir(path)
            | Record::RemovedDir(path) => by_path(path),
            Record::Said(_) => None,
            Record::NotModelled(_) => Some(0),
        }
    }

    /// What the machine's disk holds if the power goes now.
    pub(crate) fn after_cut(&self, machine: MachineNo, dice: &mut Dice) -> Tree {
        self.machines[machine].disk.after_cut(dice)
    }

    /// Brings a machine back with these files, which lie below `from` until now.
    pub(crate) fn revive(&mut self, machine: MachineNo, tree: &Tree, from: &Path) -> Result<()> {
        self.catch_up()?;
        self.lives += 1;
        let dir = self.root.join(format!("{}-{}", self.machines[machine].name, self.lives));
        let old = std::mem::replace(&mut self.machines[machine].dir, dir.clone());
        self.machines[machine].disk = Disk::holding(&Tree::default());
        self.of_file.retain(|_, of| *of != machine);
        fs::create_dir(&dir)?;
        let there = |path: &Path| Ok::<_, anyhow::Error>(dir.join(path.strip_prefix(from)?));
        for made in tree.dirs.iter().filter(|made| *made != from) {
            fs::create_dir(there(made)?)?;
        }
        for (path, bytes) in &tree.files {
            fs::write(there(path)?, &**Arc::clone(bytes))?;
        }
        self.catch_up()?;
        self.machines[machine].disk.settle();
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
        Ok(())
    }

    /// Forgets all machines and their files.
    pub(crate) fn clear(&mut self) -> Result<()> {
        for machine in self.machines.drain(..) {
            fs::remove_dir_all(machine.dir)?;
        }
        self.of_file.clear();
        self.catch_up()
    }
}
