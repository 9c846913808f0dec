//! The QR payload: packed, signed by the till that sold it, written so that any scanner can type it.
//!
//! ```text
//! text     T1 + Base32(payload + signature 64 B), no padding: QR alphanumeric mode
//! payload  version and kind 1 · tenant tag 2 · device number 2 · business day 2 · valid days 1
//!          · chain tag 2 · serial 3 · lines (product number 2 · quantity 1)*
//! ```
//!
//! Numbers are big-endian. Six lines make 31 bytes, the most that fits QR version 6 at level M; more lines grow it.
//! The signature covers the tenant's whole id and the payload.

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{ChainId, TenantId};
use crate::keys::{self, PublicKey, Purpose, Signature, SigningKey};
use crate::time::BusinessDate;

/// How every ticket's text begins.
pub const TICKET_PREFIX: &str = "T1";
const HEAD_LEN: usize = 13;
const LINE_LEN: usize = 3;
const SIGNATURE_LEN: usize = 64;
const VERSION: u8 = 1;
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

    fn number(self) -> u8 {
        let place = Self::ALL.iter().position(|kind| *kind == self).expect("every kind is listed");
        u8::try_from(place + 1).expect("eight kinds")
    }

    fn from_number(number: u8) -> Option<Self> {
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
    tenant_tag: u16,
    ticket: Ticket,
    payload: Vec<u8>,
    signature: Signature,
}

fn tag_of(bytes: &[u8]) -> u16 {
    let hash = blake3::hash(bytes);
    u16::from_be_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])
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
    /// Errors: [`TicketError::TooLarge`] past 120 lines, [`TicketError::Malformed`] for a line of nothing.
    pub fn sign(&self, tenant: TenantId, key: &SigningKey) -> Result<String, TicketError> {
        if self.lines.len() > MAX_LINES {
            return Err(TicketError::TooLarge);
        }
        if self.lines.is_empty() || self.lines.iter().any(|line| line.quantity == 0) {
            return Err(TicketError::Malformed);
        }
        let day = u16::try_from(self.business_date.days()).map_err(|_| TicketError::Malformed)?;
        let mut payload = Vec::with_capacity(HEAD_LEN + LINE_LEN * self.lines.len());
        payload.push(VERSION << 4 | self.kind.number());
        payload.extend(tag_of(tenant.as_bytes()).to_be_bytes());
        payload.extend(self.ticket_id.device_no.to_be_bytes());
        payload.extend(day.to_be_bytes());
        payload.push(self.valid_days);
        payload.extend(self.ticket_id.chain_tag.to_be_bytes());
        payload.extend(&self.ticket_id.serial.to_be_bytes()[1..]);
        for line in &self.lines {
            payload.extend(line.product_number.to_be_bytes());
            payload.push(line.quantity);
        }
        let signature = keys::sign(key, Purpose::Ticket, &signed_bytes(tenant, &payload));
        payload.extend(signature.as_bytes());
        Ok(format!("{TICKET_PREFIX}{}", BASE32_NOPAD.encode(&payload)))
    }

    /// The last night it holds.
    pub fn last_valid_date(&self) -> BusinessDate {
        BusinessDate::from_days(self.business_date.days() + i32::from(self.valid_days.max(1)) - 1)
    }
}

fn signed_bytes(tenant: TenantId, payload: &[u8]) -> Vec<u8> {
    [tenant.as_bytes().as_slice(), payload].concat()
}

impl UnverifiedTicket {
    /// The short number of the machine that is said to have issued it.
    pub const fn device_no(&self) -> u16 {
        self.ticket.ticket_id.device_no
    }

    /// Reads a code without believing it. Lower case is accepted: some scanners send it.
    ///
    /// Errors: [`TicketError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        let (prefix, rest) = text.split_at_checked(TICKET_PREFIX.len()).ok_or(TicketError::Malformed)?;
        if !prefix.eq_ignore_ascii_case(TICKET_PREFIX) || rest.len() > 2 * (HEAD_LEN + LINE_LEN * MAX_LINES + 64) {
            return Err(TicketError::Malformed);
        }
        let bytes = BASE32_NOPAD.decode(rest.to_ascii_uppercase().as_bytes()).map_err(|_| TicketError::Malformed)?;
        let payload_len = bytes.len().checked_sub(SIGNATURE_LEN).ok_or(TicketError::Malformed)?;
        let (payload, signature) = bytes.split_at(payload_len);
        let signature = Signature::from_bytes(signature.try_into().map_err(|_| TicketError::Malformed)?);
        let (head, lines) = payload.split_first_chunk::<HEAD_LEN>().ok_or(TicketError::Malformed)?;
        if head[0] >> 4 != VERSION || lines.is_empty() || lines.len() % LINE_LEN != 0 {
            return Err(TicketError::Malformed);
        }
        let lines: Vec<_> = lines
            .chunks_exact(LINE_LEN)
            .map(|l| TicketLine { product_number: u16::from_be_bytes([l[0], l[1]]), quantity: l[2] })
            .collect();
        if lines.len() > MAX_LINES || lines.iter().any(|line| line.quantity == 0) {
            return Err(TicketError::Malformed);
        }
        let ticket = Ticket {
            kind: TicketKind::from_number(head[0] & 0x0F).ok_or(TicketError::Malformed)?,
            ticket_id: TicketId {
                device_no: u16::from_be_bytes([head[3], head[4]]),
                chain_tag: u16::from_be_bytes([head[8], head[9]]),
                serial: u32::from_be_bytes([0, head[10], head[11], head[12]]),
            },
            business_date: BusinessDate::from_days(i32::from(u16::from_be_bytes([head[5], head[6]]))),
            valid_days: head[7],
            lines,
        };
        let tenant_tag = u16::from_be_bytes([head[1], head[2]]);
        Ok(Self { tenant_tag, ticket, payload: payload.to_vec(), signature })
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
        if self.tenant_tag != tag_of(tenant.as_bytes()) {
            return Err(TicketError::OtherTenant);
        }
        let device_no = self.ticket.ticket_id.device_no;
        let key = key_of(device_no).ok_or(TicketError::UnknownDevice(device_no))?;
        key.verify(Purpose::Ticket, &signed_bytes(tenant, &self.payload), &self.signature)
            .map_err(|_| TicketError::Signature)?;
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
