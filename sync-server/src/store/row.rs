//! A row of either database, and how ids, times and hashes look in it.

use shared::event::Hash;
use shared::ids::{
    CategoryId, ChainId, DeviceId, LogId, PaymentId, ProductId, RedemptionId, RegisterId, SaleId, SessionId, StaffId,
    TenantId, VenueId,
};
use shared::time::Timestamp;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Result, StoreError};

/// A typed id.
pub(crate) trait Id: Sized {
    fn of(uuid: Uuid) -> Self;
    fn uuid(&self) -> Uuid;
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Id for $name {
            fn of(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }

            fn uuid(&self) -> Uuid {
                self.as_uuid()
            }
        }
    )+};
}

ids!(
    CategoryId,
    ChainId,
    DeviceId,
    LogId,
    PaymentId,
    ProductId,
    RedemptionId,
    RegisterId,
    SaleId,
    SessionId,
    StaffId,
    TenantId,
    VenueId
);

/// What a database answered. Columns are read as what they mean.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

/// The column, wherever the row is from.
macro_rules! get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    pub(crate) fn uuid(&self, column: &'static str) -> Result<Uuid> {
        match self {
            Self::Sqlite(_) => self.bytes::<16>(column).map(Uuid::from_bytes),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }

    pub(crate) fn id<T: Id>(&self, column: &'static str) -> Result<T> {
        self.uuid(column).map(T::of)
    }

    pub(crate) fn maybe_id<T: Id>(&self, column: &'static str) -> Result<Option<T>> {
        match self {
            Self::Sqlite(_) => Ok(self.maybe_bytes::<16>(column)?.map(|bytes| T::of(Uuid::from_bytes(bytes)))),
            Self::Postgres(row) => Ok(row.try_get::<Option<Uuid>, _>(column)?.map(T::of)),
        }
    }

    pub(crate) fn hash(&self, column: &'static str) -> Result<Hash> {
        self.bytes(column).map(Hash::from_bytes)
    }

    pub(crate) fn blob(&self, column: &'static str) -> Result<&[u8]> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N]> {
        self.blob(column)?.try_into().map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn maybe_bytes<const N: usize>(&self, column: &'static str) -> Result<Option<[u8; N]>> {
        let bytes: Option<&[u8]> = get!(self, column)?;
        bytes.map(TryInto::try_into).transpose().map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.int(column).map(Timestamp::from_millis)
    }

    pub(crate) fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        Ok(self.maybe_int(column)?.map(Timestamp::from_millis))
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn maybe_int(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        Ok(get!(self, column)?)
    }

    pub(crate) fn maybe_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(get!(self, column)?)
    }

    /// An event's line: PostgreSQL keeps it as bytes.
    pub(crate) fn line(&self, column: &'static str) -> Result<String> {
        match self {
            Self::Sqlite(_) => self.text(column),
            Self::Postgres(row) => String::from_utf8(row.try_get(column)?).map_err(|_| StoreError::Corrupt(column)),
        }
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text: &str = get!(self, column)?;
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt(column))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool> {
        match self {
            Self::Sqlite(_) => self.int(column).map(|value| value != 0),
            Self::Postgres(row) => Ok(row.try_get(column)?),
        }
    }
}

/// Tells a value that is taken and a reference to nothing apart from the database being broken.
pub(crate) fn by_constraint(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else { return error.into() };
    if database.is_unique_violation() {
        // SQLite says "UNIQUE constraint failed: product.sku"; in PostgreSQL that is what the constraint is called.
        let what = database.constraint().or_else(|| database.message().rsplit(": ").next());
        StoreError::Taken(what.unwrap_or_default().to_owned())
    } else if database.is_foreign_key_violation() {
        StoreError::Dangling
    } else {
        error.into()
    }
}
