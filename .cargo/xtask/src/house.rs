//! Where things are in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository this program was built in.
#[derive(Clone, Debug)]
pub struct House {
    root: PathBuf,
}

impl House {
    /// Found from where cargo runs this.
    pub fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().find(|dir| dir.join("tauri.conf.json").is_file());
        Ok(Self { root: root.context("the repository was moved; build again")?.to_owned() })
    }

    /// Its top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The till's screens.
    pub fn screens(&self) -> PathBuf {
        self.root.join("pos-app/ui")
    }

    /// Head office's console.
    pub fn console(&self) -> PathBuf {
        self.root.join("sync-server/console")
    }

    /// Everything npm builds.
    pub fn web_folders(&self) -> [PathBuf; 2] {
        [self.screens(), self.console()]
    }

    /// Where cargo builds.
    pub fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    /// A folder of its own under `target/`, empty.
    pub fn fresh_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A program of ours, built in the dev profile.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let program = self.target().join("debug").join(name);
        let is_there = program.is_file();
        is_there.then_some(program).with_context(|| format!("`{name}` is not built: `cargo build --workspace` does it"))
    }
}
