//! Streams: what the server orders for tills. Dense numbers, a rolling hash, and the records that travel in them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::event::Hash;
use crate::ids::{DeviceId, LogId, VenueId};
use crate::sabotage::{self, Bug};

/// A feed a till follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// `T:cat`: products, categories, staff, venues, registers, devices.
    Catalog,
    /// `V:<venue>`: what happens at a venue that its other tills must know.
    Venue(VenueId),
    /// `D:<device>`: what head office tells this till alone.
    Device(DeviceId),
}

impl std::fmt::Display for StreamName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Catalog => f.write_str("T:cat"),
            Self::Venue(venue) => write!(f, "V:{venue}"),
            Self::Device(device) => write!(f, "D:{device}"),
        }
    }
}

impl std::str::FromStr for StreamName {
    type Err = StreamError;

    fn from_str(text: &str) -> Result<Self, StreamError> {
        match text.split_once(':') {
            Some(("T", "cat")) => Ok(Self::Catalog),
            Some(("V", venue)) => venue.parse().map(Self::Venue).map_err(|_| StreamError::Name),
            Some(("D", device)) => device.parse().map(Self::Device).map_err(|_| StreamError::Name),
            _ => Err(StreamError::Name),
        }
    }
}

impl Serialize for StreamName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How far a reader has come in a stream of one server log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Which incarnation of the server's database.
    pub log_id: LogId,
    /// Number of the last item applied; 0 before the first.
    pub seq: u64,
    /// Rolling hash over all items up to there; zero before the first.
    pub hash: Hash,
}

/// What an item does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Set.
    Put,
    /// Remove; the value is null.
    Del,
}

/// One item. Travels and is hashed as the exact line it was written as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StreamItem {
    /// Its number in the stream, from 1, without holes.
    pub seq: u64,
    /// Set or remove.
    pub op: Op,
    /// `kind/id`: see [`keys`].
    pub key: String,
    /// The record, by kind of key.
    pub value: Box<RawValue>,
    /// Hash of the event that caused it, if one did.
    pub cause: Option<Hash>,
}

/// The kinds of records in streams, as their keys begin.
pub mod keys {
    /// [`crate::catalog::Product`] in the catalogue stream.
    pub const PRODUCT: &str = "product/";
    /// [`crate::catalog::Category`] in the catalogue stream.
    pub const CATEGORY: &str = "category/";
    /// [`crate::staff::StaffMember`] in the catalogue stream.
    pub const STAFF: &str = "staff/";
    /// [`crate::venue::Venue`] in the catalogue stream.
    pub const VENUE: &str = "venue/";
    /// [`crate::venue::Register`] in the catalogue stream.
    pub const REGISTER: &str = "register/";
    /// [`crate::venue::DeviceRecord`] in the catalogue stream.
    pub const DEVICE: &str = "device/";
    /// [`crate::sync::stream::RedemptionRecord`] in a venue stream.
    pub const REDEMPTION: &str = "redemption/";
    /// [`crate::sync::stream::UndoRecord`] in a venue stream, by the redemption.
    pub const UNDO: &str = "undo/";
    /// [`crate::sync::stream::VoidRecord`] in a venue stream, by the ticket.
    pub const VOID: &str = "void/";
    /// [`crate::merge::StockRecord`] in a venue stream.
    pub const STOCK: &str = "stock/";
    /// A list of [`crate::sync::protocol::PushNote`]s of one event, `note/<chain>/<seq>`, in a device's stream: what
    /// the projections thought of it, also when they thought again.
    pub const NOTE: &str = "note/";
    /// [`crate::sync::stream::DurableRecord`] in a device's stream, `durable/<chain>`.
    pub const DURABLE: &str = "durable/";
}

/// How far a chain is in a backup that was restored once and checked. Only what lies before may a till ever forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurableRecord {
    /// The last number covered.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// A redemption as the venue's other tills learn of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionRecord {
    /// What was handed over, of which ticket, when.
    #[serde(flatten)]
    pub redemption: crate::event::TicketRedeemed,
    /// The machine that did.
    pub device_id: crate::ids::DeviceId,
    /// The person who did.
    pub staff_id: Option<crate::ids::StaffId>,
}

/// A hand-over taken back, as the venue's other tills learn of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRecord {
    /// Which, of which ticket, when.
    #[serde(flatten)]
    pub undone: crate::event::RedemptionUndone,
    /// The machine it was done at.
    pub device_id: crate::ids::DeviceId,
    /// The person who did.
    pub staff_id: Option<crate::ids::StaffId>,
}

/// A ticket withdrawn, as the venue's other tills learn of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidRecord {
    /// Which, when, why.
    #[serde(flatten)]
    pub voided: crate::event::TicketVoided,
    /// The machine it was done at.
    pub device_id: crate::ids::DeviceId,
    /// The person who did.
    pub staff_id: Option<crate::ids::StaffId>,
}

/// Why an item is not the next one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// Not a stream's name.
    #[error("no such stream")]
    Name,
    /// Not an item.
    #[error("the item after {after} cannot be read: {reason}")]
    Malformed {
        /// The last good number.
        after: u64,
        /// What the parser said.
        reason: String,
    },
    /// A hole or a repeat.
    #[error("item {got} came after {after}")]
    NotDense {
        /// The last good number.
        after: u64,
        /// The number that came.
        got: u64,
    },
}

impl Cursor {
    /// Before the first item.
    pub fn start(log_id: LogId) -> Self {
        Self { log_id, seq: 0, hash: Hash::ZERO }
    }

    /// Reads the next line and moves on.
    ///
    /// Errors: [`StreamError::NotDense`]: a hole is a loud bug, not silent loss.
    pub fn read(&mut self, line: &str) -> Result<StreamItem, StreamError> {
        let item: StreamItem = serde_json::from_str(line)
            .map_err(|error| StreamError::Malformed { after: self.seq, reason: error.to_string() })?;
        if item.seq != self.seq + 1 && !sabotage::is(Bug::NoDensityCheck) {
            return Err(StreamError::NotDense { after: self.seq, got: item.seq });
        }
        self.seq = item.seq;
        self.hash = self.hash.fold_item(line);
        Ok(item)
    }
}
