//! The server's machine: requests arrive, are committed some time later or never, and are answered or not.

use std::rc::Rc;

use shared::sync::exchange::{Answer, Failure, Request};
use shared::sync::protocol::{Problem, ProblemCode};
use shared::time::Timestamp;

use crate::faults::Fault;
use crate::sabotage::Bug;
use crate::server::{self, Manner};
use crate::world::{Due, Flight, World};

impl World {
    pub(crate) fn manner(&mut self) -> Manner {
        let visible_at =
            if self.bug == Some(Bug::SequenceCursor) { self.now + self.rng.between(0, 3_000) } else { self.now };
        Manner { is_old: self.is_old, window: self.window, bug: self.bug, now: self.now, visible_at }
    }

    pub(crate) fn arrive(&mut self, request: u64) {
        if !self.is_up {
            return;
        }
        if self.bug == Some(Bug::AckBeforeCommit) && (self.durable.is_none() || self.rng.chance(30)) {
            self.durable = Some(self.dbs.clone());
        }
        let is_slow = self.strikes(Fault::SlowCommit, 300);
        let delay = if is_slow { self.rng.between(1, 4_000) } else { 1 };
        let epoch = self.epoch;
        self.at(self.now + delay, Due::Commit { request, epoch });
    }

    /// The request's transaction commits, and the answer leaves.
    pub(crate) fn commit(&mut self, number: u64, epoch: u64) {
        if epoch != self.epoch || !self.is_up {
            return;
        }
        let Some(Flight { till, request }) = self.flights.get(&number).cloned() else { return };
        if self.strikes(Fault::ServerCrash, 3) {
            self.crash_server();
            return;
        }
        let answer = self.answer(till, &request);
        self.note(40, &[number, answer.as_ref().map_or_else(code, |_| 0)]);
        if self.strikes(Fault::ServerCrash, 3) {
            self.crash_server();
            return;
        }
        if self.strikes(Fault::Loss, 60) {
            return;
        }
        let answer = if answer.is_ok() && self.strikes(Fault::Truncate, 40) {
            Err(Failure::Unintelligible("cut".to_owned()))
        } else {
            answer
        };
        self.answer_soon(till, number, answer);
    }

    fn answer(&mut self, till: usize, request: &Rc<Request>) -> Result<Answer, Failure> {
        if self.strikes(Fault::Pressure, 50) {
            let code =
                [ProblemCode::Unavailable, ProblemCode::TooManyRequests, ProblemCode::TooLarge][self.rng.place(3)];
            let asked = if self.rng.chance(500) { None } else { Some(self.rng.below(30_000)) };
            return Err(self.refusal(code, asked));
        }
        if self.strikes(Fault::Truncate, 30) {
            return Err(self.refusal(ProblemCode::Malformed, None));
        }
        let request = self.flipped(request);
        if self.is_poisoned(&request) {
            return Err(self.refusal(ProblemCode::Unprocessable, None));
        }
        let (company, device) = self.devices[&self.tills[till].origin.device].clone();
        let manner = self.manner();
        let served = server::serve(&mut self.dbs, company, &device, &request, &manner);
        if matches!(*request, Request::Push(_)) && self.numbers.is_multiple_of(8) && self.violation.is_none() {
            let before = self.dbs[company].digest();
            let again = server::serve(&mut self.dbs, company, &device, &request, &manner);
            let is_unmoved = self.dbs[company].digest() == before;
            self.check_same_answer(&served, &again, is_unmoved);
        }
        match served {
            Ok((answer, did)) => {
                self.check_served(company, &request, &answer, &did);
                Ok(self.garbled(answer))
            }
            Err(code) => {
                self.check_refused(company, &request, code);
                Err(self.refusal(code, None))
            }
        }
    }

    /// A stream's page comes short, as a server under pressure cuts it, or with its first line missing.
    fn garbled(&mut self, answer: Answer) -> Answer {
        let Answer::Pull(mut reply) = answer else { return answer };
        if self.strikes(Fault::Pressure, 300) {
            let most = 1 + self.rng.place(5);
            reply.items.truncate(most);
        }
        if reply.items.len() > 1 && self.strikes(Fault::Truncate, 100) {
            reply.items.remove(0);
        }
        Answer::Pull(reply)
    }

    /// A byte of a pushed event changes on the way.
    fn flipped(&mut self, request: &Rc<Request>) -> Rc<Request> {
        let Request::Push(push) = &**request else { return Rc::clone(request) };
        if push.batches.is_empty() || !self.strikes(Fault::BitFlip, 25) {
            return Rc::clone(request);
        }
        let mut push = push.clone();
        let batch = self.rng.place(push.batches.len());
        let events = &mut push.batches[batch].events;
        if !events.is_empty() {
            let place = self.rng.place(events.len());
            events[place] = events[place].replacen("\"up_ms\":", "\"up_mz\":", 1);
        }
        Rc::new(Request::Push(push))
    }

    fn is_poisoned(&self, request: &Request) -> bool {
        let (Some(poison), Request::Push(push)) = (&self.poison, request) else { return false };
        let rest = poison.rest();
        push.batches.iter().any(|batch| batch.chain == poison.chain && batch.events.iter().any(|event| event == rest))
    }

    fn refusal(&self, code: ProblemCode, retry_after_ms: Option<u64>) -> Failure {
        let server_time = Timestamp::from_millis(self.now);
        Failure::Refused { problem: Problem { status: 400, code, title: String::new(), server_time }, retry_after_ms }
    }

    /// The server's process dies: what was not committed is gone, what was stays.
    pub(crate) fn crash_server(&mut self) {
        self.epoch += 1;
        self.is_up = false;
        if let Some(durable) = &self.durable {
            self.dbs.clone_from(durable);
        }
        self.check_acknowledged();
        let back = self.now + self.rng.between(200, 60_000);
        self.at(back, Due::ServerUp);
    }

    pub(crate) fn server_up(&mut self) {
        self.is_up = true;
    }
}

fn code(failure: &Failure) -> u64 {
    failure.code().map_or(99, |code| code as u64 + 1)
}
