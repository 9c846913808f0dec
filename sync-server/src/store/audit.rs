//! Who changed what at head office.

use serde::Serialize;
use shared::ids::StaffId;
use shared::time::Timestamp;

use super::sql::query;
use super::{Result, StoreError, TenantTx};

impl TenantTx {
    /// When head office last changed what a person is; nothing when it never did.
    pub async fn find_staff_change(&mut self, staff: StaffId) -> Result<Option<Timestamp>> {
        let row = query("SELECT max(at) AS at FROM audit WHERE action = 'staff.changed' AND subject = $1")
            .bind(staff.to_string())
            .fetch_one(self.sql())
            .await?;
        row.maybe_time("at")
    }

    /// Writes a change down, in the transaction that makes it: neither happens without the other.
    pub async fn insert_audit(
        &mut self,
        now: Timestamp,
        actor: &str,
        action: &'static str,
        subject: String,
        detail: &impl Serialize,
    ) -> Result<()> {
        let detail = serde_json::to_string(detail).map_err(|_| StoreError::Corrupt("audit"))?;
        query("INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)")
            .bind(now.as_millis())
            .bind(actor.to_owned())
            .bind(action)
            .bind(subject)
            .bind(detail)
            .execute(self.sql())
            .await?;
        Ok(())
    }
}
