//! The way of events into the database, made for many at once: what is known of what they name, and the rows they come
//! to, in as few statements as there are tables.

use std::collections::{HashMap, HashSet};

use shared::event::{ChainHead, Hash, Origin, TicketRedeemed};
use shared::ids::{ChainId, DeviceId, ProductId, RedemptionId, SessionId, StaffId, VenueId};
use shared::staff::StaffMember;
use shared::sync::ingest::{BranchHead, Held, KnownChain};
use shared::time::Timestamp;

use super::catalog::staff_row;
use super::row::Id;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query};
use super::{Place, Result, StoreError, TenantTx};

/// A redemption to be counted.
pub struct NewRedemption<'a> {
    /// What was handed over.
    pub fact: &'a TicketRedeemed,
    /// By whom.
    pub staff_id: Option<StaffId>,
    /// The event.
    pub cause: Hash,
    /// The last day of its ticket, if it can be believed: days since 1970-01-01.
    pub valid_until: Option<i64>,
}

/// A flag to be raised.
pub struct NewFlag<'a> {
    /// The event's chain.
    pub chain: ChainId,
    /// Where it stands there.
    pub place: Place,
    /// Why.
    pub code: &'a str,
}

/// A place in a transaction to come back to. The last one taken is the first given back.
#[must_use]
pub struct Savepoint {
    news: usize,
}

/// A list of ids as one value, which either database takes apart.
pub(super) fn ids<T: Id>(ids: impl IntoIterator<Item = T>) -> Option<String> {
    let mut text = String::from("[");
    for id in ids {
        text.push_str(if text.len() > 1 { ",\"" } else { "\"" });
        text.push_str(id.uuid().simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
        text.push('"');
    }
    text.push(']');
    (text.len() > 2).then_some(text)
}

/// A question about ids in a list. PostgreSQL is made to look each up by itself: planned while the table was small, any
/// other way is to read all the company has, and that plan would be kept while the night's sales come in.
macro_rules! among {
    ($select:literal, $column:literal) => {
        Sql {
            sqlite: concat!($select, " WHERE ", $column, " IN (SELECT unhex(value) FROM json_each($1))"),
            postgres: concat!(
                "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL (",
                $select,
                " WHERE ",
                $column,
                " = wanted.id::uuid OFFSET 0) AS found"
            ),
        }
    };
}
pub(super) use among;

impl TenantTx {
    /// What is held of a chain, all its branches.
    pub async fn load_known_chain(&mut self, chain: ChainId) -> Result<Option<KnownChain>> {
        let rows = query(
            "SELECT 0 AS branch, 0 AS parent, 0 AS forked_after, head_seq, head_hash, device_id, venue_id
             FROM chain WHERE chain = $1
             UNION ALL
             SELECT b.branch, b.parent, b.forked_after, b.head_seq, b.head_hash, c.device_id, c.venue_id
             FROM branch b JOIN chain c ON c.chain = b.chain WHERE b.chain = $1",
        )
        .bind(chain)
        .fetch_all(self.sql())
        .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let (device, venue) = (first.id("device_id")?, first.id("venue_id")?);
        let origin = Origin { tenant: self.tenant_id, venue, device };
        let mut branches = rows
            .iter()
            .map(|row| {
                Ok(BranchHead {
                    branch: row.number("branch")?,
                    parent: row.number("parent")?,
                    forked_after: row.number("forked_after")?,
                    head: ChainHead { chain, seq: row.number("head_seq")?, hash: row.hash("head_hash")? },
                })
            })
            .collect::<Result<Vec<_>>>()?;
        branches.sort_by_key(|branch| branch.branch);
        Ok(Some(KnownChain { origin, branches }))
    }

    /// The events held under these numbers, on all branches.
    pub async fn list_held(&mut self, chain: ChainId, (first, last): (u64, u64)) -> Result<Vec<Held>> {
        let rows = query("SELECT branch, seq, hash FROM event WHERE chain = $1 AND seq BETWEEN $2 AND $3")
            .bind(chain)
            .bind(first.cast_signed())
            .bind(last.cast_signed())
            .fetch_all(self.sql())
            .await?;
        let held = |row: &super::row::Row| {
            Ok(Held { branch: row.number("branch")?, seq: row.number("seq")?, hash: row.hash("hash")? })
        };
        rows.iter().map(held).collect()
    }

    /// Which of these products the catalogue ever had.
    pub async fn known_products(&mut self, products: HashSet<ProductId>) -> Result<HashSet<ProductId>> {
        self.known(among!("SELECT product_id AS id FROM product", "product_id"), ids(products)).await
    }

    /// Those of these people whom head office knows.
    pub async fn known_staff(&mut self, staff: HashSet<StaffId>) -> Result<HashMap<StaffId, StaffMember>> {
        let Some(list) = ids(staff) else { return Ok(HashMap::new()) };
        let rows = query(among!("SELECT * FROM staff", "staff_id")).bind(list).fetch_all(self.sql()).await?;
        rows.iter().map(|row| staff_row(row).map(|member| (member.staff_id, member))).collect()
    }

    /// Which of these redemptions are counted.
    pub async fn known_redemptions(&mut self, redemptions: Vec<RedemptionId>) -> Result<HashSet<RedemptionId>> {
        self.known(among!("SELECT redemption_id AS id FROM redemption", "redemption_id"), ids(redemptions)).await
    }

    pub(super) async fn known<T: Id + Eq + std::hash::Hash>(
        &mut self,
        sql: Sql,
        list: Option<String>,
    ) -> Result<HashSet<T>> {
        let Some(list) = list else { return Ok(HashSet::new()) };
        let rows = query(sql).bind(list).fetch_all(self.sql()).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Which of these sessions were heard of, and whether each is open.
    pub async fn known_sessions(&mut self, sessions: HashSet<SessionId>) -> Result<HashMap<SessionId, bool>> {
        let Some(list) = ids(sessions) else { return Ok(HashMap::new()) };
        let sql = among!("SELECT session_id, closed_at FROM register_session", "session_id");
        let rows = query(sql).bind(list).fetch_all(self.sql()).await?;
        rows.iter().map(|row| Ok((row.id("session_id")?, row.maybe_time("closed_at")?.is_none()))).collect()
    }

    /// Counts redemptions that are not counted yet.
    pub async fn insert_redemptions(
        &mut self,
        new: &[NewRedemption<'_>],
        (device_id, venue_id): (DeviceId, VenueId),
    ) -> Result<()> {
        use Kind::{Bytes, Int, Text, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO redemption (redemption_id, ticket_id, device_id, venue_id, staff_id, business_date,
               redeemed_at, lines, cause, valid_until, is_promised)",
            &[Uuid, Text, Uuid, Uuid, Uuid, Int, Int, Text, Bytes, Int, Int],
            "",
        );
        for NewRedemption { fact, staff_id, cause, valid_until } in new {
            let lines = serde_json::to_string(&fact.lines).map_err(|_| StoreError::Corrupt("projection"))?;
            rows.push([
                fact.redemption_id.value(),
                fact.ticket_id.to_string().value(),
                device_id.value(),
                venue_id.value(),
                staff_id.value(),
                i64::from(fact.business_date.days()).value(),
                fact.redeemed_at.value(),
                lines.value(),
                cause.value(),
                valid_until.value(),
                i64::from(fact.unheard.is_none()).value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// Raises flags, in order.
    pub async fn insert_flags(&mut self, device_id: DeviceId, flags: &[NewFlag<'_>], now: Timestamp) -> Result<()> {
        use Kind::{Int, Text, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO flag (device_id, chain, branch, seq, code, raised_at)",
            &[Uuid, Uuid, Int, Int, Text, Int],
            "",
        );
        for NewFlag { chain, place, code } in flags {
            rows.push([
                device_id.value(),
                chain.value(),
                i64::from(place.branch).value(),
                place.seq.cast_signed().value(),
                (*code).value(),
                now.value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// A place to come back to, within the transaction.
    pub async fn savepoint(&mut self) -> Result<Savepoint> {
        query("SAVEPOINT here").execute(self.sql()).await?;
        Ok(Savepoint { news: self.news.len() })
    }

    /// Keeps what was done since the last place.
    pub async fn release(&mut self, _: Savepoint) -> Result<()> {
        query("RELEASE SAVEPOINT here").execute(self.sql()).await?;
        Ok(())
    }

    /// Undoes what was done since the last place, which is gone then too.
    pub async fn roll_back(&mut self, savepoint: Savepoint) -> Result<()> {
        query("ROLLBACK TO SAVEPOINT here").execute(self.sql()).await?;
        self.news.truncate(savepoint.news);
        self.release(savepoint).await
    }
}

impl StoreError {
    /// Whether the database refused what was to be written, and would take something else: not that it is full, busy,
    /// broken or gone.
    pub fn is_of_a_row(&self) -> bool {
        let error = match self {
            Self::Sql(error) => error,
            Self::Corrupt(_) | Self::Taken(_) | Self::Dangling => return true,
            _ => return false,
        };
        let Some(database) = error.as_database_error() else { return false };
        let code = database.code().unwrap_or_default();
        if database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
            // Data that cannot be, constraints, and what a trigger raises.
            return ["22", "23", "P0"].iter().any(|class| code.starts_with(class));
        }
        // The low byte is the primary code: too big, constraint, mismatch.
        code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
    }
}
