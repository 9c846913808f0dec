//! What every simulated terminal has, whatever it speaks: a book of what was really charged, whatever the till believes,
//! and a list of what it is about to do.

use std::collections::VecDeque;

use shared::time::{BusinessDate, Timestamp};

use super::script::{Behaviour, Outcome, Script};

/// Money taken from a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The till's ticket; empty where the till had no part in it, or the protocol none.
    pub ticket: String,
    /// Minor units; negative for a void.
    pub amount: i64,
    /// The bank's code.
    pub authorisation: String,
    /// The terminal's number.
    pub operation: String,
    /// Typed in at the terminal itself, while no till looked.
    pub is_stand_alone: bool,
    pub(super) card_type: &'static str,
    pub(super) brand: String,
    pub(super) at: Timestamp,
    pub(super) account: String,
}

/// A sale as the simulator saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The till's ticket.
    pub ticket: String,
    /// Minor units.
    pub amount: i64,
    /// `approved`, `declined`, `refused` (NAK), `silent`, `undone`.
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

/// The terminal's side of a protocol, without a cable: bytes in, bytes and deeds out.
pub(super) trait Brain: Send {
    /// Takes a byte from the till.
    fn hear(&mut self, byte: u8, now: u64, at: Timestamp) -> Vec<Deed>;
    /// Does what is due.
    fn tick(&mut self, now: u64) -> Vec<Deed>;
    /// When something is to be done without being asked.
    fn next_due(&self) -> Option<u64>;
    /// A pause: half a frame before it is worth nothing.
    fn gap(&mut self);
    /// The cable is out: half a frame from it is worth nothing.
    fn unplugged(&mut self, now: u64);
    /// What was charged.
    fn book(&self) -> &Book;
    /// The same, for somebody at its keypad.
    fn book_mut(&mut self) -> &mut Book;
    /// Somebody settles the open batch at its keypad.
    fn close_batch(&mut self) {
        self.book_mut().close();
    }
}

/// What was charged, and what is in the terminal's memory of it.
#[derive(Default)]
pub(super) struct Book {
    /// Everything, voids included.
    pub(super) charges: Vec<Charge>,
    /// What was not settled by a close yet.
    pub(super) memory: Vec<Charge>,
    /// Tickets of every whole request for a sale, repeats included.
    pub(super) seen: Vec<String>,
    /// What came out of it on paper because the till asked for it, line by line.
    pub(super) paper: Vec<String>,
    /// It was handed over: it hears no till until somebody sets it back.
    pub(super) stands_alone: bool,
    operations: u32,
}

impl Book {
    pub(super) fn enter(&mut self, charge: Charge) {
        self.charges.push(charge.clone());
        self.memory.push(charge);
    }

    /// A charge to come, with the next numbers.
    pub(super) fn next_charge(&mut self, behaviour: &Behaviour, ticket: &str, amount: i64, at: Timestamp) -> Charge {
        self.operations += 1;
        let debit = behaviour.is_debit;
        let brand = if behaviour.is_foreign { "VÍ" } else { "VI" };
        Charge {
            ticket: ticket.to_owned(),
            amount: behaviour.amount.unwrap_or(amount),
            authorisation: format!("{:06}", 252_984 + self.operations),
            operation: format!("{:06}", self.operations),
            is_stand_alone: false,
            card_type: if debit { "DB" } else { "CR" },
            brand: if debit { "DB" } else { brand }.to_owned(),
            at,
            account: behaviour.account.clone(),
        }
    }

    /// Somebody types an amount into the terminal itself.
    pub(super) fn stand_alone(&mut self, amount: i64, at: Timestamp) -> Charge {
        let plain = Behaviour::new(Outcome::Approve);
        Charge { is_stand_alone: true, ..self.next_charge(&plain, "", amount, at) }
    }

    /// What the open batch comes to.
    pub(super) fn print_totals(&mut self) {
        let total: i64 = self.memory.iter().map(|charge| charge.amount).sum();
        self.paper.push(format!("TOTAL {} {total}", self.memory.len()));
    }

    /// Each transaction of the open batch.
    pub(super) fn print_sales(&mut self) {
        let rows = self.memory.iter().map(|charge| format!("VENTA {} {}", charge.operation, charge.amount));
        self.paper.extend(rows);
    }

    /// The open batch is settled.
    pub(super) fn close(&mut self) {
        self.memory.clear();
    }
}

/// What is still to be done.
pub(super) enum Plan {
    Send(Vec<u8>),
    /// Say this, and say it again until it is acknowledged.
    Reply(Reply),
    Charge(Charge),
    Pull(u64),
    Tell(Told),
}

/// Something to be acknowledged.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    /// The same with a wrong checksum.
    pub(super) broken: Vec<u8>,
    /// So many times the wrong one comes first.
    pub(super) bad: u32,
    pub(super) is_split: bool,
    pub(super) again: u8,
    /// The cable comes out after so many bytes, and is back after so many milliseconds.
    pub(super) cut: Option<(usize, u64)>,
}

impl Reply {
    pub(super) fn plain(bytes: Vec<u8>) -> Self {
        Self { broken: Vec::new(), bytes, bad: 0, is_split: false, again: 2, cut: None }
    }
}

/// The list of what a terminal is about to do, for protocols in which each answer is acknowledged.
pub(super) struct Desk {
    pub(super) script: Script,
    pub(super) book: Book,
    agenda: VecDeque<(u64, Plan)>,
    pub(super) unacked: Option<(u64, Reply)>,
    pub(super) last_end: Option<Vec<u8>>,
}

impl Desk {
    pub(super) fn new(script: Script) -> Self {
        Self { script, book: Book::default(), agenda: VecDeque::new(), unacked: None, last_end: None }
    }

    /// With a customer, or with what it was asked before: it answers nothing then.
    pub(super) fn is_busy(&self) -> bool {
        !self.agenda.is_empty()
    }

    pub(super) fn then(&mut self, at: u64, plan: Plan) {
        self.agenda.push_back((at, plan));
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        let resend = self.unacked.as_ref().map(|(at, _)| *at);
        [self.agenda.front().map(|(at, _)| *at), resend].into_iter().flatten().min()
    }

    pub(super) fn tick(&mut self, now: u64) -> Vec<Deed> {
        let mut deeds = Vec::new();
        while self.agenda.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, plan)) = self.agenda.pop_front() else { break };
            match plan {
                Plan::Send(bytes) => deeds.push(Deed::Send(bytes)),
                Plan::Reply(reply) => self.say(reply, now, &mut deeds),
                Plan::Charge(charge) => self.book.enter(charge),
                Plan::Pull(replug_ms) => deeds.push(Deed::Pull(replug_ms)),
                Plan::Tell(told) => deeds.push(Deed::Tell(told)),
            }
        }
        if self.unacked.as_ref().is_some_and(|(at, _)| *at <= now) {
            self.say_again(now, &mut deeds);
        }
        deeds
    }

    pub(super) fn say(&mut self, mut reply: Reply, now: u64, deeds: &mut Vec<Deed>) {
        let mut bytes = reply.bytes.clone();
        if reply.bad > 0 {
            reply.bad -= 1;
            bytes.clone_from(&reply.broken);
        }
        if let Some((at, replug_ms)) = reply.cut.take() {
            bytes.truncate(at);
            deeds.extend([Deed::Send(bytes), Deed::Pull(replug_ms)]);
        } else if reply.is_split {
            deeds.extend(bytes.into_iter().map(|byte| Deed::Send(vec![byte])));
        } else {
            deeds.push(Deed::Send(bytes));
        }
        self.unacked = Some((now + self.script.again_ms, reply));
    }

    pub(super) fn say_again(&mut self, now: u64, deeds: &mut Vec<Deed>) {
        match self.unacked.take() {
            Some((_, reply)) if reply.again > 0 => {
                let again = reply.again - 1;
                self.say(Reply { again, ..reply }, now, deeds);
            }
            _ => {}
        }
    }

    /// How a sale ends: the customer and the bank, what goes wrong, and what is said. Answers with what somebody typed into
    /// the terminal right after it.
    pub(super) fn end(&mut self, behaviour: &Behaviour, due: u64, at: Timestamp, end: End) -> Option<Charge> {
        let End { told, charge, bytes, broken } = end;
        if let Some(charge) = charge {
            self.then(due, Plan::Charge(charge));
        }
        let stand_alone = behaviour.stand_alone.map(|amount| self.book.stand_alone(amount, at));
        if let Some(charge) = &stand_alone {
            self.then(due, Plan::Charge(charge.clone()));
        }
        let mut due = due;
        if behaviour.loses_reply || behaviour.is_late {
            self.then(due, Plan::Pull(behaviour.replug_ms));
        }
        if let Some(stale) = self.last_end.clone().filter(|_| behaviour.repeats_stale) {
            self.then(due, Plan::Send(stale));
        }
        if behaviour.has_garbage {
            self.then(due, Plan::Send(vec![0x00, 0xFF, b'x', 0x1B, b'7']));
        }
        self.last_end = Some(bytes.clone());
        if behaviour.is_late {
            // Whoever has the port open again by then hears it.
            due += behaviour.replug_ms + LATE_MS;
        }
        if !behaviour.loses_reply && !behaviour.vanishes {
            let (bad, is_split) = (behaviour.bad_lrc, behaviour.is_split);
            let cut = behaviour.cut.map(|at| (at, behaviour.replug_ms));
            let reply = Reply { broken, bad, is_split, cut, ..Reply::plain(bytes.clone()) };
            self.then(due, Plan::Reply(reply));
            if behaviour.is_doubled {
                self.then(due, Plan::Send(bytes));
            }
        }
        self.then(due, Plan::Tell(told));
        stand_alone
    }
}

/// After the cable is back, until a late end is said.
const LATE_MS: u64 = 30;

/// How a sale ends.
pub(super) struct End {
    pub(super) told: Told,
    pub(super) charge: Option<Charge>,
    pub(super) bytes: Vec<u8>,
    /// The same with a wrong checksum.
    pub(super) broken: Vec<u8>,
}

/// Year, month, day, hour, minute, second; the simulator lives in UTC.
pub(super) fn moment(at: Timestamp) -> [i64; 6] {
    let seconds = at.as_millis().div_euclid(1_000);
    let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
    let (year, month, day) = BusinessDate::from_days(days).ymd();
    let second = seconds.rem_euclid(86_400);
    [i64::from(year), i64::from(month), i64::from(day), second / 3_600, second / 60 % 60, second % 60]
}
