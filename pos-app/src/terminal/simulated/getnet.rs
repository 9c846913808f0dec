//! The terminal's side of Getnet.

use serde_json::{Value, json};
use shared::time::Timestamp;

use super::book::{Book, Brain, Charge, Deed, Desk, End, Plan, Reply, Told, moment};
use super::script::{Behaviour, Outcome, Script};
use crate::terminal::getnet::frame::{Flaw, Heard, Receiver, encode, get, receipt};
use crate::terminal::getnet::message::command;

/// Cancelled, where a script says no number.
const CANCELLED: i64 = 1_006;
/// No such transaction.
const NONE: i64 = 99;

pub(super) struct GetnetBrain {
    receiver: Receiver,
    desk: Desk,
    /// The sale under negotiation, while it is said to have come broken.
    refusing: Option<(String, Behaviour)>,
    /// The last answer about money, and the number of the command it answered.
    last: Option<Value>,
}

impl GetnetBrain {
    pub(super) fn new(script: Script) -> Self {
        Self { receiver: Receiver::default(), desk: Desk::new(script), refusing: None, last: None }
    }

    fn asked(&mut self, asked: i64, message: &serde_json::Map<String, Value>, now: u64, at: Timestamp) {
        let text = |name| get(message, name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| get(message, name).and_then(Value::as_i64).unwrap_or_default();
        let prints = get(message, "PrintOnPos").and_then(Value::as_bool).unwrap_or_default();
        let ticket = text("TicketNumber").to_owned();
        if asked == command::SALE {
            self.desk.book.seen.push(ticket.clone());
        }
        // Busy with a customer, or out of the till's hands.
        if self.desk.is_busy() || self.desk.book.stands_alone {
            return;
        }
        self.desk.unacked = None;
        let done =
            |function: i64| json!({ "FunctionCode": function, "ResponseCode": 0, "ResponseMessage": "Aprobado" });
        match asked {
            command::SALE => self.sale(&ticket, number("Amount"), now, at),
            command::POLL => self.answer(&json!({ "FunctionCode": 106, "ResponseCode": 0, "Connected": true }), now),
            command::LAST_VOUCHER => {
                let none = json!({ "FunctionCode": 101, "ResponseCode": NONE, "ResponseMessage": "Sin transacciones" });
                let last = self.last.clone().unwrap_or(none);
                if let (true, Some(operation)) = (prints, last["OperationId"].as_i64()) {
                    self.desk.book.paper.push(format!("VOUCHER {operation:06} {}", last["Amount"]));
                }
                self.answer(&last, now);
            }
            command::REFUND => {
                let answer = self.refund(number("OperationId"));
                self.desk.then(now, Plan::Send(receipt(true)));
                if !self.desk.script.next_void_vanishes() {
                    self.reply(&answer, now);
                }
            }
            command::RETURN => {
                let answer = self.give_back(text("AuthorizationCode"), number("Amount"), at);
                self.desk.then(now, Plan::Send(receipt(true)));
                if !self.desk.script.next_void_vanishes() {
                    self.reply(&answer, now);
                }
            }
            command::CLOSE => {
                self.desk.book.close();
                self.desk.script.closed();
                self.last = None;
                self.answer(&done(command::CLOSE), now);
            }
            command::NORMAL_MODE => {
                self.desk.book.stands_alone = true;
                self.answer(&done(asked), now);
            }
            command::CANCEL => self.answer(&done(asked), now),
            _ => {
                let is_known = self.print(asked, &number);
                // An error that says of what says it by its words alone.
                let fault = json!({ "FunctionCode": 0, "ResponseCode": 0, "ResponseMessage": "Error al procesar" });
                let none = json!({ "FunctionCode": asked, "ResponseCode": NONE, "ResponseMessage": "No existe" });
                let answer = match is_known {
                    Some(true) => done(asked),
                    Some(false) => none,
                    None => fault,
                };
                self.answer(&answer, now);
            }
        }
    }

    /// What it is asked to print comes out on its paper. False when there is nothing to print, `None` for what is not
    /// printed at all.
    fn print(&mut self, asked: i64, number: &impl Fn(&str) -> i64) -> Option<bool> {
        let book = &mut self.desk.book;
        match asked {
            command::TOTALS => book.print_totals(),
            command::DETAILS => book.print_sales(),
            command::DUPLICATE => {
                let is_meant = |charge: &&Charge| charge.operation.parse() == Ok(number("OperationId"));
                let Some(charge) = book.memory.iter().find(is_meant) else { return Some(false) };
                let line = format!("VOUCHER {} {}", charge.operation, charge.amount);
                book.paper.push(line);
            }
            // Each sale of a till is signed with the same number.
            command::SELLER_SALES => {
                let total: i64 = book.memory.iter().map(|charge| charge.amount).sum();
                book.paper.push(format!("VENDEDOR {} {total}", number("EmployeeId")));
            }
            command::TIPS => book.paper.push(format!("PROPINAS {} 0", number("EmployeeId"))),
            command::SALE_KIND => book.paper.push(format!("TIPO DE VENTA {}", number("SaleType"))),
            command::PARAMETERS => book.paper.push("PARAMETROS".to_owned()),
            command::SIM => book.paper.push("SIM".to_owned()),
            _ => return None,
        }
        Some(true)
    }

    fn refund(&mut self, operation: i64) -> Value {
        let is_meant = |charge: &&Charge| charge.operation.parse() == Ok(operation);
        let found: Vec<Charge> = self.desk.book.memory.iter().filter(is_meant).cloned().collect();
        let [sale] = &found[..] else {
            return json!({ "FunctionCode": 102, "ResponseCode": NONE, "ResponseMessage": "No existe" });
        };
        let plain = Behaviour::new(Outcome::Approve);
        let numbered = self.desk.book.next_charge(&plain, &sale.ticket, -sale.amount, sale.at);
        let answer = approval(&numbered, command::REFUND, sale.amount, true);
        // In its own book it bears the number of what it undid, so that it cannot be undone twice.
        self.desk.book.enter(Charge { operation: sale.operation.clone(), ..numbered });
        self.last = Some(answer.clone());
        answer
    }

    /// Of a closed batch, once.
    fn give_back(&mut self, authorisation: &str, amount: i64, at: Timestamp) -> Value {
        let of_it = |charge: &&Charge| charge.authorisation == authorisation && charge.amount.abs() == amount;
        let found: Vec<Charge> = self.desk.book.charges.iter().filter(of_it).cloned().collect();
        let is_open = self.desk.book.memory.iter().any(|charge| charge.authorisation == authorisation);
        let ([sale], false) = (&found[..], is_open) else {
            return json!({ "FunctionCode": 108, "ResponseCode": 1, "ResponseMessage": "Rechazado" });
        };
        let plain = Behaviour::new(Outcome::Approve);
        let numbered = self.desk.book.next_charge(&plain, &sale.ticket, -amount, at);
        let answer = approval(&numbered, command::RETURN, amount, true);
        // The bank knows it as what it gave back.
        self.desk.book.enter(Charge { authorisation: sale.authorisation.clone(), ..numbered });
        self.last = Some(answer.clone());
        answer
    }

    fn sale(&mut self, ticket: &str, amount: i64, now: u64, at: Timestamp) {
        let mut behaviour = match self.refusing.take() {
            Some((refused, behaviour)) if refused == ticket => behaviour,
            _ => self.desk.script.next(),
        };
        let told = |outcome| Told { ticket: ticket.into(), amount, outcome, code: String::new(), is_charged: false };
        if behaviour.naks > 0 {
            if behaviour.naks != u32::MAX {
                behaviour.naks -= 1;
            }
            self.desk.then(now, Plan::Send(receipt(false)));
            if self.desk.book.seen.iter().filter(|seen| *seen == ticket).count() < 3 {
                self.refusing = Some((ticket.to_owned(), behaviour));
            } else {
                self.desk.then(now, Plan::Tell(told("refused")));
            }
            return;
        }
        if behaviour.outcome == Outcome::Silent {
            return self.desk.then(now, Plan::Tell(told("silent")));
        }
        if !behaviour.no_ack {
            self.desk.then(now, Plan::Send(receipt(true)));
        }
        let mut due = now + self.desk.script.think_ms;
        for code in &behaviour.progress {
            due += behaviour.pause_ms;
            let words = match code.as_str() {
                "78" | "84" => "OPERE TARJETA",
                "81" => "INGRESE CLAVE",
                "82" => "CONECTANDO",
                "80" | "83" | "85" | "86" | "87" => "SELECCIONE CUOTAS",
                other => other,
            };
            let progress = json!({ "FunctionCode": 112, "ResponseCode": 0, "MessageText": words });
            self.desk.then(due, Plan::Send(encode(&progress.to_string())));
        }
        due += behaviour.pause_ms;
        let end = self.ended(&behaviour, ticket, amount, at);
        if let Some(charge) = self.desk.end(&behaviour, due, at, end) {
            self.last = Some(approval(&charge, command::SALE, charge.amount, true));
        }
    }

    fn ended(&mut self, behaviour: &Behaviour, ticket: &str, amount: i64, at: Timestamp) -> End {
        let (ticket, said) = (ticket.to_owned(), behaviour.ticket.as_deref().unwrap_or(ticket).to_owned());
        let (mut value, charge, told) = if let Outcome::Decline { code } = &behaviour.outcome {
            let number = code.parse::<i64>().ok().filter(|code| *code != 0).unwrap_or(CANCELLED);
            let value =
                json!({ "FunctionCode": 100, "ResponseCode": number, "ResponseMessage": "Rechazado", "Ticket": said });
            (value, None, Told { ticket, amount, outcome: "declined", code: number.to_string(), is_charged: false })
        } else {
            let charge = self.desk.book.next_charge(behaviour, &ticket, amount, at);
            let stored = Charge { ticket: said, ..charge.clone() };
            let mut value = approval(&stored, command::SALE, stored.amount, !behaviour.is_short);
            if behaviour.voucher > 0 {
                value["Voucher"] = json!("VOUCHER ".repeat(behaviour.voucher / 8));
            }
            self.last = Some(value.clone());
            (value, Some(charge), Told { ticket, amount, outcome: "approved", code: "0".to_owned(), is_charged: true })
        };
        if behaviour.is_foreign {
            value["ResponseMessage"] = json!("Aprobado ñandú");
        }
        let bytes = encode(&value.to_string());
        let mut broken = bytes.clone();
        // A digit of the hash.
        if let Some(digit) = broken.len().checked_sub(6).and_then(|at| broken.get_mut(at)) {
            *digit = b'x';
        }
        End { told, charge, bytes, broken }
    }

    fn answer(&mut self, value: &Value, now: u64) {
        self.desk.then(now, Plan::Send(receipt(true)));
        self.reply(value, now);
    }

    fn reply(&mut self, value: &Value, now: u64) {
        let reply = Reply::plain(encode(&value.to_string()));
        self.desk.then(now + self.desk.script.think_ms, Plan::Reply(reply));
    }
}

fn approval(charge: &Charge, function: i64, amount: i64, has_ticket: bool) -> Value {
    let [year, month, day, hour, minute, second] = moment(charge.at);
    let mut value = json!({
        "FunctionCode": function,
        "ResponseCode": 0,
        "ResponseMessage": "Aprobado",
        "CommerceCode": 597_029_414,
        "TerminalId": "20129179",
        "AuthorizationCode": charge.authorisation,
        "Amount": amount,
        "SharesNumber": 0,
        "SharesAmount": 0,
        "Last4Digits": "0461",
        "OperationId": charge.operation.parse::<i64>().unwrap_or_default(),
        "CardType": charge.card_type,
        "CardBrand": charge.brand,
        "RealDate": format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
        "AccountNumber": charge.account,
    });
    if has_ticket && !charge.ticket.is_empty() {
        value["Ticket"] = json!(charge.ticket);
    }
    value
}

impl Brain for GetnetBrain {
    fn hear(&mut self, byte: u8, now: u64, at: Timestamp) -> Vec<Deed> {
        let mut deeds = Vec::new();
        match self.receiver.hear(byte) {
            Some(Heard::Received(true)) => self.desk.unacked = None,
            Some(Heard::Received(false)) => self.desk.say_again(now, &mut deeds),
            Some(Heard::Message(message)) => {
                let asked = get(&message, "Command").and_then(Value::as_i64).unwrap_or_default();
                self.asked(asked, &message, now, at);
                deeds.extend(self.desk.tick(now));
            }
            Some(Heard::Broken(_, Flaw::Gap) | Heard::Noise(_)) | None => {}
            Some(Heard::Broken(..)) => deeds.push(Deed::Send(receipt(false))),
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

    fn close_batch(&mut self) {
        self.desk.book.close();
        self.last = None;
    }
}
