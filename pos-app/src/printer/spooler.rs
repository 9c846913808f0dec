//! One job after the other, each at most once unmarked: from the moment bytes may have left, a second try is a copy.
//!
//! A job is taken only when the printer is there and fit to print, so a missing printer costs the ledger nothing.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::document::Document;
use super::escpos::encode;
use super::layout::{Page, layout};
use super::profile::{Profile, ProfileError};
use super::status::{PRINTED, Status, Trouble, is_online, is_printed_answer, is_real_time_answer, real_time};
use super::transport::{Address, AddressError, Deadlines, Link};
use super::words::Language;
use crate::commands::types::{DeviceHealth, DeviceState};
use crate::config::PrinterConfig;

/// Where jobs wait. Rows in the till's ledger; told here, kept there.
pub trait PrintQueue: Send + Sync {
    /// How many wait. Asked often, so it should be cheap.
    fn pending(&self) -> u32;
    /// Takes the oldest job and marks it as being sent, durably: after a crash it comes again as a copy.
    fn next(&self) -> Option<PrintJob>;
    /// It came out.
    fn sent(&self, job_id: i64);
    /// It did not come out this time; it waits again. When `may_have_printed`, bytes left for the printer and nobody
    /// knows what became of them: next time it must be a copy.
    fn failed(&self, job_id: i64, why: &str, may_have_printed: bool);
    /// The printer's health changed, so the status bar should look again.
    fn health_changed(&self) {}
}

/// One document to print once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintJob {
    /// The row.
    pub job_id: i64,
    /// What.
    pub document: Document,
    /// 0 is the original; from 1 on the paper says COPIA n.
    pub copy_no: u32,
    /// Opens the drawer before it prints.
    pub opens_drawer: bool,
}

/// How patient the spooler is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// For one exchange with the printer.
    pub deadlines: Deadlines,
    /// How often to look at a printer with nothing to do.
    pub look_every: Duration,
    /// How long to wait after one failure, two, and so on; the last holds from there on.
    pub back_off: Vec<Duration>,
    /// How many unanswered questions to wait for word that a job is printed.
    pub confirm_rounds: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::default(),
            look_every: Duration::from_secs(5),
            back_off: [500, 1_000, 2_000, 4_000, 5_000].map(Duration::from_millis).to_vec(),
            confirm_rounds: 30,
        }
    }
}

/// A `[printer]` section that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Its columns or letters.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// Where the printer is and what it can do.
fn set_up(config: &PrinterConfig) -> Result<(Address, Profile), SetupError> {
    let (address, qr) = Address::parse(&config.address)?;
    Ok((address, Profile::new(config.columns, &config.code_page, qr)?))
}

/// What the spooler's owner asks of its thread.
enum Order {
    /// A job was queued.
    Wake,
    /// No more.
    Stop,
}

/// Prints what waits, on its own thread.
pub struct Spooler {
    orders: Sender<Order>,
    health: Arc<Mutex<DeviceHealth>>,
    queue: Arc<dyn PrintQueue>,
    thread: Option<JoinHandle<()>>,
}

impl Spooler {
    /// Starts it. A configuration no printer fits is told by its health; jobs wait.
    pub fn spawn(config: &PrinterConfig, queue: Arc<dyn PrintQueue>) -> Self {
        Self::spawn_at(config, queue, Pace::default())
    }

    /// Starts it with another patience.
    pub fn spawn_at(config: &PrinterConfig, queue: Arc<dyn PrintQueue>, pace: Pace) -> Self {
        let (orders, received) = mpsc::channel();
        let mut health = DeviceHealth {
            state: DeviceState::Unknown,
            address: Some(config.address.clone()),
            is_simulated: config.simulated,
            pending: 0,
            detail: None,
        };
        let setup = set_up(config);
        match &setup {
            Ok((address, _)) => health.address = Some(address.to_string()),
            Err(error) => (health.state, health.detail) = (DeviceState::Unreachable, Some(error.to_string())),
        }
        let health = Arc::new(Mutex::new(health));
        let thread = setup.ok().and_then(|(address, profile)| {
            let health = Arc::clone(&health);
            let worker =
                Worker { address, profile, pace, queue: Arc::clone(&queue), health, misses: 0, has_answered: false };
            std::thread::Builder::new().name("printer".into()).spawn(move || worker.run(&received)).ok()
        });
        Self { orders, health, queue, thread }
    }

    /// A job was queued: look now.
    pub fn wake(&self) {
        // A stopped spooler prints nothing more; the job waits for the next start.
        let _ = self.orders.send(Order::Wake);
    }

    /// How the printer is, and how many jobs wait.
    pub fn health(&self) -> DeviceHealth {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
        DeviceHealth { pending: self.queue.pending(), ..health }
    }

    /// Stops after the exchange at hand.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Spooler {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Why nothing was printed this time.
#[derive(Debug)]
enum Miss {
    /// Nobody there.
    NoAnswer(io::Error),
    /// There, and not fit to print.
    Trouble(Trouble),
    /// Bytes left, and nobody knows what became of them.
    Doubt(Option<io::Error>),
    /// Told to stop while it was printing.
    Stopped,
}

impl Miss {
    fn words(&self) -> String {
        let (language, words) = (Language::EsCl, Language::EsCl.words());
        match self {
            Self::NoAnswer(error) => format!("{}: {error}", words.no_answer),
            Self::Trouble(trouble) => trouble.words(language).to_owned(),
            Self::Doubt(Some(error)) => format!("{}: {error}", words.unconfirmed),
            Self::Doubt(None) | Self::Stopped => words.unconfirmed.to_owned(),
        }
    }
}

struct Worker {
    address: Address,
    profile: Profile,
    pace: Pace,
    queue: Arc<dyn PrintQueue>,
    health: Arc<Mutex<DeviceHealth>>,
    misses: usize,
    /// It answered once, so its silence means something.
    has_answered: bool,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let result = if self.queue.pending() > 0 { self.print_next(orders) } else { self.look() };
            match result {
                Ok(has_printed) => {
                    self.misses = 0;
                    if has_printed {
                        if is_stopped(orders) {
                            return;
                        }
                        continue;
                    }
                }
                Err(Miss::Stopped) => return,
                Err(miss) => self.note(&miss),
            }
            let wait = match self.misses.checked_sub(1) {
                None => self.pace.look_every,
                Some(before) => {
                    *self.pace.back_off.get(before).or(self.pace.back_off.last()).unwrap_or(&Duration::ZERO)
                }
            };
            match orders.recv_timeout(wait) {
                Ok(Order::Wake) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Asks an idle printer how it is.
    fn look(&mut self) -> Result<bool, Miss> {
        self.open().map(|_| false)
    }

    /// Opens the way, and finds the printer fit to print.
    fn open(&mut self) -> Result<(Link, bool), Miss> {
        let mut link = Link::open(&self.address, self.pace.deadlines).map_err(Miss::NoAnswer)?;
        let mut answers = [None; 4];
        for n in 1..=4_u8 {
            answers[usize::from(n) - 1] = ask(&mut link, n)?;
            if answers[0].is_none() {
                break;
            }
        }
        if answers[0].is_none() && self.has_answered {
            return Err(Miss::NoAnswer(io::ErrorKind::TimedOut.into()));
        }
        self.has_answered |= answers[0].is_some();
        let status = Status::of(answers);
        if let Some(trouble) = status.trouble {
            return Err(Miss::Trouble(trouble));
        }
        self.set_fit(status.is_paper_low);
        Ok((link, answers[0].is_some()))
    }

    fn print_next(&mut self, orders: &Receiver<Order>) -> Result<bool, Miss> {
        let (mut link, does_answer) = self.open()?;
        let Some(job) = self.queue.next() else { return Ok(false) };
        let lines = layout(&job.document, Page::of(&self.profile, job.copy_no));
        let bytes = encode(&lines, &self.profile, job.opens_drawer);
        let result = match link.send(&bytes) {
            Err(error) if error.has_sent_some => Err(Miss::Doubt(Some(error.source))),
            Err(error) => Err(Miss::NoAnswer(error.source)),
            Ok(()) if does_answer => self.confirm(&mut link, orders),
            Ok(()) => link.finish().map_err(|error| Miss::Doubt(Some(error))),
        };
        match result {
            Ok(()) => {
                self.queue.sent(job.job_id);
                Ok(true)
            }
            Err(miss) => {
                let may_have_printed = !matches!(miss, Miss::NoAnswer(_));
                self.queue.failed(job.job_id, &miss.words(), may_have_printed);
                Err(miss)
            }
        }
    }

    /// Waits for word that all was printed. A printer that stops in the middle, for want of paper mostly, goes on by
    /// itself once it is seen to, so it is waited for as long as it answers.
    fn confirm(&mut self, link: &mut Link, orders: &Receiver<Order>) -> Result<(), Miss> {
        let lost = |error| Miss::Doubt(Some(error));
        link.send(&PRINTED).map_err(|error| lost(error.source))?;
        let (mut rounds, mut unanswered, mut was_in_trouble) = (0, 0, false);
        loop {
            match link.hear().map_err(lost)? {
                Some(byte) if is_printed_answer(byte) => return Ok(()),
                Some(byte) if is_real_time_answer(byte) => {
                    unanswered = 0;
                    let is_in_trouble = !is_online(byte);
                    if is_in_trouble && !was_in_trouble {
                        self.set_in_trouble(link)?;
                    } else if was_in_trouble && !is_in_trouble {
                        self.set_fit(false);
                        rounds = 0;
                        // Some printers forget the question while they cannot print.
                        link.send(&PRINTED).map_err(|error| lost(error.source))?;
                    }
                    was_in_trouble = is_in_trouble;
                }
                Some(_) => {}
                None => {
                    if is_stopped(orders) {
                        return Err(Miss::Stopped);
                    }
                    rounds += u32::from(!was_in_trouble);
                    unanswered += 1;
                    if unanswered > 2 || rounds > self.pace.confirm_rounds {
                        return Err(Miss::Doubt(None));
                    }
                    link.send(&real_time(1)).map_err(|error| lost(error.source))?;
                }
            }
        }
    }

    /// Finds out what stopped it, and tells.
    fn set_in_trouble(&self, link: &mut Link) -> Result<(), Miss> {
        let mut answers = [None; 4];
        for n in 2..=4_u8 {
            answers[usize::from(n) - 1] = ask(link, n).map_err(|_| Miss::Doubt(None))?;
        }
        let trouble = Status::of(answers).trouble.unwrap_or(Trouble::Offline);
        self.set_health(DeviceState::Attention, Some(trouble.words(Language::EsCl).to_owned()));
        Ok(())
    }

    fn set_fit(&self, is_paper_low: bool) {
        let words = Language::EsCl.words();
        if is_paper_low {
            self.set_health(DeviceState::Attention, Some(words.paper_low.to_owned()));
        } else {
            self.set_health(DeviceState::Ready, None);
        }
    }

    /// Counts a failure. One alone may be another till at the same printer; two are news.
    fn note(&mut self, miss: &Miss) {
        self.misses += 1;
        match miss {
            Miss::NoAnswer(_) if self.misses < 2 => {}
            Miss::NoAnswer(_) => self.set_health(DeviceState::Unreachable, Some(miss.words())),
            Miss::Trouble(_) | Miss::Doubt(_) | Miss::Stopped => {
                self.set_health(DeviceState::Attention, Some(miss.words()));
            }
        }
    }

    fn set_health(&self, state: DeviceState, detail: Option<String>) {
        let has_changed = {
            let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            let has_changed = (health.state, &health.detail) != (state, &detail);
            (health.state, health.detail) = (state, detail);
            has_changed
        };
        if has_changed {
            self.queue.health_changed();
        }
    }
}

/// Asks `DLE EOT n`. Anything else the printer says meanwhile is not the answer.
fn ask(link: &mut Link, n: u8) -> Result<Option<u8>, Miss> {
    /// A printer that pushes its status by itself says four bytes at a time.
    const STRAY_BYTES: u8 = 16;
    if !link.carries_answers() {
        return Ok(None);
    }
    link.send(&real_time(n)).map_err(|error| Miss::NoAnswer(error.source))?;
    for _ in 0..STRAY_BYTES {
        match link.hear().map_err(Miss::NoAnswer)? {
            Some(byte) if is_real_time_answer(byte) => return Ok(Some(byte)),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Takes what was ordered meanwhile; wakes mean nothing to one that is awake.
fn is_stopped(orders: &Receiver<Order>) -> bool {
    loop {
        match orders.try_recv() {
            Ok(Order::Wake) => {}
            Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return true,
            Err(TryRecvError::Empty) => return false,
        }
    }
}
