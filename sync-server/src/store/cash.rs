//! Cash that moved beside the sales, as tills told it.

use shared::event::{CashMoved, Event, Hash};
use shared::ids::{DeviceId, SessionId, VenueId};
use shared::register::{CashMovementKind, SessionTotals};

use super::row::Row;
use super::sql::query;
use super::taking::Night;
use super::{Result, TenantTx};

/// What moved, minor units: put in, paid out, taken to the safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CashMovements {
    /// Put in.
    pub paid_in_minor: i64,
    /// Paid out.
    pub paid_out_minor: i64,
    /// Taken to the safe.
    pub dropped_minor: i64,
}

impl From<SessionTotals> for CashMovements {
    fn from(totals: SessionTotals) -> Self {
        let SessionTotals { paid_in_minor, paid_out_minor, dropped_minor, .. } = totals;
        Self { paid_in_minor, paid_out_minor, dropped_minor }
    }
}

const fn word(kind: CashMovementKind) -> &'static str {
    match kind {
        CashMovementKind::In => "in",
        CashMovementKind::Out => "out",
        CashMovementKind::Drop => "drop",
    }
}

fn movements(row: &Row) -> Result<CashMovements> {
    Ok(CashMovements {
        paid_in_minor: row.int("paid_in")?,
        paid_out_minor: row.int("paid_out")?,
        dropped_minor: row.int("dropped")?,
    })
}

impl TenantTx {
    /// Counts a movement; a second telling changes nothing.
    pub async fn insert_cash_movement(
        &mut self,
        cause: Hash,
        event: &Event,
        moved: &CashMoved,
        (device_id, venue_id): (DeviceId, VenueId),
    ) -> Result<()> {
        query(
            "INSERT INTO cash_movement (cause, session_id, device_id, venue_id, business_date, movement, amount_minor,
               reason, staff_id, approver, moved_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
        )
        .bind(cause.as_bytes().as_slice())
        .bind(moved.session_id)
        .bind(device_id)
        .bind(venue_id)
        .bind(i64::from(moved.business_date.days()))
        .bind(word(moved.movement))
        .bind(moved.amount_minor)
        .bind(moved.reason.as_str())
        .bind(event.stamp.actor)
        .bind(event.stamp.approver)
        .bind(moved.moved_at.as_millis())
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// What moved while a drawer was open.
    pub async fn sum_session_cash(&mut self, session: SessionId) -> Result<CashMovements> {
        let row = query(
            "SELECT cast(coalesce(sum(CASE WHEN movement = 'in' THEN amount_minor END), 0) AS bigint) AS paid_in,
               cast(coalesce(sum(CASE WHEN movement = 'out' THEN amount_minor END), 0) AS bigint) AS paid_out,
               cast(coalesce(sum(CASE WHEN movement = 'drop' THEN amount_minor END), 0) AS bigint) AS dropped
             FROM cash_movement WHERE session_id = $1",
        )
        .bind(session)
        .fetch_one(self.sql())
        .await?;
        movements(&row)
    }

    /// What moved in a night.
    pub(super) async fn sum_night_cash(&mut self, night: Night) -> Result<CashMovements> {
        let row = query(
            "SELECT cast(coalesce(sum(CASE WHEN movement = 'in' THEN amount_minor END), 0) AS bigint) AS paid_in,
               cast(coalesce(sum(CASE WHEN movement = 'out' THEN amount_minor END), 0) AS bigint) AS paid_out,
               cast(coalesce(sum(CASE WHEN movement = 'drop' THEN amount_minor END), 0) AS bigint) AS dropped
             FROM cash_movement WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_one(self.sql())
        .await?;
        movements(&row)
    }
}
