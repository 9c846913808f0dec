//! The other side of the cable: a terminal that speaks the real bytes over a pseudo-terminal pair, keeps its own book of
//! what was really charged, and misbehaves as told. Unix only.
//!
//! It never looks at what the till believes, so a test can compare the two.

mod book;
mod cable;
mod getnet;
mod script;
mod transbank;
mod zvt;

pub use self::book::{Charge, Told};
pub use self::cable::{Cut, Plug, Protocol, SimulatedTerminal, Traffic};
pub use self::script::{Behaviour, Outcome, Script, ScriptError};
