//! Getnet Chile "POS Integrado": what its terminals are asked, and in which order.
//!
//! A terminal does not always say the till's ticket again. So before each sale it is asked for its last transaction, and
//! a sale is found again by the number that follows. It is put into its other mode, which only a person at its keypad can
//! undo, only when a person asks for it. How it tells its totals, its list and its reports is in no public source, so it is
//! asked to print them and never to tell them.
//!
//! Commands spoken: 100 to 111 and 113 to 116; 112 is heard.

pub mod ask;
pub mod frame;
pub mod message;
pub mod sale;
pub mod void;

use std::sync::Arc;

use shared::tender::{CardPayment, CardState, TerminalBatch, TerminalReport};
use shared::time::Clock;

use self::ask::{AskDialog, ListenDialog};
use self::frame::{Heard, Receiver};
use self::message::{NO_TRANSACTION, Reply, Request, command};
use self::sale::{NOT_STORED, SaleDialog, SaleKey};
use self::void::VoidDialog;
use super::conversation::{Conversation, Described, Ear, Reports, keep};
use super::opening::Opening;
use super::service::Service;
use super::transcript::mask_frame;
use super::{CardTerminal, Ending, Journal, TerminalError};

/// What the terminals accept, in whole pesos.
pub const AMOUNTS: std::ops::RangeInclusive<i64> = 1..=999_999_999;

/// A terminal on an open line.
pub struct Getnet {
    line: Conversation<Receiver>,
    clock: Arc<dyn Clock>,
}

impl Getnet {
    /// Takes an open line. The clock is for the date each request bears.
    pub fn new(line: Conversation<Receiver>, clock: Arc<dyn Clock>) -> Self {
        Self { line, clock }
    }

    /// `2026-07-26T11:37:48.000Z`
    fn date_time(&self) -> String {
        let now = jiff::Timestamp::from_millisecond(self.clock.now().as_millis()).unwrap_or_default();
        now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    fn ask(&mut self, mut dialog: AskDialog) -> Result<Reply, TerminalError> {
        self.line.ask(&mut dialog, None)?;
        dialog.answer.ok_or(TerminalError::Silent)
    }

    fn last(&mut self) -> Result<Reply, TerminalError> {
        let dialog = AskDialog::last(&self.date_time(), self.line.timing());
        self.ask(dialog)
    }

    /// The number of its last transaction, 0 when it has none, and `None` when it does not say.
    fn last_number(&mut self) -> Result<Option<i64>, TerminalError> {
        let last = self.last()?;
        let has_none = last.code.is_some_and(|code| NO_TRANSACTION.contains(&code));
        Ok(if has_none { Some(0) } else { last.operation })
    }

    /// What became of a void in doubt.
    fn enquire_void(
        &mut self,
        payment: &CardPayment,
        is_over: bool,
        reports: Reports<'_>,
    ) -> Result<Ending, TerminalError> {
        let before = match &payment.state {
            CardState::Voiding { before: Some(number), .. } => number.parse::<i64>().ok(),
            _ => None,
        };
        let last = self.last()?;
        let is_back = matches!(last.function, Some(command::REFUND | command::RETURN));
        let is_undone = is_back
            && last.code == Some(0)
            && last.amount.is_none_or(|amount| amount.abs() == payment.amount_minor)
            && match (&last.ticket, last.operation) {
                (Some(ticket), _) => *ticket == payment.ticket_no,
                (None, operation) => before.is_some_and(|before| operation == Some(before + 1)),
            };
        if is_undone {
            keep(TerminalReport::Voided, reports)?;
            return Ok(Ending::Voided);
        }
        let sold = payment.state.approval().and_then(|approval| approval.operation_no.parse::<i64>().ok());
        // What was last before it still is; and where that was nothing, nothing is there still.
        let has_none = last.code.is_some_and(|code| NO_TRANSACTION.contains(&code));
        let number = if has_none { Some(0) } else { last.operation };
        if (!is_back || before.is_some()) && number.is_some() && number == before.or(sold) {
            if !is_over {
                return Ok(Ending::NotStoredYet);
            }
            keep(TerminalReport::VoidRefused { code: NOT_STORED.to_owned() }, reports)?;
            return Ok(Ending::VoidRefused);
        }
        Ok(Ending::Mismatch)
    }

    /// By the bank's code, which no closed batch changes.
    fn send_back(&mut self, payment: &CardPayment, last: i64, reports: Reports<'_>) -> Result<Ending, TerminalError> {
        let authorisation = payment.state.approval().map(|approval| approval.authorisation_code.clone());
        match authorisation.filter(|code| !code.is_empty()) {
            Some(authorisation) => {
                let asked = Request::Return { authorisation, amount: payment.amount_minor };
                self.undo(&asked, payment, last, reports)
            }
            None => not_in_batch(reports),
        }
    }

    fn undo(
        &mut self,
        asked: &Request,
        payment: &CardPayment,
        last: i64,
        reports: Reports<'_>,
    ) -> Result<Ending, TerminalError> {
        let mut dialog = VoidDialog::new(asked, payment.amount_minor, last, &self.date_time(), self.line.timing());
        Ok(self.line.run(&mut dialog, reports)?.ending)
    }

    fn listen(&mut self) -> Result<(), TerminalError> {
        self.line.ask(&mut ListenDialog::new(0), None).map(|_| ())
    }
}

/// What is asked for a service; `None` for one that this protocol does not have.
fn request_for(service: Service) -> Option<Request> {
    Some(match service {
        Service::Voucher { operation } => Request::Duplicate { operation },
        Service::LastVoucher => Request::LastVoucher { prints: true },
        Service::Totals => Request::Totals,
        Service::Sales => Request::Details,
        Service::SellerSales { seller } => Request::SellerSales { seller },
        Service::Tips { seller } => Request::Tips { seller },
        Service::Parameters => Request::Parameters,
        Service::Sim => Request::Sim,
        Service::SaleKind { kind } => Request::SaleKind { kind: kind.number() },
        Service::StandAlone => Request::NormalMode,
        Service::LoadKeys => return None,
    })
}

/// Nothing was asked.
fn not_in_batch(reports: Reports<'_>) -> Result<Ending, TerminalError> {
    keep(TerminalReport::VoidRefused { code: void::NOT_IN_BATCH.to_owned() }, reports)?;
    Ok(Ending::VoidRefused)
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
        self.is_mid_object()
    }

    fn describe(heard: &Heard) -> Described {
        Described::Line(match heard {
            Heard::Noise(byte) => return Described::Noise(*byte),
            Heard::Received(received) => format!("received {received}"),
            Heard::Broken(bytes, flaw) => format!("{bytes} bytes {flaw:?}"),
            Heard::Message(message) => mask_frame(&serde_json::to_vec(message).unwrap_or_default(), None),
        })
    }

    fn describe_sent(bytes: &[u8]) -> String {
        mask_frame(bytes.trim_ascii_end(), None)
    }
}

impl CardTerminal for Getnet {
    fn sale(
        &mut self,
        payment: &CardPayment,
        claim: &dyn Fn() -> bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        let opening = Opening::new(payment, claim, journal);
        if !AMOUNTS.contains(&payment.amount_minor) {
            return opening.refused();
        }
        self.listen()?;
        let baseline = self.last_number()?;
        opening.ready()?;
        if let Some(cancelled) = opening.claimed()? {
            return Ok(cancelled);
        }
        let key = SaleKey { baseline, ..SaleKey::of(payment) };
        let mut dialog = SaleDialog::new(key, &self.date_time(), self.line.timing());
        Ok(self.line.run(&mut dialog, opening.reports)?.ending)
    }

    fn enquire(
        &mut self,
        payment: &CardPayment,
        is_over: bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        self.listen()?;
        if matches!(payment.state, CardState::Voiding { .. }) {
            return self.enquire_void(payment, is_over, Some((payment.payment_id, journal)));
        }
        let (report, ending) = SaleKey::of(payment).judge_last(&self.last()?, is_over);
        if let Some(report) = report {
            keep(report, Some((payment.payment_id, journal)))?;
        }
        Ok(ending)
    }

    fn poll(&mut self) -> Result<(), TerminalError> {
        let dialog = AskDialog::poll(&self.date_time(), self.line.timing());
        self.ask(dialog).map(|_| ())
    }

    fn attend(&mut self, _: Option<&CardPayment>, _: &dyn Journal) -> Result<Ending, TerminalError> {
        self.listen().map(|()| Ending::NoAnswer)
    }

    fn void(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = Some((payment.payment_id, journal));
        self.listen()?;
        let sold = payment.state.approval().and_then(|approval| approval.operation_no.parse::<i64>().ok());
        // Numbers count up until the batch is closed: a last one that is lower is of another batch.
        let last = self.last_number()?;
        match (sold, last) {
            (Some(operation), Some(last)) if last >= operation => {
                self.undo(&Request::Refund { operation }, payment, last, reports)
            }
            (Some(_), Some(last)) => self.send_back(payment, last, reports),
            _ => not_in_batch(reports),
        }
    }

    fn give_back(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = Some((payment.payment_id, journal));
        self.listen()?;
        // Without its number a doubt about it could not be settled.
        match self.last_number()? {
            Some(last) => self.send_back(payment, last, reports),
            None => not_in_batch(reports),
        }
    }

    /// Its totals and its list are asked for by 104 and 105, and what it answers is published nowhere: it tells nothing
    /// that could be held against the till's books.
    fn batch(&mut self) -> Result<TerminalBatch, TerminalError> {
        self.poll().map(|()| TerminalBatch::default())
    }

    fn close(&mut self) -> Result<(), TerminalError> {
        self.listen()?;
        let dialog = AskDialog::close(&self.date_time(), self.line.timing());
        match self.ask(dialog)?.code {
            Some(0) => Ok(()),
            Some(_) => Err(TerminalError::Refused("it did not close its batch")),
            None => Err(TerminalError::Garbled),
        }
    }

    fn service(&mut self, service: Service) -> Result<(), TerminalError> {
        let request = request_for(service).ok_or(TerminalError::Unsupported("do that"))?;
        self.listen()?;
        let mut dialog = AskDialog::service(&request, &self.date_time(), self.line.timing());
        self.line.run(&mut dialog, None)?;
        let denied = |code: String, meaning| Err(TerminalError::Denied { code, meaning });
        match dialog.answer {
            None if dialog.is_refused => denied("received=false".to_owned(), "the question came broken"),
            // Silence, or a line that died with the question on it: it may have done it.
            None => Err(TerminalError::Unclear),
            Some(reply) => match (reply.function, reply.code) {
                (Some(0) | None, _) | (_, None) => Err(TerminalError::Unclear),
                (_, Some(0)) => Ok(()),
                (_, Some(code)) if NO_TRANSACTION.contains(&code) => denied(code.to_string(), "no such transaction"),
                (_, Some(code)) => denied(code.to_string(), "it will not"),
            },
        }
    }
}
