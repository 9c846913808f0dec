//! The terminal's side of Transbank.

use std::collections::VecDeque;

use shared::time::Timestamp;

use super::book::{Book, Brain, Charge, Deed, Desk, End, Plan, Reply, Told, moment};
use super::script::{Behaviour, Outcome, Script};
use crate::terminal::transbank::codes;
use crate::terminal::transbank::frame::{self, ACK, Flaw, Heard, NAK, Receiver};

/// Merchant and terminal in every reply.
const IDENTITY: &str = "597029414300|75001637";

pub(super) struct TransbankBrain {
    receiver: Receiver,
    desk: Desk,
    /// The sale under negotiation, while it is answered by NAK.
    refusing: Option<(String, Behaviour)>,
    rows: VecDeque<Vec<u8>>,
    /// A terminal of several merchants is asked with other commands.
    is_multicode: bool,
}

impl TransbankBrain {
    pub(super) fn new(script: Script) -> Self {
        Self {
            receiver: Receiver::default(),
            desk: Desk::new(script),
            refusing: None,
            rows: VecDeque::new(),
            is_multicode: false,
        }
    }

    fn asked(&mut self, fields: &[&str], now: u64, at: Timestamp) {
        let field = |index: usize| fields.get(index).copied().unwrap_or_default().trim();
        if field(0) == "0200" || field(0) == "0270" {
            self.desk.book.seen.push(format!("{:0>6}", field(2)));
        }
        // Busy with a customer: real terminals do not answer anything then. Nor does one that stands alone.
        if self.desk.is_busy() || self.desk.book.stands_alone {
            return;
        }
        self.rows.clear();
        self.desk.unacked = None;
        match (field(0), field(1)) {
            ("0100", _) => self.desk.then(now, Plan::Send(vec![ACK])),
            ("0260", "0") => {
                self.desk.book.print_sales();
                self.desk.then(now, Plan::Send(vec![ACK]));
            }
            ("0300", _) => {
                self.desk.book.stands_alone = true;
                self.desk.then(now, Plan::Send(vec![ACK]));
            }
            ("0200" | "0270", _) => {
                self.is_multicode = field(0) == "0270";
                // Padded with zeros or not, with or without the last separator: all shapes in use are understood.
                let (ticket, amount) = (format!("{:0>6}", field(2)), field(1).parse().unwrap_or(0));
                self.sale(ticket, amount, field(5) == "1", now, at);
            }
            ("0250" | "0280", _) => {
                let command = if field(0) == "0250" { "0260" } else { "0281" };
                let last = self.desk.book.memory.iter().rev().find(|charge| charge.amount > 0).cloned();
                let end = match &last {
                    Some(charge) => {
                        self.desk.book.paper.push(format!("VOUCHER {} {}", charge.operation, charge.amount));
                        sale_reply(command, charge, "")
                    }
                    None => format!("{command}|{}|{IDENTITY}|", codes::NOTHING_STORED),
                };
                self.answer(&end, now);
            }
            ("0260", _) => {
                self.rows = self.desk.book.memory.iter().map(|charge| frame::encode(&row(charge))).collect();
                let closing = frame::encode(&format!("0261|00|{IDENTITY}|||0||||||||||||"));
                // Newer firmware may close twice; libraries that expect once take the second for another answer.
                self.rows.push_back(closing);
                self.desk.then(now, Plan::Send(vec![ACK]));
                if let Some(first) = self.rows.pop_front() {
                    self.desk.then(now + self.desk.script.think_ms, Plan::Reply(Reply::plain(first)));
                }
            }
            ("0700", _) => {
                let memory = &self.desk.book.memory;
                let total: i64 = memory.iter().map(|charge| charge.amount).sum();
                let answer = format!("0710|00|{}|{total}|", memory.len());
                self.desk.book.print_totals();
                self.answer(&answer, now);
            }
            ("0500", _) => {
                self.desk.book.close();
                self.desk.script.closed();
                self.answer(&format!("0510|00|{IDENTITY}|"), now);
            }
            ("0800", _) => {
                self.desk.book.paper.push("LLAVES".to_owned());
                self.answer(&format!("0810|00|{IDENTITY}"), now);
            }
            ("1200", operation) => {
                let answer = self.refund(operation);
                let is_silent = self.desk.script.next_void_vanishes();
                self.desk.then(now, Plan::Send(vec![ACK]));
                if !is_silent {
                    let reply = Reply::plain(frame::encode(&answer));
                    self.desk.then(now + self.desk.script.think_ms, Plan::Reply(reply));
                }
            }
            _ => self.desk.then(now, Plan::Send(vec![NAK])),
        }
    }

    fn refund(&mut self, operation: &str) -> String {
        let is_meant = |charge: &&Charge| charge.operation.trim_start_matches('0') == operation.trim_start_matches('0');
        let found: Vec<Charge> = self.desk.book.memory.iter().filter(is_meant).cloned().collect();
        let code = match &found[..] {
            [sale] if sale.card_type == "DB" => "08",
            [sale] => {
                self.desk.book.enter(Charge { amount: -sale.amount, ..sale.clone() });
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
            _ => self.desk.script.next(),
        };
        let told = |outcome| Told { ticket: ticket.clone(), amount, outcome, code: String::new(), is_charged: false };
        if behaviour.naks > 0 {
            if behaviour.naks != u32::MAX {
                behaviour.naks -= 1;
            }
            self.desk.then(now, Plan::Send(vec![NAK]));
            if self.desk.book.seen.iter().filter(|seen| **seen == ticket).count() < 3 {
                self.refusing = Some((ticket, behaviour));
            } else {
                self.desk.then(now, Plan::Tell(told("refused")));
            }
            return;
        }
        if behaviour.outcome == Outcome::Silent {
            return self.desk.then(now, Plan::Tell(told("silent")));
        }
        if !behaviour.no_ack {
            self.desk.then(now, Plan::Send(vec![ACK]));
        }
        let mut due = now + self.desk.script.think_ms;
        for code in behaviour.progress.iter().filter(|_| wants_progress) {
            due += behaviour.pause_ms;
            self.desk.then(due, Plan::Send(frame::encode(&format!("0900|{code}|"))));
        }
        due += behaviour.pause_ms;
        let end = self.ended(&behaviour, &ticket, amount, at);
        drop(self.desk.end(&behaviour, due, at, end));
    }

    /// What the customer and the bank make of it.
    fn ended(&mut self, behaviour: &Behaviour, ticket: &str, amount: i64, at: Timestamp) -> End {
        let command = if self.is_multicode { "0271" } else { "0210" };
        let (ticket, said) = (ticket.to_owned(), behaviour.ticket.as_deref().unwrap_or(ticket).to_owned());
        let (mut data, charge, told) = if let Outcome::Decline { code } = &behaviour.outcome {
            let data = format!("{command}|{code}|{IDENTITY}|{said}|      |0|0||0461||CR|||||||0||");
            (data, None, Told { ticket, amount, outcome: "declined", code: code.clone(), is_charged: false })
        } else {
            let charge = self.desk.book.next_charge(behaviour, &ticket, amount, at);
            let voucher = "VOUCHER ".repeat(behaviour.voucher / 8);
            let data = sale_reply(command, &Charge { ticket: said, ..charge.clone() }, &voucher);
            let code = codes::APPROVED.to_owned();
            (data, Some(charge), Told { ticket, amount, outcome: "approved", code, is_charged: true })
        };
        if behaviour.is_short {
            let fields: Vec<&str> = data.split('|').take(12).collect();
            data = fields.join("|");
        }
        let bytes = frame::encode(&data);
        let mut broken = bytes.clone();
        if let Some(lrc) = broken.last_mut() {
            *lrc ^= 0x55;
        }
        End { told, charge, bytes, broken }
    }

    fn answer(&mut self, data: &str, now: u64) {
        self.desk.then(now, Plan::Send(vec![ACK]));
        self.desk.then(now + self.desk.script.think_ms, Plan::Reply(Reply::plain(frame::encode(data))));
    }
}

impl Brain for TransbankBrain {
    fn hear(&mut self, byte: u8, now: u64, at: Timestamp) -> Vec<Deed> {
        let mut deeds = Vec::new();
        match self.receiver.hear(byte) {
            Some(Heard::Ack) => {
                self.desk.unacked = None;
                if let Some(row) = self.rows.pop_front() {
                    self.desk.say(Reply::plain(row), now, &mut deeds);
                }
            }
            Some(Heard::Nak) => self.desk.say_again(now, &mut deeds),
            Some(Heard::Frame(data)) => {
                let text = String::from_utf8_lossy(&data).into_owned();
                self.asked(&text.split('|').collect::<Vec<_>>(), now, at);
                deeds.extend(self.desk.tick(now));
            }
            Some(Heard::Broken { flaw: Flaw::Restarted, .. } | Heard::Noise(_)) | None => {}
            Some(Heard::Broken { .. }) => deeds.push(Deed::Send(vec![NAK])),
        }
        deeds
    }

    fn tick(&mut self, now: u64) -> Vec<Deed> {
        self.desk.tick(now)
    }

    fn next_due(&self) -> Option<u64> {
        self.desk.next_due()
    }

    fn gap(&mut self) {
        self.receiver = Receiver::default();
    }

    fn unplugged(&mut self, _: u64) {
        self.receiver = Receiver::default();
    }

    fn book(&self) -> &Book {
        &self.desk.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.desk.book
    }
}

fn sale_reply(command: &str, charge: &Charge, voucher: &str) -> String {
    let Charge { ticket, amount, authorisation, operation, card_type, brand, account, .. } = charge;
    let moment = date_and_time(charge.at);
    format!(
        "{command}|00|{IDENTITY}|{ticket}|{authorisation}|{amount}|0||0461|{operation}|{card_type}||{account}|{brand}|{moment}|0|0|{voucher}|"
    )
}

fn row(charge: &Charge) -> String {
    let Charge { ticket, amount, authorisation, operation, card_type, brand, account, .. } = charge;
    let moment = date_and_time(charge.at);
    format!(
        "0261|00|{IDENTITY}|{ticket}|{authorisation}|{amount}|0461|{operation}|{card_type}||{account}|{brand}|{moment}|0|0|0|0"
    )
}

/// `DDMMYYYY|HHMMSS`
fn date_and_time(at: Timestamp) -> String {
    let [year, month, day, hour, minute, second] = moment(at);
    format!("{day:02}{month:02}{year:04}|{hour:02}{minute:02}{second:02}")
}
