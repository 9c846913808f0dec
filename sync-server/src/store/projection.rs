//! What events come to. Every function takes what an event says as it is; a second telling changes nothing and says so.

use shared::event::{CardRequested, Hash, RegisterClosed, RegisterOpened, SaleRecorded, TicketRedeemed};
use shared::ids::{ChainId, DeviceId, PaymentId, ProductId, SessionId, StaffId, VenueId};
use shared::tender::Payment;
use shared::ticket::{RedeemedLine, TicketId};
use shared::time::Timestamp;

use super::sql::query;
use super::{Place, Result, StoreError, TenantTx};

/// Who redeemed what: the parts of the row that are not in the fact.
pub struct RedemptionRow<'a> {
    /// What was handed over.
    pub fact: &'a TicketRedeemed,
    /// By which machine.
    pub device_id: DeviceId,
    /// Where.
    pub venue_id: VenueId,
    /// By whom.
    pub staff_id: Option<StaffId>,
    /// The event.
    pub cause: Hash,
}

/// A request for money, as its report must match.
pub struct CardRequest {
    /// How much was asked for.
    pub amount_minor: i64,
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("projection"))
}

impl TenantTx {
    /// Counts a sale; false when it is counted already.
    pub async fn insert_sale(
        &mut self,
        sale: &SaleRecorded,
        (device_id, venue_id): (DeviceId, VenueId),
        (session_id, staff_id): (Option<SessionId>, Option<StaffId>),
        (chain, place): (ChainId, Place),
    ) -> Result<bool> {
        let currency = json(&sale.currency)?;
        let inserted = query(
            "INSERT INTO sale (sale_id, device_id, venue_id, session_id, staff_id, receipt_no, business_date,
               completed_at, currency, total_minor, tax_minor, change_minor, rounding_minor, chain, branch, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING",
        )
        .bind(sale.sale_id)
        .bind(device_id)
        .bind(venue_id)
        .bind(session_id)
        .bind(staff_id)
        .bind(sale.receipt_no.cast_signed())
        .bind(i64::from(sale.business_date.days()))
        .bind(sale.completed_at.as_millis())
        .bind(currency.trim_matches('"').to_owned())
        .bind(sale.totals.total_minor)
        .bind(sale.totals.tax_minor)
        .bind(sale.settlement.change_minor)
        .bind(sale.settlement.rounding_minor)
        .bind(chain)
        .bind(i64::from(place.branch))
        .bind(place.seq.cast_signed())
        .execute(self.sql())
        .await?;
        if inserted == 0 {
            return Ok(false);
        }
        for line in &sale.lines {
            query(
                "INSERT INTO sale_line (sale_id, line_no, product_id, sku, name, quantity_milli, unit_price_minor,
                   tax_rate_bp, total_minor)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            )
            .bind(sale.sale_id)
            .bind(i64::from(line.line_no))
            .bind(line.product_id)
            .bind(line.sku.as_str())
            .bind(line.name.as_str())
            .bind(line.quantity_milli.milli())
            .bind(line.unit_price_minor)
            .bind(i64::from(line.tax_rate_bp.0))
            .bind(line.total_minor)
            .execute(self.sql())
            .await?;
        }
        for (payment_no, payment) in (1_i64..).zip(&sale.settlement.payments) {
            let (tender, tendered, payment_id) = match payment {
                Payment::Cash { tendered_minor, .. } => ("cash", Some(*tendered_minor), None),
                Payment::Card { payment_id, .. } => ("card", None, Some(*payment_id)),
            };
            query(
                "INSERT INTO payment (sale_id, payment_no, tender, amount_minor, tendered_minor, payment_id)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(sale.sale_id)
            .bind(payment_no)
            .bind(tender)
            .bind(payment.amount_minor())
            .bind(tendered)
            .bind(payment_id)
            .execute(self.sql())
            .await?;
        }
        for ticket in &sale.tickets {
            query("INSERT INTO ticket (ticket_id, sale_id, display_code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(ticket.ticket_id.to_string())
                .bind(sale.sale_id)
                .bind(ticket.display_code.as_str())
                .execute(self.sql())
                .await?;
        }
        Ok(true)
    }

    /// Whether the catalogue ever had a product.
    pub async fn is_product_known(&mut self, product: ProductId) -> Result<bool> {
        let row = query("SELECT count(*) AS n FROM product WHERE product_id = $1")
            .bind(product)
            .fetch_one(self.sql())
            .await?;
        Ok(row.int("n")? > 0)
    }

    /// Whether a session is open; `None` when it was never heard of.
    pub async fn is_session_open(&mut self, session: SessionId) -> Result<Option<bool>> {
        let row = query("SELECT closed_at FROM register_session WHERE session_id = $1")
            .bind(session)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| Ok(row.maybe_time("closed_at")?.is_none())).transpose()
    }

    /// Counts an opening; false when the session is known already.
    pub async fn insert_register_session(
        &mut self,
        opened: &RegisterOpened,
        (device_id, venue_id): (DeviceId, VenueId),
    ) -> Result<bool> {
        let inserted = query(
            "INSERT INTO register_session (session_id, device_id, venue_id, register_id, business_date, opened_by,
               opened_at, float_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(opened.session_id)
        .bind(device_id)
        .bind(venue_id)
        .bind(opened.register_id)
        .bind(i64::from(opened.business_date.days()))
        .bind(opened.opened_by)
        .bind(opened.opened_at.as_millis())
        .bind(opened.float.total_minor())
        .execute(self.sql())
        .await?;
        Ok(inserted == 1)
    }

    /// Counts a closing; false when the session is not open.
    pub async fn close_register_session(&mut self, closed: &RegisterClosed) -> Result<bool> {
        let updated =
            query("UPDATE register_session SET closed_at = $2, z = $3 WHERE session_id = $1 AND closed_at IS NULL")
                .bind(closed.session_id)
                .bind(closed.closed_at.as_millis())
                .bind(json(&closed.z)?)
                .execute(self.sql())
                .await?;
        Ok(updated == 1)
    }

    /// What a session's sales come to here: how many, and their total.
    pub async fn sum_session(&mut self, session: SessionId) -> Result<(u64, i64)> {
        let row = query(
            "SELECT count(*) AS sales, cast(coalesce(sum(total_minor), 0) AS bigint) AS total FROM sale WHERE session_id = $1",
        )
        .bind(session)
        .fetch_one(self.sql())
        .await?;
        Ok((row.number("sales")?, row.int("total")?))
    }

    /// Counts a request for money; false when it is known already.
    pub async fn insert_card_payment(&mut self, requested: &CardRequested, device_id: DeviceId) -> Result<bool> {
        let inserted = query(
            "INSERT INTO card_payment (payment_id, sale_id, device_id, terminal, amount_minor, ticket_no, requested_at,
               says, report)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested', 'null') ON CONFLICT DO NOTHING",
        )
        .bind(requested.payment_id)
        .bind(requested.sale_id)
        .bind(device_id)
        .bind(requested.terminal.clone())
        .bind(requested.amount_minor)
        .bind(requested.ticket_no.clone())
        .bind(requested.requested_at.as_millis())
        .execute(self.sql())
        .await?;
        Ok(inserted == 1)
    }

    /// Counts the terminal's word; false when nobody asked it.
    pub async fn update_card_payment(&mut self, id: PaymentId, says: &str, report: &str) -> Result<bool> {
        let updated = query("UPDATE card_payment SET says = $2, report = $3 WHERE payment_id = $1")
            .bind(id)
            .bind(says.to_owned())
            .bind(report.to_owned())
            .execute(self.sql())
            .await?;
        Ok(updated == 1)
    }

    /// A request for money.
    pub async fn find_card_request(&mut self, id: PaymentId) -> Result<Option<CardRequest>> {
        let row = query("SELECT amount_minor FROM card_payment WHERE payment_id = $1")
            .bind(id)
            .fetch_optional(self.sql())
            .await?;
        row.map(|row| Ok(CardRequest { amount_minor: row.int("amount_minor")? })).transpose()
    }

    /// Counts a redemption; false when it is counted already.
    pub async fn insert_redemption(&mut self, row: &RedemptionRow<'_>) -> Result<bool> {
        let inserted = query(
            "INSERT INTO redemption (redemption_id, ticket_id, device_id, venue_id, staff_id, business_date,
               redeemed_at, lines, cause)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(row.fact.redemption_id)
        .bind(row.fact.ticket_id.to_string())
        .bind(row.device_id)
        .bind(row.venue_id)
        .bind(row.staff_id)
        .bind(i64::from(row.fact.business_date.days()))
        .bind(row.fact.redeemed_at.as_millis())
        .bind(json(&row.fact.lines)?)
        .bind(row.cause.as_bytes().as_slice())
        .execute(self.sql())
        .await?;
        Ok(inserted == 1)
    }

    /// Everything handed over on a ticket so far, by anyone.
    pub async fn list_redeemed(&mut self, ticket: TicketId) -> Result<Vec<RedeemedLine>> {
        let rows = query("SELECT lines FROM redemption WHERE ticket_id = $1")
            .bind(ticket.to_string())
            .fetch_all(self.sql())
            .await?;
        let lists = rows.iter().map(|row| row.json::<Vec<RedeemedLine>>("lines")).collect::<Result<Vec<_>>>()?;
        Ok(lists.into_iter().flatten().collect())
    }

    /// Counts a wrong PIN.
    pub async fn insert_pin_refusal(
        &mut self,
        cause: Hash,
        (device_id, staff_id): (DeviceId, StaffId),
        refused_at: Timestamp,
        (wrong, locked_until): (u8, Option<Timestamp>),
    ) -> Result<()> {
        query(
            "INSERT INTO pin_refusal (cause, device_id, staff_id, refused_at, wrong, locked_until)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(cause.as_bytes().as_slice())
        .bind(device_id)
        .bind(staff_id)
        .bind(refused_at.as_millis())
        .bind(i64::from(wrong))
        .bind(locked_until.map(Timestamp::as_millis))
        .execute(self.sql())
        .await?;
        Ok(())
    }
}
