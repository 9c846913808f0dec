//! Nights of tills and servers in one thread, from one number, with everything going wrong.
//!
//! The code under test is the real one: sealing, hashing, signing, the hybrid clock, sales, drawers, streams, and both
//! sides of sync, which know no disk, network, clock or chance. Around it stand disks that keep what was committed and
//! nothing else, a network that loses, doubles, delays, cuts and changes, and clocks that jump. Level 1: all in memory.
//!
//! - [`world`] time, and one night of it · `drive` a till's process · `serve` the server's machine
//! - [`till`] a till's disk, and what a cashier does · [`server`] head office's databases
//! - `office` head office, and what goes wrong · [`faults`] what can · [`rng`] chance, from a seed
//! - `reading` what need not be read twice
//! - [`invariants`] what must hold, by number · [`sabotage`] planted bugs that must be found · [`suite`] many nights
//! - [`split`] one ticket at two bars that do not hear of each other

mod drive;
pub mod faults;
pub mod invariants;
mod office;
mod reading;
pub mod rng;
pub mod sabotage;
mod serve;
pub mod server;
pub mod split;
pub mod suite;
pub mod till;
pub mod world;
