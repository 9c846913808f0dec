//! The terminal's side of ZVT, on a serial line or over TCP. It says one thing at a time and waits for the till's yes; a
//! payment whose promise was not answered with yes it undoes by itself.

use std::collections::VecDeque;

use shared::time::Timestamp;

use super::book::{Book, Brain, Charge, Deed, Told, moment};
use super::script::{Behaviour, Outcome, Script};
use crate::terminal::zvt::apdu::{Apdu, Reader, command};
use crate::terminal::zvt::bmp::{self, Fields, packed};
use crate::terminal::zvt::codes;
use crate::terminal::zvt::serial::{self, Heard};

/// How often a message is sent in all.
const SENDS: u8 = 3;
/// Not possible now.
const BUSY: u8 = 0x83;
/// Who the till is, it has not said.
const UNREGISTERED: u8 = 0x6B;
/// A payment cannot be undone.
const IRREVERSIBLE: u8 = 0xB5;
/// Euro, where the request says no currency.
const EURO: u16 = 978;

enum Ear {
    Serial(serial::Receiver),
    Tcp(Reader),
}

/// The next thing it does.
enum Step {
    /// Waits so many milliseconds for a customer.
    Wait(u64),
    /// Says it, and waits for the till's yes.
    Say(Said),
    /// Noise on the line.
    Noise,
    /// The yes has come: from here on the money is taken.
    Commit(Charge, Vec<u8>),
    Pull(u64),
    Tell(Told),
}

struct Said {
    apdu: Apdu,
    bad: u32,
    is_split: bool,
    cut: Option<(usize, u64)>,
}

impl Said {
    fn plain(command: u16, data: Vec<u8>) -> Self {
        Self { apdu: Apdu::new(command, data), bad: 0, is_split: false, cut: None }
    }
}

/// What was said and not answered yet.
struct Waiting {
    until: u64,
    frame: Vec<u8>,
    sent: u8,
}

pub(super) struct ZvtBrain {
    ear: Ear,
    script: Script,
    book: Book,
    steps: VecDeque<Step>,
    waiting: Option<Waiting>,
    not_before: u64,
    /// The sale under negotiation, while it is answered by NAK.
    refused: u32,
    receipt: i64,
    /// The status information of the last receipt.
    last: Option<Vec<u8>>,
    /// An outcome to tell should the sale under way be undone.
    undo: Option<Told>,
    currency: u16,
}

impl ZvtBrain {
    pub(super) fn new(script: Script, is_tcp: bool) -> Self {
        let ear = if is_tcp { Ear::Tcp(Reader::default()) } else { Ear::Serial(serial::Receiver::default()) };
        Self {
            ear,
            script,
            book: Book::default(),
            steps: VecDeque::new(),
            waiting: None,
            not_before: 0,
            refused: 0,
            receipt: 0,
            last: None,
            undo: None,
            currency: EURO,
        }
    }

    fn is_busy(&self) -> bool {
        !self.steps.is_empty() || self.waiting.is_some()
    }

    fn frame(&self, apdu: &Apdu) -> Vec<u8> {
        if matches!(self.ear, Ear::Serial(_)) { serial::encode(apdu) } else { apdu.encode() }
    }

    fn acknowledge(&self, deeds: &mut Vec<Deed>) {
        if matches!(self.ear, Ear::Serial(_)) {
            deeds.push(Deed::Send(vec![serial::ACK]));
        }
    }

    fn answer(&self, apdu: &Apdu, deeds: &mut Vec<Deed>) {
        deeds.push(Deed::Send(self.frame(apdu)));
    }

    /// The till's yes, or what else it says.
    fn heard(&mut self, apdu: &Apdu, now: u64, at: Timestamp, deeds: &mut Vec<Deed>) {
        if apdu.command == command::AUTHORISATION {
            self.book.seen.push(String::new());
            // The request itself came broken, or so the terminal says.
            if self.refused == 0 && !self.is_busy() {
                self.refused = self.script.peek().naks;
            }
            if self.refused > 0 && matches!(self.ear, Ear::Serial(_)) {
                return self.refuse(apdu, deeds);
            }
            if self.refused > 0 {
                self.refused = 0;
                drop(self.script.next());
                return self.answer(&Apdu::negative(BUSY), deeds);
            }
        }
        let keeps_quiet = apdu.command == command::AUTHORISATION && !self.is_busy() && {
            let behaviour = self.script.peek();
            behaviour.no_ack || behaviour.outcome == Outcome::Silent
        };
        if !keeps_quiet {
            self.acknowledge(deeds);
        }
        if apdu.is_positive() {
            if self.waiting.take().is_some() {
                self.go_on(now, deeds);
            }
            return;
        }
        if apdu.refusal().is_some() {
            self.undo_all(deeds);
            return;
        }
        if apdu.command == command::ABORT_BY_TILL && self.undo.is_some() && self.waiting.is_none() {
            self.answer(&Apdu::positive(), deeds);
            self.steps.clear();
            return self.refuse_payment(codes::ABORTED, now, deeds);
        }
        if self.is_busy() {
            return self.answer(&Apdu::negative(BUSY), deeds);
        }
        self.asked(apdu, at, deeds);
        self.go_on(now, deeds);
    }

    /// NAK, as often as the script says; after the third the till gives up.
    fn refuse(&mut self, apdu: &Apdu, deeds: &mut Vec<Deed>) {
        deeds.push(Deed::Send(vec![serial::NAK]));
        if self.refused != u32::MAX {
            self.refused -= 1;
        }
        let is_last = self.book.seen.len().is_multiple_of(usize::from(SENDS));
        if is_last || self.refused == 0 {
            let fields = Fields::read(&apdu.data);
            let amount = fields.number(bmp::AMOUNT).unwrap_or_default();
            if is_last {
                self.refused = 0;
                drop(self.script.next());
                deeds.push(Deed::Tell(told(amount, "refused", "")));
            } else {
                self.script.forgive_naks();
            }
        }
    }

    fn asked(&mut self, apdu: &Apdu, at: Timestamp, deeds: &mut Vec<Deed>) {
        let completion = |data: Vec<u8>| Step::Say(Said::plain(command::COMPLETION, data));
        let needs_nobody = matches!(apdu.command, command::REGISTRATION | command::STATUS_ENQUIRY | command::LOG_OFF);
        if self.book.stands_alone && !needs_nobody {
            return self.answer(&Apdu::negative(UNREGISTERED), deeds);
        }
        match apdu.command {
            command::LOG_OFF => {
                self.book.stands_alone = true;
                self.answer(&Apdu::positive(), deeds);
            }
            command::REGISTRATION => {
                self.book.stands_alone = false;
                if let [_, _, _, _, high, low, ..] = apdu.data[..] {
                    let digits = format!("{high:02x}{low:02x}");
                    self.currency = digits.parse().unwrap_or(EURO);
                }
                self.answer(&Apdu::positive(), deeds);
                let currency = packed(i64::from(self.currency), 2).unwrap_or_default();
                let data = [&[0x19, 0, 0x29, 0x75, 0, 0x16, 0x37, 0x49], &currency[..]].concat();
                self.steps.push_back(completion(data));
            }
            command::STATUS_ENQUIRY => {
                self.answer(&Apdu::positive(), deeds);
                self.steps.push_back(completion(vec![0]));
            }
            // Without a word on how, it prints; and the till is its printer.
            command::REPEAT_RECEIPT if apdu.data.len() == 3 => {
                let Some(charge) = self.book.charges.last() else {
                    return self.answer(&Apdu::negative(BUSY), deeds);
                };
                let line = format!("VOUCHER {} {}", charge.operation, charge.amount);
                self.book.paper.push(line.clone());
                self.answer(&Apdu::positive(), deeds);
                for line in ["WIEDERHOLUNG", &line] {
                    self.steps.push_back(Step::Say(print(line)));
                }
                self.steps.push_back(completion(Vec::new()));
            }
            command::REPEAT_RECEIPT => {
                self.answer(&Apdu::positive(), deeds);
                if let Some(last) = self.last.clone() {
                    self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, last)));
                }
                self.steps.push_back(completion(Vec::new()));
            }
            command::AUTHORISATION => self.pay(apdu, at, deeds),
            command::REVERSAL => self.reverse(apdu, at, deeds),
            command::REFUND => self.refund(apdu, at, deeds),
            command::TURNOVER_TOTALS => {
                self.answer(&Apdu::positive(), deeds);
                self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, turnover(&self.book))));
                self.steps.push_back(completion(Vec::new()));
            }
            command::END_OF_DAY => {
                self.answer(&Apdu::positive(), deeds);
                let data = turnover(&self.book);
                self.book.close();
                self.script.closed();
                self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, data)));
                self.steps.push_back(Step::Say(print("KASSENSCHNITT")));
                self.steps.push_back(completion(Vec::new()));
            }
            _ => self.answer(&Apdu::negative(BUSY), deeds),
        }
    }

    fn pay(&mut self, apdu: &Apdu, at: Timestamp, deeds: &mut Vec<Deed>) {
        let behaviour = self.script.next();
        let amount = Fields::read(&apdu.data).number(bmp::AMOUNT).unwrap_or_default();
        if behaviour.outcome == Outcome::Silent {
            deeds.push(Deed::Tell(told(amount, "silent", "")));
            return;
        }
        self.undo = Some(told(amount, "undone", ""));
        if behaviour.repeats_stale
            && let Some(last) = self.last.clone()
        {
            self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, last)));
        }
        self.answer(&Apdu::positive(), deeds);
        for code in &behaviour.progress {
            self.steps.push_back(Step::Wait(behaviour.pause_ms));
            let code = match code.as_str() {
                "78" | "84" => 0x0A,
                "79" | "81" => 0x01,
                "82" => 0x04,
                other => u8::from_str_radix(other, 16).unwrap_or(0x0E),
            };
            self.steps.push_back(Step::Say(Said::plain(command::INTERMEDIATE_STATUS, vec![code])));
        }
        self.steps.push_back(Step::Wait(behaviour.pause_ms + self.script.think_ms));
        if behaviour.has_garbage {
            self.steps.push_back(Step::Noise);
        }
        if let Outcome::Decline { code } = &behaviour.outcome {
            let code = u8::from_str_radix(code, 16).unwrap_or(codes::ABORTED);
            let said = Said::plain(command::STATUS_INFORMATION, vec![0x27, code]);
            self.steps.push_back(Step::Say(Said { bad: behaviour.bad_lrc, is_split: behaviour.is_split, ..said }));
            self.steps.push_back(Step::Tell(told(amount, "declined", &format!("{code:02X}"))));
            self.steps.push_back(Step::Say(Said::plain(command::ABORT, vec![code])));
            return;
        }
        self.promise(&behaviour, amount, at);
    }

    /// The customer has paid; the till is told, and what it says decides.
    fn promise(&mut self, behaviour: &Behaviour, amount: i64, at: Timestamp) {
        let charge = self.book.next_charge(behaviour, "", amount, at);
        let receipt = self.receipt % 9_999 + 1;
        let currency = behaviour.currency.unwrap_or(self.currency);
        let data = status(&charge, receipt, currency, behaviour);
        if behaviour.loses_reply || behaviour.is_late {
            self.steps.push_back(Step::Pull(behaviour.replug_ms));
        }
        let said = Said {
            apdu: Apdu::new(command::STATUS_INFORMATION, data.clone()),
            bad: behaviour.bad_lrc,
            is_split: behaviour.is_split,
            cut: behaviour.cut.map(|at| (at, behaviour.replug_ms)),
        };
        let again = behaviour.is_doubled.then(|| Said::plain(command::STATUS_INFORMATION, said.apdu.data.clone()));
        self.steps.push_back(Step::Say(said));
        self.steps.extend(again.map(Step::Say));
        for line in ["K U N D E N B E L E G", "GRACIAS"] {
            self.steps.push_back(Step::Say(print(line)));
        }
        if behaviour.voucher > 0 {
            let texts: Vec<u8> = (0..behaviour.voucher / 8).flat_map(|_| *b"\x07\x08VOUCHER ").collect();
            let inside = [&[0x25], &length(texts.len())[..], &texts].concat();
            let block = [&[bmp::TLV], &length(inside.len())[..], &inside].concat();
            self.steps.push_back(Step::Say(Said::plain(command::PRINT_BLOCK, block)));
        }
        self.steps.push_back(Step::Commit(charge, data));
        if !behaviour.vanishes {
            self.steps.push_back(Step::Say(Said::plain(command::COMPLETION, Vec::new())));
        }
        self.steps.push_back(Step::Tell(Told { is_charged: true, ..told(amount, "approved", "00") }));
        if let Some(amount) = behaviour.stand_alone {
            let charge = self.book.stand_alone(amount, at);
            let data = status(&charge, receipt % 9_999 + 1, self.currency, &Behaviour::new(Outcome::Approve));
            self.steps.push_back(Step::Commit(charge, data));
        }
    }

    fn reverse(&mut self, apdu: &Apdu, at: Timestamp, deeds: &mut Vec<Deed>) {
        // The password stands before the fields, without a name.
        let receipt = Fields::read(apdu.data.get(3..).unwrap_or_default()).number(bmp::RECEIPT).unwrap_or_default();
        let operation = format!("{receipt:06}");
        let found: Vec<Charge> =
            self.book.memory.iter().filter(|charge| charge.operation == operation).cloned().collect();
        self.answer(&Apdu::positive(), deeds);
        let code = match &found[..] {
            [_] => None,
            [] => Some(IRREVERSIBLE),
            _ => Some(codes::REVERSED),
        };
        if let Some(code) = code {
            self.steps.push_back(Step::Say(Said::plain(command::ABORT, vec![code])));
            return;
        }
        let plain = Behaviour::new(Outcome::Approve);
        let undone = Charge { operation, amount: -found[0].amount, at, ..found[0].clone() };
        let told_as = Charge { amount: found[0].amount, ..undone.clone() };
        let data = status(&told_as, self.receipt % 9_999 + 1, self.currency, &plain);
        self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, data.clone())));
        self.steps.push_back(Step::Commit(undone, data));
        if !self.script.next_void_vanishes() {
            self.steps.push_back(Step::Say(Said::plain(command::COMPLETION, Vec::new())));
        }
    }

    /// To whatever card is shown; nobody looks at what it paid.
    fn refund(&mut self, apdu: &Apdu, at: Timestamp, deeds: &mut Vec<Deed>) {
        let amount = Fields::read(apdu.data.get(3..).unwrap_or_default()).number(bmp::AMOUNT).unwrap_or_default();
        self.answer(&Apdu::positive(), deeds);
        let plain = Behaviour::new(Outcome::Approve);
        let charge = self.book.next_charge(&plain, "", amount, at);
        let receipt = self.receipt % 9_999 + 1;
        let data = status(&charge, receipt, self.currency, &plain);
        self.steps.push_back(Step::Say(Said::plain(command::INTERMEDIATE_STATUS, vec![0x0A])));
        self.steps.push_back(Step::Say(Said::plain(command::STATUS_INFORMATION, data.clone())));
        let back = Charge { amount: -amount, operation: format!("{receipt:06}"), ..charge };
        self.steps.push_back(Step::Commit(back, data));
        if !self.script.next_void_vanishes() {
            self.steps.push_back(Step::Say(Said::plain(command::COMPLETION, Vec::new())));
        }
    }

    fn refuse_payment(&mut self, code: u8, now: u64, deeds: &mut Vec<Deed>) {
        if let Some(told) = self.undo.take() {
            deeds.push(Deed::Tell(Told { outcome: "declined", code: format!("{code:02X}"), ..told }));
        }
        self.steps.push_back(Step::Say(Said::plain(command::ABORT, vec![code])));
        self.go_on(now, deeds);
    }

    /// Nobody answers, or with no: what is not committed is undone.
    fn undo_all(&mut self, deeds: &mut Vec<Deed>) {
        self.steps.clear();
        self.waiting = None;
        deeds.extend(self.undo.take().map(Deed::Tell));
    }

    fn go_on(&mut self, now: u64, deeds: &mut Vec<Deed>) {
        while self.waiting.is_none() && now >= self.not_before {
            match self.steps.pop_front() {
                None => return,
                Some(Step::Wait(ms)) => self.not_before = now + ms,
                // Over TCP there is no noise.
                Some(Step::Noise) if matches!(self.ear, Ear::Tcp(_)) => {}
                Some(Step::Noise) => deeds.push(Deed::Send(vec![0xFF, b'x', 0x1B, b'7'])),
                Some(Step::Pull(replug_ms)) => deeds.push(Deed::Pull(replug_ms)),
                Some(Step::Tell(told)) => {
                    self.undo = None;
                    deeds.push(Deed::Tell(told));
                }
                Some(Step::Commit(charge, status)) => self.commit(charge, status),
                Some(Step::Say(said)) => self.say(&said, now, deeds),
            }
        }
    }

    fn commit(&mut self, mut charge: Charge, status: Vec<u8>) {
        self.undo = None;
        self.receipt = self.receipt % 9_999 + 1;
        if charge.amount >= 0 {
            charge.operation = format!("{:06}", self.receipt);
        }
        self.last = Some(status);
        self.book.enter(charge);
    }

    fn say(&mut self, said: &Said, now: u64, deeds: &mut Vec<Deed>) {
        let frame = self.frame(&said.apdu);
        let mut bytes = frame.clone();
        if said.bad > 0
            && matches!(self.ear, Ear::Serial(_))
            && let Some(crc) = bytes.last_mut()
        {
            *crc ^= 0x55;
        }
        if let Some((at, replug_ms)) = said.cut {
            bytes.truncate(at);
            deeds.extend([Deed::Send(bytes), Deed::Pull(replug_ms)]);
        } else if said.is_split {
            deeds.extend(bytes.into_iter().map(|byte| Deed::Send(vec![byte])));
        } else {
            deeds.push(Deed::Send(bytes));
        }
        // A checksum that is wrong for good stays wrong however often it is said again.
        let frame = if said.bad > u32::from(SENDS) { [&frame[..frame.len() - 1], &[0x55]].concat() } else { frame };
        self.waiting = Some(Waiting { until: now + self.script.again_ms, frame, sent: 1 });
    }

    fn say_again(&mut self, now: u64, deeds: &mut Vec<Deed>) {
        let again_ms = self.script.again_ms;
        // Over TCP nothing is lost, so nothing is said again.
        let is_framed = matches!(self.ear, Ear::Serial(_));
        match &mut self.waiting {
            Some(waiting) if is_framed && waiting.sent < SENDS => {
                waiting.sent += 1;
                waiting.until = now + again_ms;
                deeds.push(Deed::Send(waiting.frame.clone()));
            }
            Some(_) => self.undo_all(deeds),
            None => {}
        }
    }
}

impl Brain for ZvtBrain {
    fn hear(&mut self, byte: u8, now: u64, at: Timestamp) -> Vec<Deed> {
        let mut deeds = Vec::new();
        let heard = match &mut self.ear {
            Ear::Serial(receiver) => receiver.hear(byte),
            Ear::Tcp(reader) => reader.hear(byte).map(Heard::Apdu),
        };
        match heard {
            Some(Heard::Apdu(apdu)) => self.heard(&apdu, now, at, &mut deeds),
            Some(Heard::Nak) => self.say_again(now, &mut deeds),
            Some(Heard::Broken(_, serial::Flaw::Restarted) | Heard::Ack | Heard::Noise(_)) | None => {}
            Some(Heard::Broken(..)) => deeds.push(Deed::Send(vec![serial::NAK])),
        }
        deeds
    }

    fn tick(&mut self, now: u64) -> Vec<Deed> {
        let mut deeds = Vec::new();
        if self.waiting.as_ref().is_some_and(|waiting| waiting.until <= now) {
            self.say_again(now, &mut deeds);
        }
        self.go_on(now, &mut deeds);
        deeds
    }

    fn next_due(&self) -> Option<u64> {
        let going_on = (self.waiting.is_none() && !self.steps.is_empty()).then_some(self.not_before);
        self.waiting.as_ref().map(|waiting| waiting.until).into_iter().chain(going_on).min()
    }

    fn gap(&mut self) {
        match &mut self.ear {
            Ear::Serial(receiver) => *receiver = serial::Receiver::default(),
            Ear::Tcp(reader) => *reader = Reader::default(),
        }
    }

    fn unplugged(&mut self, _: u64) {
        match &mut self.ear {
            Ear::Serial(receiver) => *receiver = serial::Receiver::default(),
            // A connection that ends ends what was said on it.
            Ear::Tcp(reader) => {
                *reader = Reader::default();
                if let Some(waiting) = &mut self.waiting {
                    waiting.sent = SENDS;
                    waiting.until = 0;
                }
            }
        }
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }
}

fn told(amount: i64, outcome: &'static str, code: &str) -> Told {
    Told { ticket: String::new(), amount, outcome, code: code.to_owned(), is_charged: false }
}

fn print(line: &str) -> Said {
    Said::plain(command::PRINT_LINE, [&[0x00], line.as_bytes()].concat())
}

/// What the open batch comes to. All cards are of the last kind, the one for the rest; what was undone is not counted.
fn turnover(book: &Book) -> Vec<u8> {
    let total: i64 = book.memory.iter().map(|charge| charge.amount).sum();
    let taken = book.memory.iter().filter(|charge| charge.amount >= 0).count();
    let count = taken.saturating_sub(book.memory.len() - taken);
    let number = |number: i64, width| packed(number.max(0), width).unwrap_or(vec![0; width]);
    let last = book.memory.iter().filter_map(|charge| charge.operation.parse().ok()).max().unwrap_or(0);
    let kinds = [vec![0; 6 * 7], vec![u8::try_from(count).unwrap_or(u8::MAX)], number(total, 6)].concat();
    let data = [number(i64::from(last > 0), 2), number(last, 2), kinds].concat();
    let counted = [bmp::TURNOVER, 0xF0, 0xF5, 0xF3].into_iter().chain(data);
    [0x27, 0, bmp::AMOUNT].into_iter().chain(number(total, 6)).chain(counted).collect()
}

/// A length of a tagged value.
fn length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(length @ 0..=0x7F) => vec![length],
        _ => [vec![0x82], u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes().to_vec()].concat(),
    }
}

/// A status information, with what a terminal says in it.
fn status(charge: &Charge, receipt: i64, currency: u16, behaviour: &Behaviour) -> Vec<u8> {
    let field = |name: u8, number: i64, width| [vec![name], packed(number, width).unwrap_or(vec![0; width])].concat();
    let [_, month, day, hour, minute, second] = moment(charge.at);
    let mut data = vec![bmp::RESULT, 0];
    data.extend(field(bmp::AMOUNT, charge.amount, 6));
    data.extend(field(bmp::TRACE, receipt, 3));
    data.extend(field(bmp::TIME, hour * 10_000 + minute * 100 + second, 3));
    data.extend(field(bmp::DATE, month * 100 + day, 2));
    data.extend([bmp::CARD_NUMBER, 0xF0, 0xF8, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0x04, 0x61]);
    if !behaviour.is_short {
        data.extend([bmp::TERMINAL, 0x75, 0x00, 0x16, 0x37]);
        let authorisation = [vec![bmp::AUTHORISATION], charge.authorisation.as_bytes().to_vec(), vec![b' '; 2]];
        data.extend(authorisation.concat());
    }
    data.extend(field(bmp::CURRENCY, i64::from(currency), 2));
    data.extend(field(bmp::RECEIPT, receipt, 2));
    let name: &[u8] = if behaviour.is_foreign { b"V\xCDSA\0" } else { b"VISA\0" };
    data.extend([&[bmp::CARD_NAME, 0xF0, 0xF5], name].concat());
    data
}
