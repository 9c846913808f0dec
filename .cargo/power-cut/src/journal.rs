//! What the shim told: one record per deed, in the order done. `shim/shim.c` writes them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// The shim's number for a file, whatever it is called now.
pub type FileNo = u32;

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A file that was there before is used under this number from now on.
    Found(FileNo, PathBuf),
    /// A new, empty file.
    Created(FileNo, PathBuf),
    /// Bytes at an offset.
    Wrote(FileNo, u64, Vec<u8>),
    /// Cut off or drawn out to this length.
    Resized(FileNo, u64),
    /// Everything written to the file so far is safe.
    Synced(FileNo),
    /// Everything done to names so far is safe.
    SyncedDir(PathBuf),
    /// A name is gone.
    Removed(PathBuf),
    /// A file is called something else, and takes that name's place.
    Renamed(PathBuf, PathBuf),
    /// A directory was made.
    MadeDir(PathBuf),
    /// A directory is gone.
    RemovedDir(PathBuf),
    /// Something was said on standard output, after so many deeds.
    Said(u64),
    /// Something this model knows nothing of.
    NotModelled(String),
}

const HEAD: usize = 24;

/// Reads a journal. A last record that is not whole was being written when the program died; it never happened.
pub fn read(mut bytes: &[u8]) -> Result<Vec<Record>> {
    read_some(&mut bytes)
}

/// Reads what is whole of a journal that is still being written, and leaves the rest.
pub fn read_some(bytes: &mut &[u8]) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(HEAD) {
        let kind = head[0];
        let file = FileNo::from_le_bytes(head[4..8].try_into()?);
        let offset = u64::from_le_bytes(head[8..16].try_into()?);
        let length = usize::try_from(u64::from_le_bytes(head[16..24].try_into()?))?;
        let Some((body, rest)) = rest.split_at_checked(length) else { break };
        *bytes = rest;
        let text = || String::from_utf8(body.to_vec()).context("a path is not UTF-8");
        let path = || text().map(PathBuf::from);
        records.push(match kind {
            b'B' => Record::Found(file, path()?),
            b'C' => Record::Created(file, path()?),
            b'W' => Record::Wrote(file, offset, body.to_vec()),
            b'T' => Record::Resized(file, offset),
            b'S' => Record::Synced(file),
            b'D' => Record::SyncedDir(path()?),
            b'U' => Record::Removed(path()?),
            b'R' => {
                let both = text()?;
                let (from, to) = both.split_once('\0').context("a rename has two paths")?;
                Record::Renamed(from.into(), to.into())
            }
            b'M' => Record::MadeDir(path()?),
            b'X' => Record::RemovedDir(path()?),
            b'K' => Record::Said(offset),
            b'!' => Record::NotModelled(text()?),
            other => bail!("the shim told something unknown: {other}"),
        });
    }
    Ok(records)
}

/// How many deeds there were before the program first said anything: its start.
pub fn deeds_at_start(records: &[Record]) -> Option<u64> {
    records.iter().find_map(|record| if let Record::Said(deeds) = record { Some(*deeds) } else { None })
}

/// How many deeds there were: what a cut can fall on.
pub fn deeds(records: &[Record]) -> u64 {
    let is_deed = |record: &&Record| !matches!(record, Record::Found(..) | Record::Said(_) | Record::NotModelled(_));
    records.iter().filter(is_deed).count() as u64
}
