//! The first words of a till that comes back: what each side holds, so that both learn at once who was restored, cloned
//! or replaced.

use serde::{Deserialize, Serialize};

use crate::event::{ChainHead, Hash};
use crate::ids::{ChainId, LogId};
use crate::sync::certificate::SignedCertificate;
use crate::sync::stream::{Cursor, StreamName};
use crate::time::Timestamp;

/// Most chains a till names: newest first, one per start of its process.
pub const MAX_HELLO_CHAINS: usize = 64;
/// Most events in one answer to [`OwnEvents`]' question.
pub const MAX_OWN_EVENTS: usize = 500;

/// `POST /v1/hello`, JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::PROTO`].
    pub proto: u32,
    /// The server log the till last spoke to.
    pub log_id: Option<LogId>,
    /// Version of the till's program.
    pub app_version: String,
    /// The ends of its newest chains, newest first, at most [`MAX_HELLO_CHAINS`].
    pub chains: Vec<ChainHead>,
    /// How far it has come in each stream.
    pub cursors: Vec<StreamCursor>,
}

/// A cursor with its stream's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCursor {
    /// Which stream.
    pub stream: StreamName,
    /// How far.
    #[serde(flatten)]
    pub cursor: Cursor,
}

/// The answer to [`Hello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloReply {
    /// The server's log.
    pub log_id: LogId,
    /// The logs it was restored from, newest first. A cursor of one of these may still be good; any other is not.
    #[serde(default)]
    pub parent_logs: Vec<LogId>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// One for each chain named.
    pub chains: Vec<HeldChain>,
    /// Chains of this device the till did not name. One it does not know: it was restored, or cloned.
    #[serde(default)]
    pub others: Vec<OtherChain>,
    /// One for each stream the till named and each it may follow. None from a server that does not say: a pull tells.
    #[serde(default)]
    pub streams: Vec<StreamStanding>,
    /// A new certificate, once half the old one's life is over.
    #[serde(default)]
    pub certificate: Option<SignedCertificate>,
    /// Most events the server wants in one request.
    pub window: u64,
    /// The server was restored and waits for its tills: what it says of limits may still grow.
    #[serde(default)]
    pub recovering: bool,
}

/// Where a stream ends, and what the till's cursor in it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStanding {
    /// Which.
    pub stream: StreamName,
    /// What a pull with the cursor named would come to.
    pub standing: Standing,
    /// The stream's last number; 0 for a stream without items, and for one that is not the till's.
    pub head_seq: u64,
    /// The rolling hash there; zero likewise.
    pub head_hash: Hash,
}

/// What a cursor is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The till named none.
    Unread,
    /// It stands in this stream: what follows can be had.
    Good,
    /// It is of another history, or what follows was cut off: the stream starts anew.
    Gone,
    /// There is no such stream for this till, or the server means something this till does not know.
    #[serde(other)]
    Unknown,
}

/// What the server holds of a chain the till named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldChain {
    /// Which.
    pub chain: ChainId,
    /// The last number of its first branch; 0 for none.
    pub have_seq: u64,
    /// The hash there; zero for none.
    pub have_hash: Hash,
    /// Branches beside the first: other events under the same numbers.
    #[serde(default)]
    pub branches: u32,
}

/// A chain of this device that the till did not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherChain {
    /// Which.
    pub chain: ChainId,
    /// Its last number.
    pub head_seq: u64,
    /// The hash there.
    pub head_hash: Hash,
    /// When the server first heard of it.
    pub started_at: Timestamp,
}

/// The answer to `GET /v1/chains/{chain}/events?branch=0&after=N&limit=500`: a till's own events, given back to it after
/// its database was restored from a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEvents {
    /// The server's log.
    pub log_id: LogId,
    /// Hash before the first event here: at number `after`; of the parent chain for 0.
    pub prev_hash: Hash,
    /// Each event's line less its derivable beginning, as in a push.
    pub events: Vec<String>,
    /// The branch's last number.
    pub head_seq: u64,
    /// The hash there.
    pub head_hash: Hash,
}
