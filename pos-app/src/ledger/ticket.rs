//! Tickets given out here, and what was handed over for any ticket: by this till, or by others as the stream tells.

use rusqlite::{Connection, OptionalExtension, params};
use shared::event::{IssuedTicket, RedemptionUndone, TicketRedeemed, TicketVoided};
use shared::ids::{DeviceId, RedemptionId, StaffId};
use shared::sync::stream::{RedemptionRecord, UndoRecord, VoidRecord, keys};
use shared::ticket::{RedeemedLine, TicketId};
use shared::time::Timestamp;

use super::{LedgerError, LedgerTx, column};

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
    /// It was taken back, and counts no more.
    pub undone: Option<KnownDeed>,
}

/// Who did something about a ticket, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDeed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub staff_id: Option<StaffId>,
    /// Which machine; none for this one.
    pub device_id: Option<DeviceId>,
}

/// Everything known to have become of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTicket {
    /// What was handed over, oldest first, also what was taken back.
    pub redemptions: Vec<KnownRedemption>,
    /// It was withdrawn, and why.
    pub void: Option<(KnownDeed, String)>,
}

impl KnownTicket {
    /// What counts as handed over.
    pub fn redeemed(&self) -> Vec<RedeemedLine> {
        self.counted().flat_map(|known| known.lines.iter().copied()).collect()
    }

    /// The hand-overs nobody took back, oldest first.
    pub fn counted(&self) -> impl DoubleEndedIterator<Item = &KnownRedemption> {
        self.redemptions.iter().filter(|known| known.undone.is_none())
    }
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

pub(super) fn insert_undo(
    connection: &Connection,
    staff_id: Option<StaffId>,
    fact: &RedemptionUndone,
) -> Result<(), LedgerError> {
    let mut insert =
        connection.prepare_cached("INSERT INTO redemption_undo VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    insert.execute(params![
        fact.redemption_id.as_bytes(),
        fact.ticket_id.to_string(),
        fact.undone_at.as_millis(),
        staff_id.as_ref().map(StaffId::as_bytes),
    ])?;
    Ok(())
}

pub(super) fn insert_void(
    connection: &Connection,
    staff_id: Option<StaffId>,
    fact: &TicketVoided,
) -> Result<(), LedgerError> {
    let mut insert =
        connection.prepare_cached("INSERT INTO ticket_void VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    insert.execute(params![
        fact.ticket_id.to_string(),
        fact.voided_at.as_millis(),
        staff_id.as_ref().map(StaffId::as_bytes),
        fact.reason,
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

impl LedgerTx<'_> {
    /// Keeps what the server answered of a redemption, before the venue's stream tells it.
    pub fn hear_redemption(&self, record: &RedemptionRecord) -> Result<(), LedgerError> {
        put_heard_redemption(self.connection(), record)
    }
}

/// Takes in a hand-over taken back, of the venue's stream.
pub fn put_heard_undo(connection: &Connection, record: &UndoRecord) -> Result<(), LedgerError> {
    connection.prepare_cached("INSERT OR REPLACE INTO heard_undo VALUES (?1, ?2, ?3)")?.execute(params![
        record.undone.redemption_id.as_bytes(),
        record.undone.ticket_id.to_string(),
        column::to_json(record),
    ])?;
    Ok(())
}

/// Takes in a ticket withdrawn, of the venue's stream.
pub fn put_heard_void(connection: &Connection, record: &VoidRecord) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO heard_void VALUES (?1, ?2)")?
        .execute(params![record.voided.ticket_id.to_string(), column::to_json(record)])?;
    Ok(())
}

/// Lets go of a redemption that opens nothing any more.
pub fn delete_heard_redemption(connection: &Connection, id: RedemptionId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM heard_redemption WHERE redemption_id = ?1")?.execute([id.as_bytes()])?;
    Ok(())
}

/// The same of one taken back.
pub fn delete_heard_undo(connection: &Connection, id: RedemptionId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM heard_undo WHERE redemption_id = ?1")?.execute([id.as_bytes()])?;
    Ok(())
}

/// The same of a ticket withdrawn.
pub fn delete_heard_void(connection: &Connection, ticket_id: TicketId) -> Result<(), LedgerError> {
    connection.prepare_cached("DELETE FROM heard_void WHERE ticket_id = ?1")?.execute([ticket_id.to_string()])?;
    Ok(())
}

/// The keys of all that was heard.
pub fn list_heard_keys(connection: &Connection) -> Result<Vec<String>, LedgerError> {
    let mut keys = Vec::new();
    for (kind, sql) in [
        (keys::REDEMPTION, "SELECT redemption_id FROM heard_redemption"),
        (keys::UNDO, "SELECT redemption_id FROM heard_undo"),
    ] {
        let mut heard = connection.prepare_cached(sql)?;
        for id in heard.query_map([], |row| column::uuid(row, 0))? {
            keys.push(format!("{kind}{}", id?));
        }
    }
    let mut heard = connection.prepare_cached("SELECT ticket_id FROM heard_void")?;
    for id in heard.query_map([], |row| row.get::<_, String>(0))? {
        keys.push(format!("{}{}", keys::VOID, id?));
    }
    Ok(keys)
}

/// Everything known to have become of a ticket; what both sides know counts once.
pub fn load_known(connection: &Connection, ticket_id: TicketId) -> Result<KnownTicket, LedgerError> {
    let id = ticket_id.to_string();
    let mut redemptions = list_redemptions(connection, &id)?;
    for (redemption_id, deed) in list_undone(connection, &id)? {
        if let Some(known) = redemptions.iter_mut().find(|known| known.redemption_id == redemption_id) {
            known.undone = Some(deed);
        }
    }
    Ok(KnownTicket { redemptions, void: find_void(connection, &id)? })
}

fn list_redemptions(connection: &Connection, id: &str) -> Result<Vec<KnownRedemption>, LedgerError> {
    let mut own = connection
        .prepare_cached("SELECT redemption_id, redeemed_at, staff_id, lines FROM redemption WHERE ticket_id = ?1")?;
    let own = own.query_map([id], |row| {
        Ok(KnownRedemption {
            redemption_id: RedemptionId::from_uuid(column::uuid(row, 0)?),
            redeemed_at: column::time(row, 1)?,
            staff_id: column::uuid_or_null(row, 2)?.map(StaffId::from_uuid),
            device_id: None,
            lines: column::json(row, 3)?,
            undone: None,
        })
    })?;
    let mut known = own.collect::<Result<Vec<_>, _>>()?;
    let mut heard = connection.prepare_cached(
        "SELECT body FROM heard_redemption AS heard WHERE ticket_id = ?1
            AND NOT EXISTS (SELECT 1 FROM redemption WHERE redemption.redemption_id = heard.redemption_id)",
    )?;
    for record in heard.query_map([id], |row| column::json::<RedemptionRecord>(row, 0))? {
        let RedemptionRecord { redemption, device_id, staff_id } = record?;
        let TicketRedeemed { redemption_id, redeemed_at, lines, .. } = redemption;
        let device_id = Some(device_id);
        known.push(KnownRedemption { redemption_id, redeemed_at, staff_id, device_id, lines, undone: None });
    }
    known.sort_by_key(|known| (known.redeemed_at, known.redemption_id));
    Ok(known)
}

/// This till's own word last, so that it stands.
fn list_undone(connection: &Connection, id: &str) -> Result<Vec<(RedemptionId, KnownDeed)>, LedgerError> {
    let mut heard = connection.prepare_cached("SELECT body FROM heard_undo WHERE ticket_id = ?1")?;
    let heard = heard.query_map([id], |row| {
        let UndoRecord { undone, device_id, staff_id } = column::json(row, 0)?;
        Ok((undone.redemption_id, KnownDeed { at: undone.undone_at, staff_id, device_id: Some(device_id) }))
    })?;
    let mut undone = heard.collect::<Result<Vec<_>, _>>()?;
    let mut own = connection
        .prepare_cached("SELECT redemption_id, undone_at, staff_id FROM redemption_undo WHERE ticket_id = ?1")?;
    for own in own.query_map([id], |row| {
        let staff_id = column::uuid_or_null(row, 2)?.map(StaffId::from_uuid);
        let deed = KnownDeed { at: column::time(row, 1)?, staff_id, device_id: None };
        Ok((RedemptionId::from_uuid(column::uuid(row, 0)?), deed))
    })? {
        undone.push(own?);
    }
    Ok(undone)
}

fn find_void(connection: &Connection, id: &str) -> Result<Option<(KnownDeed, String)>, LedgerError> {
    let mut own =
        connection.prepare_cached("SELECT voided_at, staff_id, reason FROM ticket_void WHERE ticket_id = ?1")?;
    let own = own.query_row([id], |row| {
        let staff_id = column::uuid_or_null(row, 1)?.map(StaffId::from_uuid);
        Ok((KnownDeed { at: column::time(row, 0)?, staff_id, device_id: None }, row.get(2)?))
    });
    if let Some(own) = own.optional()? {
        return Ok(Some(own));
    }
    let mut heard = connection.prepare_cached("SELECT body FROM heard_void WHERE ticket_id = ?1")?;
    let heard = heard.query_row([id], |row| {
        let VoidRecord { voided, device_id, staff_id } = column::json(row, 0)?;
        Ok((KnownDeed { at: voided.voided_at, staff_id, device_id: Some(device_id) }, voided.reason))
    });
    Ok(heard.optional()?)
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
