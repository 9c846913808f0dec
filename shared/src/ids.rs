//! Typed identifiers. Nothing here invents one: callers bring the time and the random bytes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

/// Where random bytes come from: the operating system in production, a seed in tests.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes fit for keys and ids.
    fn fill(&self, bytes: &mut [u8]);
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A time-ordered id (UUID version 7) from the caller's clock and randomness.
            pub fn new(at: Timestamp, entropy: &dyn Entropy) -> Self {
                let mut random = [0; 10];
                entropy.fill(&mut random);
                let millis = u64::try_from(at.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// Takes an id that already exists.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The id as a UUID.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }

            /// The sixteen bytes, as a ledger stores them.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// Whose data it is: one company.
    TenantId,
    /// A place that sells.
    VenueId,
    /// An enrolled machine with its key and chains.
    DeviceId,
    /// One run of one till process; the name of its event chain. Random, not time-ordered secrets.
    ChainId,
    /// One incarnation of a server database.
    LogId,
    /// A person who works at a till.
    StaffId,
    /// What is listed and sold.
    ProductId,
    /// A group of products on the screen.
    CategoryId,
    /// A drawer with a name and a code, bound to at most one device at a time.
    RegisterId,
    /// One register session, from opening count to closing count.
    SessionId,
    /// One sale.
    SaleId,
    /// One attempt to take a card payment.
    PaymentId,
    /// One use of a ticket.
    RedemptionId,
}
