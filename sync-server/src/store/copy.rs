//! Copies of everything, taken while others go on: each company as of one moment. Whatever the backend, a copy is
//! files, and files can be put into either.

use std::path::Path;

use shared::ids::TenantId;
use sqlx::{PgPool, Row, SqlitePool};

use super::carry::{self, Part};
use super::database::Database;
use super::postgres::{self, Access};
use super::tenant::{open_tenant_file, tenant_path};
use super::{Result, Rooms, Store, StoreError, Tenant, make_private_dir, make_private_file, open_control_file};

impl Store {
    /// Copies everything into files of an empty directory, which another store can be opened on. The list of companies
    /// first: a company it names has its rows already, and one founded meanwhile is not in this copy.
    pub async fn copy_into(&self, dir: &Path) -> Result<Vec<TenantId>> {
        make_private_dir(dir)?;
        match (self.control(), &self.rooms) {
            (Database::Sqlite { read, .. }, _) => copy_file(read, &dir.join("control.db")).await?,
            (Database::Postgres(control), _) => {
                let mut from = control.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                carry_out(&mut from, open_control_file(dir).await?, Part::Control).await?;
            }
        }
        let copied = Self::open(dir).await?;
        let tenants: Vec<_> = copied.list_tenants().await?.into_iter().map(|row| row.tenant_id).collect();
        copied.close().await;
        for tenant_id in &tenants {
            match &self.rooms {
                Rooms::Files(_) => {
                    let tenant = self.load_tenant(*tenant_id).await?;
                    if let Database::Sqlite { read, .. } = tenant.database() {
                        copy_file(read, &tenant_path(dir, *tenant_id)).await?;
                    }
                }
                Rooms::Tables(pool) => {
                    let mut from = postgres::begin(pool, *tenant_id, Access::Read).await?;
                    carry_out(&mut from, open_tenant_file(dir, *tenant_id).await?, Part::Tenant).await?;
                }
            }
        }
        Ok(tenants)
    }

    /// Puts everything of a store of files into this one, a PostgreSQL database that holds nothing yet: all of it or
    /// nothing.
    ///
    /// Errors: [`StoreError::Occupied`] when it knows a company already.
    pub async fn fill_from(&self, files: &Self) -> Result<()> {
        let (Rooms::Tables(pool), Database::Sqlite { read, .. }) = (&self.rooms, files.control()) else {
            return Err(StoreError::Occupied);
        };
        let mut to = PgPool::begin(pool).await?;
        // Nobody founds a company meanwhile.
        sqlx::query("LOCK TABLE tenant IN SHARE ROW EXCLUSIVE MODE").execute(&mut *to).await?;
        let known = sqlx::query("SELECT count(*) AS known FROM tenant").fetch_one(&mut *to).await?;
        if known.try_get::<i64, _>("known")? > 0 {
            return Err(StoreError::Occupied);
        }
        let mut from = SqlitePool::begin(read).await?;
        carry::into(&mut from, &mut to, Part::Control).await?;
        drop(from);
        for row in files.list_tenants().await? {
            let tenant = files.load_tenant(row.tenant_id).await?;
            let Database::Sqlite { read, .. } = tenant.database() else { return Err(StoreError::Occupied) };
            let mut from = SqlitePool::begin(read).await?;
            postgres::turn_to(&mut to, row.tenant_id).await?;
            carry::into(&mut from, &mut to, Part::Tenant).await?;
        }
        Ok(to.commit().await?)
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

/// The rows a transaction sees, into a new file. Closed when this returns, so that all of it is in that file.
async fn carry_out(from: &mut sqlx::PgConnection, to: Database, part: Part) -> Result<()> {
    let Database::Sqlite { write, .. } = &to else { return Err(StoreError::Occupied) };
    let carried = async {
        let mut into = SqlitePool::begin(write).await?;
        carry::out(from, &mut into, part).await?;
        Ok(into.commit().await?)
    }
    .await;
    to.close().await;
    carried
}

async fn check_file(database: &Database) -> Result<()> {
    let Database::Sqlite { read, .. } = database else { return Ok(()) };
    let said: String = sqlx::query("PRAGMA integrity_check(1)").fetch_one(read).await?.try_get(0)?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Corrupt("a file")) }
}
