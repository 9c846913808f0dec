//! Who may do what: every command, asked by everybody.

use pos_app::commands::ErrorCode;
use pos_app::commands::registry::COMMANDS;
use serde_json::Value;
use shared::staff::Role;

use crate::support::Counter;

/// What each role is refused, of all commands. A new command that nobody thought about shows up here.
const REFUSED: &[(Role, &[&str])] = &[
    (
        Role::Cashier,
        &[
            "card.resolve",
            "card.return",
            "card.void",
            "card.read_batch",
            "card.close_batch",
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
            "register.open",
            "register.read",
            "register.print",
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
    (Role::Supervisor, &["card.resolve", "card.return", "product.edit"]),
    (Role::Manager, &[]),
];

/// What works with nobody signed in.
const OPEN: &[&str] = &[
    "status.get",
    "device.enroll",
    "staff.list",
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
