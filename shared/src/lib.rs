//! The trade itself: what a till and the server both know, and nothing of how they know it.
//!
//! Absent on purpose: clocks, disks, networks, randomness and floats. Time, ids and random bytes are arguments.
//!
//! - [`ids`] typed identifiers, made by callers · [`time`] timestamps, business dates, hybrid logical clock
//! - [`keys`] signatures and what each is for
//! - [`money`] amounts and legal cash rounding · [`tax`] included and excluded tax, by document
//! - [`catalog`] what is sold, its barcodes · [`staff`] people, permissions, PIN lockout · [`venue`] where it is sold
//! - [`sale`] lines and totals, open to completed · [`tender`] cash, card, change
//! - [`register`] a drawer from opening count to closing count · [`ticket`] signed QR tickets and their redemption
//! - [`event`] facts, sealed into hash chains · [`sync`] what till and server say to each other
//! - [`merge`] edits, tags and stock, which merge by themselves
//! - [`sabotage`] planted bugs that the simulation must find; absent from every shipped program

#![deny(clippy::float_arithmetic)]

pub mod catalog;
pub mod event;
pub mod ids;
pub mod keys;
pub mod merge;
pub mod money;
pub mod register;
pub mod sabotage;
pub mod sale;
pub mod staff;
pub mod sync;
pub mod tax;
pub mod tender;
pub mod ticket;
pub mod time;
pub mod venue;
