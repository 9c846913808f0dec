//! Rows carried from one backend to the other, table by table, a few at a time however many there are. What tables there
//! are and what is in their columns the databases say themselves, so none can be forgotten here.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};
use tokio_stream::StreamExt as _;
use uuid::Uuid;

use super::rows::Rows;
use super::sql::{Bind, Kind, Target, Value};
use super::{Result, StoreError};

/// Rows held in memory at most.
const AT_ONCE: usize = 500;
/// And bytes of them, about: a part of a snapshot alone may be some megabytes.
const BYTES_AT_ONCE: usize = 1024 * 1024;

/// Which tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The list of companies.
    Control,
    /// What one company owns.
    Tenant,
}

struct Column {
    name: String,
    kind: Kind,
    /// Given out by the database, for order only.
    is_numbered: bool,
}

struct Table {
    name: String,
    columns: Vec<Column>,
}

/// Carries rows out of PostgreSQL into a file that has the tables and nothing in them.
pub(super) async fn out(from: &mut PgConnection, to: &mut SqliteConnection, part: Part) -> Result<()> {
    // Tables come in the order of their references, and a table's rows in any.
    sqlx::query("PRAGMA defer_foreign_keys = ON").execute(&mut *to).await?;
    for table in tables(from, to, part).await? {
        let columns: Vec<&Column> = table.columns.iter().collect();
        let sql = format!("SELECT {} FROM \"{}\"", list(&columns), table.name);
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *from);
        let mut batch = Batch::new(&table.name, &columns);
        while let Some(row) = rows.next().await {
            batch.push(&row?, of_postgres)?;
            if batch.is_full() {
                batch.write(Target::Sqlite(to)).await?;
            }
        }
        batch.write(Target::Sqlite(to)).await?;
    }
    Ok(())
}

/// Carries rows out of a file into PostgreSQL. What the database numbers by itself is numbered anew, in the same order.
pub(super) async fn into(from: &mut SqliteConnection, to: &mut PgConnection, part: Part) -> Result<()> {
    for table in tables(to, from, part).await? {
        let columns: Vec<&Column> = table.columns.iter().filter(|column| !column.is_numbered).collect();
        let number = table.columns.iter().find(|column| column.is_numbered);
        let order = number.map(|column| format!(" ORDER BY \"{}\"", column.name)).unwrap_or_default();
        let sql = format!("SELECT {} FROM \"{}\"{order}", list(&columns), table.name);
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *from);
        let mut batch = Batch::new(&table.name, &columns);
        while let Some(row) = rows.next().await {
            batch.push(&row?, of_sqlite)?;
            if batch.is_full() {
                batch.write(Target::Postgres(to)).await?;
            }
        }
        batch.write(Target::Postgres(to)).await?;
    }
    Ok(())
}

/// The tables of a part with the columns both have, each after those it refers to. The company's column of a divided
/// table has no counterpart in the company's own file, and fills itself in.
async fn tables(postgres: &mut PgConnection, sqlite: &mut SqliteConnection, part: Part) -> Result<Vec<Table>> {
    let rows = sqlx::query(
        "SELECT relname::text AS name, attname::text AS column, format_type(atttypid, NULL) AS type,
           attidentity <> '' AS is_numbered
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relrowsecurity = $1
           AND relname NOT LIKE '\\_migration%' AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum",
    )
    .bind(part == Part::Tenant)
    .fetch_all(&mut *postgres)
    .await?;
    let mut found = BTreeMap::<String, Vec<(String, String, bool)>>::new();
    for row in rows {
        let column = (row.try_get("column")?, row.try_get("type")?, row.try_get("is_numbered")?);
        found.entry(row.try_get("name")?).or_default().push(column);
    }
    let mut tables = Vec::with_capacity(found.len());
    for (name, columns) in found {
        let rows = sqlx::query("SELECT name, type FROM pragma_table_info($1)").bind(name.clone());
        let rows = rows.fetch_all(&mut *sqlite).await?;
        let mut here = BTreeMap::<String, String>::new();
        for row in rows {
            here.insert(row.try_get("name")?, row.try_get("type")?);
        }
        let mut table = Table { name, columns: Vec::with_capacity(columns.len()) };
        for (name, there, is_numbered) in columns {
            match here.remove(&name) {
                Some(here) => table.columns.push(Column { kind: kind(&here, &there)?, name, is_numbered }),
                None if name == "tenant_id" => {}
                None => return Err(StoreError::Corrupt("schema")),
            }
        }
        if !here.is_empty() {
            return Err(StoreError::Corrupt("schema"));
        }
        tables.push(table);
    }
    let rows = sqlx::query(
        "SELECT of.relname::text AS of, other.relname::text AS other
         FROM pg_constraint JOIN pg_class of ON of.oid = conrelid JOIN pg_class other ON other.oid = confrelid
         WHERE contype = 'f'",
    );
    let mut refers = Vec::new();
    for row in rows.fetch_all(postgres).await? {
        refers.push((row.try_get::<String, _>("of")?, row.try_get::<String, _>("other")?));
    }
    in_order(tables, &refers)
}

fn in_order(mut tables: Vec<Table>, refers: &[(String, String)]) -> Result<Vec<Table>> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waits = |table: &Table| {
            let others = refers.iter().filter(|(of, other)| *of == table.name && of != other);
            others.into_iter().any(|(_, other)| tables.iter().any(|table| table.name == *other))
        };
        let next = tables.iter().position(|table| !waits(table)).ok_or(StoreError::Corrupt("schema"))?;
        ordered.push(tables.remove(next));
    }
    Ok(ordered)
}

/// What a column holds, by what either database calls it.
fn kind(sqlite: &str, postgres: &str) -> Result<Kind> {
    Ok(match (sqlite, postgres) {
        ("INTEGER", "bigint") => Kind::Int,
        ("INTEGER", "boolean") => Kind::Bool,
        ("TEXT", "text") => Kind::Text,
        ("TEXT", "bytea") => Kind::Line,
        ("BLOB", "bytea") => Kind::Bytes,
        ("BLOB", "uuid") => Kind::Uuid,
        _ => return Err(StoreError::Corrupt("schema")),
    })
}

fn list(columns: &[&Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

/// Rows on their way.
struct Batch {
    insert: String,
    kinds: Vec<Kind>,
    rows: Vec<Vec<Value<'static>>>,
    bytes: usize,
}

impl Batch {
    fn new(table: &str, columns: &[&Column]) -> Self {
        let insert = format!("INSERT INTO \"{table}\" ({})", list(columns));
        Self { insert, kinds: columns.iter().map(|column| column.kind).collect(), rows: Vec::new(), bytes: 0 }
    }

    fn push<R>(&mut self, row: &R, read: fn(&R, usize, Kind) -> Result<Option<Value<'static>>>) -> Result<()> {
        let mut values = Vec::with_capacity(self.kinds.len());
        for (place, kind) in self.kinds.iter().enumerate() {
            let value = read(row, place, *kind)?.unwrap_or(Value::Null(*kind));
            self.bytes += match &value {
                Value::Text(text) | Value::Line(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                _ => 16,
            };
            values.push(value);
        }
        self.rows.push(values);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= AT_ONCE || self.bytes >= BYTES_AT_ONCE
    }

    async fn write(&mut self, to: Target<'_>) -> Result<()> {
        let mut rows = Rows::new(&self.insert, &self.kinds, "");
        for row in self.rows.drain(..) {
            rows.extend(row);
        }
        rows.execute(to).await?;
        self.bytes = 0;
        Ok(())
    }
}

fn of_postgres(row: &PgRow, place: usize, kind: Kind) -> Result<Option<Value<'static>>> {
    Ok(match kind {
        Kind::Int => row.try_get::<Option<i64>, _>(place)?.map(Bind::value),
        Kind::Bool => row.try_get::<Option<bool>, _>(place)?.map(Bind::value),
        Kind::Text => row.try_get::<Option<String>, _>(place)?.map(Bind::value),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.map(Bind::value),
        Kind::Uuid => row.try_get::<Option<Uuid>, _>(place)?.map(Bind::value),
        Kind::Line => {
            let line = row.try_get::<Option<Vec<u8>>, _>(place)?.map(String::from_utf8).transpose();
            line.map_err(|_| StoreError::Corrupt("line"))?.map(|line| Value::Line(line.into()))
        }
    })
}

fn of_sqlite(row: &SqliteRow, place: usize, kind: Kind) -> Result<Option<Value<'static>>> {
    Ok(match kind {
        Kind::Int => row.try_get::<Option<i64>, _>(place)?.map(Bind::value),
        Kind::Bool => row.try_get::<Option<i64>, _>(place)?.map(|value| Value::Bool(value != 0)),
        Kind::Text => row.try_get::<Option<String>, _>(place)?.map(Bind::value),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(place)?.map(Bind::value),
        Kind::Uuid => {
            let id = row.try_get::<Option<Vec<u8>>, _>(place)?.map(|bytes| Uuid::from_slice(&bytes)).transpose();
            id.map_err(|_| StoreError::Corrupt("id"))?.map(Bind::value)
        }
        Kind::Line => row.try_get::<Option<String>, _>(place)?.map(|line| Value::Line(line.into())),
    })
}
