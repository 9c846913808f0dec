//! A program of ours, started, spoken to and ended.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::outside::Stopwatch;

/// Longer than any start or answer of ours may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where cargo put a program of this build.
pub fn find(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    // target/debug/power-cut, or target/debug/deps/<test>.
    let found = here.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|program| program.is_file());
    found.with_context(|| format!("`{name}` is not built: `cargo build -p pos-app -p sync-server --bins` does it"))
}

/// A program that runs.
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    /// Starts it. What it complains about is appended to `complaints`.
    pub fn start(command: &mut Command, complaints: &Path) -> Result<Self> {
        let complaints = File::options().create(true).append(true).open(complaints)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints);
        let mut child = command.spawn().context("a program does not start")?;
        let output = child.stdout.take().context("it was asked for")?;
        let input = child.stdin.take();
        let (send, lines) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // A line without its end was not said.
            while output.read_line(&mut line).is_ok_and(|_| line.ends_with('\n')) {
                // Nobody may be listening any more.
                let _ = send.send(std::mem::take(&mut line));
            }
        });
        Ok(Self { child, input, lines })
    }

    /// Says something to it; it may have died, which is what we are here for.
    pub fn say(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(text.as_bytes());
        }
    }

    /// The next whole line it says; `None` when it is dead and has said everything.
    pub fn hear(&mut self) -> Result<Option<String>> {
        match self.hear_within(PATIENCE) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                self.kill();
                bail!("it said nothing for {} s", PATIENCE.as_secs())
            }
        }
    }

    /// What it says within `limit`, or that it is dead.
    pub fn hear_within(&mut self, limit: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.recv_timeout(limit)
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        // Dead already is as good.
        let _ = self.child.kill();
    }

    /// Closes its input, which asks a till to end.
    pub fn close_input(&mut self) {
        drop(self.input.take());
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it is gone.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

/// Runs something short to its end; an error carries what it said.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let watch = Stopwatch::start();
    let done = command.stdin(Stdio::null()).output().context("a program does not start")?;
    ensure!(
        done.status.success(),
        "{:?} ended with {} after {} ms: {}{}",
        command.get_args().collect::<Vec<&OsStr>>(),
        done.status,
        watch.elapsed().as_millis(),
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    Ok(done.stdout)
}
