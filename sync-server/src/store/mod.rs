//! The only room that knows SQL. One small control file says who there is; everything a company owns is in a file of
//! its own, and nothing here can be called without that company's handle: rows of another cannot even be named.

mod audit;
mod catalog;
mod control;
mod device;
mod event;
mod projection;
mod report;
mod row;
mod stream;
mod tenant;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::ids::TenantId;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use catalog::{Page, Paged};
pub use control::{AdminRole, AdminRow, LoginGuard, SessionRow, TenantRow};
pub use device::{CodeOutcome, DeviceRow, EnrolmentCode, NonceOutcome};
pub use event::{ChainRow, Intake, Place, StoredEvent};
pub use projection::{CardRequest, RedemptionRow};
pub use report::{
    DayTotals, FlagRow, OpenSession, QuarterHour, SaleDetail, SaleRow, TenderTotal, TicketRow, TillTotal,
};
pub use tenant::{Tenant, TenantTx};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database refused")]
    Sql(#[source] sqlx::Error),
    /// Others were writing for too long; trying again helps.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The schema could not be brought up to date, or is newer than this program.
    #[error("the database's schema cannot be used by this version")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The data directory cannot be used.
    #[error("the data directory cannot be used")]
    Io(#[from] std::io::Error),
    /// A row that cannot have been written by this program.
    #[error("{0} in the database cannot be read")]
    Corrupt(&'static str),
    /// Something unique is there already, by its name in the database.
    #[error("{0} is taken")]
    Taken(String),
    /// Names something that is not there.
    #[error("it refers to something that does not exist")]
    Dangling,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let is_locked = error.as_database_error().is_some_and(|database| database.message().contains("is locked"));
        if is_locked || matches!(error, sqlx::Error::PoolTimedOut) { Self::Busy(error) } else { Self::Sql(error) }
    }
}

/// A room's result.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything the server keeps.
pub struct Store {
    dir: PathBuf,
    control: Database,
    tenants: tokio::sync::Mutex<HashMap<TenantId, Arc<Tenant>>>,
}

/// One SQLite file: one writer, several readers.
pub(crate) struct Database {
    pub(crate) write: SqlitePool,
    pub(crate) read: SqlitePool,
}

impl Database {
    async fn open(path: &Path, migrator: &sqlx::migrate::Migrator) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("trusted_schema", "OFF");
        // One writer per file, in order; SQLite allows no more, and waiting here is fairer than in its busy handler.
        let write =
            SqlitePoolOptions::new().max_connections(1).min_connections(1).connect_with(options.clone()).await?;
        migrator.run(&write).await?;
        let read = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await?;
        Ok(Self { write, read })
    }

    async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Store {
    /// Opens the data directory, making what is missing and bringing the control file up to date.
    pub async fn open(dir: &Path) -> Result<Self> {
        make_private_dir(dir)?;
        let path = dir.join("control.db");
        make_private_file(&path)?;
        let control = Database::open(&path, &sqlx::migrate!("../migrations/server/sqlite/control")).await?;
        Ok(Self { dir: dir.to_owned(), control, tenants: tokio::sync::Mutex::default() })
    }

    /// Writes everything out and lets go of the files.
    pub async fn close(&self) {
        for (_, tenant) in self.tenants.lock().await.drain() {
            tenant.close().await;
        }
        self.control.close().await;
    }

    pub(crate) fn control(&self) -> &Database {
        &self.control
    }

    pub(crate) fn tenant_path(&self, tenant: TenantId) -> PathBuf {
        self.dir.join(format!("tenant-{tenant}.db"))
    }
}

#[cfg(unix)]
fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)
}

/// Keys live in these files, so nobody else may read them. SQLite gives its side files the same mode.
pub(crate) fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
