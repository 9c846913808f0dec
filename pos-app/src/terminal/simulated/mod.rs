//! The other side of the cable: a terminal that speaks the real bytes over a pseudo-terminal pair, keeps its own book of
//! what was really charged, and misbehaves as told. Unix only.
//!
//! It never looks at what the till believes, so a test can compare the two.

mod brain;
mod cable;
mod script;

pub use self::brain::{Charge, Told};
pub use self::cable::{Cut, Plug, SimulatedTerminal, Traffic};
pub use self::script::{Behaviour, Outcome, Script, ScriptError};
