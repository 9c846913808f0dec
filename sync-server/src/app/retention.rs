//! What tills need not know any more. A venue's stream names every redemption, so that nobody hands over twice; a
//! snapshot of it would grow for ever. Once a ticket opens nothing and a month has passed, the stream says so, and the
//! next snapshot is without it. Head office keeps it, and still knows a second one.

use shared::sync::stream::{StreamName, keys};
use shared::time::Timestamp;

use crate::store::{StoreError, Tenant};

const DAY_MS: i64 = 24 * 3_600 * 1000;
/// Streams keep at least so long a tail, and what is in it.
const KEEP_MS: i64 = 30 * DAY_MS;
/// Redemptions forgotten in one transaction.
const AT_ONCE: i64 = 500;
/// A business day may begin a day before ours and end a day after.
const SLACK_DAYS: i64 = 2;

/// Lets tills forget what is over. Answers how many redemptions.
pub async fn forget(tenant: &Tenant, now: Timestamp) -> Result<u64, StoreError> {
    let today = now.as_millis().div_euclid(DAY_MS);
    let mut forgotten = 0;
    let mut tx = tenant.write_beside().await?;
    tx.note_redemptions_heard(now).await?;
    tx.note_voids_heard(now).await?;
    tx.commit().await?;
    loop {
        let old = (now.plus_millis(-KEEP_MS), today - SLACK_DAYS);
        // Nearly always there is nothing, and then nobody is kept from writing.
        let mut tx = tenant.read().await?;
        if tx.list_redemptions_over(old, 1).await?.is_empty() && tx.list_voids_over(old, 1).await?.is_empty() {
            return Ok(forgotten);
        }
        drop(tx);
        let mut tx = tenant.write().await?;
        for (redemption_id, venue_id) in tx.list_redemptions_over(old, AT_ONCE).await? {
            tx.publish_end(StreamName::Venue(venue_id), format!("{}{redemption_id}", keys::REDEMPTION));
            if let Some(venue_id) = tx.find_undo_venue(redemption_id).await? {
                tx.publish_end(StreamName::Venue(venue_id), format!("{}{redemption_id}", keys::UNDO));
            }
            tx.note_redemption_forgotten(redemption_id, now).await?;
            forgotten += 1;
        }
        for (ticket_id, venue_id) in tx.list_voids_over(old, AT_ONCE).await? {
            tx.publish_end(StreamName::Venue(venue_id), format!("{}{ticket_id}", keys::VOID));
            tx.note_void_forgotten(ticket_id, now).await?;
        }
        tx.commit().await?;
    }
}
