//! What the terminal does besides payments: paper of its own, keys, and to stand alone. Never while a payment is open there:
//! the terminal has one thing at a time to do, and a doubt has its memory to itself.

use shared::tender::CardPayment;

use super::till::lock;
use super::{Caller, Till};
use crate::commands::types::{CardRef, Nothing, ServeTerminal, ServedView, ServicesView, VoucherView};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::card::{list_of_batch, list_unsettled};
use crate::terminal::TerminalError;
use crate::terminal::service::{SaleKind, Service, ServiceName, offered};

/// The number the till gives with each sale.
const SELLER: u16 = 1;
/// How far back vouchers are listed.
const VOUCHERS: usize = 20;

/// `card.services`
pub(crate) fn list_services(till: &Till, _: &Caller, _: &Nothing) -> Result<ServicesView, CommandError> {
    let Some(config) = &till.config.terminal else { return Ok(ServicesView::default()) };
    let services = offered(config);
    if !services.contains(&ServiceName::Voucher) {
        return Ok(ServicesView { services: services.to_vec(), vouchers: Vec::new() });
    }
    let batch = till.ledger().view(|ledger| list_of_batch(ledger, &config.port))?;
    let printable = batch.iter().rev().filter_map(|payment| operation_of(payment).map(|_| payment));
    let vouchers = printable.take(VOUCHERS).map(|payment| VoucherView {
        payment_id: payment.payment_id,
        amount_minor: payment.amount_minor,
        asked_at: payment.started_at,
        last4: payment.state.approval().map(|approval| approval.last4.clone()).unwrap_or_default(),
    });
    Ok(ServicesView { services: services.to_vec(), vouchers: vouchers.collect() })
}

/// `card.serve`
pub(crate) fn serve(till: &Till, _: &Caller, args: &ServeTerminal) -> Result<ServedView, CommandError> {
    let seller = args.seller.unwrap_or(SELLER);
    let service = match args.service {
        ServiceName::LastVoucher => Service::LastVoucher,
        ServiceName::Totals => Service::Totals,
        ServiceName::Sales => Service::Sales,
        ServiceName::SellerSales => Service::SellerSales { seller },
        ServiceName::Tips => Service::Tips { seller },
        ServiceName::Parameters => Service::Parameters,
        ServiceName::Sim => Service::Sim,
        ServiceName::LoadKeys => Service::LoadKeys,
        ServiceName::SaleKind => Service::SaleKind { kind: args.sale_kind.unwrap_or(SaleKind::Sale) },
        ServiceName::StandAlone => Service::StandAlone,
        // It is of one payment, which has a command of its own.
        ServiceName::Voucher => return Err(no_voucher()),
    };
    till.serve(service)
}

/// `card.print_voucher`
pub(crate) fn print_voucher(till: &Till, _: &Caller, args: &CardRef) -> Result<ServedView, CommandError> {
    let (_, terminal) = till.batch_desk()?;
    // Numbers begin anew with each batch: an older one is another payment's by now.
    let batch = till.ledger().view(|ledger| list_of_batch(ledger, &terminal))?;
    let payment = batch.iter().find(|payment| payment.payment_id == args.payment_id);
    let operation = payment.and_then(operation_of).ok_or_else(no_voucher)?;
    till.serve(Service::Voucher { operation })
}

/// The terminal's number for what it approved.
fn operation_of(payment: &CardPayment) -> Option<i64> {
    payment.approved().and_then(|card| card.approval.operation_no.parse().ok())
}

fn no_voucher() -> CommandError {
    let message = "The terminal prints no voucher of that: it did not approve it, or its batch is closed.";
    CommandError::new(ErrorCode::VoucherUnknown, message)
}

impl Till {
    fn serve(&self, service: Service) -> Result<ServedView, CommandError> {
        let (desk, _) = self.batch_desk()?;
        let is_offered = self.config.terminal.as_ref().is_some_and(|config| offered(config).contains(&service.name()));
        if !is_offered {
            return Err(not_served(&TerminalError::Unsupported("do that")));
        }
        // Until it is done no payment begins. Cash goes on.
        let _closing = lock(&self.closing);
        let open = {
            // One that is just being asked for is written down by then.
            let _turn = self.take_turn();
            self.ledger().read(list_unsettled)?.len()
        };
        if open > 0 {
            return Err(not_served(&TerminalError::InDoubt).with("count", open));
        }
        let lines = desk.serve(service)?;
        tracing::info!(?service, "done by the terminal");
        Ok(ServedView { lines })
    }
}

/// Why the terminal did not do it.
pub(super) fn not_served(error: &TerminalError) -> CommandError {
    let (code, message) = match error {
        TerminalError::InDoubt => (
            ErrorCode::TerminalHasPayment,
            "A card payment is open at the terminal. Wait for its end, or settle it first.",
        ),
        TerminalError::Unsupported(_) | TerminalError::UnknownProtocol(_) => {
            (ErrorCode::TerminalCannot, "This terminal cannot do that.")
        }
        TerminalError::Denied { .. } | TerminalError::Refused(_) => {
            (ErrorCode::TerminalDenied, "The terminal would not do it.")
        }
        TerminalError::Unclear | TerminalError::Garbled => (
            ErrorCode::TerminalUnclear,
            "The terminal does not say whether it did it. Look at it before you ask again.",
        ),
        _ => (ErrorCode::TerminalUnreachable, "The card terminal does not answer. Look at its cable and its power."),
    };
    let code_of = if let TerminalError::Denied { code, .. } = error { Some(code.clone()) } else { None };
    let error = CommandError::new(code, message).with("detail", error.to_string());
    match code_of {
        Some(code) => error.with("code", code),
        None => error,
    }
}
