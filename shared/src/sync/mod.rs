//! What till and server say to each other. Messages and checks only: no HTTP here, no timers, no storage.

pub mod certificate;
pub mod ingest;
pub mod protocol;
pub mod request;
pub mod stream;
