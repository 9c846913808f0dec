//! The envelope of every signed code: what is written on it, who signed it, and when to believe that.
//!
//! ```text
//! text  T1 + Base32(head + body + signature 64 B), no padding: QR alphanumeric mode
//! head  version and kind 1 · tenant tag 2 · device number 2 · business day 2 · valid days 1
//! body  as the kind has it
//! ```
//!
//! Numbers are big-endian. The signature covers the tenant's whole id, the head and the body.

use data_encoding::BASE32_NOPAD;

use super::{TicketError, TicketKind};
use crate::ids::TenantId;
use crate::keys::{self, PublicKey, Purpose, Signature, SigningKey};
use crate::time::BusinessDate;

/// How every signed code's text begins.
pub const TICKET_PREFIX: &str = "T1";
const HEAD_LEN: usize = 8;
const SIGNATURE_LEN: usize = 64;
const VERSION: u8 = 1;

/// What every code says, whatever it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: TicketKind,
    /// The short number of the machine that signed it.
    pub(super) device_no: u16,
    pub(super) business_date: BusinessDate,
    /// That day included.
    pub(super) valid_days: u8,
}

/// A code that reads well, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) head: Head,
    tenant_tag: u16,
    /// Head and body, as signed.
    payload: Vec<u8>,
    signature: Signature,
}

/// Two bytes of a hash: enough to tell a stranger's from ours before any signature is looked at.
pub(super) fn tag_of(bytes: &[u8]) -> u16 {
    let hash = blake3::hash(bytes);
    u16::from_be_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])
}

/// What a text says that it is for, without believing it; `None` when it is no code of ours.
pub fn kind_of(text: &str) -> Option<TicketKind> {
    let first = without_prefix(text)?.get(..8)?.to_ascii_uppercase();
    let first = *BASE32_NOPAD.decode(first.as_bytes()).ok()?.first()?;
    (first >> 4 == VERSION).then(|| TicketKind::from_number(first & 0x0F))?
}

fn without_prefix(text: &str) -> Option<&str> {
    let (prefix, rest) = text.split_at_checked(TICKET_PREFIX.len())?;
    prefix.eq_ignore_ascii_case(TICKET_PREFIX).then_some(rest)
}

/// The last of so many business days.
pub(super) fn last_valid(first: BusinessDate, valid_days: u8) -> BusinessDate {
    BusinessDate::from_days(first.days() + i32::from(valid_days.max(1)) - 1)
}

/// Signs a code.
///
/// Errors: [`TicketError::Malformed`] for a day that cannot be written.
pub(super) fn seal(head: Head, body: &[u8], tenant: TenantId, key: &SigningKey) -> Result<String, TicketError> {
    let day = u16::try_from(head.business_date.days()).map_err(|_| TicketError::Malformed)?;
    let mut payload = Vec::with_capacity(HEAD_LEN + body.len() + SIGNATURE_LEN);
    payload.push(VERSION << 4 | head.kind.number());
    payload.extend(tag_of(tenant.as_bytes()).to_be_bytes());
    payload.extend(head.device_no.to_be_bytes());
    payload.extend(day.to_be_bytes());
    payload.push(head.valid_days);
    payload.extend(body);
    let signature = keys::sign(key, Purpose::Ticket, &signed_bytes(tenant, &payload));
    payload.extend(signature.as_bytes());
    Ok(format!("{TICKET_PREFIX}{}", BASE32_NOPAD.encode(&payload)))
}

fn signed_bytes(tenant: TenantId, payload: &[u8]) -> Vec<u8> {
    [tenant.as_bytes().as_slice(), payload].concat()
}

impl Envelope {
    /// Reads a code whose body has at most so many bytes. Lower case is accepted: some scanners send it.
    ///
    /// Errors: [`TicketError::Malformed`].
    pub(super) fn open(text: &str, longest_body: usize) -> Result<Self, TicketError> {
        let rest = without_prefix(text).ok_or(TicketError::Malformed)?;
        if rest.len() > 2 * (HEAD_LEN + longest_body + SIGNATURE_LEN) {
            return Err(TicketError::Malformed);
        }
        let bytes = BASE32_NOPAD.decode(rest.to_ascii_uppercase().as_bytes()).map_err(|_| TicketError::Malformed)?;
        let payload_len = bytes.len().checked_sub(SIGNATURE_LEN).ok_or(TicketError::Malformed)?;
        let (payload, signature) = bytes.split_at(payload_len);
        let signature = Signature::from_bytes(signature.try_into().map_err(|_| TicketError::Malformed)?);
        let (head, _) = payload.split_first_chunk::<HEAD_LEN>().ok_or(TicketError::Malformed)?;
        let [first, tag_high, tag_low, device_high, device_low, day_high, day_low, valid_days] = *head;
        if first >> 4 != VERSION {
            return Err(TicketError::Malformed);
        }
        let head = Head {
            kind: TicketKind::from_number(first & 0x0F).ok_or(TicketError::Malformed)?,
            device_no: u16::from_be_bytes([device_high, device_low]),
            business_date: BusinessDate::from_days(i32::from(u16::from_be_bytes([day_high, day_low]))),
            valid_days,
        };
        let tenant_tag = u16::from_be_bytes([tag_high, tag_low]);
        Ok(Self { head, tenant_tag, payload: payload.to_vec(), signature })
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.payload[HEAD_LEN..]
    }

    /// Whether a known device of this tenant signed exactly these bytes.
    ///
    /// Errors: [`TicketError::OtherTenant`], [`TicketError::UnknownDevice`], [`TicketError::Signature`].
    pub(super) fn verify(
        &self,
        tenant: TenantId,
        key_of: impl FnOnce(u16) -> Option<PublicKey>,
    ) -> Result<(), TicketError> {
        if self.tenant_tag != tag_of(tenant.as_bytes()) {
            return Err(TicketError::OtherTenant);
        }
        let device_no = self.head.device_no;
        let key = key_of(device_no).ok_or(TicketError::UnknownDevice(device_no))?;
        key.verify(Purpose::Ticket, &signed_bytes(tenant, &self.payload), &self.signature)
            .map_err(|_| TicketError::Signature)
    }
}
