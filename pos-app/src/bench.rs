//! Where the till's benches work: a folder of their own on a real disk, gone when they are done.

use std::io;
use std::path::{Path, PathBuf};

/// The arguments all benches take.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Where to put the ledger; must be a real disk. Beside this program when absent.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Place {
    /// Measures in a folder of the bench's name, which goes away whatever came of it.
    pub fn measure<T, E: From<io::Error>>(
        self,
        name: &str,
        measure: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<T, E> {
        let program = std::env::current_exe()?;
        let beside = || program.parent().map(Path::to_owned).ok_or_else(|| io::Error::other("no folder of its own"));
        let dir = self.dir.map_or_else(beside, Ok)?.join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        let measured = measure(&dir);
        std::fs::remove_dir_all(&dir)?;
        measured
    }
}
