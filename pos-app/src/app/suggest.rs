//! What a customer is likely to hand over.

use shared::money::Currency;
use shared::tender::Denominations;

/// The smallest note in use, minor units; below it there are only coins.
const fn smallest_note(currency: Currency) -> i64 {
    match currency {
        Currency::Clp => 1_000,
        Currency::Cop => 200_000,
        Currency::Czk => 10_000,
        Currency::Eur => 500,
        Currency::Ils => 2_000,
    }
}

/// Sums of real notes for an amount in cash, smallest first, at most four; the first is exact.
pub(super) fn suggestions(due_minor: i64, currency: Currency) -> Vec<i64> {
    if due_minor <= 0 {
        return Vec::new();
    }
    let denominations = Denominations::of(currency);
    let smallest = smallest_note(currency);
    let is_round = |note: i64| note.to_string().starts_with(['1', '5']);
    let mut sums = vec![due_minor];
    for note in denominations.iter().rev().copied().filter(|note| *note >= smallest) {
        // Twos lie between the ones and fives people think in; the largest note always counts.
        if !is_round(note) && note != smallest && Some(&note) != denominations.first() {
            continue;
        }
        let up = (due_minor.saturating_add(note - 1) / note).saturating_mul(note);
        if !sums.contains(&up) {
            sums.push(up);
        }
    }
    sums.sort_unstable();
    sums.truncate(4);
    sums
}

#[cfg(test)]
mod tests {
    use super::suggestions;
    use shared::money::Currency;

    #[test]
    fn the_notes_on_the_keys_are_those_in_peoples_hands() {
        assert_eq!(suggestions(12_990, Currency::Clp), [12_990, 13_000, 15_000, 20_000]);
        assert_eq!(suggestions(45_000, Currency::Clp), [45_000, 50_000, 60_000]);
        assert_eq!(suggestions(1_234, Currency::Eur), [1_234, 1_500, 2_000, 5_000]);
        assert!(suggestions(0, Currency::Clp).is_empty());
    }
}
