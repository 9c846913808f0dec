//! The messages of protocol 1. Unknown fields are ignored, so either side may be newer.

mod bell;
mod hello;
mod snapshot;

pub use bell::{BellReply, MAX_BELL_WAIT_S, Ring};
pub use hello::{
    HeldChain, Hello, HelloReply, MAX_HELLO_CHAINS, MAX_OWN_EVENTS, OtherChain, OwnEvents, Standing, StreamCursor,
    StreamStanding,
};
pub use snapshot::{MAX_PART_BYTES, PartRead, SnapshotLine, SnapshotManifest, SnapshotPart};

use serde::{Deserialize, Serialize};

use crate::event::Hash;
use crate::ids::{ChainId, DeviceId, LogId, TenantId};
use crate::keys::{PublicKey, Purpose, Signature, SigningKey};
use crate::sync::certificate::SignedCertificate;
use crate::time::Timestamp;
use crate::venue::{Register, Venue};

/// The protocol's number.
pub const PROTO: u32 = 1;
/// Most events in one batch.
pub const MAX_BATCH_EVENTS: usize = 512;
/// Most bytes of event text in one batch.
pub const MAX_BATCH_BYTES: usize = 512 * 1024;
/// Most batches in one request.
pub const MAX_BATCHES: usize = 8;
/// Most items in one answer to a pull.
pub const MAX_PULL_ITEMS: usize = 1000;
/// Largest request body, before and after decompression.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// `POST /v1/enroll`, JSON.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrollRequest {
    /// The one-time code head office gave out: ten characters.
    pub code: String,
    /// The key the till made for itself.
    pub public_key: PublicKey,
    /// Proof that it holds the other half: over code and key.
    pub proof: Signature,
    /// What machine it is, for people.
    pub description: String,
}

impl EnrollRequest {
    /// What the proof signs.
    pub fn proof_bytes(code: &str, public_key: &PublicKey) -> Vec<u8> {
        [code.as_bytes(), public_key.as_bytes()].concat()
    }

    /// A request with its proof.
    pub fn new(code: &str, key: &SigningKey, description: String) -> Self {
        let public_key = PublicKey::of(key);
        let proof = crate::keys::sign(key, Purpose::Enrolment, &Self::proof_bytes(code, &public_key));
        Self { code: code.to_owned(), public_key, proof, description }
    }
}

/// The answer: everything a till needs to be itself. The rest comes by pull.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnrollReply {
    /// Whose till it is now.
    pub tenant_id: TenantId,
    /// Its id.
    pub device_id: DeviceId,
    /// Its short number.
    pub device_no: u16,
    /// As people call it.
    pub device_name: String,
    /// Where it stands.
    pub venue: Venue,
    /// What it sells at.
    pub register: Register,
    /// Head office's word for its key.
    pub certificate: SignedCertificate,
    /// The key that signs certificates.
    pub tenant_key: PublicKey,
    /// Base64url, 32 bytes: goes into every PIN hash, so a stolen database cannot be guessed at elsewhere.
    pub pin_pepper: String,
    /// The server's log.
    pub log_id: LogId,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// `POST /v1/push`, JSON under zstd.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushRequest {
    /// [`PROTO`].
    pub proto: u32,
    /// The server log the till last spoke to.
    pub log_id: Option<LogId>,
    /// Oldest first.
    pub batches: Vec<PushBatch>,
    /// Events the till holds beyond these: what head office sees as still to come.
    #[serde(default)]
    pub unsent_events: u64,
}

/// Consecutive events of one chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushBatch {
    /// The chain.
    pub chain: ChainId,
    /// Number of the first event here.
    pub first_seq: u64,
    /// Hash before it.
    pub prev_hash: Hash,
    /// Each event's line less its derivable beginning: see [`crate::event::SealedEvent::rest`].
    pub events: Vec<String>,
    /// Over the head these events end in.
    pub head_signature: Signature,
}

/// The answer to a push: one result per batch, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushReply {
    /// The log that holds them now.
    pub log_id: LogId,
    /// The server's clock.
    pub server_time: Timestamp,
    /// One per batch.
    pub results: Vec<PushResult>,
    /// How many events the next request may carry: fewer while many tills are waiting. As greeted when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u64>,
}

/// What became of a batch. Gaps and forks are answers, not errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum PushResult {
    /// Durable up to here, proved by the hash.
    Ok {
        /// The chain.
        chain: ChainId,
        /// The last number matched in this batch.
        matched_seq: u64,
        /// Its hash.
        matched_hash: Hash,
        /// What the projections think of single events.
        notes: Vec<PushNote>,
    },
    /// Earlier events are missing.
    Gap {
        /// The chain.
        chain: ChainId,
        /// The last number held; 0 for none.
        have_seq: u64,
        /// Its hash; zero for none.
        have_hash: Hash,
    },
    /// The same numbers are held with other content. Both are kept.
    Fork {
        /// The chain.
        chain: ChainId,
        /// The last number both agree on.
        verified_through: u64,
    },
}

/// A remark on one event. The event is stored all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushNote {
    /// Which.
    pub seq: u64,
    /// Flagged or quarantined.
    pub disposition: Disposition,
    /// Why, `over_redeemed`.
    pub code: String,
}

/// What the projections did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Counted.
    Applied,
    /// Counted, and a person should look.
    Flagged,
    /// Kept until a newer program understands it.
    Quarantined,
}

/// The answer to `GET /v1/pull?stream=…&log_id=…&seq=…&hash=…&limit=…`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PullReply {
    /// The log these come from.
    pub log_id: LogId,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Lines, each a [`crate::sync::stream::StreamItem`], numbered on from the cursor.
    pub items: Vec<String>,
    /// The stream's last number now.
    pub head_seq: u64,
}

/// Every refusal, RFC 9457 in shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Closed set, for programs.
    pub code: ProblemCode,
    /// For people.
    pub title: String,
    /// The server's clock, so that a till with a wrong one can right itself.
    pub server_time: Timestamp,
}

/// Why the server refused. A till that meets one it does not know treats it as `unavailable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// 400: not the message it should be.
    Malformed,
    /// 401: no credentials, or wrong ones.
    Unauthenticated,
    /// 401: the clocks differ by more than five minutes; the answer carries the right time.
    ClockSkew,
    /// 401: the same nonce with other content.
    Replayed,
    /// 401: the device was withdrawn.
    Revoked,
    /// 403: known, not allowed.
    Forbidden,
    /// 403: the device's certificate is over; what it wrote is still taken, the rest waits for head office to renew it.
    CertificateExpired,
    /// 404: no such thing, or not yours.
    NotFound,
    /// 409: contradicts what is there.
    Conflict,
    /// 410: the cursor is of another log or another history; start the stream again.
    CursorGone,
    /// 413: too much at once.
    TooLarge,
    /// 422: read, but not acceptable; kept for a person to look at.
    Unprocessable,
    /// 423: too many wrong tries; wait.
    Locked,
    /// 426: the protocol is too old.
    UpgradeRequired,
    /// 429: wait, then try again.
    TooManyRequests,
    /// 500: a bug of ours.
    Internal,
    /// 503: the server cannot just now.
    #[serde(other)]
    Unavailable,
}

impl ProblemCode {
    /// It may be over by itself.
    pub fn passes(self) -> bool {
        matches!(self, Self::Unavailable | Self::Internal | Self::TooManyRequests | Self::Locked)
    }

    /// Something in the request is not acceptable; another request of the same sender may be.
    pub fn is_about_content(self) -> bool {
        matches!(self, Self::Unprocessable | Self::Malformed | Self::Forbidden | Self::Conflict)
    }
}
