//! What sales come to: by night, till and quarter of an hour, and by session. Added up as batches come, so that nobody
//! who asks for a night reads its sales.

use std::collections::BTreeMap;

use shared::event::SaleRecorded;
use shared::ids::{DeviceId, SessionId, VenueId};
use shared::tender::Payment;
use shared::time::BusinessDate;

use super::cash::CashMovements;
use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Target, query};
use super::{NewSale, Result, TenantTx};

/// What a taking is of, in time.
const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Quarters as far apart as this belong to one span: tills do not sell all the time.
const PAUSE_MS: i64 = 4 * QUARTER_MS;

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
    /// Cash put into drawers beside the sales, minor units.
    pub paid_in_minor: i64,
    /// Cash paid out of them, minor units.
    pub paid_out_minor: i64,
    /// Cash taken from them to the safe, minor units.
    pub dropped_minor: i64,
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

/// Some sales of one quarter of an hour.
#[derive(Default)]
struct Taking {
    sales: i64,
    total_minor: i64,
    tax_minor: i64,
    rounding_minor: i64,
    cash_payments: i64,
    cash_minor: i64,
    card_payments: i64,
    card_minor: i64,
}

impl Taking {
    fn add(&mut self, sale: &SaleRecorded) {
        self.sales += 1;
        self.total_minor += sale.totals.total_minor;
        self.tax_minor += sale.totals.tax_minor;
        self.rounding_minor += sale.settlement.rounding_minor;
        for payment in &sale.settlement.payments {
            let (payments, minor) = match payment {
                Payment::Cash { .. } => (&mut self.cash_payments, &mut self.cash_minor),
                Payment::Card { .. } => (&mut self.card_payments, &mut self.card_minor),
            };
            *payments += 1;
            *minor += payment.amount_minor();
        }
    }
}

/// What happens to sums that are there already.
macro_rules! add_up {
    ($table:literal, $key:literal, $($column:literal),+) => {
        (
            concat!("ON CONFLICT (", $key, ") DO UPDATE SET ", add_up!(@ $table, $($column),+)),
            concat!("ON CONFLICT (tenant_id, ", $key, ") DO UPDATE SET ", add_up!(@ $table, $($column),+)),
        )
    };
    (@ $table:literal, $first:literal $(, $column:literal)*) => {
        concat!(
            $first, " = ", $table, ".", $first, " + excluded.", $first
            $(, ", ", $column, " = ", $table, ".", $column, " + excluded.", $column)*
        )
    };
}

impl TenantTx {
    /// Adds up sales that were not counted yet.
    pub(super) async fn add_takings(
        &mut self,
        new: &[NewSale<'_>],
        (device_id, venue_id): (DeviceId, VenueId),
    ) -> Result<()> {
        use Kind::{Int, Uuid};
        let mut nights = BTreeMap::<(i64, i64), Taking>::new();
        let mut sessions = BTreeMap::<SessionId, (i64, i64)>::new();
        for NewSale { sale, session, .. } in new {
            let at = sale.completed_at.as_millis();
            let key = (i64::from(sale.business_date.days()), at - at % QUARTER_MS);
            nights.entry(key).or_default().add(sale);
            if let Some(session) = session {
                let (sales, total_minor) = sessions.entry(*session).or_default();
                (*sales, *total_minor) = (*sales + 1, *total_minor + sale.totals.total_minor);
            }
        }
        let is_sqlite = matches!(self.sql(), Target::Sqlite(_) | Target::SqlitePool(_));
        let of_backend = |(sqlite, postgres)| if is_sqlite { sqlite } else { postgres };
        let mut rows = Rows::new(
            "INSERT INTO taking (venue_id, device_id, business_date, quarter, sales, total_minor, tax_minor,
               rounding_minor, cash_payments, cash_minor, card_payments, card_minor)",
            &[Uuid, Uuid, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int],
            of_backend(add_up!(
                "taking",
                "business_date, venue_id, device_id, quarter",
                "sales",
                "total_minor",
                "tax_minor",
                "rounding_minor",
                "cash_payments",
                "cash_minor",
                "card_payments",
                "card_minor"
            )),
        )
        .all([venue_id.value(), device_id.value()]);
        for ((date, quarter), taking) in nights {
            rows.push([
                date.value(),
                quarter.value(),
                taking.sales.value(),
                taking.total_minor.value(),
                taking.tax_minor.value(),
                taking.rounding_minor.value(),
                taking.cash_payments.value(),
                taking.cash_minor.value(),
                taking.card_payments.value(),
                taking.card_minor.value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        let mut rows = Rows::new(
            "INSERT INTO session_taking (session_id, sales, total_minor)",
            &[Uuid, Int, Int],
            of_backend(add_up!("session_taking", "session_id", "sales", "total_minor")),
        );
        for (session, (sales, total_minor)) in sessions {
            rows.push([session.value(), sales.value(), total_minor.value()]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// What a session's sales come to here: how many, and their total.
    pub async fn sum_session(&mut self, session: SessionId) -> Result<(u64, i64)> {
        let row = query("SELECT sales, total_minor FROM session_taking WHERE session_id = $1")
            .bind(session)
            .fetch_optional(self.sql())
            .await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.number("sales")?, row.int("total_minor")?)))
    }

    async fn sum_night(&mut self, night: Night) -> Result<Row> {
        let row = query(
            "SELECT cast(coalesce(sum(sales), 0) AS bigint) AS sales,
               cast(coalesce(sum(total_minor), 0) AS bigint) AS total,
               cast(coalesce(sum(tax_minor), 0) AS bigint) AS tax,
               cast(coalesce(sum(rounding_minor), 0) AS bigint) AS rounding,
               cast(coalesce(sum(cash_payments), 0) AS bigint) AS cash_payments,
               cast(coalesce(sum(cash_minor), 0) AS bigint) AS cash_minor,
               cast(coalesce(sum(card_payments), 0) AS bigint) AS card_payments,
               cast(coalesce(sum(card_minor), 0) AS bigint) AS card_minor
             FROM taking WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)",
        );
        let row = row.bind(i64::from(night.date.days())).bind(night.venue);
        Ok(row.fetch_one(self.sql()).await?)
    }

    /// What a night came to.
    pub async fn sum_day(&mut self, night: impl Into<Night>) -> Result<DayTotals> {
        let night = night.into();
        let row = self.sum_night(night).await?;
        let CashMovements { paid_in_minor, paid_out_minor, dropped_minor } = self.sum_night_cash(night).await?;
        Ok(DayTotals {
            sales: row.number("sales")?,
            total_minor: row.int("total")?,
            tax_minor: row.int("tax")?,
            cash_minor: row.int("cash_minor")?,
            card_minor: row.int("card_minor")?,
            rounding_minor: row.int("rounding")?,
            paid_in_minor,
            paid_out_minor,
            dropped_minor,
        })
    }

    /// The same by tender; one that nobody paid with is left out.
    pub async fn sum_tenders(&mut self, night: impl Into<Night>) -> Result<Vec<TenderTotal>> {
        let row = self.sum_night(night.into()).await?;
        let total = |tender: &str, payments, minor| -> Result<TenderTotal> {
            let (payments, amount_minor) = (row.number(payments)?, row.int(minor)?);
            Ok(TenderTotal { tender: tender.to_owned(), payments, amount_minor })
        };
        let card = total("card", "card_payments", "card_minor")?;
        let cash = total("cash", "cash_payments", "cash_minor")?;
        Ok([card, cash].into_iter().filter(|total| total.payments > 0).collect())
    }

    /// The same by till.
    pub async fn sum_tills(&mut self, night: impl Into<Night>) -> Result<Vec<TillTotal>> {
        let night = night.into();
        let rows = query(
            "SELECT device_id, cast(sum(sales) AS bigint) AS sales, cast(sum(total_minor) AS bigint) AS total
             FROM taking WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)
             GROUP BY device_id ORDER BY device_id",
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
            "SELECT quarter, cast(sum(sales) AS bigint) AS sales, cast(sum(total_minor) AS bigint) AS total
             FROM taking WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2) GROUP BY quarter ORDER BY quarter",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(quarter_hour).collect()
    }

    /// What each till sold in each quarter of an hour, oldest first; quarters without a sale are left out.
    pub async fn sum_tills_by_quarter_hour(&mut self, night: impl Into<Night>) -> Result<Vec<(DeviceId, QuarterHour)>> {
        let night = night.into();
        let rows = query(
            "SELECT device_id, quarter, cast(sum(sales) AS bigint) AS sales,
               cast(sum(total_minor) AS bigint) AS total
             FROM taking WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)
             GROUP BY device_id, quarter ORDER BY quarter",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| Ok((row.id("device_id")?, quarter_hour(row)?))).collect()
    }

    /// When a night's sales were settled, newest first: their first and last millisecond at most. One, unless a clock was
    /// wrong for a while.
    pub(super) async fn list_spans(&mut self, night: Night) -> Result<Vec<(i64, i64)>> {
        let rows = query(
            "SELECT DISTINCT quarter FROM taking WHERE business_date = $1 AND ($2 IS NULL OR venue_id = $2)
             ORDER BY quarter DESC",
        )
        .bind(i64::from(night.date.days()))
        .bind(night.venue)
        .fetch_all(self.sql())
        .await?;
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for row in &rows {
            let quarter = row.int("quarter")?;
            match spans.last_mut() {
                Some((from, _)) if *from - quarter <= PAUSE_MS => *from = quarter,
                _ => spans.push((quarter, quarter.saturating_add(QUARTER_MS - 1))),
            }
        }
        Ok(spans)
    }

    /// The newest business date anything was opened or sold on.
    pub async fn newest_business_date(&mut self) -> Result<Option<BusinessDate>> {
        let row = query(
            "SELECT max(days) AS days FROM (SELECT max(business_date) AS days FROM taking
             UNION ALL SELECT max(business_date) FROM register_session) AS newest",
        )
        .fetch_one(self.sql())
        .await?;
        Ok(row.maybe_int("days")?.and_then(|days| i32::try_from(days).ok()).map(BusinessDate::from_days))
    }
}

fn quarter_hour(row: &Row) -> Result<QuarterHour> {
    Ok(QuarterHour { from: row.int("quarter")?, sales: row.number("sales")?, total_minor: row.int("total")? })
}
