//! HTTP: who asks, what they may, what they get. The only room that knows axum.

mod admin;
mod again;
mod auth;
mod bell;
mod console;
mod device;
mod error;
mod health;
mod hello;
mod limit;
mod openapi;
mod packed;
mod redeem;
mod router;
mod snapshot;
mod till_bell;
mod trade_doc;

pub(crate) use limit::Limits;
pub use openapi::openapi_json;
pub(crate) use router::router;
