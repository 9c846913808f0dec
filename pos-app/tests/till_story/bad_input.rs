//! Everything a hand, a scanner or a disk can get wrong: a code of its own, nothing written half, nothing lost.

use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use pos_app::commands::ErrorCode;
use pos_app::practice::{HeadOffice, StandingClock, THAT_NIGHT};
use serde_json::{Value, json};
use shared::time::Timestamp;

use crate::support::{BARTENDER_PIN, CASHIER_PIN, Counter, MANAGER_PIN, open};

const NOBODY: &str = "01a2012b-d6e0-758f-820f-c498ad90b1e5";

#[test]
fn nothing_is_sold_without_a_drawer_a_product_and_enough_money() {
    let counter = Counter::new(1);
    assert_eq!(counter.code("sale.current", &json!({})), ErrorCode::NotLoggedIn);
    counter.log_in(counter.cashier, CASHIER_PIN);
    let piscola = counter.office.products[0].product_id;
    let add = json!({ "product_id": piscola });
    assert_eq!(counter.code("sale.add", &add), ErrorCode::SessionNotOpen);
    assert_eq!(counter.code("sale.complete", &json!({})), ErrorCode::SessionNotOpen);
    assert_eq!(counter.code("register.read", &json!({})), ErrorCode::SessionNotOpen);

    let float = |denomination: i64| json!({ "float": [{ "denomination_minor": denomination, "count": 1 }] });
    assert_eq!(counter.code("register.open", &float(7_777)), ErrorCode::CountInvalid);
    counter.ok("register.open", &float(10_000));
    assert_eq!(counter.code("register.open", &float(10_000)), ErrorCode::SessionAlreadyOpen);

    assert_eq!(counter.code("sale.add", &json!({ "product_id": NOBODY })), ErrorCode::ProductUnknown);
    let withdrawn = counter.office.products[4].product_id;
    assert_eq!(counter.code("sale.add", &json!({ "product_id": withdrawn })), ErrorCode::ProductNotForSale);
    for quantity in [0, -1_000, 100_000_001, i64::MAX] {
        let add = json!({ "product_id": piscola, "quantity_milli": quantity });
        assert_eq!(counter.code("sale.add", &add), ErrorCode::QuantityInvalid, "{quantity}");
    }
    assert_eq!(counter.code("sale.complete", &json!({ "cash_tendered_minor": 1_000 })), ErrorCode::SaleEmpty);
    assert_eq!(counter.code("card.start", &json!({})), ErrorCode::SaleEmpty);

    counter.ok("sale.add", &add);
    assert_eq!(counter.code("sale.remove", &json!({ "line_no": 7 })), ErrorCode::LineUnknown);
    let (code, details) = counter.refused("sale.complete", &json!({ "cash_tendered_minor": 5_000 }));
    assert_eq!((code, details["missing_minor"].as_i64()), (ErrorCode::TenderShort, Some(990)));
    assert_eq!(counter.code("sale.complete", &json!({})), ErrorCode::TenderShort);
    assert_eq!(counter.code("sale.complete", &json!({ "cash_tendered_minor": -1 })), ErrorCode::AmountInvalid);
    let (code, details) = counter.refused("card.start", &json!({ "amount_minor": 6_000 }));
    assert_eq!((code, details["over_minor"].as_i64()), (ErrorCode::TenderOverNotCash, Some(10)));
    assert_eq!(counter.code("card.start", &json!({ "amount_minor": 0 })), ErrorCode::AmountInvalid);
    assert_eq!(counter.code("card.get", &json!({ "payment_id": NOBODY })), ErrorCode::CardUnknown);
    let close = json!({ "counted": [] });
    assert_eq!(counter.code("register.close", &close), ErrorCode::SaleStillOpen);

    let sold = counter.pay_cash(6_000);
    assert_eq!(sold["receipt_no"], 1, "no refusal took a number");
    assert_eq!(sold["settlement"]["change_minor"], 10);
    counter.ok("register.close", &close);
    assert_eq!(counter.code("register.close", &close), ErrorCode::SessionNotOpen);
    counter.assert_whole();
}

#[test]
fn a_running_card_payment_holds_the_sale_still() {
    let counter = Counter::selling(2);
    counter.add(1, 1);
    let card = counter.ok("card.start", &json!({ "amount_minor": 1_000 }));
    let piscola = counter.office.products[0].product_id;
    for (command, args) in [
        ("card.start", json!({})),
        ("sale.add", json!({ "product_id": piscola })),
        ("sale.complete", json!({ "cash_tendered_minor": 6_000 })),
        ("sale.abandon", json!({})),
    ] {
        assert_eq!(counter.code(command, &args), ErrorCode::CardInProgress, "{command}");
    }
    assert_eq!(counter.code("register.close", &json!({ "counted": [] })), ErrorCode::SaleStillOpen);
    let by_id = json!({ "payment_id": card["payment"]["payment_id"] });
    assert_eq!(counter.ok("card.cancel", &by_id)["payment"]["state"], "not_started");
    assert_eq!(counter.code("card.cancel", &by_id), ErrorCode::CardNotCancellable);
    counter.pay_cash(6_000);
    counter.assert_whole();
}

#[test]
fn five_wrong_pins_lock_a_person_through_restarts_and_set_clocks() {
    let mut counter = Counter::new(3);
    let wrong = json!({ "staff_id": counter.cashier, "pin": "0001" });
    let right = json!({ "staff_id": counter.cashier, "pin": CASHIER_PIN });
    for tries_left in [4, 3] {
        let (code, details) = counter.refused("operator.log_in", &wrong);
        assert_eq!((code, details["tries_left"].as_i64()), (ErrorCode::PinWrong, Some(tries_left)));
    }
    counter.restart();
    for tries_left in [2, 1] {
        let (code, details) = counter.refused("operator.log_in", &wrong);
        assert_eq!((code, details["tries_left"].as_i64()), (ErrorCode::PinWrong, Some(tries_left)), "not given back");
    }
    assert_eq!(counter.code("operator.log_in", &wrong), ErrorCode::PinLocked);
    assert_eq!(counter.code("operator.log_in", &right), ErrorCode::PinLocked, "the right one is not looked at");

    // Setting the clock forward, with and without a restart, opens nothing.
    let later =
        |counter: &Counter| Timestamp::from_millis(shared::time::Clock::now(&*counter.clock).as_millis() + 960_000);
    counter.clock.set_wall(later(&counter));
    assert_eq!(counter.code("operator.log_in", &right), ErrorCode::PinLocked);
    for _ in 0..2 {
        counter.restart();
        counter.clock.set_wall(later(&counter));
        assert_eq!(counter.code("operator.log_in", &right), ErrorCode::PinLocked);
        counter.log_in(counter.manager, MANAGER_PIN);
    }
    let listed = counter.ok("staff.list", &json!({}));
    let camila = listed.as_array().and_then(|all| all.iter().find(|one| one["name"] == "Camila"));
    assert!(camila.is_some_and(|camila| camila["locked_until"].is_i64()));

    // Fifteen minutes that the till lived through do.
    counter.clock.pass(899_999);
    assert_eq!(counter.code("operator.log_in", &right), ErrorCode::PinLocked);
    counter.clock.pass(1);
    counter.ok("operator.log_in", &right);
    assert_eq!(counter.code("operator.log_in", &json!({ "staff_id": NOBODY, "pin": "1234" })), ErrorCode::StaffUnknown);
    counter.assert_whole();
}

#[test]
fn a_ticket_that_is_not_what_it_says_is_told_apart() {
    let counter = Counter::selling(4);
    counter.add(1, 2);
    let sold = counter.pay_cash(12_000);
    let code = sold["tickets"][0]["code"].as_str().expect("a code").to_owned();
    let display = sold["tickets"][0]["display_code"].as_str().expect("a display code").to_owned();
    counter.log_in(counter.bartender, BARTENDER_PIN);
    let check = |code: &str| counter.code("ticket.check", &json!({ "code": code }));

    assert_eq!(check("T1"), ErrorCode::TicketMalformed);
    assert_eq!(check(&code[..code.len() - 9]), ErrorCode::TicketMalformed);
    assert_eq!(check("T1\u{1f37b}\u{0}'; DROP TABLE ticket; --"), ErrorCode::TicketMalformed);
    let mistyped = display.replace('-', "").chars().rev().collect::<String>();
    assert_eq!(check(&mistyped), ErrorCode::TicketMalformed);
    assert_eq!(check("BMB 99999-A"), check_letter_or_unknown("BMB 99999-A"));

    // One more piscola, one bit at a time: whatever is changed, it is not signed.
    let bytes = BASE32_NOPAD.decode(&code.as_bytes()[2..]).expect("base 32");
    for place in [7, 12, 15, 20, 60] {
        let mut forged = bytes.clone();
        forged[place] ^= 1;
        let forged = format!("T1{}", BASE32_NOPAD.encode(&forged));
        let code = check(&forged);
        assert!(matches!(code, ErrorCode::TicketSignatureInvalid | ErrorCode::TicketMalformed), "{place}: {code:?}");
    }
    let mut stranger = bytes.clone();
    stranger[4] = 77;
    assert_eq!(check(&format!("T1{}", BASE32_NOPAD.encode(&stranger))), ErrorCode::TicketUnknownDevice);
    let mut door = bytes.clone();
    door[0] = 0x12;
    assert_eq!(check(&format!("T1{}", BASE32_NOPAD.encode(&door))), ErrorCode::TicketSignatureInvalid);

    let elsewhere = Counter::of(Arc::new(HeadOffice::new(999)), 1);
    elsewhere.log_in(elsewhere.bartender, BARTENDER_PIN);
    assert_eq!(elsewhere.code("ticket.check", &json!({ "code": code })), ErrorCode::TicketOtherTenant);
    let next_bar = Counter::of(Arc::clone(&counter.office), 2);
    next_bar.log_in(next_bar.bartender, BARTENDER_PIN);
    assert_eq!(next_bar.code("ticket.check", &json!({ "code": code })), ErrorCode::TicketUnknownDevice);
    let typed = json!({ "code": display });
    assert_eq!(next_bar.code("ticket.check", &typed), ErrorCode::TicketUnknown);
    assert_eq!(counter.ok("ticket.check", &typed)["verdict"], "valid");
    for unknown in ["", "4006381333932", "https://example.org", "\u{202e}\u{1b}p"] {
        assert_eq!(counter.code("scan.route", &json!({ "code": unknown })), ErrorCode::CodeUnknown, "{unknown:?}");
    }
    assert_eq!(counter.code("scan.route", &json!({ "code": "9".repeat(4_096) })), ErrorCode::ArgumentsInvalid);
}

fn check_letter_or_unknown(code: &str) -> ErrorCode {
    let is_one = code.parse::<shared::ticket::DisplayCode>().is_ok();
    if is_one { ErrorCode::TicketUnknown } else { ErrorCode::TicketMalformed }
}

#[test]
fn a_ticket_is_handed_over_once_and_only_on_its_night() {
    let counter = Counter::selling(5);
    counter.add(1, 2);
    let sold = counter.pay_cash(12_000);
    let code = &sold["tickets"][0]["code"];
    counter.log_in(counter.bartender, BARTENDER_PIN);
    let redeem = |lines: Value| counter.refused("ticket.redeem", &json!({ "code": code, "lines": lines }));
    let (refusal, details) = redeem(json!([{ "line_no": 1, "quantity": 3 }]));
    assert_eq!((refusal, details["owed"].as_i64()), (ErrorCode::TicketTooMany, Some(2)));
    assert_eq!(redeem(json!([{ "line_no": 2, "quantity": 1 }])).0, ErrorCode::TicketLineInvalid);
    assert_eq!(redeem(json!([])).0, ErrorCode::TicketLineInvalid);
    counter.ok("ticket.redeem", &json!({ "code": code }));
    let (refusal, details) = counter.refused("ticket.redeem", &json!({ "code": code }));
    assert_eq!(refusal, ErrorCode::TicketDelivered);
    assert_eq!((details["staff"].as_str(), details["device"].as_str()), (Some("Benjamín"), Some("Caja 1")));
    assert_eq!(details["redeemed_at"], THAT_NIGHT.as_millis());

    counter.log_in(counter.cashier, CASHIER_PIN);
    counter.add(2, 1);
    let sold = counter.pay_cash(4_000);
    let code = &sold["tickets"][0]["code"];
    counter.log_in(counter.bartender, BARTENDER_PIN);
    counter.clock.set_wall(THAT_NIGHT.plus_millis(24 * 3_600_000));
    let (refusal, details) = counter.refused("ticket.redeem", &json!({ "code": code }));
    assert_eq!((refusal, details["last_valid"].as_str()), (ErrorCode::TicketExpired, Some("2026-11-21")));
    counter.clock.set_wall(THAT_NIGHT.plus_millis(-24 * 3_600_000));
    assert_eq!(counter.code("ticket.redeem", &json!({ "code": code })), ErrorCode::TicketOtherNight);
    counter.assert_whole();
}

#[test]
fn a_missing_device_is_named_and_stops_no_sale() {
    let mut counter = Counter::selling(6);
    std::fs::write(counter.dir().join("till.toml"), "").expect("till.toml");
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    counter.add(1, 1);
    assert_eq!(counter.code("card.start", &json!({})), ErrorCode::TerminalNotConfigured);
    let sold = counter.pay_cash(6_000);
    assert_eq!(sold["is_print_pending"], false);
    assert_eq!(counter.code("drawer.open", &json!({ "reason": "cambio" })), ErrorCode::PrinterNotConfigured);
    assert_eq!(
        counter.code("printer.reprint", &json!({ "sale_id": sold["sale_id"] })),
        ErrorCode::PrinterNotConfigured
    );
    let status = counter.ok("status.get", &json!({}));
    assert_eq!(
        (status["printer"]["state"].as_str(), status["terminal"]["state"].as_str()),
        (Some("not_configured"), Some("not_configured"))
    );
    counter.assert_whole();
}

#[test]
fn a_till_is_enrolled_once_and_says_what_the_server_does() {
    let counter = Counter::new(7);
    let enroll = json!({ "server_url": "http://127.0.0.1:1", "code": "K7QM2RTV9X" });
    assert_eq!(counter.code("device.enroll", &enroll), ErrorCode::DeviceAlreadyEnrolled);
    let dir = tempfile::TempDir::new().expect("a directory");
    let clock = Arc::new(StandingClock::at(THAT_NIGHT));
    let till = open(dir.path(), &clock, 1).expect("the till opens");
    let run = |command: &str, args: Value| till.execute(command, args).map_err(|error| error.code);
    assert_eq!(run("device.enroll", enroll), Err(ErrorCode::ServerUnreachable));
    let short = json!({ "server_url": "http://127.0.0.1:1", "code": "K7" });
    assert_eq!(run("device.enroll", short), Err(ErrorCode::EnrolmentCodeInvalid));
    assert_eq!(run("staff.list", json!({})), Err(ErrorCode::DeviceNotEnrolled));
    assert_eq!(run("sync.run", json!({})), Err(ErrorCode::DeviceNotEnrolled));
    assert_eq!(run("status.get", Value::Null).map(|status| status["is_enrolled"] == false), Ok(true));
}

#[test]
fn one_process_one_directory_and_no_older_program_on_a_newer_ledger() {
    let mut counter = Counter::selling(8);
    let clock = Arc::clone(&counter.clock);
    assert_eq!(open(counter.dir(), &clock, 9).err(), Some(ErrorCode::LedgerInUse));
    drop(counter.till.take());
    let database = counter.dir().join("till.db");
    let ledger = rusqlite::Connection::open(&database).expect("the database");
    ledger.pragma_update(None, "user_version", 99).expect("a version");
    drop(ledger);
    assert_eq!(open(counter.dir(), &clock, 9).err(), Some(ErrorCode::LedgerNewer));
    std::fs::write(counter.dir().join("till.toml"), "[printer]\naddres = \"tcp://x:1\"\n").expect("till.toml");
    assert_eq!(open(counter.dir(), &clock, 9).err(), Some(ErrorCode::ConfigInvalid));
    std::fs::remove_file(counter.dir().join("till.toml")).expect("till.toml");
    std::fs::write(&database, "this is no database, and long enough to be looked at as one".repeat(99))
        .expect("damage");
    assert_eq!(open(counter.dir(), &clock, 9).err(), Some(ErrorCode::LedgerCorrupt));
}

#[test]
fn a_changed_ledger_is_found_out_by_its_first_changed_event() {
    let counter = Counter::selling(9);
    counter.add(1, 1);
    counter.pay_cash(6_000);
    counter.add(2, 1);
    counter.pay_cash(4_000);
    let ledger = rusqlite::Connection::open(counter.dir().join("till.db")).expect("the database");
    ledger.execute_batch("UPDATE sale SET total_minor = 1 WHERE receipt_no = 2").expect("a changed sum");
    let faults = |counter: &Counter| counter.ok("ledger.verify", &json!({}))["faults"].to_string();
    assert!(faults(&counter).contains("table sale: row 2"), "{}", faults(&counter));
    assert!(ledger.execute("UPDATE event SET line = ''", []).is_err(), "events refuse to be changed");
    ledger
        .execute_batch(
            "DROP TRIGGER event_is_never_changed;
             UPDATE event SET line = replace(line, 'Piscola', 'Pis-cola') WHERE line LIKE '%sale.completed%Piscola%'",
        )
        .expect("a changed line");
    assert!(faults(&counter).contains("event 4 was changed"), "{}", faults(&counter));
    ledger.execute_batch("DROP TRIGGER event_is_never_deleted; DELETE FROM event WHERE seq >= 4").expect("a cut tail");
    assert!(faults(&counter).contains("the end was cut off"), "{}", faults(&counter));
}
