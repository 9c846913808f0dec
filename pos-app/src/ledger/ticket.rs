//! Tickets given out here, and what was handed over for any ticket: by this till, or by others as the stream tells.

use rusqlite::{Connection, OptionalExtension, params};
use shared::event::{IssuedTicket, TicketRedeemed};
use shared::ids::{DeviceId, RedemptionId, StaffId};
use shared::sync::stream::RedemptionRecord;
use shared::ticket::{RedeemedLine, TicketId};
use shared::time::Timestamp;

use super::{LedgerError, column};

/// One use of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRedemption {
    /// Its id.
    pub redemption_id: RedemptionId,
    /// When.
    pub redeemed_at: Timestamp,
    /// Who.
    pub staff_id: Option<StaffId>,
    /// Which machine; none for this one.
    pub device_id: Option<DeviceId>,
    /// What.
    pub lines: Vec<RedeemedLine>,
}

pub(super) fn insert_tickets(
    connection: &Connection,
    sale_no: i64,
    tickets: &[IssuedTicket],
) -> Result<(), LedgerError> {
    let mut insert = connection.prepare_cached(
        // A sale that comes back may bear tickets whose numbers were given out again meanwhile; it counts all the same.
        "INSERT INTO ticket (ticket_id, serial, sale_no, display_code, code) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (ticket_id) DO NOTHING",
    )?;
    for ticket in tickets {
        let id = ticket.ticket_id;
        insert.execute(params![id.to_string(), id.serial, sale_no, ticket.display_code, ticket.code])?;
    }
    Ok(())
}

pub(super) fn insert_redemption(
    connection: &Connection,
    staff_id: Option<StaffId>,
    fact: &TicketRedeemed,
) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT INTO redemption VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        fact.redemption_id.as_bytes(),
        fact.ticket_id.to_string(),
        fact.business_date.to_string(),
        fact.redeemed_at.as_millis(),
        staff_id.as_ref().map(StaffId::as_bytes),
        column::to_json(&fact.lines),
        fact.code,
    ])?;
    Ok(())
}

/// Takes in a redemption of the venue's stream. A repeat is harmless.
pub fn put_heard_redemption(connection: &Connection, record: &RedemptionRecord) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO heard_redemption VALUES (?1, ?2, ?3)")?.execute(params![
        record.redemption.redemption_id.as_bytes(),
        record.redemption.ticket_id.to_string(),
        column::to_json(record),
    ])?;
    Ok(())
}

/// Everything known to have been handed over for a ticket, oldest first; what both sides know counts once.
pub fn list_redemptions(connection: &Connection, ticket_id: TicketId) -> Result<Vec<KnownRedemption>, LedgerError> {
    let id = ticket_id.to_string();
    let mut own = connection
        .prepare_cached("SELECT redemption_id, redeemed_at, staff_id, lines FROM redemption WHERE ticket_id = ?1")?;
    let own = own.query_map([&id], |row| {
        Ok(KnownRedemption {
            redemption_id: RedemptionId::from_uuid(column::uuid(row, 0)?),
            redeemed_at: column::time(row, 1)?,
            staff_id: column::uuid_or_null(row, 2)?.map(StaffId::from_uuid),
            device_id: None,
            lines: column::json(row, 3)?,
        })
    })?;
    let mut known = own.collect::<Result<Vec<_>, _>>()?;
    let mut heard = connection.prepare_cached(
        "SELECT body FROM heard_redemption AS heard WHERE ticket_id = ?1
            AND NOT EXISTS (SELECT 1 FROM redemption WHERE redemption.redemption_id = heard.redemption_id)",
    )?;
    for record in heard.query_map([&id], |row| column::json::<RedemptionRecord>(row, 0))? {
        let RedemptionRecord { redemption, device_id, staff_id } = record?;
        let TicketRedeemed { redemption_id, redeemed_at, lines, .. } = redemption;
        known.push(KnownRedemption { redemption_id, redeemed_at, staff_id, device_id: Some(device_id), lines });
    }
    known.sort_by_key(|known| (known.redeemed_at, known.redemption_id));
    Ok(known)
}

/// The signed code behind a display code of this till; the newest, should the numbers have come round.
pub fn find_code(connection: &Connection, display_code: &str) -> Result<Option<String>, LedgerError> {
    let sql = "SELECT code FROM ticket WHERE display_code = ?1 ORDER BY ticket_no DESC LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([display_code], |row| row.get(0)).optional()?)
}

/// The serial of this till's next ticket.
pub fn next_serial(connection: &Connection) -> Result<u32, LedgerError> {
    let sql = "SELECT max(coalesce((SELECT serial FROM ticket ORDER BY ticket_no DESC LIMIT 1), 0), ticket_serial) + 1
               FROM number_floor";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}
