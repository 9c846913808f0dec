//! A ticket's QR payload: packed, signed by the till that sold it, written so that any scanner can type it.
//!
//! ```text
//! body  chain tag 2 · serial 3 · lines (product number 2 · quantity 1)*
//! ```
//!
//! In the envelope of all signed codes. Six lines make 31 bytes with its head, the most that fits QR version 6 at level M;
//! more lines grow it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::envelope::{self, Envelope, Head, tag_of};
use crate::ids::{ChainId, TenantId};
use crate::keys::{PublicKey, SigningKey};
use crate::time::BusinessDate;

/// Chain tag and serial.
const ID_LEN: usize = 5;
const LINE_LEN: usize = 3;
/// The most lines a ticket carries; beyond, a sale gives several tickets' worth of paper no scanner reads.
const MAX_LINES: usize = 120;

/// What a signed code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TicketKind {
    /// Goods to be handed over at a bar.
    Delivery,
    /// Entry at a door.
    Entry,
    /// An item in the cloakroom.
    Wardrobe,
    /// A wallet.
    Wallet,
    /// A voucher.
    Voucher,
    /// An order to collect.
    Order,
    /// A receipt.
    Receipt,
    /// A staff badge.
    Staff,
}

impl TicketKind {
    const ALL: [Self; 8] = [
        Self::Delivery,
        Self::Entry,
        Self::Wardrobe,
        Self::Wallet,
        Self::Voucher,
        Self::Order,
        Self::Receipt,
        Self::Staff,
    ];

    pub(super) fn number(self) -> u8 {
        let place = Self::ALL.iter().position(|kind| *kind == self).expect("every kind is listed");
        u8::try_from(place + 1).expect("eight kinds")
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// A ticket's identity inside its tenant: which device, which of its chains, which serial.
/// A cloned or restored till has another chain, so it cannot issue the same id twice.
///
/// Shape: fourteen hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct TicketId {
    /// The device's short number.
    pub device_no: u16,
    /// Two bytes of the chain's hash.
    pub chain_tag: u16,
    /// The device's count of tickets, 24 bits.
    pub serial: u32,
}

/// One kind of goods on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TicketLine {
    /// The product's short number.
    pub product_number: u16,
    /// How many pieces, 1..=255.
    pub quantity: u8,
}

/// What a ticket promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Ticket {
    /// What it is for.
    pub kind: TicketKind,
    /// Its identity.
    pub ticket_id: TicketId,
    /// The night it was sold.
    pub business_date: BusinessDate,
    /// For how many business days it holds, that one included.
    pub valid_days: u8,
    /// What is owed, in order; a line's number is its place, from 1.
    pub lines: Vec<TicketLine>,
}

/// Why a code is not a ticket to honour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not our code, or damaged beyond reading.
    #[error("the code cannot be read")]
    Malformed,
    /// A ticket of another company.
    #[error("the ticket belongs to another company")]
    OtherTenant,
    /// No certificate here for the device that is said to have issued it.
    #[error("no till numbered {0} is known here")]
    UnknownDevice(u16),
    /// Forged or altered.
    #[error("the signature does not hold")]
    Signature,
    /// More than a ticket can carry.
    #[error("too many lines or pieces for one ticket")]
    TooLarge,
}

/// A code that reads well, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedTicket {
    envelope: Envelope,
    ticket: Ticket,
}

impl TicketId {
    /// The id of a device's next ticket.
    pub fn new(device_no: u16, chain: ChainId, serial: u32) -> Self {
        Self { device_no, chain_tag: tag_of(chain.as_bytes()), serial: serial & 0x00FF_FFFF }
    }
}

impl Ticket {
    /// The code to print.
    ///
    /// Errors: [`TicketError::TooLarge`] past 120 lines, [`TicketError::Malformed`] for a line of nothing and for a badge.
    pub fn sign(&self, tenant: TenantId, key: &SigningKey) -> Result<String, TicketError> {
        if self.lines.len() > MAX_LINES {
            return Err(TicketError::TooLarge);
        }
        let is_empty = self.lines.is_empty() || self.lines.iter().any(|line| line.quantity == 0);
        if is_empty || self.kind == TicketKind::Staff {
            return Err(TicketError::Malformed);
        }
        let mut body = Vec::with_capacity(ID_LEN + LINE_LEN * self.lines.len());
        body.extend(self.ticket_id.chain_tag.to_be_bytes());
        body.extend(&self.ticket_id.serial.to_be_bytes()[1..]);
        for line in &self.lines {
            body.extend(line.product_number.to_be_bytes());
            body.push(line.quantity);
        }
        let head = Head {
            kind: self.kind,
            device_no: self.ticket_id.device_no,
            business_date: self.business_date,
            valid_days: self.valid_days,
        };
        envelope::seal(head, &body, tenant, key)
    }

    /// The last night it holds.
    pub fn last_valid_date(&self) -> BusinessDate {
        envelope::last_valid(self.business_date, self.valid_days)
    }
}

impl UnverifiedTicket {
    /// The short number of the machine that is said to have issued it.
    pub const fn device_no(&self) -> u16 {
        self.ticket.ticket_id.device_no
    }

    /// Reads a code without believing it. Lower case is accepted: some scanners send it.
    ///
    /// Errors: [`TicketError::Malformed`], also for a badge, which is no ticket.
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        let envelope = Envelope::open(text, ID_LEN + LINE_LEN * MAX_LINES)?;
        let (id, lines) = envelope.body().split_first_chunk::<ID_LEN>().ok_or(TicketError::Malformed)?;
        let Head { kind, device_no, business_date, valid_days } = envelope.head;
        if kind == TicketKind::Staff || lines.is_empty() || lines.len() % LINE_LEN != 0 {
            return Err(TicketError::Malformed);
        }
        let lines: Vec<_> = lines
            .chunks_exact(LINE_LEN)
            .map(|l| TicketLine { product_number: u16::from_be_bytes([l[0], l[1]]), quantity: l[2] })
            .collect();
        if lines.len() > MAX_LINES || lines.iter().any(|line| line.quantity == 0) {
            return Err(TicketError::Malformed);
        }
        let ticket_id = TicketId {
            device_no,
            chain_tag: u16::from_be_bytes([id[0], id[1]]),
            serial: u32::from_be_bytes([0, id[2], id[3], id[4]]),
        };
        let ticket = Ticket { kind, ticket_id, business_date, valid_days, lines };
        Ok(Self { envelope, ticket })
    }

    /// Believes it, if a known device of this tenant signed exactly these bytes.
    ///
    /// `key_of` answers the public key of a device number, for devices whose certificate was checked.
    ///
    /// Errors: [`TicketError::OtherTenant`], [`TicketError::UnknownDevice`], [`TicketError::Signature`].
    pub fn verify(
        self,
        tenant: TenantId,
        key_of: impl FnOnce(u16) -> Option<PublicKey>,
    ) -> Result<Ticket, TicketError> {
        self.envelope.verify(tenant, key_of)?;
        Ok(self.ticket)
    }
}

impl std::fmt::Display for TicketId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}{:04x}{:06x}", self.device_no, self.chain_tag, self.serial)
    }
}

impl std::str::FromStr for TicketId {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        if text.len() != 14 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(TicketError::Malformed);
        }
        let number = |part: &str| u32::from_str_radix(part, 16).map_err(|_| TicketError::Malformed);
        let short = |part: &str| number(part).and_then(|n| u16::try_from(n).map_err(|_| TicketError::Malformed));
        Ok(Self { device_no: short(&text[..4])?, chain_tag: short(&text[4..8])?, serial: number(&text[8..])? })
    }
}

impl Serialize for TicketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TicketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
