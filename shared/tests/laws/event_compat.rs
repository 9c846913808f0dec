//! Golden lines: every event version that ever shipped reads for ever, and today's program still writes today's bytes.

use crate::support::{chain_id, chain_of, facts, id, origin, stamp};
use shared::event::{CardReported, ChainHead, Fact, Read, SealedEvent, Stamp};
use shared::ids::{PaymentId, StaffId};
use shared::tender::TerminalReport;

const GOLDEN: &str = include_str!("../golden/events_1.jsonl");

/// One of every kind of fact there is, and last a void that somebody allowed a cashier.
fn today() -> Vec<SealedEvent> {
    let mut events = chain_of(&facts());
    let head = events.last().expect("there are facts").head();
    let approver = Some(StaffId::from_uuid(id(12)));
    let stamp = Stamp { approver, ..stamp(u64::try_from(events.len()).expect("few events")) };
    let asked = TerminalReport::VoidAsked { baseline: Some("0016".into()) };
    let fact = Fact::CardReported(CardReported::by_terminal(PaymentId::from_uuid(id(23)), asked));
    events.push(head.seal(&origin(), &stamp, &fact));
    events
}

/// `BLESS=1 cargo test -p shared --test laws` writes the file when a new kind of fact is added at its end.
#[test]
fn todays_lines_are_the_golden_ones() {
    let lines: Vec<String> = today().into_iter().map(|event| event.line).collect();
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

#[test]
fn a_golden_line_says_who_allowed_it() {
    let mut head = ChainHead::start(chain_id(), None);
    let mut allowed = Vec::new();
    for line in GOLDEN.lines() {
        let event = head.accept(&origin(), line).expect("the golden chain holds");
        allowed.extend(event.read().expect("a golden line reads").stamp.approver);
        head = event.head();
    }
    assert_eq!(allowed, [StaffId::from_uuid(id(12))], "of all of them, the last");
}
