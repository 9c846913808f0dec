//! What a till does, told by its commands on a real ledger: the night, the mistakes, the power cuts.

mod bad_input;
mod badges;
mod batch;
mod cards;
mod cash;
mod danger;
mod drawer;
mod laws;
#[cfg(unix)]
#[path = "../printed_paper/line.rs"]
mod line;
mod merge;
mod night;
#[cfg(unix)]
mod paper;
mod permissions;
mod power_cut;
mod recovery;
#[cfg(unix)]
mod services;
mod support;
mod tickets;
#[cfg(unix)]
mod wired;
