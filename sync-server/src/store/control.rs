//! The control file: companies, the people who administer them, and which company a device or a code belongs to.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use shared::ids::{DeviceId, TenantId};
use shared::time::Timestamp;
use uuid::Uuid;

use super::row::{Row, by_constraint};
use super::sql::{Target, query};
use super::{Result, Store, StoreError};

/// A company, as the control file has it.
pub struct TenantRow {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its short name for commands and scripts.
    pub slug: String,
    /// As people call it.
    pub name: String,
    /// Ed25519 seed.
    pub signing_key: [u8; 32],
    /// Goes into every PIN hash.
    pub pin_pepper: [u8; 32],
}

/// What someone at head office may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AdminRole {
    /// Looks, changes nothing.
    Auditor,
    /// Changes the catalogue and the staff.
    Manager,
    /// Everything, tills and venues included.
    Admin,
}

impl AdminRole {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for AdminRole {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Auditor, Self::Manager, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(StoreError::Corrupt("role"))
    }
}

/// Someone at head office.
pub struct AdminRow {
    /// Their id.
    pub admin_id: Uuid,
    /// Whose head office.
    pub tenant_id: TenantId,
    /// What they sign in with.
    pub name: String,
    /// What they may do.
    pub role: AdminRole,
    /// Argon2id, PHC text.
    pub password_hash: String,
}

/// A session at head office, and whose it is.
pub struct SessionRow {
    /// Who.
    pub admin: AdminRow,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last heard of.
    pub last_seen_at: Timestamp,
}

/// Wrong passwords of one name.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoginGuard {
    /// In a row.
    pub wrong: u32,
    /// No password is looked at before this moment.
    pub locked_until: Option<Timestamp>,
}

pub(super) async fn insert_tenant(to: Target<'_>, row: &TenantRow, now: Timestamp) -> Result<()> {
    query(
        "INSERT INTO tenant (tenant_id, slug, name, signing_key, pin_pepper, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(row.tenant_id)
    .bind(&row.slug)
    .bind(&row.name)
    .bind(row.signing_key.as_slice())
    .bind(row.pin_pepper.as_slice())
    .bind(now.as_millis())
    .execute(to)
    .await
    .map_err(by_constraint)?;
    Ok(())
}

impl Store {
    pub(crate) async fn find_tenant_row(&self, tenant_id: TenantId) -> Result<Option<TenantRow>> {
        let row = query("SELECT * FROM tenant WHERE tenant_id = $1")
            .bind(tenant_id)
            .fetch_optional(self.control().to_read())
            .await?;
        row.map(|row| tenant_row(&row)).transpose()
    }

    /// A company by its short name.
    pub async fn find_tenant_by_slug(&self, slug: &str) -> Result<Option<TenantId>> {
        let row = query("SELECT tenant_id FROM tenant WHERE slug = $1")
            .bind(slug)
            .fetch_optional(self.control().to_read())
            .await?;
        row.map(|row| row.id("tenant_id")).transpose()
    }

    /// Every company, oldest first.
    pub async fn list_tenants(&self) -> Result<Vec<TenantRow>> {
        let rows =
            query("SELECT * FROM tenant ORDER BY created_at, tenant_id").fetch_all(self.control().to_read()).await?;
        rows.iter().map(tenant_row).collect()
    }

    /// Adds someone at head office, or gives them a new password and role; either way their sessions end.
    ///
    /// Errors: [`StoreError::Taken`] when the name is used at another company.
    pub async fn put_admin(&self, admin: &AdminRow, now: Timestamp) -> Result<()> {
        let mut tx = self.control().begin().await?;
        let changed = query(
            "INSERT INTO admin (admin_id, tenant_id, name, role, password_hash, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash
             WHERE admin.tenant_id = excluded.tenant_id",
        )
        .bind(admin.admin_id)
        .bind(admin.tenant_id)
        .bind(&admin.name)
        .bind(admin.role.as_str())
        .bind(&admin.password_hash)
        .bind(now.as_millis())
        .execute(tx.sql())
        .await?;
        if changed == 0 {
            return Err(StoreError::Taken("admin.name".to_owned()));
        }
        query("DELETE FROM admin_session WHERE admin_id IN (SELECT admin_id FROM admin WHERE name = $1)")
            .bind(&admin.name)
            .execute(tx.sql())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Someone by the name they sign in with.
    pub async fn find_admin(&self, name: &str) -> Result<Option<AdminRow>> {
        let row =
            query("SELECT * FROM admin WHERE name = $1").bind(name).fetch_optional(self.control().to_read()).await?;
        row.map(|row| admin_row(&row)).transpose()
    }

    /// Begins a session.
    pub async fn insert_session(&self, token_hash: [u8; 32], admin_id: Uuid, now: Timestamp) -> Result<()> {
        query("INSERT INTO admin_session (token_hash, admin_id, created_at, last_seen_at) VALUES ($1, $2, $3, $3)")
            .bind(token_hash.as_slice())
            .bind(admin_id)
            .bind(now.as_millis())
            .execute(self.control().to_write())
            .await?;
        Ok(())
    }

    /// Whose session a token is.
    pub async fn find_session(&self, token_hash: [u8; 32]) -> Result<Option<SessionRow>> {
        let row = query(
            "SELECT admin.*, admin_session.created_at AS began_at, last_seen_at
             FROM admin_session JOIN admin USING (admin_id) WHERE token_hash = $1",
        )
        .bind(token_hash.as_slice())
        .fetch_optional(self.control().to_read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (created_at, last_seen_at) = (row.time("began_at")?, row.time("last_seen_at")?);
        Ok(Some(SessionRow { admin: admin_row(&row)?, created_at, last_seen_at }))
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, token_hash: [u8; 32], now: Timestamp) -> Result<()> {
        query("UPDATE admin_session SET last_seen_at = $2 WHERE token_hash = $1")
            .bind(token_hash.as_slice())
            .bind(now.as_millis())
            .execute(self.control().to_write())
            .await?;
        Ok(())
    }

    /// Ends a session.
    pub async fn delete_session(&self, token_hash: [u8; 32]) -> Result<()> {
        query("DELETE FROM admin_session WHERE token_hash = $1")
            .bind(token_hash.as_slice())
            .execute(self.control().to_write())
            .await?;
        Ok(())
    }

    /// Wrong passwords so far, of a name that may or may not be anyone's.
    pub async fn find_login_guard(&self, name_hash: [u8; 32]) -> Result<LoginGuard> {
        let row = query("SELECT wrong, locked_until FROM login_guard WHERE name_hash = $1")
            .bind(name_hash.as_slice())
            .fetch_optional(self.control().to_read())
            .await?;
        let Some(row) = row else { return Ok(LoginGuard::default()) };
        Ok(LoginGuard { wrong: row.number("wrong")?, locked_until: row.maybe_time("locked_until")? })
    }

    /// Keeps them. Names not tried since `forget_before` are forgotten, so guessing names fills nothing.
    pub async fn put_login_guard(
        &self,
        name_hash: [u8; 32],
        guard: LoginGuard,
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<()> {
        let mut tx = self.control().begin().await?;
        query("DELETE FROM login_guard WHERE last_try_at < $1")
            .bind(forget_before.as_millis())
            .execute(tx.sql())
            .await?;
        query(
            "INSERT INTO login_guard (name_hash, wrong, locked_until, last_try_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name_hash) DO UPDATE
             SET wrong = excluded.wrong, locked_until = excluded.locked_until, last_try_at = excluded.last_try_at",
        )
        .bind(name_hash.as_slice())
        .bind(i64::from(guard.wrong))
        .bind(guard.locked_until.map(Timestamp::as_millis))
        .bind(now.as_millis())
        .execute(tx.sql())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Which company a device belongs to.
    pub async fn find_device_home(&self, device: DeviceId) -> Result<Option<TenantId>> {
        if let Some(home) = self.homes().get(&device) {
            return Ok(Some(*home));
        }
        let row = query("SELECT tenant_id FROM device_home WHERE device_id = $1")
            .bind(device)
            .fetch_optional(self.control().to_read())
            .await?;
        let home = row.map(|row| row.id("tenant_id")).transpose()?;
        self.homes().extend(home.map(|home| (device, home)));
        Ok(home)
    }

    fn homes(&self) -> MutexGuard<'_, HashMap<DeviceId, TenantId>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down which company a device belongs to.
    pub async fn put_device_home(&self, device: DeviceId, tenant: TenantId) -> Result<()> {
        query("INSERT INTO device_home (device_id, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(device)
            .bind(tenant)
            .execute(self.control().to_write())
            .await?;
        Ok(())
    }

    /// Reserves the beginning of a code for a company; false when another live code begins alike.
    pub async fn reserve_selector(
        &self,
        selector: &str,
        tenant: TenantId,
        (now, expires_at): (Timestamp, Timestamp),
    ) -> Result<bool> {
        let mut tx = self.control().begin().await?;
        query("DELETE FROM enrolment_route WHERE expires_at < $1").bind(now.as_millis()).execute(tx.sql()).await?;
        let inserted = query(
            "INSERT INTO enrolment_route (selector, tenant_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(selector)
        .bind(tenant)
        .bind(expires_at.as_millis())
        .execute(tx.sql())
        .await?;
        tx.commit().await?;
        Ok(inserted == 1)
    }

    /// The company whose live code begins so.
    pub async fn find_selector(&self, selector: &str) -> Result<Option<TenantId>> {
        let row = query("SELECT tenant_id FROM enrolment_route WHERE selector = $1")
            .bind(selector)
            .fetch_optional(self.control().to_read())
            .await?;
        row.map(|row| row.id("tenant_id")).transpose()
    }

    /// Whether the control file answers.
    pub async fn is_alive(&self) -> bool {
        query("SELECT 1").execute(self.control().to_read()).await.is_ok()
    }
}

fn tenant_row(row: &Row) -> Result<TenantRow> {
    Ok(TenantRow {
        tenant_id: row.id("tenant_id")?,
        slug: row.text("slug")?,
        name: row.text("name")?,
        signing_key: row.bytes("signing_key")?,
        pin_pepper: row.bytes("pin_pepper")?,
    })
}

fn admin_row(row: &Row) -> Result<AdminRow> {
    Ok(AdminRow {
        admin_id: row.uuid("admin_id")?,
        tenant_id: row.id("tenant_id")?,
        name: row.text("name")?,
        role: row.text("role")?.parse()?,
        password_hash: row.text("password_hash")?,
    })
}
