//! Transbank "POS Integrado" (Chile): what its terminals are asked, and in which order.
//!
//! It sends 0300, which only a person at the terminal's keypad can undo, only when a person asks for it.
//!
//! Commands spoken: 0100, 0200, 0250, 0260, 0270, 0280, 0300, 0500, 0700, 0800, 1200; 0900 is heard.

pub mod ask;
pub mod codes;
pub mod dialog;
pub mod enquiry;
pub mod frame;
pub mod message;
pub mod sale;
pub mod void;

use shared::tender::{CardPayment, CardState, TerminalBatch, TerminalReport, TerminalRow, TerminalTotals};

use self::ask::AskDialog;
use self::dialog::{PollDialog, SaleKey, Watch};
use self::enquiry::EnquiryDialog;
use self::frame::{Flaw, Heard, Receiver};
use self::message::{Reply, Request, SaleReply};
use self::sale::SaleDialog;
use self::void::{Listed, VoidDialog, VoidKey};
use super::conversation::{Conversation, Described, Ear, Reports, keep};
use super::opening::Opening;
use super::service::Service;
use super::transcript::{mask_frame, mask_piece};
use super::{CardTerminal, Ending, Journal, TerminalError};

/// What the terminals accept, in whole pesos.
pub const AMOUNTS: std::ops::RangeInclusive<i64> = 50..=999_999_999;

/// A terminal on an open line.
pub struct Transbank {
    line: Conversation<Receiver>,
    commerce: Option<String>,
}

impl Transbank {
    /// Takes an open line. `commerce` is whose money it is, on a terminal of several merchants.
    pub fn new(line: Conversation<Receiver>, commerce: Option<String>) -> Self {
        Self { line, commerce }
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
        let settle_ms = self.line.timing().settle_ms;
        self.listen(None, None, settle_ms).map(|_| ())
    }

    fn ask_for_ack(&mut self, tries: u8) -> Result<bool, TerminalError> {
        let ack_ms = self.line.timing().ack_ms;
        Ok(self.line.ask(&mut PollDialog::poll(None, tries, ack_ms), None)? == Ending::Answered)
    }

    fn listen(&mut self, watch: Option<Watch>, reports: Reports<'_>, ms: u64) -> Result<Ending, TerminalError> {
        self.line.ask(&mut PollDialog::listen(watch, ms), reports)
    }

    /// Asks what moves no money.
    fn ask(&mut self, request: Request) -> Result<AskDialog, TerminalError> {
        self.listen(None, None, 0)?;
        let mut dialog = AskDialog::new(request, self.line.timing());
        match self.line.ask(&mut dialog, None)? {
            Ending::Answered => Ok(dialog),
            Ending::NotStarted => Err(TerminalError::Refused("it does not understand the question")),
            _ => Err(TerminalError::Silent),
        }
    }

    fn list(&mut self) -> Result<Vec<SaleReply>, TerminalError> {
        Ok(self.ask(Request::Details)?.rows)
    }

    /// The day's keys, without which it sells nothing.
    pub fn load_keys(&mut self) -> Result<(), TerminalError> {
        done(self.ask(Request::LoadKeys)?.answer)
    }

    /// `None` for what no such terminal can be asked for.
    fn key(&self, payment: &CardPayment) -> Option<SaleKey> {
        let (ticket, amount) = (payment.ticket_no.clone(), payment.amount_minor);
        let is_ticket = ticket.len() == 6 && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_ticket && AMOUNTS.contains(&amount)).then(|| SaleKey { ticket, amount, commerce: self.commerce.clone() })
    }

    /// What became of a void in doubt. Nobody types a PIN for it, but the bank may still be asked.
    fn enquire_void(
        &mut self,
        key: &SaleKey,
        void: &VoidKey,
        is_over: bool,
        reports: Reports<'_>,
    ) -> Result<Ending, TerminalError> {
        match void::find(&self.list()?, key, void) {
            Listed::Undone => {
                keep(TerminalReport::Voided, reports)?;
                Ok(Ending::Voided)
            }
            Listed::Stands if is_over => {
                keep(TerminalReport::VoidRefused { code: codes::NOT_STORED.to_owned() }, reports)?;
                Ok(Ending::VoidRefused)
            }
            Listed::Stands => Ok(Ending::NotStoredYet),
            // Some terminals take an undone sale off the list, and a batch closed at the keypad has none of them.
            Listed::Unknown => Ok(Ending::Mismatch),
        }
    }
}

/// A question that is answered by done or not done.
fn done(answer: Option<Reply>) -> Result<(), TerminalError> {
    match answer {
        Some(Reply::Done { code, .. }) if code == codes::APPROVED => Ok(()),
        Some(Reply::Done { code, .. }) => Err(TerminalError::Refused(codes::meaning(&code))),
        _ => Err(TerminalError::Silent),
    }
}

/// A row as every protocol has it; `None` without an amount.
fn row(said: SaleReply) -> Option<TerminalRow> {
    Some(TerminalRow {
        ticket_no: (!said.ticket.is_empty()).then(|| format!("{:0>6}", said.ticket)),
        operation_no: said.operation,
        authorisation_code: said.authorisation,
        amount_minor: said.amount?,
        last4: said.last4,
        card_type: said.card_type,
        brand: said.brand,
        at: moment(&said.date, &said.time),
    })
}

/// `21112026` and `235204` as a person reads them; whatever else a terminal sends, as it is.
fn moment(date: &str, time: &str) -> String {
    let has_digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if has_digits(date, 8) && has_digits(time, 6) {
        return format!("{}-{}-{} {}:{}", &date[..2], &date[2..4], &date[4..], &time[..2], &time[2..4]);
    }
    format!("{date} {time}").trim().to_owned()
}

impl Ear for Receiver {
    type Heard = Heard;

    fn hear(&mut self, byte: u8) -> Option<Heard> {
        Receiver::hear(self, byte)
    }

    fn gap(&mut self) -> Option<Heard> {
        Receiver::gap(self)
    }

    fn is_mid_frame(&self) -> bool {
        Receiver::is_mid_frame(self)
    }

    fn describe(heard: &Heard) -> Described {
        Described::Line(match heard {
            Heard::Noise(byte) => return Described::Noise(*byte),
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
        })
    }

    fn describe_sent(bytes: &[u8]) -> String {
        match bytes {
            [frame::ACK] => "<ACK>".to_owned(),
            [frame::NAK] => "<NAK>".to_owned(),
            [frame::STX, data @ .., frame::ETX, lrc] => framed(&mask_frame(data, None), *lrc),
            other => mask_piece(other),
        }
    }
}

fn framed(data: &str, lrc: u8) -> String {
    format!("<STX>{data}<ETX><{lrc:02x}>")
}

impl CardTerminal for Transbank {
    fn sale(
        &mut self,
        payment: &CardPayment,
        claim: &dyn Fn() -> bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        let opening = Opening::new(payment, claim, journal);
        let Some(key) = self.key(payment) else { return opening.refused() };
        self.reach()?;
        opening.ready()?;
        // What came since the poll is not the answer to what has not been asked.
        self.listen(None, None, 0)?;
        if let Some(cancelled) = opening.claimed()? {
            return Ok(cancelled);
        }
        let mut dialog = SaleDialog::new(key, self.line.timing());
        let ending = self.line.run(&mut dialog, opening.reports)?.ending;
        if dialog.refusal.as_deref() == Some(codes::LOAD_KEYS)
            && let Err(error) = self.load_keys()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the terminal's keys were not loaded");
        }
        Ok(ending)
    }

    fn enquire(
        &mut self,
        payment: &CardPayment,
        is_over: bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        let Some(watch) = self.watch(payment) else { return Ok(Ending::Mismatch) };
        let reports = Some((payment.payment_id, journal));
        let mut poll = PollDialog::poll(Some(watch.clone()), 1, self.line.timing().ack_ms);
        match self.line.ask(&mut poll, reports)? {
            Ending::Answered => {}
            ending => return Ok(ending),
        }
        let key = match (watch, self.key(payment)) {
            (Watch::Sale(key), _) => key,
            (Watch::Void(void), Some(key)) => return self.enquire_void(&key, &void, is_over, reports),
            (Watch::Void(_), None) => return Ok(Ending::Mismatch),
        };
        let mut dialog = EnquiryDialog::new(key, is_over, self.line.timing());
        self.line.ask(&mut dialog, reports)
    }

    fn poll(&mut self) -> Result<(), TerminalError> {
        if self.ask_for_ack(1)? { Ok(()) } else { Err(TerminalError::Silent) }
    }

    fn attend(&mut self, doubt: Option<&CardPayment>, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = doubt.map(|payment| (payment.payment_id, journal));
        self.listen(doubt.and_then(|payment| self.watch(payment)), reports, 0)
    }

    fn void(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = Some((payment.payment_id, journal));
        let refused = |code: &str| {
            keep(TerminalReport::VoidRefused { code: code.to_owned() }, reports)?;
            Ok(Ending::VoidRefused)
        };
        let void = payment.state.approval().and_then(VoidKey::of);
        let (Some(key), Some(void)) = (self.key(payment), void) else { return refused(codes::NOT_IN_BATCH) };
        self.reach()?;
        match void::find(&self.list()?, &key, &void) {
            Listed::Stands => {}
            // At its keypad, by somebody.
            Listed::Undone => {
                keep(TerminalReport::VoidAsked { baseline: None }, reports)?;
                keep(TerminalReport::Voided, reports)?;
                return Ok(Ending::Voided);
            }
            Listed::Unknown => return refused(codes::NOT_IN_BATCH),
        }
        self.listen(None, None, 0)?;
        let mut dialog = VoidDialog::new(void, self.line.timing());
        Ok(self.line.run(&mut dialog, reports)?.ending)
    }

    fn batch(&mut self) -> Result<TerminalBatch, TerminalError> {
        let totals = self.totals()?;
        let rows = self.list()?.into_iter().map(|said| row(said).ok_or(TerminalError::Garbled));
        Ok(TerminalBatch { totals: Some(totals), rows: Some(rows.collect::<Result<_, _>>()?) })
    }

    fn close(&mut self) -> Result<(), TerminalError> {
        self.reach()?;
        done(self.ask(Request::Close)?.answer)
    }

    fn service(&mut self, service: Service) -> Result<(), TerminalError> {
        let request = match service {
            Service::LastVoucher if self.commerce.is_none() => Request::LastSale,
            Service::Totals => Request::Totals,
            Service::Sales => Request::PrintDetails,
            Service::LoadKeys => Request::LoadKeys,
            Service::StandAlone => Request::NormalMode,
            _ => return Err(TerminalError::Unsupported("do that")),
        };
        let asked = self.ask(request).map_err(|error| match error {
            // A lost ACK is no proof that it was not done, and neither is a line that died.
            TerminalError::Silent | TerminalError::Port { .. } => TerminalError::Unclear,
            TerminalError::Refused(meaning) => TerminalError::Denied { code: "NAK".to_owned(), meaning },
            error => error,
        })?;
        match asked.answer {
            Some(Reply::Done { code, .. } | Reply::Totals { code, .. } | Reply::Sale(_, SaleReply { code, .. }))
                if code != codes::APPROVED =>
            {
                Err(TerminalError::Denied { meaning: codes::meaning(&code), code })
            }
            _ => Ok(()),
        }
    }
}

impl Transbank {
    /// Count and sum of the open batch.
    fn totals(&mut self) -> Result<TerminalTotals, TerminalError> {
        match self.ask(Request::Totals)?.answer {
            Some(Reply::Totals { code, count, total }) if code == codes::APPROVED => {
                let count = count.and_then(|count| u32::try_from(count).ok());
                let (count, total_minor) = count.zip(total).ok_or(TerminalError::Garbled)?;
                Ok(TerminalTotals { count, total_minor })
            }
            Some(Reply::Totals { code, .. }) if code == codes::NOTHING_STORED => Ok(TerminalTotals::default()),
            Some(Reply::Totals { code, .. }) => Err(TerminalError::Refused(codes::meaning(&code))),
            _ => Err(TerminalError::Silent),
        }
    }

    /// What a late answer may settle of a payment in doubt.
    fn watch(&self, payment: &CardPayment) -> Option<Watch> {
        match &payment.state {
            CardState::Voiding { approval, .. } => VoidKey::of(approval).map(Watch::Void),
            _ => self.key(payment).map(Watch::Sale),
        }
    }
}
