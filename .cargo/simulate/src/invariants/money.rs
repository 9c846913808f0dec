//! Invariants 14, 15 and 21: amounts, added up a second time by other code.

use std::collections::BTreeMap;

use shared::event::{Event, Fact, Read, SaleRecorded};
use shared::ids::SessionId;
use shared::register::SessionTotals;
use shared::tender::Payment;

use crate::reading;
use crate::server::db::{Db, SessionRow};
use crate::server::project::entries;
use crate::world::World;

/// What is wrong with a sale, if anything: said again from the lines up, without the code that made it.
pub(super) fn fault_of(sale: &SaleRecorded) -> Option<&'static str> {
    let lines: i64 = sale.lines.iter().map(|line| line.total_minor).sum();
    if lines != sale.totals.total_minor {
        return Some("its lines do not come to its total");
    }
    let priced = |line: &shared::sale::SaleLine| {
        let exact = i128::from(line.unit_price_minor) * i128::from(line.quantity_milli.milli());
        i128::from(line.total_minor) == (exact + 500).div_euclid(1000)
    };
    if !sale.lines.iter().all(priced) {
        return Some("a line is not its quantity times its price");
    }
    if sale.totals.net_minor + sale.totals.tax_minor != sale.totals.total_minor {
        return Some("net and tax do not come to the total");
    }
    let mut by_rate = BTreeMap::<u32, i128>::new();
    for line in &sale.lines {
        *by_rate.entry(line.tax_rate_bp.0).or_default() += i128::from(line.total_minor);
    }
    let tax = by_rate.iter().map(|(rate, gross)| {
        let divisor = 10_000 + i128::from(*rate);
        gross - (gross * 20_000 + divisor).div_euclid(divisor * 2)
    });
    if tax.sum::<i128>() != i128::from(sale.totals.tax_minor) {
        return Some("the tax is not the document's");
    }
    let paid: i64 = sale.settlement.payments.iter().map(Payment::amount_minor).sum();
    if paid != sale.totals.total_minor + sale.settlement.rounding_minor {
        return Some("payments are not the total and its rounding");
    }
    let is_change_right = sale.settlement.payments.iter().all(|payment| match payment {
        Payment::Cash { amount_minor, tendered_minor, change_minor, .. } => {
            tendered_minor - change_minor == *amount_minor && amount_minor % 100 == 0
        }
        Payment::Card { .. } => true,
    });
    (!is_change_right).then_some("cash kept is not what was handed over less the change")
}

impl World {
    /// 15: as the till writes it.
    pub(super) fn check_sale(&mut self, till: usize, sale: &SaleRecorded) {
        self.checks.look(15);
        if let Some(fault) = fault_of(sale) {
            self.broken(15, format!("till {till}, sale {}: {fault}", sale.sale_id));
        }
    }

    /// 14, 15, 21, all over again from the events the server holds.
    pub(super) fn check_books(&mut self) {
        for invariant in [14, 15, 21] {
            self.checks.look(invariant);
        }
        let broken = self.dbs.iter().find_map(audit);
        if let Some((invariant, detail)) = broken {
            self.broken(invariant, detail);
        }
    }
}

/// What the events say, summed here.
#[derive(Default)]
struct Sums {
    sessions: BTreeMap<SessionId, SessionTotals>,
    sealed: BTreeMap<SessionId, Vec<SessionTotals>>,
    accounts: [i64; 6],
}

fn audit(db: &Db) -> Option<(u8, String)> {
    let mut sums = Sums::default();
    for (chain, _, sealed) in db.events() {
        let Ok(event) = reading::event(sealed) else { continue };
        let Event { fact: Read::Known(fact), stamp, .. } = &*event else { continue };
        match fact {
            Fact::SaleCompleted(sale) => {
                if let Some(fault) = fault_of(sale) {
                    return Some((15, format!("{chain} {}: {fault}", sealed.seq)));
                }
                if let Some(session) = stamp.session {
                    let sum = sums.sessions.entry(session).or_default();
                    *sum = sum.plus(&sale.completed());
                }
                for (account, amount) in entries(sale) {
                    sums.accounts[account as usize] += amount;
                }
            }
            Fact::RegisterClosed(closed) => sums.sealed.entry(closed.session_id).or_default().push(closed.z.totals),
            _ => {}
        }
    }
    if db.accounts.iter().sum::<i64>() != 0 {
        return Some((14, format!("the accounts come to {:?}", db.accounts)));
    }
    // Tips have no reader but the newer program; they move cash and tips alike.
    let tips = db.accounts[5];
    sums.accounts[0] -= tips;
    sums.accounts[5] += tips;
    if sums.accounts != db.accounts {
        return Some((14, format!("booked {:?}, and the sales say {:?}", db.accounts, sums.accounts)));
    }
    for (session, row) in &db.sessions {
        let SessionRow { sealed, at_close, addenda } = *row;
        let all = sums.sessions.get(session).copied().unwrap_or_default();
        if plus(at_close, addenda) != all {
            return Some((21, format!("session {session}: {at_close:?} and {addenda:?} are not {all:?}")));
        }
        let said = sums.sealed.get(session);
        if sealed.is_some_and(|sealed| !said.is_some_and(|said| said.contains(&sealed))) {
            return Some((21, format!("session {session} was not closed on {sealed:?}")));
        }
    }
    None
}

fn plus(one: SessionTotals, other: SessionTotals) -> SessionTotals {
    SessionTotals {
        sales: one.sales + other.sales,
        total_minor: one.total_minor + other.total_minor,
        tax_minor: one.tax_minor + other.tax_minor,
        cash_minor: one.cash_minor + other.cash_minor,
        card_minor: one.card_minor + other.card_minor,
        rounding_minor: one.rounding_minor + other.rounding_minor,
        manual_cards: one.manual_cards + other.manual_cards,
        manual_card_minor: one.manual_card_minor + other.manual_card_minor,
        returned_minor: one.returned_minor + other.returned_minor,
        paid_in_minor: one.paid_in_minor + other.paid_in_minor,
        paid_out_minor: one.paid_out_minor + other.paid_out_minor,
        dropped_minor: one.dropped_minor + other.dropped_minor,
    }
}
