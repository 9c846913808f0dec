//! Pulls the plug on the real `till` and the real `sync-server`, over and over, and counts what is missing afterwards.
//!
//! Two ways to die. `kill`: SIGKILL at some moment; the page cache survives, so this proves only that no half-done work
//! confuses the next start. `shim`: a small C library is loaded into the program (`shim/shim.c`), which tells everything
//! the program does to its files and ends it at the n-th such deed; [`disk`] then works out a state a real disk may hold
//! after the power went at that moment, and the next start finds exactly that. What was not synced may be gone.
//!
//! - [`dice`] every choice, from one seed · [`shim`], [`journal`], [`disk`] the power cut · [`program`] what is started
//! - [`office`], [`till`] a till sells while it is cut · [`pen`], [`server`] tills push while the server is cut
//!
//! The programs have threads and clocks of their own, so one seed gives the same cuts and the same dice, and nearly but
//! not exactly the same run. Every finding therefore leaves its files behind, too.

pub mod dice;
pub mod disk;
pub mod http;
pub mod journal;
pub mod office;
pub mod outside;
pub mod pen;
pub mod program;
pub mod series;
pub mod server;
pub mod shim;
pub mod till;
