//! Who, when, which number: the envelope around a fact, and the chain that makes it undeniable.
//!
//! ```text
//! {"v":1,"tenant":…,"venue":…,"device":…,"chain":…,"seq":…,"prev":…,      derivable: left out on the wire
//!  "hlc":…,"up_ms":…,"type":…,"schema":…,"actor":…,"session":…,"seen":[…,…],"payload":{…}}
//! ```
//!
//! Between `actor` and `session` stands `approver`, where somebody allowed what the actor may not do alone.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fact::Payload;
use super::{Fact, FactError, Hash};
use crate::ids::{ChainId, DeviceId, SessionId, StaffId, TenantId, VenueId};
use crate::keys::{self, BadSignature, PublicKey, Purpose, Signature, SigningKey};
use crate::time::Hlc;

/// The envelope's version.
const VERSION: u8 = 1;
/// Bytes of a line before its number: four ids of 36 characters, and their names.
const STEM_BYTES: usize = r#"{"v":1,"tenant":"","venue":"","device":"","chain":"","seq":"#.len() + 4 * 36;
/// Bytes between its number and what travels on the wire: the hash before, and its name.
const PREV_BYTES: usize = r#","prev":"","#.len() + 64;
/// Room for a sale of a few lines, so that writing it down does not move it several times.
const LINE_BYTES: usize = 2_048;

/// Whose event it is. The same for every event of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Whose data.
    pub tenant: TenantId,
    /// Where.
    pub venue: VenueId,
    /// Which machine.
    pub device: DeviceId,
}

/// What the device had applied of the server's streams when it wrote: `(catalogue, venue)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen(pub u64, pub u64);

/// When, by whom, knowing what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The device's hybrid clock.
    pub hlc: Hlc,
    /// Milliseconds since the device's fixed moment: evidence when the wall clock jumps.
    pub up_ms: u64,
    /// The operator; nobody for what the till does by itself.
    pub actor: Option<StaffId>,
    /// Who allowed it with their PIN, where the operator may not do it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<StaffId>,
    /// The register session it belongs to.
    pub session: Option<SessionId>,
    /// What the device knew.
    pub seen: Seen,
}

/// The end of a chain: what the next event must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// The chain.
    pub chain: ChainId,
    /// How many events it holds.
    pub seq: u64,
    /// Hash of the last one; of the parent's last, or zero, while it holds none.
    pub hash: Hash,
}

/// An event as stored and sent: its exact bytes, and what they hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    /// Its chain.
    pub chain: ChainId,
    /// Its number there, from 1.
    pub seq: u64,
    /// Hash of the one before.
    pub prev: Hash,
    /// Its own hash.
    pub hash: Hash,
    /// The line, without a line end.
    pub line: String,
}

/// An event read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whose.
    pub origin: Origin,
    /// Its chain.
    pub chain: ChainId,
    /// Its number there.
    pub seq: u64,
    /// When, by whom, knowing what.
    pub stamp: Stamp,
    /// What happened.
    pub fact: Read,
}

/// A fact this program understands, or one from a newer one.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// Understood.
    Known(Fact),
    /// Kept, sent on, not understood here.
    Unknown {
        /// Its type.
        kind: String,
        /// Its schema.
        schema: u16,
    },
}

/// Why a line is not the next event of a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not an envelope, or not of this chain, number or predecessor.
    #[error("event {seq} does not begin as the chain requires")]
    Header {
        /// The number it should have had.
        seq: u64,
    },
    /// Not JSON of the envelope's shape.
    #[error("event {seq} is not an envelope: {reason}")]
    Envelope {
        /// Its number.
        seq: u64,
        /// What the parser said.
        reason: String,
    },
    /// A known type whose payload is not what that type holds.
    #[error("event {seq}: {source}")]
    Payload {
        /// Its number.
        seq: u64,
        /// Which, and why.
        source: FactError,
    },
}

#[derive(Serialize)]
struct BodyOut<'a> {
    hlc: Hlc,
    up_ms: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    schema: u16,
    actor: Option<StaffId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approver: Option<StaffId>,
    session: Option<SessionId>,
    seen: Seen,
    payload: Payload<'a>,
}

#[derive(Deserialize)]
struct EnvelopeIn<'a> {
    tenant: TenantId,
    venue: VenueId,
    device: DeviceId,
    hlc: Hlc,
    up_ms: u64,
    #[serde(rename = "type")]
    kind: String,
    schema: u16,
    actor: Option<StaffId>,
    #[serde(default)]
    approver: Option<StaffId>,
    session: Option<SessionId>,
    seen: Seen,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl ChainHead {
    /// A chain that holds nothing yet. `parent` is the last hash of the chain it continues.
    pub fn start(chain: ChainId, parent: Option<Hash>) -> Self {
        Self { chain, seq: 0, hash: parent.unwrap_or(Hash::ZERO) }
    }

    /// The beginning all lines of this chain have.
    fn stem(&self, origin: &Origin) -> String {
        let Origin { tenant, venue, device } = origin;
        let chain = self.chain;
        format!(r#"{{"v":{VERSION},"tenant":"{tenant}","venue":"{venue}","device":"{device}","chain":"{chain}","seq":"#)
    }

    /// The beginning every line of this chain has at its next place.
    fn header(&self, origin: &Origin) -> String {
        format!(r#"{}{},"prev":"{}","#, self.stem(origin), self.seq + 1, self.hash)
    }

    /// Writes a fact down as the next event. The head itself moves with [`SealedEvent::head`].
    pub fn seal(&self, origin: &Origin, stamp: &Stamp, fact: &Fact) -> SealedEvent {
        let body = BodyOut {
            hlc: stamp.hlc,
            up_ms: stamp.up_ms,
            kind: fact.kind(),
            schema: fact.schema(),
            actor: stamp.actor,
            approver: stamp.approver,
            session: stamp.session,
            seen: stamp.seen,
            payload: Payload(fact),
        };
        let mut line = Vec::with_capacity(LINE_BYTES);
        line.extend_from_slice(self.header(origin).as_bytes());
        // The body goes on where the header stops: with a comma in place of the brace it would begin with.
        let comma = line.len() - 1;
        line.truncate(comma);
        serde_json::to_writer(&mut line, &body).expect("an envelope encodes as JSON");
        line[comma] = b',';
        self.next(String::from_utf8(line).expect("JSON is UTF-8"))
    }

    /// The next event, as this line.
    fn next(&self, line: String) -> SealedEvent {
        SealedEvent { chain: self.chain, seq: self.seq + 1, prev: self.hash, hash: Hash::of_event(&line), line }
    }

    /// Rebuilds the next event from what travels on the wire: the line less its derivable beginning.
    pub fn follow(&self, origin: &Origin, rest: &str) -> SealedEvent {
        self.next(self.header(origin) + rest)
    }

    /// Rebuilds a run of events from what travels on the wire.
    pub fn follow_all(&self, origin: &Origin, rests: &[String]) -> Vec<SealedEvent> {
        let stem = self.stem(origin);
        let mut head = *self;
        let mut events = Vec::with_capacity(rests.len());
        for rest in rests {
            let (seq, prev) = (head.seq + 1, head.hash);
            let mut line = String::with_capacity(stem.len() + rest.len() + 96);
            line.push_str(&stem);
            // Writing to a string cannot fail.
            let _ = write!(line, r#"{seq},"prev":"{prev}","#);
            line.push_str(rest);
            let event = SealedEvent { chain: self.chain, seq, prev, hash: Hash::of_event(&line), line };
            head = event.head();
            events.push(event);
        }
        events
    }

    /// Takes a stored line as the next event, if it is: same chain, next number, right predecessor.
    ///
    /// Errors: [`EventError::Header`].
    pub fn accept(&self, origin: &Origin, line: &str) -> Result<SealedEvent, EventError> {
        let header = self.header(origin);
        let rest = line.strip_prefix(&header).ok_or(EventError::Header { seq: self.seq + 1 })?;
        Ok(self.follow(origin, rest))
    }

    fn signed_bytes(&self) -> Vec<u8> {
        [self.chain.as_bytes().as_slice(), &self.seq.to_be_bytes(), self.hash.as_bytes()].concat()
    }
}

/// Signs a head: one signature that covers every event before it.
pub fn sign_head(head: &ChainHead, key: &SigningKey) -> Signature {
    keys::sign(key, Purpose::ChainHead, &head.signed_bytes())
}

/// Checks a head's signature.
pub fn verify_head(head: &ChainHead, key: &PublicKey, signature: &Signature) -> Result<(), BadSignature> {
    key.verify(Purpose::ChainHead, &head.signed_bytes(), signature)
}

impl SealedEvent {
    /// The chain's end, once this is stored.
    pub fn head(&self) -> ChainHead {
        ChainHead { chain: self.chain, seq: self.seq, hash: self.hash }
    }

    /// What travels on the wire: everything after the part both sides can derive.
    pub fn rest(&self) -> &str {
        // Ids and hashes are as long as they are, so where it begins is known but for the number's length.
        let digits = self.seq.checked_ilog10().map_or(1, |tens| tens as usize + 1);
        let at = STEM_BYTES + digits;
        let is_header = |header: &str| header.starts_with(r#","prev":""#) && header.ends_with(r#"","#);
        if self.line.get(at..at + PREV_BYTES).is_some_and(is_header) {
            return &self.line[at + PREV_BYTES..];
        }
        let prev = format!(r#""prev":"{}","#, self.prev);
        self.line.split_once(&prev).map_or(self.line.as_str(), |(_, rest)| rest)
    }

    /// Reads the line.
    ///
    /// Errors: [`EventError::Envelope`], [`EventError::Payload`]. A type or schema from the future is no error.
    pub fn read(&self) -> Result<Event, EventError> {
        let seq = self.seq;
        let envelope: EnvelopeIn<'_> = serde_json::from_str(&self.line)
            .map_err(|error| EventError::Envelope { seq, reason: error.to_string() })?;
        let fact = match Fact::decode(&envelope.kind, envelope.schema, envelope.payload.get()) {
            Ok(fact) => Read::Known(fact),
            Err(FactError::Unknown { .. }) => Read::Unknown { kind: envelope.kind, schema: envelope.schema },
            Err(source) => return Err(EventError::Payload { seq, source }),
        };
        Ok(Event {
            origin: Origin { tenant: envelope.tenant, venue: envelope.venue, device: envelope.device },
            chain: self.chain,
            seq,
            stamp: Stamp {
                hlc: envelope.hlc,
                up_ms: envelope.up_ms,
                actor: envelope.actor,
                approver: envelope.approver,
                session: envelope.session,
                seen: envelope.seen,
            },
            fact,
        })
    }
}
