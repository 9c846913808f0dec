//! The till's side of sync, without a disk, a network, a clock or chance: it is told what happened and says what to do.
//!
//! One exchange: hello, own events that were lost, everything unsent, the venue's stream, the till's own, the
//! catalogue. One question at a time. What was proved or applied stays so when it ends early.
//!
//! - `io` what goes in and comes out · `greet` hello, and what a restore lost · `offer` everything out
//! - `follow` streams · `renew` a stream that starts anew

mod follow;
mod greet;
mod io;
mod offer;
mod renew;

pub use io::{Answer, Deed, Effect, Failure, Gathered, Input, PullRequest, Report, Request, Settings, Trouble, View};

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::ids::{ChainId, LogId};
use crate::sabotage::{self, Bug};
use crate::sync::backoff::Backoff;
use crate::sync::outbox::{Limits, Sent};
use crate::sync::protocol::{ProblemCode, PushReply};
use crate::sync::stream::StreamName;
use crate::time::Timestamp;
use follow::Followed;
use greet::Greeting;
use renew::Renewal;

/// Commits this close together travel together, milliseconds.
const COALESCE_MS: u64 = 200;
/// The longest a server's wish for peace is heeded, milliseconds.
const MOST_ASKED_MS: u64 = 10 * 60 * 1000;
/// How long what only a person can change is left alone, milliseconds.
const HOUR_MS: u64 = 60 * 60 * 1000;
/// Contact without news is noted on disk only so often, milliseconds: a disk write for nothing wears the disk.
const CONTACT_NOTED_MS: i64 = 60 * 1000;
/// Requests of one exchange. A server that never has enough gets the rest in the next one.
const MAX_REQUESTS: u32 = 1_000;
/// Stream items and events in one transaction: so few that a sale waiting for the ledger does not notice.
const PER_WRITE: usize = 200;

/// The state machine. See the module.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    now: Timestamp,
    /// The last random number that came in, for the pause after a failure.
    random: u32,
    step: Step,
    greeting: Option<Greeting>,
    limits: Limits,
    backoff: Backoff,
    noted: Option<(LogId, Timestamp)>,
    refused: BTreeMap<ChainId, Timestamp>,
    later: Later,
    was_relogged: bool,
    view: View,
    sends: bool,
    todo: VecDeque<StreamName>,
    requests: u32,
    report: Report,
}

/// What was wanted while an exchange ran.
#[derive(Debug, Default)]
struct Later {
    committed: bool,
    asked: bool,
    rang: BTreeSet<StreamName>,
    /// Another log spoke than the one greeted.
    relogged: bool,
}

/// What we are waiting for.
#[derive(Debug)]
enum Step {
    /// A reason. While paused after a failure, commits and bells are none.
    Idle { paused: bool },
    /// More commits.
    Coalescing,
    /// [`Input::Saw`].
    Looking,
    /// In `greet`.
    Greet(greet::Step),
    /// [`Input::Gathered`].
    Gathering,
    /// An answer to a push.
    Pushing(Vec<Sent>),
    /// Our hashes, where that answer names the server's.
    Comparing(Vec<Sent>, PushReply),
    /// What it proved to be written; then, the chain to seal.
    Recording(Option<ChainId>),
    /// The new chain.
    Sealing,
    /// In `follow`.
    Follow(Followed),
    /// In `renew`.
    Renew(Renewal),
}

impl Exchange {
    /// One that has not begun. The first [`Input::Asked`] or [`Input::Woken`] begins it.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Timestamp::from_millis(0),
            random: 0,
            step: Step::Idle { paused: false },
            greeting: None,
            limits: Limits::default(),
            backoff: Backoff::default(),
            noted: None,
            refused: BTreeMap::new(),
            later: Later::default(),
            was_relogged: false,
            view: View::default(),
            sends: true,
            todo: VecDeque::new(),
            requests: 0,
            report: Report::default(),
        }
    }

    /// Whether an exchange is under way.
    pub fn is_busy(&self) -> bool {
        !matches!(self.step, Step::Idle { .. } | Step::Coalescing)
    }

    /// What to do now that this happened. `now` is the till's wall clock, for the record only: waiting is left to
    /// [`Effect::WakeIn`], because walls jump.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        self.now = now;
        if let Input::Answered(_, random) | Input::NotWritten(random) = &input {
            self.random = *random;
        }
        match input {
            Input::Committed => self.committed(),
            Input::Asked if self.is_busy() => {
                self.later.asked = true;
                Vec::new()
            }
            Input::Woken if self.is_busy() => Vec::new(),
            Input::Asked | Input::Woken => self.begin(true, self.all_streams()),
            Input::Rang { stream, head } => self.rang(stream, head),
            Input::NotWritten(_) if self.is_busy() => self.end(Some(Trouble::Ledger)),
            answer => self.answered(answer),
        }
    }

    fn committed(&mut self) -> Vec<Effect> {
        match self.step {
            Step::Idle { paused: true } if sabotage::is(Bug::RetryOnlyOnWrite) => self.begin(true, self.all_streams()),
            Step::Idle { paused: false } => {
                self.step = Step::Coalescing;
                vec![Effect::WakeIn(COALESCE_MS)]
            }
            Step::Idle { paused: true } | Step::Coalescing => Vec::new(),
            _ => {
                self.later.committed = true;
                Vec::new()
            }
        }
    }

    fn rang(&mut self, stream: StreamName, head: u64) -> Vec<Effect> {
        let at = self.view.cursors.iter().find(|at| at.stream == stream);
        if at.is_some_and(|at| at.cursor.seq >= head) || !self.all_streams().contains(&stream) {
            return Vec::new();
        }
        match self.step {
            Step::Idle { paused: false } => self.begin(false, VecDeque::from([stream])),
            // Coming anyway, and with it all streams.
            Step::Idle { paused: true } | Step::Coalescing => Vec::new(),
            _ => {
                self.later.rang.insert(stream);
                Vec::new()
            }
        }
    }

    /// Everything a till follows, in the order it matters.
    fn all_streams(&self) -> VecDeque<StreamName> {
        let origin = &self.settings.origin;
        VecDeque::from([StreamName::Venue(origin.venue), StreamName::Device(origin.device), StreamName::Catalog])
    }

    fn begin(&mut self, sends: bool, todo: VecDeque<StreamName>) -> Vec<Effect> {
        self.report = Report { unsent: self.report.unsent, ..Report::default() };
        (self.sends, self.todo, self.requests) = (sends, todo, 0);
        self.limits = self.allowed();
        self.forget_standings();
        self.step = Step::Looking;
        vec![Effect::Look]
    }

    /// An answer to the last effect. One to nothing asked changes nothing.
    fn answered(&mut self, input: Input) -> Vec<Effect> {
        let step = std::mem::replace(&mut self.step, Step::Idle { paused: false });
        match (step, input) {
            (Step::Looking, Input::Saw(view)) => {
                self.view = view;
                if self.greeting.is_none() { self.greet() } else { self.gather() }
            }
            (Step::Greet(at), input) => self.greeted(at, input),
            (Step::Gathering, Input::Gathered(gathered)) => self.push(&gathered),
            (Step::Pushing(sent), Input::Answered(answer, _)) => self.pushed(sent, answer),
            (Step::Comparing(sent, reply), Input::Hashes(own)) => self.compared(&sent, &reply, &own),
            (Step::Recording(None) | Step::Sealing, Input::Written) => self.gather(),
            (Step::Recording(Some(chain)), Input::Written) => {
                self.view.current = None;
                self.step = Step::Sealing;
                vec![Effect::SealChain(chain)]
            }
            (Step::Follow(at), input) => self.followed(at, input),
            (Step::Renew(at), input) => self.renewed(at, input),
            (step, _) => {
                self.step = step;
                Vec::new()
            }
        }
    }

    fn ask(&mut self, request: Request) -> Vec<Effect> {
        self.requests += 1;
        vec![Effect::Ask(request)]
    }

    fn has_asked_enough(&self) -> bool {
        self.requests >= MAX_REQUESTS
    }

    /// Whoever speaks from another log than the one greeted has to be greeted anew.
    fn note_log(&mut self, log_id: LogId) {
        let is_another = self.greeting.as_ref().is_some_and(|greeting| greeting.is_of_another(log_id));
        let is_unproved = self.view.log_id.is_some_and(|known| known != log_id);
        if is_another || is_unproved {
            self.greeting = None;
            self.later.relogged = true;
        }
    }

    /// What to write because the server spoke, if anything.
    fn heard(&mut self, log_id: LogId) -> Option<Deed> {
        let is_fresh = |at: Timestamp| (0..CONTACT_NOTED_MS).contains(&self.now.millis_since(at));
        if self.view.log_id == Some(log_id) && self.noted.is_some_and(|(log, at)| log == log_id && is_fresh(at)) {
            return None;
        }
        if sabotage::is(Bug::NoLogId) && self.view.log_id.is_some() {
            return None;
        }
        self.noted = Some((log_id, self.now));
        self.view.log_id = Some(log_id);
        Some(Deed::Contact(log_id, self.now))
    }

    /// Remembers a refusal and goes on with the rest; ends when there is nobody to go on with.
    fn go_on_without(&mut self, trouble: Trouble) -> Vec<Effect> {
        let is_over = trouble.is_of_the_line() || self.has_asked_enough();
        self.report.trouble.get_or_insert(trouble);
        if is_over { self.end(None) } else { self.next_stream() }
    }

    /// Ends the exchange, and says when the next begins.
    fn end(&mut self, trouble: Option<Trouble>) -> Vec<Effect> {
        if let Some(trouble) = trouble {
            // The line's own failure says more than what it cut short.
            self.report.trouble = Some(trouble);
        }
        self.refused.retain(|_, until| *until > self.now && until.millis_since(self.now) <= HOUR_MS.cast_signed());
        self.report.refused = self.refused.keys().copied().collect();
        let report = self.report.clone();
        let later = std::mem::take(&mut self.later);
        let mut effects = vec![Effect::Report(report.clone())];
        let Some(trouble) = report.trouble else {
            self.backoff.succeeded();
            self.step = Step::Idle { paused: false };
            // Once: two servers that take turns are not to be followed in circles.
            let is_relogged = later.relogged && !self.was_relogged;
            self.was_relogged = is_relogged;
            if later.asked || is_relogged {
                effects.extend(self.begin(true, self.all_streams()));
            } else if later.committed {
                effects.extend(self.committed());
            } else if !later.rang.is_empty() {
                effects.extend(self.begin(false, later.rang.into_iter().collect()));
            } else {
                effects.push(Effect::WakeIn(self.settings.interval_ms));
            }
            return effects;
        };
        // Who answers next may be another server, or this one with another past.
        self.greeting = None;
        self.step = Step::Idle { paused: true };
        if later.asked {
            effects.extend(self.begin(true, self.all_streams()));
        } else if !sabotage::is(Bug::RetryOnlyOnWrite) {
            effects.push(Effect::WakeIn(self.pause_after(&trouble)));
        }
        effects
    }

    fn pause_after(&mut self, trouble: &Trouble) -> u64 {
        let own = u64::try_from(self.backoff.failed_by(self.random).as_millis()).unwrap_or(HOUR_MS);
        let Trouble::Peer(Failure::Refused { problem, retry_after_ms }) = trouble else { return own };
        match problem.code {
            ProblemCode::Revoked | ProblemCode::UpgradeRequired | ProblemCode::Unprocessable => HOUR_MS,
            _ => own.max(retry_after_ms.unwrap_or(0).min(MOST_ASKED_MS)),
        }
    }
}

#[cfg(test)]
mod tests;
