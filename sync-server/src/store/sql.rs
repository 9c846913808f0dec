//! One statement, two databases. Nearly all text is the same for both, with `$1` for a value; where it cannot be, both
//! texts stand side by side. Values say what they mean, so that each database keeps them in its own way: an id is
//! sixteen bytes in SQLite and a `uuid` in PostgreSQL.

use std::borrow::Cow;

use shared::event::Hash;
use shared::time::Timestamp;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, PgConnection, PgPool, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::row::{Id, Row};

/// A statement's text for each database.
#[derive(Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }
}

/// An insert that changes the row that is there already. In PostgreSQL companies share a table, so the company leads
/// the key that can be met.
macro_rules! upsert {
    ($insert:literal, $key:literal, $update:literal) => {
        $crate::store::sql::Sql {
            sqlite: concat!($insert, " ON CONFLICT (", $key, ") DO UPDATE SET ", $update),
            postgres: concat!($insert, " ON CONFLICT (tenant_id, ", $key, ") DO UPDATE SET ", $update),
        }
    };
}
pub(crate) use upsert;

/// What a value is. `Line` is text that may hold any character: PostgreSQL keeps it as bytes, because its texts
/// cannot hold NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Bool,
    Text,
    Bytes,
    Uuid,
    Line,
}

/// A value of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value<'q> {
    Null(Kind),
    Int(i64),
    Bool(bool),
    Text(Cow<'q, str>),
    Bytes(Cow<'q, [u8]>),
    Uuid(Uuid),
    Line(Cow<'q, str>),
}

/// What can be a value.
pub(crate) trait Bind<'q> {
    const KIND: Kind;
    fn value(self) -> Value<'q>;
}

/// An event's line, any text at all.
pub(crate) struct Line<'q>(pub(crate) &'q str);

/// PostgreSQL's texts cannot hold NUL, and what a till or a stranger sent must not fail for it, nor be kept differently
/// by the other database. Only lines are kept to the byte.
fn clean(text: Cow<'_, str>) -> Value<'_> {
    if text.contains('\0') { Value::Text(Cow::Owned(text.replace('\0', "\u{FFFD}"))) } else { Value::Text(text) }
}

macro_rules! bind {
    ($($type:ty, $kind:ident, |$value:ident| $as:expr;)+) => {$(
        impl<'q> Bind<'q> for $type {
            const KIND: Kind = Kind::$kind;
            fn value(self) -> Value<'q> {
                let $value = self;
                $as
            }
        }
    )+};
}

bind! {
    i64, Int, |value| Value::Int(value);
    Timestamp, Int, |at| Value::Int(at.as_millis());
    bool, Bool, |value| Value::Bool(value);
    &'q str, Text, |text| clean(Cow::Borrowed(text));
    &'q String, Text, |text| clean(Cow::Borrowed(text));
    String, Text, |text| clean(Cow::Owned(text));
    &'q [u8], Bytes, |bytes| Value::Bytes(Cow::Borrowed(bytes));
    Vec<u8>, Bytes, |bytes| Value::Bytes(Cow::Owned(bytes));
    &'q Hash, Bytes, |hash| Value::Bytes(Cow::Borrowed(hash.as_bytes()));
    Hash, Bytes, |hash| Value::Bytes(Cow::Owned(hash.as_bytes().to_vec()));
    Line<'q>, Line, |line| Value::Line(Cow::Borrowed(line.0));
    Uuid, Uuid, |id| Value::Uuid(id);
}

impl<'q, T: Id> Bind<'q> for T {
    const KIND: Kind = Kind::Uuid;
    fn value(self) -> Value<'q> {
        Value::Uuid(self.uuid())
    }
}

impl<'q, T: Bind<'q>> Bind<'q> for Option<T> {
    const KIND: Kind = T::KIND;
    fn value(self) -> Value<'q> {
        self.map_or(Value::Null(T::KIND), T::value)
    }
}

/// Where a statement runs: in a transaction, or by itself on any connection.
pub(crate) enum Target<'t> {
    Sqlite(&'t mut SqliteConnection),
    SqlitePool(&'t SqlitePool),
    Postgres(&'t mut PgConnection),
    PostgresPool(&'t PgPool),
}

impl Target<'_> {
    /// The same place, to run something more there.
    pub(crate) fn again(&mut self) -> Target<'_> {
        match self {
            Self::Sqlite(connection) => Target::Sqlite(connection),
            Self::SqlitePool(pool) => Target::SqlitePool(pool),
            Self::Postgres(connection) => Target::Postgres(connection),
            Self::PostgresPool(pool) => Target::PostgresPool(pool),
        }
    }
}

/// A statement and its values.
pub(crate) struct Statement<'q> {
    sql: Sql,
    values: Vec<Value<'q>>,
}

/// Begins a statement.
pub(crate) fn query<'q>(sql: impl Into<Sql>) -> Statement<'q> {
    Statement { sql: sql.into(), values: Vec::new() }
}

/// Runs `$how` of sqlx wherever `$to` is, and turns what comes back into our own.
macro_rules! run {
    ($to:expr, $sql:expr, $values:expr, $how:ident, $after:expr) => {
        match $to {
            Target::Sqlite(connection) => sqlx::query_with($sql.0, sqlite($values)?).$how(connection).await.map($after),
            Target::SqlitePool(pool) => sqlx::query_with($sql.0, sqlite($values)?).$how(pool).await.map($after),
            Target::Postgres(connection) => {
                sqlx::query_with($sql.1, postgres($values)?).$how(connection).await.map($after)
            }
            Target::PostgresPool(pool) => sqlx::query_with($sql.1, postgres($values)?).$how(pool).await.map($after),
        }
    };
}

impl<'q> Statement<'q> {
    /// The next value.
    pub(crate) fn bind(mut self, value: impl Bind<'q>) -> Self {
        self.values.push(value.value());
        self
    }

    fn texts(&self) -> (&'static str, &'static str) {
        (self.sql.sqlite, self.sql.postgres)
    }

    /// Runs it; answers how many rows it changed.
    pub(crate) async fn execute(self, to: Target<'_>) -> sqlx::Result<u64> {
        run!(to, self.texts(), self.values, execute, |done| done.rows_affected())
    }

    /// Its rows.
    pub(crate) async fn fetch_all(self, from: Target<'_>) -> sqlx::Result<Vec<Row>> {
        run!(from, self.texts(), self.values, fetch_all, |rows| rows.into_iter().map(Row::from).collect())
    }

    /// Its row, if there is one.
    pub(crate) async fn fetch_optional(self, from: Target<'_>) -> sqlx::Result<Option<Row>> {
        run!(from, self.texts(), self.values, fetch_optional, |row| row.map(Row::from))
    }

    /// Its row.
    pub(crate) async fn fetch_one(self, from: Target<'_>) -> sqlx::Result<Row> {
        run!(from, self.texts(), self.values, fetch_one, Row::from)
    }
}

pub(crate) fn sqlite<'q>(values: impl IntoIterator<Item = Value<'q>>) -> sqlx::Result<SqliteArguments> {
    let values = values.into_iter();
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.size_hint().0, 0);
    for value in values {
        match value {
            Value::Null(_) => arguments.add(Option::<i64>::None),
            Value::Int(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(i64::from(value)),
            Value::Text(text) | Value::Line(text) => arguments.add(text.into_owned()),
            Value::Bytes(bytes) => arguments.add(bytes.into_owned()),
            Value::Uuid(id) => arguments.add(id.into_bytes().to_vec()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

pub(crate) fn postgres(values: Vec<Value<'_>>) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Null(Kind::Int) => arguments.add(Option::<i64>::None),
            Value::Null(Kind::Bool) => arguments.add(Option::<bool>::None),
            Value::Null(Kind::Text) => arguments.add(Option::<&str>::None),
            Value::Null(Kind::Bytes | Kind::Line) => arguments.add(Option::<&[u8]>::None),
            Value::Null(Kind::Uuid) => arguments.add(Option::<Uuid>::None),
            Value::Int(value) => arguments.add(value),
            Value::Bool(value) => arguments.add(value),
            Value::Text(text) => arguments.add(&*text),
            Value::Bytes(bytes) => arguments.add(&*bytes),
            Value::Line(text) => arguments.add(text.as_bytes()),
            Value::Uuid(id) => arguments.add(id),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
