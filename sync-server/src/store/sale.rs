//! Sales, one by one. A sale is its event: its row says where that is, and whatever is asked of it is read from its line.

use std::collections::{HashMap, HashSet};

use shared::event::{Event, Fact, Hash, Read, SaleRecorded, SealedEvent};
use shared::ids::{ChainId, DeviceId, SaleId, SessionId, StaffId, VenueId};
use shared::money::Currency;
use shared::sale::SaleLine;
use shared::tender::Payment;
use shared::time::{BusinessDate, Timestamp};

use super::ingest::{among, ids};
use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query};
use super::taking::Night;
use super::{Result, StoreError, TenantTx};

/// A sale to be counted.
pub struct NewSale<'a> {
    /// What was sold.
    pub sale: &'a SaleRecorded,
    /// In which session.
    pub session: Option<SessionId>,
    /// The event's number in its chain.
    pub seq: u64,
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

/// A sale, as the till wrote it, and what became of its tickets.
pub struct SaleDetail {
    /// As in the list.
    pub sale: SaleRow,
    /// The event's number in its chain.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// What it says.
    pub fact: SaleRecorded,
    /// Its tickets.
    pub tickets: Vec<TicketRow>,
}

/// A sale's event and whose it is.
struct Found {
    event: SealedEvent,
    fact: SaleRecorded,
    staff: Option<StaffId>,
    device_id: DeviceId,
    register_code: Option<String>,
    device_name: Option<String>,
}

/// Which sales of a list: first and last millisecond, and what else they must be.
#[derive(Clone, Copy)]
struct Part {
    span: (i64, i64),
    date: Option<BusinessDate>,
    venue: Option<VenueId>,
    before: Option<(Timestamp, SaleId)>,
}

macro_rules! found {
    ($where:literal) => {
        concat!(
            "SELECT event.chain, event.seq, event.hash, event.line, chain.device_id, register.code AS register_code,
               device.name AS device_name
             FROM sale
             JOIN chain ON chain.chain = sale.chain
             JOIN event ON event.chain = sale.chain AND event.seq = sale.seq AND event.branch = sale.branch
             LEFT JOIN device ON device.device_id = chain.device_id
             LEFT JOIN register ON register.register_id = device.register_id
             WHERE ",
            $where
        )
    };
}

impl TenantTx {
    /// Which of these sales are counted.
    pub async fn known_sales(&mut self, sales: Vec<SaleId>) -> Result<HashSet<SaleId>> {
        self.known(among!("SELECT sale_id AS id FROM sale", "sale_id"), ids(sales)).await
    }

    /// Counts sales of one branch that are not counted yet, and adds them up.
    pub async fn insert_sales(
        &mut self,
        new: &[NewSale<'_>],
        place: (DeviceId, VenueId),
        (chain, branch): (ChainId, u32),
    ) -> Result<()> {
        use Kind::{Int, Uuid};
        let mut rows = Rows::new(
            "INSERT INTO sale (chain, branch, seq, sale_id, business_date, completed_at)",
            &[Uuid, Int, Int, Uuid, Int, Int],
            "",
        )
        .all([chain.value(), i64::from(branch).value()]);
        rows.reserve(new.len());
        for NewSale { sale, seq, .. } in new {
            rows.push([
                seq.cast_signed().value(),
                sale.sale_id.value(),
                i64::from(sale.business_date.days()).value(),
                sale.completed_at.value(),
            ]);
        }
        rows.execute(self.sql()).await?;
        self.add_takings(new, place).await
    }

    /// Sales of a business date or a venue, newest first, from one on.
    pub async fn list_sales(
        &mut self,
        date: Option<BusinessDate>,
        venue: Option<VenueId>,
        before: Option<(Timestamp, SaleId)>,
        limit: u16,
    ) -> Result<Vec<SaleRow>> {
        let limit = usize::from(limit);
        let spans = match date {
            Some(date) => self.list_spans(Night { date, venue }).await?,
            None => vec![(i64::MIN, i64::MAX)],
        };
        let mut found = Vec::new();
        for span in spans {
            if found.len() == limit {
                break;
            }
            let part = Part { span, date, venue, before };
            found.extend(self.list_found(part, limit - found.len()).await?);
        }
        let staff = self.known_staff(found.iter().filter_map(|found| found.staff).collect()).await?;
        let name = |found: &Found| staff.get(&found.staff?).map(|member| member.name.clone());
        Ok(found.iter().map(|found| sale_row(found, name(found))).collect())
    }

    async fn list_found(&mut self, part: Part, limit: usize) -> Result<Vec<Found>> {
        let Part { span: (first, last), date, venue, before } = part;
        let (at, id) = before.unzip();
        let last = at.map_or(last, |at| last.min(at.as_millis()));
        let rows = query(found!(
            "sale.completed_at BETWEEN $1 AND $2 AND ($3 IS NULL OR (sale.completed_at, sale.sale_id) < ($3, $4))
               AND ($5 IS NULL OR sale.business_date = $5) AND ($6 IS NULL OR chain.venue_id = $6)
             ORDER BY sale.completed_at DESC, sale.sale_id DESC LIMIT $7"
        ))
        .bind(first)
        .bind(last)
        .bind(at)
        .bind(id)
        .bind(date.map(|date| i64::from(date.days())))
        .bind(venue)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(found_row).collect()
    }

    /// One sale with everything.
    pub async fn find_sale(&mut self, id: SaleId) -> Result<Option<SaleDetail>> {
        let row = query(found!("sale.sale_id = $1")).bind(id).fetch_optional(self.sql()).await?;
        let Some(found) = row.as_ref().map(found_row).transpose()? else { return Ok(None) };
        let staff = self.known_staff(found.staff.into_iter().collect()).await?.into_values().next();
        let redeemed = self.count_redemptions(&found.fact).await?;
        let ticket = |ticket: &shared::event::IssuedTicket| {
            let ticket_id = ticket.ticket_id.to_string();
            let redemptions = redeemed.get(&ticket_id).copied().unwrap_or_default();
            TicketRow { ticket_id, display_code: ticket.display_code.clone(), redemptions }
        };
        let mut tickets: Vec<_> = found.fact.tickets.iter().map(ticket).collect();
        tickets.sort_by(|one, other| one.ticket_id.cmp(&other.ticket_id));
        let sale = sale_row(&found, staff.map(|member| member.name));
        Ok(Some(SaleDetail { sale, seq: found.event.seq, hash: found.event.hash, fact: found.fact, tickets }))
    }

    /// How often something was handed over on each of a sale's tickets.
    async fn count_redemptions(&mut self, sale: &SaleRecorded) -> Result<HashMap<String, u64>> {
        let tickets: Vec<_> = sale.tickets.iter().map(|ticket| ticket.ticket_id).collect();
        if tickets.is_empty() {
            return Ok(HashMap::new());
        }
        let list = serde_json::to_string(&tickets).map_err(|_| StoreError::Corrupt("id"))?;
        let rows = query(Sql {
            sqlite: "SELECT ticket_id, count(*) AS redemptions FROM redemption
                WHERE ticket_id IN (SELECT value FROM json_each($1)) GROUP BY ticket_id",
            postgres: "SELECT ticket_id, count(*) AS redemptions FROM redemption
                WHERE ticket_id = ANY (ARRAY(SELECT value FROM json_array_elements_text($1::json)))
                GROUP BY ticket_id",
        })
        .bind(list)
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(|row| Ok((row.text("ticket_id")?, row.number("redemptions")?))).collect()
    }
}

fn found_row(row: &Row) -> Result<Found> {
    // What was before it was proved when it was taken in.
    let (chain, seq, hash) = (row.id("chain")?, row.number("seq")?, row.hash("hash")?);
    let event = SealedEvent { chain, seq, prev: Hash::ZERO, hash, line: row.line("line")? };
    let Ok(Event { fact: Read::Known(Fact::SaleCompleted(fact)), stamp, .. }) = event.read() else {
        return Err(StoreError::Corrupt("sale"));
    };
    Ok(Found {
        event,
        fact,
        staff: stamp.actor,
        device_id: row.id("device_id")?,
        register_code: row.maybe_text("register_code")?,
        device_name: row.maybe_text("device_name")?,
    })
}

fn sale_row(found: &Found, operator: Option<String>) -> SaleRow {
    let fact = &found.fact;
    let is_paid_by = |is: fn(&Payment) -> bool| fact.settlement.payments.iter().any(is);
    let (is_card, is_cash) =
        (is_paid_by(|by| matches!(by, Payment::Card { .. })), is_paid_by(|by| matches!(by, Payment::Cash { .. })));
    let tenders = [is_card.then_some("card"), is_cash.then_some("cash")];
    let mut lines: Vec<_> = fact.lines.iter().collect();
    lines.sort_by_key(|line| line.line_no);
    let lines: Vec<_> = lines.into_iter().map(said).collect();
    SaleRow {
        sale_id: fact.sale_id,
        device_id: found.device_id,
        receipt_no: fact.receipt_no,
        register_code: found.register_code.clone(),
        device_name: found.device_name.clone(),
        business_date: fact.business_date,
        completed_at: fact.completed_at,
        currency: code(fact.currency),
        total_minor: fact.totals.total_minor,
        tax_minor: fact.totals.tax_minor,
        tenders: tenders.into_iter().flatten().map(str::to_owned).collect(),
        lines: lines.join(", "),
        operator,
    }
}

/// `2 × Piscola`, `0,25 × Jamón`.
fn said(line: &SaleLine) -> String {
    let milli = line.quantity_milli.milli();
    let (sign, whole, part) =
        (if milli < 0 { "-" } else { "" }, milli.unsigned_abs() / 1000, milli.unsigned_abs() % 1000);
    let part = if part == 0 { String::new() } else { format!(",{part:03}").trim_end_matches('0').to_owned() };
    format!("{sign}{whole}{part} × {}", line.name)
}

/// `CLP`.
fn code(currency: Currency) -> String {
    serde_json::to_string(&currency).unwrap_or_default().trim_matches('"').to_owned()
}
