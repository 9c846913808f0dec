//! One company's rows, and the transaction everything in them is read and written through.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use shared::ids::{Entropy, LogId, TenantId};
use shared::time::Timestamp;
use sqlx::PgPool;

use super::control::insert_tenant;
use super::database::{Database, Tx};
use super::postgres::{self, Access};
use super::sql::{Target, query};
use super::stream::News;
use super::{Result, Rooms, Store, StoreError, TenantRow, make_private_file};

/// A company's handle. Whoever holds it can reach this company's rows and no other's.
pub struct Tenant {
    /// Which company.
    pub tenant_id: TenantId,
    /// As people call it.
    pub name: String,
    /// The incarnation of its database.
    pub log_id: LogId,
    /// Signs certificates.
    pub signing_key: SigningKey,
    /// Goes into every PIN hash.
    pub pin_pepper: [u8; 32],
    db: Database,
}

/// A transaction on one company's rows. Dropped without commit it leaves nothing behind.
pub struct TenantTx {
    /// Whose rows these are.
    pub tenant_id: TenantId,
    tx: Tx,
    /// To be published at the commit.
    pub(super) news: Vec<News>,
}

impl Store {
    /// The handle of a company; `None` when there is no such company.
    pub async fn find_tenant(&self, tenant_id: TenantId) -> Result<Option<Arc<Tenant>>> {
        let mut open = self.tenants.lock().await;
        if let Some(tenant) = open.get(&tenant_id) {
            return Ok(Some(Arc::clone(tenant)));
        }
        let Some(row) = self.find_tenant_row(tenant_id).await? else { return Ok(None) };
        let tenant = Arc::new(Tenant::open(self, row).await?);
        open.insert(tenant_id, Arc::clone(&tenant));
        Ok(Some(tenant))
    }

    /// The handle of a company that must exist.
    pub async fn load_tenant(&self, tenant_id: TenantId) -> Result<Arc<Tenant>> {
        self.find_tenant(tenant_id).await?.ok_or(StoreError::Corrupt("tenant"))
    }

    /// Makes a company: its keys in the control file, its own file, and the first incarnation of its log.
    pub async fn create_tenant(
        &self,
        slug: &str,
        name: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Arc<Tenant>> {
        let tenant_id = TenantId::new(now, entropy);
        let (mut signing_key, mut pin_pepper) = ([0; 32], [0; 32]);
        entropy.fill(&mut signing_key);
        entropy.fill(&mut pin_pepper);
        let log_id = LogId::new(now, entropy);
        let row = TenantRow { tenant_id, slug: slug.to_owned(), name: name.to_owned(), signing_key, pin_pepper };
        self.found(row, log_id, now).await
    }

    /// A company of the same name and keys, with nothing in it: to count again what it holds.
    pub async fn create_like(&self, of: &Tenant, now: Timestamp, entropy: &dyn Entropy) -> Result<Arc<Tenant>> {
        let row = TenantRow {
            tenant_id: of.tenant_id,
            slug: "again".to_owned(),
            name: of.name.clone(),
            signing_key: of.signing_key.to_bytes(),
            pin_pepper: of.pin_pepper,
        };
        self.found(row, LogId::new(now, entropy), now).await
    }

    async fn found(&self, row: TenantRow, log_id: LogId, now: Timestamp) -> Result<Arc<Tenant>> {
        let tenant_id = row.tenant_id;
        let db = match &self.rooms {
            Rooms::Files(dir) => self.create_file(dir, &row, log_id, now).await?,
            Rooms::Tables(pool) => self.create_rows(pool, &row, log_id, now).await?,
        };
        let tenant = Arc::new(Tenant::new(row, log_id, db));
        self.tenants.lock().await.insert(tenant_id, Arc::clone(&tenant));
        Ok(tenant)
    }

    /// The file first: a company the control file knows always has one.
    async fn create_file(&self, dir: &Path, row: &TenantRow, log_id: LogId, now: Timestamp) -> Result<Database> {
        let db = open_tenant_file(dir, row.tenant_id).await?;
        insert_log(db.to_write(), row.tenant_id, log_id, now).await?;
        if let Err(error) = insert_tenant(self.control().to_write(), row, now).await {
            db.close().await;
            return Err(error);
        }
        Ok(db)
    }

    async fn create_rows(&self, pool: &PgPool, row: &TenantRow, log_id: LogId, now: Timestamp) -> Result<Database> {
        // In one: a company that is listed has its log.
        let mut tx = Tx::Postgres(postgres::begin(pool, row.tenant_id, Access::Write).await?);
        insert_tenant(tx.sql(), row, now).await?;
        insert_log(tx.sql(), row.tenant_id, log_id, now).await?;
        tx.commit().await?;
        Ok(Database::Postgres(pool.clone()))
    }
}

pub(super) fn tenant_path(dir: &Path, tenant: TenantId) -> PathBuf {
    dir.join(format!("tenant-{tenant}.db"))
}

/// A company's file, made when absent and brought up to date.
pub(super) async fn open_tenant_file(dir: &Path, tenant: TenantId) -> Result<Database> {
    let path = tenant_path(dir, tenant);
    make_private_file(&path)?;
    Database::open_file(&path, &sqlx::migrate!("../migrations/server/sqlite/tenant")).await
}

async fn insert_log(to: Target<'_>, tenant: TenantId, log_id: LogId, now: Timestamp) -> Result<()> {
    query("INSERT INTO log (log_id, tenant_id, parent, started_at, reason) VALUES ($1, $2, NULL, $3, 'created')")
        .bind(log_id)
        .bind(tenant)
        .bind(now)
        .execute(to)
        .await?;
    Ok(())
}

impl Tenant {
    fn new(row: TenantRow, log_id: LogId, db: Database) -> Self {
        let TenantRow { tenant_id, name, signing_key, pin_pepper, .. } = row;
        Self { tenant_id, name, log_id, signing_key: SigningKey::from_bytes(&signing_key), pin_pepper, db }
    }

    async fn open(store: &Store, row: TenantRow) -> Result<Self> {
        let db = match &store.rooms {
            Rooms::Files(dir) => {
                let path = tenant_path(dir, row.tenant_id);
                Database::open_file(&path, &sqlx::migrate!("../migrations/server/sqlite/tenant")).await?
            }
            Rooms::Tables(pool) => Database::Postgres(pool.clone()),
        };
        let mut tx = begin(&db, row.tenant_id, Access::Read).await?;
        let newest = query("SELECT log_id, tenant_id FROM log ORDER BY started_at DESC, log_id DESC LIMIT 1")
            .fetch_optional(tx.sql())
            .await?
            .ok_or(StoreError::Corrupt("log"))?;
        // A file renamed into another company's place must not be served as that company's.
        if newest.id::<TenantId>("tenant_id")? != row.tenant_id {
            return Err(StoreError::Corrupt("tenant"));
        }
        let log_id = newest.id("log_id")?;
        drop(tx);
        Ok(Self::new(row, log_id, db))
    }

    pub(super) fn database(&self) -> &Database {
        &self.db
    }

    /// Lets go of the file. Tables are everybody's.
    pub(crate) async fn close(&self) {
        if let Database::Sqlite { .. } = self.db {
            self.db.close().await;
        }
    }

    /// Begins to write, alone: two such never run at once, so what was read stays true to the commit.
    pub async fn write(&self) -> Result<TenantTx> {
        begin(&self.db, self.tenant_id, Access::Write).await
    }

    /// Begins to write beside others, for deeds so frequent that they may not wait for each other. Nothing it reads may
    /// decide what it writes, for others change it meanwhile; each of its statements has to be right by itself. In a
    /// SQLite file it is alone all the same.
    pub async fn write_beside(&self) -> Result<TenantTx> {
        begin(&self.db, self.tenant_id, Access::Beside).await
    }

    /// Begins to read: one consistent moment, however many questions are asked.
    pub async fn read(&self) -> Result<TenantTx> {
        begin(&self.db, self.tenant_id, Access::Read).await
    }
}

async fn begin(db: &Database, tenant_id: TenantId, access: Access) -> Result<TenantTx> {
    let tx = match db {
        Database::Sqlite { read, .. } if access == Access::Read => Tx::Sqlite(read.begin().await?),
        Database::Sqlite { .. } => db.begin().await?,
        Database::Postgres(pool) => Tx::Postgres(postgres::begin(pool, tenant_id, access).await?),
    };
    Ok(TenantTx { tenant_id, tx, news: Vec::new() })
}

impl TenantTx {
    /// Publishes what is new, and makes everything durable.
    pub async fn commit(mut self) -> Result<()> {
        self.publish_news().await?;
        self.tx.commit().await
    }

    pub(crate) fn sql(&mut self) -> Target<'_> {
        self.tx.sql()
    }
}
