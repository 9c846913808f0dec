//! What is done after this program, however it ends: a shell waits until our end of a pipe closes, which the kernel does
//! for whoever is killed.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Does what it was told once it is dropped, or once this program is gone.
pub(crate) struct After(Child);

impl After {
    /// `script` is for `sh`, its arguments begin at `$1`.
    pub(crate) fn run(script: &str, arguments: &[&str]) -> Result<Self> {
        let script = format!("cat >/dev/null; {script}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, "sh"]).args(arguments).current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Not in our group: what ends us must not end it.
        Ok(Self(shell.process_group(0).spawn().context("there is no sh")?))
    }

    /// Removes a directory.
    pub(crate) fn remove(dir: &Path) -> Result<Self> {
        Self::run("rm -rf -- \"$1\"", &[&dir.display().to_string()])
    }
}

impl Drop for After {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Whatever fails here, there is nobody left to tell.
        let _ = self.0.wait();
    }
}
