//! The same tests on PostgreSQL: a database for each, on a cluster that is gone when they are done.

#[path = "main.rs"]
mod api;
