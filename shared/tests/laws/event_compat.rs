//! Golden lines: every event version that ever shipped reads for ever, and today's program still writes today's bytes.

use crate::support::{chain_id, chain_of, facts, origin};
use shared::event::{ChainHead, Read};

const GOLDEN: &str = include_str!("../golden/events_1.jsonl");

/// `BLESS=1 cargo test -p shared --test laws` writes the file when a new kind of fact is added at its end.
#[test]
fn todays_lines_are_the_golden_ones() {
    let lines: Vec<String> = chain_of(&facts()).into_iter().map(|event| event.line).collect();
    let today = lines.join("\n") + "\n";
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/events_1.jsonl");
        std::fs::write(path, &today).expect("the file can be written");
        return;
    }
    assert_eq!(GOLDEN, today);
}

#[test]
fn golden_lines_read_as_facts() {
    let mut head = ChainHead::start(chain_id(), None);
    for line in GOLDEN.lines() {
        let event = head.accept(&origin(), line).expect("the golden chain holds");
        assert!(matches!(event.read().expect("a golden line reads").fact, Read::Known(_)), "{line}");
        head = event.head();
    }
    assert_eq!(head.hash.to_string(), include_str!("../golden/events_1.head").trim(), "the chain's last hash");
}
