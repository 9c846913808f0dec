//! What goes into the exchange and what comes out of it.

use crate::event::{ChainHead, Hash, Origin, SealedEvent};
use crate::ids::{ChainId, LogId};
use crate::keys::{PublicKey, SigningKey};
use crate::sync::certificate::SignedCertificate;
use crate::sync::outbox::{Limits, Operation};
use crate::sync::protocol::{
    Hello, HelloReply, OwnEvents, PartRead, Problem, ProblemCode, PullReply, PushReply, PushRequest, SnapshotManifest,
    StreamCursor,
};
use crate::sync::stream::{Cursor, StreamError, StreamItem, StreamName};
use crate::time::Timestamp;

/// Whose exchange it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The till, as its events name it.
    pub origin: Origin,
    /// Its key.
    pub key: SigningKey,
    /// The key that signs certificates and snapshots.
    pub tenant_key: PublicKey,
    /// Version of the program.
    pub app_version: String,
    /// How often to ask when nothing happens, milliseconds.
    pub interval_ms: u64,
}

/// What the ledger holds, as far as a greeting needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The server log last heard of.
    pub log_id: Option<LogId>,
    /// The chain that is being written.
    pub current: Option<ChainId>,
    /// The end of every chain held, newest first.
    pub heads: Vec<ChainHead>,
    /// How far each stream has been applied.
    pub cursors: Vec<StreamCursor>,
}

/// What to send now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Events of one or more chains, oldest chain first, each chain's in order.
    pub events: Vec<SealedEvent>,
    /// Events the server is not proved to hold, these included.
    pub unsent: u64,
}

/// A question to the server.
#[derive(Clone, Debug)]
pub enum Request {
    /// Who holds what.
    Hello(Hello),
    /// Take these.
    Push(PushRequest),
    /// What is new in a stream.
    Pull(PullRequest),
    /// Give me back what I wrote.
    OwnEvents {
        /// Of which chain.
        chain: ChainId,
        /// After which number.
        after: u64,
        /// At most so many.
        limit: usize,
    },
    /// A stream's whole state.
    Snapshot(StreamName),
    /// A part of one, by its content.
    Part(Hash),
}

/// What is asked of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Which.
    pub stream: StreamName,
    /// How far we have come; `None` before the first item.
    pub cursor: Option<Cursor>,
    /// At most so many items.
    pub limit: usize,
    /// Events still to be sent: head office shows it.
    pub unsent_events: u64,
}

/// The server's answer, of the request's kind.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a hello.
    Hello(HelloReply),
    /// To a push.
    Push(PushReply),
    /// To a pull.
    Pull(PullReply),
    /// To a question for own events.
    OwnEvents(OwnEvents),
    /// To a question for a snapshot.
    Snapshot(SnapshotManifest),
    /// A snapshot's part.
    Part(PartRead),
}

/// Why there is no answer to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered, or not in time.
    Unreachable(String),
    /// It answered, and refused.
    Refused {
        /// What it said.
        problem: Problem,
        /// How long it asks to be left in peace, milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// It answered with something that is no answer of ours.
    Unintelligible(String),
}

impl Failure {
    /// The code of a refusal.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.code),
            Self::Unreachable(_) | Self::Unintelligible(_) => None,
        }
    }
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// The time asked for with the last [`Effect::WakeIn`] is over.
    Woken,
    /// An event was committed.
    Committed,
    /// Somebody wants everything sent and fetched now.
    Asked,
    /// The server rang: a stream has something new.
    Rang {
        /// Which.
        stream: StreamName,
        /// Its last number.
        head: u64,
    },
    /// To [`Effect::Look`].
    Saw(View),
    /// To [`Effect::Gather`].
    Gathered(Gathered),
    /// To [`Effect::Hash`]: those that are held.
    Hashes(Vec<(ChainId, u64, Hash)>),
    /// To [`Effect::ListKeys`].
    Keys(Vec<String>),
    /// To [`Effect::Write`] and [`Effect::SealChain`]: it is durable.
    Written,
    /// To the same: nothing of it happened. With a random number, for the pause that follows.
    NotWritten(u32),
    /// To [`Effect::Ask`]. With a random number, for the pause if this is a failure.
    Answered(Result<Answer, Failure>, u32),
}

/// What to do outside. An effect that has an answer is the last of its step; nothing else is asked until it is there.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Tell what the ledger holds.
    Look,
    /// Tell what to send: [`crate::sync::outbox::ChainState::offer`] of each chain, these chains left out.
    Gather {
        /// How much fits.
        limits: Limits,
        /// Chains the server refused lately.
        skip: Vec<ChainId>,
    },
    /// Tell the hashes of these of our events.
    Hash(Vec<(ChainId, u64)>),
    /// Tell the keys of every copy held of a stream.
    ListKeys(StreamName),
    /// Write down, in one transaction; but [`Deed::Refresh`] in as many as it takes to keep no sale waiting.
    Write(Vec<Deed>),
    /// Write on in a new chain: this one has another end at the server.
    SealChain(ChainId),
    /// Ask the server.
    Ask(Request),
    /// Say [`Input::Woken`] after so many milliseconds by a clock that does not jump. Replaces any wish before.
    WakeIn(u64),
    /// An exchange is over.
    Report(Report),
}

/// What to write down.
#[derive(Clone, Debug)]
pub enum Deed {
    /// The server spoke, from this log. With another log than before nothing is proved any more.
    Contact(LogId, Timestamp),
    /// What an answer proved, and when.
    Record(Vec<Operation>, Timestamp),
    /// Items of a stream, and where they end.
    Apply {
        /// Which stream.
        stream: StreamName,
        /// In order.
        items: Vec<StreamItem>,
        /// The cursor after them.
        end: Cursor,
    },
    /// Records of a stream that starts anew; its cursor stays where it is. It says for none of them that they are here, so
    /// these need not come together with the others, nor before the next deed that is no such one.
    Refresh {
        /// Which stream.
        stream: StreamName,
        /// To be laid over what is there.
        items: Vec<StreamItem>,
    },
    /// Copies the stream does not name any more.
    Forget(StreamName, Vec<String>),
    /// From here on the stream goes on.
    MoveCursor(StreamName, Cursor),
    /// Own events that were lost here, checked against what they follow.
    StoreOwn {
        /// Of which chain.
        chain: ChainId,
        /// Hash before its first event, for a chain not held at all.
        before: Hash,
        /// In order.
        events: Vec<SealedEvent>,
    },
    /// A new certificate, checked.
    Certificate(SignedCertificate),
}

/// Why an exchange ended before everything was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server.
    Peer(Failure),
    /// Its stream is not what a stream is.
    Stream(StreamName, StreamError),
    /// It answers, and proves nothing.
    NothingProved,
    /// Its answer is to another question.
    OtherAnswer,
    /// The ledger takes nothing.
    Ledger,
}

/// What came of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Events proved to be there.
    pub sent: u64,
    /// Events not proved to be there, as last counted.
    pub unsent: u64,
    /// Stream items applied.
    pub pulled: u64,
    /// Own events given back.
    pub recovered: u64,
    /// Streams that changed.
    pub changed: Vec<StreamName>,
    /// The server holds other events under this till's numbers, as this exchange showed.
    pub forked: bool,
    /// Chains the server refuses. They are offered again every hour.
    pub refused: Vec<ChainId>,
    /// Why it ended early.
    pub trouble: Option<Trouble>,
}

impl Trouble {
    /// Nobody is there to ask anything else, or nothing can be written down.
    pub(super) fn is_of_the_line(&self) -> bool {
        matches!(self, Self::Peer(Failure::Unreachable(_)) | Self::Ledger)
    }

    /// Trying again alone will not help: somebody has to look.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Peer(Failure::Refused { problem, .. }) => !problem.code.passes(),
            Self::Peer(Failure::Unintelligible(_)) | Self::Stream(..) | Self::NothingProved | Self::OtherAnswer => true,
            Self::Peer(Failure::Unreachable(_)) | Self::Ledger => false,
        }
    }
}
