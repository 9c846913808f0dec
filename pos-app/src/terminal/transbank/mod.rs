//! Transbank "POS Integrado" (Chile): the driver that runs the dialogs on a line.
//!
//! Its invariant: a report is durable before the terminal is acknowledged. It never sends 0300, which only a person at
//! the terminal's keypad can undo, and never closes the batch.

pub mod codes;
pub mod dialog;
pub mod enquiry;
pub mod frame;
pub mod message;
pub mod sale;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::ids::PaymentId;
use shared::tender::{CardPayment, CardState, NotStartedReason, TerminalReport};

use self::dialog::{Dialog, Effect, Input, PollDialog, SaleKey};
use self::enquiry::EnquiryDialog;
use self::frame::{Flaw, Heard, Receiver};
use self::sale::SaleDialog;
use super::port::Line;
use super::ticker::Ticker;
use super::timing::Timing;
use super::transcript::{Transcript, Way, mask_frame, mask_piece};
use super::{CardTerminal, Ending, Journal, JournalError, TerminalError};

/// What the terminals accept, in whole pesos.
pub const AMOUNTS: std::ops::RangeInclusive<i64> = 50..=999_999_999;

/// A terminal on an open line.
pub struct Transbank {
    line: Box<dyn Line>,
    port: String,
    timing: Timing,
    ticker: Ticker,
    transcript: Arc<Mutex<Transcript>>,
    is_stopping: Arc<AtomicBool>,
    receiver: Receiver,
    /// Read and not yet heard: an end of dialog may leave bytes behind.
    inbox: VecDeque<u8>,
    noise: Vec<u8>,
}

/// Where a dialog's reports go.
type Reports<'a> = Option<(PaymentId, &'a dyn Journal)>;

impl Transbank {
    /// Takes an open line. `port` is its name, for errors.
    pub fn new(
        line: Box<dyn Line>,
        port: String,
        timing: Timing,
        ticker: Ticker,
        transcript: Arc<Mutex<Transcript>>,
        is_stopping: Arc<AtomicBool>,
    ) -> Self {
        let (receiver, inbox, noise) = (Receiver::default(), VecDeque::new(), Vec::new());
        Self { line, port, timing, ticker, transcript, is_stopping, receiver, inbox, noise }
    }

    /// Runs a dialog to its end. While the till is closing every deadline has passed, so a sale ends as a doubt.
    fn run(&mut self, dialog: &mut dyn Dialog, reports: Reports<'_>) -> Result<Ran, TerminalError> {
        let mut ran = Ran { ending: Ending::NoAnswer, line_error: None };
        let mut effects: VecDeque<Effect> = dialog.step(Input::Start).into();
        let mut deadline = self.ticker.now();
        let mut has_written = false;
        loop {
            while let Some(effect) = effects.pop_front() {
                match effect {
                    Effect::Within(ms) => deadline = self.ticker.now().saturating_add(ms),
                    Effect::Note(note) => tracing::info!(port = %self.port, note, "terminal said something odd"),
                    Effect::Report(report) => Self::report(report, reports)?,
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
            let input = match self.hear(deadline) {
                Ok(input) => input,
                Err(error) => {
                    ran.line_error.get_or_insert(error);
                    Input::LineLost
                }
            };
            effects.extend(dialog.step(input));
        }
    }

    /// Durable, or an error that says what must not happen now.
    fn report(report: TerminalReport, reports: Reports<'_>) -> Result<(), TerminalError> {
        let Some((payment_id, journal)) = reports else { return Ok(()) };
        let is_sent = matches!(report, TerminalReport::Asked { .. });
        let is_progress = matches!(report, TerminalReport::Progress { .. });
        match journal.report(payment_id, report) {
            // A payment that was final before must not be asked for again.
            Ok(payment) if is_sent && !matches!(payment.state, CardState::InProgress { .. }) => {
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

    /// All of it, or how much of it the system took and why not the rest.
    fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, std::io::Error)> {
        self.note_out(bytes);
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
    fn hear(&mut self, deadline: u64) -> Result<Input, std::io::Error> {
        let mut last_byte = self.ticker.now();
        loop {
            while let Some(byte) = self.inbox.pop_front() {
                if let Some(heard) = self.receiver.hear(byte) {
                    self.note_in(&heard);
                    return Ok(Input::Heard(heard));
                }
            }
            let now = self.ticker.now();
            // A line that babbles without end must not hold a deadline off for ever.
            if now > deadline.saturating_add(self.timing.gap_ms) && !self.receiver.is_mid_frame() {
                return Ok(Input::Deadline);
            }
            let until = if self.receiver.is_mid_frame() { last_byte + self.timing.gap_ms } else { deadline };
            if now >= until
                && let Some(heard) = self.receiver.gap()
            {
                self.note_in(&heard);
                return Ok(Input::Heard(heard));
            }
            let is_stopping = self.is_stopping.load(Ordering::Acquire);
            let wait = if is_stopping { 0 } else { until.saturating_sub(now).min(self.timing.slice_ms) };
            let mut buffer = [0; 512];
            match self.line.read(&mut buffer, Duration::from_millis(wait))? {
                0 => {
                    self.ticker.waited(wait);
                    if is_stopping || (self.ticker.now() >= deadline && !self.receiver.is_mid_frame()) {
                        return Ok(Input::Deadline);
                    }
                }
                count => {
                    self.inbox.extend(&buffer[..count]);
                    last_byte = self.ticker.now();
                }
            }
        }
    }

    fn note_out(&mut self, bytes: &[u8]) {
        let text = match bytes {
            [frame::ACK] => "<ACK>".to_owned(),
            [frame::NAK] => "<NAK>".to_owned(),
            [frame::STX, data @ .., frame::ETX, lrc] => framed(&mask_frame(data, None), *lrc),
            other => mask_piece(other),
        };
        self.note(Way::Out, text);
    }

    fn note_in(&mut self, heard: &Heard) {
        if let Heard::Noise(byte) = heard {
            self.noise.push(*byte);
            if self.noise.len() < 64 {
                return;
            }
        }
        if !self.noise.is_empty() {
            let text = format!("noise {}", mask_piece(&std::mem::take(&mut self.noise)));
            self.note(Way::In, text);
        }
        let text = match heard {
            Heard::Noise(_) => return,
            Heard::Ack => "<ACK>".to_owned(),
            Heard::Nak => "<NAK>".to_owned(),
            Heard::Frame(data) => {
                let account = match data.get(..4) {
                    Some(b"0210" | b"0260" | b"0271" | b"0281") => Some(13),
                    Some(b"0261") => Some(11),
                    _ => None,
                };
                framed(&mask_frame(data, account), frame::lrc(data))
            }
            Heard::Broken { data, flaw: Flaw::Lrc { got } } => {
                format!("<STX>{}<ETX><{got:02x}> wrong LRC", mask_piece(data))
            }
            Heard::Broken { data, flaw } => format!("<STX>{} {flaw:?}", mask_piece(data)),
        };
        self.note(Way::In, text);
    }

    fn note(&mut self, way: Way, text: String) {
        let at_ms = self.ticker.now();
        self.transcript.lock().unwrap_or_else(PoisonError::into_inner).note(at_ms, way, text);
    }

    fn port_error(&self, source: std::io::Error) -> TerminalError {
        TerminalError::Port { port: self.port.clone(), source }
    }

    /// Asks whether it is there, so that a dead line is found before a request for money is on it.
    fn reach(&mut self) -> Result<(), TerminalError> {
        self.listen(None, None, 0)?;
        if self.ask_for_ack(1)? {
            return Ok(());
        }
        if !self.ask_for_ack(2)? {
            return Err(TerminalError::Silent);
        }
        // The answer to the first poll may still be under way: it must not be taken for the answer to a sale.
        let settle_ms = self.timing.settle_ms;
        self.listen(None, None, settle_ms).map(|_| ())
    }

    fn ask_for_ack(&mut self, tries: u8) -> Result<bool, TerminalError> {
        let ran = self.run(&mut PollDialog::poll(None, tries, self.timing.ack_ms), None)?;
        match (ran.ending, ran.line_error) {
            (Ending::Answered, _) => Ok(true),
            (_, Some(error)) => Err(self.port_error(error)),
            _ => Ok(false),
        }
    }

    fn listen(&mut self, watch: Option<SaleKey>, reports: Reports<'_>, ms: u64) -> Result<Ending, TerminalError> {
        let ran = self.run(&mut PollDialog::listen(watch, ms), reports)?;
        match ran.line_error {
            Some(error) if ran.ending == Ending::NoAnswer => Err(self.port_error(error)),
            _ => Ok(ran.ending),
        }
    }
}

/// How a dialog ran.
struct Ran {
    ending: Ending,
    line_error: Option<std::io::Error>,
}

fn framed(data: &str, lrc: u8) -> String {
    format!("<STX>{data}<ETX><{lrc:02x}>")
}

impl SaleKey {
    /// `None` for what no such terminal can be asked for.
    fn of(payment: &CardPayment) -> Option<Self> {
        let (ticket, amount) = (payment.ticket_no.clone(), payment.amount_minor);
        let is_ticket = ticket.len() == 6 && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_ticket && AMOUNTS.contains(&amount)).then_some(Self { ticket, amount })
    }
}

impl CardTerminal for Transbank {
    fn sale(
        &mut self,
        payment: &CardPayment,
        claim: &dyn Fn() -> bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        let not_started = |reason| {
            let report = TerminalReport::NotStarted { reason };
            journal.report(payment.payment_id, report).map_err(TerminalError::Journal)?;
            Ok(Ending::NotStarted)
        };
        let Some(key) = SaleKey::of(payment) else {
            let reason = if claim() { NotStartedReason::Refused } else { NotStartedReason::Cancelled };
            return not_started(reason);
        };
        self.reach()?;
        let reports = Some((payment.payment_id, journal));
        Self::report(TerminalReport::Ready, reports)?;
        // What came since the poll is not the answer to what has not been asked.
        self.listen(None, None, 0)?;
        if !claim() {
            return not_started(NotStartedReason::Cancelled);
        }
        Ok(self.run(&mut SaleDialog::new(key, &self.timing), reports)?.ending)
    }

    fn enquire(
        &mut self,
        payment: &CardPayment,
        is_over: bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        let Some(key) = SaleKey::of(payment) else { return Ok(Ending::Mismatch) };
        let reports = Some((payment.payment_id, journal));
        let mut poll = PollDialog::poll(Some(key.clone()), 1, self.timing.ack_ms);
        let ran = self.run(&mut poll, reports)?;
        match (ran.ending, ran.line_error) {
            (Ending::Answered, _) => {}
            (Ending::NoAnswer, Some(error)) => return Err(self.port_error(error)),
            (ending, _) => return Ok(ending),
        }
        let ran = self.run(&mut EnquiryDialog::new(key, is_over, &self.timing), reports)?;
        match (ran.ending, ran.line_error) {
            (Ending::NoAnswer, Some(error)) => Err(self.port_error(error)),
            (ending, _) => Ok(ending),
        }
    }

    fn poll(&mut self) -> Result<(), TerminalError> {
        if self.ask_for_ack(1)? { Ok(()) } else { Err(TerminalError::Silent) }
    }

    fn attend(&mut self, doubt: Option<&CardPayment>, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = doubt.map(|payment| (payment.payment_id, journal));
        self.listen(doubt.and_then(SaleKey::of), reports, 0)
    }
}
