//! What the terminal does besides payments, the whole way: commands, the thread that owns the port, a cable, and the
//! terminal's own paper.

use std::sync::Arc;

use pos_app::app::{BatchDesk, TillPaper};
use pos_app::commands::{CommandError, ErrorCode as Code};
use pos_app::printer::{Document, PrintQueue as _};
use pos_app::terminal::service::Service;
use pos_app::terminal::simulated::Protocol;
use serde_json::{Value, json};
use shared::tender::{TerminalBatch, TerminalReport};

use crate::cards::{approved as approval, asked, charge, tells};
use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};
use crate::wired::{approved, wired, wired_beside};

fn serve(service: &str) -> Value {
    json!({ "service": service })
}

fn services(counter: &Counter) -> Vec<String> {
    let view = counter.ok("card.services", &json!({}));
    view["services"].as_array().expect("a list").iter().map(|name| name.as_str().unwrap_or_default().into()).collect()
}

#[test]
fn a_getnet_terminal_prints_what_it_is_asked_for_and_is_handed_over() {
    let (counter, terminal) = wired("getnet", Protocol::Getnet, "approve");
    assert_eq!(counter.refused("card.serve", &serve("last_voucher")).1["code"], "99", "it has sold nothing yet");
    let first = approved(&counter);
    counter.ok("sale.complete", &json!({}));
    approved(&counter);
    counter.ok("sale.complete", &json!({}));

    let view = counter.ok("card.services", &json!({}));
    let vouchers = view["vouchers"].as_array().expect("vouchers");
    assert_eq!((vouchers.len(), &vouchers[1]["payment_id"]), (2, &first["payment"]["payment_id"]), "newest first");
    assert_eq!((&vouchers[1]["amount_minor"], &vouchers[1]["last4"]), (&json!(3_500), &json!("0461")));
    let named = json!({ "payment_id": first["payment"]["payment_id"] });
    assert_eq!(counter.ok("card.print_voucher", &named), json!({ "lines": [] }), "it has paper of its own");
    for service in ["last_voucher", "totals", "sales", "parameters", "sim"] {
        assert_eq!(counter.ok("card.serve", &serve(service))["lines"], json!([]), "{service}");
    }
    counter.ok("card.serve", &serve("seller_sales"));
    counter.ok("card.serve", &json!({ "service": "tips", "seller": 7 }));
    counter.ok("card.serve", &json!({ "service": "sale_kind", "sale_kind": "exempt" }));
    let paper = [
        "VOUCHER 000001 3500",
        "VOUCHER 000002 3500",
        "TOTAL 2 7000",
        "VENTA 000001 3500",
        "VENTA 000002 3500",
        "PARAMETROS",
        "SIM",
        "VENDEDOR 1 7000",
        "PROPINAS 7 0",
        "TIPO DE VENTA 3",
    ];
    assert_eq!(terminal.paper(), paper);
    assert_eq!(counter.code("card.serve", &serve("load_keys")), Code::TerminalCannot);
    assert_eq!(counter.code("card.serve", &serve("voucher")), Code::VoucherUnknown, "of which payment?");

    // A closed batch has no vouchers: its numbers begin anew.
    counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
    assert_eq!(counter.code("card.print_voucher", &named), Code::VoucherUnknown);
    assert_eq!(counter.ok("card.services", &json!({}))["vouchers"], json!([]));

    counter.ok("card.serve", &serve("stand_alone"));
    assert!(terminal.stands_alone());
    let health = counter.ok("status.get", &json!({}))["terminal"].clone();
    assert_eq!(health["detail"], "it stands alone until somebody sets it back at its keypad", "{health}");
    terminal.set_back();
    approved(&counter);
    counter.ok("sale.complete", &json!({}));
    counter.assert_whole();
    counter.till().close();
    terminal.stop();
}

#[test]
fn a_transbank_terminal_prints_its_last_voucher_loads_its_keys_and_is_handed_over() {
    let (counter, terminal) = wired("transbank", Protocol::Transbank, "approve");
    assert_eq!(services(&counter), ["last_voucher", "totals", "sales", "load_keys", "stand_alone"]);
    let (code, details) = counter.refused("card.serve", &serve("last_voucher"));
    assert_eq!((code, &details["code"]), (Code::TerminalDenied, &json!("11")), "{details:?}");
    approved(&counter);
    counter.ok("sale.complete", &json!({}));
    for service in ["last_voucher", "totals", "sales", "load_keys"] {
        counter.ok("card.serve", &serve(service));
    }
    assert_eq!(terminal.paper(), ["VOUCHER 000001 3500", "TOTAL 1 3500", "VENTA 000001 3500", "LLAVES"]);
    for service in ["parameters", "sim", "seller_sales", "tips", "sale_kind"] {
        assert_eq!(counter.code("card.serve", &serve(service)), Code::TerminalCannot, "{service}");
    }
    counter.ok("card.serve", &serve("stand_alone"));
    assert!(terminal.stands_alone());
    // It hears no till now; nothing is taken for an answer.
    assert_eq!(counter.code("card.serve", &serve("load_keys")), Code::TerminalUnreachable);
    terminal.set_back();
    counter.ok("card.serve", &serve("load_keys"));
    counter.till().close();
    terminal.stop();
}

#[test]
fn a_zvt_terminal_prints_through_the_till_and_is_taken_back_by_the_next_payment() {
    for protocol in [Protocol::Zvt, Protocol::ZvtTcp] {
        // Nobody takes its paper: it waits.
        let paper = "[printer]\naddress = \"tcp://127.0.0.1:9\"\n";
        let (counter, terminal) = wired_beside("zvt", protocol, "approve", paper);
        assert_eq!(services(&counter), ["last_voucher", "stand_alone"]);
        let (code, details) = counter.refused("card.serve", &serve("last_voucher"));
        assert_eq!((code, &details["code"]), (Code::TerminalDenied, &json!("83")), "{details:?}");
        approved(&counter);
        counter.ok("sale.complete", &json!({}));
        let printed = counter.ok("card.serve", &serve("last_voucher"));
        assert_eq!(printed["lines"], json!(["WIEDERHOLUNG", "VOUCHER 000001 3500"]), "not what was printed before");
        counter.ok("card.serve", &serve("stand_alone"));
        assert!(terminal.stands_alone());
        approved(&counter);
        assert!(!terminal.stands_alone(), "a payment from the till takes it back");
        counter.till().close();
        terminal.stop();
        let queue = TillPaper(Arc::downgrade(counter.till()));
        let slips = std::iter::from_fn(|| queue.next()).filter_map(|job| match job.document {
            Document::TerminalSlip(slip) => Some(slip.lines),
            _ => None,
        });
        let voucher = ["K U N D E N B E L E G", "GRACIAS"];
        let again = ["WIEDERHOLUNG", "VOUCHER 000001 3500"];
        assert_eq!(slips.collect::<Vec<_>>(), [voucher, again, voucher], "each on the till's paper, once");
    }
}

/// A terminal that would do anything, and must not be asked.
struct Eager;

impl BatchDesk for Eager {
    fn read(&self) -> Result<TerminalBatch, CommandError> {
        Ok(TerminalBatch::default())
    }
    fn close(&self) -> Result<(), CommandError> {
        Ok(())
    }
    fn serve(&self, _: Service) -> Result<Vec<String>, CommandError> {
        Ok(Vec::new())
    }
}

#[test]
fn nothing_else_is_asked_while_a_payment_is_open_and_only_of_whom_may() {
    let counter = Counter::selling(1);
    counter.till().answer_for_batch(Arc::new(Eager));
    let payment = charge(&counter);
    counter.log_in(counter.manager, MANAGER_PIN);
    for report in [asked(), TerminalReport::NoAnswer] {
        tells(&counter, &payment, [report]);
        let (code, details) = counter.refused("card.serve", &serve("stand_alone"));
        assert_eq!((code, &details["count"]), (Code::TerminalHasPayment, &json!(1)));
    }
    tells(&counter, &payment, [approval(1)]);
    counter.ok("card.serve", &serve("stand_alone"));
    counter.log_in(counter.cashier, CASHIER_PIN);
    assert_eq!(counter.code("card.serve", &serve("stand_alone")), Code::PermissionDenied);
    let named = json!({ "payment_id": payment["payment"]["payment_id"] });
    assert_eq!(counter.code("card.print_voucher", &named), Code::PermissionDenied, "a cashier prints no copies");
    let word = json!({ "staff_id": counter.manager, "pin": MANAGER_PIN });
    counter.ok("card.serve", &json!({ "service": "totals", "approval": word }));
}
