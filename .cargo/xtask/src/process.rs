//! Programs we start, and how every one of them ends with us: each in its own process group, each group known here, so
//! that an error, a return or Ctrl-C ends all of them and nothing else.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::stopwatch::Stopwatch;

/// How long a program may take to end politely.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a killed program may take to be gone. Where nobody collects the dead, they stay on the list for ever.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// Process groups of ours that live, and whether any more may be started.
struct Groups {
    alive: Vec<Pid>,
    is_ending: bool,
}

static GROUPS: Mutex<Groups> = Mutex::new(Groups { alive: Vec::new(), is_ending: false });
static ENDED: Condvar = Condvar::new();

fn groups() -> MutexGuard<'static, Groups> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks a group to end, waits, then insists.
fn end_group(group: Pid) {
    // The group may be gone already; then there is nothing to end.
    let _ = kill_process_group(group, Signal::TERM);
    let waited = ENDED.wait_timeout_while(groups(), PATIENCE, |groups| groups.alive.contains(&group));
    drop(waited);
    // Also for those the leader left behind; they hold files and ports until they are really gone.
    let _ = kill_process_group(group, Signal::KILL);
    let watch = Stopwatch::start();
    while test_kill_process_group(group).is_ok() && !watch.left_of(LAST_BREATH).is_zero() {
        drop(ENDED.wait_timeout(groups(), Duration::from_millis(10)));
    }
}

/// From now on Ctrl-C, a hang-up or a polite kill of this program ends everything it started first.
pub fn end_all_when_told() -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // The task itself still runs while we do this: it must not start anything behind our back.
            groups().is_ending = true;
            let all = groups().alive.clone();
            for group in all.into_iter().rev() {
                end_group(group);
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// A program that runs beside us until it is ended or dropped.
pub struct Running {
    name: String,
    group: Pid,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    status: Receiver<ExitStatus>,
}

impl Running {
    /// Starts a program in a process group of its own. Its standard output is read line by line, its complaints go to
    /// `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let complaints = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        forget_this_build(command);
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints);
        let (mut child, group) = {
            let mut groups = groups();
            ensure!(!groups.is_ending, "{name} is not started: we are ending");
            let child = command.spawn().with_context(|| format!("{name} does not start"))?;
            let group = Pid::from_child(&child);
            groups.alive.push(group);
            (child, group)
        };
        let stdin = child.stdin.take();
        let (send_line, lines) = channel();
        let stdout = child.stdout.take().expect("it was asked for");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may be reading any more; the program must not stall on that.
                let _ = send_line.send(line);
            }
        });
        let (send_status, status) = channel();
        thread::spawn(move || {
            let ended = child.wait();
            groups().alive.retain(|other| *other != group);
            ENDED.notify_all();
            let _ = ended.map(|status| send_status.send(status));
        });
        Ok(Self { name: name.to_owned(), group, stdin, lines, status })
    }

    /// Writes one line to its standard input.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().with_context(|| format!("{}'s input is closed", self.name))?;
        stdin.write_all(format!("{line}\n").as_bytes()).with_context(|| format!("{} has ended", self.name))
    }

    /// The next line it prints, within `limit`.
    pub fn hear(&self, limit: Duration) -> Result<String> {
        self.lines.recv_timeout(limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => anyhow::anyhow!("{} said nothing for {} s", self.name, limit.as_secs()),
            RecvTimeoutError::Disconnected => anyhow::anyhow!("{} ended", self.name),
        })
    }

    /// The first line it prints from which `pick` makes something, within `limit`.
    pub fn hear_for<T>(&self, limit: Duration, pick: impl Fn(&str) -> Option<T>) -> Result<T> {
        let watch = Stopwatch::start();
        loop {
            if let Some(found) = pick(&self.hear(watch.left_of(limit))?) {
                return Ok(found);
            }
        }
    }

    /// Everything it has printed and nobody has heard yet.
    pub fn heard_so_far(&self) -> impl Iterator<Item = String> + '_ {
        self.lines.try_iter()
    }

    /// How it ended, if it does within `limit`.
    pub fn ended_within(&self, limit: Duration) -> Option<ExitStatus> {
        self.status.recv_timeout(limit).ok()
    }

    /// Waits until it ends by itself.
    pub fn wait(&self) -> Result<ExitStatus> {
        self.status.recv().with_context(|| format!("{} cannot be waited for", self.name))
    }

    /// Closes its input and waits for it to end by itself; ends it when it does not.
    pub fn finish(mut self) -> Result<()> {
        drop(self.stdin.take());
        match self.ended_within(PATIENCE) {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("{} ended with {status}", self.name),
            None => bail!("{} did not end when its input did", self.name),
        }
    }

    /// Its process id, also of its group.
    pub fn pid(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// Ends it as a power cut would.
    pub fn kill(self) {
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.ended_within(PATIENCE);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end_group(self.group);
    }
}

/// Runs a program to its end in front of the reader; an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    forget_this_build(command);
    let status = command.stdin(Stdio::inherit()).status().with_context(|| format!("`{shown}` does not start"))?;
    if status.success() { Ok(()) } else { bail!("`{shown}` failed: {status}") }
}

/// Runs a program to its end and returns what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    forget_this_build(command);
    let child: Child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("`{shown}` does not start"))?;
    let done = child.wait_with_output()?;
    if !done.status.success() {
        bail!("`{shown}` failed: {}\n{}", done.status, String::from_utf8_lossy(&done.stdout));
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Takes what `cargo run` told us about ourselves out of what a program of ours hears. Build scripts watch some of it
/// (ring's its package's name), so that a build started here and one typed by hand would each undo the other's.
fn forget_this_build(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_about_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"].contains(&name)
        });
        if is_about_us {
            command.env_remove(name);
        }
    }
}

/// Is there a program of this name to run?
pub fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn shown(command: &Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
