//! A staff badge: a signed code that says who somebody is. It opens nothing by itself; their PIN does.
//!
//! Its body is the person's id, 16 bytes: with head and signature a QR of version 6 at level M, as a ticket of six lines.

use super::envelope::{self, Envelope, Head};
use super::{TicketError, TicketKind};
use crate::ids::{StaffId, TenantId};
use crate::keys::{PublicKey, SigningKey};
use crate::time::BusinessDate;

const BODY_LEN: usize = 16;

/// For how many business days a badge holds: about half a year, so that a lost one does not last for ever.
pub const BADGE_DAYS: u8 = 180;

/// Who somebody is, as a till of the tenant vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Whose.
    pub staff_id: StaffId,
    /// The short number of the till that printed it.
    pub device_no: u16,
    /// When.
    pub issued_on: BusinessDate,
    /// For how many business days it holds, that one included.
    pub valid_days: u8,
}

/// A badge that reads well, not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedBadge {
    envelope: Envelope,
    badge: Badge,
}

impl Badge {
    /// The code to print.
    ///
    /// Errors: [`TicketError::Malformed`] for a day that cannot be written.
    pub fn sign(&self, tenant: TenantId, key: &SigningKey) -> Result<String, TicketError> {
        let head = Head {
            kind: TicketKind::Staff,
            device_no: self.device_no,
            business_date: self.issued_on,
            valid_days: self.valid_days,
        };
        envelope::seal(head, self.staff_id.as_bytes(), tenant, key)
    }

    /// The last night it holds.
    pub fn last_valid_date(&self) -> BusinessDate {
        envelope::last_valid(self.issued_on, self.valid_days)
    }
}

impl UnverifiedBadge {
    /// The short number of the machine that is said to have printed it.
    pub const fn device_no(&self) -> u16 {
        self.badge.device_no
    }

    /// Reads a code without believing it.
    ///
    /// Errors: [`TicketError::Malformed`], also for a code that is no badge.
    pub fn parse(text: &str) -> Result<Self, TicketError> {
        let envelope = Envelope::open(text, BODY_LEN)?;
        let body = <[u8; BODY_LEN]>::try_from(envelope.body()).map_err(|_| TicketError::Malformed)?;
        let Head { kind: TicketKind::Staff, device_no, business_date, valid_days } = envelope.head else {
            return Err(TicketError::Malformed);
        };
        let staff_id = StaffId::from_uuid(uuid::Uuid::from_bytes(body));
        let badge = Badge { staff_id, device_no, issued_on: business_date, valid_days };
        Ok(Self { envelope, badge })
    }

    /// Believes it, if a known device of this tenant signed exactly these bytes.
    ///
    /// Errors: [`TicketError::OtherTenant`], [`TicketError::UnknownDevice`], [`TicketError::Signature`].
    pub fn verify(self, tenant: TenantId, key_of: impl FnOnce(u16) -> Option<PublicKey>) -> Result<Badge, TicketError> {
        self.envelope.verify(tenant, key_of)?;
        Ok(self.badge)
    }
}
