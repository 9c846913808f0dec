//! Having the terminal give an approved payment back, while no finished sale counts it. Written down before the terminal
//! is asked, so that the payment pays nothing from then on, whatever becomes of the line.
//!
//! A payment whose batch is closed is not voided: the terminal's number for it may be another payment's by now. Where the
//! terminal can, it is given back by what no closed batch changes.

use shared::event::{CardReported, Fact};
use shared::tender::{CardState, TerminalReport};

use super::card::{busy_with, no_terminal, unknown_card};
use super::resolve::refuse_counted;
use super::{Caller, Till};
use crate::commands::types::{CardPaymentView, CardRef, DeviceState};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::{find_payment, find_story, list_unsettled};

/// `card.void`
pub(crate) fn void_card(till: &Till, who: &Caller, args: &CardRef) -> Result<CardPaymentView, CommandError> {
    till.config.terminal.as_ref().ok_or_else(no_terminal)?;
    till.refuse_manual_terminal()?;
    till.refuse_while_closing()?;
    let health = till.terminal_health();
    let mut before = None;
    let mut is_batch_closed = false;
    let payment = till.write_on_card(who, |ledger| {
        let known = find_payment(ledger, args.payment_id)?.ok_or_else(unknown_card)?;
        let CardState::Approved { approval } = &known.state else {
            let state = serde_json::to_value(&known.state).ok().and_then(|state| state.get("state").cloned());
            let message = "Only a payment that the terminal approved can be given back there.";
            return Err(CommandError::new(ErrorCode::CardNotVoidable, message).with("state", state));
        };
        refuse_counted(ledger, &known)?;
        if approval.is_debit() {
            let message = "The terminal cannot give a debit card its money back. Give it back in cash.";
            return Err(CommandError::new(ErrorCode::CardVoidDebit, message));
        }
        if known.returned.is_some() || approval.operation_no.is_empty() {
            let message = "The terminal's number for this payment is not known here. Give it back in cash.";
            return Err(CommandError::new(ErrorCode::CardNotVoidable, message).with("state", "approved"));
        }
        is_batch_closed = find_story(ledger, args.payment_id)?.is_some_and(|story| story.is_batch_closed);
        if is_batch_closed && !till.gives_back_later() {
            let message = "The terminal's batch with this payment is closed. Give it back in cash.";
            return Err(CommandError::new(ErrorCode::CardNotVoidable, message).with("state", "settled"));
        }
        if let Some(other) = list_unsettled(ledger)?.first() {
            return Err(busy_with(other));
        }
        if health.state == DeviceState::Unreachable {
            let message = "The card terminal does not answer. Nothing was given back.";
            return Err(CommandError::new(ErrorCode::TerminalUnreachable, message).with("detail", health.detail));
        }
        let said = CardReported::by_terminal(args.payment_id, TerminalReport::VoidAsked { baseline: None });
        let after = said.apply(known.clone());
        before = Some(known);
        Ok((Fact::CardReported(said), after))
    })?;
    if let Some(approved) = before {
        till.void_at_terminal(&approved, is_batch_closed);
    }
    Ok(till.view_card(payment))
}
