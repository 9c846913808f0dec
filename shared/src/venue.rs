//! Where selling happens: the venue, its registers and its devices, as head office publishes them.

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, RegisterId, VenueId};
use crate::money::{CashRounding, Currency};
use crate::sync::certificate::SignedCertificate;

/// A place that sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Venue {
    /// Its id.
    pub venue_id: VenueId,
    /// As on the receipt.
    pub name: String,
    /// Taxpayer number, as printed (Chile: RUT `76.543.210-3`).
    pub tax_id: String,
    /// Street and town, one line.
    pub address: String,
    /// What it sells in.
    pub currency: Currency,
    /// IANA name, `America/Santiago`.
    pub time_zone: String,
    /// Local minutes after midnight at which the business date changes: 360 is 06:00.
    pub cut_over_minutes: u16,
    /// How cash is rounded here.
    pub cash_rounding: CashRounding,
    /// How many business days a ticket can be redeemed, the first included.
    pub ticket_valid_days: u8,
}

/// A drawer with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Register {
    /// Its id.
    pub register_id: RegisterId,
    /// The venue it stands in.
    pub venue_id: VenueId,
    /// Three letters that begin its tickets' display codes, `BMB`. Unique per tenant; never I or O.
    pub code: String,
    /// As people call it, `Barra principal`.
    pub name: String,
}

/// An enrolled machine, as every till of the tenant knows it: enough to check its tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Its id.
    pub device_id: DeviceId,
    /// Short number inside the tenant, 1.., printed in tickets.
    pub device_no: u16,
    /// The register it sells at.
    pub register_id: RegisterId,
    /// As people call it.
    pub name: String,
    /// Head office's word for its key.
    pub certificate: SignedCertificate,
    /// Withdrawn: its tickets are no longer believed.
    pub is_revoked: bool,
}
