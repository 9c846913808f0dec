//! Everything that can go wrong on the line, in the words of the simulator's script, for every protocol.

use std::sync::Arc;

use pos_app::outside::SystemClock;
use pos_app::terminal::TerminalError;
use pos_app::terminal::simulated::{Plug, Protocol, Script, SimulatedTerminal};
use shared::tender::{CardPayment, CardState};

use super::support::{AMOUNT, Life, PATIENCE, Till, new_payment, start};

const ALL: [Protocol; 4] = [Protocol::Transbank, Protocol::Zvt, Protocol::ZvtTcp, Protocol::Getnet];

fn counter(protocol: Protocol, script: &str) -> (SimulatedTerminal, Till) {
    let script = Script::parse(script).expect("a script").insisting(100);
    let plug = Plug { link: None, cut: None, replug_ms: None };
    let dir = tempfile::tempdir().expect("a directory");
    // A cable that is pulled comes back under another name, and the link knows which.
    let link = (protocol != Protocol::ZvtTcp).then(|| dir.keep().join("terminal"));
    let plug = Plug { link, ..plug };
    let clock = Arc::new(SystemClock::new());
    let terminal = SimulatedTerminal::speaking(protocol, script, plug, clock).expect("a terminal");
    let till = start(protocol, terminal.port(), new_payment(), Life::new(None));
    (terminal, till)
}

/// What the terminal took for this till.
fn taken(terminal: &SimulatedTerminal) -> i64 {
    terminal.charges().iter().filter(|charge| !charge.is_stand_alone).map(|charge| charge.amount).sum()
}

fn kind(payment: &CardPayment) -> &'static str {
    match payment.state {
        CardState::Approved { .. } => "approved",
        CardState::Declined { .. } => "declined",
        CardState::NotStarted { .. } => "not started",
        CardState::Uncertain => "uncertain",
        CardState::Voiding { .. } => "voiding",
        CardState::Voided { .. } => "voided",
        _ => "under way",
    }
}

/// Sells once, and holds what came of it against what was taken.
fn sell(protocol: Protocol, script: &str) -> &'static str {
    let (terminal, till) = counter(protocol, script);
    let payment = till.settle(1);
    let kind = kind(&payment);
    let taken = taken(&terminal);
    match kind {
        "approved" => assert_eq!(taken, AMOUNT, "{protocol:?} {script}"),
        "declined" | "not started" => assert_eq!(taken, 0, "{protocol:?} {script}"),
        "uncertain" => {}
        other => panic!("{protocol:?} {script}: {other}"),
    }
    assert!(terminal.requests_seen().len() <= 3, "{protocol:?} {script}");
    kind
}

#[test]
fn each_fault_ends_where_it_must() {
    // In the order of `ALL`.
    let table: [(&str, [&str; 4]); 24] = [
        ("approve", ["approved"; 4]),
        ("decline 51", ["declined"; 4]),
        ("decline zz", ["declined"; 4]),
        ("batch-full", ["declined"; 4]),
        ("nak=2 approve", ["approved", "approved", "not started", "approved"]),
        ("nak=always", ["not started"; 4]),
        ("no-ack", ["approved"; 4]),
        ("silent", ["declined"; 4]),
        ("bad-lrc=1", ["approved"; 4]),
        ("bad-lrc=2", ["approved"; 4]),
        // Transbank and Getnet remember it; a ZVT terminal that is not answered undoes it.
        ("bad-lrc=always", ["approved", "declined", "approved", "approved"]),
        ("split", ["approved"; 4]),
        ("garbage", ["approved"; 4]),
        ("duplicate", ["approved"; 4]),
        ("short", ["approved"; 4]),
        ("foreign", ["approved"; 4]),
        ("voucher=8000", ["approved"; 4]),
        ("progress=78,79,80,81,82 pause=40", ["approved"; 4]),
        ("debit", ["approved"; 4]),
        ("vanish", ["approved"; 4]),
        ("amount=1909", ["uncertain"; 4]),
        ("amount=999999999", ["uncertain"; 4]),
        // A ticket that ZVT does not have; Getnet's memory says the wrong one too.
        ("ticket=000009", ["approved", "approved", "approved", "uncertain"]),
        ("currency=826", ["approved", "uncertain", "uncertain", "approved"]),
    ];
    for (script, expected) in table {
        for (protocol, expected) in ALL.into_iter().zip(expected) {
            assert_eq!(sell(protocol, script), expected, "{protocol:?} {script}");
        }
    }
}

#[test]
fn a_cable_that_comes_out_leaves_nothing_unsaid() {
    for protocol in ALL {
        for script in
            ["lose-reply replug=30", "late replug=30", "cut=0 replug=10", "cut=1 replug=10", "cut=20 replug=10"]
        {
            assert_ne!(sell(protocol, script), "uncertain", "{protocol:?} {script}: the terminal's memory says it");
        }
    }
}

#[test]
fn a_sale_typed_into_the_terminal_pays_nothing_here() {
    // Transbank has a list; the others remember only the last one, so a person has to look.
    for (protocol, expected) in ALL.into_iter().zip(["approved", "uncertain", "uncertain", "uncertain"]) {
        assert_eq!(sell(protocol, "vanish stand-alone=1990"), expected, "{protocol:?}");
        assert_eq!(sell(protocol, "approve stand-alone=1990"), "approved", "{protocol:?}");
    }
}

#[test]
fn the_end_of_an_earlier_sale_never_pays_the_next() {
    for protocol in ALL {
        let (terminal, till) = counter(protocol, "duplicate approve\nstale decline 51\nstale approve\nstale duplicate");
        let kinds: Vec<_> = (1..=4).map(|number| kind(&till.settle(number))).collect();
        assert_eq!(kinds, ["approved", "declined", "approved", "approved"], "{protocol:?}");
        assert_eq!(taken(&terminal), 3 * AMOUNT, "{protocol:?}");
    }
}

#[test]
fn a_full_batch_sells_again_when_it_is_closed() {
    for protocol in ALL {
        let (_terminal, till) = counter(protocol, "batch-full");
        assert_eq!(kind(&till.settle(1)), "declined", "{protocol:?}");
        let (reply, answer) = std::sync::mpsc::channel::<Result<(), TerminalError>>();
        till.worker.close_batch(reply);
        answer.recv_timeout(PATIENCE).expect("an answer").expect("closed");
        assert_eq!(kind(&till.settle(2)), "approved", "{protocol:?}");
    }
}

#[test]
fn a_payment_is_undone_even_when_nobody_says_so() {
    for protocol in ALL {
        for script in ["approve", "void-vanish approve"] {
            let (terminal, till) = counter(protocol, script);
            assert_eq!(kind(&till.settle(1)), "approved", "{protocol:?}");
            assert_eq!(kind(&till.void()), "voided", "{protocol:?} {script}");
            assert_eq!((taken(&terminal), terminal.charges().len()), (0, 2), "{protocol:?} {script}");
        }
    }
}

#[test]
fn what_a_batch_closed_at_the_keypad_holds_is_given_back_once() {
    for protocol in [Protocol::Zvt, Protocol::ZvtTcp, Protocol::Getnet] {
        let (terminal, till) = counter(protocol, "approve");
        till.settle(1);
        terminal.close_batch();
        // Nobody told the till: ZVT refuses the reversal first, and Getnet's numbers have begun anew.
        assert_eq!(kind(&till.void_at_last()), "voided", "{protocol:?}");
        assert_eq!((taken(&terminal), terminal.charges().len()), (0, 2), "{protocol:?}");
    }
    let (terminal, till) = counter(Protocol::Transbank, "approve");
    till.settle(1);
    terminal.close_batch();
    let refused = till.void();
    assert_eq!((kind(&refused), refused.void_refused.as_deref()), ("approved", Some("not_in_batch")));
    assert_eq!(taken(&terminal), AMOUNT, "its terminals give back nothing of a closed batch");
}

#[test]
fn what_a_zvt_terminal_wants_printed_comes_to_the_tills_paper_once() {
    let (_terminal, till) = counter(Protocol::Zvt, "approve");
    till.settle(1);
    assert_eq!(till.next_paper(), ["K U N D E N B E L E G", "GRACIAS"]);
    assert_eq!(till.end(), 0, "once");
}
