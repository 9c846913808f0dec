//! What a simulated terminal is told to do: one line per sale it is asked for, and the last line again and again.
//!
//! A line is an outcome and, before or after it, what goes wrong on the way:
//! `approve`, `decline 07`, `silent` · `nak=1`, `nak=always`, `no-ack`, `progress=78,81,82`, `pause=200`, `bad-lrc=1`,
//! `split`, `garbage`, `duplicate` (the end is said twice), `stale` (the end before comes first), `amount=100`,
//! `ticket=000009`, `currency=826`, `short`, `debit`, `voucher=8000`, `foreign` (letters beyond ASCII),
//! `account=4111111111111111`, `cut=17` (the cable comes out at that byte of the end), `lose-reply`, `late` (the end comes
//! when the cable is back), `vanish`, `replug=500`, `stand-alone=5000` (somebody types a sale into the terminal),
//! `batch-full` (refused until the batch is closed), `void-vanish` (the next void is done and not answered).
//!
//! The words are the same for every protocol. Progress codes are Transbank's, and others as the protocol writes them; NAK
//! is `{"Received":false}` where there are no bare bytes; what a protocol has not, it leaves out.

use std::collections::VecDeque;
use std::str::FromStr;

use jiff::tz::TimeZone;

/// How a sale ends at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The customer pays.
    Approve,
    /// The bank, the card or the customer refuses.
    Decline {
        /// Two digits.
        code: String,
    },
    /// The request never reached it: nothing is said, nothing is charged.
    Silent,
}

/// What one sale is like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, and any may be combined")]
pub struct Behaviour {
    /// How it ends.
    pub outcome: Outcome,
    /// So many requests are answered by NAK first.
    pub naks: u32,
    /// The ACK of the request is lost.
    pub no_ack: bool,
    /// 0900 codes on the way.
    pub progress: Vec<String>,
    /// Milliseconds before each progress frame and before the end.
    pub pause_ms: u64,
    /// So many times the end has a wrong LRC.
    pub bad_lrc: u32,
    /// Every byte of the end is written alone.
    pub is_split: bool,
    /// Noise before the end.
    pub has_garbage: bool,
    /// The end is said twice.
    pub is_doubled: bool,
    /// The end of the sale before is said again first.
    pub repeats_stale: bool,
    /// The end names this amount instead.
    pub amount: Option<i64>,
    /// The end names this ticket instead.
    pub ticket: Option<String>,
    /// The end names this currency instead, ISO 4217.
    pub currency: Option<u16>,
    /// So many bytes of voucher come along.
    pub voucher: usize,
    /// Letters beyond ASCII.
    pub is_foreign: bool,
    /// The cable comes out after so many bytes of the end.
    pub cut: Option<usize>,
    /// The cable comes out, and the end is said when it is back.
    pub is_late: bool,
    /// Right after it somebody types a sale of so much into the terminal itself.
    pub stand_alone: Option<i64>,
    /// Refused until the batch is closed.
    pub is_full: bool,
    /// The next void is done and not answered.
    pub void_vanishes: bool,
    /// The end lacks its tail.
    pub is_short: bool,
    /// A debit card.
    pub is_debit: bool,
    /// What stands in the account field.
    pub account: String,
    /// The cable is pulled when the customer has paid, before the end is said.
    pub loses_reply: bool,
    /// The customer pays and nothing is said, with the cable in.
    pub vanishes: bool,
    /// Milliseconds until a pulled cable is back.
    pub replug_ms: u64,
}

impl Behaviour {
    /// Nothing special.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            naks: 0,
            no_ack: false,
            progress: Vec::new(),
            pause_ms: 0,
            bad_lrc: 0,
            is_split: false,
            has_garbage: false,
            is_doubled: false,
            repeats_stale: false,
            amount: None,
            ticket: None,
            currency: None,
            voucher: 0,
            is_foreign: false,
            cut: None,
            is_late: false,
            stand_alone: None,
            is_full: false,
            void_vanishes: false,
            is_short: false,
            is_debit: false,
            account: String::new(),
            loses_reply: false,
            vanishes: false,
            replug_ms: 0,
        }
    }

    /// The customer pays, as customers do: card, PIN, bank.
    pub fn approve() -> Self {
        let progress = ["78", "81", "82"].map(str::to_owned).to_vec();
        Self { progress, ..Self::new(Outcome::Approve) }
    }
}

/// A line of a script that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {word:?} is no outcome and no fault")]
pub struct ScriptError {
    /// From 1.
    pub line: usize,
    /// What was not understood.
    pub word: String,
}

impl FromStr for Behaviour {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut outcome = None;
        let mut behaviour = Self::new(Outcome::Silent);
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let number = || value.parse::<u64>().map_err(|_| word.to_owned());
            let times = || match value {
                "always" => Ok(u32::MAX),
                _ => value.parse::<u32>().map_err(|_| word.to_owned()),
            };
            match name {
                "approve" => outcome = Some(Outcome::Approve),
                "decline" => {
                    let code = words.next().ok_or_else(|| word.to_owned())?.to_owned();
                    outcome = Some(Outcome::Decline { code });
                }
                "silent" => outcome = Some(Outcome::Silent),
                "nak" => behaviour.naks = times()?,
                "no-ack" => behaviour.no_ack = true,
                "progress" => behaviour.progress = value.split(',').map(str::to_owned).collect(),
                "pause" => behaviour.pause_ms = number()?,
                "bad-lrc" => behaviour.bad_lrc = times()?,
                "split" => behaviour.is_split = true,
                "garbage" => behaviour.has_garbage = true,
                "duplicate" => behaviour.is_doubled = true,
                "stale" => behaviour.repeats_stale = true,
                "amount" => behaviour.amount = Some(value.parse().map_err(|_| word.to_owned())?),
                "ticket" => behaviour.ticket = Some(value.to_owned()),
                "currency" => behaviour.currency = Some(value.parse().map_err(|_| word.to_owned())?),
                "voucher" => behaviour.voucher = value.parse().map_err(|_| word.to_owned())?,
                "foreign" => behaviour.is_foreign = true,
                "cut" => behaviour.cut = Some(value.parse().map_err(|_| word.to_owned())?),
                "late" => behaviour.is_late = true,
                "stand-alone" => behaviour.stand_alone = Some(value.parse().map_err(|_| word.to_owned())?),
                "batch-full" => behaviour.is_full = true,
                "void-vanish" => behaviour.void_vanishes = true,
                "short" => behaviour.is_short = true,
                "debit" => behaviour.is_debit = true,
                "account" => value.clone_into(&mut behaviour.account),
                "lose-reply" => behaviour.loses_reply = true,
                "vanish" => behaviour.vanishes = true,
                "replug" => behaviour.replug_ms = number()?,
                _ => return Err(word.to_owned()),
            }
        }
        // A line of faults alone is about a sale that would have been approved.
        behaviour.outcome = outcome.unwrap_or(Outcome::Approve);
        Ok(behaviour)
    }
}

/// Sales to come.
#[derive(Clone, Debug)]
pub struct Script {
    next: VecDeque<Behaviour>,
    last: Behaviour,
    /// Milliseconds between an ACK and what follows it.
    pub(super) think_ms: u64,
    /// Milliseconds until what was not acknowledged is said again.
    pub(super) again_ms: u64,
    void_vanishes: bool,
    /// Where its clock goes by.
    pub(super) time_zone: TimeZone,
}

/// What terminals wait for an acknowledgement.
const AGAIN_MS: u64 = 10_000;
/// The terminals' code for a full batch.
const FULL: &str = "67";

impl Script {
    /// Everybody pays.
    pub fn approve_all() -> Self {
        Self::of([Behaviour::approve()])
    }

    /// One behaviour after the other; the last one for ever.
    pub fn of(behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        let next: VecDeque<Behaviour> = behaviours.into_iter().collect();
        let last = next.back().cloned().unwrap_or_else(Behaviour::approve);
        Self { next, last, think_ms: 0, again_ms: AGAIN_MS, void_vanishes: false, time_zone: TimeZone::UTC }
    }

    /// With so many milliseconds between an ACK and what follows it: real terminals take their time.
    #[must_use]
    pub fn thinking(self, think_ms: u64) -> Self {
        Self { think_ms, ..self }
    }

    /// With a clock that goes by the time of a place, as a terminal's does. UTC otherwise.
    #[must_use]
    pub fn at_home_in(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// With so many milliseconds until what was not acknowledged is said again.
    #[must_use]
    pub fn insisting(self, again_ms: u64) -> Self {
        Self { again_ms, ..self }
    }

    /// Reads a script; `#` starts a comment.
    ///
    /// Errors: [`ScriptError`] names the line and the word.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("")));
        let lines = lines.filter(|(_, line)| !line.trim().is_empty());
        let behaviours = lines.map(|(line, text)| text.parse().map_err(|word| ScriptError { line, word }));
        Ok(Self::of(behaviours.collect::<Result<Vec<Behaviour>, _>>()?))
    }

    /// The next sale's.
    pub(super) fn next(&mut self) -> Behaviour {
        let behaviour = self.peek().clone();
        if behaviour.is_full {
            return Behaviour { outcome: Outcome::Decline { code: FULL.to_owned() }, ..behaviour };
        }
        self.next.pop_front();
        self.void_vanishes |= behaviour.void_vanishes;
        behaviour
    }

    /// The next sale's, which stays the next.
    pub(super) fn peek(&self) -> &Behaviour {
        self.next.front().unwrap_or(&self.last)
    }

    /// The next sale has had its share of NAKs.
    pub(super) fn forgive_naks(&mut self) {
        match self.next.front_mut() {
            Some(behaviour) => behaviour.naks = 0,
            None => self.next.push_back(Behaviour { naks: 0, ..self.last.clone() }),
        }
    }

    /// The batch was closed: there is room again.
    pub(super) fn closed(&mut self) {
        while self.next.front().is_some_and(|behaviour| behaviour.is_full) {
            self.next.pop_front();
        }
        if self.last.is_full {
            self.last = Behaviour::approve();
        }
    }

    /// Whether the void that is being asked for is done without a word.
    pub(super) fn next_void_vanishes(&mut self) -> bool {
        std::mem::take(&mut self.void_vanishes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_reads_line_by_line() {
        let script = Script::parse(
            "# a night\nnak=2 progress=78,81 approve\ndecline 07 # changed her mind\nlose-reply replug=5",
        );
        let mut script = script.expect("it reads");
        let first = script.next();
        assert_eq!((first.naks, first.progress.len(), first.outcome), (2, 2, Outcome::Approve));
        assert_eq!(script.next().outcome, Outcome::Decline { code: "07".into() });
        assert!(script.next().loses_reply && script.next().loses_reply, "the last line repeats");
    }

    #[test]
    fn a_word_that_says_nothing_is_named() {
        let error = ScriptError { line: 2, word: "aprove".into() };
        assert_eq!(Script::parse("approve\naprove").map(|_| ()), Err(error));
    }
}
