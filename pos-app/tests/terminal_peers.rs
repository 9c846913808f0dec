//! The simulated terminal against tills of another hand: the vendor's libraries for Python (`transbank-pos-sdk` 1.0.1, from
//! `PyPI`) and for Node (`transbank-pos-sdk` 4.0.0, from npm), over a pseudo-terminal. `cargo xtask test` and `cargo xtask
//! setup` install them, into the build's own folder; where they are missing these tests fail, and say so.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use pos_app::outside::SystemClock;
use pos_app::terminal::simulated::{Plug, Script, SimulatedTerminal};
use serde_json::{Map, Value};

const PYTHON: &str = r#"
import json, sys
from transbank.POS.POSIntegrado import POSIntegrado

pos, seen = POSIntegrado(), []
pos.timeout = 60000
pos.open_port(sys.argv[1], 115200)
told = {"poll": pos.poll(), "keys": pos.load_keys()}
told["sale"] = pos.sale(1990, "ABC123", True, lambda message: seen.append(message))
told["progress"] = len(seen)
told["last"] = pos.last_sale()
told["totals"] = pos.totals()
told["refund"] = pos.refund(1)
told["close"] = pos.close()
print(json.dumps(told, default=str))
"#;

const NODE: &str = r"
const { POSIntegrado } = require('transbank-pos-sdk')
const main = async () => {
  const [pos, seen, told] = [new POSIntegrado(), [], {}]
  await pos.connect(process.argv[2], 115200)
  told.poll = await pos.poll()
  told.keys = await pos.loadKeys()
  told.sale = await pos.sale(1990, 'ABC123', true, (message) => seen.push(message))
  told.progress = seen.length
  told.last = await pos.getLastSale()
  told.totals = await pos.getTotals()
  told.close = await pos.closeDay()
  console.log(JSON.stringify(told))
}
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
";

/// Where a peer is installed. The folder is named by `.cargo/xtask/src/peers.rs`, which fills it.
fn home(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of the build's");
    target.join("peers").join(name)
}

/// What cannot be there unless the peer is.
fn installed(file: PathBuf) -> PathBuf {
    assert!(file.exists(), "{} is missing: `cargo xtask setup` installs it", file.display());
    file
}

/// Lets a till of another hand sell once, and gives what it was told and the terminal it sold at.
fn play(mut till: Command) -> (Map<String, Value>, SimulatedTerminal) {
    // Those libraries lose what shares a read with something else, so the terminal takes its time as real ones do.
    let script = Script::parse("progress=78,81,82 pause=500 approve").expect("a script").thinking(500);
    let plug = Plug { link: None, cut: None, replug_ms: None };
    let terminal = SimulatedTerminal::start(script, plug, Arc::new(SystemClock::new())).expect("a terminal");
    let said = till.arg(terminal.path()).stdin(Stdio::null()).output().expect("it runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    println!("{}", String::from_utf8_lossy(&said.stdout));
    let told: Value = serde_json::from_slice(&said.stdout).expect("it says JSON");
    let Value::Object(told) = told else { panic!("an object") };
    assert_eq!((&told["poll"], &told["progress"]), (&Value::Bool(true), &Value::from(3)));
    for answer in ["keys", "sale", "last", "totals", "close"] {
        assert_eq!(
            told[answer]["response_message"].as_str().or(told[answer]["responseMessage"].as_str()),
            Some("Aprobado")
        );
    }
    assert_eq!((&told["sale"]["ticket"], &told["last"]["ticket"]), (&"ABC123".into(), &"ABC123".into()));
    assert_eq!(terminal.requests_seen(), ["ABC123"]);
    assert_eq!(terminal.charges()[0].amount, 1_990);
    (told, terminal)
}

#[test]
fn the_vendors_library_for_python_sells_at_our_terminal() {
    let mut till = Command::new(installed(home("transbank-python-1.0.1").join("bin/python")));
    till.args(["-c", PYTHON]);
    let (told, terminal) = play(till);
    assert_eq!(told["sale"]["authorization_code"], *terminal.charges()[0].authorisation);
    assert_eq!((&told["totals"]["tx_count"], &told["totals"]["tx_total"]), (&"1".into(), &"1990".into()));
    assert_eq!(told["refund"]["operation_number"], "1");
    assert_eq!(terminal.charges()[1].amount, -1_990, "and it was undone");
}

#[test]
fn the_vendors_library_for_node_sells_at_our_terminal() {
    let home = home("transbank-node-4.0.0");
    installed(home.join("node_modules/transbank-pos-sdk/package.json"));
    fs::write(home.join("till.js"), NODE).expect("written");
    let mut till = Command::new("node");
    till.arg("till.js").current_dir(&home);
    let (told, terminal) = play(till);
    assert_eq!(told["sale"]["authorizationCode"], *terminal.charges()[0].authorisation);
    assert_eq!((&told["totals"]["txCount"], &told["totals"]["txTotal"]), (&1.into(), &1_990.into()));
    assert_eq!(terminal.charges().len(), 1);
}
