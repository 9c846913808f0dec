//! Where a test's server keeps everything: files of its own, or a PostgreSQL database of its own. Whichever it is, all
//! of it can be written out in one form, to compare.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::ids::TenantId;
use sync_server::Config;
use sync_server::store::Store;
use tempfile::TempDir;
use throwaway_postgres::{Database, cluster};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// Tests that are compiled under a name that says so run on PostgreSQL.
pub(crate) const BACKEND: Backend =
    if matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"api_postgres") { Backend::Postgres } else { Backend::Sqlite };

/// Logs in, owns nothing, and is what servers act as.
pub(crate) const LOGIN: &str = "barra_server";

pub(crate) struct Home {
    dir: TempDir,
    pub(crate) database: Option<Database>,
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// A database with a schema and nothing in it, that [`LOGIN`] may use.
pub(crate) fn new_database() -> Database {
    let database = cluster().database("server", |url| {
        block_on(async { Store::connect(url).await.expect("a schema").close().await });
    });
    database.sql(&format!(
        "DO $$ BEGIN CREATE ROLE {LOGIN} LOGIN IN ROLE barra_app;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    ));
    database
}

impl Home {
    pub(crate) fn new(backend: Backend) -> Self {
        let database = (backend == Backend::Postgres).then(new_database);
        Self { dir: tempfile::tempdir().expect("a directory"), database }
    }

    pub(crate) fn config(&self) -> Config {
        let config = Config::new(self.data()).noted_at(self.stamp()).on_a_free_port();
        match &self.database {
            Some(database) => config.in_database(database.url_of(LOGIN)),
            None => config,
        }
    }

    /// The data directory; what else a test writes goes beside it.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Where it is noted how far the databases are.
    pub(crate) fn stamp(&self) -> PathBuf {
        self.dir.path().join("stamp")
    }

    pub(crate) async fn open(&self) -> Store {
        self.config().open_store().await.expect("a store")
    }

    /// Everything is lost, and there is an empty place for it.
    pub(crate) fn burn(&mut self) {
        if self.database.is_some() {
            self.database = Some(new_database());
        } else {
            std::fs::remove_dir_all(self.data()).expect("it burns");
        }
    }

    /// As if a program to come had been here.
    pub(crate) fn claim_to_be_newer(&self) {
        let columns = "(version, description, success, checksum, execution_time)";
        if let Some(database) = &self.database {
            database.sql(&format!("INSERT INTO _migration_control {columns} VALUES (999, 'later', true, '', 0)"));
            return;
        }
        block_on(async {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.data().join("control.db"));
            let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
            let sql = format!("INSERT INTO _sqlx_migrations {columns} VALUES (999, 'later', 1, x'00', 0)");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("a row");
            sqlx::Connection::close(connection).await.expect("a close");
        });
    }

    /// Does to a company's rows what no program of ours does.
    pub(crate) fn meddle(&self, with: TenantId, sqlite: &'static str, postgres: &str) {
        if let Some(database) = &self.database {
            database.sql(postgres);
            return;
        }
        block_on(async {
            let path = self.data().join(format!("tenant-{with}.db"));
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
            sqlx::query(sqlite).execute(&mut connection).await.expect("it is done");
            sqlx::Connection::close(connection).await.expect("a close");
        });
    }

    /// Every row of a company, table by table, or of the list of companies: ids and bytes as hexadecimal digits, numbers
    /// given out by the database alone left out.
    pub(crate) fn rows(&self, of: Option<TenantId>) -> BTreeMap<String, Vec<Value>> {
        let lines = if let Some(database) = &self.database {
            postgres_rows(database, of)
        } else {
            let file = of.map_or("control.db".to_owned(), |tenant| format!("tenant-{tenant}.db"));
            block_on(sqlite_rows(&self.data().join(file)))
        };
        let mut tables = BTreeMap::<String, Vec<Value>>::new();
        for (table, line) in lines {
            tables.entry(table).or_default().push(serde_json::from_str(&line).expect("a row"));
        }
        for rows in tables.values_mut() {
            rows.sort_by_key(ToString::to_string);
        }
        tables
    }
}

const LEFT_OUT: &str = "('tenant_id', 'flag_id', 'audit_id', 'turn', 'place')";

async fn sqlite_rows(path: &Path) -> Vec<(String, String)> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.expect("a connection");
    // An event's line is bytes to the other database, and any character at all to this one.
    let tables = "SELECT m.name, group_concat(CASE WHEN m.name = 'event' AND c.name = 'line'
                    THEN '''line'', lower(hex(cast(line AS BLOB)))'
                    ELSE format('''%s'', CASE typeof(\"%s\") WHEN ''blob'' THEN lower(hex(\"%s\")) ELSE \"%s\" END',
                      c.name, c.name, c.name, c.name) END, ', ')
                  FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                  WHERE m.type = 'table' AND m.name NOT LIKE '%sqlx%' AND c.name NOT IN ";
    let tables: Vec<(String, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(format!("{tables}{LEFT_OUT} GROUP BY m.name")))
            .fetch_all(&mut connection)
            .await
            .expect("tables");
    let mut lines = Vec::new();
    for (table, columns) in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT json_object({columns}) FROM {table}"));
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await.expect("rows");
        lines.extend(rows.into_iter().map(|(line,)| (table.clone(), line)));
    }
    sqlx::Connection::close(connection).await.expect("a close");
    lines
}

fn postgres_rows(database: &Database, of: Option<TenantId>) -> Vec<(String, String)> {
    let tables = database.sql(&format!(
        "SELECT table_name || '|' || string_agg(format('%L, %s', column_name, CASE
           WHEN data_type = 'uuid' THEN format('replace(%I::text, ''-'', '''')', column_name)
           WHEN data_type = 'bytea' THEN format('encode(%I, ''hex'')', column_name)
           WHEN data_type = 'boolean' THEN format('%I::int', column_name)
           ELSE quote_ident(column_name) END), ', ')
         FROM information_schema.columns JOIN pg_class ON relname = table_name AND relkind = 'r'
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_migration%' AND column_name NOT IN {LEFT_OUT}
           AND relrowsecurity = {} GROUP BY table_name",
        of.is_some()
    ));
    let mut lines = Vec::new();
    for table in tables.lines() {
        let (table, columns) = table.split_once('|').expect("a table and its columns");
        let of = of.map(|tenant| format!("WHERE tenant_id = '{tenant}'")).unwrap_or_default();
        let rows = database.sql(&format!("SELECT json_build_object({columns})::jsonb FROM {table} {of}"));
        lines.extend(rows.lines().map(|line| (table.to_owned(), line.to_owned())));
    }
    lines
}
