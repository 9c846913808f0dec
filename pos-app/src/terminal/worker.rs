//! The thread that owns the port. It takes sales in order, and while one is in doubt it does nothing but settle that
//! doubt: the terminal is locked, and the till is not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::ids::PaymentId;
use shared::tender::{CardPayment, CardState, NotStartedReason, TerminalReport};
use shared::time::Clock;

use super::port::SerialLine;
use super::ticker::Ticker;
use super::timing::Timing;
use super::transbank::Transbank;
use super::transcript::{Said, Transcript};
use super::{CardTerminal, Ending, Journal, TerminalError};
use crate::commands::types::{DeviceHealth, DeviceState};
use crate::config::TerminalConfig;

/// Drives one card terminal.
pub struct TerminalWorker {
    commands: Sender<Command>,
    common: Arc<Common>,
    thread: Option<JoinHandle<()>>,
}

enum Command {
    Start(CardPayment),
    Enquire(CardPayment),
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
        let (commands, inbox) = channel();
        let health = DeviceHealth {
            state: DeviceState::Unknown,
            address: Some(format!("serial {}", config.port)),
            is_simulated: config.simulated,
            pending: 0,
            detail: None,
        };
        let common = Arc::new(Common {
            is_stopping: Arc::default(),
            transcript: Arc::default(),
            health: Mutex::new(health),
            unsent: Mutex::default(),
        });
        let worker = Worker {
            config: config.clone(),
            inbox,
            journal,
            ticker: Ticker::new(clock),
            terminal: None,
            doubts: VecDeque::new(),
            next_look: 0,
            next_poll: 0,
            reconnect_ms: timing.reconnect_min_ms,
            timing,
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

    /// Stops asking about a payment a person has settled, which unlocks the terminal.
    pub fn forget(&self, id: PaymentId) {
        let _ = self.commands.send(Command::Forget(id));
    }

    /// True when nothing of the request was sent yet, and now nothing will be.
    pub fn cancel(&self, id: PaymentId) -> bool {
        let mut unsent = lock(&self.common.unsent);
        let entry = unsent.iter_mut().find(|(unsent, _)| *unsent == id);
        entry.map(|(_, is_cancelled)| *is_cancelled = true).is_some()
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
    inbox: Receiver<Command>,
    journal: Arc<dyn Journal>,
    ticker: Ticker,
    terminal: Option<Box<dyn CardTerminal>>,
    doubts: VecDeque<Doubt>,
    next_look: u64,
    next_poll: u64,
    reconnect_ms: u64,
    timing: Timing,
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
                Ok(Command::Forget(id)) => {
                    self.doubts.retain(|doubt| doubt.payment.payment_id != id);
                    self.reached();
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    self.ticker.waited(wait);
                    self.look_around();
                }
            }
            if self.common.is_stopping.load(Ordering::Acquire) {
                return;
            }
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
            Ok(Ending::Approved | Ending::Declined) => {
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
        if self.config.protocol != "transbank" {
            return Err(TerminalError::UnknownProtocol(self.config.protocol.clone()));
        }
        let port = self.config.port.clone();
        let line = SerialLine::open(&port, self.config.baud)
            .map_err(|source| TerminalError::Port { port: port.clone(), source })?;
        Ok(Box::new(Transbank::new(
            Box::new(line),
            port,
            self.timing.clone(),
            self.ticker.clone(),
            self.common.transcript.clone(),
            self.common.is_stopping.clone(),
        )))
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
        let journal = self.journal.clone();
        let mut ended = self.open().and_then(|terminal| terminal.sale(payment, &claim, &*journal));
        if matches!(ended, Err(TerminalError::Port { .. })) && self.terminal.is_some() {
            // The port was opened a while ago and the cable has been out since: nothing was sent, so try a fresh one.
            self.terminal = None;
            ended = self.open().and_then(|terminal| terminal.sale(payment, &claim, &*journal));
        }
        match ended {
            Ok(Ending::NoAnswer | Ending::NotStoredYet | Ending::Mismatch) => self.doubt(payment.clone()),
            Ok(Ending::NotStarted) => self.next_look = self.ticker.now(),
            Ok(Ending::Approved | Ending::Declined | Ending::Answered) => self.reached(),
            Err(TerminalError::Journal(error)) => {
                tracing::error!(payment_id = %id, error = &error as &dyn std::error::Error, "unjournalled, so in doubt");
                self.doubt(payment.clone());
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
            Ok(Ending::Approved | Ending::Declined | Ending::NotStarted) => {
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
        self.tell(DeviceState::Unreachable, Some(format!("{error}{cause}")));
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
