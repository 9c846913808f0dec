//! Many rows of one table in few statements: as many `VALUES` in SQLite, one array for each column in PostgreSQL. What
//! all rows have in common is said once.

use std::borrow::Cow;
use std::fmt::Write;

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, AssertSqlSafe};
use uuid::Uuid;

use super::sql::{Kind, Target, Value, postgres, sqlite};

/// Rows to a statement in SQLite: a few sizes, so that every statement is prepared once and found again. It takes
/// 32,766 values to a statement.
const SQLITE_ROWS: [usize; 5] = [500, 100, 25, 5, 1];
/// So that no message to PostgreSQL grows without bound.
const POSTGRES_ROWS: usize = 5_000;

/// Rows to be inserted.
pub(crate) struct Rows<'q> {
    insert: &'q str,
    kinds: &'q [Kind],
    rest: &'q str,
    common: Vec<Value<'q>>,
    values: Vec<Value<'q>>,
}

impl<'q> Rows<'q> {
    /// `INSERT INTO table (columns)`, what each column is, and what follows the rows: `ON CONFLICT …`.
    pub(crate) fn new(insert: &'q str, kinds: &'q [Kind], rest: &'q str) -> Self {
        Self { insert, kinds, rest, common: Vec::new(), values: Vec::new() }
    }

    /// What the first columns are in every row. The rows are of the others.
    pub(crate) fn all<const N: usize>(mut self, common: [Value<'q>; N]) -> Self {
        self.common = common.into();
        self
    }

    fn columns(&self) -> &'q [Kind] {
        &self.kinds[self.common.len()..]
    }

    /// Makes room for so many.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows * self.columns().len());
    }

    /// One more row, a value for each column.
    pub(crate) fn push<const N: usize>(&mut self, row: [Value<'q>; N]) {
        debug_assert_eq!(N, self.columns().len(), "a value for each column");
        self.values.extend(row);
    }

    /// One more row whose table is not known here, a value for each column.
    pub(crate) fn extend(&mut self, row: Vec<Value<'q>>) {
        debug_assert_eq!(row.len(), self.columns().len(), "a value for each column");
        self.values.extend(row);
    }

    /// Inserts them; answers how many there are that were not there before.
    pub(crate) async fn execute(mut self, mut to: Target<'_>) -> sqlx::Result<u64> {
        let mut inserted = 0;
        let (width, mut left) = (self.columns().len(), std::mem::take(&mut self.values).into_iter());
        while left.len() > 0 {
            let rows = rows_at_once(&to, left.len() / width);
            let sql = AssertSqlSafe(self.text(&to, rows));
            let chunk = left.by_ref().take(rows * width);
            let common = self.common.clone();
            inserted += match to.again() {
                Target::Sqlite(on) => {
                    sqlx::query_with(sql, sqlite(common.into_iter().chain(chunk))?).execute(on).await?.rows_affected()
                }
                Target::SqlitePool(on) => {
                    sqlx::query_with(sql, sqlite(common.into_iter().chain(chunk))?).execute(on).await?.rows_affected()
                }
                Target::Postgres(on) => {
                    let arguments = self.arrays(common, &chunk.collect::<Vec<_>>())?;
                    sqlx::query_with(sql, arguments).execute(on).await?.rows_affected()
                }
                Target::PostgresPool(on) => {
                    let arguments = self.arrays(common, &chunk.collect::<Vec<_>>())?;
                    sqlx::query_with(sql, arguments).execute(on).await?.rows_affected()
                }
            };
        }
        Ok(inserted)
    }

    /// Made of our own words only: how many places there are is all that varies.
    fn text(&self, to: &Target<'_>, rows: usize) -> String {
        let (common, columns) = (self.common.len(), self.columns());
        let mut sql = self.insert.to_owned();
        match to {
            Target::Sqlite(_) | Target::SqlitePool(_) => {
                // Without numbers: SQLite would look each up by its name again and again.
                let row = format!("(?{})", ", ?".repeat(columns.len() - 1));
                sql.reserve((row.len() + 2) * rows + 100);
                if common > 0 {
                    let _ = write!(sql, " SELECT {}* FROM (", "?, ".repeat(common));
                }
                let _ = write!(sql, " VALUES {row}");
                for _ in 1..rows {
                    let _ = write!(sql, ", {row}");
                }
                if common > 0 {
                    // Without a condition, what follows would be taken for one of a join.
                    sql.push_str(") WHERE true");
                }
                sql.push(' ');
            }
            Target::Postgres(_) | Target::PostgresPool(_) => {
                sql.push_str(" SELECT ");
                for (place, kind) in (1..=common).zip(self.kinds) {
                    let _ = write!(sql, "${place}::{}, ", postgres_type(*kind));
                }
                sql.push_str("* FROM unnest(");
                for (place, kind) in columns.iter().enumerate() {
                    let before = if place == 0 { "" } else { ", " };
                    let _ = write!(sql, "{before}${}::{}[]", common + place + 1, postgres_type(*kind));
                }
                sql.push_str(") ");
            }
        }
        sql.push_str(self.rest);
        sql
    }

    /// The values column by column, after those all have in common.
    fn arrays(&self, common: Vec<Value<'q>>, values: &[Value<'q>]) -> sqlx::Result<PgArguments> {
        let (mut arguments, columns) = (postgres(common)?, self.columns());
        for (column, kind) in columns.iter().enumerate() {
            let cells = values.iter().skip(column).step_by(columns.len());
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

fn rows_at_once(to: &Target<'_>, left: usize) -> usize {
    match to {
        Target::Sqlite(_) | Target::SqlitePool(_) => SQLITE_ROWS.into_iter().find(|size| *size <= left).unwrap_or(1),
        Target::Postgres(_) | Target::PostgresPool(_) => left.min(POSTGRES_ROWS),
    }
}

fn postgres_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Bool => "boolean",
        Kind::Text => "text",
        Kind::Bytes | Kind::Line => "bytea",
        Kind::Uuid => "uuid",
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
