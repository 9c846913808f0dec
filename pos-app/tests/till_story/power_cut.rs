//! The real program, killed in the middle of things: what it answered for is there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::practice::HeadOffice;
use pos_app::{Outside, Till, Workers};
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::staff::Role;
use tempfile::TempDir;

pub(crate) const PIN: &str = "2468";

pub(crate) struct Running {
    pub(crate) process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_till"))
            .args(["--data".as_ref(), dir.as_os_str(), "run".as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the till runs");
        let input = process.stdin.take().expect("a pipe in");
        let output = BufReader::new(process.stdout.take().expect("a pipe out"));
        Self { process, input, output }
    }

    pub(crate) fn send(&mut self, command: &str, args: &Value) -> bool {
        writeln!(self.input, "{}", json!({ "id": command, "command": command, "args": args })).is_ok()
    }

    /// The next answer, if it came whole before the end.
    fn answer(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        line.ends_with('\n').then(|| serde_json::from_str(&line).expect("every whole line is an answer"))
    }

    pub(crate) fn ok(&mut self, command: &str, args: &Value) -> Value {
        assert!(self.send(command, args), "{command} could not be sent");
        let answer = self.answer().expect("an answer");
        assert!(answer.get("error").is_none(), "{answer}");
        answer["ok"].clone()
    }
}

/// An enrolled till with an open drawer, closed in order.
pub(crate) fn prepare(dir: &Path) -> (HeadOffice, StaffId) {
    // A made-up office's tills bear the same names every time, so their witnesses must not meet.
    let ledger = format!("[ledger]\nwitness = \"{}\"\nballast_mb = 1\n", dir.join("witness").display());
    std::fs::write(dir.join("till.toml"), ledger).expect("till.toml");
    let office = HeadOffice::new(7);
    let outside = Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let till = Till::open_with(dir, outside, Workers::Off).expect("the till opens");
    office.enroll(&till, 1).expect("enrolled");
    let cashier = office.hire(&[&till], "Camila", &[Role::Cashier], PIN).expect("hired");
    till.execute("operator.log_in", json!({ "staff_id": cashier, "pin": PIN })).expect("signed in");
    till.execute("register.open", json!({ "float": [] })).expect("open");
    (office, cashier)
}

/// How often to pull the plug: `BARRA_POWER_CUTS`, or a few for everyday.
fn cuts() -> u64 {
    std::env::var("BARRA_POWER_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(8)
}

#[test]
fn what_was_answered_is_in_the_ledger_however_often_the_plug_is_pulled() {
    let dir = TempDir::new().expect("a directory");
    let (office, cashier) = prepare(dir.path());
    let products = [office.products[0].product_id, office.products[1].product_id, office.products[3].product_id];
    let mut answered: Vec<(String, u64)> = Vec::new();
    for cut in 0..cuts() {
        let mut till = Running::start(dir.path());
        till.ok("operator.log_in", &json!({ "staff_id": cashier, "pin": PIN }));
        till.ok("sale.abandon", &Value::Null);
        // Requests go in faster than they are answered, so that the plug is pulled at work: after the first answer of
        // some sale, while the next ones are being written.
        let pulled_after = 1 + cut % 5;
        for _ in 0..pulled_after + 8 {
            for product_id in products {
                till.send("sale.add", &json!({ "product_id": product_id }));
            }
            till.send("sale.complete", &json!({ "cash_tendered_minor": 20_000 }));
        }
        let mut sales = 0;
        while sales < pulled_after {
            let answer = till.answer().expect("an answer");
            sales += u64::from(note(&answer, &mut answered));
        }
        // Part of the way into the next sale, a different part each time.
        for _ in 0..cut % 4 {
            let answer = till.answer().expect("an answer");
            note(&answer, &mut answered);
        }
        till.process.kill().expect("killed");
        till.process.wait().expect("gone");
        // What it had said before it died counts, too.
        while let Some(answer) = till.answer() {
            note(&answer, &mut answered);
        }
        assert_whole(dir.path(), cut, &answered);
    }
    assert!(answered.len() as u64 >= cuts());
}

/// Remembers a sale the till answered for.
fn note(answer: &Value, answered: &mut Vec<(String, u64)>) -> bool {
    assert!(answer.get("error").is_none(), "{answer}");
    let Some(receipt_no) = answer["ok"]["receipt_no"].as_u64() else { return false };
    answered.push((answer["ok"]["sale_id"].as_str().expect("an id").to_owned(), receipt_no));
    true
}

fn assert_whole(dir: &Path, cut: u64, answered: &[(String, u64)]) {
    let till = |task: &str| {
        let command = Command::new(env!("CARGO_BIN_EXE_till")).arg("--data").arg(dir).arg(task).output();
        command.expect("the till runs")
    };
    let verified = till("verify");
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success(), "after cut {cut}: {said}");
    let exported = till("export");
    let mut kept = Vec::new();
    for line in exported.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Value = serde_json::from_slice(line).expect("every event is JSON");
        if event["type"] == "sale.completed" {
            let payload = &event["payload"];
            let sale_id = payload["sale_id"].as_str().expect("an id").to_owned();
            kept.push((sale_id, payload["receipt_no"].as_u64().expect("a number")));
        }
    }
    let numbers: Vec<u64> = kept.iter().map(|(_, receipt_no)| *receipt_no).collect();
    let gapless: Vec<u64> = (1..=kept.len() as u64).collect();
    assert_eq!(numbers, gapless, "after cut {cut}: receipts without gaps or repeats");
    for sale in answered {
        assert!(kept.contains(sale), "after cut {cut}: receipt {} was answered and is lost", sale.1);
    }
}

#[test]
fn a_line_that_is_no_request_is_answered_and_the_next_one_works() {
    let dir = TempDir::new().expect("a directory");
    prepare(dir.path());
    let mut till = Running::start(dir.path());
    let long = "x".repeat(200_000);
    for nonsense in ["{", "[]", "\"status.get\"", "{\"id\":1}", "\u{0}\u{ff}", long.as_str()] {
        writeln!(till.input, "{nonsense}").expect("sent");
        let answer = till.answer().expect("an answer");
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!("arguments_invalid")), "{answer}");
    }
    assert_eq!(till.ok("status.get", &Value::Null)["is_enrolled"], true);
    let second = Command::new(env!("CARGO_BIN_EXE_till")).arg("--data").arg(dir.path()).arg("run").output();
    let second = second.expect("the second till runs");
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("ledger_in_use"));
    drop(till.input);
    assert!(till.process.wait().expect("gone").success(), "the end of the input is the end of the run");
}
