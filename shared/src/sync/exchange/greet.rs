//! The first words on a line: who holds what, and own events that only the server still has.

use std::collections::VecDeque;

use super::{Answer, Deed, Effect, Exchange, Failure, Input, PER_WRITE, Request, Step as Outer, Trouble};
use crate::event::{ChainHead, Hash, Origin, SealedEvent};
use crate::ids::{ChainId, LogId};
use crate::keys::PublicKey;
use crate::sabotage::{self, Bug};
use crate::sync::certificate::SignedCertificate;
use crate::sync::outbox::{Limits, Operation};
use crate::sync::protocol::{
    Hello, HelloReply, MAX_HELLO_CHAINS, MAX_OWN_EVENTS, OwnEvents, PROTO, ProblemCode, StreamStanding,
};
use crate::sync::stream::StreamName;

/// What the server answered to our hello. Forgotten with the line.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    /// Its log; none for a server from before there were hellos.
    log_id: Option<LogId>,
    parent_logs: Vec<LogId>,
    window: u64,
    /// Where streams stood then. Of use until something is sent, which may move any of them.
    streams: Vec<StreamStanding>,
}

impl Greeting {
    /// Where a stream stands, as told in this exchange, and in which log. Told once: who asks acts on it.
    pub(super) fn take_standing(&mut self, stream: StreamName) -> Option<(LogId, StreamStanding)> {
        let place = self.streams.iter().position(|told| told.stream == stream)?;
        Some((self.log_id?, self.streams.swap_remove(place)))
    }

    /// What was told of streams is old.
    pub(super) fn forget_standings(&mut self) {
        self.streams.clear();
    }

    pub(super) fn is_of_another(&self, log_id: LogId) -> bool {
        self.log_id.is_some_and(|own| own != log_id)
    }

    /// Whether the log that greeted us goes on from this one, so that a cursor of it may hold.
    pub(super) fn continues(&self, log_id: LogId, parent: LogId) -> bool {
        self.log_id == Some(log_id) && self.parent_logs.contains(&parent)
    }

    /// How much it takes at once.
    pub(super) fn limits(&self) -> Limits {
        let window = usize::try_from(self.window).unwrap_or(usize::MAX).max(1);
        let whole = Limits::default();
        let events = whole.events.min(window);
        Limits { events, batches: whole.batches.min(window / events).max(1), ..whole }
    }
}

/// Where the greeting stands.
#[derive(Debug)]
pub(super) enum Step {
    Asking,
    /// For our hashes, where the answer names the server's.
    Comparing(Box<HelloReply>),
    /// What the answer proved is being written.
    Recording(Recovery),
    /// The current chain has later events at the server; a new one is being begun.
    Sealing(Recovery),
    Fetching(Recovery),
    Storing(Recovery),
}

/// Chains with events to fetch back.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    lost: VecDeque<Lost>,
    seal: Option<ChainId>,
    /// Of the first chain: fetched, not all there yet.
    fetched: Vec<SealedEvent>,
    /// Of the first chain: whole and checked, being stored.
    storing: VecDeque<SealedEvent>,
}

/// A chain of which the server holds more.
#[derive(Clone, Copy, Debug)]
struct Lost {
    /// What is held here; number 0 for nothing.
    have: ChainHead,
    head_seq: u64,
    head_hash: Hash,
}

impl Exchange {
    /// Says hello, also with nothing to send: a server that was restored shows only here.
    pub(super) fn greet(&mut self) -> Vec<Effect> {
        self.step = Outer::Greet(Step::Asking);
        self.ask(Request::Hello(Hello {
            proto: PROTO,
            log_id: self.view.log_id,
            app_version: self.settings.app_version.clone(),
            chains: self.view.heads.iter().take(MAX_HELLO_CHAINS).copied().collect(),
            cursors: self.view.cursors.clone(),
        }))
    }

    pub(super) fn greeted(&mut self, at: Step, input: Input) -> Vec<Effect> {
        match (at, input) {
            (Step::Asking, Input::Answered(Ok(Answer::Hello(reply)), _)) => self.compare_with(reply),
            (Step::Asking, Input::Answered(Err(failure), _)) => self.not_greeted(failure),
            (Step::Comparing(reply), Input::Hashes(own)) => self.learn(&reply, &own),
            (Step::Recording(mut recovery), Input::Written) => match recovery.seal.take() {
                Some(chain) => {
                    self.view.current = None;
                    self.step = Outer::Greet(Step::Sealing(recovery));
                    vec![Effect::SealChain(chain)]
                }
                None => self.fetch(recovery),
            },
            (Step::Sealing(recovery), Input::Written) => {
                // What was sold into the sealed chain meanwhile is not in our view of it: it is looked at again at once.
                self.greeting = None;
                self.later.relogged = true;
                self.fetch(recovery)
            }
            (Step::Fetching(recovery), Input::Answered(Ok(Answer::OwnEvents(own)), _)) => {
                self.given_back(recovery, &own)
            }
            (Step::Fetching(mut recovery), Input::Answered(Err(failure), _)) => {
                let trouble = Trouble::Peer(failure);
                if trouble.is_of_the_line() {
                    return self.end(Some(trouble));
                }
                // Others may still be had, and what is here can be sent in any case.
                recovery.next_chain();
                self.fetch(recovery)
            }
            (Step::Storing(recovery), Input::Written) => self.store(recovery),
            (Step::Asking | Step::Fetching(_), Input::Answered(Ok(_), _)) => self.end(Some(Trouble::OtherAnswer)),
            (at, _) => {
                self.step = Outer::Greet(at);
                Vec::new()
            }
        }
    }

    fn not_greeted(&mut self, failure: Failure) -> Vec<Effect> {
        match failure.code() {
            // From before there were hellos: its answers to a push tell as much, only later.
            Some(ProblemCode::NotFound) => {
                let window = Limits::default().whole_request();
                self.greeting = Some(Greeting { log_id: None, parent_logs: Vec::new(), window, streams: Vec::new() });
                self.gather()
            }
            // Serves us nothing any more, but may still take what we hold.
            Some(ProblemCode::Revoked) => {
                self.report.trouble = Some(Trouble::Peer(failure));
                self.todo.clear();
                self.gather()
            }
            Some(code) if !code.passes() => {
                self.report.trouble = Some(Trouble::Peer(failure));
                self.gather()
            }
            _ => self.end(Some(Trouble::Peer(failure))),
        }
    }

    fn own_head(&self, chain: ChainId) -> Option<ChainHead> {
        self.view.heads.iter().find(|head| head.chain == chain).copied()
    }

    fn compare_with(&mut self, reply: HelloReply) -> Vec<Effect> {
        let held = reply.chains.iter().map(|held| (held.chain, held.have_seq));
        let others = reply.others.iter().map(|other| (other.chain, other.head_seq));
        let is_within =
            |(chain, seq): &(ChainId, u64)| *seq > 0 && self.own_head(*chain).is_some_and(|head| head.seq >= *seq);
        let wanted: Vec<_> = held.chain(others).filter(is_within).collect();
        if wanted.is_empty() {
            return self.learn(&reply, &[]);
        }
        self.step = Outer::Greet(Step::Comparing(Box::new(reply)));
        vec![Effect::Hash(wanted)]
    }

    fn learn(&mut self, reply: &HelloReply, own: &[(ChainId, u64, Hash)]) -> Vec<Effect> {
        let log_id = reply.log_id;
        self.greeting = Some(Greeting {
            log_id: Some(log_id),
            parent_logs: reply.parent_logs.clone(),
            window: reply.window,
            streams: reply.streams.clone(),
        });
        self.limits = self.allowed();
        let is_ours = |chain, seq, hash| own.contains(&(chain, seq, hash));
        let mut recovery = Recovery::default();
        let mut proofs = Vec::new();
        let held = reply.chains.iter().map(|held| (held.chain, held.have_seq, held.have_hash));
        let others = reply.others.iter().map(|other| (other.chain, other.head_seq, other.head_hash));
        for (chain, seq, hash) in held.chain(others) {
            let have = self.own_head(chain).unwrap_or(ChainHead::start(chain, None));
            let is_current = self.view.current == Some(chain);
            if seq == 0 || is_ours(chain, seq, hash) {
                // Exactly this much, whatever was proved before: a log that went back without saying so is believed.
                proofs.push(Operation::Prove { chain, log_id, seq });
            } else if seq > have.seq && (!is_current || sabotage::is(Bug::ForkNotSealed)) {
                recovery.lost.push_back(Lost { have, head_seq: seq, head_hash: hash });
            }
            let is_written_elsewhere = seq > 0 && !is_ours(chain, seq, hash) && is_current;
            if is_written_elsewhere && !sabotage::is(Bug::ForkNotSealed) {
                recovery.seal = Some(chain);
            }
        }
        if sabotage::is(Bug::NoLogId) {
            proofs.clear();
        }
        if sabotage::is(Bug::OwnEventsNotFetched) {
            recovery.lost.clear();
        }
        let mut deeds: Vec<_> = self.heard(log_id).into_iter().collect();
        if !proofs.is_empty() {
            deeds.push(Deed::Record(proofs, self.now));
        }
        let Origin { tenant, device, .. } = self.settings.origin;
        let believed = |certificate: &&SignedCertificate| {
            let read = certificate.verify(tenant, &self.settings.tenant_key);
            let own_key = PublicKey::of(&self.settings.key);
            read.is_ok_and(|read| read.device_id == device && read.public_key == own_key)
        };
        deeds.extend(reply.certificate.as_ref().filter(believed).cloned().map(Deed::Certificate));
        self.step = Outer::Greet(Step::Recording(recovery));
        if deeds.is_empty() { self.step(self.now, Input::Written) } else { vec![Effect::Write(deeds)] }
    }

    fn fetch(&mut self, recovery: Recovery) -> Vec<Effect> {
        let Some(lost) = recovery.lost.front().copied() else { return self.gather() };
        if self.has_asked_enough() {
            return self.gather();
        }
        let after = recovery.fetched.last().map_or(lost.have.seq, |event| event.seq);
        self.step = Outer::Greet(Step::Fetching(recovery));
        self.ask(Request::OwnEvents { chain: lost.have.chain, after, limit: MAX_OWN_EVENTS })
    }

    /// Takes events back when they follow what is here and end as the server said; otherwise another copy of this till
    /// wrote them, and they stay where they are.
    fn given_back(&mut self, mut recovery: Recovery, own: &OwnEvents) -> Vec<Effect> {
        let Some(lost) = recovery.lost.front().copied() else { return self.gather() };
        let have = recovery.fetched.last().map_or(lost.have, SealedEvent::head);
        let follows = have.seq == 0 || have.hash == own.prev_hash || sabotage::is(Bug::OwnEventsUnchecked);
        if !follows || own.events.is_empty() {
            self.report.forked |= !follows;
            recovery.next_chain();
            return self.fetch(recovery);
        }
        let start = ChainHead { hash: own.prev_hash, ..have };
        recovery.fetched.extend(start.follow_all(&self.settings.origin, &own.events));
        let reached = recovery.fetched.last().map_or(have, SealedEvent::head);
        if reached.seq < lost.head_seq {
            return self.fetch(recovery);
        }
        // The server may have more by now; what it promised is proved by the hash it promised.
        let is_whole = recovery.fetched.iter().any(|event| (event.seq, event.hash) == (lost.head_seq, lost.head_hash));
        if is_whole || sabotage::is(Bug::OwnEventsUnchecked) {
            recovery.storing = std::mem::take(&mut recovery.fetched).into();
        }
        recovery.fetched.clear();
        self.store(recovery)
    }

    fn store(&mut self, mut recovery: Recovery) -> Vec<Effect> {
        let count = recovery.storing.len().min(PER_WRITE);
        let events: Vec<_> = recovery.storing.drain(..count).collect();
        let Some((first, last)) = events.first().zip(events.last()) else {
            recovery.next_chain();
            return self.fetch(recovery);
        };
        self.report.recovered += events.len() as u64;
        let (chain, before, last) = (first.chain, first.prev, last.seq);
        let mut deeds = Vec::new();
        if let Some(log_id) = self.greeting.as_ref().and_then(|greeting| greeting.log_id) {
            deeds.push(Deed::Record(vec![Operation::Prove { chain, log_id, seq: last }], self.now));
        }
        deeds.insert(0, Deed::StoreOwn { chain, before, events });
        self.step = Outer::Greet(Step::Storing(recovery));
        vec![Effect::Write(deeds)]
    }

    /// How much the server takes at once.
    pub(super) fn allowed(&self) -> Limits {
        self.greeting.as_ref().map_or(Limits::default(), Greeting::limits)
    }

    /// The server is more or less crowded than it was. What was too large for it before stays too large.
    pub(super) fn heed(&mut self, window: u64) {
        let Some(greeting) = &mut self.greeting else { return };
        greeting.window = window;
        let now = greeting.limits();
        let (events, batches) = (self.limits.events.min(now.events), self.limits.batches.min(now.batches));
        self.limits = Limits { events, batches, ..self.limits };
    }
}

impl Recovery {
    fn next_chain(&mut self) {
        self.lost.pop_front();
        self.fetched.clear();
        self.storing.clear();
    }
}
