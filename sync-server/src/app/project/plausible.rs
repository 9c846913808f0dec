//! Whether what an event says can be added up with what others say.

use shared::event::{Fact, ProductEdited};
use shared::register::{CashCount, can_move};
use shared::tender::Payment;

/// More than any till takes in a year, in any currency's minor unit: sums of such amounts stay far from overflowing.
const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
/// More lines, payments or tickets than a sale has.
const MAX_PARTS: usize = 2_000;

/// More tags than a product has, and longer names than a key shows.
const MAX_TAGS: usize = 100;
const MAX_CHARS: usize = 200;

/// Whether its amounts can be added up with others.
pub(super) fn is_plausible(fact: &Fact) -> bool {
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
        Fact::CashMoved(moved) => {
            can_move(moved.amount_minor) && moved.reason.chars().count() <= MAX_CHARS && moved.moved_at.as_millis() >= 0
        }
        Fact::CardRequested(requested) => fits(requested.amount_minor),
        Fact::CardReported(reported) => reported.note.as_ref().is_none_or(|note| note.chars().count() <= MAX_CHARS),
        Fact::CardReturned(returned) => fits(returned.amount_minor) && returned.note.chars().count() <= MAX_CHARS,
        Fact::CardBatchClosed(closed) => {
            closed.comparison.lines.len() <= MAX_PARTS
                && closed.comparison.lines.iter().all(|line| fits(line.ours_minor) && fits(line.terminal_minor))
        }
        Fact::TicketRedeemed(redeemed) => {
            let unheard = redeemed.unheard.as_ref().map_or(0, |unheard| unheard.devices.len());
            redeemed.lines.len() <= MAX_PARTS && unheard <= MAX_PARTS
        }
        Fact::TicketVoided(voided) => voided.reason.chars().count() <= MAX_CHARS && voided.voided_at.as_millis() >= 0,
        Fact::RedemptionUndone(undone) => undone.undone_at.as_millis() >= 0,
        Fact::ProductEdited(edit) => is_editable(edit),
        Fact::StockCounted(counted) => {
            let seen = counted.seen.iter().flat_map(|part| [part.received_milli, part.taken_milli]);
            fits(counted.counted_milli)
                && counted.seen.len() <= MAX_PARTS
                && i64::try_from(counted.seen_round).is_ok_and(|round| round < i64::MAX)
                && seen.into_iter().all(|milli| i64::try_from(milli).is_ok_and(fits))
        }
        Fact::StockMoved(moved) => i64::try_from(moved.quantity_milli).is_ok_and(fits),
        Fact::ChainStarted(_)
        | Fact::OperatorLoggedIn(_)
        | Fact::OperatorLoggedOut(_)
        | Fact::OperatorRefused(_)
        | Fact::SaleAbandoned(_)
        | Fact::ReceiptReprinted(_)
        | Fact::TicketShownAgain(_)
        | Fact::DrawerOpened(_)
        | Fact::BadgePrinted(_) => true,
    }
}

/// Whether a drawer's count adds up to something.
fn is_countable(count: &CashCount) -> bool {
    let parts = count.0.iter().map(|c| c.denomination_minor.checked_mul(i64::from(c.count)));
    let total = parts.into_iter().try_fold(0_i64, |sum, part| sum.checked_add(part?));
    total.is_some_and(|total| (0..=MAX_AMOUNT_MINOR).contains(&total))
}

/// Whether a product can be what the edit says.
fn is_editable(edit: &ProductEdited) -> bool {
    let is_text = |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_CHARS;
    let rounds = [
        edit.name.as_ref().map(|edited| edited.seen),
        edit.price_minor.as_ref().map(|edited| edited.seen),
        edit.is_active.as_ref().map(|edited| edited.seen),
    ];
    edit.name.as_ref().is_none_or(|name| is_text(&name.to))
        && edit.price_minor.as_ref().is_none_or(|price| (0..=MAX_AMOUNT_MINOR).contains(&price.to))
        && rounds.iter().flatten().all(|round| i64::try_from(*round).is_ok_and(|round| round < i64::MAX))
        && edit.add_tags.len() <= MAX_TAGS
        && edit.add_tags.iter().all(|tag| is_text(tag))
        && edit.remove_tags.len() <= MAX_TAGS
        && edit.remove_tags.iter().all(|removal| is_text(&removal.tag) && removal.seen.len() <= MAX_PARTS)
}
