//! What a disk may hold after the power went: worked out from what was there before and what the shim told.
//!
//! The model, in the order of what it promises:
//! - What was written to a file before a sync of that file is there.
//! - What was written since may be there or not, each write by itself, in any order, split where a disk splits: blocks
//!   of 4096 bytes, or sectors of 512 when a write was torn. A file can have grown over bytes that never came: zeros.
//! - Names (created, renamed, removed, directories) change in the order they were changed, as in every journalling file
//!   system, and stop anywhere after the last directory sync. A sync of a file alone keeps its bytes, not its name.
//!   Harsher than ext4, which would keep the name as well.
//!
//! What it leaves out: disks that lie about a sync (the shim can play one, to prove that this is noticed), sectors that
//! rot, a write that damages its neighbours, and the order in which two writes to the same sector reach the disk when
//! both came after the last sync: the later one wins or neither does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use crate::dice::Dice;
use crate::journal::{FileNo, Record};

const SECTOR: usize = 512;
const BLOCK: usize = 4096;

/// Directories and files below a root, with what is in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Directories.
    pub dirs: BTreeSet<PathBuf>,
    /// Files.
    pub files: BTreeMap<PathBuf, Arc<Vec<u8>>>,
}

impl Tree {
    /// What is below `root` now. SQLite's shared memory is not on the disk in earnest.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add(root)?;
        Ok(tree)
    }

    fn add(&mut self, dir: &Path) -> Result<()> {
        for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
            let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
            if kind.is_dir() {
                self.dirs.insert(path.clone());
                self.add(&path)?;
            } else if !is_shared_memory(&path) {
                let bytes = Arc::new(fs::read(&path)?);
                self.files.insert(path, bytes);
            }
        }
        Ok(())
    }

    /// Makes what is below `root`, where `now` is, into this.
    pub fn write(&self, now: &Self, root: &Path) -> Result<()> {
        remove_shared_memory(root)?;
        for path in now.files.keys().filter(|path| !self.files.contains_key(*path)) {
            fs::remove_file(path)?;
        }
        // Inner ones come after outer ones, so they go first.
        for dir in now.dirs.iter().rev().filter(|dir| !self.dirs.contains(*dir)) {
            fs::remove_dir(dir)?;
        }
        for dir in self.dirs.difference(&now.dirs) {
            fs::create_dir(dir)?;
        }
        for (path, bytes) in self.files.iter().filter(|(path, bytes)| now.files.get(*path) != Some(*bytes)) {
            fs::write(path, &**bytes)?;
        }
        Ok(())
    }
}

fn is_shared_memory(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"-shm")
}

fn remove_shared_memory(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_shared_memory(&path)?;
        } else if is_shared_memory(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Copies a directory, shared memory left out.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (path, goal) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if path.is_dir() {
            copy(&path, &goal)?;
        } else if !is_shared_memory(&path) {
            fs::copy(&path, &goal)?;
        }
    }
    Ok(())
}

enum Change {
    Write(usize, Vec<u8>),
    Resize(usize),
}

#[derive(Default)]
struct Inode {
    safe: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
    MakeDir(PathBuf),
    RemoveDir(PathBuf),
}

#[derive(Clone, Default)]
struct Names {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, usize>,
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::Link(path, inode) => _ = self.files.insert(path.clone(), *inode),
            NameChange::Unlink(path) => _ = self.files.remove(path),
            NameChange::Rename(from, to) => {
                if let Some(inode) = self.files.remove(from) {
                    self.files.insert(to.clone(), inode);
                }
            }
            NameChange::MakeDir(path) => _ = self.dirs.insert(path.clone()),
            NameChange::RemoveDir(path) => _ = self.dirs.remove(path),
        }
    }
}

/// A disk while a program writes to it.
pub struct Disk {
    inodes: Vec<Inode>,
    /// As the program sees them.
    names: Names,
    safe_names: Names,
    unsynced_names: Vec<NameChange>,
    of_file: BTreeMap<FileNo, usize>,
}

impl Disk {
    /// A disk that holds this, all of it safe, and then sees these deeds.
    ///
    /// Errors: a deed this model knows nothing of.
    pub fn replay(before: &Tree, records: &[Record]) -> Result<Self> {
        let mut disk = Self::holding(before);
        records.iter().try_for_each(|record| disk.see(record))?;
        Ok(disk)
    }

    /// A disk that holds this, all of it safe.
    pub fn holding(before: &Tree) -> Self {
        let mut inodes = Vec::new();
        let mut names = Names { dirs: before.dirs.clone(), files: BTreeMap::new() };
        for (path, bytes) in &before.files {
            names.files.insert(path.clone(), inodes.len());
            inodes.push(Inode { safe: bytes.to_vec(), unsynced: Vec::new() });
        }
        let safe_names = names.clone();
        Self { inodes, names, safe_names, unsynced_names: Vec::new(), of_file: BTreeMap::new() }
    }

    /// Time passes and everything written so far is safe.
    pub fn settle(&mut self) {
        for Inode { safe, unsynced } in &mut self.inodes {
            unsynced.drain(..).for_each(|change| apply(safe, &change, |_| true));
        }
        self.safe_names = self.names.clone();
        self.unsynced_names.clear();
    }

    /// Sees one deed.
    ///
    /// Errors: a deed this model knows nothing of.
    pub fn see(&mut self, record: &Record) -> Result<()> {
        match record {
            Record::Found(file, path) => {
                let inode = self.names.files.get(path).with_context(|| format!("{} was not there", path.display()))?;
                self.of_file.insert(*file, *inode);
            }
            Record::Created(file, path) => {
                self.of_file.insert(*file, self.inodes.len());
                self.rename(NameChange::Link(path.clone(), self.inodes.len()));
                self.inodes.push(Inode::default());
            }
            Record::Wrote(file, offset, bytes) => {
                let change = Change::Write(usize::try_from(*offset)?, bytes.clone());
                self.inode(*file)?.unsynced.push(change);
            }
            Record::Resized(file, length) => {
                let change = Change::Resize(usize::try_from(*length)?);
                self.inode(*file)?.unsynced.push(change);
            }
            Record::Synced(file) => {
                let Inode { safe, unsynced } = self.inode(*file)?;
                unsynced.drain(..).for_each(|change| apply(safe, &change, |_| true));
            }
            Record::SyncedDir(_) => {
                self.safe_names = self.names.clone();
                self.unsynced_names.clear();
            }
            Record::Removed(path) => self.rename(NameChange::Unlink(path.clone())),
            Record::Renamed(from, to) => self.rename(NameChange::Rename(from.clone(), to.clone())),
            Record::MadeDir(path) => self.rename(NameChange::MakeDir(path.clone())),
            Record::RemovedDir(path) => self.rename(NameChange::RemoveDir(path.clone())),
            Record::Said(_) => {}
            Record::NotModelled(what) => bail!("the program did something the model knows nothing of: {what}"),
        }
        Ok(())
    }

    fn rename(&mut self, change: NameChange) {
        self.names.apply(&change);
        self.unsynced_names.push(change);
    }

    fn inode(&mut self, file: FileNo) -> Result<&mut Inode> {
        let inode = self.of_file.get(&file).with_context(|| format!("file {file} was never opened"))?;
        Ok(&mut self.inodes[*inode])
    }

    /// What the program itself sees: nothing is missing.
    pub fn as_seen(&self) -> Tree {
        let whole = |inode: &Inode| {
            let mut bytes = inode.safe.clone();
            inode.unsynced.iter().for_each(|change| apply(&mut bytes, change, |_| true));
            bytes
        };
        self.tree(&self.names, whole)
    }

    /// One of the states the disk may be found in when the power goes now.
    pub fn after_cut(&self, dice: &mut Dice) -> Tree {
        let mut names = self.safe_names.clone();
        let kept = match dice.below(3) {
            0 => 0,
            1 => self.unsynced_names.len(),
            _ => dice.index(self.unsynced_names.len() + 1),
        };
        self.unsynced_names[..kept].iter().for_each(|change| names.apply(change));
        self.tree(&names, |inode| inode.after_cut(dice))
    }

    fn tree(&self, names: &Names, mut content: impl FnMut(&Inode) -> Vec<u8>) -> Tree {
        let is_reachable =
            |path: &Path| path.parent().is_none_or(|dir| names.dirs.contains(dir) || !is_made(dir, self));
        let files = names.files.iter().filter(|(path, _)| is_reachable(path));
        let files = files.map(|(path, inode)| (path.clone(), Arc::new(content(&self.inodes[*inode])))).collect();
        Tree { dirs: names.dirs.clone(), files }
    }
}

/// Is it one of the directories that come and go, or the root itself?
fn is_made(dir: &Path, disk: &Disk) -> bool {
    disk.names.dirs.contains(dir)
        || disk.safe_names.dirs.contains(dir)
        || disk.unsynced_names.iter().any(|change| matches!(change, NameChange::MakeDir(made) if made == dir))
}

impl Inode {
    fn after_cut(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.safe.clone();
        match dice.below(5) {
            // The disk had no time for any of it, or for all of it.
            0 => {}
            1 => self.unsynced.iter().for_each(|change| apply(&mut bytes, change, |_| true)),
            // It worked in order and got so far, the last one torn.
            2 => {
                let whole = dice.index(self.unsynced.len() + 1);
                self.unsynced[..whole].iter().for_each(|change| apply(&mut bytes, change, |_| true));
                if let Some(torn) = self.unsynced.get(whole) {
                    let until = dice.index(BLOCK / SECTOR + 1) * SECTOR;
                    let start = if let Change::Write(offset, _) = torn { *offset } else { 0 };
                    apply(&mut bytes, torn, |place| place < start + until);
                }
            }
            // It worked in an order of its own, by block or by sector.
            3 => self.scattered(&mut bytes, BLOCK, dice),
            _ => self.scattered(&mut bytes, SECTOR, dice),
        }
        bytes
    }

    fn scattered(&self, bytes: &mut Vec<u8>, unit: usize, dice: &mut Dice) {
        let salt = dice.roll();
        for (number, change) in self.unsynced.iter().enumerate() {
            let is_kept = |place: usize| {
                let mut coin = Dice::new(salt, "unit", (number as u64) << 32 | (place / unit) as u64);
                coin.percent(50)
            };
            apply(bytes, change, is_kept);
        }
    }
}

/// Does what a change did, as far as its places in the file are kept.
fn apply(bytes: &mut Vec<u8>, change: &Change, is_kept: impl Fn(usize) -> bool) {
    match change {
        Change::Resize(length) => {
            if is_kept(0) {
                bytes.resize(*length, 0);
            }
        }
        Change::Write(offset, new) => {
            let mut at = 0;
            while at < new.len() {
                let place = offset + at;
                let end = (at + SECTOR - place % SECTOR).min(new.len());
                if is_kept(place) {
                    if bytes.len() < offset + end {
                        bytes.resize(offset + end, 0);
                    }
                    bytes[place..offset + end].copy_from_slice(&new[at..end]);
                }
                at = end;
            }
        }
    }
}

/// The journal tells the whole story, or the model is worth nothing: replayed, it must give the files as they are.
pub fn assert_told(disk: &Disk, found: &Tree) -> Result<()> {
    let seen = disk.as_seen();
    for (path, bytes) in &seen.files {
        let there = found.files.get(path).with_context(|| format!("{} should be there", path.display()))?;
        ensure!(there == bytes, "{} is not as the shim told it", path.display());
    }
    for path in found.files.keys() {
        ensure!(seen.files.contains_key(path), "the shim told nothing of {}", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &[u8])]) -> Tree {
        let files = files.iter().map(|(path, bytes)| (PathBuf::from(path), Arc::new(bytes.to_vec()))).collect();
        Tree { dirs: BTreeSet::new(), files }
    }

    fn states(before: &Tree, records: &[Record]) -> Vec<Tree> {
        let disk = Disk::replay(before, records).expect("modelled");
        (0..200).map(|round| disk.after_cut(&mut Dice::new(7, "states", round))).collect()
    }

    #[test]
    fn what_was_synced_is_always_there_and_what_was_not_only_sometimes() {
        let before = tree(&[("/d/a", b"old")]);
        let records = [
            Record::Found(1, "/d/a".into()),
            Record::Wrote(1, 0, b"new".to_vec()),
            Record::Synced(1),
            Record::Wrote(1, 3, b"er".to_vec()),
        ];
        let found = states(&before, &records);
        assert!(found.iter().all(|tree| tree.files[Path::new("/d/a")].starts_with(b"new")));
        let kept = found.iter().filter(|tree| tree.files[Path::new("/d/a")].ends_with(b"er")).count();
        assert!((1..200).contains(&kept), "{kept} of 200");
    }

    #[test]
    fn a_new_name_needs_a_sync_of_its_directory_and_names_change_in_order() {
        let before = tree(&[]);
        let made = [Record::Created(1, "/d/partial".into()), Record::Wrote(1, 0, b"key".to_vec()), Record::Synced(1)];
        let renamed = [made.as_slice(), &[Record::Renamed("/d/partial".into(), "/d/key".into())]].concat();
        for tree in states(&before, &renamed) {
            let names: Vec<_> = tree.files.keys().collect();
            assert!(names.len() <= 1, "never both names: {names:?}");
            assert!(tree.files.values().all(|bytes| ***bytes == *b"key"), "synced before it got its name");
        }
        let synced = [renamed.as_slice(), &[Record::SyncedDir("/d".into())]].concat();
        assert!(states(&before, &synced).iter().all(|tree| tree.files.contains_key(Path::new("/d/key"))));
    }

    #[test]
    fn a_torn_write_is_torn_at_sectors() {
        let before = tree(&[("/d/a", &[0; 4096])]);
        let records = [Record::Found(1, "/d/a".into()), Record::Wrote(1, 0, vec![1; 4096])];
        let found = states(&before, &records);
        let of = |tree: &Tree| tree.files[Path::new("/d/a")].clone();
        for tree in &found {
            assert!(of(tree).chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        }
        let is_torn = |tree: &&Tree| of(tree).contains(&0) && of(tree).contains(&1);
        assert!(found.iter().filter(is_torn).count() > 20);
    }
}
