//! A till's process at work: does what its exchange says, and lets the power fail before or after any of it.

use std::rc::Rc;

use shared::event::SealedEvent;
use shared::ids::ChainId;
use shared::sync::exchange::{Deed, Effect, Failure, Input, Request, Trouble};
use shared::sync::protocol::PushReply;
use shared::time::{Hlc, Timestamp};

use crate::faults::Fault;
use crate::sabotage::Bug;
use crate::till::Process;
use crate::till::night::{Moment, Written};
use crate::world::{Due, Flight, World};

/// How long a till waits for an answer, milliseconds.
const PATIENCE_MS: i64 = 60 * 1000;

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commit {
    Done,
    Full,
    /// The power failed; whether it was done nobody in the process knows any more.
    Dead,
}

impl World {
    pub(crate) fn wall(&self, till: usize) -> Timestamp {
        Timestamp::from_millis(self.now + self.tills[till].skew)
    }

    pub(crate) fn moment(&self, till: usize) -> Moment {
        let started = self.tills[till].process.as_ref().map_or(self.now, |process| process.started);
        Moment {
            wall: self.wall(till),
            up_ms: (self.now - started).cast_unsigned(),
            bug: self.bug,
            writes_poison: self.faults.has(Fault::Poison),
        }
    }

    /// The till's process starts: always in a new chain.
    pub(crate) fn boot(&mut self, till: usize) {
        if self.tills[till].process.is_some() {
            return;
        }
        let reused = self.tills[till].disk.last_chain().filter(|_| self.bug == Some(Bug::ChainReused));
        let chain = reused.unwrap_or(ChainId::from_uuid(self.rng.id()));
        self.tills[till].process = Some(self.process(till, chain));
        if reused.is_none() {
            let written = self.tills[till].start_chain(&self.moment(till), chain);
            match self.append(till, written) {
                Commit::Done => {}
                Commit::Full => {
                    self.tills[till].process = None;
                    self.at(self.now + 30_000, Due::Boot(till));
                    return;
                }
                Commit::Dead => return,
            }
        }
        self.drive(till, Input::Asked);
    }

    fn process(&mut self, till: usize, chain: ChainId) -> Process {
        let exchange = self.tills[till].exchange(self.company_key(self.tills[till].company));
        let wake = self.number();
        Process { exchange, chain, wake, waiting: None, forked: None, started: self.now, hlc: Hlc::default() }
    }

    /// A copy of a till goes on in the same chain, knowing nothing of the other.
    pub(crate) fn go_on(&mut self, till: usize, chain: ChainId) {
        self.tills[till].process = Some(self.process(till, chain));
        self.drive(till, Input::Asked);
    }

    /// The power fails.
    pub(crate) fn kill(&mut self, till: usize) {
        let machine = &mut self.tills[till];
        machine.process = None;
        if self.bug == Some(Bug::CommitNotSynced)
            && let Some(synced) = machine.synced.clone()
        {
            machine.disk = synced;
        }
        let back = self.now + self.rng.between(500, 90_000);
        self.at(back, Due::Boot(till));
    }

    fn is_full(&self, till: usize) -> bool {
        self.now < self.tills[till].full_until && !self.quiet
    }

    /// Writes an event: event, drawer and clock in one transaction.
    fn append(&mut self, till: usize, written: Written) -> Commit {
        let event = Rc::clone(&written.event);
        if self.bug == Some(Bug::ToldBeforeCommit) {
            self.tell(till, &event);
        }
        if self.strikes(Fault::TillCrash, 2) {
            self.kill(till);
            return Commit::Dead;
        }
        if self.is_full(till) {
            if self.bug == Some(Bug::FullDiskIsSuccess) {
                self.tell(till, &event);
                return Commit::Done;
            }
            return Commit::Full;
        }
        self.check_written(till, &written);
        let machine = &mut self.tills[till];
        if let Some(process) = &mut machine.process {
            process.hlc = written.hlc;
        }
        machine.disk.append(Rc::clone(&event));
        (machine.disk.hlc, machine.disk.session) = (written.hlc, written.session);
        (machine.disk.receipts, machine.disk.closed) = (written.receipts, written.closed);
        self.events += 1;
        self.trace.update(event.hash.as_bytes());
        self.sync(till);
        if self.strikes(Fault::TillCrash, 2) {
            self.kill(till);
            return Commit::Dead;
        }
        self.tell(till, &event);
        Commit::Done
    }

    fn tell(&mut self, till: usize, event: &Rc<SealedEvent>) {
        self.told.push((self.tills[till].company, Rc::clone(event)));
    }

    /// A bug's disk: what was committed reaches it now and then.
    fn sync(&mut self, till: usize) {
        if self.bug == Some(Bug::CommitNotSynced) && self.rng.chance(100) {
            self.tills[till].synced = Some(self.tills[till].disk.clone());
        }
    }

    /// Something happens at the till.
    pub(crate) fn act(&mut self, till: usize) {
        let gap = if self.rng.chance(700) { self.rng.between(50, 900) } else { self.rng.between(5_000, 40_000) };
        let Some(process) = &self.tills[till].process else {
            self.at(self.now + 5_000, Due::Act(till));
            return;
        };
        let chain = process.chain;
        if self.tills[till].acts_left < self.scale.alone_below {
            self.tills[till].cut_until = i64::MAX;
        }
        let moment = self.moment(till);
        let written = self.tills[till].act(&mut self.rng, &moment, chain);
        let left = self.tills[till].acts_left.saturating_sub(1);
        // A till that cannot sell for want of a catalogue does not wait for ever.
        self.tills[till].acts_left = left;
        if left > 0 {
            self.at(self.now + gap, Due::Act(till));
        }
        if let Some(written) = written {
            self.choose_poison(&written.event);
            self.commit_at(till, written);
        }
    }

    /// Writes an event, and lets it be sent.
    pub(crate) fn commit_at(&mut self, till: usize, written: Written) {
        if self.append(till, written) == Commit::Done {
            self.drive(till, Input::Committed);
        }
    }

    fn choose_poison(&mut self, event: &Rc<SealedEvent>) {
        if self.poison.is_none() && event.seq > 1 && self.strikes(Fault::Poison, 8) {
            self.poison = Some(Rc::clone(event));
        }
    }

    pub(crate) fn wake(&mut self, till: usize, wake: u64) {
        if self.tills[till].process.as_ref().is_some_and(|process| process.wake == wake) {
            self.drive(till, Input::Woken);
        }
    }

    /// Does everything that follows from an input, until the till waits for something.
    pub(crate) fn drive(&mut self, till: usize, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let wall = self.wall(till);
            let Some(process) = &mut self.tills[till].process else { return };
            let effects = process.exchange.step(wall, input);
            for effect in effects {
                if self.violation.is_some() {
                    return;
                }
                match self.perform(till, effect) {
                    Some(Ok(input)) => next = Some(input),
                    Some(Err(())) => return,
                    None => {}
                }
            }
        }
    }

    /// Does one thing: its answer, nothing, or `Err` when the power failed.
    fn perform(&mut self, till: usize, effect: Effect) -> Option<Result<Input, ()>> {
        let disk = &self.tills[till].disk;
        let chain = self.tills[till].process.as_ref()?.chain;
        match effect {
            Effect::Look => Some(Ok(Input::Saw(disk.view(chain)))),
            Effect::Gather { limits, skip } => {
                Some(Ok(Input::Gathered(disk.gather(&limits, &skip, self.wall(till).as_millis()))))
            }
            Effect::Hash(wanted) => {
                let held = |(chain, seq)| Some((chain, seq, disk.hash_of(chain, seq)?));
                Some(Ok(Input::Hashes(wanted.into_iter().filter_map(held).collect())))
            }
            Effect::ListKeys(stream) => {
                let keys = disk.copies.get(&stream).into_iter().flat_map(|copies| copies.keys());
                Some(Ok(Input::Keys(keys.map(ToString::to_string).collect())))
            }
            Effect::Write(deeds) => Some(self.write(till, deeds)),
            Effect::SealChain(_) => {
                let chain = ChainId::from_uuid(self.rng.id());
                let written = self.tills[till].start_chain(&self.moment(till), chain);
                Some(match self.append(till, written) {
                    Commit::Done => {
                        if let Some(process) = &mut self.tills[till].process {
                            process.chain = chain;
                        }
                        Ok(Input::Written)
                    }
                    Commit::Full => {
                        // Until there is room it goes on where it is.
                        if let Some(process) = &mut self.tills[till].process {
                            process.forked = None;
                        }
                        Ok(Input::NotWritten(self.random()))
                    }
                    Commit::Dead => Err(()),
                })
            }
            Effect::Ask(request) => {
                self.send(till, request);
                None
            }
            Effect::WakeIn(millis) => {
                let wake = self.number();
                if let Some(process) = &mut self.tills[till].process {
                    process.wake = wake;
                }
                self.at(self.now + millis.cast_signed(), Due::Wake { till, wake });
                None
            }
            Effect::Report(report) => {
                let trouble = match &report.trouble {
                    None => 0,
                    Some(Trouble::Peer(_)) => 1,
                    Some(Trouble::Ledger) => 2,
                    Some(_) => 3,
                };
                self.note(30, &[till as u64, report.sent, report.pulled, trouble]);
                self.check_report(till, &report);
                None
            }
        }
    }

    fn random(&mut self) -> u32 {
        u32::try_from(self.rng.below(1 << 32)).unwrap_or(0)
    }

    fn write(&mut self, till: usize, deeds: Vec<Deed>) -> Result<Input, ()> {
        if self.strikes(Fault::TillCrash, 3) {
            self.kill(till);
            return Err(());
        }
        if self.is_full(till) {
            let is_taken = self.bug == Some(Bug::FullDiskIsSuccess);
            return Ok(if is_taken { Input::Written } else { Input::NotWritten(self.random()) });
        }
        self.check_deeds(till, &deeds);
        if self.bug == Some(Bug::CursorBeforeItems) && self.is_torn(till, &deeds) {
            return Err(());
        }
        self.tills[till].disk.write(deeds);
        if self.bug == Some(Bug::ForgottenOnAck) {
            self.forget_acknowledged(till);
        }
        self.sync(till);
        if self.strikes(Fault::TillCrash, 3) {
            self.kill(till);
            return Err(());
        }
        Ok(Input::Written)
    }

    /// A bug: the cursor is written, then the power fails, and the items never are.
    fn is_torn(&mut self, till: usize, deeds: &[Deed]) -> bool {
        let [Deed::Apply { stream, end, .. }] = deeds else { return false };
        if !self.strikes(Fault::TillCrash, 100) {
            return false;
        }
        self.tills[till].disk.write(vec![Deed::MoveCursor(*stream, *end)]);
        self.kill(till);
        true
    }

    /// A bug: what was acknowledged is deleted; only each chain's last event stays, to go on from.
    fn forget_acknowledged(&mut self, till: usize) {
        let disk = &mut self.tills[till].disk;
        let current = disk.last_chain();
        disk.chains.retain(|id, chain| {
            Some(*id) == current || chain.proof.is_none_or(|proof| proof.seq < chain.events.len() as u64)
        });
        disk.order.retain(|id| disk.chains.contains_key(id));
    }

    /// Puts a request on its way.
    fn send(&mut self, till: usize, request: Request) {
        self.check_request(till, &request);
        let number = self.number();
        if let Some(process) = &mut self.tills[till].process {
            process.waiting = Some(number);
        }
        self.at(self.now + PATIENCE_MS, Due::Timeout { till, request: number });
        if self.now < self.tills[till].cut_until && !self.quiet {
            // Nobody answers: some lines say so at once, some let us wait.
            if self.rng.chance(500) {
                self.answer_soon(till, number, Err(Failure::Unreachable("no route".to_owned())));
            }
            return;
        }
        if self.strikes(Fault::Loss, 60) {
            return;
        }
        let delay = self.delay();
        self.flights.insert(number, Flight { till, request: Rc::new(request) });
        self.at(self.now + delay, Due::Arrive(number));
        if self.strikes(Fault::Duplicate, 80) {
            let later = self.now + delay + self.rng.between(1, 120_000);
            self.at(later, Due::Arrive(number));
        }
    }

    /// How long something takes on the line.
    pub(crate) fn delay(&mut self) -> i64 {
        if self.strikes(Fault::Reorder, 150) { self.rng.between(500, 150_000) } else { self.rng.between(5, 60) }
    }

    pub(crate) fn answer_soon(
        &mut self,
        till: usize,
        request: u64,
        answer: Result<shared::sync::exchange::Answer, Failure>,
    ) {
        let number = self.number();
        self.answers.insert(number, (till, request, answer));
        let delay = self.delay();
        self.at(self.now + delay, Due::Deliver(number));
    }

    pub(crate) fn deliver(&mut self, number: u64) {
        let Some((till, request, answer)) = self.answers.remove(&number) else { return };
        let (till, request) = self.crossed(till, request, &answer).unwrap_or((till, request));
        self.receive(till, request, answer);
    }

    /// A middlebox takes two machines that show the same device for one.
    fn crossed(
        &mut self,
        till: usize,
        request: u64,
        answer: &Result<shared::sync::exchange::Answer, Failure>,
    ) -> Option<(usize, u64)> {
        let Ok(shared::sync::exchange::Answer::Push(PushReply { .. })) = answer else { return None };
        let twin = self.tills[till].twin?;
        let theirs = self.tills[twin].process.as_ref()?.waiting?;
        let is_push = matches!(*self.flights.get(&theirs)?.request, Request::Push(_));
        (theirs != request && is_push && self.strikes(Fault::Crossed, 500)).then_some((twin, theirs))
    }

    fn receive(&mut self, till: usize, request: u64, answer: Result<shared::sync::exchange::Answer, Failure>) {
        let Some(process) = &mut self.tills[till].process else { return };
        if process.waiting != Some(request) {
            return;
        }
        process.waiting = None;
        let random = self.random();
        self.drive(till, Input::Answered(answer, random));
    }

    pub(crate) fn time_out(&mut self, till: usize, request: u64) {
        self.receive(till, request, Err(Failure::Unreachable("timed out".to_owned())));
    }
}
