//! What must hold for any input: the laws of the trade, and the golden lines of every event version ever shipped.

mod badge;
mod card;
mod chain;
mod drawer;
mod event_compat;
mod ingest;
mod merge;
mod money;
mod scan_model;
mod support;
mod sync;
mod ticket;
