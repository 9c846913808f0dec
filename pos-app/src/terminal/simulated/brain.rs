//! The terminal's side of the protocol, without a cable: bytes in, bytes and deeds out, and a memory of what was
//! really charged, whatever the till believes.

use std::collections::VecDeque;

use shared::time::{BusinessDate, Timestamp};

use super::script::{Behaviour, Outcome, Script};
use crate::terminal::transbank::codes;
use crate::terminal::transbank::frame::{self, ACK, Flaw, Heard, NAK, Receiver};

/// How long the terminal waits for the till's ACK before it says an end again, milliseconds.
const RESEND_MS: u64 = 10_000;
/// Merchant and terminal in every reply.
const IDENTITY: &str = "597029414300|75001637";

/// Money taken from a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The till's ticket.
    pub ticket: String,
    /// Whole pesos; negative for a refund.
    pub amount: i64,
    /// The bank's code.
    pub authorisation: String,
    /// The terminal's number.
    pub operation: String,
    card_type: &'static str,
    brand: &'static str,
    moment: String,
    account: String,
}

/// A sale as the simulator saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The till's ticket.
    pub ticket: String,
    /// Whole pesos.
    pub amount: i64,
    /// `approved`, `declined`, `refused` (NAK), `silent`.
    pub outcome: &'static str,
    /// The reply's code, if there was one.
    pub code: String,
    /// The customer has paid.
    pub is_charged: bool,
}

/// What the terminal does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Say this.
    Send(Vec<u8>),
    /// The cable comes out, and is back after so many milliseconds.
    Pull(u64),
    /// A sale is over.
    Tell(Told),
}

/// What is still to be done.
enum Plan {
    Send(Vec<u8>),
    /// Say this, and say it again until it is acknowledged.
    Reply(Reply),
    Charge(Charge),
    Pull(u64),
    Tell(Told),
}

#[derive(Clone)]
struct Reply {
    bytes: Vec<u8>,
    bad_lrc: u32,
    is_split: bool,
    again: u8,
}

pub(super) struct Brain {
    receiver: Receiver,
    script: Script,
    memory: Vec<Charge>,
    seen: Vec<String>,
    /// The sale under negotiation, while it is answered by NAK.
    refusing: Option<(String, Behaviour)>,
    agenda: VecDeque<(u64, Plan)>,
    unacked: Option<(u64, Reply)>,
    rows: VecDeque<Vec<u8>>,
    last_end: Option<Vec<u8>>,
    operations: u32,
}

impl Brain {
    pub(super) fn new(script: Script) -> Self {
        Self {
            receiver: Receiver::default(),
            script,
            memory: Vec::new(),
            seen: Vec::new(),
            refusing: None,
            agenda: VecDeque::new(),
            unacked: None,
            rows: VecDeque::new(),
            last_end: None,
            operations: 0,
        }
    }

    pub(super) fn memory(&self) -> &[Charge] {
        &self.memory
    }

    /// Tickets of every whole request for a sale, repeats included.
    pub(super) fn seen(&self) -> &[String] {
        &self.seen
    }

    /// A new cable: half a frame from the old one is worth nothing.
    pub(super) fn replugged(&mut self) {
        self.receiver = Receiver::default();
    }

    /// When something is to be done without being asked.
    pub(super) fn next_due(&self) -> Option<u64> {
        let resend = self.unacked.as_ref().map(|(at, _)| *at);
        [self.agenda.front().map(|(at, _)| *at), resend].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: u64) -> Vec<Deed> {
        let mut deeds = Vec::new();
        while self.agenda.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, plan)) = self.agenda.pop_front() else { break };
            match plan {
                Plan::Send(bytes) => deeds.push(Deed::Send(bytes)),
                Plan::Reply(reply) => self.say(reply, now, &mut deeds),
                Plan::Charge(charge) => self.memory.push(charge),
                Plan::Pull(replug_ms) => deeds.push(Deed::Pull(replug_ms)),
                Plan::Tell(told) => deeds.push(Deed::Tell(told)),
            }
        }
        if self.unacked.as_ref().is_some_and(|(at, _)| *at <= now) {
            self.say_again(now, &mut deeds);
        }
        deeds
    }

    /// Takes a byte from the till.
    pub(super) fn hear(&mut self, byte: u8, now: u64, at: Timestamp) -> Vec<Deed> {
        let mut deeds = Vec::new();
        match self.receiver.hear(byte) {
            Some(Heard::Ack) => {
                self.unacked = None;
                if let Some(row) = self.rows.pop_front() {
                    self.say(plain(row), now, &mut deeds);
                }
            }
            Some(Heard::Nak) => self.say_again(now, &mut deeds),
            Some(Heard::Frame(data)) => {
                let text = String::from_utf8_lossy(&data).into_owned();
                self.asked(&text.split('|').collect::<Vec<_>>(), now, at);
                deeds.extend(self.tick(now));
            }
            Some(Heard::Broken { flaw: Flaw::Restarted, .. } | Heard::Noise(_)) | None => {}
            Some(Heard::Broken { .. }) => deeds.push(Deed::Send(vec![NAK])),
        }
        deeds
    }

    fn say(&mut self, mut reply: Reply, now: u64, deeds: &mut Vec<Deed>) {
        let mut bytes = reply.bytes.clone();
        if reply.bad_lrc > 0 {
            reply.bad_lrc -= 1;
            if let Some(lrc) = bytes.last_mut() {
                *lrc ^= 0x55;
            }
        }
        if reply.is_split {
            deeds.extend(bytes.into_iter().map(|byte| Deed::Send(vec![byte])));
        } else {
            deeds.push(Deed::Send(bytes));
        }
        self.unacked = Some((now + RESEND_MS, reply));
    }

    fn say_again(&mut self, now: u64, deeds: &mut Vec<Deed>) {
        match self.unacked.take() {
            Some((_, reply)) if reply.again > 0 => {
                let again = reply.again - 1;
                self.say(Reply { again, ..reply }, now, deeds);
            }
            _ => {}
        }
    }

    fn asked(&mut self, fields: &[&str], now: u64, at: Timestamp) {
        let field = |index: usize| fields.get(index).copied().unwrap_or_default().trim();
        if field(0) == "0200" || field(0) == "0270" {
            self.seen.push(format!("{:0>6}", field(2)));
        }
        // Busy with a customer: real terminals do not answer anything then.
        if !self.agenda.is_empty() {
            return;
        }
        self.rows.clear();
        self.unacked = None;
        match (field(0), field(1)) {
            ("0100", _) | ("0260", "0") => self.then(now, Plan::Send(vec![ACK])),
            ("0200" | "0270", _) => {
                // Padded with zeros or not, with or without the last separator: all shapes in use are understood.
                let (ticket, amount) = (format!("{:0>6}", field(2)), field(1).parse().unwrap_or(0));
                self.sale(ticket, amount, field(5) == "1", now, at);
            }
            ("0250" | "0280", _) => {
                let end = match self.memory.last() {
                    Some(charge) => last_sale(charge),
                    None => format!("0260|{}|{IDENTITY}|", codes::NOTHING_STORED),
                };
                self.answer(&end, now);
            }
            ("0260", _) => {
                self.rows = self.memory.iter().map(|charge| frame::encode(&row(charge))).collect();
                let closing = frame::encode(&format!("0261|00|{IDENTITY}|||0||||||||||||"));
                // Newer firmware may close twice; libraries that expect once take the second for another answer.
                self.rows.push_back(closing);
                self.then(now, Plan::Send(vec![ACK]));
                if let Some(first) = self.rows.pop_front() {
                    self.then(now + self.script.think_ms, Plan::Reply(plain(first)));
                }
            }
            ("0700", _) => {
                let total: i64 = self.memory.iter().map(|charge| charge.amount).sum();
                self.answer(&format!("0710|00|{}|{total}|", self.memory.len()), now);
            }
            ("0500", _) => {
                self.memory.clear();
                self.answer(&format!("0510|00|{IDENTITY}|"), now);
            }
            ("0800", _) => self.answer(&format!("0810|00|{IDENTITY}"), now),
            ("1200", operation) => {
                let answer = self.refund(operation);
                self.answer(&answer, now);
            }
            _ => self.then(now, Plan::Send(vec![NAK])),
        }
    }

    fn refund(&mut self, operation: &str) -> String {
        let is_meant = |charge: &&Charge| charge.operation.trim_start_matches('0') == operation.trim_start_matches('0');
        let found: Vec<Charge> = self.memory.iter().filter(is_meant).cloned().collect();
        let code = match &found[..] {
            [sale] if sale.card_type == "DB" => "08",
            [sale] => {
                self.memory.push(Charge { amount: -sale.amount, ..sale.clone() });
                "00"
            }
            [] => "05",
            _ => "04",
        };
        let authorisation = found.first().map_or("", |sale| sale.authorisation.as_str());
        format!("1210|{code}|{IDENTITY}|{authorisation}|{operation}")
    }

    fn sale(&mut self, ticket: String, amount: i64, wants_progress: bool, now: u64, at: Timestamp) {
        let mut behaviour = match self.refusing.take() {
            Some((refused, behaviour)) if refused == ticket => behaviour,
            _ => self.script.next(),
        };
        if behaviour.naks > 0 {
            if behaviour.naks != u32::MAX {
                behaviour.naks -= 1;
            }
            self.then(now, Plan::Send(vec![NAK]));
            if self.seen.iter().filter(|seen| **seen == ticket).count() < 3 {
                self.refusing = Some((ticket, behaviour));
            } else {
                let told = Told { ticket, amount, outcome: "refused", code: String::new(), is_charged: false };
                self.then(now, Plan::Tell(told));
            }
            return;
        }
        if behaviour.outcome == Outcome::Silent {
            let told = Told { ticket, amount, outcome: "silent", code: String::new(), is_charged: false };
            return self.then(now, Plan::Tell(told));
        }
        if !behaviour.no_ack {
            self.then(now, Plan::Send(vec![ACK]));
        }
        let mut due = now + self.script.think_ms;
        for code in behaviour.progress.iter().filter(|_| wants_progress) {
            due += behaviour.pause_ms;
            self.then(due, Plan::Send(frame::encode(&format!("0900|{code}|"))));
        }
        due += behaviour.pause_ms;
        let (data, told) = self.end(&behaviour, ticket, amount, due, at);
        if behaviour.loses_reply {
            self.then(due, Plan::Pull(behaviour.replug_ms));
        }
        if let Some(stale) = self.last_end.clone().filter(|_| behaviour.repeats_stale) {
            self.then(due, Plan::Send(stale));
        }
        if behaviour.has_garbage {
            self.then(due, Plan::Send(vec![0x00, 0xFF, b'x', 0x1B, b'7']));
        }
        let bytes = frame::encode(&data);
        self.last_end = Some(bytes.clone());
        if !behaviour.loses_reply && !behaviour.vanishes {
            let reply = Reply { bad_lrc: behaviour.bad_lrc, is_split: behaviour.is_split, ..plain(bytes.clone()) };
            self.then(due, Plan::Reply(reply));
            if behaviour.is_doubled {
                self.then(due, Plan::Send(bytes));
            }
        }
        self.then(due, Plan::Tell(told));
    }

    /// What the customer and the bank make of it: planned to happen at `due`.
    fn end(&mut self, behaviour: &Behaviour, ticket: String, amount: i64, due: u64, at: Timestamp) -> (String, Told) {
        let mut data = if let Outcome::Decline { code } = &behaviour.outcome {
            format!("0210|{code}|{IDENTITY}|{ticket}|      |0|0||0461||CR|||||||0||")
        } else {
            self.operations += 1;
            let charge = Charge {
                ticket: ticket.clone(),
                amount: behaviour.amount.unwrap_or(amount),
                authorisation: format!("{:06}", 252_984 + self.operations),
                operation: format!("{:06}", self.operations),
                card_type: if behaviour.is_debit { "DB" } else { "CR" },
                brand: if behaviour.is_debit { "DB" } else { "VI" },
                moment: moment(at),
                account: behaviour.account.clone(),
            };
            let data = last_sale(&charge).replacen("0260", "0210", 1);
            self.then(due, Plan::Charge(charge));
            data
        };
        if behaviour.is_short {
            let fields: Vec<&str> = data.split('|').take(12).collect();
            data = fields.join("|");
        }
        let told = match &behaviour.outcome {
            Outcome::Decline { code } => {
                Told { ticket, amount, outcome: "declined", code: code.clone(), is_charged: false }
            }
            _ => Told { ticket, amount, outcome: "approved", code: codes::APPROVED.into(), is_charged: true },
        };
        (data, told)
    }

    fn answer(&mut self, data: &str, now: u64) {
        self.then(now, Plan::Send(vec![ACK]));
        self.then(now + self.script.think_ms, Plan::Reply(plain(frame::encode(data))));
    }

    fn then(&mut self, at: u64, plan: Plan) {
        self.agenda.push_back((at, plan));
    }
}

fn plain(bytes: Vec<u8>) -> Reply {
    Reply { bytes, bad_lrc: 0, is_split: false, again: 2 }
}

fn last_sale(charge: &Charge) -> String {
    let Charge { ticket, amount, authorisation, operation, card_type, brand, moment, account } = charge;
    format!(
        "0260|00|{IDENTITY}|{ticket}|{authorisation}|{amount}|0||0461|{operation}|{card_type}||{account}|{brand}|{moment}|0|0||"
    )
}

fn row(charge: &Charge) -> String {
    let Charge { ticket, amount, authorisation, operation, card_type, brand, moment, account } = charge;
    format!(
        "0261|00|{IDENTITY}|{ticket}|{authorisation}|{amount}|0461|{operation}|{card_type}||{account}|{brand}|{moment}|0|0|0|0"
    )
}

/// `DDMMYYYY|HHMMSS`; the simulator lives in UTC.
fn moment(at: Timestamp) -> String {
    let seconds = at.as_millis().div_euclid(1_000);
    let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
    let (year, month, day) = BusinessDate::from_days(days).ymd();
    let second = seconds.rem_euclid(86_400);
    format!("{day:02}{month:02}{year:04}|{:02}{:02}{:02}", second / 3_600, second / 60 % 60, second % 60)
}
