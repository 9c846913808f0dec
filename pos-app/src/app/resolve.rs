//! What a person says of a card payment, with the terminal's paper in hand: how a doubt ended, or that the money was given
//! back. It is written down as theirs, and what the terminal says of it later is kept beside it.

use shared::event::{CardReported, CardReturned, Fact};
use shared::tender::{CardApproval, CardPayment, CardState, ReturnWay, TerminalReport, VoucherError};

use super::card::{busy_with, unknown_card};
use super::open_card::{is_taken, note};
use super::{Caller, Till};
use crate::commands::types::{CardPaymentView, ResolveCard, ResolveOutcome, ReturnCard};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::{find_payment, find_proved, find_story};
use crate::ledger::{View, sale};

/// What stands where a terminal's code would.
const BY_HAND: &str = "manual";

/// `card.resolve`
pub(crate) fn resolve_card(till: &Till, who: &Caller, args: &ResolveCard) -> Result<CardPaymentView, CommandError> {
    let note = note(&args.note)?;
    let voucher = match args.outcome {
        ResolveOutcome::Approved => {
            let (code, last4) = (args.authorisation_code.as_deref(), args.last4.as_deref());
            Some(read_voucher(code.unwrap_or_default(), last4.unwrap_or_default())?)
        }
        _ => None,
    };
    let payment = till.write_on_card(who, |ledger| {
        let known = find_payment(ledger, args.payment_id)?.ok_or_else(unknown_card)?;
        if !known.state.is_final() && !known.state.is_doubt() {
            return Err(busy_with(&known));
        }
        if !known.state.is_doubt() && known.denied.is_none() {
            let message = "There is nothing to settle about this payment.";
            return Err(CommandError::new(ErrorCode::CardNotOpen, message));
        }
        if args.outcome != ResolveOutcome::Approved && is_taken(ledger, &known)? {
            let message = "The terminal says that it took the money. Say that it was approved, then give it back.";
            return Err(CommandError::new(ErrorCode::CardTaken, message));
        }
        let report = match (args.outcome, voucher) {
            (ResolveOutcome::Approved, Some(voucher)) => {
                let approval = told_already(&known, voucher);
                refuse_used(ledger, &known, &approval)?;
                TerminalReport::Approved { approval }
            }
            (ResolveOutcome::Voided, _) => TerminalReport::Voided,
            (ResolveOutcome::NotVoided, _) => TerminalReport::VoidRefused { code: BY_HAND.to_owned() },
            _ => TerminalReport::Declined { code: BY_HAND.to_owned() },
        };
        let after = known.clone().settle_by_hand(report.clone()).map_err(|_| {
            let message = "This cannot be how it ended: the payment stands otherwise.";
            CommandError::new(ErrorCode::CardOutcomeInvalid, message)
        })?;
        let payment_id = args.payment_id;
        let said = CardReported { is_manual: true, note: Some(note), ..CardReported::by_terminal(payment_id, report) };
        Ok((Fact::CardReported(said), after))
    })?;
    till.forget_at_terminal(payment.payment_id);
    Ok(till.view_card(payment))
}

/// `card.return`
pub(crate) fn return_card(till: &Till, who: &Caller, args: &ReturnCard) -> Result<CardPaymentView, CommandError> {
    let note = note(&args.note)?;
    let payment = till.write_on_card(who, |ledger| {
        let known = find_payment(ledger, args.payment_id)?.ok_or_else(unknown_card)?;
        refuse_counted(ledger, &known)?;
        if !matches!(known.state, CardState::Approved { .. }) || known.returned.is_some() {
            let message = "Only what the terminal took, and nobody gave back, can be given back.";
            return Err(CommandError::new(ErrorCode::CardNotReturnable, message));
        }
        if args.way == ReturnWay::Cash {
            till.session_in(ledger)?;
        }
        let (payment_id, amount_minor, way) = (known.payment_id, known.amount_minor, args.way);
        let returned = CardReturned { payment_id, amount_minor, way, note };
        let after = returned.apply(known);
        Ok((Fact::CardReturned(returned), after))
    })?;
    Ok(till.view_card(payment))
}

/// The voucher's code and digits, if they can be.
pub(super) fn read_voucher(authorisation_code: &str, last4: &str) -> Result<CardApproval, CommandError> {
    CardApproval::from_voucher(authorisation_code, last4).map_err(|error| {
        let (code, message) = match error {
            VoucherError::Code => {
                (ErrorCode::CardCodeInvalid, "The authorisation code on the voucher has 2 to 12 letters and digits.")
            }
            VoucherError::Digits => {
                (ErrorCode::CardDigitsInvalid, "The voucher shows the last four digits of the card.")
            }
        };
        CommandError::new(code, message)
    })
}

/// What the terminal itself said of this transaction knows more than its paper: its number, without which it cannot be
/// voided.
fn told_already(known: &CardPayment, voucher: CardApproval) -> CardApproval {
    let denied = match &known.denied {
        Some(TerminalReport::Approved { approval }) => Some(approval),
        _ => None,
    };
    let told = [known.state.approval(), denied, known.promised.as_ref()];
    let amount = known.amount_minor;
    let same = told.into_iter().flatten().find(|told| told.is_same_transaction(amount, (&voucher, amount)));
    same.cloned().unwrap_or(voucher)
}

/// One transaction pays one sale, whoever says so.
pub(super) fn refuse_used(ledger: &View, payment: &CardPayment, approval: &CardApproval) -> Result<(), CommandError> {
    let Some(other) = find_proved(ledger, payment, approval)? else { return Ok(()) };
    let other = find_payment(ledger, other)?;
    let message = "That authorisation code has paid something else already. Look at the other voucher.";
    let mut error = CommandError::new(ErrorCode::CardProofUsed, message);
    if let Some(other) = other {
        let sold = sale::find_sale(ledger, other.sale_id)?;
        error = error.with("ticket_no", other.ticket_no).with("amount_minor", other.amount_minor);
        if let Some(sold) = sold {
            error = error.with("receipt_no", sold.recorded.receipt_no);
        }
    }
    Err(error)
}

/// A finished sale is not undone by undoing its payment.
pub(super) fn refuse_counted(ledger: &View, payment: &CardPayment) -> Result<(), CommandError> {
    if !find_story(ledger, payment.payment_id)?.is_some_and(|story| story.is_counted) {
        return Ok(());
    }
    let sold = sale::find_sale(ledger, payment.sale_id)?;
    let message = "This payment paid a finished sale. Only what was taken beside a sale can be undone.";
    Err(CommandError::new(ErrorCode::CardCounted, message)
        .with("receipt_no", sold.map(|sale| sale.recorded.receipt_no)))
}
