//! What till and server say to each other. Messages and checks only: no HTTP here, no timers, no storage.

pub mod backoff;
pub mod certificate;
pub mod exchange;
pub mod ingest;
pub mod outbox;
pub mod packing;
pub mod protocol;
pub mod redeem;
pub mod request;
pub mod stream;
