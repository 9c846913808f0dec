//! What a dialog is: inputs in, effects out, no port and no clock. Deadlines are effects, and their passing is an input.
//!
//! Whoever runs it carries effects out in order. A `Report` is durable before the next effect, so an acknowledgement that
//! follows it acknowledges what cannot be lost any more.

use shared::tender::TerminalReport;

use super::Ending;

/// What happens to a dialog. `H` is what its protocol can hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<H> {
    /// Begin.
    Start,
    /// The terminal said something.
    Heard(H),
    /// The deadline passed.
    Deadline,
    /// The first request could not be written, not a byte of it.
    NothingSent,
    /// The line died, or a write did, after bytes may have left.
    LineLost,
    /// A report could not be made durable: only what says no may still be sent, and then it is over.
    NotKept,
    /// Somebody would like it to end. The terminal decides.
    CancelWanted,
}

/// What a dialog wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes.
    Send(Vec<u8>),
    /// Make this durable.
    Report(TerminalReport),
    /// Start the deadline anew.
    Within(u64),
    /// For the printer: lines the terminal would print itself if it could.
    Print(Vec<String>),
    /// For the log: something odd, which changes nothing.
    Note(&'static str),
    /// Over; nothing follows.
    End(Ending),
}

/// A conversation with a beginning and an end.
pub trait Dialog<H> {
    /// The next thing happened.
    fn step(&mut self, input: Input<H>) -> Vec<Effect>;
}
