//! A till's first words and the answer to them. What a till makes of an answer it proves by its own hashes.

use shared::event::{ChainHead, Hash};
use shared::ids::ChainId;
use shared::keys::PublicKey;
use shared::sync::exchange::{Answer, Deed, Effect, Exchange, Failure, Gathered, Input, Request, Settings, View};
use shared::sync::outbox::Operation;
use shared::sync::protocol::{Hello, HelloReply, StreamCursor};
use shared::sync::stream::{Cursor, StreamName};
use shared::time::Timestamp;

use crate::who;

/// More than a till does about one answer, and about the same answer once more.
const MOST_STEPS: usize = 10_000;

/// A hello, or the answer to one.
///
/// Holds: either reads as what it is written as. Whatever a server answers, a till's cursor stays where it is but for the
/// log it is of, what it counts as sent is what it has the same hash of, and it comes to an end.
pub fn target(bytes: &[u8]) {
    if let Ok(said) = serde_json::from_slice::<Hello>(bytes) {
        let text = serde_json::to_string(&said).expect("a hello is JSON");
        assert_eq!(serde_json::from_str::<Hello>(&text).ok(), Some(said));
    }
    let Ok(reply) = serde_json::from_slice::<HelloReply>(bytes) else { return };
    let text = serde_json::to_string(&reply).expect("an answer is JSON");
    assert_eq!(serde_json::from_str::<HelloReply>(&text).ok(), Some(reply.clone()));
    answer(&reply);
}

/// Where the till stands: two events, and three items of the catalogue.
pub(crate) fn head() -> ChainHead {
    ChainHead { seq: 2, hash: Hash::from_bytes([2; 32]), ..who::chain() }
}

pub(crate) fn cursor() -> Cursor {
    Cursor { log_id: who::log(), seq: 3, hash: Hash::from_bytes([3; 32]) }
}

fn hash_of(chain: ChainId, seq: u64) -> Option<Hash> {
    let hash = [Hash::from_bytes([1; 32]), head().hash];
    let place = usize::try_from(seq.checked_sub(1)?).ok()?;
    hash.get(place).copied().filter(|_| chain == head().chain)
}

fn answer(reply: &HelloReply) {
    let settings = Settings {
        origin: who::origin(),
        key: who::key(),
        tenant_key: PublicKey::of(&who::key()),
        app_version: "0.1.0".to_owned(),
        interval_ms: 15_000,
    };
    let mut exchange = Exchange::new(settings);
    let cursors = vec![StreamCursor { stream: StreamName::Catalog, cursor: cursor() }];
    let view = View { log_id: Some(who::log()), current: Some(head().chain), heads: vec![head()], cursors };
    let mut next = Some(Input::Asked);
    for _ in 0..MOST_STEPS {
        let Some(input) = next.take() else { return };
        for effect in exchange.step(Timestamp::from_millis(1_795_314_600_000), input) {
            next = match effect {
                Effect::Look => Some(Input::Saw(view.clone())),
                Effect::Gather { .. } => Some(Input::Gathered(Gathered::default())),
                Effect::Hash(wanted) => {
                    let held = |(chain, seq)| Some((chain, seq, hash_of(chain, seq)?));
                    Some(Input::Hashes(wanted.into_iter().filter_map(held).collect()))
                }
                Effect::ListKeys(_) => Some(Input::Keys(Vec::new())),
                Effect::Write(deeds) => {
                    for deed in &deeds {
                        check(deed, reply);
                    }
                    Some(Input::Written)
                }
                Effect::SealChain(_) => Some(Input::Written),
                Effect::Ask(Request::Hello(_)) => Some(Input::Answered(Ok(Answer::Hello(reply.clone())), 0)),
                Effect::Ask(_) => Some(Input::Answered(Err(Failure::Unreachable(String::new())), 0)),
                Effect::WakeIn(_) | Effect::Report(_) => next,
            };
        }
    }
    panic!("it never ends");
}

fn check(deed: &Deed, reply: &HelloReply) {
    match deed {
        Deed::MoveCursor(stream, end) => {
            assert_eq!((*stream, end.seq, end.hash), (StreamName::Catalog, cursor().seq, cursor().hash));
            assert!(end.log_id == who::log() || reply.parent_logs.contains(&who::log()));
        }
        Deed::Record(operations, _) => {
            for operation in operations {
                let Operation::Prove { chain, seq, .. } = operation else { panic!("a hello tells of no fork") };
                let own = hash_of(*chain, *seq);
                let told = reply.chains.iter().map(|held| (held.chain, held.have_seq, held.have_hash));
                let others = reply.others.iter().map(|other| (other.chain, other.head_seq, other.head_hash));
                let is_ours = |(of, at, hash)| (of, at) == (*chain, *seq) && Some(hash) == own;
                assert!(*seq == 0 || told.chain(others).any(is_ours), "{seq} of {chain} is not proved");
            }
        }
        Deed::Apply { .. } | Deed::Refresh { .. } | Deed::StoreOwn { .. } => panic!("nothing was given"),
        Deed::Contact(..) | Deed::Forget(..) | Deed::Certificate(_) => {}
    }
}
