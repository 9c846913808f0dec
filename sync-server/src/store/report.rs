//! What head office looks at.

use shared::event::Hash;
use shared::ids::{DeviceId, SaleId, VenueId};
use shared::time::{BusinessDate, Timestamp};

use super::row::Row;
use super::sql::{Sql, query};
use super::{Result, TenantTx};

/// A business date, at one venue or at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// Which.
    pub date: BusinessDate,
    /// Where; everywhere when absent.
    pub venue: Option<VenueId>,
}

impl From<BusinessDate> for Night {
    fn from(date: BusinessDate) -> Self {
        Self { date, venue: None }
    }
}

/// What a night came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct DayTotals {
    /// How many sales.
    pub sales: u64,
    /// Before any rounding of cash, minor units.
    pub total_minor: i64,
    /// The tax inside, minor units.
    pub tax_minor: i64,
    /// Kept in cash, minor units.
    pub cash_minor: i64,
    /// Taken by card, minor units.
    pub card_minor: i64,
    /// Legal rounding of cash, minor units.
    pub rounding_minor: i64,
}

/// One way of paying.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct TenderTotal {
    /// `cash` or `card`.
    pub tender: String,
    /// How many payments.
    pub payments: u64,
    /// What they came to, minor units.
    pub amount_minor: i64,
}

/// What one till sold.
pub struct TillTotal {
    /// Which.
    pub device_id: DeviceId,
    /// How many sales.
    pub sales: u64,
    /// What they came to, minor units.
    pub total_minor: i64,
}

/// A till's session that is not closed yet.
pub struct OpenSession {
    /// Whose.
    pub device_id: DeviceId,
    /// Its night.
    pub business_date: BusinessDate,
    /// Since when.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub operator: Option<String>,
}

/// Fifteen minutes of a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct QuarterHour {
    /// Its beginning, milliseconds since 1970.
    pub from: i64,
    /// How many sales.
    pub sales: u64,
    /// What they came to, minor units.
    pub total_minor: i64,
}

/// A sale in a list.
pub struct SaleRow {
    /// Its id.
    pub sale_id: SaleId,
    /// Its till.
    pub device_id: DeviceId,
    /// Its number at the register.
    pub receipt_no: u64,
    /// The register's letters.
    pub register_code: Option<String>,
    /// Its till, as people call it.
    pub device_name: Option<String>,
    /// Its night.
    pub business_date: BusinessDate,
    /// When it was settled.
    pub completed_at: Timestamp,
    /// What it was sold in.
    pub currency: String,
    /// What it came to, minor units.
    pub total_minor: i64,
    /// The tax inside, minor units.
    pub tax_minor: i64,
    /// How it was paid, each way once.
    pub tenders: Vec<String>,
    /// `2 × Piscola, 1 × Agua`.
    pub lines: String,
    /// Who sold it.
    pub operator: Option<String>,
}

/// A ticket a sale gave out, and what was handed over on it.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct TicketRow {
    /// Fourteen hexadecimal digits.
    pub ticket_id: String,
    /// As people read it out.
    pub display_code: String,
    /// How often something was handed over on it.
    pub redemptions: u64,
}

/// A sale, its event as the till wrote it, and what became of its tickets.
pub struct SaleDetail {
    /// As in the list.
    pub sale: SaleRow,
    /// The event's number in its chain.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its line.
    pub line: String,
    /// Its tickets.
    pub tickets: Vec<TicketRow>,
}

/// The same of both databases, but for how a list becomes a text.
macro_rules! sale_query {
    ($rest:literal) => {
        Sql {
            sqlite: sale_query!(
                "(SELECT group_concat(tender) FROM (SELECT DISTINCT tender FROM payment
                   WHERE payment.sale_id = sale.sale_id ORDER BY tender))",
                "(SELECT group_concat(part, ', ') FROM (
                   SELECT CASE WHEN quantity_milli % 1000 = 0 THEN cast(quantity_milli / 1000 AS TEXT)
                     ELSE rtrim(printf('%d,%03d', quantity_milli / 1000, abs(quantity_milli % 1000)), '0') END
                     || ' × ' || name AS part
                   FROM sale_line WHERE sale_line.sale_id = sale.sale_id ORDER BY line_no))",
                $rest
            ),
            postgres: sale_query!(
                "(SELECT string_agg(DISTINCT tender, ',' ORDER BY tender) FROM payment
                   WHERE payment.sale_id = sale.sale_id)",
                "(SELECT string_agg(
                     CASE WHEN quantity_milli % 1000 = 0 THEN (quantity_milli / 1000)::text
                     ELSE rtrim((quantity_milli / 1000)::text || ',' || lpad(abs(quantity_milli % 1000)::text, 3, '0'),
                       '0') END || ' × ' || name, ', ' ORDER BY line_no)
                   FROM sale_line WHERE sale_line.sale_id = sale.sale_id)",
                $rest
            ),
        }
    };
    ($tenders:literal, $lines:literal, $rest:literal) => {
        concat!(
            "SELECT sale.*, register.code AS register_code, device.name AS device_name, staff.name AS operator, ",
            $tenders,
            " AS tenders, ",
            $lines,
            " AS lines
             FROM sale LEFT JOIN device USING (device_id) LEFT JOIN register USING (register_id)
             LEFT JOIN staff USING (staff_id) ",
            $rest
        )
    };
}

impl TenantTx {
    /// What a night came to.
    pub async fn sum_day(&mut self, night: impl Into<Night>) -> Result<DayTotals> {
        let night = night.into();
        let row = query(
            "SELECT count(*) AS sales, cast(coalesce(sum(total_minor), 0) AS bigint) AS total, cast(coalesce(sum(tax_minor), 0) AS bigint) AS tax,
               cast(coalesce(sum(rounding_minor), 0) AS bigint) AS rounding
             FROM sale WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_one(self.sql())
        .await?;
        let tenders = self.sum_tenders(night).await?;
        let of = |tender: &str| tenders.iter().filter(|t| t.tender == tender).map(|t| t.amount_minor).sum();
        Ok(DayTotals {
            sales: row.number("sales")?,
            total_minor: row.int("total")?,
            tax_minor: row.int("tax")?,
            cash_minor: of("cash"),
            card_minor: of("card"),
            rounding_minor: row.int("rounding")?,
        })
    }

    /// The same by tender.
    pub async fn sum_tenders(&mut self, night: impl Into<Night>) -> Result<Vec<TenderTotal>> {
        let night = night.into();
        let rows = query(
            "SELECT tender, count(*) AS payments, cast(coalesce(sum(amount_minor), 0) AS bigint) AS amount
             FROM sale JOIN payment USING (sale_id) WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2) GROUP BY tender ORDER BY tender",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TenderTotal {
                    tender: row.text("tender")?,
                    payments: row.number("payments")?,
                    amount_minor: row.int("amount")?,
                })
            })
            .collect()
    }

    /// The same by till.
    pub async fn sum_tills(&mut self, night: impl Into<Night>) -> Result<Vec<TillTotal>> {
        let night = night.into();
        let rows = query(
            "SELECT device_id, count(*) AS sales, cast(coalesce(sum(total_minor), 0) AS bigint) AS total
             FROM sale WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2) GROUP BY device_id ORDER BY device_id",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TillTotal {
                    device_id: row.id("device_id")?,
                    sales: row.number("sales")?,
                    total_minor: row.int("total")?,
                })
            })
            .collect()
    }

    /// The same by quarter of an hour; quarters without a sale are left out.
    pub async fn sum_quarter_hours(&mut self, night: impl Into<Night>) -> Result<Vec<QuarterHour>> {
        let night = night.into();
        let rows = query(
            "SELECT completed_at - completed_at % 900000 AS quarter, count(*) AS sales,
               cast(coalesce(sum(total_minor), 0) AS bigint) AS total
             FROM sale WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2) GROUP BY quarter ORDER BY quarter",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(QuarterHour {
                    from: row.int("quarter")?,
                    sales: row.number("sales")?,
                    total_minor: row.int("total")?,
                })
            })
            .collect()
    }

    /// What each till sold in each quarter of an hour, oldest first; quarters without a sale are left out.
    pub async fn sum_tills_by_quarter_hour(&mut self, night: impl Into<Night>) -> Result<Vec<(DeviceId, QuarterHour)>> {
        let night = night.into();
        let rows = query(
            "SELECT device_id, completed_at - completed_at % 900000 AS quarter, count(*) AS sales,
               cast(coalesce(sum(total_minor), 0) AS bigint) AS total
             FROM sale WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)
             GROUP BY device_id, quarter ORDER BY quarter",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                let quarter = QuarterHour {
                    from: row.int("quarter")?,
                    sales: row.number("sales")?,
                    total_minor: row.int("total")?,
                };
                Ok((row.id("device_id")?, quarter))
            })
            .collect()
    }

    /// The newest business date anything was opened or sold on.
    pub async fn newest_business_date(&mut self) -> Result<Option<BusinessDate>> {
        let row = query(
            "SELECT max(days) AS days FROM (SELECT max(business_date) AS days FROM sale
             UNION ALL SELECT max(business_date) FROM register_session) AS newest",
        )
        .fetch_one(self.sql())
        .await?;
        Ok(row.maybe_int("days")?.and_then(|days| i32::try_from(days).ok()).map(BusinessDate::from_days))
    }

    /// Sessions that are not closed: the newest of each till.
    pub async fn list_open_sessions(&mut self) -> Result<Vec<OpenSession>> {
        let rows = query(
            "SELECT device_id, business_date, opened_at, staff.name AS operator
             FROM (SELECT *, row_number() OVER (PARTITION BY device_id ORDER BY opened_at DESC, session_id DESC) AS place
                   FROM register_session WHERE closed_at IS NULL) AS open
             LEFT JOIN staff ON staff.staff_id = open.opened_by
             WHERE place = 1 ORDER BY device_id",
        )
        .fetch_all(self.sql())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(OpenSession {
                    device_id: row.id("device_id")?,
                    business_date: BusinessDate::from_days(row.number("business_date")?),
                    opened_at: row.time("opened_at")?,
                    operator: row.maybe_text("operator")?,
                })
            })
            .collect()
    }

    /// Sales of a business date or a venue, newest first, from one on.
    pub async fn list_sales(
        &mut self,
        date: Option<BusinessDate>,
        venue: Option<VenueId>,
        before: Option<(Timestamp, SaleId)>,
        limit: u16,
    ) -> Result<Vec<SaleRow>> {
        let (at, id) = before.unzip();
        // One statement for each, so that either finds its own index and stops after `limit` rows.
        let sql = if date.is_some() {
            sale_query!(
                "WHERE business_date = $1 AND ($2 IS NULL OR (completed_at, sale_id) < ($2, $3))
                   AND ($5 IS NULL OR sale.venue_id = $5)
                 ORDER BY completed_at DESC, sale_id DESC LIMIT $4"
            )
        } else {
            sale_query!(
                "WHERE $1 IS NULL AND ($2 IS NULL OR (completed_at, sale_id) < ($2, $3))
                   AND ($5 IS NULL OR sale.venue_id = $5)
                 ORDER BY completed_at DESC, sale_id DESC LIMIT $4"
            )
        };
        let rows = query(sql)
            .bind(date.map(|date| i64::from(date.days())))
            .bind(at.map(Timestamp::as_millis))
            .bind(id)
            .bind(i64::from(limit))
            .bind(venue)
            .fetch_all(self.sql())
            .await?;
        rows.iter().map(sale_row).collect()
    }

    /// One sale with everything.
    pub async fn find_sale(&mut self, id: SaleId) -> Result<Option<SaleDetail>> {
        let row = query(sale_query!("WHERE sale.sale_id = $1")).bind(id).fetch_optional(self.sql()).await?;
        let Some(row) = row else { return Ok(None) };
        let sale = sale_row(&row)?;
        let event = query(
            "SELECT event.seq, event.hash, event.line FROM sale JOIN event USING (chain, branch, seq)
             WHERE sale_id = $1",
        )
        .bind(id)
        .fetch_one(self.sql())
        .await?;
        let tickets = query(
            "SELECT ticket_id, display_code,
               (SELECT count(*) FROM redemption WHERE redemption.ticket_id = ticket.ticket_id) AS redemptions
             FROM ticket WHERE sale_id = $1 ORDER BY ticket_id",
        )
        .bind(id)
        .fetch_all(self.sql())
        .await?;
        let ticket = |row: &Row| -> Result<_> {
            Ok(TicketRow {
                ticket_id: row.text("ticket_id")?,
                display_code: row.text("display_code")?,
                redemptions: row.number("redemptions")?,
            })
        };
        Ok(Some(SaleDetail {
            sale,
            seq: event.number("seq")?,
            hash: event.hash("hash")?,
            line: event.line("line")?,
            tickets: tickets.iter().map(ticket).collect::<Result<_>>()?,
        }))
    }
}

fn sale_row(row: &Row) -> Result<SaleRow> {
    let (tenders, lines): (Option<String>, Option<String>) = (row.maybe_text("tenders")?, row.maybe_text("lines")?);
    Ok(SaleRow {
        sale_id: row.id("sale_id")?,
        device_id: row.id("device_id")?,
        receipt_no: row.number("receipt_no")?,
        register_code: row.maybe_text("register_code")?,
        device_name: row.maybe_text("device_name")?,
        business_date: BusinessDate::from_days(row.number("business_date")?),
        completed_at: row.time("completed_at")?,
        currency: row.text("currency")?,
        total_minor: row.int("total_minor")?,
        tax_minor: row.int("tax_minor")?,
        tenders: tenders.map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        lines: lines.unwrap_or_default(),
        operator: row.maybe_text("operator")?,
    })
}
