//! Everything there is in one night: tills, a server, the network between them, and time. One number decides all of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::rc::Rc;

use shared::event::{Hash, Origin, SealedEvent};
use shared::ids::{ChainId, DeviceId, LogId, RegisterId, StaffId, TenantId, VenueId};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::exchange::{Answer, Failure, Request};

use crate::faults::{Fault, Faults};
use crate::invariants::{Checks, Violation};
use crate::rng::Rng;
use crate::sabotage::{Bug, Planted};
use crate::server::db::Db;
use crate::server::{Device, tenant_key};
use crate::till::Till;
use crate::till::disk::Disk;

/// How much happens in a night.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Fewest and most things a till does.
    pub acts: (i64, i64),
    /// Most tills.
    pub tills: u64,
    /// With fewer things left to do than this, a till has no network until the end; 0 for none.
    pub alone_below: u32,
}

impl Scale {
    /// A night of a few hundred events at each till.
    pub const NIGHT: Self = Self { acts: (150, 450), tills: 6, alone_below: 0 };
    /// An hour of it: bugs show in that as well, and sooner.
    pub const HOUR: Self = Self { acts: (15, 60), tills: 4, alone_below: 0 };
    /// Thirty nights of one till, without a network but for the first minutes.
    pub const MONTH: Self = Self { acts: (9_000, 9_000), tills: 1, alone_below: 8_980 };
}

/// What a night came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// A hash over everything that happened.
    pub trace: Hash,
    /// What was broken, if anything.
    pub violation: Option<Violation>,
    /// How often each invariant was looked at.
    pub checks: Checks,
    /// One for each till.
    pub nights: u64,
    /// Events written.
    pub events: u64,
    /// Faults that were on.
    pub faults: Faults,
    /// The longest it took until all was sent once nothing went wrong any more, simulated milliseconds.
    pub drained_in_ms: i64,
    /// The most bytes of events a till held.
    pub most_bytes: u64,
}

/// What happens at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Boot(usize),
    Act(usize),
    Wake { till: usize, wake: u64 },
    Arrive(u64),
    Commit { request: u64, epoch: u64 },
    Deliver(u64),
    Timeout { till: usize, request: u64 },
    Office,
    Trouble,
    ServerUp,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) till: usize,
    pub(crate) request: Rc<Request>,
}

/// The world.
pub struct World {
    pub(crate) rng: Rng,
    pub(crate) now: i64,
    pub(crate) faults: Faults,
    pub(crate) bug: Option<Bug>,
    pub(crate) quiet: bool,
    pub(crate) tills: Vec<Till>,
    pub(crate) dbs: Vec<Db>,
    pub(crate) backups: Vec<Vec<Db>>,
    /// What a bug's server would have after a crash.
    pub(crate) durable: Option<Vec<Db>>,
    pub(crate) devices: BTreeMap<DeviceId, (usize, Device)>,
    pub(crate) is_up: bool,
    pub(crate) epoch: u64,
    pub(crate) is_old: bool,
    pub(crate) window: u64,
    /// What the server refuses outright.
    pub(crate) poison: Option<Rc<SealedEvent>>,
    pub(crate) flights: BTreeMap<u64, Flight>,
    pub(crate) answers: BTreeMap<u64, (usize, u64, Result<Answer, Failure>)>,
    pub(crate) numbers: u64,
    pub(crate) scale: Scale,
    pub(crate) told: Vec<(usize, Rc<SealedEvent>)>,
    /// What a disaster took, and nothing else.
    pub(crate) excused: BTreeSet<[u8; 32]>,
    /// Every event anybody wrote.
    pub(crate) written: BTreeSet<[u8; 32]>,
    /// Tills that wait an hour, for something only a person can change, and the chains it is about.
    pub(crate) hourly: BTreeMap<usize, Vec<ChainId>>,
    /// Chains of which a copy ran beside the one that began them.
    pub(crate) copied: BTreeSet<ChainId>,
    pub(crate) checks: Checks,
    pub(crate) violation: Option<Violation>,
    pub(crate) events: u64,
    pub(crate) products: u64,
    pub(crate) trace: blake3::Hasher,
    queue: BinaryHeap<Reverse<(i64, u64, Due)>>,
    nights: u64,
    staff: Vec<Vec<StaffId>>,
    /// What each company signs with, made once: making one costs as much as signing.
    keys: Vec<SigningKey>,
}

/// Plays one night.
pub fn play(seed: u64, allowed: Faults, scale: Scale, bug: Option<Planted>) -> Outcome {
    Planted::plant(bug);
    crate::reading::forget();
    let mut world = World::new(seed, allowed, scale, bug);
    world.run();
    let drained_in_ms = world.settle();
    if world.violation.is_none() {
        world.check_everything();
    }
    Planted::plant(None);
    Outcome {
        trace: Hash::from_bytes(*world.trace.finalize().as_bytes()),
        violation: world.violation,
        checks: world.checks,
        nights: world.nights,
        events: world.events,
        faults: world.faults,
        drained_in_ms,
        most_bytes: world.tills.iter().map(|till| till.disk.bytes() as u64).max().unwrap_or(0),
    }
}

const TEN_YEARS_MS: i64 = 10 * 365 * 24 * 3600 * 1000;
const START: i64 = 1_795_000_000_000;

impl World {
    pub(crate) fn new(seed: u64, allowed: Faults, scale: Scale, bug: Option<Planted>) -> Self {
        let mut rng = Rng::new(seed);
        let faults = Faults::draw(&mut rng, allowed);
        let companies = if rng.chance(250) { 2 } else { 1 };
        let is_old = faults.has(Fault::OldServer);
        let knows_tips = !faults.has(Fault::Upgrade);
        let dbs: Vec<_> = (0..companies).map(|_| Db::new(LogId::from_uuid(rng.id()), knows_tips)).collect();
        let mut world = Self {
            now: START,
            faults,
            bug: match bug {
                Some(Planted::Here(bug)) => Some(bug),
                _ => None,
            },
            quiet: false,
            tills: Vec::new(),
            backups: vec![Vec::new(); dbs.len()],
            dbs,
            durable: None,
            devices: BTreeMap::new(),
            is_up: true,
            epoch: 0,
            is_old,
            window: 4096,
            poison: None,
            flights: BTreeMap::new(),
            answers: BTreeMap::new(),
            numbers: 0,
            scale,
            told: Vec::new(),
            excused: BTreeSet::new(),
            written: BTreeSet::new(),
            hourly: BTreeMap::new(),
            copied: BTreeSet::new(),
            checks: Checks::default(),
            violation: None,
            events: 0,
            products: 0,
            trace: blake3::Hasher::new(),
            queue: BinaryHeap::new(),
            nights: 0,
            staff: Vec::new(),
            keys: (0..companies).map(|no| tenant_key(u8::try_from(no).unwrap_or(0))).collect(),
            rng,
        };
        for company in 0..companies {
            world.found(company);
        }
        let count = 1 + world.rng.below(scale.tills);
        for no in 0..count {
            // The second company has one till: it is there to be mixed up with.
            let company = usize::from(companies == 2 && no == 0);
            world.add_till(company, scale);
        }
        world.at(world.now + 1_000, Due::Office);
        world.at(world.now + 1_000, Due::Trouble);
        world
    }

    /// The key a company signs with.
    pub(crate) fn company_key(&self, no: usize) -> &SigningKey {
        &self.keys[no]
    }

    /// A company with people and products.
    fn found(&mut self, company: usize) {
        let staff: Vec<_> = (0..4).map(|_| StaffId::from_uuid(self.rng.id())).collect();
        for id in &staff {
            self.publish_staff(company, *id, true);
        }
        self.staff.push(staff);
        for _ in 0..6 {
            self.publish_product(company);
        }
    }

    pub(crate) fn add_till(&mut self, company: usize, scale: Scale) -> usize {
        let no = self.tills.len();
        let mut key_bytes = [0; 32];
        key_bytes[..8].copy_from_slice(&self.rng.number().to_le_bytes());
        let key = SigningKey::from_bytes(&key_bytes);
        // One venue per company: its tills share a stream.
        let name = u128::try_from(company).unwrap_or(0) + 1;
        let origin = Origin {
            tenant: TenantId::from_uuid(uuid::Uuid::from_u128(name)),
            venue: VenueId::from_uuid(uuid::Uuid::from_u128(name)),
            device: DeviceId::from_uuid(self.rng.id()),
        };
        self.devices.insert(origin.device, (company, Device { origin, key: PublicKey::of(&key) }));
        let (low, high) = scale.acts;
        let acts_left = u32::try_from(self.rng.between(low, high)).unwrap_or(1);
        let skew = if self.faults.has(Fault::ClockJump) { self.rng.between(-TEN_YEARS_MS, TEN_YEARS_MS) } else { 0 };
        self.tills.push(Till {
            company,
            origin,
            key,
            register: RegisterId::from_uuid(self.rng.id()),
            staff: self.staff[company].clone(),
            disk: Disk::default(),
            synced: None,
            process: None,
            backups: Vec::new(),
            skew,
            cut_until: 0,
            full_until: 0,
            acts_left,
            twin: None,
            is_revoked: false,
            is_new: false,
            latest_hlc: 0,
            told: Vec::new(),
            checked: Vec::new(),
        });
        self.nights += 1;
        self.at(self.now + 10, Due::Boot(no));
        let first = self.now + self.rng.between(2_000, 20_000);
        self.at(first, Due::Act(no));
        no
    }

    /// Lets something happen later.
    pub(crate) fn at(&mut self, time: i64, due: Due) {
        self.numbers += 1;
        self.queue.push(Reverse((time, self.numbers, due)));
    }

    /// A new number, for requests and answers.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Whether a fault is on, and may still strike.
    pub(crate) fn strikes(&mut self, fault: Fault, per_mille: u64) -> bool {
        self.faults.has(fault) && !self.quiet && self.rng.chance(per_mille)
    }

    /// Puts something into the trace.
    pub(crate) fn note(&mut self, kind: u8, numbers: &[u64]) {
        let mut bytes = [0; 41];
        bytes[0] = kind;
        for (place, number) in bytes[1..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        self.trace.update(&bytes);
    }

    fn next(&mut self) -> Option<Due> {
        let Reverse((time, order, due)) = self.queue.pop()?;
        self.now = self.now.max(time);
        let (kind, about) = match due {
            Due::Boot(till) => (1, till as u64),
            Due::Act(till) => (2, till as u64),
            Due::Wake { till, wake } => (3, (till as u64) << 32 | wake),
            Due::Arrive(request) => (4, request),
            Due::Commit { request, .. } => (5, request),
            Due::Deliver(answer) => (6, answer),
            Due::Timeout { request, .. } => (7, request),
            Due::Office => (8, 0),
            Due::Trouble => (9, 0),
            Due::ServerUp => (10, 0),
        };
        self.note(kind, &[time.cast_unsigned(), order, about]);
        Some(due)
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Boot(till) => self.boot(till),
            Due::Act(till) => self.act(till),
            Due::Wake { till, wake } => self.wake(till, wake),
            Due::Arrive(request) => self.arrive(request),
            Due::Commit { request, epoch } => self.commit(request, epoch),
            Due::Deliver(answer) => self.deliver(answer),
            Due::Timeout { till, request } => self.time_out(till, request),
            Due::Office => self.office(),
            Due::Trouble => self.trouble(),
            Due::ServerUp => self.server_up(),
        }
    }

    /// Whether something happens by then.
    pub(crate) fn is_due_before(&self, time: i64) -> bool {
        self.queue.peek().is_some_and(|Reverse((due, _, _))| *due < time)
    }

    /// Whatever happens next; whether anything did.
    pub(crate) fn step(&mut self) -> bool {
        let Some(due) = self.next() else { return false };
        self.handle(due);
        true
    }

    /// The night itself: until every till has done what it had to do.
    fn run(&mut self) {
        while self.violation.is_none() && self.tills.iter().any(|till| till.acts_left > 0) {
            let Some(due) = self.next() else { break };
            self.handle(due);
        }
    }

    /// Nothing goes wrong any more: everything must arrive by itself. How long that took.
    fn settle(&mut self) -> i64 {
        self.heal();
        let began = self.now;
        let mut longest = 0;
        for stage in [Stage::WithPoison, Stage::Clean] {
            if stage == Stage::Clean {
                self.poison = None;
                self.learn_tips();
            }
            let (from, mut limit) = (self.now, self.patience(stage));
            let mut look_at = self.now;
            while self.violation.is_none() {
                if self.now >= look_at {
                    if self.is_drained(stage) {
                        break;
                    }
                    look_at = self.now + 2_000;
                }
                // An answer that was still under way may have told a till to wait for an hour.
                limit = limit.max(self.patience(stage));
                if self.now - from > limit {
                    self.check_liveness(stage);
                    break;
                }
                let Some(due) = self.next() else {
                    self.check_liveness(stage);
                    break;
                };
                self.handle(due);
            }
            longest = longest.max(self.now - from);
            let numbers = [(self.now - began).cast_unsigned()];
            self.note(20, &numbers);
        }
        longest
    }
}

/// Where the quiet after the night stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// All is well but for an event the server refuses.
    WithPoison,
    /// All is well.
    Clean,
}
