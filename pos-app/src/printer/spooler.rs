//! One job after the other, each at most once: from the moment bytes may have left, a job that the printer does not
//! vouch for is in doubt, and only a person has it printed again, as a copy.
//!
//! A job is taken only when the printer is there and fit to print, so a missing printer costs the ledger nothing.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::document::Document;
use super::escpos::encode;
use super::layout::{Page, layout};
use super::logo;
use super::profile::{Profile, ProfileError};
use super::raster::Raster;
use super::status::{PRINTED, Status, Trouble, is_online, is_printed_answer, is_real_time_answer, real_time};
use super::transport::{Address, AddressError, Deadlines, Link, SendError};
use super::words::Language;
use crate::commands::types::{DeviceHealth, DeviceState, PaperDoubt};
use crate::config::{PrinterConfig, SensorLevel};

/// Where jobs wait. Rows in the till's ledger; told here, kept there.
pub trait PrintQueue: Send + Sync {
    /// How many wait. Asked often, so it should be cheap.
    fn pending(&self) -> u32;
    /// Takes the oldest job and marks it as being sent, durably: after a crash it is in doubt.
    fn next(&self) -> Option<PrintJob>;
    /// The printer has it all; when `is_confirmed`, it also said that it printed.
    fn done(&self, job_id: i64, is_confirmed: bool);
    /// Not a byte of it left; it waits again.
    fn not_sent(&self, job_id: i64, why: &str);
    /// Bytes left, and nobody knows what became of them. It must not come out again by itself.
    fn in_doubt(&self, job_id: i64, doubt: PaperDoubt);
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
    /// How many questions a printer may answer without printing before its job is in doubt.
    pub confirm_rounds: u32,
    /// How many questions in a row may stay unanswered before its job is in doubt, beside what a slow line needs.
    pub silent_rounds: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::default(),
            look_every: Duration::from_secs(5),
            back_off: [500, 1_000, 2_000, 4_000, 5_000].map(Duration::from_millis).to_vec(),
            confirm_rounds: 30,
            // A printer whose buffer is full hears a question only when there is room for it again.
            silent_rounds: 10,
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

/// One printer: where it is, and what it can do.
#[derive(Clone, Debug)]
struct Place {
    address: Address,
    profile: Profile,
    logo: Option<Raster>,
    has_drawer: bool,
    sensor_open_level: Option<SensorLevel>,
    is_simulated: bool,
}

impl Place {
    fn of(config: &PrinterConfig, is_spare: bool) -> Result<Self, SetupError> {
        let (address, qr) = Address::parse(&config.address)?;
        let profile = Profile::new(config.columns, &config.code_page, qr)?;
        Ok(Self {
            address,
            profile,
            logo: load_logo(config, profile),
            has_drawer: config.drawer.unwrap_or(!is_spare),
            sensor_open_level: config.sensor_open_level,
            is_simulated: config.simulated,
        })
    }

    fn health(&self) -> DeviceHealth {
        DeviceHealth {
            state: DeviceState::Unknown,
            address: Some(self.address.to_string()),
            is_simulated: self.is_simulated,
            pending: 0,
            detail: None,
        }
    }

    /// Whether the drawer stands open, if its sensor says so.
    fn is_drawer_open(&self, status: Status) -> Option<bool> {
        let level = self.sensor_open_level.filter(|_| self.has_drawer)?;
        status.is_drawer_line_high.map(|is_high| is_high == (level == SensorLevel::High))
    }
}

/// The picture at the head, or none: receipts come out without it.
fn load_logo(config: &PrinterConfig, profile: Profile) -> Option<Raster> {
    let path = config.logo.as_ref()?;
    logo::load(path, profile.columns.dots())
        .inspect_err(|error| tracing::warn!(logo = %path.display(), %error, "receipts are printed without their logo"))
        .ok()
}

/// What the spooler's owner asks of its thread.
enum Order {
    /// A job was queued, or another printer takes the queue.
    Wake,
    /// No more.
    Stop,
}

/// What the thread tells its owner.
#[derive(Clone, Debug)]
struct Told {
    health: DeviceHealth,
    is_drawer_open: Option<bool>,
}

/// Prints what waits, on its own thread.
pub struct Spooler {
    orders: Sender<Order>,
    told: Arc<Mutex<Told>>,
    uses_spare: Arc<AtomicBool>,
    queue: Arc<dyn PrintQueue>,
    thread: Option<JoinHandle<()>>,
}

impl Spooler {
    /// Starts it, at the spare when people said so. A configuration no printer fits is told by its health; jobs wait.
    pub fn spawn(config: &PrinterConfig, uses_spare: bool, queue: Arc<dyn PrintQueue>) -> Self {
        Self::spawn_at(config, uses_spare, queue, Pace::default())
    }

    /// Starts it with another patience.
    pub fn spawn_at(config: &PrinterConfig, uses_spare: bool, queue: Arc<dyn PrintQueue>, pace: Pace) -> Self {
        let (orders, received) = mpsc::channel();
        let uses_spare = Arc::new(AtomicBool::new(uses_spare));
        let main = Place::of(config, false);
        let spare = config.spare.as_deref().map(|spare| Place::of(spare, true)).transpose();
        let mut health = DeviceHealth {
            state: DeviceState::Unreachable,
            address: Some(config.address.clone()),
            is_simulated: config.simulated,
            pending: 0,
            detail: None,
        };
        let places = match (main, spare) {
            (Ok(main), Ok(spare)) => Some((main, spare)),
            (Err(error), _) | (_, Err(error)) => {
                health.detail = Some(error.to_string());
                None
            }
        };
        let told = Arc::new(Mutex::new(Told { health, is_drawer_open: None }));
        let thread = places.and_then(|(main, spare)| {
            let mut worker = Worker {
                place: main.clone(),
                main,
                spare,
                is_at_spare: false,
                uses_spare: Arc::clone(&uses_spare),
                pace,
                queue: Arc::clone(&queue),
                told: Arc::clone(&told),
                misses: 0,
                has_answered: false,
            };
            worker.arrive(worker.wants_spare());
            std::thread::Builder::new().name("printer".into()).spawn(move || worker.run(&received)).ok()
        });
        Self { orders, told, uses_spare, queue, thread }
    }

    /// A job was queued: look now.
    pub fn wake(&self) {
        // A stopped spooler prints nothing more; the job waits for the next start.
        let _ = self.orders.send(Order::Wake);
    }

    /// Has the spare take the queue, or the printer itself again. What one of them was printing meanwhile is in doubt.
    pub fn use_spare(&self, uses_spare: bool) {
        self.uses_spare.store(uses_spare, Ordering::Release);
        self.wake();
    }

    /// How the printer is that takes the queue, and how many jobs wait.
    pub fn health(&self) -> DeviceHealth {
        DeviceHealth { pending: self.queue.pending(), ..self.told().health }
    }

    /// Whether the drawer stands open; `None` where nobody can know.
    pub fn is_drawer_open(&self) -> Option<bool> {
        self.told().is_drawer_open
    }

    /// Stops after the exchange at hand.
    pub fn stop(mut self) {
        self.halt();
    }

    fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

/// Why nothing was printed this time, as far as anybody knows.
#[derive(Debug)]
enum Miss {
    /// Nobody there.
    NoAnswer(io::Error),
    /// There, and not fit to print.
    Trouble(Trouble),
    /// Bytes left, and nobody knows what became of them.
    Doubt(PaperDoubt),
}

impl Miss {
    fn words(&self) -> String {
        let (language, words) = (Language::EsCl, Language::EsCl.words());
        match self {
            Self::NoAnswer(error) => format!("{}: {error}", words.no_answer),
            Self::Trouble(trouble) => trouble.words(language).to_owned(),
            Self::Doubt(_) => words.unconfirmed.to_owned(),
        }
    }
}

/// The line broke with bytes on it.
fn broken<E>(_: E) -> Miss {
    Miss::Doubt(PaperDoubt::LineBroke)
}

struct Worker {
    place: Place,
    main: Place,
    spare: Option<Place>,
    is_at_spare: bool,
    uses_spare: Arc<AtomicBool>,
    pace: Pace,
    queue: Arc<dyn PrintQueue>,
    told: Arc<Mutex<Told>>,
    misses: usize,
    /// It answered once, so its silence means something.
    has_answered: bool,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            if self.is_at_spare != self.wants_spare() {
                self.arrive(!self.is_at_spare);
                self.queue.health_changed();
            }
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
                Err(Miss::Doubt(PaperDoubt::TillStopped)) => return,
                // Told to print elsewhere: the next job need not wait.
                Err(Miss::Doubt(PaperDoubt::PrinterChanged)) => continue,
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

    /// Where people want the queue to go; a spare that is not there any more is none.
    fn wants_spare(&self) -> bool {
        self.spare.is_some() && self.uses_spare.load(Ordering::Acquire)
    }

    /// Takes up with a printer of which nothing is known yet.
    fn arrive(&mut self, is_at_spare: bool) {
        let place = self.spare.as_ref().filter(|_| is_at_spare).unwrap_or(&self.main);
        self.place = place.clone();
        (self.is_at_spare, self.misses, self.has_answered) = (is_at_spare, 0, false);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Told { health: self.place.health(), is_drawer_open: None };
    }

    /// Asks an idle printer how it is.
    fn look(&mut self) -> Result<bool, Miss> {
        self.open().map(|_| false)
    }

    /// Opens the way, and finds the printer fit to print.
    fn open(&mut self) -> Result<(Link, bool), Miss> {
        let mut link = Link::open(&self.place.address, self.pace.deadlines).map_err(Miss::NoAnswer)?;
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
        self.set_drawer(self.place.is_drawer_open(status));
        if let Some(trouble) = status.trouble {
            return Err(Miss::Trouble(trouble));
        }
        self.set_fit(status.is_paper_low);
        Ok((link, answers[0].is_some()))
    }

    fn print_next(&mut self, orders: &Receiver<Order>) -> Result<bool, Miss> {
        let (mut link, does_answer) = self.open()?;
        let Some(job) = self.queue.next() else { return Ok(false) };
        let profile = self.place.profile;
        let page = Page::of(&profile, job.copy_no).with_logo(self.place.logo.as_ref());
        let lines = layout(&job.document, page);
        let bytes = encode(&lines, &profile, job.opens_drawer && self.place.has_drawer);
        let sent = link.send(&bytes);
        let result = match sent {
            Ok(()) if does_answer => self.confirm(&mut link, bytes.len(), orders),
            Ok(()) => link.finish().map_err(miss_of),
            Err(error) => Err(miss_of(error)),
        };
        match result {
            Ok(()) => {
                self.queue.done(job.job_id, does_answer);
                Ok(true)
            }
            Err(miss) => {
                match &miss {
                    Miss::Doubt(doubt) => self.queue.in_doubt(job.job_id, *doubt),
                    Miss::NoAnswer(_) | Miss::Trouble(_) => self.queue.not_sent(job.job_id, &miss.words()),
                }
                Err(miss)
            }
        }
    }

    /// Waits for word that all was printed. A printer that stops in the middle, for want of paper mostly, goes on by
    /// itself once it is seen to, so it is waited for as long as it answers.
    fn confirm(&mut self, link: &mut Link, bytes: usize, orders: &Receiver<Order>) -> Result<(), Miss> {
        link.send(&PRINTED).map_err(broken)?;
        let answer_ms = self.pace.deadlines.answer.as_millis().max(1);
        let slow = self.place.address.time_for(bytes).as_millis() / answer_ms;
        let silence = self.pace.silent_rounds.saturating_add(u32::try_from(slow).unwrap_or(u32::MAX));
        let (mut rounds, mut unanswered, mut was_in_trouble) = (0_u32, 0_u32, false);
        loop {
            match link.hear().map_err(broken)? {
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
                        link.send(&PRINTED).map_err(broken)?;
                    }
                    was_in_trouble = is_in_trouble;
                }
                Some(_) => {}
                None => {
                    if is_stopped(orders) {
                        return Err(Miss::Doubt(PaperDoubt::TillStopped));
                    }
                    if self.is_at_spare != self.wants_spare() {
                        return Err(Miss::Doubt(PaperDoubt::PrinterChanged));
                    }
                    rounds += u32::from(!was_in_trouble);
                    unanswered += 1;
                    if unanswered > silence || rounds > silence.max(self.pace.confirm_rounds) {
                        return Err(Miss::Doubt(PaperDoubt::NoWord));
                    }
                    link.send(&real_time(1)).map_err(broken)?;
                }
            }
        }
    }

    /// Finds out what stopped it, and tells.
    fn set_in_trouble(&self, link: &mut Link) -> Result<(), Miss> {
        let mut answers = [None; 4];
        for n in 2..=4_u8 {
            answers[usize::from(n) - 1] = ask(link, n).map_err(broken)?;
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
            Miss::NoAnswer(_) => {
                self.set_drawer(None);
                self.set_health(DeviceState::Unreachable, Some(miss.words()));
            }
            Miss::Trouble(_) | Miss::Doubt(_) => self.set_health(DeviceState::Attention, Some(miss.words())),
        }
    }

    fn set_drawer(&self, is_open: Option<bool>) {
        self.tell(|told| told.is_drawer_open = is_open, |before, now| before.is_drawer_open != now.is_drawer_open);
    }

    fn set_health(&self, state: DeviceState, detail: Option<String>) {
        self.tell(
            |told| (told.health.state, told.health.detail) = (state, detail),
            |before, now| before.health != now.health,
        );
    }

    fn tell(&self, change: impl FnOnce(&mut Told), is_news: impl FnOnce(&Told, &Told) -> bool) {
        let has_changed = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let before = told.clone();
            change(&mut told);
            is_news(&before, &told)
        };
        if has_changed {
            self.queue.health_changed();
        }
    }
}

/// What bytes that did not all leave mean for the job.
fn miss_of(error: SendError) -> Miss {
    if error.has_sent_some { broken(error) } else { Miss::NoAnswer(error.source) }
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
