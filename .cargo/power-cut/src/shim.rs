//! The shim: built with the machine's C compiler, loaded into a program by its environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

const SOURCE: &str = include_str!("../shim/shim.c");

/// The library, built.
#[derive(Clone, Debug)]
pub struct Shim {
    library: PathBuf,
}

/// One power cut to come.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// The program dies at this deed, counted from 1; 0 never.
    pub at: u64,
    /// Syncs pass without effect, as on a disk that lies.
    pub lies: bool,
}

impl Shim {
    /// Compiles it into `dir`.
    pub fn build(dir: &Path) -> Result<Self> {
        let (source, library) = (dir.join("shim.c"), dir.join("shim.so"));
        std::fs::write(&source, SOURCE)?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let built = Command::new(&compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-lpthread")
            .output()
            .with_context(|| format!("{} does not run", compiler.display()))?;
        ensure!(built.status.success(), "the shim does not compile: {}", String::from_utf8_lossy(&built.stderr));
        Ok(Self { library })
    }

    /// Has a program run under it: everything below `root` is told to `journal`.
    pub fn watch(&self, program: &mut Command, root: &Path, journal: &Path, cut: Cut) {
        program.env("LD_PRELOAD", &self.library).env("BARRA_CUT_ROOT", root).env("BARRA_CUT_JOURNAL", journal);
        program.env("BARRA_CUT_AT", cut.at.to_string());
        if cut.lies {
            program.env("BARRA_CUT_LIES", "1");
        }
    }
}
