use crate::event::{ChainStarted, Fact, Origin, Seen, Stamp};
use crate::ids::{DeviceId, TenantId, VenueId};
use crate::keys::PublicKey;
use crate::sync::protocol::PushNote;
use crate::time::{Hlc, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn chain_id(n: u128) -> ChainId {
    ChainId::from_uuid(Uuid::from_u128(n))
}

fn log(n: u128) -> LogId {
    LogId::from_uuid(Uuid::from_u128(n))
}

fn origin() -> Origin {
    let id = Uuid::from_u128(1);
    Origin { tenant: TenantId::from_uuid(id), venue: VenueId::from_uuid(id), device: DeviceId::from_uuid(id) }
}

fn events(chain: ChainId, count: u64) -> Vec<SealedEvent> {
    let fact = Fact::ChainStarted(ChainStarted { app_version: "test".into(), ..ChainStarted::default() });
    let stamp =
        Stamp { hlc: Hlc::default(), up_ms: 0, actor: None, approver: None, session: None, seen: Seen::default() };
    let mut head = ChainHead::start(chain, None);
    (0..count)
        .map(|_| {
            let event = head.seal(&origin(), &stamp, &fact);
            head = event.head();
            event
        })
        .collect()
}

fn sent(events: &[SealedEvent]) -> Sent {
    sign_batch(events, &SigningKey::from_bytes(&[7; 32])).expect("events").1
}

fn reply(log_id: LogId, results: Vec<PushResult>) -> PushReply {
    PushReply { log_id, server_time: Timestamp::from_millis(0), results, window: None }
}

fn ok(event: &SealedEvent) -> PushResult {
    PushResult::Ok { chain: event.chain, matched_seq: event.seq, matched_hash: event.hash, notes: Vec::new() }
}

#[test]
fn a_chain_is_offered_from_where_the_proof_ends() {
    let state = |head_seq, proof: Option<(u128, u64)>| ChainState {
        chain: chain_id(1),
        head_seq,
        proof: proof.map(|(log_no, seq)| Proof { log_id: log(log_no), seq }),
    };
    let table = [
        (state(0, None), Some(log(1)), Offer::Nothing),
        (state(3, None), None, Offer::From(1)),
        (state(3, None), Some(log(1)), Offer::From(1)),
        (state(3, Some((1, 2))), Some(log(1)), Offer::From(3)),
        (state(3, Some((1, 3))), Some(log(1)), Offer::Nothing),
        (state(3, Some((1, 3))), Some(log(2)), Offer::Probe(3)),
        (state(3, Some((1, 1))), Some(log(2)), Offer::Probe(3)),
    ];
    for (state, log, offer) in table {
        assert_eq!(state.offer(log), offer, "{state:?} for {log:?}");
    }
}

#[test]
fn batches_hold_one_chain_and_keep_the_limits() {
    let all = [events(chain_id(1), 5), events(chain_id(2), 2)].concat();
    let limits = Limits { events: 2, bytes: usize::MAX, batches: 8 };
    let lengths: Vec<_> = cut(&all, &limits).iter().map(|batch| (batch[0].seq, batch.len())).collect();
    assert_eq!(lengths, [(1, 2), (3, 2), (5, 1), (1, 2)]);
    assert_eq!(cut(&all, &Limits { batches: 3, ..limits }).len(), 3);
    let each = cut(&all, &Limits { events: 512, bytes: 1, batches: 8 });
    assert_eq!(each.len(), 7, "an event larger than a batch still goes, alone");
    assert!(cut(&[], &limits).is_empty());
}

#[test]
fn a_batch_carries_the_signature_of_the_head_it_ends_in() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let all = events(chain_id(1), 3);
    let (batch, sent) = sign_batch(&all[1..], &key).expect("two events");
    assert_eq!((batch.first_seq, batch.prev_hash, batch.events.len()), (2, all[0].hash, 2));
    let mut head = ChainHead { chain: batch.chain, seq: batch.first_seq - 1, hash: batch.prev_hash };
    for rest in &batch.events {
        head = head.follow(&origin(), rest).head();
    }
    assert_eq!(head, all[2].head(), "the server can rebuild the chain from what travels");
    assert_eq!(crate::event::verify_head(&head, &PublicKey::of(&key), &batch.head_signature), Ok(()));
    assert_eq!(sent.hashes, [all[1].hash, all[2].hash]);
}

#[test]
fn answers_are_believed_only_where_the_hashes_are_equal() {
    let all = events(chain_id(1), 6);
    let other = events(chain_id(2), 6);
    let own = |chain: ChainId, seq: u64| {
        let place = usize::try_from(seq).ok()?.checked_sub(1)?;
        all.get(place).filter(|event| event.chain == chain).map(|event| event.hash)
    };
    let (chain, log_id) = (chain_id(1), log(9));
    let prove = |seq| Some(Operation::Prove { chain, log_id, seq });
    let gap = |have_seq, have_hash| PushResult::Gap { chain, have_seq, have_hash };
    let table = [
        ("matched", ok(&all[4]), prove(5)),
        ("matched in part", ok(&all[3]), prove(4)),
        (
            "same number, other hash",
            PushResult::Ok { chain, matched_seq: 5, matched_hash: Hash::ZERO, notes: Vec::new() },
            None,
        ),
        ("a number that was not sent, with our hash", ok(&all[5]), None),
        ("a number before the batch", ok(&all[1]), None),
        ("another chain", ok(&other[4]), None),
        ("a gap we can prove", gap(1, all[0].hash), prove(1)),
        ("a gap with another hash", gap(1, Hash::ZERO), prove(0)),
        ("a gap before the first event", gap(0, Hash::ZERO), prove(0)),
        ("a gap that is none", gap(2, all[1].hash), None),
        ("a gap from the end of numbers", gap(u64::MAX, Hash::ZERO), None),
        (
            "a fork",
            PushResult::Fork { chain, verified_through: 3 },
            Some(Operation::Fork { chain, log_id, verified_through: 3 }),
        ),
        ("a fork past the batch", PushResult::Fork { chain, verified_through: 5 }, None),
    ];
    for (name, result, expected) in table {
        let reading = read_reply(&[sent(&all[2..5])], &reply(log_id, vec![result]), own);
        assert_eq!(reading.operations.first().copied(), expected, "{name}");
        assert_eq!(reading.ignored, u32::from(expected.is_none()), "{name}");
    }
}

#[test]
fn remarks_of_the_server_are_counted_and_change_nothing_else() {
    let all = events(chain_id(1), 2);
    let notes = vec![
        PushNote { seq: 1, disposition: Disposition::Applied, code: String::new() },
        PushNote { seq: 2, disposition: Disposition::Flagged, code: "over_redeemed".into() },
    ];
    let result = PushResult::Ok { chain: chain_id(1), matched_seq: 2, matched_hash: all[1].hash, notes };
    let reading = read_reply(&[sent(&all)], &reply(log(1), vec![result]), |_, _| None);
    assert_eq!((reading.operations.len(), reading.remarked), (1, 1));
}

#[derive(Clone, Debug)]
struct Said {
    kind: u8,
    of_other_chain: bool,
    seq: u64,
    hash_of: u64,
    log_no: u128,
}

fn said() -> impl Strategy<Value = Said> {
    (0..3_u8, prop::bool::weighted(0.1), 0..12_u64, 0..12_u64, 1..3_u128)
        .prop_map(|(kind, of_other_chain, seq, hash_of, log_no)| Said { kind, of_other_chain, seq, hash_of, log_no })
}

proptest! {
    /// Whatever a server says, in whatever order: what we count as held, it named with our own hash.
    #[test]
    fn no_answer_moves_a_proof_past_what_it_proved(answers in prop::collection::vec((said(), 1..10_u64, 1..10_u64), 1..30)) {
        let all = events(chain_id(1), 9);
        let own = |chain: ChainId, seq: u64| {
            let place = usize::try_from(seq).ok()?.checked_sub(1)?;
            all.get(place).filter(|event| event.chain == chain).map(|event| event.hash)
        };
        let mut named: std::collections::BTreeSet<(LogId, u64)> = std::collections::BTreeSet::new();
        let mut state = ChainState { chain: chain_id(1), head_seq: 9, proof: None };
        for (said, first, length) in answers {
            let log_id = log(said.log_no);
            let first = usize::try_from(first - 1).expect("small");
            let last = (first + usize::try_from(length).expect("small")).min(9);
            let hash = own(chain_id(1), said.hash_of).unwrap_or(Hash::ZERO);
            let chain = chain_id(if said.of_other_chain { 2 } else { 1 });
            if said.hash_of == said.seq {
                named.insert((log_id, said.seq));
            }
            let result = match said.kind {
                0 => PushResult::Ok { chain, matched_seq: said.seq, matched_hash: hash, notes: Vec::new() },
                1 => PushResult::Gap { chain, have_seq: said.seq, have_hash: hash },
                _ => PushResult::Fork { chain, verified_through: said.seq },
            };
            for operation in read_reply(&[sent(&all[first..last])], &reply(log_id, vec![result]), own).operations {
                if let Operation::Prove { log_id, seq, .. } = operation {
                    state.proof = Some(Proof { log_id, seq });
                }
            }
            if let Some(proof) = state.proof.filter(|proof| proof.seq > 0) {
                prop_assert!(proof.seq <= state.head_seq);
                prop_assert!(named.contains(&(proof.log_id, proof.seq)), "{proof:?} was never named with our hash");
            }
        }
    }

    /// Cutting loses nothing, repeats nothing and reorders nothing.
    #[test]
    fn cutting_keeps_every_event_in_order(counts in prop::collection::vec(0..6_u64, 1..5), most in 1..4_usize, bytes in 1..2_000_usize) {
        let chains = (1_u128..).zip(counts).map(|(n, count)| events(chain_id(n), count));
        let all: Vec<_> = chains.collect::<Vec<_>>().concat();
        let batches = cut(&all, &Limits { events: most, bytes, batches: usize::MAX });
        prop_assert_eq!(&batches.concat(), &all);
        for batch in batches {
            let size: usize = batch.iter().map(|event| event.rest().len()).sum();
            prop_assert!(batch.len() <= most && (batch.len() == 1 || size <= bytes));
            prop_assert!(batch.iter().all(|event| event.chain == batch[0].chain));
        }
    }
}
