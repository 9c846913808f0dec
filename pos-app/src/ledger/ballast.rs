//! Ballast: a file that only takes up room. When the disk is full it is thrown overboard, so that the sale on the counter
//! can be finished; new ones are refused until there is room again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file's name in the data directory.
pub const FILE: &str = "ballast";
const BLOCK: usize = 1024 * 1024;

/// The ballast of one ledger.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
    bytes: u64,
    is_overboard: AtomicBool,
}

impl Ballast {
    /// Ballast of so many bytes beside a database; 0 for none.
    pub fn beside(database: &Path, bytes: u64) -> Self {
        Self { path: database.with_file_name(FILE), bytes, is_overboard: AtomicBool::new(false) }
    }

    /// The disk was full, and there has not been room since.
    pub fn is_overboard(&self) -> bool {
        self.is_overboard.load(Ordering::Relaxed)
    }

    /// Throws it overboard. True when that made room.
    pub fn throw(&self) -> bool {
        if self.bytes == 0 {
            return false;
        }
        self.is_overboard.store(true, Ordering::Relaxed);
        match std::fs::remove_file(&self.path) {
            Ok(()) => {
                tracing::error!("the disk is full: the ballast is gone, so that the open sale can be finished");
                true
            }
            Err(_) => false,
        }
    }

    /// Takes it on board, if it is not, and if there is room. After a full disk there must be room for it twice: the
    /// room it left behind is no room.
    pub fn load(&self) -> std::io::Result<()> {
        let is_there = std::fs::metadata(&self.path).is_ok_and(|found| found.len() == self.bytes);
        if self.bytes == 0 || is_there {
            return Ok(());
        }
        let partial = self.path.with_extension("partial");
        let room = if self.is_overboard() { self.bytes.saturating_mul(2) } else { self.bytes };
        match fill(&partial, room, self.bytes) {
            Ok(()) => {
                std::fs::rename(&partial, &self.path)?;
                self.is_overboard.store(false, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                drop(std::fs::remove_file(&partial));
                Err(error)
            }
        }
    }
}

/// Real bytes: a file of holes holds no room.
fn fill(path: &Path, room: u64, keep: u64) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    let block = vec![0xA5; BLOCK];
    let mut left = room;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(&block[..now])?;
        left -= now as u64;
    }
    file.sync_all()?;
    if keep < room {
        file.set_len(keep)?;
        file.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballast_is_real_and_comes_back_once_there_is_room() {
        let dir = tempfile::tempdir().expect("a directory");
        let ballast = Ballast::beside(&dir.path().join("till.db"), 3_000_000);
        ballast.load().expect("room");
        let size = || std::fs::metadata(dir.path().join(FILE)).map(|found| found.len()).ok();
        assert_eq!(size(), Some(3_000_000));
        assert!(ballast.throw(), "there was something to throw");
        assert!(!ballast.throw(), "and now there is not");
        assert_eq!((size(), ballast.is_overboard()), (None, true));
        ballast.load().expect("room");
        assert_eq!((size(), ballast.is_overboard()), (Some(3_000_000), false));
    }

    #[test]
    fn no_ballast_is_no_file() {
        let dir = tempfile::tempdir().expect("a directory");
        let ballast = Ballast::beside(&dir.path().join("till.db"), 0);
        ballast.load().expect("nothing to do");
        assert!(!ballast.throw() && !ballast.is_overboard());
        assert!(!dir.path().join(FILE).exists());
    }
}
