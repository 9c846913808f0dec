//! Which set of databases this is, and how often a server on it has beaten.

use super::sql::{Sql, query};
use super::{Result, Store, TenantTx};

/// A set of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Sixteen random bytes, drawn when it was first served.
    pub name: [u8; 16],
    /// How often a server on it has beaten.
    pub beats: u64,
}

impl Store {
    /// What this set of databases says it is; nothing before it was first served.
    pub async fn find_instance(&self) -> Result<Option<Instance>> {
        let row = query("SELECT name, beats FROM instance").fetch_optional(self.control().to_read()).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Instance { name: row.bytes("name")?, beats: row.number("beats")? }))
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
        let row = query("SELECT name, beats FROM instance").fetch_one(self.control().to_write()).await?;
        Ok(Instance { name: row.bytes("name")?, beats: row.number("beats")? })
    }

    /// Makes it another set: what was noted of the one it is a copy of does not speak of it.
    pub async fn rename_instance(&self, name: [u8; 16]) -> Result<()> {
        query("UPDATE instance SET name = $1").bind(name.as_slice()).execute(self.control().to_write()).await?;
        Ok(())
    }

    /// Ends everybody's session at head office: a backup must not let in who was signed in when it was taken.
    pub async fn end_sessions(&self) -> Result<()> {
        query("DELETE FROM admin_session").execute(self.control().to_write()).await?;
        Ok(())
    }
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
