//! Planted bugs are found. All of them: `cargo xtask simulate --sabotage all`.

use shared::sabotage::Bug as SharedBug;
use simulate::faults::Faults;
use simulate::sabotage::{Bug, Planted};
use simulate::split;
use simulate::suite::{Plan, hunt};
use simulate::world::Scale;

#[test]
fn bugs_of_six_kinds_are_found_soon() {
    let plan = Plan { start: 0, seeds: 300, faults: Faults::all(), scale: Scale::HOUR, bug: None, twice_every: 0 };
    let bugs = [
        Planted::Shared(SharedBug::NoLogId),
        Planted::Shared(SharedBug::ClockGoesBack),
        Planted::Shared(SharedBug::ChangeKept),
        Planted::Here(Bug::DoubleByArrival),
        Planted::Here(Bug::AckBeforeCommit),
        Planted::Here(Bug::FullDiskIsSuccess),
    ];
    for bug in bugs {
        let found = hunt(&plan, bug, 2);
        assert!(found.violation.is_some(), "{} was not found in 300 seeds", bug.name());
    }
}

/// One ticket at two bars cut off finds what is done wrong about tickets at once; without the bug the same seed is well.
#[test]
fn bugs_about_tickets_are_found_by_the_first_few() {
    for bug in [Bug::DoubleByArrival, Bug::PartsAreDoubles, Bug::DoubleUnsaid] {
        let found = (0..20).find(|seed| split::is_wrong(*seed, Some(Planted::Here(bug))).is_some());
        let Some(seed) = found else { panic!("{bug:?} was not found in 20 seeds") };
        assert_eq!(split::is_wrong(seed, None), None, "seed {seed} is well without {bug:?}");
    }
}
