//! Which set of databases this is, and how often a server on it has beaten.

use sqlx::Row as _;

use super::database::Database;
use super::row::Row;
use super::sql::{Sql, query};
use super::{Result, Store, TenantTx};

/// A set of databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Sixteen random bytes, drawn when it was first served.
    pub name: [u8; 16],
    /// How often a server on it has beaten.
    pub beats: u64,
    /// Where PostgreSQL had it when it was first served, as [`Store::find_place`] said then.
    pub place: Option<String>,
}

impl Store {
    /// What this set of databases says it is; nothing before it was first served.
    pub async fn find_instance(&self) -> Result<Option<Instance>> {
        let row = query("SELECT name, beats, place FROM instance").fetch_optional(self.control().to_read()).await?;
        row.map(|row| instance(&row)).transpose()
    }

    /// Which database of which cluster this is, in numbers that a copy does not share. Nothing of files, which have their
    /// note beside them; nor where PostgreSQL keeps it to itself.
    pub async fn find_place(&self) -> Result<Option<String>> {
        let Database::Postgres(pool) = self.control() else { return Ok(None) };
        let place = sqlx::query(
            "SELECT system_identifier || '/' || oid AS place FROM pg_control_system(), pg_database
             WHERE datname = current_database()",
        );
        match place.fetch_one(pool).await {
            Ok(row) => Ok(Some(row.try_get("place")?)),
            // Some who run PostgreSQL for others let nobody ask.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// One beat more. Names the set if it has no name yet; answers what it is now.
    pub async fn beat(&self, name_if_new: [u8; 16]) -> Result<Instance> {
        query(
            "INSERT INTO instance (instance_id, name, beats) VALUES (1, $1, 1)
             ON CONFLICT (instance_id) DO UPDATE SET beats = instance.beats + 1",
        )
        .bind(name_if_new.as_slice())
        .execute(self.control().to_write())
        .await?;
        let row = query("SELECT name, beats, place FROM instance").fetch_one(self.control().to_write()).await?;
        let mut instance = instance(&row)?;
        if instance.place.is_none()
            && let Some(place) = self.find_place().await?
        {
            query("UPDATE instance SET place = $1 WHERE place IS NULL")
                .bind(&place)
                .execute(self.control().to_write())
                .await?;
            instance.place = Some(place);
        }
        Ok(instance)
    }

    /// Makes it another set, wherever it is now: what was noted of the one it is a copy of does not speak of it.
    pub async fn rename_instance(&self, name: [u8; 16]) -> Result<()> {
        query("UPDATE instance SET name = $1, place = NULL")
            .bind(name.as_slice())
            .execute(self.control().to_write())
            .await?;
        Ok(())
    }

    /// Ends everybody's session at head office: a backup must not let in who was signed in when it was taken.
    pub async fn end_sessions(&self) -> Result<()> {
        query("DELETE FROM admin_session").execute(self.control().to_write()).await?;
        Ok(())
    }
}

fn instance(row: &Row) -> Result<Instance> {
    Ok(Instance { name: row.bytes("name")?, beats: row.number("beats")?, place: row.maybe_text("place")? })
}

impl TenantTx {
    /// How often a server on this company's rows has beaten.
    pub async fn load_beats(&mut self) -> Result<u64> {
        let row = query("SELECT beats FROM pulse").fetch_optional(self.sql()).await?;
        row.map_or(Ok(0), |row| row.number("beats"))
    }

    /// One beat more; answers how many there are now.
    pub async fn beat(&mut self) -> Result<u64> {
        const BEAT: Sql = super::sql::upsert!(
            "INSERT INTO pulse (pulse_id, beats) VALUES (1, 1)",
            "pulse_id",
            "beats = pulse.beats + 1"
        );
        query(BEAT).execute(self.sql()).await?;
        self.load_beats().await
    }
}
