//! A pseudo-terminal pair as the cable, and the thread at its far end. A pulled cable closes the pair; a new pair takes
//! its place behind the same link.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use serialport::{SerialPort as _, TTYPort};
use shared::time::{Clock, Timestamp};

use super::book::{Brain, Charge, Deed, Told};
use super::getnet::GetnetBrain;
use super::script::Script;
use super::transbank::TransbankBrain;
use super::zvt::ZvtBrain;
use crate::terminal::ticker::Ticker;

/// The longest blocking read, which is how soon a stop is noticed.
const SLICE_MS: u64 = 20;
/// A pause inside a frame, after which it is none any more.
const GAP_MS: u64 = 100;

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

/// What a simulated terminal speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Transbank, on a serial line.
    Transbank,
    /// ZVT, on a serial line.
    Zvt,
    /// ZVT, over TCP. A link makes no sense for it.
    ZvtTcp,
    /// Getnet, on a serial line.
    Getnet,
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
    brain: Arc<Mutex<Box<dyn Brain>>>,
    path: Arc<Mutex<String>>,
    traffic: Arc<Mutex<Traffic>>,
    is_stopping: Arc<AtomicBool>,
    is_plugging: Arc<AtomicBool>,
    told: Mutex<Receiver<(Told, Timestamp)>>,
    thread: Option<JoinHandle<()>>,
}

impl SimulatedTerminal {
    /// Plugs one in that speaks Transbank.
    pub fn start(script: Script, plug: Plug, clock: Arc<dyn Clock>) -> io::Result<Self> {
        Self::speaking(Protocol::Transbank, script, plug, clock)
    }

    /// Plugs one in.
    pub fn speaking(protocol: Protocol, script: Script, plug: Plug, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (tell, told) = channel();
        let time_zone = script.time_zone.clone();
        let brain: Box<dyn Brain> = match protocol {
            Protocol::Transbank => Box::new(TransbankBrain::new(script)),
            Protocol::Zvt => Box::new(ZvtBrain::new(script, false)),
            Protocol::ZvtTcp => Box::new(ZvtBrain::new(script, true)),
            Protocol::Getnet => Box::new(GetnetBrain::new(script)),
        };
        let brain = Arc::new(Mutex::new(brain));
        let listener = if protocol == Protocol::ZvtTcp { Some(listen()?) } else { None };
        let is_stopping = Arc::new(AtomicBool::new(false));
        let is_plugging = Arc::new(AtomicBool::new(false));
        let path = Arc::new(Mutex::new(String::new()));
        let mut far_end = FarEnd {
            plug,
            listener,
            cable: None,
            path: path.clone(),
            brain: brain.clone(),
            ticker: Ticker::new(clock.clone()),
            clock,
            time_zone,
            tell,
            said_at: Timestamp::from_millis(0),
            traffic: Arc::default(),
            replug_at: None,
            last_byte: 0,
            is_stopping: is_stopping.clone(),
            is_plugging: is_plugging.clone(),
        };
        let (link, traffic) = (far_end.plug.link.clone(), far_end.traffic.clone());
        far_end.plug_in()?;
        let thread = std::thread::Builder::new().name("simulated-terminal".into()).spawn(move || far_end.run())?;
        let told = Mutex::new(told);
        Ok(Self { link, brain, path, traffic, is_stopping, is_plugging, told, thread: Some(thread) })
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

    /// What was really charged, voids included, closed or not.
    pub fn charges(&self) -> Vec<Charge> {
        lock(&self.brain).book().charges.clone()
    }

    /// The ticket of every whole request for a sale that was heard, repeats included; empty where the protocol has none.
    pub fn requests_seen(&self) -> Vec<String> {
        lock(&self.brain).book().seen.clone()
    }

    /// What came out of it on paper because the till asked for it, line by line.
    pub fn paper(&self) -> Vec<String> {
        lock(&self.brain).book().paper.clone()
    }

    /// Whether it was handed over to stand alone.
    pub fn stands_alone(&self) -> bool {
        lock(&self.brain).book().stands_alone
    }

    /// Somebody settles the open batch at its keypad; no till hears of it.
    pub fn close_batch(&self) {
        lock(&self.brain).close_batch();
    }

    /// Somebody sets it back at its keypad: it hears the till again.
    pub fn set_back(&self) {
        lock(&self.brain).book_mut().stands_alone = false;
    }

    /// What went over the cable so far.
    pub fn traffic(&self) -> Traffic {
        *lock(&self.traffic)
    }

    /// Waits for the next sale's end, as the terminal sees it, and when it began to say so; `None` when the terminal is
    /// gone.
    pub fn next_told(&self) -> Option<(Told, Timestamp)> {
        lock(&self.told).recv().ok()
    }

    /// Puts a pulled cable back now, whenever it would have been.
    pub fn plug_in(&self) {
        self.is_plugging.store(true, Ordering::Release);
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
    listener: Option<TcpListener>,
    cable: Option<Cable>,
    path: Arc<Mutex<String>>,
    brain: Arc<Mutex<Box<dyn Brain>>>,
    ticker: Ticker,
    clock: Arc<dyn Clock>,
    time_zone: TimeZone,
    tell: Sender<(Told, Timestamp)>,
    /// When the first byte of what was said last left.
    said_at: Timestamp,
    traffic: Arc<Mutex<Traffic>>,
    replug_at: Option<u64>,
    last_byte: u64,
    is_stopping: Arc<AtomicBool>,
    is_plugging: Arc<AtomicBool>,
}

/// What a clock on the wall shows, written as if that were UTC: terminals name no zone.
fn wall_time(now: Timestamp, time_zone: &TimeZone) -> Timestamp {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or_default();
    Timestamp::from_millis(now.as_millis() + i64::from(time_zone.to_offset(moment).seconds()) * 1_000)
}

impl FarEnd {
    fn plug_in(&mut self) -> io::Result<()> {
        if let Some(listener) = &self.listener {
            *lock(&self.path) = format!("tcp://{}", listener.local_addr()?);
            self.cable = Some(Cable::Socket(None));
            self.replug_at = None;
            return Ok(());
        }
        let (ours, tills) = TTYPort::pair()?;
        let path = tills.name().unwrap_or_default();
        if let Some(link) = &self.plug.link {
            replace_link(link, &path)?;
        }
        *lock(&self.path) = path;
        self.cable = Some(Cable::Pty { ours, _tills: tills });
        self.replug_at = None;
        Ok(())
    }

    fn pull(&mut self, replug_ms: Option<u64>) {
        // The link goes first: its number may soon belong to somebody else's cable.
        if let Some(link) = &self.plug.link {
            let _ = std::fs::remove_file(link);
        }
        self.cable = None;
        let now = self.ticker.now();
        lock(&self.brain).unplugged(now);
        self.replug_at = replug_ms.map(|ms| self.ticker.now() + ms);
    }

    fn run(mut self) {
        while !self.is_stopping.load(Ordering::Acquire) {
            let now = self.ticker.now();
            if self.is_plugging.swap(false, Ordering::AcqRel) && self.cable.is_none() {
                self.replug_at = Some(now);
            }
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
        let listener = self.listener.as_ref();
        let Some(cable) = &mut self.cable else {
            // Who calls while the cable is out is not answered.
            if let Some(Ok((caller, _))) = listener.map(TcpListener::accept) {
                drop(caller);
            }
            // Nothing to read from without a cable: an empty channel waits as well.
            let (_keep, nothing) = channel::<()>();
            let _ = nothing.recv_timeout(wait);
            self.ticker.waited(wait_ms);
            return;
        };
        match cable.read(&mut buffer, wait, listener) {
            Ok(Heard::Nobody) => {
                let (_keep, nothing) = channel::<()>();
                let _ = nothing.recv_timeout(wait);
                self.ticker.waited(wait_ms);
            }
            // A till that calls again has forgotten the last connection, and half a message on it is none on this one.
            Ok(Heard::Caller) => {
                let now = self.ticker.now();
                lock(&self.brain).unplugged(now);
            }
            // The till has hung up.
            Ok(Heard::Bytes(0)) => {
                self.cable = Some(Cable::Socket(None));
                let now = self.ticker.now();
                lock(&self.brain).unplugged(now);
            }
            Ok(Heard::Bytes(count)) => {
                for byte in &buffer[..count] {
                    if self.is_cut() {
                        return;
                    }
                    lock(&self.traffic).to_terminal += 1;
                    let now = self.ticker.now();
                    if now > self.last_byte + GAP_MS {
                        lock(&self.brain).gap();
                    }
                    self.last_byte = now;
                    let deeds = lock(&self.brain).hear(*byte, now, wall_time(self.clock.now(), &self.time_zone));
                    self.carry_out(deeds);
                    if self.cable.is_none() || self.is_cut() {
                        return;
                    }
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                self.ticker.waited(wait_ms);
            }
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
                Deed::Tell(told) => drop(self.tell.send((told, self.said_at))),
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let room = match self.plug.cut {
            Some(Cut::ToTill(at)) => at.saturating_sub(lock(&self.traffic).to_till),
            _ => usize::MAX,
        };
        let bytes = &bytes[..bytes.len().min(room)];
        if let Some(cable) = &mut self.cable {
            self.said_at = self.clock.now();
            // Counted first: who hears the last byte may ask at once how many there were.
            lock(&self.traffic).to_till += bytes.len();
            if let Err(error) = cable.write(bytes) {
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

/// What leads to the till.
enum Cable {
    /// Both ends: holding the till's end open as well keeps the pair alive while no till has opened it.
    Pty { ours: TTYPort, _tills: TTYPort },
    /// A connection, once a till has called.
    Socket(Option<TcpStream>),
}

/// What came of listening.
enum Heard {
    /// Nobody is there to speak.
    Nobody,
    /// Somebody new.
    Caller,
    /// So many bytes; none at all is the end of a connection.
    Bytes(usize),
}

impl Cable {
    fn read(&mut self, buffer: &mut [u8], wait: Duration, listener: Option<&TcpListener>) -> io::Result<Heard> {
        match self {
            Self::Pty { ours, .. } => {
                ours.set_timeout(wait)?;
                ours.read(buffer).map(Heard::Bytes)
            }
            Self::Socket(socket) => {
                if let Some(Ok((caller, _))) = listener.map(TcpListener::accept) {
                    caller.set_nonblocking(false)?;
                    caller.set_nodelay(true)?;
                    *socket = Some(caller);
                    return Ok(Heard::Caller);
                }
                let Some(stream) = socket else { return Ok(Heard::Nobody) };
                stream.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
                stream.read(buffer).map(Heard::Bytes)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Pty { ours, .. } => ours.write_all(bytes),
            Self::Socket(Some(stream)) => stream.write_all(bytes),
            Self::Socket(None) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_shows_the_time_of_the_place() {
        // 2026-11-22 02:30 UTC, and half past eleven of the evening before in Santiago.
        let now = Timestamp::from_millis(1_795_314_600_000);
        let santiago = TimeZone::get("America/Santiago").expect("a place");
        assert_eq!(crate::terminal::simulated::book::moment(wall_time(now, &santiago)), [2026, 11, 21, 23, 30, 0]);
        assert_eq!(crate::terminal::simulated::book::moment(wall_time(now, &TimeZone::UTC)), [2026, 11, 22, 2, 30, 0]);
    }
}
