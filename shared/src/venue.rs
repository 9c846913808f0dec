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
    /// What a bar may hand over when it cannot ask whether another did.
    #[serde(default)]
    pub redemption_policy: RedemptionPolicy,
    /// What its receipts say besides.
    #[serde(default, skip_serializing_if = "PaperTemplate::is_empty")]
    pub paper: PaperTemplate,
}

/// What a venue's receipts say besides: its line of business and its web page above, its thanks and rules below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(default)]
pub struct PaperTemplate {
    /// Under the address, each in the middle.
    pub header: Vec<String>,
    /// At the foot.
    pub footer: Vec<String>,
}

impl PaperTemplate {
    /// Lines above, and as many below.
    pub const MAX_LINES: usize = 6;
    /// Signs of a line; a narrow paper breaks it.
    pub const MAX_SIGNS: usize = 96;

    /// Nothing besides.
    pub fn is_empty(&self) -> bool {
        self.header.is_empty() && self.footer.is_empty()
    }
}

/// What a bar may hand over when it cannot ask whether another did: the risk a venue takes to keep pouring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum RedemptionPolicy {
    /// Everything: a double is settled among people.
    #[default]
    AcceptAll,
    /// What is worth less than this.
    AcceptBelow {
        /// In the venue's currency, minor units.
        value_minor: i64,
    },
    /// Only where it was sold.
    HomeOnly,
    /// Nothing.
    Refuse,
}

/// What is about to be handed over unheard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindRedemption {
    /// At today's prices, minor units; none when a product is not known here.
    pub value_minor: Option<i64>,
    /// It was sold at this register.
    pub is_home: bool,
}

impl RedemptionPolicy {
    /// Whether a bar may hand it over.
    pub fn allows(self, blind: BlindRedemption) -> bool {
        match self {
            Self::AcceptAll => true,
            Self::AcceptBelow { value_minor } => blind.value_minor.is_some_and(|value| value < value_minor),
            Self::HomeOnly => blind.is_home,
            Self::Refuse => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_takes_its_own_risk() {
        let cheap = BlindRedemption { value_minor: Some(4_999), is_home: false };
        let dear = BlindRedemption { value_minor: Some(5_000), is_home: true };
        let unknown = BlindRedemption { value_minor: None, is_home: false };
        let all = |policy: RedemptionPolicy| [cheap, dear, unknown].map(|blind| policy.allows(blind));
        assert_eq!(all(RedemptionPolicy::AcceptAll), [true, true, true]);
        assert_eq!(all(RedemptionPolicy::AcceptBelow { value_minor: 5_000 }), [true, false, false]);
        assert_eq!(all(RedemptionPolicy::HomeOnly), [false, true, false]);
        assert_eq!(all(RedemptionPolicy::Refuse), [false, false, false]);
    }

    #[test]
    fn a_venue_of_before_accepts_all() {
        let read: RedemptionPolicy =
            serde_json::from_str(r#"{"rule":"accept_below","value_minor":5000}"#).expect("read");
        assert_eq!(read, RedemptionPolicy::AcceptBelow { value_minor: 5_000 });
        assert_eq!(RedemptionPolicy::default(), RedemptionPolicy::AcceptAll);
    }
}
