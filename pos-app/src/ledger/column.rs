//! Columns to domain values and back. The domain knows no database; this room does.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::event::Hash;
use shared::time::Timestamp;
use uuid::Uuid;

/// Room for a receipt, so that writing one down does not move it several times.
const JSON_BYTES: usize = 1_024;

/// Sixteen bytes.
pub fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

/// Sixteen bytes, or null.
pub fn uuid_or_null(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

/// Thirty-two bytes.
pub fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    row.get::<_, [u8; 32]>(column).map(Hash::from_bytes)
}

/// Milliseconds.
pub fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// Milliseconds, or null.
pub fn time_or_null(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// A number that is never negative.
pub fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// JSON text.
pub fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| misread(column, error))
}

/// JSON text, or null.
pub fn json_or_null<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| serde_json::from_str(text).map_err(|error| misread(column, error))).transpose()
}

/// Text that reads as something.
pub fn text<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get_ref(column)?.as_str()?.parse().map_err(|error| misread(column, error))
}

fn misread(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// A domain value as JSON text.
pub fn to_json<T: Serialize>(value: &T) -> String {
    let mut text = Vec::with_capacity(JSON_BYTES);
    serde_json::to_writer(&mut text, value).expect("domain values encode as JSON");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// A currency, a role or another word of a closed set, as its bare name.
pub fn to_word<T: Serialize>(value: &T) -> String {
    to_json(value).trim_matches('"').to_owned()
}

/// A word of a closed set, or null.
pub fn word_or_null<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    row.get_ref(column)?.as_str_or_null()?.map(|_| word(row, column)).transpose()
}

/// A word of a closed set, read back.
pub fn word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|error| misread(column, error))
}
