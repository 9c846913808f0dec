//! A pseudo-terminal pair as the cable, and the thread at its far end. A pulled cable closes the pair; a new pair takes
//! its place behind the same link.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serialport::{SerialPort as _, TTYPort};
use shared::time::Clock;

use super::brain::{Brain, Charge, Deed, Told};
use super::script::Script;
use crate::terminal::ticker::Ticker;

/// The longest blocking read, which is how soon a stop is noticed.
const SLICE_MS: u64 = 20;

/// Where the cable is cut, once, counted in bytes from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// After so many bytes to the till.
    ToTill(usize),
    /// After so many bytes to the terminal, which has heard them.
    ToTerminal(usize),
}

/// How the terminal is plugged in.
#[derive(Clone, Debug)]
pub struct Plug {
    /// A symbolic link that always leads to the present cable.
    pub link: Option<PathBuf>,
    /// A cut to come.
    pub cut: Option<Cut>,
    /// Milliseconds until a cut cable is replaced; `None` never.
    pub replug_ms: Option<u64>,
}

/// Bytes that went over the cable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// To the till.
    pub to_till: usize,
    /// To the terminal.
    pub to_terminal: usize,
}

/// A terminal at the far end of a cable.
pub struct SimulatedTerminal {
    link: Option<PathBuf>,
    brain: Arc<Mutex<Brain>>,
    path: Arc<Mutex<String>>,
    traffic: Arc<Mutex<Traffic>>,
    is_stopping: Arc<AtomicBool>,
    told: Mutex<Receiver<Told>>,
    thread: Option<JoinHandle<()>>,
}

impl SimulatedTerminal {
    /// Plugs one in.
    pub fn start(script: Script, plug: Plug, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (tell, told) = channel();
        let brain = Arc::new(Mutex::new(Brain::new(script)));
        let is_stopping = Arc::new(AtomicBool::new(false));
        let path = Arc::new(Mutex::new(String::new()));
        let mut far_end = FarEnd {
            plug,
            cable: None,
            path: path.clone(),
            brain: brain.clone(),
            ticker: Ticker::new(clock.clone()),
            clock,
            tell,
            traffic: Arc::default(),
            replug_at: None,
            is_stopping: is_stopping.clone(),
        };
        let (link, traffic) = (far_end.plug.link.clone(), far_end.traffic.clone());
        far_end.plug_in()?;
        let thread = std::thread::Builder::new().name("simulated-terminal".into()).spawn(move || far_end.run())?;
        Ok(Self { link, brain, path, traffic, is_stopping, told: Mutex::new(told), thread: Some(thread) })
    }

    /// Where the till finds it: the link, or the present cable.
    pub fn port(&self) -> String {
        match &self.link {
            Some(link) => link.display().to_string(),
            None => self.path(),
        }
    }

    /// The present cable itself.
    pub fn path(&self) -> String {
        lock(&self.path).clone()
    }

    /// What was really charged, refunds included.
    pub fn charges(&self) -> Vec<Charge> {
        lock(&self.brain).memory().to_vec()
    }

    /// The ticket of every whole request for a sale that was heard, repeats included.
    pub fn requests_seen(&self) -> Vec<String> {
        lock(&self.brain).seen().to_vec()
    }

    /// What went over the cable so far.
    pub fn traffic(&self) -> Traffic {
        *lock(&self.traffic)
    }

    /// Waits for the next sale's end, as the terminal sees it; `None` when the terminal is gone.
    pub fn next_told(&self) -> Option<Told> {
        lock(&self.told).recv().ok()
    }

    /// Takes the link away, for a program that ends without a stop.
    pub fn unlink(&self) {
        if let Some(link) = &self.link {
            let _ = std::fs::remove_file(link);
        }
    }

    /// Pulls the plug for good.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for SimulatedTerminal {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.unlink();
    }
}

struct FarEnd {
    plug: Plug,
    /// Both ends: holding the till's end open as well keeps the pair alive while no till has opened it.
    cable: Option<(TTYPort, TTYPort)>,
    path: Arc<Mutex<String>>,
    brain: Arc<Mutex<Brain>>,
    ticker: Ticker,
    clock: Arc<dyn Clock>,
    tell: Sender<Told>,
    traffic: Arc<Mutex<Traffic>>,
    replug_at: Option<u64>,
    is_stopping: Arc<AtomicBool>,
}

impl FarEnd {
    fn plug_in(&mut self) -> io::Result<()> {
        let (ours, tills) = TTYPort::pair()?;
        let path = tills.name().unwrap_or_default();
        if let Some(link) = &self.plug.link {
            replace_link(link, &path)?;
        }
        *lock(&self.path) = path;
        self.cable = Some((ours, tills));
        self.replug_at = None;
        Ok(())
    }

    fn pull(&mut self, replug_ms: Option<u64>) {
        // The link goes first: its number may soon belong to somebody else's cable.
        if let Some(link) = &self.plug.link {
            let _ = std::fs::remove_file(link);
        }
        self.cable = None;
        lock(&self.brain).replugged();
        self.replug_at = replug_ms.map(|ms| self.ticker.now() + ms);
    }

    fn run(mut self) {
        while !self.is_stopping.load(Ordering::Acquire) {
            let now = self.ticker.now();
            if self.replug_at.is_some_and(|at| at <= now)
                && let Err(error) = self.plug_in()
            {
                tracing::error!(%error, "no new cable");
                return;
            }
            let deeds = lock(&self.brain).tick(now);
            self.carry_out(deeds);
            let due = lock(&self.brain).next_due().into_iter().chain(self.replug_at).min();
            let wait = due.map_or(SLICE_MS, |due| due.saturating_sub(now).min(SLICE_MS));
            self.listen(wait);
        }
    }

    fn listen(&mut self, wait_ms: u64) {
        let wait = Duration::from_millis(wait_ms);
        let mut buffer = [0; 64];
        let Some((ours, _)) = &mut self.cable else {
            // Nothing to read from without a cable: an empty channel waits as well.
            let (_keep, nothing) = channel::<()>();
            let _ = nothing.recv_timeout(wait);
            self.ticker.waited(wait_ms);
            return;
        };
        let read = ours.set_timeout(wait).map_err(io::Error::from).and_then(|()| ours.read(&mut buffer));
        match read {
            Ok(count) => {
                for byte in &buffer[..count] {
                    if self.is_cut() {
                        return;
                    }
                    lock(&self.traffic).to_terminal += 1;
                    let now = self.ticker.now();
                    let deeds = lock(&self.brain).hear(*byte, now, self.clock.now());
                    self.carry_out(deeds);
                    if self.cable.is_none() || self.is_cut() {
                        return;
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => self.ticker.waited(wait_ms),
            Err(error) => {
                tracing::error!(%error, "the cable broke by itself");
                self.pull(Some(0));
            }
        }
    }

    fn carry_out(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Send(bytes) => self.send(&bytes),
                Deed::Pull(replug_ms) => self.pull(Some(replug_ms)),
                // Nobody may be listening, and that is their affair.
                Deed::Tell(told) => drop(self.tell.send(told)),
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let room = match self.plug.cut {
            Some(Cut::ToTill(at)) => at.saturating_sub(lock(&self.traffic).to_till),
            _ => usize::MAX,
        };
        let bytes = &bytes[..bytes.len().min(room)];
        if let Some((ours, _)) = &mut self.cable {
            // Counted first: who hears the last byte may ask at once how many there were.
            lock(&self.traffic).to_till += bytes.len();
            if let Err(error) = ours.write_all(bytes) {
                tracing::debug!(%error, "said into a broken cable");
            }
            self.is_cut();
        }
    }

    /// Cuts the cable when as many bytes have passed as the cut was waiting for.
    fn is_cut(&mut self) -> bool {
        let traffic = *lock(&self.traffic);
        let is_due = match self.plug.cut {
            Some(Cut::ToTill(at)) => traffic.to_till >= at,
            Some(Cut::ToTerminal(at)) => traffic.to_terminal >= at,
            None => false,
        };
        if is_due {
            self.plug.cut = None;
            self.pull(self.plug.replug_ms);
        }
        is_due
    }
}

fn replace_link(link: &Path, target: &str) -> io::Result<()> {
    let beside = link.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    std::os::unix::fs::symlink(target, &beside)?;
    std::fs::rename(&beside, link)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
