//! Card payments: journalled before the first byte leaves, and a doubt stays a doubt.

use std::time::Duration;

use shared::event::{CardRequested, Fact};
use shared::ids::{PaymentId, SaleId};
use shared::tender::{CardApproval, CardPayment, CardState, NotStartedReason, TerminalReport};

use super::journal::Taken;
use super::open_card::manual_view;
use super::sale::paid_by;
use super::till::lock;
use super::{Caller, Till};
use crate::commands::types::{CardPaymentView, CardRef, DeviceState, StartCard, WaitCard};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::CardStory;
use crate::ledger::{View, card, counter};

/// `card.start`
pub(crate) fn start_card(till: &Till, who: &Caller, args: &StartCard) -> Result<CardPaymentView, CommandError> {
    let _turn = till.take_turn();
    let session = till.session()?.session.session_id;
    let terminal = till.config.terminal.as_ref().ok_or_else(no_terminal)?.port.clone();
    till.refuse_manual_terminal()?;
    till.refuse_while_closing()?;
    let health = till.terminal_health();
    let (sale_id, amount_minor, ticket_no, open) = till.ledger().view(|ledger| {
        let (sale_id, amount_minor) = due_by_card(ledger, args.amount_minor)?;
        let open = card::list_unsettled(ledger)?.into_iter().next();
        Ok::<_, CommandError>((sale_id, amount_minor, till.next_terminal_key(ledger)?, open))
    })?;
    if let Some(payment) = open {
        return Err(busy_with(&payment));
    }
    if health.state == DeviceState::Unreachable {
        let message = "The card terminal does not answer. Look at its cable and its power; cash goes on.";
        return Err(CommandError::new(ErrorCode::TerminalUnreachable, message).with("detail", health.detail));
    }
    let now = till.clock.now();
    let payment_id = PaymentId::new(now, &*till.entropy);
    let payment = CardPayment::new(payment_id, sale_id, amount_minor, ticket_no.clone(), now);
    let requested = CardRequested { payment_id, sale_id, terminal, amount_minor, ticket_no, requested_at: now };
    let actor = who.by()?;
    till.ledger().write(move |tx| tx.append(&Fact::CardRequested(requested), actor, Some(session)))?;
    till.start_on_terminal(&payment);
    Ok(till.view_card(payment))
}

/// `card.get`
pub(crate) fn get_card(till: &Till, _: &Caller, args: &CardRef) -> Result<CardPaymentView, CommandError> {
    Ok(till.view_card(till.load_card(args.payment_id)?))
}

/// `card.wait`
pub(crate) fn wait_card(till: &Till, _: &Caller, args: &WaitCard) -> Result<CardPaymentView, CommandError> {
    let (count, moved) = &till.card_moves;
    let mut left = Duration::from_millis(u64::from(args.timeout_ms));
    loop {
        let seen = *lock(count);
        let payment = till.load_card(args.payment_id)?;
        if payment.state.is_final() || payment.state == CardState::Uncertain || left.is_zero() {
            return Ok(till.view_card(payment));
        }
        let before = till.clock.up_ms();
        let (guard, timeout) = moved
            .wait_timeout_while(lock(count), left, |now| *now == seen)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(guard);
        let waited = Duration::from_millis(till.clock.up_ms().saturating_sub(before));
        left = if timeout.timed_out() { Duration::ZERO } else { left.saturating_sub(waited) };
    }
}

/// `card.cancel`
pub(crate) fn cancel_card(till: &Till, _: &Caller, args: &CardRef) -> Result<CardPaymentView, CommandError> {
    let payment = till.load_card(args.payment_id)?;
    let too_late = || {
        let message = "The terminal has it already. Cancel on the terminal, or wait for its answer.";
        CommandError::new(ErrorCode::CardNotCancellable, message)
    };
    if !can_cancel(&payment.state) || !till.cancel_at_terminal(args.payment_id) {
        return Err(too_late());
    }
    let report = TerminalReport::NotStarted { reason: NotStartedReason::Cancelled };
    match till.take_report(args.payment_id, report)? {
        Taken::Known(payment) => Ok(till.view_card(payment)),
        Taken::Denied(..) | Taken::Unasked => Err(too_late()),
    }
}

/// `card.ask`
pub(crate) fn ask_card(till: &Till, _: &Caller, args: &CardRef) -> Result<CardPaymentView, CommandError> {
    till.config.terminal.as_ref().ok_or_else(no_terminal)?;
    till.refuse_manual_terminal()?;
    let payment = till.load_card(args.payment_id)?;
    if payment.state.is_doubt() {
        till.enquire_at_terminal(&payment);
    }
    Ok(till.view_card(payment))
}

pub(super) fn no_terminal() -> CommandError {
    CommandError::new(ErrorCode::TerminalNotConfigured, "No card terminal is set up at this till.")
}

/// What stands in the way of another payment.
pub(super) fn busy_with(payment: &CardPayment) -> CommandError {
    if payment.state.is_doubt() {
        let message = "A card payment is in doubt. Do not charge again; cash goes on.";
        CommandError::new(ErrorCode::CardUncertain, message)
            .with("ticket_no", payment.ticket_no.clone())
            .with("payment_id", payment.payment_id.to_string())
    } else {
        CommandError::new(ErrorCode::CardInProgress, "Another card payment is under way.")
            .with("payment_id", payment.payment_id.to_string())
    }
}

pub(super) fn unknown_card() -> CommandError {
    CommandError::new(ErrorCode::CardUnknown, "This till asked for no such card payment.")
}

/// Whether the terminal may be asked to give it back. `gives_back_later`: also out of a closed batch.
pub(super) fn can_void(payment: &CardPayment, story: &CardStory, gives_back_later: bool) -> bool {
    is_voidable(payment) && !story.is_counted && (gives_back_later || !story.is_batch_closed)
}

fn is_voidable(payment: &CardPayment) -> bool {
    let is_voidable = |approval: &CardApproval| !approval.is_debit() && !approval.operation_no.is_empty();
    payment.approved().is_some_and(|card| is_voidable(&card.approval))
}

fn can_cancel(state: &CardState) -> bool {
    matches!(state, CardState::Created | CardState::Ready)
}

impl Till {
    fn load_card(&self, payment_id: PaymentId) -> Result<CardPayment, CommandError> {
        let payment = self.ledger().read(|connection| card::find_payment(connection, payment_id))?;
        Ok(self.with_progress(payment.ok_or_else(unknown_card)?))
    }

    /// With what the terminal waits for just now.
    fn with_progress(&self, payment: CardPayment) -> CardPayment {
        match (&payment.state, lock(&self.progress).get(&payment.payment_id)) {
            (CardState::InProgress { .. }, Some(progress)) => {
                CardPayment { state: CardState::InProgress { progress: *progress }, ..payment }
            }
            _ => payment,
        }
    }

    pub(super) fn view_card(&self, payment: CardPayment) -> CardPaymentView {
        let bare = CardPaymentView {
            can_cancel: false,
            can_void: false,
            is_batch_closed: false,
            elapsed_ms: 0,
            manual: None,
            payment: payment.clone(),
        };
        let viewed = self.ledger().read(|ledger| Ok::<_, CommandError>(self.view_card_in(ledger, payment)));
        viewed.unwrap_or(bare)
    }

    /// The same inside a look at the ledger.
    pub(super) fn view_card_in(&self, ledger: &View, payment: CardPayment) -> CardPaymentView {
        let payment = self.with_progress(payment);
        let elapsed_ms = self.clock.now().millis_since(payment.started_at).max(0);
        let is_asked = is_voidable(&payment) || matches!(payment.state, CardState::Voiding { .. });
        let is_asked = is_asked && self.has_terminal_line();
        let story = is_asked.then(|| card::find_story(ledger, payment.payment_id).ok().flatten()).flatten();
        CardPaymentView {
            can_cancel: can_cancel(&payment.state),
            can_void: story.as_ref().is_some_and(|story| can_void(&payment, story, self.gives_back_later())),
            is_batch_closed: story.is_some_and(|story| story.is_batch_closed),
            elapsed_ms,
            // What cannot be read is no reason not to show the payment.
            manual: manual_view(ledger, &payment).unwrap_or_default(),
            payment,
        }
    }

    /// Six base-36 characters, unique at this terminal: two of the run, so that a till restored from a backup does not
    /// ask with a key it has used, and four that count.
    pub(super) fn next_terminal_key(&self, ledger: &View) -> Result<String, CommandError> {
        let count = card::count_payments(ledger)? + 1;
        let run = self.ledger().chain().as_uuid().as_u128() % (36 * 36);
        Ok(base36(run, 2) + &base36(u128::from(count), 4))
    }
}

/// The sale on the counter, and what a card is to pay of it: this much, or all that is left.
pub(super) fn due_by_card(ledger: &View, amount_minor: Option<i64>) -> Result<(SaleId, i64), CommandError> {
    let sale = counter::find(ledger)?.filter(|sale| !sale.lines.is_empty());
    let empty = || CommandError::new(ErrorCode::SaleEmpty, "There is nothing on the counter to pay.");
    let sale = sale.ok_or_else(empty)?;
    let left_minor = sale.totals().total_minor - paid_by(&card::list_of_sale(ledger, sale.sale_id)?);
    let amount_minor = amount_minor.unwrap_or(left_minor);
    if amount_minor > left_minor {
        let message = "A card cannot pay more than is left: only cash gives change.";
        return Err(
            CommandError::new(ErrorCode::TenderOverNotCash, message).with("over_minor", amount_minor - left_minor)
        );
    }
    if amount_minor <= 0 {
        return Err(CommandError::new(ErrorCode::AmountInvalid, "There is nothing to ask the terminal for.")
            .with("amount_minor", amount_minor));
    }
    Ok((sale.sale_id, amount_minor))
}

fn base36(mut number: u128, width: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut text = vec![b'0'; width];
    for place in text.iter_mut().rev() {
        *place = DIGITS[usize::try_from(number % 36).expect("below 36")];
        number /= 36;
    }
    String::from_utf8(text).expect("digits and letters")
}

#[cfg(test)]
mod tests {
    #[test]
    fn keys_are_six_characters_whatever_the_count() {
        assert_eq!(super::base36(1, 4), "0001");
        assert_eq!(super::base36(35 + 36 * 36, 4), "010Z");
    }
}
