//! The whole way: commands, journal, the thread that owns the port, a cable, and a terminal at its other end.

use std::sync::Arc;

use pos_app::commands::ErrorCode;
use pos_app::outside::SystemClock;
use pos_app::practice::HeadOffice;
use pos_app::terminal::simulated::{Plug, Protocol, Script, SimulatedTerminal};
use serde_json::{Value, json};

use crate::support::{Counter, MANAGER_PIN};

/// A beer, asked of the terminal and approved.
pub(crate) fn approved(counter: &Counter) -> Value {
    counter.add(2, 1);
    let asked = counter.ok("card.start", &json!({}));
    let named = json!({ "payment_id": asked["payment"]["payment_id"], "timeout_ms": 60_000 });
    let ended = counter.ok("card.wait", &named);
    assert_eq!(ended["payment"]["state"], "approved", "{ended}");
    ended
}

#[test]
fn a_payment_is_voided_and_the_batch_compared_and_closed_over_a_cable() {
    let dir = tempfile::tempdir().expect("a directory");
    let link = dir.path().join("terminal");
    let script = Script::parse("approve\napprove stand-alone=5000").expect("a script");
    let plug = Plug { link: Some(link.clone()), cut: None, replug_ms: None };
    let terminal = SimulatedTerminal::start(script, plug, Arc::new(SystemClock::new())).expect("a terminal");
    let port = link.display();
    let devices = format!("[terminal]\nprotocol = \"transbank\"\nport = \"{port}\"\nsimulated = true\n");
    let mut counter = Counter::with_devices(Arc::new(HeadOffice::new(1)), 1, &devices);
    counter.start_selling();
    counter.open_wired();
    counter.log_in(counter.manager, MANAGER_PIN);

    let first = approved(&counter);
    assert_eq!(first["can_void"], true);
    let named = json!({ "payment_id": first["payment"]["payment_id"], "timeout_ms": 60_000 });
    let voiding = counter.ok("card.void", &json!({ "payment_id": first["payment"]["payment_id"] }));
    assert!(["voiding", "voided"].contains(&voiding["payment"]["state"].as_str().expect("a state")), "{voiding}");
    assert_eq!(counter.ok("card.wait", &named)["payment"]["state"], "voided");
    assert_eq!(counter.ok("sale.current", &json!({}))["left_minor"], 3_500);
    counter.ok("sale.abandon", &json!({}));

    let second = approved(&counter);
    counter.ok("sale.complete", &json!({}));
    let read = counter.ok("card.read_batch", &json!({}));
    let lines = read["comparison"]["lines"].as_array().expect("lines");
    let of = |ticket: &Value| lines.iter().find(|line| line["ticket_no"] == *ticket);
    let agreed = of(&second["payment"]["ticket_no"]).expect("the second");
    assert_eq!((&agreed["verdict"], &agreed["difference_minor"]), (&json!("agrees"), &json!(0)), "{read}");
    let voided = of(&first["payment"]["ticket_no"]);
    assert!(voided.is_none_or(|line| line["difference_minor"] == 0), "what was given back comes to nothing: {read}");
    let stranger = lines.iter().find(|line| line["verdict"] == "only_there").expect("what somebody typed there");
    assert_eq!(stranger["difference_minor"], 5_000);
    assert_eq!(counter.ok("card.list_open", &json!({})), json!([]));

    let closed = counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
    assert!(closed["closed_at"].is_number());
    assert_eq!(counter.ok("card.read_batch", &json!({}))["comparison"]["lines"], json!([]), "both begin anew");
    counter.assert_whole();
    counter.till().close();
    terminal.stop();
}

/// A till that sells, with a terminal at the other end of its cable.
pub(crate) fn wired(name: &str, protocol: Protocol, script: &str) -> (Counter, SimulatedTerminal) {
    wired_beside(name, protocol, script, "")
}

/// The same with other devices.
pub(crate) fn wired_beside(name: &str, protocol: Protocol, script: &str, others: &str) -> (Counter, SimulatedTerminal) {
    let script = Script::parse(script).expect("a script");
    let plug = Plug { link: None, cut: None, replug_ms: None };
    let terminal =
        SimulatedTerminal::speaking(protocol, script, plug, Arc::new(SystemClock::new())).expect("a terminal");
    let port = terminal.port();
    let devices = format!("[terminal]\nprotocol = \"{name}\"\nport = \"{port}\"\nsimulated = true\n{others}");
    let mut counter = Counter::with_devices(Arc::new(HeadOffice::new(1)), 1, &devices);
    counter.start_selling();
    counter.open_wired();
    counter.log_in(counter.manager, MANAGER_PIN);
    (counter, terminal)
}

#[test]
fn a_zvt_terminal_says_its_sum_and_is_closed_by_it() {
    for protocol in [Protocol::Zvt, Protocol::ZvtTcp] {
        let (counter, terminal) = wired("zvt", protocol, "approve\napprove\napprove stand-alone=5000");
        for _ in 0..2 {
            approved(&counter);
            counter.ok("sale.complete", &json!({}));
        }
        let read = counter.ok("card.read_batch", &json!({}));
        let told = &read["comparison"];
        assert_eq!(told["terminal"], json!({ "count": 2, "total_minor": 7_000 }), "{read}");
        assert_eq!((told.get("listed"), &told["lines"][1]["verdict"]), (None, &json!("unlisted")));
        assert_eq!(counter.ok("card.close_batch", &json!({}))["agrees"], true);
        assert_eq!(counter.ok("card.read_batch", &json!({}))["comparison"]["terminal"]["total_minor"], 0, "emptied");

        // Somebody types an amount into the terminal itself.
        approved(&counter);
        counter.ok("sale.complete", &json!({}));
        let (code, details) = counter.refused("card.close_batch", &json!({}));
        assert_eq!((code, &details["difference_minor"]), (ErrorCode::BatchDiffers, &json!(5_000)));
        counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
        counter.assert_whole();
        counter.till().close();
        terminal.stop();
    }
}

#[test]
fn a_getnet_terminal_says_nothing_and_is_closed_by_somebody() {
    let (counter, terminal) = wired("getnet", Protocol::Getnet, "approve");
    approved(&counter);
    counter.ok("sale.complete", &json!({}));
    let read = counter.ok("card.read_batch", &json!({}));
    assert_eq!((&read["agrees"], read["comparison"].get("terminal")), (&json!(false), None));
    let (code, details) = counter.refused("card.close_batch", &json!({}));
    assert_eq!((code, &details["ours_minor"]), (ErrorCode::BatchUntold, &json!(3_500)));
    assert!(counter.ok("card.close_batch", &json!({ "accepts_difference": true }))["closed_at"].is_number());
    assert_eq!(counter.ok("card.read_batch", &json!({}))["comparison"]["lines"], json!([]));
    counter.assert_whole();
    counter.till().close();
    terminal.stop();
}

#[test]
fn what_a_card_paid_beside_a_sale_goes_back_when_the_batch_is_closed() {
    for (name, protocol) in [("getnet", Protocol::Getnet), ("zvt", Protocol::Zvt)] {
        let (counter, terminal) = wired(name, protocol, "approve");
        let beside = approved(&counter);
        let named = json!({ "payment_id": beside["payment"]["payment_id"], "timeout_ms": 60_000 });
        let id = json!({ "payment_id": beside["payment"]["payment_id"] });
        assert_eq!((&beside["can_void"], beside.get("is_batch_closed")), (&json!(true), None));
        counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
        let later = counter.ok("card.get", &id);
        assert_eq!((&later["can_void"], &later["is_batch_closed"]), (&json!(true), &json!(true)), "{later}");
        // Another customer's payment bears no number that could be taken for it.
        counter.ok("card.void", &id);
        assert_eq!(counter.ok("card.wait", &named)["payment"]["state"], "voided");
        let taken: Vec<i64> = terminal.charges().iter().map(|charge| charge.amount).collect();
        assert_eq!(taken, [3_500, -3_500], "given back, once");
        assert_eq!(counter.code("card.void", &id), ErrorCode::CardNotVoidable, "and not again");

        // It went back in this batch and was taken in the last, and the books say so.
        let again = counter.ok("card.start", &json!({}));
        let asked = json!({ "payment_id": again["payment"]["payment_id"], "timeout_ms": 60_000 });
        assert_eq!(counter.ok("card.wait", &asked)["payment"]["state"], "approved");
        counter.ok("sale.complete", &json!({}));
        let read = counter.ok("card.read_batch", &json!({}));
        assert_eq!(read["comparison"]["ours"]["total_minor"], 0, "{read}");
        assert_eq!(read["comparison"]["lines"][0]["ours_minor"], -3_500);
        assert_eq!(read["agrees"], name == "zvt", "a Getnet terminal says nothing: {read}");
        counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
        assert_eq!(counter.ok("card.read_batch", &json!({}))["comparison"]["lines"], json!([]));
        counter.assert_whole();
        counter.till().close();
        terminal.stop();
    }
}

#[test]
fn a_transbank_terminal_is_not_asked_for_what_a_closed_batch_holds() {
    let (counter, terminal) = wired("transbank", Protocol::Transbank, "approve");
    let beside = approved(&counter);
    let id = json!({ "payment_id": beside["payment"]["payment_id"] });
    counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
    assert_eq!(counter.ok("card.get", &id).get("can_void"), None);
    assert_eq!(counter.code("card.void", &id), ErrorCode::CardNotVoidable);
    assert_eq!(terminal.charges().len(), 1);
    counter.till().close();
    terminal.stop();
}
