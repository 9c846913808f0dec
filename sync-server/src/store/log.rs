//! Which incarnation of its database a company has, and whom it still waits for after a restore.

use shared::ids::{DeviceId, LogId};
use shared::time::Timestamp;

use super::sql::query;
use super::{Result, TenantTx};

impl TenantTx {
    /// The logs this database has been, newest first.
    pub async fn list_logs(&mut self) -> Result<Vec<LogId>> {
        let rows = query("SELECT log_id FROM log ORDER BY started_at DESC, log_id DESC").fetch_all(self.sql()).await?;
        rows.iter().map(|row| row.id("log_id")).collect()
    }

    /// Begins a new incarnation, later than every one before whatever the clock says.
    pub async fn begin_log(&mut self, log_id: LogId, reason: &str, now: Timestamp) -> Result<()> {
        let tenant_id = self.tenant_id;
        let newest = query("SELECT log_id, started_at FROM log ORDER BY started_at DESC, log_id DESC LIMIT 1")
            .fetch_one(self.sql())
            .await?;
        let (parent, before): (LogId, Timestamp) = (newest.id("log_id")?, newest.time("started_at")?);
        let started_at = now.max(before.plus_millis(1));
        query("INSERT INTO log (log_id, tenant_id, parent, started_at, reason) VALUES ($1, $2, $3, $4, $5)")
            .bind(log_id)
            .bind(tenant_id)
            .bind(parent)
            .bind(started_at)
            .bind(reason.to_owned())
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// From now on waits for every device that is enrolled and not withdrawn.
    pub async fn await_devices(&mut self) -> Result<()> {
        query("DELETE FROM recovery").execute(self.sql()).await?;
        query(
            "INSERT INTO recovery (device_id)
             SELECT device_id FROM device WHERE enrolled_at IS NOT NULL AND revoked_at IS NULL",
        )
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Whether a device was not heard of since the restore.
    pub async fn is_awaited(&mut self, device: DeviceId) -> Result<bool> {
        let row = query("SELECT device_id FROM recovery WHERE device_id = $1 AND reported_at IS NULL")
            .bind(device)
            .fetch_optional(self.sql())
            .await?;
        Ok(row.is_some())
    }

    /// Notes that a device was heard of again.
    pub async fn note_reported(&mut self, device: DeviceId, now: Timestamp) -> Result<()> {
        query("UPDATE recovery SET reported_at = coalesce(reported_at, $2) WHERE device_id = $1")
            .bind(device)
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// How many devices were not heard of since the restore. One withdrawn since is not waited for.
    pub async fn count_awaited(&mut self) -> Result<u64> {
        Ok(self.list_awaited().await?.len() as u64)
    }

    /// Which, by name.
    pub async fn list_awaited(&mut self) -> Result<Vec<String>> {
        let rows = query(
            "SELECT device.name FROM recovery JOIN device ON device.device_id = recovery.device_id
             WHERE recovery.reported_at IS NULL AND device.revoked_at IS NULL ORDER BY device.device_no",
        )
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| row.text("name")).collect()
    }

    /// Waits for nobody any more: someone answers for those who will not come.
    pub async fn end_recovery(&mut self) -> Result<()> {
        query("DELETE FROM recovery").execute(self.sql()).await?;
        Ok(())
    }
}
