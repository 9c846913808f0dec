//! What is on now.

use shared::ids::DeviceId;
use shared::time::{BusinessDate, Timestamp};

use super::sql::query;
use super::{Result, TenantTx};

/// A till's session that is not closed yet.
pub struct OpenSession {
    /// Whose.
    pub device_id: DeviceId,
    /// Its night.
    pub business_date: BusinessDate,
    /// Since when.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub operator: Option<String>,
}

impl TenantTx {
    /// Sessions that are not closed: the newest of each till.
    pub async fn list_open_sessions(&mut self) -> Result<Vec<OpenSession>> {
        let rows = query(
            "SELECT device_id, business_date, opened_at, staff.name AS operator
             FROM (SELECT *, row_number() OVER (PARTITION BY device_id ORDER BY opened_at DESC, session_id DESC) AS place
                   FROM register_session WHERE closed_at IS NULL) AS open
             LEFT JOIN staff ON staff.staff_id = open.opened_by
             WHERE place = 1 ORDER BY device_id",
        )
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(OpenSession {
                    device_id: row.id("device_id")?,
                    business_date: BusinessDate::from_days(row.number("business_date")?),
                    opened_at: row.time("opened_at")?,
                    operator: row.maybe_text("operator")?,
                })
            })
            .collect()
    }
}
