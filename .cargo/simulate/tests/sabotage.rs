//! Planted bugs are found. All of them: `cargo xtask simulate --sabotage all`.

use shared::sabotage::Bug as SharedBug;
use simulate::faults::Faults;
use simulate::sabotage::{Bug, Planted};
use simulate::suite::{Plan, hunt};
use simulate::world::Scale;

#[test]
fn bugs_of_five_kinds_are_found_soon() {
    let plan = Plan { start: 0, seeds: 300, faults: Faults::all(), scale: Scale::HOUR, bug: None, twice_every: 0 };
    let bugs = [
        Planted::Shared(SharedBug::NoLogId),
        Planted::Shared(SharedBug::ClockGoesBack),
        Planted::Shared(SharedBug::ChangeKept),
        Planted::Here(Bug::AckBeforeCommit),
        Planted::Here(Bug::FullDiskIsSuccess),
    ];
    for bug in bugs {
        let found = hunt(&plan, bug, 2);
        assert!(found.violation.is_some(), "{} was not found in 300 seeds", bug.name());
    }
}
