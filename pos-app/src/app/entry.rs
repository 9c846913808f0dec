//! A terminal without a cable: the cashier types what its paper says, and it counts as theirs.

use shared::event::{CardReported, CardRequested, Fact};
use shared::ids::PaymentId;
use shared::tender::{CardApproval, CardPayment, TerminalReport};

use super::card::due_by_card;
use super::resolve::{read_voucher, refuse_used};
use super::{Caller, Till};
use crate::commands::types::{CardPaymentView, EnterCard};
use crate::commands::{CommandError, ErrorCode};

/// `card.enter_manual`
pub(crate) fn enter_manual(till: &Till, who: &Caller, args: &EnterCard) -> Result<CardPaymentView, CommandError> {
    let terminal = till.config.terminal.as_ref().filter(|terminal| terminal.is_manual());
    let terminal = terminal.ok_or_else(|| {
        let message = "The terminal of this till is asked by the till: nothing is typed in for it.";
        CommandError::new(ErrorCode::TerminalNotManual, message)
    })?;
    let voucher = read_voucher(&args.authorisation_code, &args.last4)?;
    let word = |word: &Option<String>| word.as_deref().unwrap_or_default().trim().to_ascii_uppercase();
    let approval = CardApproval { card_type: word(&args.card_type), brand: word(&args.brand), ..voucher };
    let _turn = till.take_turn();
    let actor = who.by()?;
    let payment = till.ledger().transact(|tx| {
        let ledger = tx.connection();
        let session = till.session_in(ledger)?.session.session_id;
        let (sale_id, amount_minor) = due_by_card(ledger, args.amount_minor)?;
        let now = till.clock.now();
        let payment_id = PaymentId::new(now, &*till.entropy);
        let ticket_no = till.next_terminal_key(ledger)?;
        let new = CardPayment::new(payment_id, sale_id, amount_minor, ticket_no.clone(), now);
        refuse_used(ledger, &new, &approval)?;
        let terminal = terminal.protocol.clone();
        let requested = CardRequested { payment_id, sale_id, terminal, amount_minor, ticket_no, requested_at: now };
        tx.append(&Fact::CardRequested(requested), actor, Some(session))?;
        let report = TerminalReport::Approved { approval };
        let said = CardReported { is_manual: true, ..CardReported::by_terminal(payment_id, report) };
        let after = said.apply(new);
        tx.append(&Fact::CardReported(said), actor, Some(session))?;
        Ok::<_, CommandError>(after)
    })?;
    till.tell_of_card(&payment);
    Ok(till.view_card(payment))
}
