//! Laws of chains: what was written is what is read, and nothing can be changed, dropped or moved unseen.

use crate::support::{chain_id, chain_of, facts, origin, stamp};
use proptest::prelude::*;
use shared::event::{ChainHead, EventError, Fact, Hash, Read, SealedEvent, sign_head, verify_head};
use shared::ids::ChainId;
use shared::keys::{PublicKey, SigningKey};

fn accept_all<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<ChainHead, EventError> {
    let mut head = ChainHead::start(chain_id(), None);
    for line in lines {
        head = head.accept(&origin(), line)?.head();
    }
    Ok(head)
}

fn some_facts(least: usize) -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(prop::sample::select(facts()), least..12)
}

fn last_head(events: &[SealedEvent]) -> ChainHead {
    events.last().expect("at least one event").head()
}

proptest! {
    /// Every fact comes back as it went in.
    #[test]
    fn facts_survive_the_line(facts in some_facts(1)) {
        for (event, fact) in chain_of(&facts).iter().zip(&facts) {
            let read = event.read().expect("our own line reads");
            prop_assert_eq!(&read.fact, &Read::Known(fact.clone()));
            prop_assert_eq!(read.origin, origin());
            prop_assert_eq!(read.stamp, stamp(event.seq - 1));
        }
    }

    /// What travels is enough to rebuild the exact bytes.
    #[test]
    fn the_wire_form_rebuilds_the_line(facts in some_facts(1)) {
        let mut head = ChainHead::start(chain_id(), None);
        for event in chain_of(&facts) {
            let rebuilt = head.follow(&origin(), event.rest());
            prop_assert_eq!(&rebuilt, &event);
            prop_assert!(event.rest().starts_with(r#""hlc":"#));
            head = rebuilt.head();
        }
    }

    /// One changed byte anywhere changes the head, or is refused on the way.
    #[test]
    fn a_changed_byte_shows(facts in some_facts(1), at: prop::sample::Index, place: prop::sample::Index) {
        let events = chain_of(&facts);
        let mut lines: Vec<String> = events.iter().map(|event| event.line.clone()).collect();
        let line = at.index(lines.len());
        let mut bytes = lines[line].clone().into_bytes();
        let byte = place.index(bytes.len());
        bytes[byte] = if bytes[byte] == b'7' { b'8' } else { b'7' };
        lines[line] = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert!(accept_all(lines.iter().map(String::as_str)) != Ok(last_head(&events)));
    }

    /// Dropped, repeated and swapped events are refused.
    #[test]
    fn order_is_part_of_the_chain(facts in some_facts(3), at: prop::sample::Index) {
        let events = chain_of(&facts);
        let lines: Vec<&str> = events.iter().map(|event| event.line.as_str()).collect();
        let place = at.index(lines.len() - 1);
        let mut dropped = lines.clone();
        dropped.remove(place);
        prop_assert!(accept_all(dropped).is_err());
        let mut swapped = lines.clone();
        swapped.swap(place, place + 1);
        prop_assert!(accept_all(swapped).is_err());
        let mut repeated = lines.clone();
        repeated.insert(place, lines[place]);
        prop_assert!(accept_all(repeated).is_err());
    }

    /// No bytes make reading panic, and reading them again says the same.
    #[test]
    fn any_text_reads_or_is_refused(rest in ".{0,200}") {
        let event = ChainHead::start(chain_id(), None).follow(&origin(), &rest);
        prop_assert_eq!(event.read(), event.read());
        let decoded = Fact::decode("sale.completed", 1, &rest);
        prop_assert!(decoded.is_err());
    }
}

#[test]
fn a_signed_head_covers_chain_number_and_hash() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = PublicKey::of(&key);
    let head = last_head(&chain_of(&facts()));
    let signature = sign_head(&head, &key);
    assert!(verify_head(&head, &public, &signature).is_ok());
    let other_chain = ChainHead { chain: ChainId::from_uuid(uuid::Uuid::from_u128(9)), ..head };
    for changed in [other_chain, ChainHead { seq: head.seq + 1, ..head }, ChainHead { hash: Hash::ZERO, ..head }] {
        assert!(verify_head(&changed, &public, &signature).is_err());
    }
}

#[test]
fn a_fact_from_the_future_is_kept_and_named() {
    let head = ChainHead::start(chain_id(), None);
    let today = head.seal(&origin(), &stamp(0), &facts()[0]);
    let future = today.rest().replacen(r#""schema":1"#, r#""schema":9"#, 1);
    let read = head.follow(&origin(), &future).read().expect("the envelope is the same");
    assert_eq!(read.fact, Read::Unknown { kind: "chain.started".into(), schema: 9 });
}

#[test]
fn a_continued_chain_names_the_last_hash_of_its_parent() {
    let parent = last_head(&chain_of(&facts()));
    let next = ChainHead::start(ChainId::from_uuid(uuid::Uuid::from_u128(5)), Some(parent.hash));
    assert!(next.seal(&origin(), &stamp(0), &facts()[0]).line.contains(&parent.hash.to_string()));
}
