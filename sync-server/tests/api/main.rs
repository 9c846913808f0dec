//! The server from outside: real HTTP, a real database, a clock that stands where the test puts it.

mod admin;
mod backup;
mod bad_input;
mod bell;
mod board;
mod card;
mod cash;
mod device;
mod document;
mod enroll;
mod flag;
mod hello;
mod home;
mod incident;
mod permission;
mod pull;
mod push;
mod recount;
mod redeem;
mod seed;
mod snapshot;
mod stock;
mod support;
