//! Which of two values is the later one.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::ids::ChainId;
use crate::time::Hlc;

/// Where a value was written: a total order over all events of all tills.
///
/// The clock alone is none: two tills, or two clones of one, can read the same. With chain and number no two events
/// are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Marker {
    /// The device's hybrid clock.
    pub hlc: Hlc,
    /// Its run.
    pub chain: ChainId,
    /// The event's number there.
    pub seq: u64,
}

impl Marker {
    /// Where an event stands.
    pub const fn of(event: &Event) -> Self {
        Self { hlc: event.stamp.hlc, chain: event.chain, seq: event.seq }
    }
}

/// Who set a value. Head office stands above a till that did not know what head office had decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A till.
    Till(Marker),
    /// Head office.
    Office,
}

/// How late a value is. Rounds are head office's order: whoever knew round 4 writes round 5, so knowing always beats
/// not knowing, whatever the clocks say. Among those who wrote the same round without each other the marker decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// One more than the round its author knew.
    pub round: u64,
    /// Who.
    pub by: Author,
}

impl Version {
    /// As head office first wrote it.
    pub const FIRST: Self = Self { round: 0, by: Author::Office };

    /// What a till writes that knew round `seen`.
    pub const fn at_till(seen: u64, marker: Marker) -> Self {
        Self { round: seen.saturating_add(1), by: Author::Till(marker) }
    }

    /// What head office writes next; it knows every round before.
    #[must_use]
    pub const fn at_office(self) -> Self {
        Self { round: self.round.saturating_add(1), by: Author::Office }
    }

    /// Whether whoever wrote `self` cannot have known `other`. A run knows what it wrote before.
    pub fn is_beside(&self, other: &Self) -> bool {
        let same_run = match (&self.by, &other.by) {
            (Author::Till(one), Author::Till(another)) => one.chain == another.chain,
            _ => false,
        };
        self.round == other.round && !same_run
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::FIRST
    }
}
