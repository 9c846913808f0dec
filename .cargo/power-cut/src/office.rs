//! Head office for a series: Club Valdivia on the real server, which here is never cut, and a till at its counter.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::program::{Running, run};
use crate::series::Bench;

/// Founds Club Valdivia in an empty directory and returns its papers: people with PINs, registers with enrolment codes.
pub fn found(bench: &Bench, data: &Path) -> Result<Value> {
    let printed = run(Command::new(&bench.sync_server).arg("--data").arg(data).args(["seed", "club-valdivia"]))?;
    let printed = String::from_utf8(printed)?;
    let papers = printed.lines().rfind(|line| line.starts_with('{')).context("seeding printed no papers")?;
    Ok(serde_json::from_str(papers)?)
}

/// The command that serves, on any free port.
pub fn serve(bench: &Bench, data: &Path) -> Command {
    let mut command = Command::new(&bench.sync_server);
    command.arg("--data").arg(data).args(["serve", "--listen", "127.0.0.1:0"]).env("RUST_LOG", "warn");
    command
}

/// Where a server that starts says it listens, `127.0.0.1:8080`; `None` when it died before.
pub fn until_listening(server: &mut Running) -> Result<Option<String>> {
    while let Some(line) = server.hear()? {
        if let Some((_, address)) = line.trim_end().split_once("http://") {
            return Ok(Some(address.to_owned()));
        }
    }
    Ok(None)
}

/// An event as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// The chain's id.
    pub chain: Vec<u8>,
    /// 0 unless somebody wrote two histories.
    pub branch: i64,
    /// Its number.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// As written.
    pub line: String,
}

/// Opens every database of a server's directory, asks SQLite whether it is whole, and reads the events.
pub fn read_server(data: &Path, flags: OpenFlags) -> Result<Vec<Kept>> {
    let mut events = Vec::new();
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "db") {
            continue;
        }
        let database = Connection::open_with_flags(&path, flags)?;
        let said: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        ensure!(said == "ok", "{}: {said}", path.display());
        let is_tenant = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tenant-"));
        if is_tenant {
            let mut select =
                database.prepare("SELECT chain, branch, seq, hash, line FROM event ORDER BY chain, branch, seq")?;
            let rows = select.query_map([], |row| {
                let (chain, branch, seq) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Kept { chain, branch, seq, hash: row.get(3)?, line: row.get(4)? })
            })?;
            events.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
    }
    Ok(events)
}

/// A till enrolled at the register `BMB`, its drawer open.
pub struct Counter {
    /// Everything of the till that a cut can hurt: its data and what it keeps elsewhere on the machine.
    pub root: PathBuf,
    /// Who sells.
    pub cashier: Value,
    /// What.
    pub products: Vec<Value>,
}

/// The till of a root, told to keep to it.
pub fn till(bench: &Bench, root: &Path, task: &str) -> Command {
    let mut command = Command::new(&bench.till);
    command.arg("--data").arg(root.join("till")).arg(task);
    command.env("HOME", root).env("XDG_STATE_HOME", root.join("state")).env("RUST_LOG", "error");
    command
}

/// Sets up the counter while the server at `address` runs.
pub fn equip(bench: &Bench, papers: &Value, address: &str, root: &Path) -> Result<Counter> {
    std::fs::create_dir_all(root.join("state"))?;
    std::fs::create_dir_all(root.join("till"))?;
    // Little ballast: it is written and compared in every loop.
    let state = root.join("state");
    let ledger = format!("[ledger]\nballast_mb = 1\nwitness = \"{}\"\n", state.display());
    let config = format!("[sync]\ninterval_ms = 1000\n\n{ledger}");
    std::fs::write(root.join("till/till.toml"), config)?;
    let register = papers["registers"].as_array().into_iter().flatten().find(|register| register["code"] == "BMB");
    let code = register.and_then(|register| register["enrolment_code"].as_str()).context("no code for BMB")?;
    run(till(bench, root, "init").args(["--server", &format!("http://{address}"), "--code", code]))?;
    let cashier = papers["staff"].as_array().into_iter().flatten();
    let mut cashier = cashier.filter(|person| person["roles"] == json!(["cashier"]));
    let cashier = cashier.next().context("nobody is a cashier")?;
    let cashier = json!({ "staff_id": cashier["staff_id"], "pin": cashier["pin"] });
    let mut running = Running::start(&mut till(bench, root, "run"), &root.with_extension("stderr"))?;
    let mut ask = |command: &str, args: &Value| -> Result<Value> {
        running.say(&format!("{}\n", json!({ "id": command, "command": command, "args": args })));
        let mut answer: Value = serde_json::from_str(&running.hear()?.context("the till ended")?)?;
        ensure!(answer["error"].is_null(), "{answer}");
        Ok(answer["ok"].take())
    };
    ask("operator.log_in", &cashier)?;
    ask("register.open", &json!({ "float": [] }))?;
    let catalog = ask("catalog.list", &Value::Null)?;
    let products = products(&catalog);
    ensure!(!products.is_empty(), "a catalogue with something in it");
    running.close_input();
    ensure!(running.wait()?.success(), "the till did not end well");
    Ok(Counter { root: root.to_owned(), cashier, products })
}

/// Every product's id, wherever the catalogue has it.
fn products(catalog: &Value) -> Vec<Value> {
    match catalog {
        Value::Object(fields) if fields.contains_key("product_id") => vec![fields["product_id"].clone()],
        Value::Object(fields) => fields.values().flat_map(products).collect(),
        Value::Array(items) => items.iter().flat_map(products).collect(),
        _ => Vec::new(),
    }
}
