//! Many rows of one table in few statements: as many `VALUES` in SQLite, one array for each column in PostgreSQL.

use std::borrow::Cow;
use std::fmt::Write;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe};
use uuid::Uuid;

use super::sql::{Kind, Target, Value, sqlite};

/// Rows to a statement in SQLite: a few sizes, so that every statement is prepared once and found again. It takes
/// 32,766 values to a statement; a hundred rows are as fast as more.
const SQLITE_ROWS: [usize; 4] = [100, 25, 5, 1];
/// So that no message to PostgreSQL grows without bound.
const POSTGRES_ROWS: usize = 5_000;

/// Rows to be inserted.
pub(crate) struct Rows<'q> {
    insert: &'q str,
    kinds: &'q [Kind],
    rest: &'q str,
    values: Vec<Value<'q>>,
}

impl<'q> Rows<'q> {
    /// `INSERT INTO table (columns)`, what each column is, and what follows the rows: `ON CONFLICT …`.
    pub(crate) fn new(insert: &'q str, kinds: &'q [Kind], rest: &'q str) -> Self {
        Self { insert, kinds, rest, values: Vec::new() }
    }

    /// One more row, a value for each column.
    pub(crate) fn push<const N: usize>(&mut self, row: [Value<'q>; N]) {
        debug_assert_eq!(N, self.kinds.len(), "a value for each column");
        self.values.extend(row);
    }

    /// One more row whose table is not known here, a value for each column.
    pub(crate) fn extend(&mut self, row: Vec<Value<'q>>) {
        debug_assert_eq!(row.len(), self.kinds.len(), "a value for each column");
        self.values.extend(row);
    }

    /// Inserts them; answers how many there are that were not there before.
    pub(crate) async fn execute(self, mut to: Target<'_>) -> sqlx::Result<u64> {
        let mut inserted = 0;
        for chunk in self.chunks(&to) {
            let sql = AssertSqlSafe(self.text(&to, chunk.len()));
            inserted += match to.again() {
                Target::Sqlite(on) => sqlx::query_with(sql, sqlite(chunk.to_vec())?).execute(on).await?.rows_affected(),
                Target::SqlitePool(on) => {
                    sqlx::query_with(sql, sqlite(chunk.to_vec())?).execute(on).await?.rows_affected()
                }
                Target::Postgres(on) => sqlx::query_with(sql, self.arrays(chunk)?).execute(on).await?.rows_affected(),
                Target::PostgresPool(on) => {
                    sqlx::query_with(sql, self.arrays(chunk)?).execute(on).await?.rows_affected()
                }
            };
        }
        Ok(inserted)
    }

    fn chunks(&self, to: &Target<'_>) -> Vec<&[Value<'q>]> {
        let mut left = self.values.as_slice();
        let mut chunks = Vec::new();
        while !left.is_empty() {
            let rows = left.len() / self.kinds.len();
            let fits = match to {
                Target::Sqlite(_) | Target::SqlitePool(_) => {
                    SQLITE_ROWS.into_iter().find(|size| *size <= rows).unwrap_or(1)
                }
                Target::Postgres(_) | Target::PostgresPool(_) => rows.min(POSTGRES_ROWS),
            };
            let (chunk, rest) = left.split_at((fits * self.kinds.len()).min(left.len()));
            chunks.push(chunk);
            left = rest;
        }
        chunks
    }

    /// Made of our own words only: how many places there are is all that varies.
    fn text(&self, to: &Target<'_>, values: usize) -> String {
        let mut sql = self.insert.to_owned();
        match to {
            Target::Sqlite(_) | Target::SqlitePool(_) => {
                // Without numbers: SQLite would look each up by its name again and again.
                for place in 0..values {
                    let before = match (place, place % self.kinds.len()) {
                        (0, _) => " VALUES (?",
                        (_, 0) => "), (?",
                        _ => ", ?",
                    };
                    sql.push_str(before);
                }
                sql.push_str(") ");
            }
            Target::Postgres(_) | Target::PostgresPool(_) => {
                sql.push_str(" SELECT * FROM unnest(");
                for (place, kind) in (1..).zip(self.kinds) {
                    let before = if place == 1 { "" } else { ", " };
                    let of = match kind {
                        Kind::Int => "bigint",
                        Kind::Bool => "boolean",
                        Kind::Text => "text",
                        Kind::Bytes | Kind::Line => "bytea",
                        Kind::Uuid => "uuid",
                    };
                    let _ = write!(sql, "{before}${place}::{of}[]");
                }
                sql.push_str(") ");
            }
        }
        sql.push_str(self.rest);
        sql
    }

    /// The values column by column.
    fn arrays(&self, values: &[Value<'q>]) -> sqlx::Result<PgArguments> {
        let mut arguments = PgArguments::default();
        for (column, kind) in self.kinds.iter().enumerate() {
            let cells = values.iter().skip(column).step_by(self.kinds.len());
            match kind {
                Kind::Int => arguments.add(cells.map(as_int).collect::<Vec<Option<i64>>>()),
                Kind::Bool => arguments.add(cells.map(as_bool).collect::<Vec<Option<bool>>>()),
                Kind::Text => arguments.add(cells.map(as_text).collect::<Vec<Option<&str>>>()),
                Kind::Bytes | Kind::Line => arguments.add(cells.map(as_bytes).collect::<Vec<Option<&[u8]>>>()),
                Kind::Uuid => arguments.add(cells.map(as_uuid).collect::<Vec<Option<Uuid>>>()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }
}

fn as_int(value: &Value<'_>) -> Option<i64> {
    if let Value::Int(value) = value { Some(*value) } else { None }
}

fn as_bool(value: &Value<'_>) -> Option<bool> {
    if let Value::Bool(value) = value { Some(*value) } else { None }
}

fn as_text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn as_bytes<'v>(value: &'v Value<'_>) -> Option<&'v [u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        Value::Line(Cow::Borrowed(text)) => Some(text.as_bytes()),
        Value::Line(Cow::Owned(text)) => Some(text.as_bytes()),
        _ => None,
    }
}

fn as_uuid(value: &Value<'_>) -> Option<Uuid> {
    if let Value::Uuid(id) = value { Some(*id) } else { None }
}
