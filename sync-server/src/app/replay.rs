//! What an older program kept aside, looked at again by this one. An event that is understood now is counted now, and
//! what is thought of it takes the place of what was; one that is still not understood stays where it is.

use shared::event::{Hash, SealedEvent};
use shared::sync::protocol::Disposition;
use shared::time::Timestamp;

use super::project::{Prepared, Source};
use super::push;
use crate::store::{Kept, NewFlag, StoreError, Tenant};

/// Events looked at in one transaction.
const PAGE: i64 = 256;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Counted now.
    pub counted: u64,
    /// Still kept aside.
    pub aside: u64,
}

/// Looks at everything kept aside, oldest of each chain first.
pub async fn replay(tenant: &Tenant, now: Timestamp) -> Result<Replayed, StoreError> {
    let mut replayed = Replayed::default();
    let mut after = None;
    loop {
        // Nearly always there is nothing, and then nobody is kept from writing.
        let page = tenant.read().await?.list_aside(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(replayed) };
        after = Some((last.chain, last.place));
        let prepared: Vec<_> = page.into_iter().map(|kept| (kept.place, Prepared::new(sealed(kept)))).collect();
        let understood: Vec<_> = prepared.iter().filter(|(_, event)| event.aside().is_none()).collect();
        replayed.aside += (prepared.len() - understood.len()) as u64;
        if understood.is_empty() {
            continue;
        }
        let mut tx = tenant.write().await?;
        for (place, event) in understood {
            let chain = event.sealed.chain;
            // Another server on the same database may have been first.
            if !tx.list_aside_within(chain, place.branch, (place.seq, place.seq)).await?.contains(&place.seq) {
                continue;
            }
            let known = tx.load_known_chain(chain).await?.ok_or(StoreError::Corrupt("chain"))?;
            let device = tx.find_device(known.origin.device).await?.ok_or(StoreError::Corrupt("device"))?;
            let source = Source { device: &device, venue_id: known.origin.venue, chain, branch: place.branch };
            let judged = push::judge(&mut tx, &source, std::slice::from_ref(event)).await?;
            let Some(judged) = judged.first().filter(|judged| judged.disposition != Disposition::Quarantined) else {
                replayed.aside += 1;
                continue;
            };
            tx.put_judgement((chain, *place), (&event.kind, event.hlc), judged.disposition).await?;
            let flags: Vec<_> = judged.codes.iter().map(|code| NewFlag { chain, place: *place, code }).collect();
            tx.insert_flags(device.device_id, &flags, now).await?;
            tx.insert_replay(chain, *place).await?;
            replayed.counted += 1;
        }
        tx.commit().await?;
    }
}

/// An event to be judged. What was before it was proved when it was taken in, and judging does not ask.
pub(super) fn sealed(kept: Kept) -> SealedEvent {
    SealedEvent { chain: kept.chain, seq: kept.place.seq, prev: Hash::ZERO, hash: kept.hash, line: kept.line }
}
