//! Who may do what: every command, asked by everybody.

use pos_app::commands::ErrorCode;
use pos_app::commands::registry::COMMANDS;
use pos_app::ledger::LedgerError;
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::staff::Role;
use shared::tender::TerminalReport;

use crate::cards::{charge, tells};
use crate::support::{BARTENDER_PIN, CASHIER_PIN, Counter, MANAGER_PIN};

/// What each role is refused, of all commands. A new command that nobody thought about shows up here.
const REFUSED: &[(Role, &[&str])] = &[
    (
        Role::Cashier,
        &[
            "staff.print_badge",
            "register.move_cash",
            "card.resolve",
            "card.return",
            "card.void",
            "card.read_batch",
            "card.close_batch",
            "card.serve",
            "card.print_voucher",
            "ticket.redeem",
            "ticket.undo",
            "ticket.void",
            "printer.reprint",
            "printer.print_again",
            "drawer.open",
            "product.edit",
            "stock.count",
            "stock.receive",
            "stock.waste",
        ],
    ),
    (
        Role::Bartender,
        &[
            "staff.print_badge",
            "register.open",
            "register.read",
            "register.print",
            "register.move_cash",
            "register.close",
            "sale.add",
            "sale.set_quantity",
            "sale.remove",
            "sale.abandon",
            "sale.repeat_last",
            "sale.tender",
            "sale.complete",
            "card.start",
            "card.cancel",
            "card.ask",
            "card.resolve",
            "card.return",
            "card.void",
            "card.enter_manual",
            "card.read_batch",
            "card.close_batch",
            "card.serve",
            "card.print_voucher",
            "ticket.void",
            "printer.reprint",
            "printer.print_again",
            "drawer.open",
            "product.edit",
            "stock.count",
            "stock.receive",
            "stock.waste",
        ],
    ),
    (Role::Supervisor, &["staff.print_badge", "card.resolve", "card.return", "product.edit"]),
    (Role::Manager, &[]),
];

/// What works with nobody signed in.
const OPEN: &[&str] = &[
    "status.get",
    "device.enroll",
    "staff.list",
    "staff.read_badge",
    "scan.frame",
    "operator.log_in",
    "catalog.list",
    "catalog.search",
    "sync.run",
    "ledger.verify",
];

/// Arguments that are never right: the question is only who is let through to be told so.
fn ask(counter: &Counter, command: &str) -> ErrorCode {
    counter.run(command, &Value::String("no arguments".into())).map_or_else(|(code, _)| code, |_| ErrorCode::Internal)
}

#[test]
fn every_command_asks_who_calls_it() {
    let counter = Counter::new(1);
    for command in COMMANDS {
        let code = ask(&counter, command.name);
        let expected = if OPEN.contains(&command.name) { ErrorCode::ArgumentsInvalid } else { ErrorCode::NotLoggedIn };
        assert_eq!(code, expected, "{}", command.name);
    }
    for (role, refused) in REFUSED {
        let staff = counter.office.hire(&[counter.till()], "Alguien", &[*role], "8642").expect("hired");
        counter.log_in(staff, "8642");
        for command in COMMANDS {
            let code = ask(&counter, command.name);
            let expected =
                if refused.contains(&command.name) { ErrorCode::PermissionDenied } else { ErrorCode::ArgumentsInvalid };
            assert_eq!(code, expected, "{role:?} {}", command.name);
        }
    }
}

#[test]
fn whoever_no_longer_works_here_is_signed_out() {
    let counter = Counter::selling(2);
    let cashier = counter.cashier;
    let gone = counter.till().ledger().write(move |tx| tx.delete_staff(cashier));
    gone.expect("written");
    assert_eq!(counter.code("sale.current", &Value::Null), ErrorCode::NotLoggedIn);
}

#[test]
fn a_command_takes_its_arguments_and_no_others() {
    let counter = Counter::selling(3);
    for (command, args) in [
        ("sale.current", serde_json::json!({ "more": 1 })),
        ("sale.add", serde_json::json!({})),
        ("catalog.search", serde_json::json!({ "text": "x", "limit": 0 })),
        ("operator.log_in", serde_json::json!({ "staff_id": counter.cashier, "pin": "12" })),
    ] {
        assert_eq!(counter.code(command, &args), ErrorCode::ArgumentsInvalid, "{command}");
    }
    assert_eq!(counter.code("sale.steal", &Value::Null), ErrorCode::CommandUnknown);
    let help = counter.ok("help", &Value::Null);
    assert_eq!(help.as_array().map(Vec::len), Some(COMMANDS.len()));
}

/// Settling a doubt, which a cashier may do with a manager's PIN.
fn settle(payment: &Value, allowed: Option<(StaffId, &str)>) -> Value {
    let mut args = json!({
        "payment_id": payment["payment"]["payment_id"], "outcome": "not_charged", "note": "El terminal no la lista",
    });
    if let Some((staff_id, pin)) = allowed {
        args["approval"] = json!({ "staff_id": staff_id, "pin": pin });
    }
    args
}

/// The last thing written down.
pub(crate) fn last_line(counter: &Counter) -> Value {
    let sql = "SELECT line FROM event ORDER BY event_no DESC LIMIT 1";
    let line: Result<String, LedgerError> =
        counter.till().ledger().read(|ledger| Ok(ledger.query_row(sql, [], |row| row.get(0))?));
    serde_json::from_str(&line.expect("read")).expect("a line is JSON")
}

fn doubt(counter: &Counter) -> Value {
    let payment = charge(counter);
    tells(counter, &payment, [TerminalReport::NoAnswer]);
    payment
}

#[test]
fn a_manager_allows_one_command_there_and_then_and_nobody_signs_out() {
    let counter = Counter::selling(4);
    let payment = doubt(&counter);
    let (code, details) = counter.refused("card.resolve", &settle(&payment, None));
    assert_eq!(code, ErrorCode::PermissionDenied);
    let marcela = json!([{ "staff_id": counter.manager, "name": "Marcela", "roles": ["manager"] }]);
    assert_eq!(details["approvers"], marcela, "who could");

    let done = counter.ok("card.resolve", &settle(&payment, Some((counter.manager, MANAGER_PIN))));
    assert_eq!((&done["payment"]["state"], &done["manual"]["by"]), (&json!("declined"), &json!("Marcela")));
    let line = last_line(&counter);
    assert_eq!(
        (&line["actor"], &line["approver"]),
        (&json!(counter.cashier), &json!(counter.manager)),
        "who asked, and who allowed it"
    );
    assert_eq!(counter.ok("status.get", &Value::Null)["operator"]["name"], "Camila");
    assert_eq!(counter.code("card.resolve", &settle(&payment, None)), ErrorCode::PermissionDenied, "it was for once");
    counter.ok("sale.abandon", &Value::Null);
    assert_eq!(last_line(&counter)["approver"], Value::Null);
    counter.assert_whole();
}

#[test]
fn only_somebody_else_who_may_allows_it() {
    let counter = Counter::selling(5);
    let payment = doubt(&counter);
    for who in [(counter.cashier, CASHIER_PIN), (counter.bartender, BARTENDER_PIN)] {
        assert_eq!(counter.code("card.resolve", &settle(&payment, Some(who))), ErrorCode::PermissionDenied);
    }
    let nobody = StaffId::from_uuid(uuid::Uuid::nil());
    assert_eq!(counter.code("card.resolve", &settle(&payment, Some((nobody, MANAGER_PIN)))), ErrorCode::StaffUnknown);
    // A bartender may not settle a payment whoever stands behind them.
    counter.log_in(counter.bartender, BARTENDER_PIN);
    let (code, details) = counter.refused("card.resolve", &settle(&payment, Some((counter.manager, MANAGER_PIN))));
    assert_eq!((code, &details["approvers"]), (ErrorCode::PermissionDenied, &json!([])));
    // Where nobody has to allow anything, it is no argument.
    let args = json!({ "approval": { "staff_id": counter.manager, "pin": MANAGER_PIN } });
    assert_eq!(counter.code("sale.current", &args), ErrorCode::ArgumentsInvalid);
}

#[test]
fn a_pin_that_allows_is_guarded_like_one_that_signs_in() {
    let counter = Counter::selling(6);
    let payment = doubt(&counter);
    let with = |pin: &str| settle(&payment, Some((counter.manager, pin)));
    for left in [4, 3, 2] {
        let (code, details) = counter.refused("card.resolve", &with("11111"));
        assert_eq!((code, &details["tries_left"]), (ErrorCode::PinWrong, &json!(left)));
    }
    counter.ok("card.resolve", &with(MANAGER_PIN));
    // A right one begins anew, and the fifth wrong one locks the person for every purpose.
    for _ in 0..4 {
        assert_eq!(counter.code("card.resolve", &with("11111")), ErrorCode::PinWrong);
    }
    assert_eq!(counter.code("card.resolve", &with("11111")), ErrorCode::PinLocked);
    assert_eq!(counter.code("card.resolve", &with(MANAGER_PIN)), ErrorCode::PinLocked);
    let sign_in = json!({ "staff_id": counter.manager, "pin": MANAGER_PIN });
    assert_eq!(counter.code("operator.log_in", &sign_in), ErrorCode::PinLocked);
}
