//! The terminal's batch: held against the till's payments, line by line, and closed.

use std::sync::{Arc, Mutex};

use pos_app::app::BatchDesk;
use pos_app::commands::{CommandError, ErrorCode as Code};
use serde_json::{Value, json};
use shared::tender::{TerminalBatch, TerminalReport, TerminalRow, TerminalTotals};

use crate::cards::{approval, approved, charge, tells};
use crate::support::{Counter, MANAGER_PIN};

/// How much of its memory a terminal tells.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Tells {
    #[default]
    All,
    Sum,
    Nothing,
}

/// A terminal's memory.
#[derive(Default)]
struct Memory {
    rows: Mutex<Vec<TerminalRow>>,
    /// What it tells of them.
    tells: Mutex<Tells>,
    closes: Mutex<u32>,
}

impl Memory {
    fn beside(counter: &Counter) -> Arc<Self> {
        let memory = Arc::new(Self::default());
        counter.till().answer_for_batch(Arc::<Self>::clone(&memory));
        memory
    }

    fn holds(&self, ticket_no: &Value, number: u32, amount_minor: i64) {
        let told = approval(number);
        self.rows.lock().expect("unharmed").push(TerminalRow {
            ticket_no: ticket_no.as_str().map(str::to_owned),
            operation_no: told.operation_no,
            authorisation_code: told.authorisation_code,
            amount_minor,
            last4: told.last4,
            card_type: told.card_type,
            brand: told.brand,
            at: "22112026 013000".into(),
        });
    }

    fn tells(&self, tells: Tells) {
        *self.tells.lock().expect("unharmed") = tells;
    }

    fn closes(&self) -> u32 {
        *self.closes.lock().expect("unharmed")
    }
}

impl BatchDesk for Memory {
    fn read(&self) -> Result<TerminalBatch, CommandError> {
        let tells = *self.tells.lock().expect("unharmed");
        let rows = self.rows.lock().expect("unharmed").clone();
        let total_minor = rows.iter().map(|row| row.amount_minor).sum();
        let count = u32::try_from(rows.len()).expect("few");
        Ok(TerminalBatch {
            totals: (tells != Tells::Nothing).then_some(TerminalTotals { count, total_minor }),
            rows: (tells == Tells::All).then_some(rows),
        })
    }

    fn close(&self) -> Result<(), CommandError> {
        self.rows.lock().expect("unharmed").clear();
        *self.closes.lock().expect("unharmed") += 1;
        Ok(())
    }
}

/// A beer, paid by card.
fn sold(counter: &Counter, number: u32) -> Value {
    let payment = charge(counter);
    tells(counter, &payment, [approved(number)]);
    counter.ok("sale.complete", &json!({}));
    payment["payment"]["ticket_no"].clone()
}

fn lines(view: &Value) -> Vec<(String, i64)> {
    let line = |line: &Value| {
        (line["verdict"].as_str().unwrap_or_default().to_owned(), line["difference_minor"].as_i64().unwrap_or_default())
    };
    view["comparison"]["lines"].as_array().expect("lines").iter().map(line).collect()
}

#[test]
fn a_row_missing_on_either_side_is_named_and_accepted_by_somebody() {
    let mut counter = Counter::selling(1);
    let memory = Memory::beside(&counter);
    let known = sold(&counter, 1);
    sold(&counter, 2);
    memory.holds(&known, 1, 3_500);
    memory.holds(&Value::Null, 9, 12_000);
    assert_eq!(counter.code("card.read_batch", &json!({})), Code::PermissionDenied, "a cashier counts blind");
    counter.log_in(counter.manager, MANAGER_PIN);
    let read = counter.ok("card.read_batch", &json!({}));
    let verdicts = [("agrees".into(), 0), ("only_here".into(), -3_500), ("only_there".into(), 12_000)];
    assert_eq!(lines(&read), verdicts);
    assert_eq!((&read["agrees"], &read["doubts"], &read["last_closed_at"]), (&json!(false), &json!(0), &Value::Null));
    let sums = |of: &str| read["comparison"][of]["total_minor"].as_i64();
    assert_eq!((sums("ours"), sums("terminal"), sums("listed")), (Some(7_000), Some(15_500), Some(15_500)));
    assert_eq!(read["comparison"]["lines"][2]["last4"], "0461");

    let (code, details) = counter.refused("card.close_batch", &json!({}));
    assert_eq!((code, &details["difference_minor"]), (Code::BatchDiffers, &json!(8_500)));
    assert_eq!(memory.closes(), 0);
    let closed = counter.ok("card.close_batch", &json!({ "accepts_difference": true }));
    assert!(closed["closed_at"].is_number());
    assert_eq!((lines(&closed), memory.closes()), (verdicts.to_vec(), 1));

    // The next batch begins empty, also after a power cut.
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    let memory = Memory::beside(&counter);
    let read = counter.ok("card.read_batch", &json!({}));
    assert_eq!((lines(&read), &read["agrees"]), (vec![], &json!(true)));
    assert_eq!(read["last_closed_at"], closed["closed_at"]);
    let next = sold(&counter, 3);
    memory.holds(&next, 3, 3_500);
    assert_eq!(counter.ok("card.close_batch", &json!({}))["agrees"], true);
    counter.assert_whole();
}

#[test]
fn a_terminal_without_a_list_is_held_to_its_sum_and_one_that_says_nothing_to_its_paper() {
    let counter = Counter::selling(1);
    let memory = Memory::beside(&counter);
    let known = sold(&counter, 1);
    memory.holds(&known, 1, 3_500);
    counter.log_in(counter.manager, MANAGER_PIN);
    let unlisted = [("unlisted".to_owned(), 0)];

    memory.tells(Tells::Nothing);
    let read = counter.ok("card.read_batch", &json!({}));
    assert_eq!(
        (lines(&read), &read["agrees"], read["comparison"].get("terminal")),
        (unlisted.to_vec(), &json!(false), None)
    );
    let (code, details) = counter.refused("card.close_batch", &json!({}));
    assert_eq!((code, &details["ours_minor"], memory.closes()), (Code::BatchUntold, &json!(3_500), 0));

    memory.tells(Tells::Sum);
    let read = counter.ok("card.read_batch", &json!({}));
    assert_eq!((lines(&read), &read["agrees"]), (unlisted.to_vec(), &json!(true)));
    memory.holds(&Value::Null, 9, 12_000);
    let (code, details) = counter.refused("card.close_batch", &json!({}));
    assert_eq!((code, &details["difference_minor"]), (Code::BatchDiffers, &json!(12_000)));

    memory.tells(Tells::Nothing);
    assert!(counter.ok("card.close_batch", &json!({ "accepts_difference": true }))["closed_at"].is_number());
    assert_eq!(memory.closes(), 1);
    counter.assert_whole();
}

#[test]
fn a_batch_is_not_closed_while_a_payment_is_in_doubt() {
    let mut counter = Counter::selling(1);
    let payment = charge(&counter);
    tells(&counter, &payment, [TerminalReport::NoAnswer]);
    counter.pay_cash(3_500);
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    let memory = Memory::beside(&counter);
    memory.holds(&payment["payment"]["ticket_no"], 1, 3_500);
    let read = counter.ok("card.read_batch", &json!({}));
    assert_eq!((lines(&read), &read["doubts"]), (vec![("in_doubt".into(), 3_500)], &json!(1)));
    let (code, details) = counter.refused("card.close_batch", &json!({ "accepts_difference": true }));
    assert_eq!((code, &details["count"], memory.closes()), (Code::BatchHasDoubts, &json!(1), 0));
    // The list proves it; the terminal's word settles it, and the batch can be closed.
    tells(&counter, &payment, [approved(1)]);
    assert_eq!(counter.ok("card.close_batch", &json!({}))["agrees"], true);
    assert_eq!(counter.ok("card.list_open", &json!({}))[0]["reason"], "not_counted", "and the customer is owed it");
    counter.assert_whole();
}

#[test]
fn without_a_terminal_there_is_no_batch() {
    let counter = Counter::selling(1);
    counter.log_in(counter.manager, MANAGER_PIN);
    assert_eq!(counter.code("card.read_batch", &json!({})), Code::TerminalUnreachable);
    assert_eq!(counter.code("card.close_batch", &json!({})), Code::TerminalUnreachable);
}
