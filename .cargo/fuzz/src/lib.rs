//! What must hold of bytes that come from outside, whatever they are: from a till, from the server, from a scanner, from
//! a cable. Each target is a function that panics when it does not hold.
//!
//! `cargo xtask fuzz` searches for such bytes with libFuzzer (`libfuzzer/`, a workspace of its own, because it needs the
//! nightly compiler); what is worth keeping lies in `corpus/` and is replayed by `cargo test`, with the ordinary one.
//!
//! Three rooms' files are included here instead of depended on: they know nothing of their neighbours, and building
//! SQLite and a web server with instrumentation to read a frame would take minutes.

pub mod event;
pub mod getnet;
pub mod hello;
pub mod printer;
pub mod push;
pub mod scan;
pub mod seeds;
pub mod snapshot;
pub mod stream;
pub mod terminal;
pub mod terminal_getnet;
pub mod terminal_zvt;
pub mod ticket;
pub mod transbank;
mod who;
pub mod zvt;

#[path = "../../../pos-app/src/scanner/gs1.rs"]
pub mod gs1;
#[path = "../../../sync-server/src/api/packed.rs"]
mod packed;
#[path = "../../../pos-app/src/printer/status.rs"]
pub mod printer_status;
#[path = "../../../pos-app/src/scanner/framer.rs"]
pub mod scanner_framer;
#[path = "../../../pos-app/src/scanner/measured.rs"]
pub mod scanner_measured;
#[path = "../../../pos-app/src/scanner/parse.rs"]
pub mod scanner_parse;
/// What the printer's status is told in; the status looks for them beside itself.
#[path = "../../../pos-app/src/printer/words.rs"]
pub mod words;

/// What a target does with bytes.
pub type Target = fn(&[u8]);

/// All of them, as their folders in `corpus/` are called.
pub const TARGETS: [(&str, Target); 11] = [
    ("event", event::target),
    ("push", push::target),
    ("hello", hello::target),
    ("stream", stream::target),
    ("snapshot", snapshot::target),
    ("ticket", ticket::target),
    ("terminal", terminal::target),
    ("terminal_getnet", terminal_getnet::target),
    ("terminal_zvt", terminal_zvt::target),
    ("scan", scan::target),
    ("printer", printer::target),
];
