//! The drawer: opened with its float, read, closed on a blind count.

use shared::event::{CashMoved, Fact, RegisterClosed, RegisterOpened};
use shared::ids::SessionId;
use shared::register::{RegisterSession, XReport, ZReport, can_move};
use shared::staff::{Decision, Permission, decide};

use super::business_day::business_date;
use super::{Caller, Till};
use crate::commands::types::{CloseRegister, MoveCash, Nothing, OpenRegister, TillStatus};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::register::next_z_number;
use crate::ledger::{card, counter};

/// `register.open`
pub(crate) fn open_register(till: &Till, who: &Caller, args: &OpenRegister) -> Result<TillStatus, CommandError> {
    {
        let _turn = till.take_turn();
        if till.find_session()?.is_some() {
            return Err(CommandError::new(ErrorCode::SessionAlreadyOpen, "The drawer is open already."));
        }
        let (venue, register) = (till.venue()?, till.register()?);
        let (now, staff) = (till.clock.now(), who.staff()?);
        let session_id = SessionId::new(now, &*till.entropy);
        let business_date = business_date(&venue, now);
        let by = (staff.staff_id, now);
        let session = RegisterSession::open(
            session_id,
            register.register_id,
            business_date,
            by,
            (args.float.clone(), venue.currency),
        )?;
        let slip = till.opening_slip(&session, &venue, &register, &staff.name);
        let fact = Fact::RegisterOpened(RegisterOpened {
            session_id,
            register_id: session.register_id,
            business_date,
            opened_by: session.opened_by,
            opened_at: session.opened_at,
            currency: session.currency,
            float: session.float,
        });
        let actor = Some(staff.staff_id);
        till.ledger().write(move |tx| {
            tx.append(&fact, actor, Some(session_id))?;
            slip.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop))
        })?;
    }
    till.wake_printer();
    till.status()
}

/// `register.read`
pub(crate) fn read_register(till: &Till, who: &Caller, _: &Nothing) -> Result<XReport, CommandError> {
    let stored = till.session()?;
    let sees_expected = decide(&who.staff()?.roles, Permission::SeeExpectedCash) == Decision::Allowed;
    Ok(stored.session.read(stored.totals, till.clock.now(), sees_expected))
}

/// `register.move_cash`
pub(crate) fn move_cash(till: &Till, who: &Caller, args: &MoveCash) -> Result<XReport, CommandError> {
    {
        let _turn = till.take_turn();
        if !can_move(args.amount_minor) {
            let message = "Cash moves by an amount more than nothing that a drawer can hold.";
            return Err(CommandError::new(ErrorCode::AmountInvalid, message).with("amount_minor", args.amount_minor));
        }
        let session = till.session()?.session;
        let (venue, register) = (till.venue()?, till.register()?);
        let (now, by) = (till.clock.now(), who.by()?);
        let moved = CashMoved {
            session_id: session.session_id,
            business_date: session.business_date,
            movement: args.movement,
            amount_minor: args.amount_minor,
            reason: args.reason.trim().to_owned(),
            moved_at: now,
        };
        let people = (who.staff()?.name.as_str(), till.name_of(by.approver)?);
        let slip = till.cash_slip(&moved, session.currency, &venue, &register, people);
        let fact = Fact::CashMoved(moved);
        till.ledger().write(move |tx| {
            tx.append(&fact, by, Some(session.session_id))?;
            slip.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop))
        })?;
    }
    till.wake_printer();
    read_register(till, who, &Nothing {})
}

/// `register.close`
pub(crate) fn close_register(till: &Till, who: &Caller, args: &CloseRegister) -> Result<ZReport, CommandError> {
    let z = {
        let _turn = till.take_turn();
        let stored = till.session()?;
        refuse_open_sale(till)?;
        let (venue, register) = (till.venue()?, till.register()?);
        let (now, staff) = (till.clock.now(), who.staff()?);
        let z_number = till.ledger().read(|connection| next_z_number(connection, register.register_id))?;
        let (session, z) = stored.session.close(&args.counted, stored.totals, z_number, now)?;
        let slip = till.z_slip(&session, &args.counted, &z, now, (&venue, &register, &staff.name));
        let (session_id, actor) = (session.session_id, Some(staff.staff_id));
        let closed = RegisterClosed { session_id, closed_at: now, counted: args.counted.clone(), z: z.clone() };
        let fact = Fact::RegisterClosed(closed);
        till.ledger().write(move |tx| {
            tx.append(&fact, actor, Some(session_id))?;
            slip.iter().try_for_each(|job| tx.insert_print_job(job, now).map(drop))
        })?;
        z
    };
    till.wake_printer();
    Ok(z)
}

/// Lines or money on the counter belong to this session. A payment in doubt does not hold up the night: it stays named
/// in the status until it is settled.
fn refuse_open_sale(till: &Till) -> Result<(), CommandError> {
    let open = |message: &str| CommandError::new(ErrorCode::SaleStillOpen, message);
    if till.ledger().read(card::list_unsettled)?.iter().any(|payment| !payment.state.is_doubt()) {
        return Err(open("A card payment is still under way."));
    }
    let Some(sale) = till.ledger().read(counter::find)? else { return Ok(()) };
    let cards = till.ledger().read(|connection| card::list_of_sale(connection, sale.sale_id))?;
    if !sale.lines.is_empty() || cards.iter().any(|card| card.approved().is_some()) {
        return Err(open("There is still a sale on the counter. Finish it or give it up."));
    }
    Ok(())
}
