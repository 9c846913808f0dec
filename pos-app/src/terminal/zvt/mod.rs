//! ZVT, the till interface of German terminals, over a serial line or TCP: what they are asked, and in which order.
//!
//! A terminal does not say the till's reference again. So before each payment it is asked for its last receipt, and a
//! payment is found again by the receipt that follows. What it would print comes to the till line by line.
//!
//! Commands spoken: 05 01, 06 00, 06 01, 06 02, 06 10, 06 20, 06 30, 06 31, 06 50,
//! 06 B0; 04 0F, 04 FF, 06 0F, 06 1E, 06 D1 and
//! 06 D3 are heard.

pub mod apdu;
pub mod ask;
pub mod bmp;
pub mod codes;
pub mod link;
pub mod message;
pub mod sale;
pub mod serial;
pub mod tlv;
pub mod void;

use shared::tender::{CardPayment, CardState, TerminalBatch, TerminalReport};

use self::ask::{Answer, AskDialog, ListenDialog};
use self::link::Link;
use self::message::{Account, StatusInformation, number};
use self::sale::SaleDialog;
use self::serial::{Flaw, Heard};
use self::void::VoidDialog;
use super::conversation::{Conversation, Described, Ear, Ran, Reports, keep};
use super::dialog::Dialog;
use super::opening::Opening;
use super::service::Service;
use super::{CardTerminal, Ending, Journal, TerminalError};

/// What the terminals accept, minor units.
pub const AMOUNTS: std::ops::RangeInclusive<i64> = 1..=999_999_999_999;
/// Our own word, not the terminal's: it answered, and its last receipt proves that no such payment was taken.
pub const NOT_STORED: &str = "not_stored";

/// How messages travel.
pub trait Carrier: Ear<Heard = Heard> {
    /// They are framed and acknowledged.
    const IS_FRAMED: bool;
}

/// A terminal on an open line.
pub struct Zvt<E> {
    line: Conversation<E>,
    account: Account,
    is_registered: bool,
    /// Handed over to stand alone: until the next payment nothing takes it back.
    is_handed_over: bool,
}

impl<E: Carrier> Zvt<E> {
    /// Takes an open line. `account` says who the till is to the terminal.
    pub fn new(line: Conversation<E>, account: Account) -> Self {
        Self { line, account, is_registered: false, is_handed_over: false }
    }

    fn run(&mut self, dialog: &mut dyn Dialog<Heard>, reports: Reports<'_>) -> Result<Ran, TerminalError> {
        if E::IS_FRAMED {
            let mut link = Link::new(dialog, self.line.timing().link_ack_ms);
            self.line.run(&mut link, reports)
        } else {
            self.line.run(dialog, reports)
        }
    }

    fn ask(&mut self, request: apdu::Apdu) -> Result<AskDialog, TerminalError> {
        let mut dialog = AskDialog::new(request, self.line.timing());
        let ran = self.run(&mut dialog, None)?;
        match (ran.ending, ran.line_error) {
            (Ending::Answered, _) => Ok(dialog),
            (_, Some(source)) => Err(self.line.port_error(source)),
            _ => Err(TerminalError::Silent),
        }
    }

    /// Whether one is there, asked without a registration.
    pub fn is_there(&mut self) -> Result<(), TerminalError> {
        self.ask(self.account.status_enquiry()).map(|_| ())
    }

    /// Who we are, once for each line that was opened.
    fn register(&mut self) -> Result<(), TerminalError> {
        if self.is_registered {
            return Ok(());
        }
        match self.ask(self.account.registration())?.answer {
            Answer::Done => {
                (self.is_registered, self.is_handed_over) = (true, false);
                Ok(())
            }
            Answer::Refused(code) => Err(TerminalError::Refused(codes::meaning(code))),
            Answer::None | Answer::Reversing => Err(TerminalError::Silent),
        }
    }

    fn listen(&mut self, is_doubtful: bool) -> Result<(), TerminalError> {
        let ran = self.run(&mut ListenDialog::new(0, is_doubtful), None)?;
        ran.line_error.map_or(Ok(()), |source| Err(self.line.port_error(source)))
    }
}

/// The receipt before the first.
const NO_RECEIPT: &str = "0000";

/// The receipt that follows.
fn after(receipt: &str) -> Option<String> {
    let next = receipt.parse::<i64>().ok()? + 1;
    Some(number(if next > 9_999 { 1 } else { next }))
}

/// What the terminal's last receipt says of a payment in doubt; `None` when it has no receipt at all. `is_over`: the
/// customer cannot still be at the terminal.
pub fn judge(
    payment: &CardPayment,
    last: Option<&StatusInformation>,
    currency: u16,
    is_over: bool,
) -> (Option<TerminalReport>, Ending) {
    let receipt = last.map_or_else(|| Some(NO_RECEIPT.to_owned()), |last| last.receipt.map(number));
    // No receipt's number, so no telling which transaction it speaks of.
    let Some(receipt) = receipt else { return (None, Ending::NoAnswer) };
    if payment.baseline.as_ref() == Some(&receipt) {
        let none = TerminalReport::Declined { code: NOT_STORED.into() };
        return if is_over { (Some(none), Ending::Declined) } else { (None, Ending::NotStoredYet) };
    }
    // The next one, or the one that was promised. Any further, and a sale of somebody else's stands between.
    let is_next = payment.baseline.as_deref().and_then(after).as_ref() == Some(&receipt);
    let is_promised = payment.promised.as_ref().is_some_and(|promised| promised.operation_no == receipt);
    let Some(last) = last.filter(|_| is_next || is_promised) else { return (None, Ending::Mismatch) };
    match last.refusal() {
        Some(code) => (Some(TerminalReport::Declined { code }), Ending::Declined),
        None if last.amount == Some(payment.amount_minor) && last.currency.is_none_or(|said| said == currency) => {
            (Some(TerminalReport::Approved { approval: last.approval.clone() }), Ending::Approved)
        }
        None => (None, Ending::Mismatch),
    }
}

/// The same of a void in doubt. `before` is the last receipt before it was asked for, where that is still known.
pub fn judge_void(
    payment: &CardPayment,
    last: &StatusInformation,
    before: Option<&String>,
    is_over: bool,
) -> (Option<TerminalReport>, Ending) {
    let receipt = last.receipt.map(number);
    let sold = payment.state.approval().map(|approval| &approval.operation_no);
    // The payment itself is still the last thing that was done, or what was last before the void still is.
    if receipt.is_some() && (receipt.as_ref() == before || (before.is_none() && receipt.as_ref() == sold)) {
        let stands = TerminalReport::VoidRefused { code: NOT_STORED.into() };
        return if is_over { (Some(stands), Ending::VoidRefused) } else { (None, Ending::NotStoredYet) };
    }
    let is_next = before.and_then(|before| after(before)).is_some_and(|next| receipt == Some(next));
    match last.refusal() {
        None if is_next && last.amount == Some(payment.amount_minor) => (Some(TerminalReport::Voided), Ending::Voided),
        Some(code) if is_next => (Some(TerminalReport::VoidRefused { code }), Ending::VoidRefused),
        _ => (None, Ending::Mismatch),
    }
}

impl<E: Carrier> Zvt<E> {
    /// Gives money back to the card that paid, which the customer has to show. `last` is the last receipt.
    fn refund(
        &mut self,
        payment: &CardPayment,
        last: Option<String>,
        reports: Reports<'_>,
    ) -> Result<Ending, TerminalError> {
        let card = payment.state.approval().map(|approval| approval.last4.clone()).unwrap_or_default();
        let amount = payment.amount_minor;
        // Without its number a doubt about it could not be settled.
        let dialog = last.and_then(|last| VoidDialog::refund(&self.account, amount, &card, last, self.line.timing()));
        let Some(mut dialog) = dialog else { return not_in_batch(reports) };
        Ok(self.run(&mut dialog, reports)?.ending)
    }

    /// Its last receipt's number, that before the first when it has none, and `None` when it does not say.
    fn last_receipt(&mut self) -> Result<Option<String>, TerminalError> {
        Ok(self.last()?.map_or_else(|| Some(NO_RECEIPT.to_owned()), |last| last.receipt.map(number)))
    }

    /// The last receipt; `None` when the terminal has none yet.
    ///
    /// Errors: also when it will not say.
    fn last(&mut self) -> Result<Option<StatusInformation>, TerminalError> {
        let dialog = self.ask(self.account.repeat_receipt())?;
        match dialog.answer {
            Answer::Done => Ok(dialog.told),
            Answer::Reversing => Err(TerminalError::Refused("it is undoing a payment")),
            Answer::Refused(code) => Err(TerminalError::Refused(codes::meaning(code))),
            Answer::None => Err(TerminalError::Silent),
        }
    }
}

/// Nothing was asked.
fn not_in_batch(reports: Reports<'_>) -> Result<Ending, TerminalError> {
    keep(TerminalReport::VoidRefused { code: void::NOT_IN_BATCH.to_owned() }, reports)?;
    Ok(Ending::VoidRefused)
}

impl<E: Carrier> CardTerminal for Zvt<E> {
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
        self.listen(false)?;
        self.register()?;
        // Without that number a doubt could only be settled by a person; some terminals never tell it.
        let baseline = match self.last() {
            Ok(last) => last.map_or_else(|| Some(NO_RECEIPT.to_owned()), |last| last.receipt.map(number)),
            Err(TerminalError::Refused(why)) => {
                tracing::warn!(why, "the terminal does not say its last receipt");
                None
            }
            Err(error) => return Err(error),
        };
        opening.ready()?;
        if let Some(cancelled) = opening.claimed()? {
            return Ok(cancelled);
        }
        let dialog = SaleDialog::new(&self.account, payment.amount_minor, baseline, self.line.timing());
        let Some(mut dialog) = dialog else { return opening.unaskable() };
        Ok(self.run(&mut dialog, opening.reports)?.ending)
    }

    fn enquire(
        &mut self,
        payment: &CardPayment,
        is_over: bool,
        journal: &dyn Journal,
    ) -> Result<Ending, TerminalError> {
        self.listen(true)?;
        self.register()?;
        let last = match self.last() {
            // Busy, with the customer or with undoing: ask again later.
            Err(TerminalError::Refused(_)) => return Ok(Ending::NoAnswer),
            last => last?,
        };
        let (report, ending) = if let CardState::Voiding { before, .. } = &payment.state {
            match &last {
                Some(last) => judge_void(payment, last, before.as_ref(), is_over),
                // There was none before it either.
                None if before.as_deref() == Some(NO_RECEIPT) && !is_over => (None, Ending::NotStoredYet),
                None if before.as_deref() == Some(NO_RECEIPT) => {
                    (Some(TerminalReport::VoidRefused { code: NOT_STORED.into() }), Ending::VoidRefused)
                }
                None => (None, Ending::Mismatch),
            }
        } else {
            judge(payment, last.as_ref(), self.account.currency, is_over)
        };
        if let Some(report) = report {
            keep(report, Some((payment.payment_id, journal)))?;
        }
        Ok(ending)
    }

    fn poll(&mut self) -> Result<(), TerminalError> {
        if !self.is_handed_over {
            self.register()?;
        }
        self.ask(self.account.status_enquiry()).map(|_| ())
    }

    fn attend(&mut self, doubt: Option<&CardPayment>, _: &dyn Journal) -> Result<Ending, TerminalError> {
        self.listen(doubt.is_some()).map(|()| Ending::NoAnswer)
    }

    fn void(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        let reports = Some((payment.payment_id, journal));
        self.listen(false)?;
        self.register()?;
        let last = self.last_receipt()?;
        let sold = payment.state.approval().map(|approval| approval.operation_no.clone()).unwrap_or_default();
        // Receipts count up until the batch is closed: a last one that is lower is of another batch.
        if last.as_ref().is_some_and(|last| *last < sold) {
            return self.refund(payment, last, reports);
        }
        let amount = payment.amount_minor;
        let dialog = last.and_then(|last| VoidDialog::new(&self.account, &sold, amount, last, self.line.timing()));
        let Some(mut dialog) = dialog else { return not_in_batch(reports) };
        let ending = self.run(&mut dialog, reports)?.ending;
        // It says that the payment stands for good: what is left is to give it back to the card.
        let stands = dialog.refusal == Some(format!("{:02X}", codes::IRREVERSIBLE));
        if ending == Ending::VoidRefused && stands { self.give_back(payment, journal) } else { Ok(ending) }
    }

    fn give_back(&mut self, payment: &CardPayment, journal: &dyn Journal) -> Result<Ending, TerminalError> {
        self.listen(false)?;
        self.register()?;
        let last = self.last_receipt()?;
        self.refund(payment, last, Some((payment.payment_id, journal)))
    }

    /// Its sums by kind of card, and no list: the protocol has none.
    fn batch(&mut self) -> Result<TerminalBatch, TerminalError> {
        self.listen(false)?;
        self.register()?;
        let dialog = self.ask(self.account.turnover_totals())?;
        match dialog.answer {
            Answer::Done => Ok(TerminalBatch { totals: dialog.turnover, rows: None }),
            Answer::Reversing => Err(TerminalError::Refused("it is undoing a payment")),
            Answer::Refused(code) => Err(TerminalError::Refused(codes::meaning(code))),
            Answer::None => Err(TerminalError::Silent),
        }
    }

    fn close(&mut self) -> Result<(), TerminalError> {
        self.listen(false)?;
        self.register()?;
        match self.ask(self.account.end_of_day())?.answer {
            Answer::Done => Ok(()),
            Answer::Refused(code) => Err(TerminalError::Refused(codes::meaning(code))),
            Answer::None | Answer::Reversing => Err(TerminalError::Silent),
        }
    }

    fn service(&mut self, service: Service) -> Result<(), TerminalError> {
        let request = match service {
            Service::LastVoucher => self.account.print_receipt(),
            Service::StandAlone => apdu::Apdu::new(apdu::command::LOG_OFF, Vec::new()),
            _ => return Err(TerminalError::Unsupported("do that")),
        };
        self.listen(false)?;
        if service == Service::LastVoucher {
            self.register()?;
        }
        let asked = self.ask(request).map_err(|error| match error {
            TerminalError::Silent | TerminalError::Port { .. } => TerminalError::Unclear,
            error => error,
        })?;
        match asked.answer {
            Answer::Done => {}
            Answer::Refused(code) => {
                return Err(TerminalError::Denied { code: format!("{code:02X}"), meaning: codes::meaning(code) });
            }
            Answer::None | Answer::Reversing => return Err(TerminalError::Unclear),
        }
        if service == Service::StandAlone {
            (self.is_registered, self.is_handed_over) = (false, true);
        }
        Ok(())
    }
}

impl Carrier for serial::Receiver {
    const IS_FRAMED: bool = true;
}

impl Ear for serial::Receiver {
    type Heard = Heard;

    fn hear(&mut self, byte: u8) -> Option<Heard> {
        serial::Receiver::hear(self, byte)
    }

    fn gap(&mut self) -> Option<Heard> {
        serial::Receiver::gap(self)
    }

    fn is_mid_frame(&self) -> bool {
        serial::Receiver::is_mid_frame(self)
    }

    fn describe(heard: &Heard) -> Described {
        describe(heard)
    }

    fn describe_sent(bytes: &[u8]) -> String {
        match bytes {
            [serial::ACK] => "<ACK>".to_owned(),
            [serial::NAK] => "<NAK>".to_owned(),
            _ => {
                let mut receiver = serial::Receiver::default();
                let heard = bytes.iter().find_map(|byte| receiver.hear(*byte));
                heard.map_or_else(|| format!("{} bytes", bytes.len()), |heard| words(&heard))
            }
        }
    }
}

impl Carrier for apdu::Reader {
    const IS_FRAMED: bool = false;
}

impl Ear for apdu::Reader {
    type Heard = Heard;

    fn hear(&mut self, byte: u8) -> Option<Heard> {
        apdu::Reader::hear(self, byte).map(Heard::Apdu)
    }

    fn gap(&mut self) -> Option<Heard> {
        self.is_mid_message().then(|| Heard::Broken(self.give_up(), Flaw::Gap))
    }

    fn is_mid_frame(&self) -> bool {
        self.is_mid_message()
    }

    fn describe(heard: &Heard) -> Described {
        describe(heard)
    }

    fn describe_sent(bytes: &[u8]) -> String {
        apdu::Apdu::decode(bytes).map_or_else(|| format!("{} bytes", bytes.len()), |apdu| words(&Heard::Apdu(apdu)))
    }
}

fn describe(heard: &Heard) -> Described {
    match heard {
        Heard::Noise(byte) => Described::Noise(*byte),
        heard => Described::Line(words(heard)),
    }
}

/// For the transcript: which message, and of its data only what cannot be a card's number.
fn words(heard: &Heard) -> String {
    match heard {
        Heard::Ack => "<ACK>".to_owned(),
        Heard::Nak => "<NAK>".to_owned(),
        Heard::Noise(_) => String::new(),
        Heard::Broken(bytes, flaw) => format!("{bytes} bytes {flaw:?}"),
        Heard::Apdu(apdu) => {
            let data = match apdu.command {
                // Neither requests nor single bytes hold a card's number.
                command if command >> 8 == 0x06 && apdu.data.len() <= 2 => hex(&apdu.data),
                apdu::command::INTERMEDIATE_STATUS => hex(apdu.data.get(..2).unwrap_or(&apdu.data)),
                apdu::command::STATUS_INFORMATION => {
                    let StatusInformation { result, amount, receipt, approval, .. } =
                        StatusInformation::read(&apdu.data);
                    format!("result {result:02x?} amount {amount:?} receipt {receipt:?} card *{}", approval.last4)
                }
                _ => format!("{} bytes", apdu.data.len()),
            };
            format!("{:04x} {data}", apdu.command)
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::ids::{PaymentId, SaleId};
    use shared::tender::CardApproval;
    use shared::time::Timestamp;
    use uuid::Uuid;

    fn payment(baseline: Option<&str>, promised: Option<&str>) -> CardPayment {
        let (id, sale) = (PaymentId::from_uuid(Uuid::nil()), SaleId::from_uuid(Uuid::nil()));
        let new = CardPayment::new(id, sale, 1_990, "000001".into(), Timestamp::from_millis(0));
        let promised = promised.map(|receipt| CardApproval { operation_no: receipt.into(), ..nothing() });
        CardPayment { baseline: baseline.map(str::to_owned), promised, state: CardState::Uncertain, ..new }
    }

    fn nothing() -> CardApproval {
        CardApproval {
            authorisation_code: String::new(),
            operation_no: String::new(),
            last4: String::new(),
            brand: String::new(),
            card_type: String::new(),
        }
    }

    fn last(receipt: i64, result: u8, amount: i64) -> StatusInformation {
        StatusInformation {
            result: Some(result),
            host_result: None,
            amount: Some(amount),
            currency: None,
            receipt: Some(receipt),
            approval: CardApproval { operation_no: number(receipt), ..nothing() },
        }
    }

    #[test]
    fn the_next_receipt_with_our_amount_is_ours() {
        let ending = |baseline, promised, last: Option<StatusInformation>, is_over| {
            judge(&payment(baseline, promised), last.as_ref(), 978, is_over).1
        };
        assert_eq!(ending(Some("0015"), None, Some(last(16, 0, 1_990)), false), Ending::Approved);
        assert_eq!(ending(Some("9999"), None, Some(last(1, 0, 1_990)), false), Ending::Approved, "they begin anew");
        assert_eq!(ending(Some("0000"), None, Some(last(1, 0, 1_990)), false), Ending::Approved, "the first of all");
        assert_eq!(ending(Some("0015"), None, Some(last(16, 0x6C, 0)), false), Ending::Declined, "it undid it");
        assert_eq!(ending(Some("0015"), None, Some(last(16, 0, 1_909)), true), Ending::Mismatch, "another amount");
        assert_eq!(ending(Some("0015"), None, Some(last(17, 0, 1_990)), true), Ending::Mismatch, "somebody else's?");
        assert_eq!(ending(None, None, Some(last(16, 0, 1_990)), true), Ending::Mismatch, "no telling whose");
        assert_eq!(ending(None, Some("0016"), Some(last(16, 0, 1_990)), true), Ending::Approved, "as promised");
        let pounds = StatusInformation { currency: Some(826), ..last(16, 0, 1_990) };
        assert_eq!(ending(Some("0015"), None, Some(pounds), true), Ending::Mismatch, "another currency");
        assert_eq!(ending(Some("0015"), None, None, true), Ending::Mismatch, "its memory is gone");
    }

    #[test]
    fn the_receipt_before_proves_in_time_that_nothing_was_taken() {
        let in_doubt = payment(Some("0015"), None);
        assert_eq!(judge(&in_doubt, Some(&last(15, 0, 1_990)), 978, false), (None, Ending::NotStoredYet));
        let none = TerminalReport::Declined { code: NOT_STORED.into() };
        assert_eq!(judge(&in_doubt, Some(&last(15, 0, 1_990)), 978, true), (Some(none), Ending::Declined));
        assert_eq!(judge(&payment(Some("0000"), None), None, 978, true).1, Ending::Declined, "still no receipt");
    }

    #[test]
    fn a_void_in_doubt_is_judged_by_what_came_after_it() {
        let approval = CardApproval { operation_no: "0016".into(), ..nothing() };
        let voiding =
            CardPayment { state: CardState::Voiding { approval, before: None }, ..payment(Some("0015"), None) };
        let before = Some("0018".to_owned());
        let ending = |last: StatusInformation, before: Option<&String>| judge_void(&voiding, &last, before, true).1;
        assert_eq!(ending(last(18, 0, 5_000), before.as_ref()), Ending::VoidRefused, "nothing since");
        assert_eq!(ending(last(19, 0, 1_990), before.as_ref()), Ending::Voided);
        assert_eq!(ending(last(19, 0xB5, 0), before.as_ref()), Ending::VoidRefused);
        assert_eq!(ending(last(20, 0, 1_990), before.as_ref()), Ending::Mismatch);
        assert_eq!(ending(last(16, 0, 1_990), None), Ending::VoidRefused, "the payment is still the last thing done");
        assert_eq!(ending(last(17, 0, 1_990), None), Ending::Mismatch, "a void, or a sale of the same amount");
    }
}
