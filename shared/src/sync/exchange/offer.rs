//! Everything unsent goes out. An event counts as sent when the server's hash is ours, and not before.

use super::{Answer, Deed, Effect, Exchange, Failure, Gathered, HOUR_MS, Limits, Request, Step, Trouble};
use crate::event::Hash;
use crate::ids::ChainId;
use crate::sabotage::{self, Bug};
use crate::sync::outbox::{self, Operation, Sent};
use crate::sync::protocol::{PROTO, ProblemCode, PushReply, PushRequest, PushResult};

impl Exchange {
    /// Asks for what is to be sent, or goes on with the streams when nothing should be.
    pub(super) fn gather(&mut self) -> Vec<Effect> {
        if !self.sends || self.has_asked_enough() {
            return self.next_stream();
        }
        self.step = Step::Gathering;
        let now = self.now;
        let is_resting = |until: &&crate::time::Timestamp| {
            // A wall that jumped must not keep a chain back for years.
            (1..=HOUR_MS.cast_signed()).contains(&until.millis_since(now))
        };
        let skip = self.refused.iter().filter(|(_, until)| is_resting(until)).map(|(chain, _)| *chain).collect();
        vec![Effect::Gather { limits: self.limits, skip }]
    }

    pub(super) fn push(&mut self, gathered: &Gathered) -> Vec<Effect> {
        self.report.unsent = gathered.unsent;
        if gathered.events.is_empty() {
            return self.next_stream();
        }
        let batches = outbox::cut(&gathered.events, &self.limits);
        let signed = batches.iter().filter_map(|events| outbox::sign_batch(events, &self.settings.key));
        let (batches, sent): (Vec<_>, Vec<_>) = signed.unzip();
        let offered: u64 = batches.iter().map(|batch| batch.events.len() as u64).sum();
        let unsent_events = gathered.unsent.saturating_sub(offered);
        // What we tell may move streams.
        self.forget_standings();
        self.step = Step::Pushing(sent);
        self.ask(Request::Push(PushRequest { proto: PROTO, log_id: self.view.log_id, batches, unsent_events }))
    }

    pub(super) fn pushed(&mut self, sent: Vec<Sent>, answer: Result<Answer, Failure>) -> Vec<Effect> {
        match answer {
            Ok(Answer::Push(reply)) => {
                if let Some(window) = reply.window {
                    self.heed(window);
                }
                let wanted: Vec<_> = reply.results.iter().filter_map(named_of_ours).collect();
                if wanted.is_empty() {
                    return self.compared(&sent, &reply, &[]);
                }
                self.step = Step::Comparing(sent, reply);
                vec![Effect::Hash(wanted)]
            }
            Ok(_) => self.end(Some(Trouble::OtherAnswer)),
            Err(failure) => self.not_pushed(&sent, failure),
        }
    }

    fn not_pushed(&mut self, sent: &[Sent], failure: Failure) -> Vec<Effect> {
        let smaller = self.limits.halved();
        match failure.code() {
            Some(ProblemCode::TooLarge) if self.limits != smaller => {
                self.limits = smaller;
                self.gather()
            }
            Some(code) if sabotage::is(Bug::DropOnRefusal) && !code.passes() => self.drop_refused(sent),
            Some(code) if code.is_about_content() && !sabotage::is(Bug::PoisonBlocks) => self.isolate(sent, failure),
            _ => self.go_on_without(Trouble::Peer(failure)),
        }
    }

    /// Something in this request is not acceptable: finds out which chain holds it and leaves that one for an hour, so
    /// that no other waits for it. Nothing is taken off the till.
    fn isolate(&mut self, sent: &[Sent], failure: Failure) -> Vec<Effect> {
        let [only] = sent else {
            self.limits = Limits { batches: 1, ..self.limits };
            return self.gather();
        };
        if only.hashes.len() > 1 {
            self.limits = Limits { events: (only.hashes.len() / 2).max(1), batches: 1, ..self.limits };
            return self.gather();
        }
        self.refused.insert(only.chain, self.now.plus_millis(HOUR_MS.cast_signed()));
        self.limits = self.allowed();
        if self.has_asked_enough() {
            return self.go_on_without(Trouble::Peer(failure));
        }
        self.gather()
    }

    fn drop_refused(&mut self, sent: &[Sent]) -> Vec<Effect> {
        let Some(log_id) = self.view.log_id else { return self.next_stream() };
        let all = sent.iter().map(|sent| Operation::Prove { chain: sent.chain, log_id, seq: sent.last_seq() });
        self.step = Step::Recording(None);
        vec![Effect::Write(vec![Deed::Record(all.collect(), self.now)])]
    }

    pub(super) fn compared(&mut self, sent: &[Sent], reply: &PushReply, own: &[(ChainId, u64, Hash)]) -> Vec<Effect> {
        let reading = outbox::read_reply(sent, reply, |chain, seq| {
            own.iter().find(|(of, at, _)| (*of, *at) == (chain, seq)).map(|(_, _, hash)| *hash)
        });
        self.report.sent += reading.proved;
        self.report.unsent = self.report.unsent.saturating_sub(reading.proved);
        if reading.operations.is_empty() {
            return self.go_on_without(Trouble::NothingProved);
        }
        let forked = reading.operations.iter().filter_map(|operation| match operation {
            Operation::Fork { chain, .. } => Some(*chain),
            Operation::Prove { .. } => None,
        });
        let forked: Vec<_> = forked.collect();
        self.report.forked |= !forked.is_empty();
        let current = match self.view.current {
            Some(current) => Some(current).filter(|current| forked.contains(current)),
            // Sealed a moment ago, in this exchange: the chain begun then is not in our view, and may be forked as well.
            None => forked.iter().copied().find(|chain| self.view.heads.iter().all(|head| head.chain != *chain)),
        };
        self.note_log(reply.log_id);
        let mut deeds: Vec<_> = self.heard(reply.log_id).into_iter().collect();
        deeds.push(Deed::Record(reading.operations, self.now));
        self.step = Step::Recording(current.filter(|_| !sabotage::is(Bug::ForkNotSealed)));
        vec![Effect::Write(deeds)]
    }
}

/// Where a result names a hash of the server's that ours can be held against.
fn named_of_ours(result: &PushResult) -> Option<(ChainId, u64)> {
    match result {
        PushResult::Gap { chain, have_seq, .. } if *have_seq > 0 => Some((*chain, *have_seq)),
        PushResult::Gap { .. } | PushResult::Ok { .. } | PushResult::Fork { .. } => None,
    }
}
