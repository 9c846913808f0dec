//! The thread that owns the port. It takes sales in order, and while one is in doubt it does nothing but settle that
//! doubt: the terminal is locked, and the till is not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::ids::PaymentId;
use shared::tender::{CardPayment, CardState, NotStartedReason, TerminalBatch, TerminalReport};
use shared::time::Clock;

use super::conversation::{Conversation, Surroundings, lock};
use super::getnet::Getnet;
use super::port::{self, Line, Serial};
use super::service::{self, Service, ServiceName};
use super::ticker::Ticker;
use super::timing::Timing;
use super::transbank::Transbank;
use super::transcript::{Said, Transcript};
use super::zvt::message::Account;
use super::zvt::{Zvt, apdu, serial};
use super::{CardTerminal, Ending, Journal, JournalError, TerminalError};
use crate::commands::types::{DeviceHealth, DeviceState};
use crate::config::TerminalConfig;

/// Why it does not answer, once it was handed over.
const STANDS_ALONE: &str = "it stands alone until somebody sets it back at its keypad";

/// Drives one card terminal.
pub struct TerminalWorker {
    commands: Sender<Command>,
    common: Arc<Common>,
    thread: Option<JoinHandle<()>>,
}

enum Command {
    Start(CardPayment),
    Enquire(CardPayment),
    Void(CardPayment),
    GiveBack(CardPayment),
    ReadBatch(Sender<Result<TerminalBatch, TerminalError>>),
    CloseBatch(Sender<Result<(), TerminalError>>),
    Serve(Service, Sender<Result<Vec<String>, TerminalError>>),
    Forget(PaymentId),
    Stop,
}

/// What both sides of the channel see.
struct Common {
    is_stopping: Arc<AtomicBool>,
    transcript: Arc<Mutex<Transcript>>,
    health: Mutex<DeviceHealth>,
    /// Payments that can still be cancelled: asked for, and not a byte on the wire. `true`: cancelled.
    unsent: Mutex<Vec<(PaymentId, bool)>>,
    /// The payment on the wire that somebody would like to end.
    cancel_wanted: Arc<Mutex<Option<PaymentId>>>,
    paper: Arc<Mutex<VecDeque<String>>>,
}

impl TerminalWorker {
    /// Starts the thread. Never fails: a port that cannot be opened is the terminal's health.
    pub fn spawn(config: &TerminalConfig, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        Self::spawn_with(config, Timing::default(), journal, clock)
    }

    /// The same with other patience.
    pub fn spawn_with(
        config: &TerminalConfig,
        timing: Timing,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (address, baud) = (config.port.clone(), config.baud());
        let serial = Serial { baud, has_two_stop_bits: config.protocol == "zvt" };
        Self::spawn_on(config, timing, journal, clock, move || port::open(&address, serial))
    }

    /// The same on lines that `open` opens.
    pub fn spawn_on(
        config: &TerminalConfig,
        timing: Timing,
        journal: Arc<dyn Journal>,
        clock: Arc<dyn Clock>,
        open: impl Fn() -> Result<Box<dyn Line>, TerminalError> + Send + 'static,
    ) -> Self {
        let (commands, inbox) = channel();
        let health = DeviceHealth {
            // Without a cable there is nothing that could be wrong with it.
            state: if config.is_manual() { DeviceState::Ready } else { DeviceState::Unknown },
            address: (!config.is_manual()).then(|| {
                let is_network = config.port.starts_with("tcp://");
                if is_network { config.port.clone() } else { format!("serial {}", config.port) }
            }),
            is_simulated: config.simulated,
            pending: 0,
            detail: None,
        };
        let common = Arc::new(Common {
            is_stopping: Arc::default(),
            transcript: Arc::default(),
            health: Mutex::new(health),
            unsent: Mutex::default(),
            cancel_wanted: Arc::default(),
            paper: Arc::default(),
        });
        let worker = Worker {
            config: config.clone(),
            open: Box::new(open),
            inbox,
            journal,
            ticker: Ticker::new(clock.clone()),
            clock,
            terminal: None,
            doubts: VecDeque::new(),
            next_look: if config.is_manual() { u64::MAX } else { 0 },
            next_poll: 0,
            reconnect_ms: timing.reconnect_min_ms,
            timing,
            stands_alone: false,
            common: common.clone(),
        };
        let thread = std::thread::Builder::new().name("terminal".into()).spawn(move || worker.run());
        let thread = thread.expect("the system starts a thread when the till starts");
        Self { commands, common, thread: Some(thread) }
    }

    /// Asks the terminal for a payment that the journal holds by now.
    pub fn start(&self, payment: CardPayment) {
        lock(&self.common.unsent).push((payment.payment_id, false));
        // The thread only ends by our own stop.
        let _ = self.commands.send(Command::Start(payment));
    }

    /// Finds out what became of a payment in doubt, and keeps at it.
    pub fn enquire(&self, payment: CardPayment) {
        let _ = self.commands.send(Command::Enquire(payment));
    }

    /// Undoes an approved payment that the journal holds. What came of it is reported: `Voided`, or `VoidRefused` with the
    /// terminal's code or a word of ours: `locked`, `unreachable`, `not_in_batch`, `request_refused`, `not_stored`.
    pub fn void(&self, payment: CardPayment) {
        let _ = self.commands.send(Command::Void(payment));
    }

    /// The same for one whose batch is closed by now, where the terminal can; otherwise `unsupported`.
    pub fn give_back(&self, payment: CardPayment) {
        let _ = self.commands.send(Command::GiveBack(payment));
    }

    /// Reads totals and list of the open batch. A doubt does not hinder it, but is not in it for certain.
    pub fn read_batch(&self, reply: Sender<Result<TerminalBatch, TerminalError>>) {
        let _ = self.commands.send(Command::ReadBatch(reply));
    }

    /// Closes the batch. [`TerminalError::InDoubt`] while any payment is in doubt: the batch is what will settle it.
    pub fn close_batch(&self, reply: Sender<Result<(), TerminalError>>) {
        let _ = self.commands.send(Command::CloseBatch(reply));
    }

    /// Has the terminal do something besides payments, once. The answer is what it sent to be printed meanwhile, line by
    /// line; most have paper of their own. [`TerminalError::InDoubt`] while any payment is in doubt.
    pub fn serve(&self, service: Service, reply: Sender<Result<Vec<String>, TerminalError>>) {
        let _ = self.commands.send(Command::Serve(service, reply));
    }

    /// Stops asking about a payment a person has settled, which unlocks the terminal.
    pub fn forget(&self, id: PaymentId) {
        let _ = self.commands.send(Command::Forget(id));
    }

    /// True when nothing of the request was sent yet, and now nothing will be. Otherwise the terminal is asked to call the
    /// customer off where its protocol knows how, and its end of the sale counts as ever.
    pub fn cancel(&self, id: PaymentId) -> bool {
        let mut unsent = lock(&self.common.unsent);
        let entry = unsent.iter_mut().find(|(unsent, _)| *unsent == id);
        let is_cancelled = entry.map(|(_, is_cancelled)| *is_cancelled = true).is_some();
        if !is_cancelled {
            *lock(&self.common.cancel_wanted) = Some(id);
        }
        is_cancelled
    }

    /// How the terminal is.
    pub fn health(&self) -> DeviceHealth {
        lock(&self.common.health).clone()
    }

    /// The latest talk on the line, card numbers masked.
    pub fn transcript(&self) -> Vec<Said> {
        lock(&self.common.transcript).lines()
    }

    /// Ends the thread. A sale under way is left as a doubt.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for TerminalWorker {
    fn drop(&mut self) {
        self.common.is_stopping.store(true, Ordering::Release);
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One way for a driver to give a payment back.
type Undo = fn(&mut (dyn CardTerminal + 'static), &CardPayment, &dyn Journal) -> Result<Ending, TerminalError>;

/// A payment that may have been charged.
struct Doubt {
    payment: CardPayment,
    /// When the customer cannot still be at the terminal.
    over_at: u64,
    /// When to ask next; `None` when the terminal has answered what only a person can judge.
    next_try: Option<u64>,
    delay_ms: u64,
}

struct Worker {
    config: TerminalConfig,
    open: Box<dyn Fn() -> Result<Box<dyn Line>, TerminalError> + Send>,
    inbox: Receiver<Command>,
    journal: Arc<dyn Journal>,
    ticker: Ticker,
    clock: Arc<dyn Clock>,
    terminal: Option<Box<dyn CardTerminal>>,
    doubts: VecDeque<Doubt>,
    next_look: u64,
    next_poll: u64,
    reconnect_ms: u64,
    timing: Timing,
    /// A person had it handed over, and it was not heard since.
    stands_alone: bool,
    common: Arc<Common>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let now = self.ticker.now();
            let wait = self.next_due().saturating_sub(now);
            match self.inbox.recv_timeout(Duration::from_millis(wait)) {
                Ok(Command::Start(payment)) => self.start(&payment),
                Ok(Command::Enquire(payment)) => {
                    if matches!(payment.state, CardState::InProgress { .. }) {
                        self.report(payment.payment_id, TerminalReport::NoAnswer);
                    }
                    self.doubt(payment);
                }
                Ok(Command::Void(payment)) => self.void(&payment, CardTerminal::void),
                Ok(Command::GiveBack(payment)) => self.void(&payment, CardTerminal::give_back),
                // Who asked may have gone.
                Ok(Command::ReadBatch(reply)) => drop(reply.send(self.read_batch())),
                Ok(Command::CloseBatch(reply)) => drop(reply.send(self.close_batch())),
                Ok(Command::Serve(service, reply)) => drop(reply.send(self.serve(service))),
                Ok(Command::Forget(id)) => {
                    self.doubts.retain(|doubt| doubt.payment.payment_id != id);
                    self.reached();
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return self.hand_paper_over(),
                Err(RecvTimeoutError::Timeout) => {
                    self.ticker.waited(wait);
                    self.look_around();
                }
            }
            self.hand_paper_over();
            if self.common.is_stopping.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// What was printed meanwhile goes to the till's paper. What cannot be kept waits for the next time.
    fn hand_paper_over(&self) {
        let lines: Vec<String> = lock(&self.common.paper).iter().cloned().collect();
        if lines.is_empty() {
            return;
        }
        match self.journal.print(&lines) {
            // Only this thread puts any there.
            Ok(()) => lock(&self.common.paper).clear(),
            Err(error) => tracing::error!(%error, "what the terminal wants printed could not be kept"),
        }
    }

    fn next_due(&self) -> u64 {
        let tries = self.doubts.iter().filter_map(|doubt| doubt.next_try);
        tries.min().unwrap_or(u64::MAX).min(self.next_look)
    }

    fn look_around(&mut self) {
        let now = self.ticker.now();
        if let Some(index) = self.doubts.iter().position(|doubt| doubt.next_try.is_some_and(|at| at <= now)) {
            return self.recover(index);
        }
        if now < self.next_look {
            return;
        }
        let journal = self.journal.clone();
        let doubt = self.doubts.front().map(|doubt| doubt.payment.clone());
        let is_poll_due = now >= self.next_poll && doubt.is_none();
        let seen = match &mut self.terminal {
            // An end that comes late settles the doubt without asking.
            Some(terminal) if !is_poll_due => terminal.attend(doubt.as_ref(), &*journal),
            _ => self.open().and_then(|terminal| terminal.poll()).map(|()| Ending::Answered),
        };
        match seen {
            Ok(Ending::Answered) => self.reached(),
            Ok(Ending::Approved | Ending::Declined | Ending::Voided | Ending::VoidRefused) => {
                self.doubts.pop_front();
                self.reached();
            }
            Ok(_) => self.next_look = self.ticker.now() + self.timing.attend_ms,
            Err(error) => self.lost(&error),
        }
    }

    /// The terminal, on a port opened now if need be.
    fn open(&mut self) -> Result<&mut Box<dyn CardTerminal>, TerminalError> {
        let terminal = match self.terminal.take() {
            Some(terminal) => terminal,
            None => self.connect()?,
        };
        Ok(self.terminal.insert(terminal))
    }

    fn connect(&self) -> Result<Box<dyn CardTerminal>, TerminalError> {
        let TerminalConfig { protocol, port, .. } = &self.config;
        let is_framed_zvt = protocol == "zvt" && !port.starts_with("tcp://");
        let line = (self.open)()?;
        let around = Surroundings {
            timing: self.timing.clone(),
            ticker: self.ticker.clone(),
            transcript: self.common.transcript.clone(),
            is_stopping: self.common.is_stopping.clone(),
            cancel_wanted: self.common.cancel_wanted.clone(),
            paper: self.common.paper.clone(),
        };
        let port = port.clone();
        let account = Account { password: self.config.password, currency: self.config.currency };
        match protocol.as_str() {
            "transbank" => {
                let line = Conversation::new(line, port, around);
                Ok(Box::new(Transbank::new(line, self.config.commerce.clone())))
            }
            "zvt" if is_framed_zvt => {
                let line: Conversation<serial::Receiver> = Conversation::new(line, port, around);
                Ok(Box::new(Zvt::new(line, account)))
            }
            "zvt" => {
                let line: Conversation<apdu::Reader> = Conversation::new(line, port, around);
                Ok(Box::new(Zvt::new(line, account)))
            }
            "getnet" => Ok(Box::new(Getnet::new(Conversation::new(line, port, around), self.clock.clone()))),
            other => Err(TerminalError::UnknownProtocol(other.to_owned())),
        }
    }

    fn start(&mut self, payment: &CardPayment) {
        let id = payment.payment_id;
        let common = self.common.clone();
        let claim = move || claim(&common, id);
        let why_not = |reason| if claim() { reason } else { NotStartedReason::Cancelled };
        if !self.doubts.is_empty() {
            tracing::warn!(payment_id = %id, "not started: another payment is in doubt");
            self.report(id, TerminalReport::NotStarted { reason: why_not(NotStartedReason::Refused) });
            return self.forget_claim(id);
        }
        if self.config.is_manual() {
            self.report(id, TerminalReport::NotStarted { reason: why_not(NotStartedReason::Refused) });
            return self.forget_claim(id);
        }
        if !matches!(payment.state, CardState::Created | CardState::Ready) {
            tracing::error!(payment_id = %id, "asked for before: never twice");
            self.forget_claim(id);
            return self.doubt(payment.clone());
        }
        let journal = Remembering::new(self.journal.clone(), payment);
        let ended = self.on_a_line_that_works(|terminal| terminal.sale(payment, &claim, &journal));
        let known = journal.latest();
        match ended {
            Ok(Ending::NoAnswer | Ending::NotStoredYet | Ending::Mismatch) => self.doubt(known),
            Ok(Ending::NotStarted) => self.next_look = self.ticker.now(),
            Ok(Ending::Approved | Ending::Declined | Ending::Answered | Ending::Voided | Ending::VoidRefused) => {
                self.reached();
            }
            Err(TerminalError::Journal(error)) => {
                tracing::error!(payment_id = %id, error = &error as &dyn std::error::Error, "unjournalled, so in doubt");
                self.doubt(known);
            }
            Err(error) => {
                // Health first: who reads that nothing was started finds there why.
                self.lost(&error);
                let reason = why_not(NotStartedReason::Unreachable);
                self.report(id, TerminalReport::NotStarted { reason });
            }
        }
        self.forget_claim(id);
    }

    /// Does a job whose `Err` says that not a byte of a request has left. The port may have been opened a while ago and
    /// the cable have been out since: then a fresh one is tried.
    fn on_a_line_that_works<T>(
        &mut self,
        job: impl Fn(&mut (dyn CardTerminal + 'static)) -> Result<T, TerminalError>,
    ) -> Result<T, TerminalError> {
        let done = self.open().and_then(|terminal| job(&mut **terminal));
        if matches!(done, Err(TerminalError::Port { .. })) && self.terminal.is_some() {
            self.terminal = None;
            return self.open().and_then(|terminal| job(&mut **terminal));
        }
        done
    }

    fn void(&mut self, payment: &CardPayment, undo: Undo) {
        let id = payment.payment_id;
        if self.doubts.iter().any(|doubt| doubt.payment.payment_id == id) {
            return self.doubt(payment.clone());
        }
        let refused = |code: &str| TerminalReport::VoidRefused { code: code.to_owned() };
        let Some(approval) = payment.state.approval().cloned().filter(|_| self.doubts.is_empty()) else {
            return self.report(id, refused("locked"));
        };
        let journal = Remembering::new(self.journal.clone(), payment);
        let ended = self.on_a_line_that_works(|terminal| undo(terminal, payment, &journal));
        let known = journal.latest();
        let in_doubt = match known.state {
            CardState::Voiding { .. } => known,
            _ => CardPayment { state: CardState::Voiding { approval, before: None }, ..payment.clone() },
        };
        match ended {
            Ok(Ending::NoAnswer | Ending::NotStoredYet | Ending::Mismatch) => self.doubt(in_doubt),
            Ok(_) => self.reached(),
            Err(TerminalError::Journal(error)) => {
                tracing::error!(payment_id = %id, error = &error as &dyn std::error::Error, "unjournalled, so in doubt");
                self.doubt(in_doubt);
            }
            Err(error) => {
                self.failed(&error);
                let code = if matches!(error, TerminalError::Unsupported(_)) { "unsupported" } else { "unreachable" };
                self.report(id, refused(code));
            }
        }
    }

    fn read_batch(&mut self) -> Result<TerminalBatch, TerminalError> {
        let read = self.on_a_line_that_works(CardTerminal::batch);
        self.judged(read)
    }

    fn close_batch(&mut self) -> Result<(), TerminalError> {
        if !self.doubts.is_empty() {
            return Err(TerminalError::InDoubt);
        }
        // The line is proved first, because the close itself is never asked twice.
        let closed = self.on_a_line_that_works(CardTerminal::poll);
        let closed = closed.and_then(|()| self.open()?.close());
        self.judged(closed)
    }

    fn serve(&mut self, service: Service) -> Result<Vec<String>, TerminalError> {
        if !self.doubts.is_empty() {
            return Err(TerminalError::InDoubt);
        }
        if !service::offered(&self.config).contains(&service.name()) {
            return Err(TerminalError::Unsupported("do that"));
        }
        let before = lock(&self.common.paper).len();
        let served = self.on_a_line_that_works(CardTerminal::poll);
        let served = served.and_then(|()| self.open()?.service(service));
        let printed = lock(&self.common.paper).iter().skip(before).cloned().collect();
        let may_stand_alone = matches!(served, Ok(()) | Err(TerminalError::Unclear));
        let served = self.judged(served).map(|()| printed);
        if service.name() == ServiceName::StandAlone && may_stand_alone {
            self.stands_alone = true;
            self.tell(DeviceState::Attention, Some(STANDS_ALONE.to_owned()));
        }
        served
    }

    fn judged<T>(&mut self, done: Result<T, TerminalError>) -> Result<T, TerminalError> {
        match &done {
            Ok(_) => self.reached(),
            Err(error) => self.failed(error),
        }
        done
    }

    /// A terminal that answers no is there all the same.
    fn failed(&mut self, error: &TerminalError) {
        match error {
            TerminalError::Refused(_)
            | TerminalError::Denied { .. }
            | TerminalError::Garbled
            | TerminalError::Unclear
            | TerminalError::Unsupported(_) => self.reached(),
            error => self.lost(error),
        }
    }

    /// It is over, and a cancellation it may have had is spent.
    fn forget_claim(&self, id: PaymentId) {
        lock(&self.common.unsent).retain(|(unsent, _)| *unsent != id);
    }

    /// Takes up a doubt, or asks at once about one taken up before.
    fn doubt(&mut self, payment: CardPayment) {
        let now = self.ticker.now();
        let known = self.doubts.iter_mut().find(|doubt| doubt.payment.payment_id == payment.payment_id);
        if let Some(doubt) = known {
            (doubt.next_try, doubt.delay_ms) = (Some(now), self.timing.recover_min_ms);
            return;
        }
        let over_at = now + self.timing.over_ms;
        let delay_ms = self.timing.recover_min_ms;
        self.doubts.push_back(Doubt { payment, over_at, next_try: Some(now), delay_ms });
        self.tell(DeviceState::Attention, Some("a payment is in doubt".to_owned()));
    }

    /// One round of asking about a doubt.
    fn recover(&mut self, index: usize) {
        let now = self.ticker.now();
        let (payment, over_at) = (self.doubts[index].payment.clone(), self.doubts[index].over_at);
        let journal = self.journal.clone();
        let is_over = now >= over_at;
        let answer = self.open().and_then(|terminal| terminal.enquire(&payment, is_over, &*journal));
        let now = self.ticker.now();
        let doubt = &mut self.doubts[index];
        let later = now + doubt.delay_ms;
        match answer {
            Ok(Ending::Approved | Ending::Declined | Ending::NotStarted | Ending::Voided | Ending::VoidRefused) => {
                tracing::info!(payment_id = %payment.payment_id, "doubt settled");
                self.doubts.remove(index);
                return self.reached();
            }
            Ok(Ending::Mismatch) => {
                tracing::error!(payment_id = %payment.payment_id, "the terminal's memory does not fit: a person has to look");
                doubt.next_try = None;
                return self.tell(DeviceState::Attention, Some("a payment needs a person".to_owned()));
            }
            // Asking prints a voucher each time, so the second time is the last.
            Ok(Ending::NotStoredYet) => {
                doubt.next_try = Some(over_at.max(now));
                self.tell(
                    DeviceState::Attention,
                    Some("a payment in doubt is not in the terminal's memory yet".to_owned()),
                );
            }
            Ok(Ending::NoAnswer | Ending::Answered) => {
                doubt.next_try = Some(later);
                self.tell(DeviceState::Attention, Some("a payment is in doubt".to_owned()));
            }
            Err(ref error) => {
                doubt.next_try = Some(later);
                self.lost(error);
            }
        }
        let doubt = &mut self.doubts[index];
        doubt.delay_ms = (doubt.delay_ms * 2).min(self.timing.recover_max_ms);
    }

    fn report(&self, id: PaymentId, report: TerminalReport) {
        if let Err(error) = self.journal.report(id, report) {
            tracing::error!(payment_id = %id, error = &error as &dyn std::error::Error, "report not kept");
        }
    }

    fn reached(&mut self) {
        let now = self.ticker.now();
        self.next_look = now + self.timing.attend_ms;
        self.next_poll = now + self.timing.idle_poll_ms;
        self.reconnect_ms = self.timing.reconnect_min_ms;
        self.stands_alone = false;
        if self.doubts.is_empty() {
            self.tell(DeviceState::Ready, None);
        }
    }

    fn lost(&mut self, error: &TerminalError) {
        // A port that fails once fails for ever; one that is only silent may be kept.
        if !matches!(error, TerminalError::Silent) {
            self.terminal = None;
        }
        let now = self.ticker.now();
        self.next_look = now + self.reconnect_ms;
        self.next_poll = self.next_look;
        self.reconnect_ms = (self.reconnect_ms * 2).min(self.timing.reconnect_max_ms);
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let is_left = self.stands_alone && matches!(error, TerminalError::Silent);
        let detail = if is_left { STANDS_ALONE.to_owned() } else { format!("{error}{cause}") };
        self.tell(DeviceState::Unreachable, Some(detail));
    }

    fn tell(&self, state: DeviceState, detail: Option<String>) {
        let pending = u32::try_from(self.doubts.len()).unwrap_or(u32::MAX);
        let mut health = lock(&self.common.health);
        let new = DeviceHealth { state, pending, detail, ..health.clone() };
        if *health == new {
            return;
        }
        *health = new.clone();
        drop(health);
        self.journal.health_changed(&new);
    }
}

/// A journal that remembers what it has last kept: what is asked about a doubt depends on what was said before.
struct Remembering {
    journal: Arc<dyn Journal>,
    latest: Mutex<CardPayment>,
}

impl Remembering {
    fn new(journal: Arc<dyn Journal>, payment: &CardPayment) -> Self {
        Self { journal, latest: Mutex::new(payment.clone()) }
    }

    fn latest(self) -> CardPayment {
        lock(&self.latest).clone()
    }
}

impl Journal for Remembering {
    fn report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<CardPayment, JournalError> {
        let payment = self.journal.report(payment_id, report)?;
        lock(&self.latest).clone_from(&payment);
        Ok(payment)
    }

    fn print(&self, lines: &[String]) -> Result<(), JournalError> {
        self.journal.print(lines)
    }
}

/// Takes a payment off the list of those that can be cancelled. False when it was cancelled before; asked again, it
/// says what it said.
fn claim(common: &Common, id: PaymentId) -> bool {
    let mut unsent = lock(&common.unsent);
    match unsent.iter().position(|(unsent, _)| *unsent == id) {
        Some(index) if unsent[index].1 => false,
        Some(index) => {
            unsent.remove(index);
            true
        }
        None => true,
    }
}
