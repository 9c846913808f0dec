//! One ticket shown at two bars that are cut off from head office and from each other, as part of every test run.

use simulate::split::{Asked, is_wrong, play};

/// Exactly what was sold is handed over rightly and the rest is one incident, the same whichever bar is heard first; parts
/// that fit are none.
#[test]
fn a_thousand_tickets_at_two_bars_come_to_one_valid_and_one_incident_in_both_orders() {
    let wrong: Vec<_> =
        (0..1_000).filter_map(|seed| is_wrong(seed, None).map(|detail| (seed, detail))).take(3).collect();
    assert_eq!(wrong, []);
}

#[test]
fn all_three_ways_to_share_a_ticket_are_played() {
    let asked: Vec<_> = (0..40).map(|seed| play(seed, 0, None)).collect();
    for way in [Asked::Whole, Asked::PartsTooMany, Asked::PartsThatFit] {
        let of_way: Vec<_> = asked.iter().filter(|healed| healed.asked == way).collect();
        assert!(of_way.len() > 5, "{way:?}");
        let is_double = |healed: &simulate::split::Healed| !healed.incidents.is_empty();
        assert!(of_way.iter().all(|healed| is_double(healed) == (way != Asked::PartsThatFit)));
    }
}
