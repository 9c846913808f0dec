//! Runs dialogs on a line, whatever the protocol: writes, listens, keeps deadlines, journals, and notes every byte.
//!
//! Its invariant: a report is durable before the terminal is acknowledged.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::PaymentId;
use shared::tender::{CardState, TerminalReport};

use super::dialog::{Dialog, Effect, Input};
use super::port::Line;
use super::ticker::Ticker;
use super::timing::Timing;
use super::transcript::{Transcript, Way, mask_piece};
use super::{Ending, Journal, JournalError, TerminalError};

/// How many printed lines wait for whoever asks for them.
const PAPER: usize = 1_000;
/// Noise is noted in lines of so many bytes.
const NOISE_LINE: usize = 64;

/// How a protocol cuts bytes into things said. Knows no clock: whoever reads the port says when a gap was too long.
pub trait Ear: Default + Send {
    /// What can be said.
    type Heard;

    /// Takes the next byte.
    fn hear(&mut self, byte: u8) -> Option<Self::Heard>;

    /// Silence inside a frame, longer than a frame may pause.
    fn gap(&mut self) -> Option<Self::Heard>;

    /// A frame has begun and not ended.
    fn is_mid_frame(&self) -> bool;

    /// For the transcript, masked: something heard.
    fn describe(heard: &Self::Heard) -> Described;

    /// For the transcript, masked: bytes to the terminal.
    fn describe_sent(bytes: &[u8]) -> String;
}

/// How a thing heard is written down.
pub enum Described {
    /// A line of its own.
    Line(String),
    /// One byte that belongs to nothing.
    Noise(u8),
}

/// What every conversation on a line needs besides the line.
#[derive(Clone)]
pub struct Surroundings {
    /// How long to wait for what.
    pub timing: Timing,
    /// Time as the worker sees it.
    pub ticker: Ticker,
    /// Where every byte is noted.
    pub transcript: Arc<Mutex<Transcript>>,
    /// The till is closing: every deadline has passed.
    pub is_stopping: Arc<AtomicBool>,
    /// The payment somebody would like to end.
    pub cancel_wanted: Arc<Mutex<Option<PaymentId>>>,
    /// What terminals want printed.
    pub paper: Arc<Mutex<VecDeque<String>>>,
}

/// Where a dialog's reports go.
pub type Reports<'a> = Option<(PaymentId, &'a dyn Journal)>;

/// How a dialog ran.
pub struct Ran {
    /// What came of it.
    pub ending: Ending,
    /// The first thing the port complained of.
    pub line_error: Option<std::io::Error>,
}

/// An open line, and somebody who listens to it.
pub struct Conversation<E> {
    line: Box<dyn Line>,
    port: String,
    around: Surroundings,
    ear: E,
    /// Read and not yet heard: an end of dialog may leave bytes behind.
    inbox: VecDeque<u8>,
    noise: Vec<u8>,
}

impl<E: Ear> Conversation<E> {
    /// Takes an open line. `port` is its name, for errors.
    pub fn new(line: Box<dyn Line>, port: String, around: Surroundings) -> Self {
        Self { line, port, around, ear: E::default(), inbox: VecDeque::new(), noise: Vec::new() }
    }

    /// How long to wait for what.
    pub fn timing(&self) -> &Timing {
        &self.around.timing
    }

    /// Runs a dialog to its end. While the till is closing every deadline has passed, so a sale ends as a doubt.
    ///
    /// Errors: the journal's; what the port said is with the answer, because the dialog ended all the same.
    pub fn run(&mut self, dialog: &mut dyn Dialog<E::Heard>, reports: Reports<'_>) -> Result<Ran, TerminalError> {
        let mut ran = Ran { ending: Ending::NoAnswer, line_error: None };
        let mut effects: VecDeque<Effect> = dialog.step(Input::Start).into();
        let mut deadline = self.around.ticker.now();
        let mut has_written = false;
        loop {
            while let Some(effect) = effects.pop_front() {
                match effect {
                    Effect::Within(ms) => deadline = self.around.ticker.now().saturating_add(ms),
                    Effect::Note(note) => tracing::info!(port = %self.port, note, "terminal said something odd"),
                    Effect::Print(lines) => self.print(lines),
                    Effect::Report(report) => {
                        if let Err(error) = keep(report, reports) {
                            for effect in dialog.step(Input::NotKept) {
                                if let Effect::Send(bytes) = effect {
                                    // It says no; whether that arrives changes nothing for us.
                                    drop(self.write(&bytes));
                                }
                            }
                            return Err(error);
                        }
                    }
                    Effect::Send(bytes) => {
                        if let Err((written, error)) = self.write(&bytes) {
                            has_written |= written > 0;
                            ran.line_error.get_or_insert(error);
                            let lost = if has_written { Input::LineLost } else { Input::NothingSent };
                            effects.extend(dialog.step(lost));
                        }
                        has_written = true;
                    }
                    Effect::End(ending) => {
                        ran.ending = ending;
                        return Ok(ran);
                    }
                }
            }
            let input = match self.hear(deadline, reports.map(|(payment_id, _)| payment_id)) {
                Ok(input) => input,
                Err(error) => {
                    ran.line_error.get_or_insert(error);
                    Input::LineLost
                }
            };
            effects.extend(dialog.step(input));
        }
    }

    /// The same, where a line that failed without an answer is the port's error.
    pub fn ask(&mut self, dialog: &mut dyn Dialog<E::Heard>, reports: Reports<'_>) -> Result<Ending, TerminalError> {
        let ran = self.run(dialog, reports)?;
        match ran.line_error {
            Some(source) if ran.ending == Ending::NoAnswer => Err(self.port_error(source)),
            _ => Ok(ran.ending),
        }
    }

    /// What the port said, as an error of the terminal.
    pub fn port_error(&self, source: std::io::Error) -> TerminalError {
        TerminalError::Port { port: self.port.clone(), source }
    }

    /// All of it, or how much of it the system took and why not the rest.
    fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, std::io::Error)> {
        self.note(Way::Out, E::describe_sent(bytes));
        let mut written = 0;
        while written < bytes.len() {
            match self.line.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err((written, error)),
            }
        }
        Ok(())
    }

    /// The next thing the terminal says, or the deadline. A frame that is arriving is heard out past the deadline.
    fn hear(&mut self, deadline: u64, about: Option<PaymentId>) -> Result<Input<E::Heard>, std::io::Error> {
        let Timing { gap_ms, slice_ms, .. } = self.around.timing;
        let mut last_byte = self.around.ticker.now();
        loop {
            while let Some(byte) = self.inbox.pop_front() {
                if let Some(heard) = self.ear.hear(byte) {
                    return Ok(self.heard(heard));
                }
            }
            let now = self.around.ticker.now();
            // A line that babbles without end must not hold a deadline off for ever.
            if now > deadline.saturating_add(gap_ms) && !self.ear.is_mid_frame() {
                return Ok(Input::Deadline);
            }
            let until = if self.ear.is_mid_frame() { last_byte + gap_ms } else { deadline };
            if now >= until
                && let Some(heard) = self.ear.gap()
            {
                return Ok(self.heard(heard));
            }
            if about.is_some() && lock(&self.around.cancel_wanted).take_if(|wanted| Some(*wanted) == about).is_some() {
                return Ok(Input::CancelWanted);
            }
            let is_stopping = self.around.is_stopping.load(Ordering::Acquire);
            let wait = if is_stopping { 0 } else { until.saturating_sub(now).min(slice_ms) };
            let mut buffer = [0; 512];
            match self.line.read(&mut buffer, Duration::from_millis(wait))? {
                0 => {
                    self.around.ticker.waited(wait);
                    if is_stopping || (self.around.ticker.now() >= deadline && !self.ear.is_mid_frame()) {
                        return Ok(Input::Deadline);
                    }
                }
                count => {
                    self.inbox.extend(&buffer[..count]);
                    last_byte = self.around.ticker.now();
                }
            }
        }
    }

    /// Notes it, then hands it on.
    fn heard(&mut self, heard: E::Heard) -> Input<E::Heard> {
        match E::describe(&heard) {
            Described::Noise(byte) => {
                self.noise.push(byte);
                if self.noise.len() >= NOISE_LINE {
                    self.note_noise();
                }
            }
            Described::Line(text) => {
                self.note_noise();
                self.note(Way::In, text);
            }
        }
        Input::Heard(heard)
    }

    fn note_noise(&mut self) {
        if !self.noise.is_empty() {
            let text = format!("noise {}", mask_piece(&std::mem::take(&mut self.noise)));
            self.note(Way::In, text);
        }
    }

    fn print(&self, lines: Vec<String>) {
        let mut paper = lock(&self.around.paper);
        paper.extend(lines);
        while paper.len() > PAPER {
            paper.pop_front();
        }
    }

    fn note(&mut self, way: Way, text: String) {
        let at_ms = self.around.ticker.now();
        lock(&self.around.transcript).note(at_ms, way, text);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Durable, or an error that says what must not happen now.
pub(super) fn keep(report: TerminalReport, reports: Reports<'_>) -> Result<(), TerminalError> {
    let Some((payment_id, journal)) = reports else { return Ok(()) };
    let is_sale = matches!(report, TerminalReport::Asked { .. });
    let is_sent = is_sale || matches!(report, TerminalReport::VoidAsked { .. });
    let is_progress = matches!(report, TerminalReport::Progress { .. });
    match journal.report(payment_id, report) {
        // What was final before must not be asked for again, and what is not approved not be undone.
        Ok(payment) if is_sale && !matches!(payment.state, CardState::InProgress { .. }) => {
            Err(TerminalError::NotJournalled)
        }
        Ok(payment) if is_sent && !is_sale && !matches!(payment.state, CardState::Voiding { .. }) => {
            Err(TerminalError::NotJournalled)
        }
        Ok(_) => Ok(()),
        Err(error) if is_sent => {
            tracing::error!(%payment_id, error = &error as &dyn std::error::Error, "the request stays unsent");
            Err(TerminalError::NotJournalled)
        }
        Err(error @ JournalError::Contradiction(_)) => {
            tracing::error!(%payment_id, error = &error as &dyn std::error::Error, "terminal and journal disagree");
            Ok(())
        }
        Err(error) if is_progress => {
            tracing::warn!(%payment_id, error = &error as &dyn std::error::Error, "progress not kept");
            Ok(())
        }
        Err(error) => Err(TerminalError::Journal(error)),
    }
}
