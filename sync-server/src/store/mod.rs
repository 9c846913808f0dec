//! The only room that knows SQL, on either of two backends with one behaviour.
//!
//! - SQLite, when nobody says otherwise: one small control file says who there is, and everything a company owns is in
//!   a file of its own, with one writer.
//! - PostgreSQL, when one machine is not enough: any number of servers beside each other on one database.
//!
//! Nothing here can be called without a company's handle: rows of another cannot even be named. Statements are written
//! once, in [`sql`]; what differs stands side by side where it differs.
//!
//! Order of locks, so that none waits for another in a circle: first the company ([`Tenant::write`] alone, or
//! [`Tenant::write_beside`] others), then rows, and last, at the commit, the streams in the order of their names.

mod audit;
mod card;
mod carry;
mod cash;
mod catalog;
mod claim;
mod control;
mod copy;
mod database;
mod device;
mod edit;
mod event;
mod flag;
mod incident;
mod ingest;
mod instance;
mod log;
mod own;
mod postgres;
mod projection;
mod recount;
mod report;
mod row;
mod rows;
mod sale;
mod snapshot;
mod sql;
mod stock;
mod stream;
mod taking;
mod tenant;
mod ticket;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use shared::ids::{DeviceId, TenantId};
use sqlx::PgPool;

use database::Database;

pub use card::{CardRow, OpenCardRow, SettledCard};
pub use cash::CashMovements;
pub use catalog::{Page, Paged};
pub use claim::{ClaimRow, turn_name};
pub use control::{AdminRole, AdminRow, LoginGuard, SessionRow, TenantRow};
pub use device::{CodeOutcome, DeviceRow, EnrolmentCode, Nonce};
pub use edit::SupersededRow;
pub use event::{ChainRow, Intake, Place, StoredEvent};
pub use flag::{FlagId, FlagRow, NoFlagId, Settlement};
pub use incident::{IncidentId, IncidentRow, NoIncidentId, NumberedProduct, ShownRow, StandRow, VoidRow};
pub use ingest::{NewFlag, NewRedemption, Savepoint};
pub use instance::Instance;
pub use own::OwnChain;
pub use recount::{Kept, Owned, Reckoning, Turn};
pub use report::OpenSession;
pub use sale::{NewSale, SaleDetail, SaleRow, TicketRow};
pub use snapshot::SnapshotRow;
pub use stock::{CountOutcome, StockRow};
pub use stream::StreamHead;
pub use taking::{DayTotals, Night, QuarterHour, TenderTotal, TillTotal};
pub use tenant::{Tenant, TenantTx};
pub use ticket::{Deed, TicketPast};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database refused")]
    Sql(#[source] sqlx::Error),
    /// Others were writing for too long, or the database is away; trying later helps.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// Two transactions got in each other's way, and this one was undone; trying again helps.
    #[error("two changes got in each other's way")]
    Collided(#[source] sqlx::Error),
    /// The role we would act as sees every company's rows, whatever a transaction says.
    #[error("the server's role in the database may see every company's rows; it will not serve as that")]
    Mighty,
    /// What is to be filled holds something.
    #[error("the database holds a company already, and nothing is ever written over")]
    Occupied,
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
        match &error {
            sqlx::Error::Database(database) if is_collision(&**database) => Self::Collided(error),
            _ if is_passing(&error) => Self::Busy(error),
            _ => Self::Sql(error),
        }
    }
}

/// Whether two transactions met and this one was undone. PostgreSQL: serialization, deadlock. SQLite: busy, whatever
/// with; it names its reasons by numbers whose low byte is the kind.
fn is_collision(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return matches!(&*code, "40001" | "40P01");
    }
    code.parse::<u32>().is_ok_and(|code| code & 0xff == 5)
}

/// Whether it may go well the next time, nothing having been changed by this one.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(database) => match database.code().as_deref() {
            // PostgreSQL: lock not to be had, cancelled, idle for too long in a transaction; or it is stopping, starting,
            // full of connections, not taking any, or gone (class 08).
            Some("55P03" | "57014" | "25P03" | "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "55000") => true,
            Some(code) if code.len() == 5 && code.starts_with("08") => true,
            _ => database.message().contains("is locked"),
        },
        _ => false,
    }
}

/// A room's result.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Everything the server keeps.
pub struct Store {
    rooms: Rooms,
    control: Database,
    tenants: tokio::sync::Mutex<HashMap<TenantId, Arc<Tenant>>>,
    /// Whose a device is, as far as somebody asked: that never changes.
    homes: Mutex<HashMap<DeviceId, TenantId>>,
}

/// Where companies' rows are.
enum Rooms {
    /// In files of this directory.
    Files(PathBuf),
    /// In tables of one database.
    Tables(PgPool),
}

impl Store {
    /// Opens the data directory, making what is missing and bringing the control file up to date.
    pub async fn open(dir: &Path) -> Result<Self> {
        make_private_dir(dir)?;
        let control = open_control_file(dir).await?;
        Ok(Self::new(Rooms::Files(dir.to_owned()), control))
    }

    /// Connects to a PostgreSQL database, `postgres://…`, and brings it up to date.
    ///
    /// Errors: [`StoreError::Mighty`] when it cannot act as a role that row-level security binds.
    pub async fn connect(url: &str) -> Result<Self> {
        let (control, tenants) = postgres::connect(url).await?;
        Ok(Self::new(Rooms::Tables(tenants), Database::Postgres(control)))
    }

    fn new(rooms: Rooms, control: Database) -> Self {
        Self { rooms, control, tenants: tokio::sync::Mutex::default(), homes: Mutex::default() }
    }

    /// Writes everything out and lets go of the files.
    pub async fn close(&self) {
        for (_, tenant) in self.tenants.lock().await.drain() {
            tenant.close().await;
        }
        if let Rooms::Tables(pool) = &self.rooms {
            pool.close().await;
        }
        self.control.close().await;
    }

    pub(crate) fn control(&self) -> &Database {
        &self.control
    }
}

/// The list of companies in a directory, made when absent and brought up to date.
async fn open_control_file(dir: &Path) -> Result<Database> {
    let path = dir.join("control.db");
    make_private_file(&path)?;
    Database::open_file(&path, &sqlx::migrate!("../migrations/server/sqlite/control")).await
}

#[cfg(unix)]
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
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

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, Connection, Executor};

    use super::*;

    #[tokio::test]
    async fn a_file_that_somebody_else_writes_is_a_collision() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let options = options.busy_timeout(std::time::Duration::ZERO);
        let (mut one, mut two) = (options.connect().await.expect("one"), options.connect().await.expect("two"));
        one.execute("BEGIN IMMEDIATE").await.expect("it writes");
        let error: StoreError = two.execute("BEGIN IMMEDIATE").await.expect_err("somebody writes").into();
        assert!(matches!(error, StoreError::Collided(_)), "{error:?}");
        let error: StoreError = two.execute("SELECT nothing").await.expect_err("no such column").into();
        assert!(matches!(error, StoreError::Sql(_)), "{error:?}");
        one.close().await.expect("a close");
        two.close().await.expect("a close");
    }
}
