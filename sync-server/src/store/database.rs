//! Where rows are: in a SQLite file, or in a PostgreSQL database shared by all companies and any number of servers.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use super::Result;
use super::sql::Target;

/// Of new files. An event is a kilobyte and more: on smaller pages each would take a page beside its row.
const PAGE_BYTES: u32 = 8192;
/// What the writer may keep of a file in memory, so that a night's sales do not read their indexes again and again. Each
/// company has one.
const CACHE_KB: u32 = 8 * 1024;
/// Pages in the log before they are written into the file: the more, the more changes of one page are written once.
const CHECKPOINT_PAGES: u32 = 4_000;

/// A way in. One SQLite file has one writer and several readers; PostgreSQL sorts that out itself.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite { write: SqlitePool, read: SqlitePool },
    Postgres(PgPool),
}

/// A transaction on either. Dropped without commit it leaves nothing behind.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Database {
    /// Opens a file, making it if need be, and brings it up to date.
    pub(crate) async fn open_file(path: &Path, migrator: &sqlx::migrate::Migrator) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .page_size(PAGE_BYTES)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // Every statement there is, in every size of it.
            .statement_cache_capacity(256)
            .pragma("trusted_schema", "OFF");
        // One writer per file, in order; SQLite allows no more, and waiting here is fairer than in its busy handler.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            // It is in this process: nothing between can have broken.
            .test_before_acquire(false)
            // A full disk makes SQLite roll back by itself, and sqlx goes on counting a transaction that is not there: it
            // would begin no other on this connection. Such a one is let go, and the next writer gets a new one.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options.clone().pragma("cache_size", format!("-{CACHE_KB}")))
            .await?;
        migrator.run(&write).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
        let read = readers.connect_with(options.read_only(true)).await?;
        Ok(Self::Sqlite { write, read })
    }

    /// For one question.
    pub(crate) fn to_read(&self) -> Target<'_> {
        match self {
            Self::Sqlite { read, .. } => Target::SqlitePool(read),
            Self::Postgres(pool) => Target::PostgresPool(pool),
        }
    }

    /// For one question of a company, where its rows are its own: elsewhere a transaction has to say whose they are.
    pub(crate) fn alone(&self) -> Option<Target<'_>> {
        match self {
            Self::Sqlite { read, .. } => Some(Target::SqlitePool(read)),
            Self::Postgres(_) => None,
        }
    }

    /// For one change.
    pub(crate) fn to_write(&self) -> Target<'_> {
        match self {
            Self::Sqlite { write, .. } => Target::SqlitePool(write),
            Self::Postgres(pool) => Target::PostgresPool(pool),
        }
    }

    /// For several changes that belong together.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) fn sql(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(tx) => Target::Sqlite(tx),
            Self::Postgres(tx) => Target::Postgres(tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
