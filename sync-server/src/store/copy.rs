//! Copies of everything, taken while others go on: each database as of one moment.

use std::path::Path;

use shared::ids::TenantId;
use sqlx::{Row, SqlitePool};

use super::database::Database;
use super::tenant::tenant_path;
use super::{Result, Store, StoreError, Tenant, make_private_dir, make_private_file};

impl Store {
    /// Copies everything into files of an empty directory, which another store can be opened on. The list of companies
    /// first: a company it names has its rows already, and one founded meanwhile is not in this copy.
    pub async fn copy_into(&self, dir: &Path) -> Result<Vec<TenantId>> {
        make_private_dir(dir)?;
        let Database::Sqlite { read, .. } = self.control() else { return Err(StoreError::NotFiles) };
        copy_file(read, &dir.join("control.db")).await?;
        let copied = Self::open(dir).await?;
        let tenants: Vec<_> = copied.list_tenants().await?.into_iter().map(|row| row.tenant_id).collect();
        copied.close().await;
        for tenant_id in &tenants {
            let tenant = self.load_tenant(*tenant_id).await?;
            if let Database::Sqlite { read, .. } = tenant.database() {
                copy_file(read, &tenant_path(dir, *tenant_id)).await?;
            }
        }
        Ok(tenants)
    }

    /// Asks SQLite whether its files are whole. PostgreSQL looks after its own.
    pub async fn check_files(&self) -> Result<()> {
        check_file(self.control()).await?;
        for row in self.list_tenants().await? {
            check_file(self.load_tenant(row.tenant_id).await?.database()).await?;
        }
        Ok(())
    }

    /// Makes sure that every device of a company is found as that company's.
    pub async fn house_devices(&self, tenant: &Tenant) -> Result<()> {
        for device in tenant.read().await?.list_devices().await? {
            self.put_device_home(device.device_id, tenant.tenant_id).await?;
        }
        Ok(())
    }
}

/// One file, compact, as of one moment; readers and the writer go on meanwhile.
async fn copy_file(from: &SqlitePool, to: &Path) -> Result<()> {
    // SQLite writes into an empty file, and this one nobody else may read.
    make_private_file(to)?;
    let to = to.to_str().ok_or_else(|| std::io::Error::other("the path is not text"))?;
    sqlx::query("VACUUM INTO $1").bind(to.to_owned()).execute(from).await?;
    Ok(())
}

async fn check_file(database: &Database) -> Result<()> {
    let Database::Sqlite { read, .. } = database else { return Ok(()) };
    let said: String = sqlx::query("PRAGMA integrity_check(1)").fetch_one(read).await?.try_get(0)?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Corrupt("a file")) }
}
