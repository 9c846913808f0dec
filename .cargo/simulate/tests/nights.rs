//! A few nights, as part of every test run. Many more: `cargo xtask simulate`.

use simulate::faults::Faults;
use simulate::suite::{Plan, month, run};
use simulate::world::{Scale, play};

fn plan(seeds: u64) -> Plan {
    Plan { start: 0, seeds, faults: Faults::all(), scale: Scale::HOUR, bug: None, twice_every: 10 }
}

#[test]
fn sixty_worlds_break_nothing() {
    let summary = run(&plan(60), 2, false);
    assert_eq!(summary.violations, vec![]);
    let looked_at: Vec<_> = summary.checks.list().map(|(number, _)| number).collect();
    let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29];
    assert_eq!(looked_at, expected, "every invariant was looked at");
    assert!(summary.faults.values().all(|count| *count > 0), "every fault was on somewhere: {:?}", summary.faults);
}

#[test]
fn a_seed_is_the_same_night_on_one_thread_and_on_two() {
    assert_eq!(run(&plan(12), 1, false).trace, run(&plan(12), 2, false).trace);
}

#[test]
fn a_till_alone_for_thirty_nights_stays_small_and_sends_it_all() {
    let outcome = month(1);
    assert_eq!(outcome.violation, None);
    assert!(outcome.events > 8_500, "{outcome:?}");
    assert!(outcome.most_bytes < 32_000_000, "{outcome:?}");
}

#[test]
fn a_night_without_faults_is_played_to_its_end() {
    let outcome = play(3, Faults::NONE, Scale::HOUR, None);
    assert_eq!(outcome.violation, None);
    assert!(outcome.events > outcome.nights * 10, "{outcome:?}");
}
