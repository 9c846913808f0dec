//! How ids, times and hashes look in a row.

use shared::event::Hash;
use shared::ids::{
    CategoryId, ChainId, DeviceId, LogId, PaymentId, ProductId, RedemptionId, RegisterId, SaleId, SessionId, StaffId,
    TenantId, VenueId,
};
use shared::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Result, StoreError};

/// A typed id, as sixteen bytes.
pub(crate) trait Id: Sized {
    fn of(uuid: Uuid) -> Self;
}

macro_rules! ids {
    ($($name:ident),+) => {$(
        impl Id for $name {
            fn of(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
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

/// Reading columns as what they mean.
pub(crate) trait RowExt {
    fn id<T: Id>(&self, column: &'static str) -> Result<T>;
    fn hash(&self, column: &'static str) -> Result<Hash>;
    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N]>;
    fn time(&self, column: &'static str) -> Result<Timestamp>;
    fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>>;
    fn int(&self, column: &'static str) -> Result<i64>;
    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T>;
    fn text(&self, column: &'static str) -> Result<String>;
    fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T>;
    fn flag(&self, column: &'static str) -> Result<bool>;
}

impl RowExt for SqliteRow {
    fn id<T: Id>(&self, column: &'static str) -> Result<T> {
        self.bytes::<16>(column).map(|bytes| T::of(Uuid::from_bytes(bytes)))
    }

    fn hash(&self, column: &'static str) -> Result<Hash> {
        self.bytes(column).map(Hash::from_bytes)
    }

    fn bytes<const N: usize>(&self, column: &'static str) -> Result<[u8; N]> {
        let bytes: &[u8] = self.try_get(column)?;
        bytes.try_into().map_err(|_| StoreError::Corrupt(column))
    }

    fn time(&self, column: &'static str) -> Result<Timestamp> {
        self.int(column).map(Timestamp::from_millis)
    }

    fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.try_get(column)?;
        Ok(millis.map(Timestamp::from_millis))
    }

    fn int(&self, column: &'static str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Corrupt(column))
    }

    fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.try_get(column)?)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text: &str = self.try_get(column)?;
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt(column))
    }

    fn flag(&self, column: &'static str) -> Result<bool> {
        self.int(column).map(|value| value != 0)
    }
}

/// Tells a value that is taken and a reference to nothing apart from the database being broken.
pub(crate) fn by_constraint(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else { return error.into() };
    if database.is_unique_violation() {
        // "UNIQUE constraint failed: product.sku"
        let what = database.message().rsplit(": ").next().unwrap_or_default().to_owned();
        StoreError::Taken(what)
    } else if database.is_foreign_key_violation() {
        StoreError::Dangling
    } else {
        error.into()
    }
}
