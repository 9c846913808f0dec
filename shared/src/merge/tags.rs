//! A set that several may add to and take from. Who adds wins over who removed without knowing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crdts::{CmRDT, CvRDT, Orswot, VClock, orswot};
use serde::{Deserialize, Serialize};

use super::{Actor, Marker};

/// Most tags one edit can add, so that each gets a dot of its own.
const DOTS_PER_EVENT: u64 = 256;

/// One adding of one tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// Who added.
    #[serde(flatten)]
    pub by: Actor,
    /// Which adding of theirs; grows.
    pub dot: u64,
}

/// A tag taken off, naming the addings that were known. One added meanwhile stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TagRemoval {
    /// Which.
    pub tag: String,
    /// As it was known.
    pub seen: Vec<Dot>,
}

/// The tags of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Tags {
    set: Orswot<String, Actor>,
    /// Removals of addings that are not here yet. The set keeps them too, but shows them to nobody.
    waiting: BTreeSet<TagRemoval>,
}

/// As it travels: the crate's own shape has maps whose keys are no text, which JSON cannot hold.
#[derive(Serialize, Deserialize)]
struct Written {
    clock: Vec<Dot>,
    tags: Vec<TagRemoval>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<TagRemoval>,
}

impl Tags {
    /// What is on it, in order.
    pub fn list(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.set.iter().map(|tag| tag.val.clone()).collect();
        tags.sort_unstable();
        tags
    }

    /// Whether nobody ever touched it.
    pub fn is_fresh(&self) -> bool {
        *self == Self::default()
    }

    /// Adds tags, as one event does. Events of one run come in their order, whatever else comes between them.
    pub fn add(&mut self, by: Actor, at: &Marker, tags: &[String]) {
        let limit = usize::try_from(DOTS_PER_EVENT - 1).unwrap_or(usize::MAX);
        for (nth, tag) in (1..).zip(tags.iter().take(limit)) {
            let dot = at.seq.saturating_mul(DOTS_PER_EVENT).saturating_add(nth);
            self.set.apply(orswot::Op::Add { dot: crdts::Dot::new(by, dot), members: vec![tag.clone()] });
        }
        self.settle();
    }

    /// What removing a tag now has to say.
    pub fn removal(&self, tag: &str) -> TagRemoval {
        let known = self.set.contains(&tag.to_owned()).rm_clock;
        TagRemoval { tag: tag.to_owned(), seen: dots(&known) }
    }

    /// Removes a tag as far as the remover knew it.
    pub fn remove(&mut self, removal: &TagRemoval) {
        self.set.apply(orswot::Op::Rm { clock: clock(&removal.seen), members: vec![removal.tag.clone()] });
        self.waiting.insert(removal.clone());
        self.settle();
    }

    /// Takes in what another knows.
    pub fn merge(&mut self, other: &Self) {
        self.set.merge(other.set.clone());
        self.waiting.extend(other.waiting.iter().cloned());
        self.settle();
    }

    fn settle(&mut self) {
        let clock = self.set.clock();
        self.waiting.retain(|removal| removal.seen.iter().any(|seen| clock.get(&seen.by) < seen.dot));
    }
}

fn dots(clock: &VClock<Actor>) -> Vec<Dot> {
    clock.iter().map(|dot| Dot { by: *dot.actor, dot: dot.counter }).collect()
}

fn clock(dots: &[Dot]) -> VClock<Actor> {
    let mut clock = VClock::new();
    for dot in dots {
        clock.apply(crdts::Dot::new(dot.by, dot.dot));
    }
    clock
}

impl From<Tags> for Written {
    fn from(tags: Tags) -> Self {
        let mut listed: Vec<_> =
            tags.set.iter().map(|tag| TagRemoval { tag: tag.val.clone(), seen: dots(&tag.rm_clock) }).collect();
        listed.sort_unstable();
        Self { clock: dots(&tags.set.clock()), tags: listed, waiting: tags.waiting.into_iter().collect() }
    }
}

impl From<Written> for Tags {
    /// Adds everything again in each actor's order; an adding that was removed leaves only its mark on the clock.
    fn from(written: Written) -> Self {
        let mut addings: BTreeMap<Dot, HashSet<String>> = BTreeMap::new();
        for dot in written.clock {
            addings.entry(dot).or_default();
        }
        for tag in written.tags {
            for dot in tag.seen {
                addings.entry(dot).or_default().insert(tag.tag.clone());
            }
        }
        let mut tags = Self::default();
        for (dot, members) in addings {
            let members = members.into_iter().collect();
            tags.set.apply(orswot::Op::Add { dot: crdts::Dot::new(dot.by, dot.dot), members });
        }
        for removal in written.waiting {
            tags.remove(&removal);
        }
        tags
    }
}
