//! How the till and everything around it is.

use shared::staff::{Decision, Permission, StaffMember, decide};
use shared::tender::{CardPayment, CardState, Denominations};
use shared::time::Timestamp;

use super::business_day::business_date;
use super::{Caller, Till};
use crate::commands::CommandError;
use crate::commands::types::{Nothing, OperatorView, PaidTwiceView, SessionView, TillStatus};
use crate::config::TerminalConfig;
use crate::ledger::register::StoredSession;
use crate::ledger::{card, counter, sale};

/// Two nights, after which head office has it in the events and nobody at the counter can do anything.
const PAID_TWICE_SHOWN_MS: i64 = 48 * 60 * 60 * 1000;

/// `status.get`
pub(crate) fn get_status(till: &Till, _: &Caller, _: &Nothing) -> Result<TillStatus, CommandError> {
    till.status()
}

impl Till {
    /// Everything the status bar and the first screen need.
    pub(crate) fn status(&self) -> Result<TillStatus, CommandError> {
        let now = self.clock.now();
        let is_enrolled = self.find_identity().is_some();
        let venue = is_enrolled.then(|| self.venue()).transpose()?;
        let session = if is_enrolled { self.find_session()? } else { None };
        let unsettled = self.ledger().read(card::list_unsettled)?;
        let uncertain = unsettled.into_iter().filter(|payment| payment.state == CardState::Uncertain);
        Ok(TillStatus {
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            is_enrolled,
            register: is_enrolled.then(|| self.register()).transpose()?,
            business_date: venue.as_ref().map(|venue| business_date(venue, now)),
            denominations: venue.as_ref().map(|v| Denominations::of(v.currency).to_vec()).unwrap_or_default(),
            operator: self.operator()?.map(view_operator),
            session: session.map(|stored| self.view_session(stored)).transpose()?,
            printer: self.printer_health()?,
            paper: self.paper_status()?,
            terminal: self.terminal_health(),
            scanner: self.scanner_health(),
            server: self.server_health()?,
            concerns: self.concerns()?,
            terminal_is_manual: self.config.terminal.as_ref().is_some_and(TerminalConfig::is_manual),
            open_cards: self.count_open_cards()?,
            uncertain_payments: uncertain.map(|payment| self.view_card(payment)).collect(),
            paid_twice: self.paid_twice(now)?,
            venue,
        })
    }

    /// What a card took beside its sale. A payment towards the sale on the counter is still on its way into it.
    fn paid_twice(&self, now: Timestamp) -> Result<Vec<PaidTwiceView>, CommandError> {
        let since = now.plus_millis(-PAID_TWICE_SHOWN_MS);
        let taken = self.ledger().read(|connection| card::list_uncounted(connection, since))?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        let on_counter = self.ledger().read(counter::find)?.map(|sale| sale.sale_id);
        let beside = taken.into_iter().filter(|payment| Some(payment.sale_id) != on_counter);
        let view = |payment: CardPayment| {
            let sold = self.ledger().read(|connection| sale::find_sale(connection, payment.sale_id))?;
            Ok(PaidTwiceView { receipt_no: sold.map(|sale| sale.recorded.receipt_no), payment })
        };
        beside.map(view).collect()
    }

    fn view_session(&self, stored: StoredSession) -> Result<SessionView, CommandError> {
        let session = stored.session;
        Ok(SessionView {
            session_id: session.session_id,
            business_date: session.business_date,
            opened_at: session.opened_at,
            opened_by: self.name_of(Some(session.opened_by))?.unwrap_or_default(),
            sales: stored.totals.sales,
        })
    }
}

/// Every permission there is.
const PERMISSIONS: [Permission; 15] = [
    Permission::OpenRegister,
    Permission::Sell,
    Permission::RemoveLine,
    Permission::RedeemTicket,
    Permission::OpenDrawer,
    Permission::MoveCash,
    Permission::Reprint,
    Permission::SeeExpectedCash,
    Permission::SeeDiagnostics,
    Permission::SettleCard,
    Permission::VoidCard,
    Permission::CloseBatch,
    Permission::UndoRedemption,
    Permission::VoidTicket,
    Permission::PrintBadge,
];

fn view_operator(staff: StaffMember) -> OperatorView {
    let all = |wanted| PERMISSIONS.into_iter().filter(|one| decide(&staff.roles, *one) == wanted).collect();
    OperatorView {
        staff_id: staff.staff_id,
        may: all(Decision::Allowed),
        may_with_approval: all(Decision::NeedsApproval),
        name: staff.name,
        roles: staff.roles,
    }
}
