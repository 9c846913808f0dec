//! What a person should look at, and what was said of it.

use std::str::FromStr;

use shared::ids::{ChainId, VenueId};
use shared::time::Timestamp;

use super::row::Row;
use super::sql::query;
use super::{Place, Result, TenantTx};

/// Which flag: what it is of, and why. Unlike its number in the table it is the same after a restore and a recount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagId {
    /// The chain of the event.
    pub chain: ChainId,
    /// Where it stands there.
    pub place: Place,
    /// What is odd about it.
    pub code: String,
}

/// Something a person should look at, or did.
#[derive(Clone, Debug)]
pub struct FlagRow {
    /// Which.
    pub id: FlagId,
    /// Whose.
    pub device_name: String,
    /// When it was noticed.
    pub raised_at: Timestamp,
    /// What was said of it.
    pub settlement: Option<Settlement>,
}

/// Somebody looked, and it is dealt with.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// When.
    pub at: Timestamp,
    /// Who, at head office.
    pub by: String,
    /// What they wrote.
    pub note: String,
}

/// Text that names no flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a flag's name")]
pub struct NoFlagId;

impl std::fmt::Display for FlagId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.chain, self.place.branch, self.place.seq, self.code)
    }
}

impl FromStr for FlagId {
    type Err = NoFlagId;

    fn from_str(text: &str) -> std::result::Result<Self, NoFlagId> {
        let parts: Vec<_> = text.splitn(4, '.').collect();
        let [chain, branch, seq, code] = parts[..] else { return Err(NoFlagId) };
        let chain = chain.parse().map_err(|_| NoFlagId)?;
        let branch = branch.parse().map_err(|_| NoFlagId)?;
        // A database counts to half of what a u64 does.
        let seq = seq.parse().ok().filter(|seq| i64::try_from(*seq).is_ok()).ok_or(NoFlagId)?;
        Ok(Self { chain, place: Place { branch, seq }, code: code.to_owned() })
    }
}

/// Flags with what was said of them.
macro_rules! flag_query {
    ($which:literal) => {
        concat!(
            "SELECT flag.chain, flag.branch, flag.seq, flag.code, flag.raised_at,
               coalesce(device.name, '') AS device_name, said.settled_at, said.settled_by, said.note
             FROM flag LEFT JOIN device USING (device_id)
             LEFT JOIN flag_settlement said ON said.chain = flag.chain AND said.branch = flag.branch
               AND said.seq = flag.seq AND said.code = flag.code ",
            $which
        )
    };
}

impl TenantTx {
    /// The newest flags nobody settled, of one venue's tills or of all.
    pub async fn list_open_flags(&mut self, venue: Option<VenueId>, limit: u16) -> Result<Vec<FlagRow>> {
        const OPEN: &str = flag_query!(
            "WHERE said.settled_at IS NULL AND ($2 IS NULL OR device.venue_id = $2) ORDER BY flag_id DESC LIMIT $1"
        );
        let rows = query(OPEN).bind(i64::from(limit)).bind(venue).fetch_all(self.sql()).await?;
        each_once(&rows)
    }

    /// The flags settled last, of one venue's tills or of all.
    pub async fn list_settled_flags(&mut self, venue: Option<VenueId>, limit: u16) -> Result<Vec<FlagRow>> {
        const SETTLED: &str = flag_query!(
            "WHERE said.settled_at IS NOT NULL AND ($2 IS NULL OR device.venue_id = $2)
             ORDER BY said.settled_at DESC, flag_id DESC LIMIT $1"
        );
        let rows = query(SETTLED).bind(i64::from(limit)).bind(venue).fetch_all(self.sql()).await?;
        each_once(&rows)
    }

    /// One flag. What was raised twice for the same reason is one.
    pub async fn find_flag(&mut self, id: &FlagId) -> Result<Option<FlagRow>> {
        const ONE: &str = flag_query!(
            "WHERE flag.chain = $1 AND flag.branch = $2 AND flag.seq = $3 AND flag.code = $4
             ORDER BY flag_id LIMIT 1"
        );
        let row = query(ONE)
            .bind(id.chain)
            .bind(i64::from(id.place.branch))
            .bind(id.place.seq.cast_signed())
            .bind(&id.code)
            .fetch_optional(self.sql())
            .await?;
        row.as_ref().map(flag_row).transpose()
    }

    /// Notes that a flag is dealt with. `false` when that was said before: the first word stands.
    pub async fn settle_flag(&mut self, id: &FlagId, said: &Settlement) -> Result<bool> {
        let inserted = query(
            "INSERT INTO flag_settlement (chain, branch, seq, code, settled_at, settled_by, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(id.chain)
        .bind(i64::from(id.place.branch))
        .bind(id.place.seq.cast_signed())
        .bind(&id.code)
        .bind(said.at)
        .bind(&said.by)
        .bind(&said.note)
        .execute(self.sql())
        .await?;
        Ok(inserted == 1)
    }
}

/// What was raised twice for the same reason is one.
fn each_once(rows: &[Row]) -> Result<Vec<FlagRow>> {
    let mut flags: Vec<FlagRow> = Vec::with_capacity(rows.len());
    for row in rows {
        let flag = flag_row(row)?;
        if flags.iter().all(|known| known.id != flag.id) {
            flags.push(flag);
        }
    }
    Ok(flags)
}

fn flag_row(row: &Row) -> Result<FlagRow> {
    let place = Place { branch: row.number("branch")?, seq: row.number("seq")? };
    let id = FlagId { chain: row.id("chain")?, place, code: row.text("code")? };
    let settlement = match row.maybe_time("settled_at")? {
        Some(at) => Some(Settlement { at, by: row.text("settled_by")?, note: row.text("note")? }),
        None => None,
    };
    Ok(FlagRow { id, device_name: row.text("device_name")?, raised_at: row.time("raised_at")?, settlement })
}
