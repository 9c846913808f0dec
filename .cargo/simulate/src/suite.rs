//! Many nights on all cores. Which thread plays which seed changes nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::faults::{Fault, Faults};
use crate::invariants::{Checks, Violation};
use crate::sabotage::Planted;
use crate::world::{Outcome, Scale, play};

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The first seed.
    pub start: u64,
    /// How many.
    pub seeds: u64,
    /// What may go wrong.
    pub faults: Faults,
    /// How long a night is.
    pub scale: Scale,
    /// A planted bug.
    pub bug: Option<Planted>,
    /// Every how many seeds one is played twice and compared; 0 for none.
    pub twice_every: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Seeds played.
    pub seeds: u64,
    /// Nights: one till, one night.
    pub nights: u64,
    /// Events written.
    pub events: u64,
    /// How many seeds each fault was on in.
    pub faults: BTreeMap<&'static str, u64>,
    /// Looks at each invariant.
    pub checks: Checks,
    /// What was broken, by seed.
    pub violations: Vec<(u64, Violation)>,
    /// All traces in order of their seeds, folded into one.
    pub trace: String,
    /// The longest it took to drain, simulated milliseconds.
    pub drained_in_ms: i64,
    /// The most bytes of events a till held.
    pub most_bytes: u64,
}

/// Plays all of a plan. With `until_found`, stops soon after the first violation; the earliest seed is told.
pub fn run(plan: &Plan, threads: usize, until_found: bool) -> Summary {
    let next = AtomicU64::new(0);
    let is_found = AtomicBool::new(false);
    let outcomes = Mutex::new(BTreeMap::<u64, Outcome>::new());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= plan.seeds || (until_found && is_found.load(Ordering::Relaxed)) {
                        return;
                    }
                    let outcome = play_one(plan, plan.start + place);
                    is_found.fetch_or(outcome.violation.is_some(), Ordering::Relaxed);
                    outcomes
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .insert(plan.start + place, outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    add_up(outcomes)
}

/// One seed, and once more to compare.
fn play_one(plan: &Plan, seed: u64) -> Outcome {
    let once = || play(seed, plan.faults, plan.scale, plan.bug);
    let mut outcome = once();
    if plan.twice_every > 0 && seed.is_multiple_of(plan.twice_every) {
        outcome.checks.look(28);
        let again = once();
        if again.trace != outcome.trace {
            let detail = format!("played twice: {} and {}", outcome.trace, again.trace);
            outcome.violation.get_or_insert(Violation { invariant: 28, detail });
        }
    }
    outcome
}

fn add_up(outcomes: BTreeMap<u64, Outcome>) -> Summary {
    let mut summary = Summary::default();
    for fault in Fault::ALL {
        summary.faults.insert(fault.name(), 0);
    }
    let mut trace = blake3::Hasher::new();
    for (seed, outcome) in outcomes {
        summary.seeds += 1;
        summary.nights += outcome.nights;
        summary.events += outcome.events;
        summary.checks.add(&outcome.checks);
        summary.drained_in_ms = summary.drained_in_ms.max(outcome.drained_in_ms);
        for fault in outcome.faults.list() {
            *summary.faults.entry(fault.name()).or_default() += 1;
        }
        summary.most_bytes = summary.most_bytes.max(outcome.most_bytes);
        trace.update(outcome.trace.as_bytes());
        summary.violations.extend(outcome.violation.map(|violation| (seed, violation)));
    }
    summary.trace = trace.finalize().to_hex().to_string();
    summary
}

/// A till alone for thirty nights, and then with everybody again.
pub fn month(seed: u64) -> Outcome {
    play(seed, Faults::NONE, Scale::MONTH, None)
}

/// A planted bug, and how soon it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub bug: Planted,
    /// How many seeds it took; none when it was not found.
    pub seeds_needed: Option<u64>,
    /// What it broke.
    pub violation: Option<Violation>,
}

/// Plants a bug and plays until it is found. A seed that breaks something without the bug as well shows nothing about it.
pub fn hunt(plan: &Plan, bug: Planted, threads: usize) -> Found {
    let planted = Plan { bug: Some(bug), twice_every: 0, ..*plan };
    let mut start = plan.start;
    let end = plan.start + plan.seeds;
    while start < end {
        let summary = run(&Plan { start, seeds: end - start, ..planted }, threads, true);
        let Some((seed, violation)) = summary.violations.into_iter().next() else { break };
        if play(seed, plan.faults, plan.scale, None).violation.is_none() {
            return Found { bug, seeds_needed: Some(seed - plan.start + 1), violation: Some(violation) };
        }
        start = seed + 1;
    }
    Found { bug, seeds_needed: None, violation: None }
}
