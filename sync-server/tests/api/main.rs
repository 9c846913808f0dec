//! The server from outside: real HTTP, a real database, a clock that stands where the test puts it.

mod admin;
mod board;
mod device;
mod document;
mod enroll;
mod home;
mod pull;
mod push;
mod seed;
mod support;
