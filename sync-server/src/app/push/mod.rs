//! Takes in what a till wrote. The log accepts, the projections judge: whatever a till signed is kept, and nothing a
//! projection thinks of an event ever holds back the next one. What the answers mean stands at
//! [`shared::sync::ingest`]; a batch that lies on a fork is answered with the note `forked` at its first event.
//!
//! What costs time and needs no database is done before the company's writer is asked for ([`plan`]); pushes that come
//! together are written together ([`group`]), each batch as if it were alone ([`take`]).

mod group;
mod plan;
mod take;

use std::sync::Arc;

use shared::event::Hash;
use shared::keys::PublicKey;
use shared::sync::ingest::Refusal;
use shared::sync::protocol::{PushRequest, PushResult};
use shared::time::Timestamp;

pub use group::{Arriving, Groups};
pub(crate) use take::judge;

use crate::store::{DeviceRow, Nonce, StoreError, Tenant, TenantTx};

/// Why a whole push was refused. Everything else is an answer.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// By what it says.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its nonce was used for another request.
    #[error("this nonce was used for another request")]
    Replayed,
    /// The writer ended before it was durable; nothing is known of it, and sending it again is safe.
    #[error("the push was not finished")]
    Unfinished,
    /// It was undone because another change was in its way; doing it again helps.
    #[error("another change was in the way")]
    Collided,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Proof that a request is not an old one sent again, to be used up in the transaction that takes it.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// What the device drew.
    pub nonce: String,
    /// Of the request it was drawn for.
    pub content: Hash,
    /// Nonces before this moment are of requests that their time refuses.
    pub forget_before: Timestamp,
}

/// A push, and whose it is.
pub struct Offer {
    /// The machine.
    pub device: DeviceRow,
    /// Its key.
    pub key: PublicKey,
    /// What it sends.
    pub request: PushRequest,
    /// When it arrived.
    pub now: Timestamp,
    /// Absent when the request was admitted already.
    pub ticket: Option<Ticket>,
}

/// What a push came to.
#[derive(Default)]
pub struct Pushed {
    /// One per batch.
    pub results: Vec<PushResult>,
    /// Events that were new.
    pub new_events: u64,
    /// Events that were held already.
    pub repeated_events: u64,
    /// Of the new ones, how many are flagged.
    pub flagged: u64,
    /// Of the new ones, how many are quarantined.
    pub quarantined: u64,
}

impl Ticket {
    /// Uses it up. Notes too that the device was heard of, and what it said it still holds.
    pub async fn admit(
        &self,
        tx: &mut TenantTx,
        device: &DeviceRow,
        now: Timestamp,
        unsent: Option<u64>,
    ) -> Result<bool, StoreError> {
        let admitted = tx.use_nonces(&[self.nonce_of(device)], (now, self.forget_before)).await? == [true];
        if admitted {
            tx.touch_device(device.device_id, now, unsent).await?;
        }
        Ok(admitted)
    }

    /// The nonce it uses up.
    pub fn nonce_of(&self, device: &DeviceRow) -> Nonce<'_> {
        Nonce { device_id: device.device_id, nonce: &self.nonce, content: self.content }
    }
}

/// Takes in a push, batch by batch. Batches before a refused one stay taken. Durable when this returns.
pub async fn push(
    groups: &Groups,
    tenant: &Arc<Tenant>,
    arriving: Arriving,
    offer: Offer,
) -> Result<Pushed, PushError> {
    shared::sync::ingest::check_request(&offer.request)?;
    let planned = plan::plan(tenant, offer).await?;
    groups.submit(tenant, planned, arriving).await
}
