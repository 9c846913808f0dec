//! What an event comes to. Total functions: there is no event they refuse, only events they flag, so a poisoned one
//! delays no other. Unreadable ones and those from a newer program are kept aside until a program understands them.

use shared::event::{
    CardReported, CardRequested, ChainStarted, Event, EventError, Fact, OperatorRefused, Read, RegisterClosed,
    RegisterOpened, SaleRecorded, SealedEvent, TicketRedeemed,
};
use shared::register::CashCount;
use shared::sale::Totals;
use shared::sync::protocol::Disposition;
use shared::sync::stream::{RedemptionRecord, StreamName, keys};
use shared::tender::{Payment, TerminalReport};
use shared::ticket::{Ticket, UnverifiedTicket};

use crate::store::{ChainRow, DeviceRow, Place, RedemptionRow, StoreError, TenantTx};

/// More than any till takes in a year, in any currency's minor unit: sums of such amounts stay far from overflowing.
const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
/// More lines, payments or tickets than a sale has.
const MAX_PARTS: usize = 2_000;

/// Who sent it, and into which chain.
pub struct Source<'a> {
    /// The machine.
    pub device: &'a DeviceRow,
    /// The chain.
    pub chain: &'a ChainRow,
    /// Which branch of it.
    pub branch: u32,
}

/// What became of an event.
pub struct Judged {
    /// Its type; empty when the envelope cannot be read.
    pub kind: String,
    /// The device's clock.
    pub hlc: u64,
    /// Counted, counted with a flag, or kept aside.
    pub disposition: Disposition,
    /// Why a person should look.
    pub codes: Vec<&'static str>,
}

/// Counts an event, and says what is odd about it.
pub async fn project(tx: &mut TenantTx, source: &Source<'_>, sealed: &SealedEvent) -> Result<Judged, StoreError> {
    let event = match sealed.read() {
        Ok(event) => event,
        Err(EventError::Payload { .. }) => return Ok(aside("payload_unreadable")),
        Err(EventError::Header { .. } | EventError::Envelope { .. }) => return Ok(aside("envelope_unreadable")),
    };
    let hlc = event.stamp.hlc.bits();
    let fact = match &event.fact {
        Read::Known(fact) => fact,
        Read::Unknown { kind, .. } => {
            let kind = kind.chars().take(100).collect();
            return Ok(Judged { kind, hlc, ..aside("type_unknown") });
        }
    };
    let kind = fact.kind().to_owned();
    if !is_plausible(fact) {
        return Ok(Judged { kind, hlc, ..aside("amount_implausible") });
    }
    let mut codes = count(tx, source, sealed, &event, fact).await?;
    // A branch's events happened too, so they count; but a person has to know.
    if source.branch != 0 {
        codes.push("forked");
    }
    let disposition = if codes.is_empty() { Disposition::Applied } else { Disposition::Flagged };
    Ok(Judged { kind, hlc, disposition, codes })
}

fn aside(code: &'static str) -> Judged {
    Judged { kind: String::new(), hlc: 0, disposition: Disposition::Quarantined, codes: vec![code] }
}

/// Whether its amounts can be added up with others.
fn is_plausible(fact: &Fact) -> bool {
    let fits = |amount: i64| amount.unsigned_abs() <= MAX_AMOUNT_MINOR.unsigned_abs();
    match fact {
        Fact::SaleCompleted(sale) => {
            let parts = [sale.lines.len(), sale.settlement.payments.len(), sale.tickets.len(), sale.totals.taxes.len()];
            let lines = sale.lines.iter().flat_map(|l| [l.unit_price_minor, l.total_minor, l.quantity_milli.milli()]);
            let payments = sale.settlement.payments.iter().flat_map(|payment| match payment {
                Payment::Cash { amount_minor, tendered_minor, change_minor, rounding_minor } => {
                    [*amount_minor, *tendered_minor, *change_minor, *rounding_minor]
                }
                Payment::Card { amount_minor, .. } => [*amount_minor, 0, 0, 0],
            });
            let sums = [
                sale.totals.total_minor,
                sale.totals.tax_minor,
                sale.totals.net_minor,
                sale.settlement.change_minor,
                sale.settlement.rounding_minor,
            ];
            parts.iter().all(|len| *len <= MAX_PARTS)
                && lines.chain(payments).chain(sums).all(fits)
                && i64::try_from(sale.receipt_no).is_ok()
                && sale.completed_at.as_millis() >= 0
        }
        Fact::RegisterOpened(opened) => is_countable(&opened.float) && opened.opened_at.as_millis() >= 0,
        Fact::RegisterClosed(closed) => is_countable(&closed.counted),
        Fact::CardRequested(requested) => fits(requested.amount_minor),
        Fact::TicketRedeemed(redeemed) => redeemed.lines.len() <= MAX_PARTS,
        Fact::ChainStarted(_)
        | Fact::OperatorLoggedIn(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::OperatorRefused(_)
        | Fact::SaleAbandoned(_)
        | Fact::CardReported(_)
        | Fact::ReceiptReprinted(_)
        | Fact::DrawerOpened(_) => true,
    }
}

/// Whether a drawer's count adds up to something.
fn is_countable(count: &CashCount) -> bool {
    let parts = count.0.iter().map(|c| c.denomination_minor.checked_mul(i64::from(c.count)));
    let total = parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(part?));
    total.is_some_and(|total| (0..=MAX_AMOUNT_MINOR).contains(&total))
}

async fn count(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    fact: &Fact,
) -> Result<Vec<&'static str>, StoreError> {
    match fact {
        Fact::ChainStarted(started) => chain_started(tx, sealed, started).await,
        Fact::SaleCompleted(sale) => sale_completed(tx, source, sealed, event, sale).await,
        Fact::RegisterOpened(opened) => register_opened(tx, source, opened).await,
        Fact::RegisterClosed(closed) => register_closed(tx, closed).await,
        Fact::CardRequested(requested) => card_requested(tx, source, requested).await,
        Fact::CardReported(reported) => card_reported(tx, reported).await,
        Fact::TicketRedeemed(redeemed) => ticket_redeemed(tx, source, sealed, event, redeemed).await,
        Fact::OperatorRefused(refused) => operator_refused(tx, source, sealed, event, refused).await,
        Fact::OperatorLoggedIn(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::SaleAbandoned(_)
        | Fact::ReceiptReprinted(_)
        | Fact::DrawerOpened(_) => Ok(Vec::new()),
    }
}

async fn chain_started(
    tx: &mut TenantTx,
    sealed: &SealedEvent,
    started: &ChainStarted,
) -> Result<Vec<&'static str>, StoreError> {
    if sealed.seq != 1 {
        return Ok(vec!["chain_restarted"]);
    }
    let parent = started.parent.map(|parent| (parent.chain, parent.seq));
    let parent = parent.filter(|(_, seq)| i64::try_from(*seq).is_ok());
    let version: String = started.app_version.chars().take(100).collect();
    let has_twin = tx.set_chain_parent(sealed.chain, parent, &version).await?;
    Ok(if has_twin { vec!["device_cloned"] } else { Vec::new() })
}

async fn sale_completed(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    sale: &SaleRecorded,
) -> Result<Vec<&'static str>, StoreError> {
    let mut codes = Vec::new();
    let (session, staff) = (event.stamp.session, event.stamp.actor);
    let place = (source.device.device_id, source.chain.venue_id);
    let at = (sealed.chain, Place { branch: source.branch, seq: sealed.seq });
    if !tx.insert_sale(sale, place, (session, staff), at).await? {
        return Ok(vec!["sale_repeated"]);
    }
    if Totals::of(&sale.lines).is_none_or(|totals| totals != sale.totals) {
        codes.push("totals_mismatch");
    }
    let paid: i64 = sale.settlement.payments.iter().map(Payment::amount_minor).sum();
    if paid != sale.totals.total_minor + sale.settlement.rounding_minor {
        codes.push("settlement_mismatch");
    }
    let mut products: Vec<_> = sale.lines.iter().map(|line| line.product_id).collect();
    products.sort_unstable();
    products.dedup();
    for product in products {
        if !tx.is_product_known(product).await? {
            codes.push("product_unknown");
            break;
        }
    }
    match session {
        None => codes.push("session_missing"),
        Some(session) => match tx.is_session_open(session).await? {
            Some(true) => {}
            Some(false) => codes.push("session_closed"),
            None => codes.push("session_unknown"),
        },
    }
    for payment in &sale.settlement.payments {
        if let Payment::Card { payment_id, amount_minor, .. } = payment {
            match tx.find_card_request(*payment_id).await? {
                Some(request) if request.amount_minor == *amount_minor => {}
                Some(_) => codes.push("card_amount_mismatch"),
                None => codes.push("card_payment_unknown"),
            }
        }
    }
    Ok(codes)
}

async fn register_opened(
    tx: &mut TenantTx,
    source: &Source<'_>,
    opened: &RegisterOpened,
) -> Result<Vec<&'static str>, StoreError> {
    let place = (source.device.device_id, source.chain.venue_id);
    let is_new = tx.insert_register_session(opened, place).await?;
    let mut codes = Vec::new();
    if !is_new {
        codes.push("session_repeated");
    }
    if opened.register_id != source.device.register_id {
        codes.push("register_of_another_till");
    }
    Ok(codes)
}

async fn register_closed(tx: &mut TenantTx, closed: &RegisterClosed) -> Result<Vec<&'static str>, StoreError> {
    if tx.is_session_open(closed.session_id).await?.is_none() {
        return Ok(vec!["session_unknown"]);
    }
    let mut codes = Vec::new();
    if !tx.close_register_session(closed).await? {
        codes.push("session_repeated");
    }
    let (sales, total_minor) = tx.sum_session(closed.session_id).await?;
    if sales != u64::from(closed.z.totals.sales) || total_minor != closed.z.totals.total_minor {
        codes.push("z_mismatch");
    }
    Ok(codes)
}

async fn card_requested(
    tx: &mut TenantTx,
    source: &Source<'_>,
    requested: &CardRequested,
) -> Result<Vec<&'static str>, StoreError> {
    let is_new = tx.insert_card_payment(requested, source.device.device_id).await?;
    Ok(if is_new { Vec::new() } else { vec!["card_payment_repeated"] })
}

async fn card_reported(tx: &mut TenantTx, reported: &CardReported) -> Result<Vec<&'static str>, StoreError> {
    let says = match &reported.report {
        // Where a payment has got to is not how it ended.
        TerminalReport::Ready | TerminalReport::Progress { .. } => return Ok(Vec::new()),
        TerminalReport::Approved { .. } => "approved",
        TerminalReport::Declined { .. } => "declined",
        TerminalReport::NotStarted { .. } => "not_started",
        TerminalReport::NoAnswer => "uncertain",
    };
    let report = serde_json::to_string(&reported.report).map_err(|_| StoreError::Corrupt("report"))?;
    let is_known = tx.update_card_payment(reported.payment_id, says, &report).await?;
    Ok(if is_known { Vec::new() } else { vec!["card_payment_unknown"] })
}

async fn operator_refused(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    refused: &OperatorRefused,
) -> Result<Vec<&'static str>, StoreError> {
    let who = (source.device.device_id, refused.staff_id);
    let told = (refused.wrong, refused.locked_until);
    tx.insert_pin_refusal(sealed.hash, who, event.stamp.hlc.at(), told).await?;
    Ok(Vec::new())
}

async fn ticket_redeemed(
    tx: &mut TenantTx,
    source: &Source<'_>,
    sealed: &SealedEvent,
    event: &Event,
    redeemed: &TicketRedeemed,
) -> Result<Vec<&'static str>, StoreError> {
    let (device_id, venue_id, staff_id) = (source.device.device_id, source.chain.venue_id, event.stamp.actor);
    let row = RedemptionRow { fact: redeemed, device_id, venue_id, staff_id, cause: sealed.hash };
    if !tx.insert_redemption(&row).await? {
        return Ok(vec!["redemption_repeated"]);
    }
    let mut codes = Vec::new();
    match believe(tx, redeemed).await? {
        Some(ticket) => {
            let so_far = tx.list_redeemed(redeemed.ticket_id).await?;
            let over = (1_u8..).zip(&ticket.lines).any(|(line_no, line)| {
                let of_line = so_far.iter().filter(|r| r.line_no == line_no);
                of_line.map(|r| u64::from(r.quantity)).sum::<u64>() > u64::from(line.quantity)
            });
            let stray = redeemed.lines.iter().any(|r| r.line_no == 0 || usize::from(r.line_no) > ticket.lines.len());
            if over || stray {
                codes.push("over_redeemed");
            }
        }
        None => codes.push("ticket_unverified"),
    }
    // It happened, so the venue's other tills must know, whatever we think of it.
    let key = format!("{}{}", keys::REDEMPTION, redeemed.redemption_id);
    let record = RedemptionRecord { redemption: redeemed.clone(), device_id, staff_id };
    tx.publish(StreamName::Venue(venue_id), key, &record, Some(sealed.hash)).await?;
    Ok(codes)
}

/// The ticket a redemption shows, if a till of this company signed it and it is the one redeemed.
async fn believe(tx: &mut TenantTx, redeemed: &TicketRedeemed) -> Result<Option<Ticket>, StoreError> {
    let Ok(unverified) = UnverifiedTicket::parse(&redeemed.code) else { return Ok(None) };
    let key = tx.find_device_key(redeemed.ticket_id.device_no).await?;
    let ticket = unverified.verify(tx.tenant_id, |device_no| key.filter(|_| device_no == redeemed.ticket_id.device_no));
    Ok(ticket.ok().filter(|ticket| ticket.ticket_id == redeemed.ticket_id))
}
