//! The till without a window: everything a night needs, and no webview.
//!
//! Read in this order: [`config`] what stands beside the till · [`ledger`] what is written down, one writer, one
//! transaction per deed · [`app`] what people do · [`commands`] how window and scripts ask for it · [`printer`]
//! paper · [`scanner`] codes · [`terminal`] cards · [`sync`] the server.

pub mod app;
pub mod bench;
pub mod commands;
pub mod config;
pub mod identity;
pub mod ledger;
pub mod outside;
pub mod practice;
pub mod printer;
pub mod scanner;
pub mod sync;
pub mod terminal;

pub use app::{Outside, Till, Workers};
