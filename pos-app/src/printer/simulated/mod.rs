//! A receipt printer made of software: reads the bytes a real one would, shows the paper as a picture, answers how it
//! is, and has the faults that printers have. Used by `printer-sim` and by tests; the till does not know it from a
//! real one, and nothing on its paper says what it is.

mod font;
mod interpreter;
mod paper;
mod server;

pub use interpreter::{Interpreter, Pulse};
pub use paper::{Paper, Picture};
pub use server::{Fault, Panel, SimulatedPrinter};
