//! PostgreSQL: schema, role, and whose rows a transaction sees.
//!
//! Every company's rows are in the same tables. What keeps them apart is the database itself: each transaction says
//! whose it is, and row-level security, forced even on the owner of the tables, shows and takes that company's rows
//! only. The server acts as a role that owns nothing and may not step around it; it refuses to start as any other.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::ids::TenantId;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool, Postgres, Row, Transaction};

use super::{Result, StoreError};

/// Connections of one server to what companies own.
const TENANT_CONNECTIONS: u32 = 16;
/// And to the list of companies. Apart, because that list is asked while a company's transaction is open.
const CONTROL_CONNECTIONS: u32 = 4;
/// Waiting longer than this for a connection is being busy.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that said nothing for so long is asked whether it is still there before anything depends on it. One that
/// just spoke is not: that would be half of what a short question costs.
const QUIET: Duration = Duration::from_secs(1);
/// What every connection is told once: waiting for a lock is being busy too, as long as with SQLite. The role is the same
/// for all companies; whose rows it sees is said in each transaction and ends with it. Every question is of one company,
/// and every index is led by it: a table is read from end to end only where nothing else is possible. Left to itself the
/// database plans so for small tables, keeps that plan for as long as nobody has counted their rows anew, and a night's
/// pushes read all of the night before each batch.
const GREETING: &str = "SET ROLE barra_app; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; \
    SET enable_seqscan = off";

/// Which of a company's transactions this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// One moment, however many questions.
    Read,
    /// Alone: nobody else changes anything of this company meanwhile, as with a SQLite file.
    Write,
    /// Beside others, each of its statements right by itself.
    Beside,
}

/// The schema in the order it grew, by the table that says how far it has come.
pub(crate) fn migrators() -> [Migrator; 2] {
    let mut control = sqlx::migrate!("../migrations/server/postgres/control");
    control.dangerous_set_table_name("_migration_control");
    let mut tenant = sqlx::migrate!("../migrations/server/postgres/tenant");
    tenant.dangerous_set_table_name("_migration_tenant");
    [control, tenant]
}

/// Connects, brings the schema up to date if it is not, and takes the role of the server: the list of companies, and
/// what they own.
pub(crate) async fn connect(url: &str) -> Result<(PgPool, PgPool)> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("sync-server");
    let mut connection = options.connect().await?;
    for migrator in migrators() {
        // A login that may only serve cannot even ask for what is there already, so nothing is asked needlessly.
        if !is_current(&mut connection, &migrator).await? {
            migrator.run(&mut connection).await?;
        }
    }
    connection.execute(GREETING).await?;
    refuse_the_mighty(&mut connection).await?;
    connection.close().await?;
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(GREETING).await.map(drop) }))
    };
    let tenants = pool(TENANT_CONNECTIONS).test_before_acquire(false).before_acquire(|connection, about| {
        Box::pin(async move {
            if about.idle_for >= QUIET {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    Ok((pool(CONTROL_CONNECTIONS).connect_lazy_with(options.clone()), tenants.connect_lazy_with(options)))
}

/// Whether everything this program knows was applied. What it does not know is an error: a newer program was here.
async fn is_current(connection: &mut PgConnection, migrator: &Migrator) -> Result<bool> {
    let table = &migrator.table_name;
    let there = sqlx::query("SELECT to_regclass($1) IS NOT NULL AS there").bind(&**table).fetch_one(&mut *connection);
    if !there.await?.try_get::<bool, _>("there")? {
        return Ok(false);
    }
    let sql = format!("SELECT version, checksum FROM {table} WHERE success");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    let mut applied = rows
        .iter()
        .map(|row| Ok((row.try_get::<i64, _>("version")?, row.try_get::<Vec<u8>, _>("checksum")?)))
        .collect::<sqlx::Result<BTreeMap<_, _>>>()?;
    let mut is_current = true;
    for migration in migrator.iter() {
        match applied.remove(&migration.version) {
            Some(checksum) if *checksum == *migration.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version).into()),
            None => is_current = false,
        }
    }
    match applied.keys().next() {
        Some(version) => Err(MigrateError::VersionMissing(*version).into()),
        None => Ok(is_current),
    }
}

/// A role that sees every company's rows would make one mistake of ours everybody's.
async fn refuse_the_mighty(connection: &mut PgConnection) -> Result<()> {
    let role = sqlx::query(
        "SELECT rolsuper OR rolbypassrls
           OR EXISTS (SELECT FROM pg_class WHERE relname = 'event' AND pg_has_role(current_user, relowner, 'MEMBER'))
           AS mighty FROM pg_roles WHERE rolname = current_user",
    );
    let is_mighty: bool = role.fetch_one(connection).await?.try_get("mighty")?;
    if is_mighty { Err(StoreError::Mighty) } else { Ok(()) }
}

/// Begins a transaction that sees one company's rows and no other's.
pub(crate) async fn begin(pool: &PgPool, tenant: TenantId, access: Access) -> Result<Transaction<'static, Postgres>> {
    // Every mode is said, and the company in the same breath: the connection may come from a request that was given up
    // half-way, and nothing of that may be left.
    let mode = match access {
        Access::Read => "REPEATABLE READ READ ONLY",
        Access::Write | Access::Beside => "READ COMMITTED READ WRITE",
    };
    let begin = format!("BEGIN ISOLATION LEVEL {mode}; SET LOCAL barra.tenant_id = '{tenant}'");
    let mut tx = begin_on_one_that_lives(pool, &begin).await?;
    let lock = match access {
        Access::Read => return Ok(tx),
        Access::Write => "SELECT pg_advisory_xact_lock($1)",
        Access::Beside => "SELECT pg_advisory_xact_lock_shared($1)",
    };
    sqlx::query(lock).bind(lock_key(tenant)).execute(&mut *tx).await?;
    Ok(tx)
}

/// A connection may have died since it last spoke, and the first to notice is whoever begins: nothing has happened yet, and
/// each try lets go of a dead one.
async fn begin_on_one_that_lives(pool: &PgPool, words: &str) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut tries = TENANT_CONNECTIONS;
    loop {
        match pool.begin_with(AssertSqlSafe(words.to_owned())).await {
            Err(error) if tries > 0 && is_death(&error) => tries -= 1,
            answer => return answer,
        }
    }
}

/// The connection is gone: cut, or ended by the database.
fn is_death(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(said) => matches!(said.code().as_deref(), Some("57P01" | "57P02" | "57P05" | "25P03")),
        _ => false,
    }
}

/// From here on the transaction sees another company's rows. Only for those who put back what was copied, company by
/// company in one transaction.
pub(crate) async fn turn_to(tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
    tx.execute(AssertSqlSafe(format!("SET LOCAL barra.tenant_id = '{tenant}'"))).await?;
    Ok(())
}

/// Companies that share a number wait for each other needlessly, and that is all.
fn lock_key(tenant: TenantId) -> i64 {
    let mut key = [0; 8];
    key.copy_from_slice(&blake3::derive_key("barra 1 company's lock", tenant.as_bytes())[..8]);
    i64::from_be_bytes(key)
}
