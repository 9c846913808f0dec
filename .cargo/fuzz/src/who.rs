//! Who takes part: always the same company, device and keys, so that the same bytes do the same.

use shared::event::{ChainHead, Origin};
use shared::ids::{ChainId, DeviceId, LogId, TenantId, VenueId};
use shared::keys::SigningKey;
use uuid::Uuid;

/// The company.
pub(crate) fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(1))
}

/// The till.
pub(crate) fn origin() -> Origin {
    let (venue, device) = (VenueId::from_uuid(Uuid::from_u128(2)), DeviceId::from_uuid(Uuid::from_u128(3)));
    Origin { tenant: tenant(), venue, device }
}

/// Its chain, empty.
pub(crate) fn chain() -> ChainHead {
    ChainHead::start(ChainId::from_uuid(Uuid::from_u128(4)), None)
}

/// The server's log.
pub(crate) fn log() -> LogId {
    LogId::from_uuid(Uuid::from_u128(5))
}

/// The till's key, and the company's.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}
