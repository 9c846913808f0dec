//! Card payments, as far as tills have told: how each stands, and which a person should look at.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use shared::event::CardRequested;
use shared::ids::{DeviceId, PaymentId, SaleId, StaffId, VenueId};
use shared::tender::{CardPayment, CardState, OpenReason, ReturnWay, TerminalReport};
use shared::time::Timestamp;

use super::ingest::{among, ids};
use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query};
use super::{Result, StoreError, TenantTx};

/// A payment, and what else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRow {
    /// How it stands.
    pub payment: CardPayment,
    /// A sale was paid with it.
    pub is_counted: bool,
    /// Who was signed in when the terminal was asked.
    pub asked_by: Option<StaffId>,
    /// Who said how it ended, where a person did.
    pub settled: Option<SettledCard>,
}

/// A person's word on a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledCard {
    /// Who.
    pub by: Option<StaffId>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub note: Option<String>,
}

/// A payment that a person should look at.
#[derive(Clone, Debug)]
pub struct OpenCardRow {
    /// The payment.
    pub card: CardRow,
    /// Why.
    pub reason: OpenReason,
    /// Which terminal was asked.
    pub terminal: String,
    /// Whose till.
    pub device_id: DeviceId,
    /// What it is called.
    pub device_name: String,
    /// Its sale was finished without it.
    pub is_sale_finished: bool,
}

/// What a row says besides its columns.
#[derive(Serialize, Deserialize)]
struct Told {
    #[serde(flatten)]
    state: CardState,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_manual: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    denied: Option<TerminalReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    void_refused: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<ReturnWay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_by: Option<StaffId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled: Option<SettledCard>,
}

impl CardRow {
    /// Just asked for.
    pub fn of(requested: &CardRequested, asked_by: Option<StaffId>) -> Self {
        let CardRequested { payment_id, sale_id, amount_minor, ticket_no, requested_at, .. } = requested;
        let payment = CardPayment::new(*payment_id, *sale_id, *amount_minor, ticket_no.clone(), *requested_at);
        Self { payment, is_counted: false, asked_by, settled: None }
    }

    /// Why a person should look at it, if they should.
    pub fn open_reason(&self) -> Option<OpenReason> {
        self.payment.open_reason(self.is_counted)
    }

    fn told(&self) -> Result<String> {
        let CardPayment { state, is_manual, denied, void_refused, returned, .. } = self.payment.clone();
        let (asked_by, settled) = (self.asked_by, self.settled.clone());
        let told = Told { state, is_manual, denied, void_refused, returned, asked_by, settled };
        serde_json::to_string(&told).map_err(|_| StoreError::Corrupt("report"))
    }

    /// How it stands, in a word.
    pub fn says(&self) -> &'static str {
        match self.payment.state {
            CardState::Created | CardState::Ready | CardState::InProgress { .. } => "requested",
            CardState::Approved { .. } => "approved",
            CardState::Declined { .. } => "declined",
            CardState::NotStarted { .. } => "not_started",
            CardState::Uncertain => "uncertain",
            CardState::Voiding { .. } => "voiding",
            CardState::Voided { .. } => "voided",
        }
    }

    fn read(row: &Row) -> Result<Self> {
        let (payment_id, sale_id) = (row.id("payment_id")?, row.id::<SaleId>("sale_id")?);
        let (amount_minor, at) = (row.int("amount_minor")?, row.time("requested_at")?);
        let new = CardPayment::new(payment_id, sale_id, amount_minor, row.text("ticket_no")?, at);
        let Told { state, is_manual, denied, void_refused, returned, asked_by, settled } = row.json("report")?;
        let payment = CardPayment { state, is_manual, denied, void_refused, returned, ..new };
        Ok(Self { payment, is_counted: row.int("is_counted")? != 0, asked_by, settled })
    }
}

fn word(reason: OpenReason) -> &'static str {
    match reason {
        OpenReason::InDoubt => "in_doubt",
        OpenReason::VoidInDoubt => "void_in_doubt",
        OpenReason::Contradicted => "contradicted",
        OpenReason::NotCounted => "not_counted",
    }
}

impl TenantTx {
    /// Those of these payments that were heard of.
    pub async fn known_cards(&mut self, payments: HashSet<PaymentId>) -> Result<HashMap<PaymentId, CardRow>> {
        let Some(list) = ids(payments) else { return Ok(HashMap::new()) };
        let sql = among!(
            "SELECT payment_id, sale_id, amount_minor, ticket_no, requested_at, report, is_counted FROM card_payment",
            "payment_id"
        );
        let rows = query(sql).bind(list).fetch_all(self.sql()).await?;
        rows.iter().map(|row| CardRow::read(row).map(|card| (card.payment.payment_id, card))).collect()
    }

    /// Counts requests for money that are not counted yet, with what is known of each by now.
    pub async fn insert_card_payments(
        &mut self,
        new: &[(&CardRequested, &CardRow)],
        device_id: DeviceId,
    ) -> Result<()> {
        use Kind::{Int, Text, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO card_payment (payment_id, sale_id, device_id, terminal, amount_minor, ticket_no, requested_at,
               says, report, is_counted, open_reason)",
            &[Uuid, Uuid, Uuid, Text, Int, Text, Int, Text, Text, Int, Text],
            "",
        );
        for (requested, card) in new {
            rows.push([
                requested.payment_id.value(),
                requested.sale_id.value(),
                device_id.value(),
                requested.terminal.as_str().value(),
                requested.amount_minor.value(),
                requested.ticket_no.as_str().value(),
                requested.requested_at.value(),
                card.says().value(),
                card.told()?.value(),
                i64::from(card.is_counted).value(),
                card.open_reason().map(word).value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// Notes how a payment stands now.
    pub async fn update_card_payment(&mut self, card: &CardRow) -> Result<()> {
        query(
            "UPDATE card_payment SET says = $2, report = $3, is_counted = $4, open_reason = $5 WHERE payment_id = $1",
        )
        .bind(card.payment.payment_id)
        .bind(card.says())
        .bind(card.told()?)
        .bind(i64::from(card.is_counted))
        .bind(card.open_reason().map(word))
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// The payments of one venue's tills, or of all, that a person should look at, oldest first. One that was approved
    /// after `since` may still be on its way into its sale, unless that is finished.
    pub async fn list_open_cards(
        &mut self,
        venue: Option<VenueId>,
        since: Timestamp,
        limit: u16,
    ) -> Result<Vec<OpenCardRow>> {
        let rows = query(
            "SELECT * FROM (
               SELECT c.payment_id, c.sale_id, c.device_id, c.terminal, c.amount_minor, c.ticket_no, c.requested_at,
                 c.report, c.is_counted, c.open_reason, coalesce(device.name, '') AS device_name,
                 (SELECT count(*) FROM sale WHERE sale.sale_id = c.sale_id) AS finished
               FROM card_payment c LEFT JOIN device USING (device_id)
               WHERE c.open_reason IS NOT NULL AND ($2 IS NULL OR device.venue_id = $2)
             ) open
             WHERE open_reason <> 'not_counted' OR finished > 0 OR requested_at <= $3
             ORDER BY requested_at LIMIT $1",
        )
        .bind(i64::from(limit))
        .bind(venue)
        .bind(since)
        .fetch_all(self.sql())
        .await?;
        let open = |row: &Row| {
            let card = CardRow::read(row)?;
            let reason = card.open_reason().ok_or(StoreError::Corrupt("open_reason"))?;
            Ok(OpenCardRow {
                reason,
                card,
                terminal: row.text("terminal")?,
                device_id: row.id("device_id")?,
                device_name: row.text("device_name")?,
                is_sale_finished: row.int("finished")? > 0,
            })
        };
        rows.iter().map(open).collect()
    }
}
