//! What the server does, by the verb. Knows neither HTTP nor SQL.

pub mod admin;
pub mod backup;
pub mod check;
pub mod enroll;
pub mod hello;
pub mod incident;
pub mod lacking;
pub mod project;
pub mod pull;
pub mod push;
mod recount;
pub mod redeem;
pub mod replay;
pub mod retention;
pub mod secret;
pub mod seed;
pub mod snapshot;
pub mod upkeep;
pub mod verify;
