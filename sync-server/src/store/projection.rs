//! What events come to. Every function takes what an event says as it is; a second telling changes nothing and says so.

use shared::event::{Hash, RegisterClosed, RegisterOpened};
use shared::ids::{DeviceId, RedemptionId, StaffId, VenueId};
use shared::time::Timestamp;

use super::sql::query;
use super::{Result, StoreError, TenantTx};

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("projection"))
}

impl TenantTx {
    /// Counts an opening; false when the session is known already.
    pub async fn insert_register_session(
        &mut self,
        opened: &RegisterOpened,
        (device_id, venue_id): (DeviceId, VenueId),
    ) -> Result<bool> {
        let inserted = query(
            "INSERT INTO register_session (session_id, device_id, venue_id, register_id, business_date, opened_by,
               opened_at, float_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(opened.session_id)
        .bind(device_id)
        .bind(venue_id)
        .bind(opened.register_id)
        .bind(i64::from(opened.business_date.days()))
        .bind(opened.opened_by)
        .bind(opened.opened_at.as_millis())
        .bind(opened.float.total_minor())
        .execute(self.sql())
        .await?;
        Ok(inserted == 1)
    }

    /// Notes the moment at which redemptions that are new were heard of, about.
    pub async fn note_redemptions_heard(&mut self, now: Timestamp) -> Result<()> {
        query("UPDATE redemption SET heard_at = $1 WHERE heard_at IS NULL AND forgotten_at IS NULL")
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Redemptions heard of before a moment, of tickets that were over before a day, and where; those that tills were not
    /// yet told to forget.
    pub async fn list_redemptions_over(
        &mut self,
        (heard_before, over_before): (Timestamp, i64),
        limit: i64,
    ) -> Result<Vec<(RedemptionId, VenueId)>> {
        let rows = query(
            "SELECT redemption_id, venue_id FROM redemption
             WHERE forgotten_at IS NULL AND heard_at < $1 AND coalesce(valid_until, business_date + $2) < $3
             ORDER BY heard_at, redemption_id LIMIT $4",
        )
        .bind(heard_before)
        .bind(i64::from(u8::MAX))
        .bind(over_before)
        .bind(limit)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| Ok((row.id("redemption_id")?, row.id("venue_id")?))).collect()
    }

    /// Notes that tills were told to forget one.
    pub async fn note_redemption_forgotten(&mut self, id: RedemptionId, now: Timestamp) -> Result<()> {
        query("UPDATE redemption SET forgotten_at = $2 WHERE redemption_id = $1")
            .bind(id)
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Counts a closing; false when the session is not open.
    pub async fn close_register_session(&mut self, closed: &RegisterClosed) -> Result<bool> {
        let updated =
            query("UPDATE register_session SET closed_at = $2, z = $3 WHERE session_id = $1 AND closed_at IS NULL")
                .bind(closed.session_id)
                .bind(closed.closed_at.as_millis())
                .bind(json(&closed.z)?)
                .execute(self.sql())
                .await?;
        Ok(updated == 1)
    }

    /// Counts a wrong PIN.
    pub async fn insert_pin_refusal(
        &mut self,
        cause: Hash,
        (device_id, staff_id): (DeviceId, StaffId),
        refused_at: Timestamp,
        (wrong, locked_until): (u8, Option<Timestamp>),
    ) -> Result<()> {
        query(
            "INSERT INTO pin_refusal (cause, device_id, staff_id, refused_at, wrong, locked_until)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(cause.as_bytes().as_slice())
        .bind(device_id)
        .bind(staff_id)
        .bind(refused_at.as_millis())
        .bind(i64::from(wrong))
        .bind(locked_until.map(Timestamp::as_millis))
        .execute(self.sql())
        .await?;
        Ok(())
    }
}
