//! What became of tickets: handed over, taken back, withdrawn.

use std::collections::{HashMap, HashSet};

use shared::event::{Hash, RedemptionUndone, TicketVoided};
use shared::ids::{DeviceId, RedemptionId, StaffId, VenueId};
use shared::sync::redeem::TicketUse;
use shared::ticket::{HandOver, RedeemedLine, TicketId, TicketLine};
use shared::time::Timestamp;

use super::row::Row;
use super::sql::{Sql, query, upsert};
use super::{Result, StoreError, TenantTx};

/// Everything known of a ticket.
#[derive(Clone, Debug, Default)]
pub struct TicketPast {
    /// What was handed over by anyone, also what was taken back.
    pub uses: Vec<TicketUse>,
    /// What was taken back, also what nobody has heard of yet.
    pub undone: HashSet<RedemptionId>,
    /// Of what was handed over, what the server had said yes to.
    pub agreed: HashSet<RedemptionId>,
    /// When it was withdrawn, if it was.
    pub voided_at: Option<Timestamp>,
    /// What it promises, if something went wrong with it before.
    pub suspect: Option<Vec<TicketLine>>,
    /// What tills were told they may hand over, and have not said yet that they did.
    pub promised: Vec<TicketUse>,
    /// When the till of a promise last said, after it, that everything it wrote is here.
    pub all_sent: HashMap<RedemptionId, Timestamp>,
}

impl TicketPast {
    /// What counts.
    pub fn counted(&self) -> impl Iterator<Item = &TicketUse> {
        self.uses.iter().filter(|one| !self.undone.contains(&one.redemption_id))
    }

    /// What counts, for whoever asks what went wrong.
    pub fn hand_overs(&self) -> Vec<HandOver> {
        let hand_over = |one: &TicketUse| HandOver {
            redemption_id: one.redemption_id,
            at: one.at,
            is_promised: self.agreed.contains(&one.redemption_id),
            lines: one.lines.clone(),
        };
        self.counted().map(hand_over).collect()
    }

    /// What counts, and what is promised.
    pub fn counted_or_promised(&self) -> impl Iterator<Item = &TicketUse> {
        let is_open = |one: &&TicketUse| !self.undone.contains(&one.redemption_id);
        self.counted().chain(self.promised.iter().filter(is_open))
    }

    /// A promise is kept: its hand-over is here. Whether exactly what was promised was handed over.
    pub fn keep_promise(&mut self, redemption_id: RedemptionId, lines: &[RedeemedLine]) -> bool {
        let place = self.promised.iter().position(|one| one.redemption_id == redemption_id);
        place.is_some_and(|place| self.promised.remove(place).lines == lines)
    }

    /// One use of it, by its id.
    pub fn find(&self, redemption_id: RedemptionId) -> Option<&TicketUse> {
        self.uses.iter().find(|one| one.redemption_id == redemption_id)
    }
}

/// Where something about a ticket was done, by whom, and the event that tells.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    /// The machine.
    pub device_id: DeviceId,
    /// Where it stood.
    pub venue_id: VenueId,
    /// The person.
    pub staff_id: Option<StaffId>,
    /// The event.
    pub cause: Hash,
}

fn claimed_use(row: &Row) -> Result<TicketUse> {
    Ok(TicketUse {
        redemption_id: row.id("redemption_id")?,
        device_id: row.id("device_id")?,
        staff_id: row.maybe_id("staff_id")?,
        at: row.time("asked_at")?,
        lines: row.json("lines")?,
        is_pending: true,
    })
}

pub(super) fn ticket_id(row: &Row) -> Result<TicketId> {
    row.text("ticket_id")?.parse().map_err(|_| StoreError::Corrupt("ticket_id"))
}

impl TenantTx {
    /// What is known of these tickets.
    pub async fn past_of(&mut self, tickets: HashSet<TicketId>) -> Result<HashMap<TicketId, TicketPast>> {
        const USES: Sql = Sql {
            sqlite:
                "SELECT ticket_id, redemption_id, device_id, staff_id, redeemed_at, lines, is_promised FROM redemption
                WHERE ticket_id IN (SELECT value FROM json_each($1)) ORDER BY redeemed_at, redemption_id",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                (SELECT ticket_id, redemption_id, device_id, staff_id, redeemed_at, lines, is_promised FROM redemption
                 WHERE ticket_id = wanted.id OFFSET 0) AS found ORDER BY redeemed_at, redemption_id",
        };
        const TAKEN_BACK: Sql = Sql {
            sqlite: "SELECT ticket_id, redemption_id, NULL AS voided_at, NULL AS sold FROM redemption_undo
                WHERE ticket_id IN (SELECT value FROM json_each($1))
                UNION ALL SELECT ticket_id, NULL, voided_at, NULL FROM ticket_void
                WHERE ticket_id IN (SELECT value FROM json_each($1))
                UNION ALL SELECT ticket_id, NULL, NULL, sold FROM incident
                WHERE ticket_id IN (SELECT value FROM json_each($1))",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                ((SELECT ticket_id, redemption_id, NULL::bigint AS voided_at, NULL::text AS sold FROM redemption_undo
                  WHERE ticket_id = wanted.id OFFSET 0)
                 UNION ALL (SELECT ticket_id, NULL, voided_at, NULL FROM ticket_void
                  WHERE ticket_id = wanted.id OFFSET 0)
                 UNION ALL (SELECT ticket_id, NULL, NULL, sold FROM incident
                  WHERE ticket_id = wanted.id OFFSET 0)) AS found",
        };
        const PROMISED: Sql = Sql {
            sqlite: "SELECT ticket_id, redemption_id, device_id, staff_id, asked_at, lines,
                  (SELECT all_sent_at FROM device WHERE device.device_id = claim.device_id) AS all_sent_at FROM claim
                WHERE ticket_id IN (SELECT value FROM json_each($1)) AND is_accepted = 1 AND withdrawn_after IS NULL
                ORDER BY asked_at, redemption_id",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                (SELECT ticket_id, redemption_id, device_id, staff_id, asked_at, lines,
                   (SELECT all_sent_at FROM device WHERE device.device_id = claim.device_id) AS all_sent_at FROM claim
                 WHERE ticket_id = wanted.id AND is_accepted = 1 AND withdrawn_after IS NULL OFFSET 0) AS found
                ORDER BY asked_at, redemption_id",
        };
        let mut past: HashMap<TicketId, TicketPast> = HashMap::new();
        if tickets.is_empty() {
            return Ok(past);
        }
        let list = serde_json::to_string(&tickets.iter().collect::<Vec<_>>()).map_err(|_| StoreError::Corrupt("id"))?;
        for row in query(USES).bind(list.clone()).fetch_all(self.sql()).await? {
            let (past, redemption_id) = (past.entry(ticket_id(&row)?).or_default(), row.id("redemption_id")?);
            if row.int("is_promised")? != 0 {
                past.agreed.insert(redemption_id);
            }
            past.uses.push(TicketUse {
                redemption_id,
                device_id: row.id("device_id")?,
                staff_id: row.maybe_id("staff_id")?,
                at: row.time("redeemed_at")?,
                lines: row.json("lines")?,
                is_pending: false,
            });
        }
        for row in query(PROMISED).bind(list.clone()).fetch_all(self.sql()).await? {
            let promised = claimed_use(&row)?;
            let past = past.entry(ticket_id(&row)?).or_default();
            if past.find(promised.redemption_id).is_none() {
                past.all_sent.extend(row.maybe_time("all_sent_at")?.map(|at| (promised.redemption_id, at)));
                past.promised.push(promised);
            }
        }
        for row in query(TAKEN_BACK).bind(list).fetch_all(self.sql()).await? {
            let past = past.entry(ticket_id(&row)?).or_default();
            past.undone.extend(row.maybe_id::<RedemptionId>("redemption_id")?);
            past.voided_at = row.maybe_time("voided_at")?.or(past.voided_at);
            if let Some(sold) = row.maybe_text("sold")? {
                past.suspect = Some(serde_json::from_str(&sold).map_err(|_| StoreError::Corrupt("sold"))?);
            }
        }
        Ok(past)
    }

    /// Counts a hand-over as taken back.
    pub async fn insert_undo(&mut self, undone: &RedemptionUndone, deed: &Deed) -> Result<()> {
        query(
            "INSERT INTO redemption_undo (redemption_id, ticket_id, device_id, venue_id, staff_id, undone_at, cause)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(undone.redemption_id)
        .bind(undone.ticket_id.to_string())
        .bind(deed.device_id)
        .bind(deed.venue_id)
        .bind(deed.staff_id)
        .bind(undone.undone_at)
        .bind(deed.cause)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Counts a ticket as withdrawn. Of several withdrawals the first stands, whichever was heard of first; tills are told
    /// to forget it where they were told of it.
    pub async fn insert_void(&mut self, voided: &TicketVoided, deed: &Deed, valid_until: Option<i64>) -> Result<()> {
        query(upsert!(
            "INSERT INTO ticket_void (ticket_id, device_id, venue_id, staff_id, voided_at, reason, cause, valid_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            "ticket_id",
            "device_id = excluded.device_id, staff_id = excluded.staff_id, voided_at = excluded.voided_at,
               reason = excluded.reason, cause = excluded.cause
             WHERE (excluded.voided_at, excluded.cause) < (ticket_void.voided_at, ticket_void.cause)"
        ))
        .bind(voided.ticket_id.to_string())
        .bind(deed.device_id)
        .bind(deed.venue_id)
        .bind(deed.staff_id)
        .bind(voided.voided_at)
        .bind(&voided.reason)
        .bind(deed.cause)
        .bind(valid_until)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Where a hand-over was taken back, if it was.
    pub async fn find_undo_venue(&mut self, redemption_id: RedemptionId) -> Result<Option<VenueId>> {
        let row = query("SELECT venue_id FROM redemption_undo WHERE redemption_id = $1")
            .bind(redemption_id)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| row.id("venue_id")).transpose()
    }

    /// Notes the moment at which withdrawals that are new were heard of, about.
    pub async fn note_voids_heard(&mut self, now: Timestamp) -> Result<()> {
        query("UPDATE ticket_void SET heard_at = $1 WHERE heard_at IS NULL AND forgotten_at IS NULL")
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// Withdrawals heard of before a moment, of tickets that were over before a day; those that tills were not yet told
    /// to forget. Of a ticket nobody could read, a year later.
    pub async fn list_voids_over(
        &mut self,
        (heard_before, over_before): (Timestamp, i64),
        limit: i64,
    ) -> Result<Vec<(TicketId, VenueId)>> {
        let rows = query(
            "SELECT ticket_id, venue_id FROM ticket_void
             WHERE forgotten_at IS NULL AND heard_at < $1 AND coalesce(valid_until, heard_at / 86400000 + 365) < $2
             ORDER BY heard_at, ticket_id LIMIT $3",
        )
        .bind(heard_before)
        .bind(over_before)
        .bind(limit)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| Ok((ticket_id(row)?, row.id("venue_id")?))).collect()
    }

    /// Notes that tills were told to forget one.
    pub async fn note_void_forgotten(&mut self, ticket_id: TicketId, now: Timestamp) -> Result<()> {
        query("UPDATE ticket_void SET forgotten_at = $2 WHERE ticket_id = $1")
            .bind(ticket_id.to_string())
            .bind(now)
            .execute(self.sql())
            .await?;
        Ok(())
    }
}
