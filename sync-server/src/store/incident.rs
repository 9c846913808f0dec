//! What went wrong with tickets, and where each ticket was sold.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use shared::event::{Event, Fact, Hash, Read, SaleRecorded, SealedEvent, TicketShownAgain};
use shared::ids::{ChainId, DeviceId, StaffId};
use shared::ticket::{Incident, IncidentKind, TicketId, TicketLine};
use shared::time::Timestamp;

use super::row::Row;
use super::rows::Rows;
use super::sql::{Bind, Kind, Sql, query, upsert};
use super::ticket::ticket_id;
use super::{Deed, Result, StoreError, TenantTx};

/// Which incident: of which ticket, and what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IncidentId {
    /// The ticket.
    pub ticket_id: TicketId,
    /// What.
    pub kind: IncidentKind,
}

/// Text that names no incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an incident's name")]
pub struct NoIncidentId;

/// An incident as it is kept; what was given is told from the hand-overs.
#[derive(Clone, Debug)]
pub struct IncidentRow {
    /// Which.
    pub id: IncidentId,
    /// When.
    pub at: Timestamp,
    /// What the ticket promises.
    pub sold: Vec<TicketLine>,
}

/// A ticket withdrawn.
#[derive(Clone, Debug)]
pub struct VoidRow {
    /// By the till's clock.
    pub at: Timestamp,
    /// The machine.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: Option<StaffId>,
    /// Why.
    pub reason: String,
}

/// A used ticket that was shown again and again.
#[derive(Clone, Debug)]
pub struct ShownRow {
    /// By the till's clock.
    pub at: Timestamp,
    /// The machine.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: Option<StaffId>,
    /// How often at that machine.
    pub times: u32,
}

/// What a machine and the place it stands at are called.
#[derive(Clone, Debug)]
pub struct StandRow {
    /// Its short number.
    pub device_no: u16,
    /// Its name.
    pub device_name: String,
    /// Its register's letters.
    pub register_code: Option<String>,
    /// Its register's name.
    pub register_name: Option<String>,
}

/// A product as tickets name it.
#[derive(Clone, Debug)]
pub struct NumberedProduct {
    /// Its name now.
    pub name: String,
    /// Its price now.
    pub price_minor: i64,
}

impl std::fmt::Display for IncidentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.ticket_id, self.kind.word())
    }
}

impl FromStr for IncidentId {
    type Err = NoIncidentId;

    fn from_str(text: &str) -> std::result::Result<Self, NoIncidentId> {
        let (ticket_id, kind) = text.split_once('.').ok_or(NoIncidentId)?;
        let kind = kind.parse().map_err(|()| NoIncidentId)?;
        Ok(Self { ticket_id: ticket_id.parse().map_err(|_| NoIncidentId)?, kind })
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("incident"))
}

fn incident_row(row: &Row) -> Result<IncidentRow> {
    let kind = row.text("kind")?.parse().map_err(|()| StoreError::Corrupt("kind"))?;
    let id = IncidentId { ticket_id: ticket_id(row)?, kind };
    Ok(IncidentRow { id, at: row.time("at")?, sold: row.json("sold")? })
}

impl TenantTx {
    /// Incidents, newest first, from one on.
    pub async fn list_incidents(
        &mut self,
        before: Option<(Timestamp, IncidentId)>,
        limit: u16,
    ) -> Result<Vec<IncidentRow>> {
        let (at, id) = before.unzip();
        let rows = query(
            "SELECT ticket_id, kind, at, sold FROM incident WHERE $1 IS NULL OR (at, ticket_id, kind) < ($1, $2, $3)
             ORDER BY at DESC, ticket_id DESC, kind DESC LIMIT $4",
        )
        .bind(at)
        .bind(id.map(|id| id.ticket_id.to_string()))
        .bind(id.map(|id| id.kind.word()))
        .bind(i64::from(limit))
        .fetch_all(self.sql())
        .await?;
        rows.iter().map(incident_row).collect()
    }

    /// One of them.
    pub async fn find_incident(&mut self, id: IncidentId) -> Result<Option<IncidentRow>> {
        let row = query("SELECT ticket_id, kind, at, sold FROM incident WHERE ticket_id = $1 AND kind = $2")
            .bind(id.ticket_id.to_string())
            .bind(id.kind.word())
            .fetch_optional(self.sql())
            .await?;
        row.as_ref().map(incident_row).transpose()
    }

    /// What a ticket's hand-overs and its withdrawal come to, in place of what they came to before.
    pub async fn put_incidents(&mut self, of: TicketId, sold: &[TicketLine], found: &[Incident]) -> Result<()> {
        query("DELETE FROM incident WHERE ticket_id = $1 AND kind <> $2")
            .bind(of.to_string())
            .bind(IncidentKind::ShownAgain.word())
            .execute(self.sql())
            .await?;
        let mut rows = Rows::new(
            "INSERT INTO incident (ticket_id, kind, at, sold)",
            &[Kind::Text, Kind::Text, Kind::Int, Kind::Text],
            "",
        );
        for Incident { kind, at, .. } in found {
            rows.push([of.to_string().value(), kind.word().value(), at.value(), json(&sold)?.value()]);
        }
        rows.execute(self.sql()).await?;
        Ok(())
    }

    /// Notes that a used ticket was shown again and again.
    pub async fn insert_shown(&mut self, shown: &TicketShownAgain, sold: &[TicketLine], deed: &Deed) -> Result<()> {
        query(
            "INSERT INTO ticket_shown (cause, ticket_id, device_id, staff_id, times, shown_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(deed.cause)
        .bind(shown.ticket_id.to_string())
        .bind(deed.device_id)
        .bind(deed.staff_id)
        .bind(i64::from(shown.times))
        .bind(shown.shown_at)
        .execute(self.sql())
        .await?;
        query(upsert!(
            "INSERT INTO incident (ticket_id, kind, at, sold) VALUES ($1, $2, $3, $4)",
            "ticket_id, kind",
            "at = CASE WHEN excluded.at > incident.at THEN excluded.at ELSE incident.at END"
        ))
        .bind(shown.ticket_id.to_string())
        .bind(IncidentKind::ShownAgain.word())
        .bind(shown.shown_at)
        .bind(json(&sold)?)
        .execute(self.sql())
        .await?;
        Ok(())
    }

    /// Which of these tickets were withdrawn.
    pub async fn list_voids(&mut self, tickets: &HashSet<TicketId>) -> Result<HashMap<TicketId, VoidRow>> {
        let rows = query(Sql {
            sqlite: "SELECT ticket_id, voided_at, device_id, staff_id, reason FROM ticket_void
                WHERE ticket_id IN (SELECT value FROM json_each($1))",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                (SELECT ticket_id, voided_at, device_id, staff_id, reason FROM ticket_void
                 WHERE ticket_id = wanted.id OFFSET 0) AS found",
        })
        .bind(json(tickets)?)
        .fetch_all(self.sql())
        .await?;
        let void = |row: &Row| {
            let (at, device_id) = (row.time("voided_at")?, row.id("device_id")?);
            let void = VoidRow { at, device_id, staff_id: row.maybe_id("staff_id")?, reason: row.text("reason")? };
            Ok((ticket_id(row)?, void))
        };
        rows.iter().map(void).collect()
    }

    /// Where and when these used tickets were shown again and again, oldest first.
    pub async fn list_shown(&mut self, tickets: &HashSet<TicketId>) -> Result<HashMap<TicketId, Vec<ShownRow>>> {
        let rows = query(Sql {
            sqlite: "SELECT ticket_id, shown_at, device_id, staff_id, times FROM ticket_shown
                WHERE ticket_id IN (SELECT value FROM json_each($1)) ORDER BY shown_at, cause",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                (SELECT ticket_id, shown_at, device_id, staff_id, times, cause FROM ticket_shown
                 WHERE ticket_id = wanted.id OFFSET 0) AS found ORDER BY shown_at, cause",
        })
        .bind(json(tickets)?)
        .fetch_all(self.sql())
        .await?;
        let mut shown: HashMap<_, Vec<_>> = HashMap::new();
        for row in &rows {
            shown.entry(ticket_id(row)?).or_default().push(ShownRow {
                at: row.time("shown_at")?,
                device_id: row.id("device_id")?,
                staff_id: row.maybe_id("staff_id")?,
                times: row.number("times")?,
            });
        }
        Ok(shown)
    }

    /// Every machine and the place it stands at, by its id.
    pub async fn list_stands(&mut self) -> Result<HashMap<DeviceId, StandRow>> {
        let rows = query(
            "SELECT device_id, device_no, device.name AS device_name, register.code AS register_code,
               register.name AS register_name
             FROM device LEFT JOIN register ON register.register_id = device.register_id",
        )
        .fetch_all(self.sql())
        .await?;
        let stand = |row: &Row| {
            Ok((
                row.id("device_id")?,
                StandRow {
                    device_no: row.number("device_no")?,
                    device_name: row.text("device_name")?,
                    register_code: row.maybe_text("register_code")?,
                    register_name: row.maybe_text("register_name")?,
                },
            ))
        };
        rows.iter().map(stand).collect()
    }

    /// Products by the numbers that tickets name them by.
    pub async fn list_numbered_products(&mut self, numbers: &HashSet<u16>) -> Result<HashMap<u16, NumberedProduct>> {
        let rows = query(Sql {
            sqlite: "SELECT number, name, price_minor FROM product WHERE number IN (SELECT value FROM json_each($1))",
            postgres: "SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id) CROSS JOIN LATERAL
                (SELECT number, name, price_minor FROM product WHERE number = wanted.id::bigint OFFSET 0) AS found",
        })
        .bind(json(numbers)?)
        .fetch_all(self.sql())
        .await?;
        let product = |row: &Row| {
            Ok((
                row.number("number")?,
                NumberedProduct { name: row.text("name")?, price_minor: row.int("price_minor")? },
            ))
        };
        rows.iter().map(product).collect()
    }

    /// The sale that gave a ticket out. Nothing keeps tickets by their sale: a till's serials grow along its chain, so the
    /// sale is found by halving.
    pub async fn find_ticket_sale(&mut self, wanted: TicketId) -> Result<Option<SaleRecorded>> {
        let chains = query(
            "SELECT chain.chain, chain.head_seq FROM device JOIN chain ON chain.device_id = device.device_id
             WHERE device.device_no = $1 ORDER BY chain.chain",
        )
        .bind(i64::from(wanted.device_no))
        .fetch_all(self.sql())
        .await?;
        for row in &chains {
            let chain: ChainId = row.id("chain")?;
            if TicketId::new(wanted.device_no, chain, wanted.serial) != wanted {
                continue;
            }
            let (mut first, mut end) = (1_u64, row.number::<u64>("head_seq")? + 1);
            while first < end {
                let middle = first.midpoint(end);
                match self.find_ticketed_sale(chain, (middle, end)).await? {
                    Some((_, sale)) if sale.tickets.iter().any(|ticket| ticket.ticket_id == wanted) => {
                        return Ok(Some(sale));
                    }
                    Some((seq, sale)) if sale.tickets.iter().all(|it| it.ticket_id.serial < wanted.serial) => {
                        first = seq + 1;
                    }
                    Some(_) | None => end = middle,
                }
            }
        }
        Ok(None)
    }

    /// The first sale with a ticket among some events of a chain.
    async fn find_ticketed_sale(
        &mut self,
        chain: ChainId,
        (first, end): (u64, u64),
    ) -> Result<Option<(u64, SaleRecorded)>> {
        let row = query(Sql {
            sqlite: r#"SELECT seq, hash, line FROM event WHERE chain = $1 AND seq >= $2 AND seq < $3 AND branch = 0
                AND type = 'sale.completed' AND disposition <> 'quarantined' AND instr(line, '"tickets":[{') > 0 ORDER BY seq LIMIT 1"#,
            postgres: r#"SELECT seq, hash, line FROM event WHERE chain = $1 AND seq >= $2 AND seq < $3 AND branch = 0
                AND type = 'sale.completed' AND disposition <> 'quarantined' AND position('"tickets":[{'::bytea in line) > 0 ORDER BY seq LIMIT 1"#,
        })
        .bind(chain)
        .bind(first.cast_signed())
        .bind(end.cast_signed())
        .fetch_optional(self.sql())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let seq = row.number("seq")?;
        let event = SealedEvent { chain, seq, prev: Hash::ZERO, hash: row.hash("hash")?, line: row.line("line")? };
        match event.read() {
            Ok(Event { fact: Read::Known(Fact::SaleCompleted(sale)), .. }) => Ok(Some((seq, sale))),
            // Kept aside: nothing can be told of it.
            _ => Ok(None),
        }
    }
}
