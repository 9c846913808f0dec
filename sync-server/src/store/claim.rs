//! What tills asked before they handed over, and what they were told.

use std::collections::HashMap;

use shared::ids::{RedemptionId, VenueId};
use shared::sync::redeem::{RedeemDecision, TicketUse};
use shared::ticket::TicketId;

use super::ingest::{among, ids};
use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query};
use super::ticket::ticket_id;
use super::{Result, StoreError, TenantTx};

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRow {
    /// About which ticket.
    pub ticket_id: TicketId,
    /// Where the till stood.
    pub venue_id: VenueId,
    /// What it asked to hand over, by whom, and when.
    pub asked: TicketUse,
    /// What it was told.
    pub decision: RedeemDecision,
    /// It said later that it never handed over.
    pub is_withdrawn: bool,
}

impl ClaimRow {
    /// Whether it was told that it may.
    pub fn is_accepted(&self) -> bool {
        self.decision == RedeemDecision::Accepted
    }
}

fn claim_row(row: &Row) -> Result<ClaimRow> {
    let asked = TicketUse {
        redemption_id: row.id("redemption_id")?,
        device_id: row.id("device_id")?,
        staff_id: row.maybe_id("staff_id")?,
        at: row.time("asked_at")?,
        lines: row.json("lines")?,
        is_pending: true,
    };
    let is_withdrawn = row.maybe_text("withdrawn_after")?.is_some();
    let (ticket_id, venue_id, decision) = (ticket_id(row)?, row.id("venue_id")?, row.json("decision")?);
    Ok(ClaimRow { ticket_id, venue_id, asked, decision, is_withdrawn })
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("claim"))
}

impl TenantTx {
    /// Names the batch that was counted last, so that what is decided now has its place among them.
    pub async fn last_turn(&mut self) -> Result<String> {
        let row = query("SELECT chain, branch, first_seq, is_replay FROM turn ORDER BY turn DESC LIMIT 1")
            .fetch_optional(self.sql())
            .await?;
        let Some(row) = row else { return Ok(String::new()) };
        let chain: shared::ids::ChainId = row.id("chain")?;
        Ok(turn_name(chain, row.number("branch")?, row.number("first_seq")?, row.flag("is_replay")?))
    }

    /// What was answered to these questions.
    pub async fn known_claims(&mut self, questions: Vec<RedemptionId>) -> Result<HashMap<RedemptionId, ClaimRow>> {
        let Some(list) = ids(questions) else { return Ok(HashMap::new()) };
        let rows = query(among!("SELECT * FROM claim", "redemption_id")).bind(list).fetch_all(self.sql()).await?;
        rows.iter().map(|row| claim_row(row).map(|claim| (claim.asked.redemption_id, claim))).collect()
    }

    /// Keeps answers for ever.
    pub async fn insert_claims(&mut self, claims: &[ClaimRow], after: &str) -> Result<()> {
        use Kind::{Int, Text, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO claim (redemption_id, ticket_id, device_id, venue_id, staff_id, asked_at, lines, decision,
               is_accepted, decided_after)",
            &[Uuid, Text, Uuid, Uuid, Uuid, Int, Text, Text, Int, Text],
            "",
        );
        for claim in claims {
            rows.push([
                claim.asked.redemption_id.value(),
                claim.ticket_id.to_string().value(),
                claim.asked.device_id.value(),
                claim.venue_id.value(),
                claim.asked.staff_id.value(),
                claim.asked.at.value(),
                json(&claim.asked.lines)?.value(),
                json(&claim.decision)?.value(),
                i64::from(claim.is_accepted()).value(),
                after.value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// Notes that a till never handed over what it was promised.
    pub async fn withdraw_claim(&mut self, redemption_id: RedemptionId, after: &str) -> Result<()> {
        query("UPDATE claim SET withdrawn_after = $2 WHERE redemption_id = $1 AND withdrawn_after IS NULL")
            .bind(redemption_id)
            .bind(after)
            .execute(self.sql())
            .await?;
        Ok(())
    }

    /// What was promised right after a batch was counted.
    pub async fn list_claims_after(&mut self, turn: &str) -> Result<Vec<ClaimRow>> {
        let rows = query("SELECT * FROM claim WHERE decided_after = $1 AND is_accepted = 1 ORDER BY redemption_id")
            .bind(turn)
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(claim_row).collect()
    }

    /// What was withdrawn right after a batch was counted.
    pub async fn list_withdrawn_after(&mut self, turn: &str) -> Result<Vec<RedemptionId>> {
        let rows = query("SELECT redemption_id FROM claim WHERE withdrawn_after = $1")
            .bind(turn)
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(|row| row.id("redemption_id")).collect()
    }
}

/// A batch's name: unlike its number, the same in every copy of the database.
pub fn turn_name(chain: shared::ids::ChainId, branch: u32, first_seq: u64, is_replay: bool) -> String {
    format!("{chain}.{branch}.{first_seq}.{}", u8::from(is_replay))
}
