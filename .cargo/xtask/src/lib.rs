//! The tasks of this repository: what a newcomer, a contributor and the build machine run. No domain here; tills and
//! server are used as anybody would use them, through their programs.

pub mod bench;
pub mod card_story;
pub mod check;
pub mod club;
pub mod demo;
pub mod desktop;
pub mod fuzz;
pub mod hands;
pub mod house;
pub mod http;
pub mod night;
pub mod peers;
pub mod power_cut;
pub mod process;
pub mod report;
pub mod scan_bench;
pub mod screenshots;
pub mod setup;
pub mod simulate;
pub mod stopwatch;
pub mod suite;
pub mod till;
pub mod webdriver;
pub mod window_bench;
pub mod window_rules;
