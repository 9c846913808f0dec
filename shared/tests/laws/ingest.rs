//! Laws of taking in batches: however they repeat, overlap, fork and reorder, what is signed is held, once, and proved.

use std::collections::BTreeMap;

use crate::support::{chain_id, facts, origin, stamp};
use proptest::prelude::*;
use shared::event::{ChainHead, Fact, Hash, Origin, SealedEvent, sign_head};
use shared::ids::DeviceId;
use shared::keys::{PublicKey, SigningKey};
use shared::sync::ingest::{BranchPlan, Decision, Held, KnownChain, Refusal, Take, decide, span};
use shared::sync::protocol::PushBatch;
use uuid::Uuid;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn batch(events: &[SealedEvent]) -> PushBatch {
    let (first, last) = (&events[0], &events[events.len() - 1]);
    PushBatch {
        chain: first.chain,
        first_seq: first.seq,
        prev_hash: first.prev,
        events: events.iter().map(|event| event.rest().to_owned()).collect(),
        head_signature: sign_head(&last.head(), &key()),
    }
}

/// A server that holds one chain in memory.
#[derive(Default)]
struct Holder {
    known: Option<KnownChain>,
    events: BTreeMap<(u32, u64), Hash>,
}

impl Holder {
    fn held(&self, (first, last): (u64, u64)) -> Vec<Held> {
        let within = self.events.iter().filter(|((_, seq), _)| (first..=last).contains(seq));
        within.map(|((branch, seq), hash)| Held { branch: *branch, seq: *seq, hash: *hash }).collect()
    }

    fn push(&mut self, batch: &PushBatch) -> Decision {
        let held = self.held(span(batch).expect("small numbers"));
        let decision =
            decide(&origin(), &PublicKey::of(&key()), batch, self.known.as_ref(), &held).expect("a true batch");
        if let Decision::Take(take) = &decision {
            self.keep(take);
        }
        decision
    }

    fn keep(&mut self, take: &Take) {
        for event in &take.new {
            let before = self.events.insert((take.branch.number(), event.seq), event.hash);
            assert_eq!(before, None, "a place is taken once");
        }
        self.known = Some(take.leaves(self.known.as_ref()));
    }

    /// The branches that hold an event, found one by one: what the decision must agree with.
    fn places(&self, event: &SealedEvent) -> Vec<u32> {
        let there = self.events.iter().filter(|((_, seq), hash)| *seq == event.seq && **hash == event.hash);
        there.map(|((branch, _), _)| *branch).collect()
    }

    /// Every branch runs without holes from where it forked to its end.
    fn check(&self) {
        let Some(known) = &self.known else { return };
        for branch in &known.branches {
            let seqs: Vec<u64> =
                self.events.keys().filter(|(number, _)| *number == branch.branch).map(|(_, seq)| *seq).collect();
            assert_eq!(seqs, (branch.forked_after + 1..=branch.head.seq).collect::<Vec<_>>());
            assert_eq!(self.events[&(branch.branch, branch.head.seq)], branch.head.hash);
            assert!(branch.branch == 0 || branch.parent < branch.branch);
        }
    }
}

/// Histories that part from each other: each takes so many events of an earlier one and goes on by itself.
fn histories() -> impl Strategy<Value = Vec<Vec<SealedEvent>>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1_usize..8), 1..6).prop_map(
        |plans| {
            let mut all: Vec<Vec<SealedEvent>> = Vec::new();
            for (number, (which, cut, more)) in plans.iter().enumerate() {
                let mut events = Vec::new();
                if !all.is_empty() {
                    let from = &all[which.index(all.len())];
                    events.extend_from_slice(&from[..=cut.index(from.len())]);
                }
                for _ in 0..*more {
                    let head = events.last().map_or(ChainHead::start(chain_id(), None), SealedEvent::head);
                    // The stamp tells histories apart; only the first event says that the chain begins.
                    let fact = if head.seq == 0 { facts().remove(0) } else { login() };
                    events.push(head.seal(&origin(), &stamp(100 * number as u64 + head.seq), &fact));
                }
                all.push(events);
            }
            all
        },
    )
}

fn login() -> Fact {
    facts().into_iter().find(|fact| fact.kind() == "operator.logged_in").expect("one of every kind")
}

type Pick = (prop::sample::Index, prop::sample::Index, prop::sample::Index);

fn picked<'a>(histories: &'a [Vec<SealedEvent>], (which, from, to): &Pick) -> &'a [SealedEvent] {
    let history = &histories[which.index(histories.len())];
    let from = from.index(history.len());
    &history[from..=from + to.index(history.len() - from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A batch is taken exactly when the event before it is held; then all of it is held, once.
    #[test]
    fn what_follows_something_held_is_held(histories in histories(), picks in prop::collection::vec(any::<Pick>(), 1..30)) {
        let mut holder = Holder::default();
        for pick in &picks {
            let events = picked(&histories, pick);
            let first = &events[0];
            let history = &histories[pick.0.index(histories.len())];
            let is_based = first.seq == 1
                || !holder.places(&history[usize::try_from(first.seq).expect("few") - 2]).is_empty();
            let there: Vec<bool> = events.iter().map(|event| !holder.places(event).is_empty()).collect();
            let main_head = holder.known.as_ref().and_then(|known| known.head_of(0)).map_or(0, |head| head.seq);
            match holder.push(&batch(events)) {
                Decision::Gap { ask_hash_at } => {
                    prop_assert!(!is_based);
                    prop_assert_eq!(ask_hash_at, main_head.min(first.seq - 2));
                }
                Decision::Take(take) => {
                    prop_assert!(is_based);
                    let repeated = there.iter().take_while(|there| **there).count();
                    prop_assert_eq!(there.iter().filter(|there| **there).count(), repeated, "what is held is a prefix");
                    prop_assert_eq!(usize::try_from(take.repeated).expect("few"), repeated);
                    prop_assert_eq!(&take.new[..], &events[repeated..]);
                    prop_assert_eq!(take.head, events[events.len() - 1].head());
                    prop_assert!(events.iter().all(|event| holder.places(event).len() == 1));
                }
            }
            holder.check();
        }
    }

    /// Every history sent from its beginning is held in the end, whatever came before, and a fork is said once.
    #[test]
    fn every_history_is_kept(histories in histories(), picks in prop::collection::vec(any::<Pick>(), 0..20)) {
        let mut holder = Holder::default();
        for pick in &picks {
            holder.push(&batch(picked(&histories, pick)));
        }
        for history in &histories {
            let first = holder.push(&batch(history));
            let Decision::Take(first) = first else { return Err(TestCaseError::fail("no gap before the first")) };
            let shared_with_main = history.iter().take_while(|event| holder.places(event) == [0]).count() as u64;
            prop_assert!(!first.forked_now || first.verified_through == shared_with_main);
            let again = holder.push(&batch(history));
            let Decision::Take(again) = again else { return Err(TestCaseError::fail("it is held now")) };
            prop_assert!(again.new.is_empty() && !again.forked_now && !again.start);
            prop_assert_eq!(again.branch.number(), first.branch.number());
        }
    }
}

#[test]
fn another_device_another_key_and_no_start_are_refused() {
    let events = crate::support::chain_of(&facts());
    let all = batch(&events);
    let public = PublicKey::of(&key());
    let other = Origin { device: DeviceId::from_uuid(Uuid::from_u128(77)), ..origin() };
    let mut holder = Holder::default();
    holder.push(&all);
    let held = holder.held(span(&all).expect("small numbers"));
    let chain = chain_id();
    assert_eq!(decide(&other, &public, &all, holder.known.as_ref(), &held), Err(Refusal::OtherDevice(chain)));
    let stranger = PublicKey::of(&SigningKey::from_bytes(&[8; 32]));
    assert_eq!(decide(&origin(), &stranger, &all, None, &[]), Err(Refusal::Signature(chain)));
    let mut headless = ChainHead::start(chain, None);
    headless.hash = Hash::from_bytes([1; 32]);
    let no_start = headless.seal(&origin(), &stamp(0), &login());
    assert_eq!(decide(&origin(), &public, &batch(&[no_start]), None, &[]), Err(Refusal::NoStart(chain)));
    for first_seq in [0, u64::MAX, i64::MAX.unsigned_abs()] {
        let odd = PushBatch { first_seq, ..all.clone() };
        assert_eq!(decide(&origin(), &public, &odd, None, &[]), Err(Refusal::Numbers));
    }
}

#[test]
fn a_chain_begins_on_its_main_branch() {
    let events = crate::support::chain_of(&facts());
    let mut holder = Holder::default();
    let Decision::Take(take) = holder.push(&batch(&events[..2])) else { panic!("nothing is missing") };
    assert!(take.start && take.branch == BranchPlan::Main && take.new == events[..2]);
    assert_eq!(holder.push(&batch(&events[4..])), Decision::Gap { ask_hash_at: 2 });
    let Decision::Take(take) = holder.push(&batch(&events[1..])) else { panic!("nothing is missing") };
    assert_eq!((take.start, take.repeated, take.new.len()), (false, 1, events.len() - 2));
}
