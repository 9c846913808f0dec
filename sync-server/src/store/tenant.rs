//! One company's file, and the transaction everything in it is read and written through.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use shared::ids::{Entropy, LogId, TenantId};
use shared::time::Timestamp;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::row::RowExt;
use super::{Database, Result, Store, StoreError, TenantRow, make_private_file};

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
    tx: Transaction<'static, Sqlite>,
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
        // The file first: a company the control file knows always has one.
        let log_id = LogId::new(now, entropy);
        let path = self.tenant_path(tenant_id);
        make_private_file(&path)?;
        let db = Database::open(&path, &sqlx::migrate!("../migrations/server/sqlite/tenant")).await?;
        sqlx::query(
            "INSERT INTO log (log_id, tenant_id, parent, started_at, reason) VALUES ($1, $2, NULL, $3, 'created')",
        )
        .bind(log_id.as_bytes().as_slice())
        .bind(tenant_id.as_bytes().as_slice())
        .bind(now.as_millis())
        .execute(&db.write)
        .await?;
        let row = TenantRow { tenant_id, slug: slug.to_owned(), name: name.to_owned(), signing_key, pin_pepper };
        if let Err(error) = self.insert_tenant(&row, now).await {
            db.close().await;
            return Err(error);
        }
        let tenant = Arc::new(Tenant::new(row, log_id, db));
        self.tenants.lock().await.insert(tenant_id, Arc::clone(&tenant));
        Ok(tenant)
    }
}

impl Tenant {
    fn new(row: TenantRow, log_id: LogId, db: Database) -> Self {
        let TenantRow { tenant_id, name, signing_key, pin_pepper, .. } = row;
        Self { tenant_id, name, log_id, signing_key: SigningKey::from_bytes(&signing_key), pin_pepper, db }
    }

    async fn open(store: &Store, row: TenantRow) -> Result<Self> {
        let path = store.tenant_path(row.tenant_id);
        let db = Database::open(&path, &sqlx::migrate!("../migrations/server/sqlite/tenant")).await?;
        let newest = sqlx::query("SELECT log_id, tenant_id FROM log ORDER BY started_at DESC, log_id DESC LIMIT 1")
            .fetch_optional(&db.read)
            .await?
            .ok_or(StoreError::Corrupt("log"))?;
        // A file renamed into another company's place must not be served as that company's.
        if newest.id::<TenantId>("tenant_id")? != row.tenant_id {
            return Err(StoreError::Corrupt("tenant"));
        }
        Ok(Self::new(row, newest.id("log_id")?, db))
    }

    pub(crate) async fn close(&self) {
        self.db.close().await;
    }

    /// Begins to write. Waits for the writer before; two never run at once.
    pub async fn write(&self) -> Result<TenantTx> {
        let tx = self.db.write.begin_with("BEGIN IMMEDIATE").await?;
        Ok(TenantTx { tenant_id: self.tenant_id, tx })
    }

    /// Begins to read: one consistent moment, however many questions are asked.
    pub async fn read(&self) -> Result<TenantTx> {
        Ok(TenantTx { tenant_id: self.tenant_id, tx: self.db.read.begin().await? })
    }
}

impl TenantTx {
    /// Makes it durable.
    pub async fn commit(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }

    pub(crate) fn sql(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }
}
