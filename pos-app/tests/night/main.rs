//! One night at Club Valdivia: two tills that lose head office at the door and find it again before they close.
//!
//! Everything is real but the time and the dice: SQLite files, the server over TCP, the card terminal over a
//! pseudo-terminal, the printer over TCP, and the tickets read off the printed picture.

mod line;
mod meeting;
mod place;

use std::sync::Arc;
use std::time::Duration;

use line::State;
use place::{Bar, HeadOffice, NightClock};
use pos_app::commands::ErrorCode;
use pos_app::ledger::stream;
use serde_json::{Value, json};
use shared::sync::stream::StreamName;

fn amount(of: &Value, key: &str) -> i64 {
    of[key].as_i64().unwrap_or_else(|| panic!("{key} in {of}"))
}

/// What head office and the tills must agree on, to the peso.
const TOTALS: [&str; 6] = ["sales", "total_minor", "tax_minor", "cash_minor", "card_minor", "rounding_minor"];

fn assert_both_sides_agree(board: &Value, readings: &[Value]) {
    for key in TOTALS {
        let at_tills: i64 = readings.iter().map(|reading| amount(&reading["totals"], key)).sum();
        assert_eq!(amount(&board["totals"], key), at_tills, "{key}: {board}");
    }
    for (tender, key) in [("cash", "cash_minor"), ("card", "card_minor")] {
        let rows = board["by_tender"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["tender"] == tender).expect("the tender was used");
        assert_eq!(amount(row, "amount_minor"), amount(&board["totals"], key), "{tender}: {board}");
    }
}

#[test]
fn a_night_without_head_office_is_settled_to_the_peso_when_it_is_back() {
    let clock = Arc::new(NightClock::default());
    let mut office = HeadOffice::open(&clock);
    let (bar, terrace) = (Bar::open(&office, "BMB", "bar", &clock), Bar::open(&office, "BTZ", "terrace", &clock));
    terrace.sync();
    // Again: the terrace's certificate has come meanwhile.
    bar.sync();
    assert!(bar.ask("catalog.list", &json!({}))["categories"].as_array().is_some_and(|tabs| !tabs.is_empty()));

    office.stop();
    bar.begin(&office, "Matías S.");
    terrace.begin(&office, "Antonia V.");
    assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::ServerUnreachable);

    // Cash and card on both tills; the tickets come off the paper.
    bar.sell_cash(&[("TRA-001", 2), ("CER-001", 1)]);
    let whole = bar.printed_code();
    clock.advance_minutes(20);
    bar.sell_card(&[("TRA-011", 1)]);
    let doubled = bar.printed_code();
    terrace.sell_card(&[("CER-003", 3)]);
    let partly = terrace.printed_code();
    terrace.add(&[("COC-001", 2), ("TRA-006", 1)]);
    terrace.pay_card(Some(10_000));
    terrace.ask("sale.complete", &json!({ "cash_tendered_minor": 10_000 }));
    let own = terrace.printed_code();

    // Each hands over the other's tickets: whole, in part, and one that both hand over unheard of each other.
    let handed_over = terrace.ask("ticket.redeem", &json!({ "code": whole }));
    assert_eq!(handed_over["verdict"], "delivered");
    let handed_over = bar.ask("ticket.redeem", &json!({ "code": partly, "lines": [{ "line_no": 1, "quantity": 2 }] }));
    assert_eq!((&handed_over["verdict"], &handed_over["lines"][0]["owed"]), (&json!("partial"), &json!(1)));
    for place in [&bar, &terrace] {
        place.ask("ticket.redeem", &json!({ "code": doubled }));
    }
    terrace.ask("ticket.redeem", &json!({ "code": own }));
    assert_eq!(terrace.refused("ticket.redeem", &json!({ "code": whole })).code, ErrorCode::TicketDelivered);
    assert!(bar.unsent() > 0 && terrace.unsent() > 0);

    office.start();
    bar.sync();
    terrace.sync();
    bar.sync();
    assert_eq!((bar.unsent(), terrace.unsent()), (0, 0));
    let readings = [bar.reading(), terrace.reading()];
    let board = office.board();
    assert_both_sides_agree(&board, &readings);
    assert_eq!(amount(&board["totals"], "sales"), 4);
    let flags = board["flags"].as_array().expect("flags");
    assert!(flags.iter().any(|flag| flag["code"] == "over_redeemed"), "the double is shown: {flags:?}");

    // What the other handed over is known here now, with names.
    let refused = bar.refused("ticket.redeem", &json!({ "code": whole }));
    assert_eq!(refused.code, ErrorCode::TicketDelivered);
    assert_eq!(refused.details["staff"], "Antonia V.");
    assert_eq!(refused.details["device"], terrace.till.identity().expect("enrolled").enrolment.device_name);
    let last = terrace.ask("ticket.redeem", &json!({ "code": partly }));
    assert_eq!((&last["verdict"], &last["lines"][0]["redeemed"]), (&json!("delivered"), &json!(3)));

    // Closed, counted, sent, and whole.
    let mut z_reports = Vec::new();
    for (place, reading) in [&bar, &terrace].into_iter().zip(&readings) {
        let expected = 50_000 + amount(&reading["totals"], "cash_minor");
        let z = place.close(expected);
        assert_eq!((amount(&z, "variance_minor"), amount(&z, "expected_cash_minor")), (0, expected));
        place.sync();
        place.verify();
        z_reports.push(z);
    }
    let board = office.board();
    assert_both_sides_agree(&board, &z_reports);
    assert!(board["tills"].as_array().expect("tills").iter().all(|till| till["session"].is_null()), "{board}");
}

#[test]
fn a_push_that_breaks_off_anywhere_loses_and_doubles_nothing() {
    let clock = Arc::new(NightClock::default());
    let mut office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &clock);
    bar.sync();
    office.line.set(State::Down);
    bar.begin(&office, "Camila R.");
    for _ in 0..6 {
        bar.sell_cash(&[("TRA-001", 1)]);
    }
    let unsent = bar.unsent();
    let sales = |office: &HeadOffice| amount(&office.board()["totals"], "sales");

    // Broken on the way there: nothing arrived, nothing counts.
    for bytes in [1, 200, 700] {
        office.trouble(|server| State::BreaksAfter(server, bytes));
        assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::ServerUnreachable);
        assert_eq!((bar.unsent(), sales(&office)), (unsent, 0), "after {bytes} bytes");
    }
    // Broken on the way back: everything arrived, and nothing counts as sent yet.
    office.trouble(State::AnswersLost);
    assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::ServerUnreachable);
    assert_eq!((bar.unsent(), sales(&office)), (unsent, 6));
    // The server itself goes, and comes back at another address behind the same line.
    office.stop();
    assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::ServerUnreachable);
    office.start();
    // The same batch again is no news and a success.
    bar.sync();
    assert_eq!((bar.unsent(), sales(&office)), (0, 6));
    assert_both_totals(&office.board(), &bar.reading());
    bar.verify();
}

fn assert_both_totals(board: &Value, reading: &Value) {
    for key in TOTALS {
        assert_eq!(amount(&board["totals"], key), amount(&reading["totals"], key), "{key}");
    }
}

#[test]
fn a_till_that_was_withdrawn_hands_in_what_it_wrote_and_wipes_what_it_was_given() {
    let clock = Arc::new(NightClock::default());
    let office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BVP", "vip", &clock);
    bar.sync();
    bar.begin(&office, "Camila R.");
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    let device_id = bar.till.identity().expect("enrolled").enrolment.device_id;
    // Told by the bell, it may know at once: what it was given stays while a sale is on the counter.
    bar.add(&[("TRA-001", 1)]);
    office.send("DELETE", &format!("/v1/admin/tills/{device_id}"), &Value::Null);
    bar.ask("sale.complete", &json!({ "cash_tendered_minor": 100_000 }));
    assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::ServerRefused);
    let status = bar.ask("status.get", &json!({}));
    assert_eq!(status["server"]["state"], "needs_attention", "{status}");
    assert_eq!(bar.concerns(), ["till_revoked"]);
    assert_eq!(bar.unsent(), 0, "its last sale still arrives");
    let refused = bar.refused("sale.complete", &json!({ "cash_tendered_minor": 10_000 }));
    assert_eq!(refused.code, ErrorCode::NotLoggedIn, "nobody works here any more");
    bar.verify();
}

#[test]
fn a_till_put_back_from_a_copy_has_its_night_back_from_head_office() {
    let clock = Arc::new(NightClock::default());
    let office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &clock);
    bar.sync();
    bar.begin(&office, "Camila R.");
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    let (bar, copy) = bar.back_up("bar after the copy", &clock);
    let log_in = |bar: &Bar| {
        let (staff_id, pin) = office.person("Camila R.");
        bar.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }));
    };
    log_in(&bar);
    for _ in 0..3 {
        bar.sell_cash(&[("TRA-001", 2)]);
    }
    bar.sync();
    let bar = bar.put_back(&copy, "bar put back", &clock);
    log_in(&bar);
    let sale = bar.sell_cash(&[("TRA-001", 1)]);
    assert_eq!(sale["receipt_no"], 5, "no receipt number is given out twice");
    bar.sync();
    assert_eq!(bar.concerns(), ["ledger_recovered"]);
    assert_eq!(bar.unsent(), 0);
    let (board, reading) = (office.board(), bar.reading());
    assert_eq!(amount(&board["totals"], "sales"), 5);
    assert_both_totals(&board, &reading);
    bar.verify();
    let z = bar.close(50_000 + amount(&reading["totals"], "cash_minor"));
    assert_eq!(amount(&z, "variance_minor"), 0, "the drawer's night is whole again");
}

/// What the server never had and the disk no longer has is gone. Nobody has to guess how much.
#[test]
fn what_nobody_can_give_back_is_told_to_the_event() {
    let clock = Arc::new(NightClock::default());
    let mut office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &clock);
    bar.sync();
    bar.begin(&office, "Camila R.");
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    let (bar, copy) = bar.back_up("bar after the copy", &clock);
    office.stop();
    let log_in = |bar: &Bar, office: &HeadOffice| {
        let (staff_id, pin) = office.person("Camila R.");
        bar.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }));
    };
    log_in(&bar, &office);
    for _ in 0..3 {
        bar.sell_cash(&[("TRA-001", 1)]);
    }
    let gone = bar.unsent();
    assert!(gone >= 3, "three sales at least");
    let bar = bar.put_back(&copy, "bar put back", &clock);
    assert_eq!(bar.concerns(), ["ledger_restored"], "they may still come back");
    office.start();
    bar.sync();
    let told = bar.ask("status.get", &json!({}))["concerns"].clone();
    assert_eq!((&told[0]["code"], &told[0]["events"]), (&json!("events_lost"), &json!(gone)), "{told}");
    log_in(&bar, &office);
    assert_eq!(bar.sell_cash(&[("TRA-001", 1)])["receipt_no"], 5, "their receipts are on paper somewhere");
    bar.sync();
    assert_eq!(bar.concerns(), ["events_lost"], "and it stays told");
    assert_eq!(amount(&office.board()["totals"], "sales"), 2);
    bar.verify();
}

#[test]
fn a_till_with_a_wrong_clock_says_by_how_much_and_sells_on() {
    let clock = Arc::new(NightClock::default());
    let fast = Arc::new(NightClock::default());
    fast.advance_minutes(4);
    let office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &fast);
    bar.sync();
    bar.begin(&office, "Camila R.");
    let told = || bar.ask("status.get", &json!({}))["concerns"].clone();
    assert_eq!((&told()[0]["code"], &told()[0]["minutes"]), (&json!("clock_wrong"), &json!(4)), "{}", told());
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    assert_eq!((bar.unsent(), amount(&office.board()["totals"], "sales")), (0, 1), "no sale is refused for it");
    // A till looks once a minute at most.
    fast.advance_minutes(2);
    clock.advance_minutes(5);
    bar.sync();
    assert_eq!(bar.concerns(), Vec::<String>::new(), "a minute is no matter");
    fast.advance_minutes(2);
    clock.advance_minutes(6);
    bar.sync();
    assert_eq!((&told()[0]["code"], &told()[0]["minutes"]), (&json!("clock_wrong"), &json!(-3)), "slow: {}", told());
}

#[test]
fn what_one_till_hands_over_another_hears_by_the_bell() {
    let clock = Arc::new(NightClock::default());
    let office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &clock);
    let terrace = Bar::open(&office, "BTZ", "terrace", &clock);
    bar.sync();
    terrace.sync();
    bar.begin(&office, "Antonia V.");
    let heard = terrace.till.subscribe();
    bar.sell_cash(&[("TRA-001", 1)]);
    let code = bar.printed_code();
    bar.ask("ticket.redeem", &json!({ "code": code }));
    // Nobody asks for anything: the terrace looks by itself once an hour.
    let venue = StreamName::Venue(terrace.till.identity().expect("enrolled").enrolment.venue_id);
    let known = || terrace.till.ledger().read(|ledger| stream::load_cursor(ledger, venue)).expect("read");
    while known().is_none_or(|cursor| cursor.seq == 0) {
        heard.recv_timeout(Duration::from_mins(1)).expect("the bell rings");
    }
}

#[test]
fn a_machine_that_was_refused_can_still_become_a_till() {
    let clock = Arc::new(NightClock::default());
    let mut office = HeadOffice::open(&clock);
    let bar = Bar::set_up(tempfile::tempdir().expect("a directory"), "bar", &clock);
    let (server_url, code) = (office.line.url(), office.code_for("BMB"));
    let enroll = |url: &str, code: &str| json!({ "server_url": url, "code": code });
    assert_eq!(bar.refused("sync.run", &json!({})).code, ErrorCode::DeviceNotEnrolled);
    for wrong in ["", "ABCDEFGHJK", "ABC"] {
        let refused = bar.refused("device.enroll", &enroll(&server_url, wrong));
        assert_eq!(refused.code, ErrorCode::EnrolmentCodeInvalid, "{wrong:?}");
    }
    office.stop();
    assert_eq!(bar.refused("device.enroll", &enroll(&server_url, &code)).code, ErrorCode::ServerUnreachable);
    office.start();
    // As somebody types it who reads it from a slip of paper.
    let typed = format!(" {}-{} ", code[..5].to_lowercase(), &code[5..]);
    bar.ask("device.enroll", &enroll(&server_url, &typed));
    assert_eq!(bar.refused("device.enroll", &enroll(&server_url, &code)).code, ErrorCode::DeviceAlreadyEnrolled);
    bar.sync();
    // A used code makes no second till.
    let other = Bar::set_up(tempfile::tempdir().expect("a directory"), "other", &clock);
    let refused = other.refused("device.enroll", &enroll(&server_url, &code));
    assert_eq!(refused.code, ErrorCode::EnrolmentCodeInvalid);
}

#[test]
fn a_till_whose_clock_is_days_wrong_is_put_right_and_not_refused() {
    let clock = Arc::new(NightClock::default());
    let office = HeadOffice::open(&clock);
    let wrong = Arc::new(NightClock::default());
    wrong.advance_minutes(3 * 24 * 60);
    let bar = Bar::open(&office, "BMB", "bar", &wrong);
    bar.sync();
    bar.begin(&office, "Camila R.");
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    assert_eq!(bar.unsent(), 0);
}

#[test]
fn a_cloned_disk_sells_beside_its_twin_and_nothing_of_either_is_lost() {
    let clock = Arc::new(NightClock::default());
    let office = HeadOffice::open(&clock);
    let bar = Bar::open(&office, "BMB", "bar", &clock);
    bar.sync();
    bar.begin(&office, "Camila R.");
    bar.sell_cash(&[("TRA-001", 1)]);
    bar.sync();
    office.line.set(State::Down);
    let twins = bar.clone_disk(["first twin", "second twin"], &clock);
    for twin in &twins {
        let (staff_id, pin) = office.person("Camila R.");
        twin.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }));
        twin.sell_cash(&[("TRA-001", 1)]);
        twin.sell_cash(&[("TRA-002", 1)]);
    }
    office.trouble(State::Up);
    for twin in &twins {
        twin.sync();
        assert_eq!(twin.unsent(), 0);
        twin.verify();
    }
    assert_eq!(amount(&office.board()["totals"], "sales"), 5, "one before, two of each twin");
}
