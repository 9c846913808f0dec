//! The till is killed after every byte of a sale, both ways and for every protocol, and started again. One law: the money
//! the terminal took is the money the journal holds as approved, and whatever is not certain is openly so; and a charge is
//! never asked for twice. The same law holds for everything else that can go wrong on the line.
#![cfg(unix)]

mod faults;
mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pos_app::outside::SystemClock;
use pos_app::terminal::TerminalWorker;
use pos_app::terminal::simulated::{Plug, Protocol, Script, SimulatedTerminal};
use shared::tender::CardState;

use self::support::{AMOUNT, Death, Life, lock, new_payment, start};

/// How many tills are killed at once; most of the time each waits.
const AT_ONCE: usize = 12;

/// One sale, the till killed or not; gives what became of it, and how many bytes it took.
fn sell(protocol: Protocol, script: &str, death: Option<Death>) -> (&'static str, usize) {
    let script = Script::parse(script).expect("a script").insisting(100);
    let plug = Plug { link: None, cut: None, replug_ms: None };
    let clock = Arc::new(SystemClock::new());
    let terminal = SimulatedTerminal::speaking(protocol, script, plug, clock).expect("a terminal");
    let address = terminal.path();
    let life = Life::new(death);
    let payment = start(protocol, address.clone(), new_payment(), life.clone()).pay();
    let needed = lock(&life).needed;
    let payment = start(protocol, address, payment, Life::new(None)).recover();
    let taken: i64 = terminal.charges().iter().map(|charge| charge.amount).sum();
    let kind = match payment.state {
        CardState::Approved { .. } => {
            assert_eq!(taken, AMOUNT, "{protocol:?} {death:?}: approved and not charged");
            "approved"
        }
        CardState::Declined { .. } => {
            assert_eq!(taken, 0, "{protocol:?} {death:?}: declined and charged");
            "declined"
        }
        CardState::NotStarted { .. } => {
            assert_eq!(taken, 0, "{protocol:?} {death:?}: not started and charged");
            "not started"
        }
        CardState::Uncertain if taken == 0 => "uncertain, nothing taken",
        CardState::Uncertain => "uncertain, taken",
        other => panic!("{protocol:?} {death:?}: {other:?}"),
    };
    let asked = terminal.requests_seen().len();
    assert!(asked <= 1, "{protocol:?} {death:?}: asked for money {asked} times");
    (kind, needed)
}

/// One payment undone, the till killed meanwhile or not; gives what became of it, and how many bytes it took. Out of the open
/// batch, or when that is closed.
fn give_back(protocol: Protocol, is_batch_closed: bool, death: Option<Death>) -> (&'static str, usize) {
    let script = Script::approve_all().insisting(100);
    let plug = Plug { link: None, cut: None, replug_ms: None };
    let terminal = SimulatedTerminal::speaking(protocol, script, plug, Arc::new(SystemClock::new()));
    let terminal = terminal.expect("a terminal");
    let address = terminal.path();
    let life = Life::new(None);
    let till = start(protocol, address.clone(), new_payment(), life.clone());
    till.wait_until_it_is_there();
    // On a machine that is late with everything a sale may come to nothing; then there is nothing to undo.
    if !matches!(till.settle(1).state, CardState::Approved { .. }) {
        return ("not paid", 0);
    }
    let undo = if is_batch_closed { TerminalWorker::give_back } else { TerminalWorker::void };
    if is_batch_closed {
        terminal.close_batch();
    }
    let payment = till.give_back(undo, death);
    let needed = lock(&life).needed;
    let payment = start(protocol, address, payment, Life::new(None)).recover();
    let charges = terminal.charges();
    let kept: i64 = charges.iter().map(|charge| charge.amount).sum();
    let voids = charges.iter().filter(|charge| charge.amount < 0).count();
    assert!(voids <= 1, "{protocol:?} {death:?}: given back {voids} times");
    let kind = match payment.state {
        CardState::Approved { .. } => {
            assert_eq!(kept, AMOUNT, "{protocol:?} {death:?}: stands and was given back");
            "stands"
        }
        CardState::Voided { .. } => {
            assert_eq!(kept, 0, "{protocol:?} {death:?}: voided and not given back");
            "voided"
        }
        CardState::Voiding { .. } => "uncertain",
        other => panic!("{protocol:?} {death:?}: {other:?}"),
    };
    (kind, needed)
}

/// Kills one sale after every byte, and counts what became of it.
fn kill_everywhere(protocol: Protocol, script: &str, ways: &[bool]) -> BTreeMap<&'static str, usize> {
    println!("{script:?}");
    kill_after_every_byte(protocol, ways, |death| sell(protocol, script, death))
}

/// Does something once in peace, and once for every byte it takes with the till killed after it.
fn kill_after_every_byte(
    protocol: Protocol,
    ways: &[bool],
    play: impl Fn(Option<Death>) -> (&'static str, usize) + Sync,
) -> BTreeMap<&'static str, usize> {
    let (_, total) = play(None);
    assert!(total > 20, "it takes more than {total} bytes");
    let deaths: Vec<Death> =
        (0..=total).flat_map(|after| ways.iter().map(move |is_late| Death { after, is_late: *is_late })).collect();
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(death) = deaths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (kind, _) = play(Some(*death));
                    *lock(&counts).entry(kind).or_insert(0) += 1;
                }
            });
        }
    });
    let counts = counts.into_inner().expect("no till panicked");
    assert_eq!(counts.values().sum::<usize>(), deaths.len());
    println!("{protocol:?}: {total} bytes, {} deaths: {counts:?}", deaths.len());
    counts
}

/// What a sale with an approval comes to: found again, or never begun.
fn approved_or_nothing(protocol: Protocol) {
    let counts = kill_everywhere(protocol, "progress=81 approve", &[false, true]);
    assert!(counts["approved"] >= 4 && counts["declined"] > 20, "{counts:?}");
    assert!(!counts.contains_key("uncertain, taken"), "every one of these can be proved: {counts:?}");
}

#[test]
fn a_till_that_speaks_transbank_dies_after_every_byte() {
    approved_or_nothing(Protocol::Transbank);
}

#[test]
fn a_till_that_speaks_zvt_on_a_serial_line_dies_after_every_byte() {
    approved_or_nothing(Protocol::Zvt);
}

#[test]
fn a_till_that_speaks_zvt_over_tcp_dies_after_every_byte() {
    approved_or_nothing(Protocol::ZvtTcp);
}

#[test]
fn a_till_that_speaks_getnet_dies_after_every_byte() {
    approved_or_nothing(Protocol::Getnet);
}

#[test]
fn a_till_dies_after_every_byte_of_a_refusal() {
    for protocol in [Protocol::Transbank, Protocol::Zvt, Protocol::ZvtTcp, Protocol::Getnet] {
        let counts = kill_everywhere(protocol, "decline 51", &[false]);
        assert!(!counts.keys().any(|kind| kind.contains("approved") || kind.contains(", taken")), "{counts:?}");
    }
}

/// What the terminal did last before the void is written down with it, so a till that was started again can tell whether
/// the void came after.
#[test]
fn a_till_dies_after_every_byte_of_a_void() {
    for protocol in [Protocol::Transbank, Protocol::Zvt, Protocol::ZvtTcp, Protocol::Getnet] {
        let counts = kill_after_every_byte(protocol, &[false, true], |death| give_back(protocol, false, death));
        assert!(counts.contains_key("voided") && counts.contains_key("stands"), "{protocol:?}: {counts:?}");
        assert!(!counts.contains_key("uncertain"), "every one of these can be proved: {protocol:?} {counts:?}");
    }
}

/// The same of money that goes back when the batch is closed: asked for once, and found again by the number that follows.
#[test]
fn a_till_dies_after_every_byte_of_a_return() {
    for protocol in [Protocol::Zvt, Protocol::ZvtTcp, Protocol::Getnet] {
        let counts = kill_after_every_byte(protocol, &[false, true], |death| give_back(protocol, true, death));
        assert!(counts.contains_key("voided") && counts.contains_key("stands"), "{protocol:?}: {counts:?}");
        assert!(!counts.contains_key("uncertain"), "every one of these can be proved: {protocol:?} {counts:?}");
    }
}
