//! Club Valdivia for an evening: head office's server, and per till a simulated card terminal and a simulated printer.
//! Everything runs on this machine, talks real bytes, and ends when this is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::desktop::{free_port, until_listening};
use crate::house::House;
use crate::http;
use crate::process::{Running, output};
use crate::till::{Till, text};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The club's folder and what head office knows of it.
pub struct Club {
    /// What seeding printed: the admin, people with PINs, registers with enrolment codes.
    pub papers: Value,
    /// Where everything of the evening lives.
    pub dir: PathBuf,
    /// Where head office listens, `127.0.0.1:8080`.
    pub address: String,
    house: House,
    server: Option<Running>,
}

impl Club {
    /// Opens the club kept in `dir`, founding it when the folder is new. The server is not started.
    pub fn open(house: &House, dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir.join("logs"))?;
        let dir = dir.canonicalize()?;
        let papers_file = dir.join("club.json");
        let papers = if papers_file.is_file() {
            fs::read_to_string(&papers_file)?
        } else {
            let mut seed = Command::new(house.program("sync-server")?);
            let printed = output(seed.arg("--data").arg(dir.join("server")).args(["seed", "club-valdivia"]))?;
            let papers = printed.lines().rfind(|line| line.starts_with('{')).context("seeding printed no papers")?;
            // Where it listens is part of it: enrolled tills know that address.
            let mut papers: Value = serde_json::from_str(papers)?;
            papers["address"] = json!(format!("127.0.0.1:{}", free_port()?));
            fs::write(&papers_file, papers.to_string())?;
            papers.to_string()
        };
        let papers: Value = serde_json::from_str(&papers).context("club.json")?;
        let address = text(&papers, "/address")?.to_owned();
        Ok(Self { papers, dir, address, house: house.clone(), server: None })
    }

    /// Where programs write what they complain about.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Starts head office's server, unless it runs.
    pub fn start_server(&mut self) -> Result<()> {
        if self.server.is_none() {
            let mut serve = Command::new(self.house.program("sync-server")?);
            serve.arg("--data").arg(self.dir.join("server")).args(["serve", "--listen", &self.address]);
            let server = Running::start("sync-server", &mut serve, &self.logs().join("server.log"))?;
            until_listening(&self.address, &server, "sync-server")?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Stops it: from now on the tills are alone.
    pub fn stop_server(&mut self) {
        self.server = None;
    }

    /// Head office's address, as a till or a browser writes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The admin's token, by their name and password.
    pub fn admin_token(&self) -> Result<String> {
        let admin = &self.papers["admin"];
        let body = json!({ "name": admin["name"], "password": admin["password"] });
        let path = "/v1/admin/session";
        let answer = http::request(&self.address, "POST", path, None, Some(&body), START_LIMIT)?.json()?;
        Ok(text(&answer, "/token")?.to_owned())
    }

    /// What head office answers to an admin.
    pub fn admin_get(&self, token: &str, path: &str) -> Result<Value> {
        http::request(&self.address, "GET", path, Some(token), None, START_LIMIT)?.json()
    }

    /// Puts a till on the counter of the register with this code: simulators, `till.toml`, enrolment, first catalogue.
    /// The server has to run the first time. `script` says what becomes of one card payment after the other, in the words
    /// of `terminal-sim`.
    pub fn equip(&self, code: &str, script: &str) -> Result<Counter> {
        let dir = self.dir.join(format!("till-{code}"));
        fs::create_dir_all(&dir)?;
        let papers = self.dir.join(format!("paper-{code}"));
        fs::create_dir_all(&papers)?;

        let printer_address = format!("127.0.0.1:{}", free_port()?);
        let mut command = Command::new(self.house.program("printer-sim")?);
        command.args(["--listen", &printer_address, "--columns", "48", "--out"]).arg(&papers);
        let printer = Running::start("printer-sim", &mut command, &self.logs().join(format!("printer-{code}.log")))?;
        until_listening(&printer_address, &printer, "printer-sim")?;

        let script_file = self.dir.join(format!("terminal-{code}.script"));
        fs::write(&script_file, script)?;
        // A link, because a cable that was pulled comes back under another name.
        let port = self.dir.join(format!("terminal-{code}"));
        let mut command = Command::new(self.house.program("terminal-sim")?);
        command.arg("--script").arg(script_file).arg("--link").arg(&port).args(["--time-zone", "America/Santiago"]);
        let terminal = Running::start("terminal-sim", &mut command, &self.logs().join(format!("terminal-{code}.log")))?;
        terminal.hear(START_LIMIT).context("terminal-sim names no port")?;

        // Kept with the club, not with this machine's tills: a club founded anew is not one restored from a backup.
        let witness = self.dir.join("witness");
        fs::write(
            dir.join("till.toml"),
            format!(
                "[printer]\naddress = \"tcp://{printer_address}\"\ncolumns = 48\ncode_page = \"pc858\"\nsimulated = true\n\n\
                 [terminal]\nprotocol = \"transbank\"\nport = '{}'\nbaud = 115200\nsimulated = true\n\n\
                 [sync]\ninterval_ms = 2000\n\n\
                 [ledger]\nballast_mb = 0\nwitness = '{}'\n",
                port.display(),
                witness.display()
            ),
        )?;
        let counter = Counter { code: code.to_owned(), dir, papers, printer, terminal };
        self.enrol(&counter)?;
        Ok(counter)
    }

    fn enrol(&self, counter: &Counter) -> Result<()> {
        let mut till = self.till(counter)?;
        if till.ask("status.get", &json!({}))?["is_enrolled"] != json!(true) {
            let register = self.register(&counter.code)?;
            let code = text(register, "/enrolment_code")?;
            till.ask("device.enroll", &json!({ "server_url": self.url(), "code": code }))?;
            till.ask("sync.run", &json!({}))?;
        }
        till.finish()
    }

    /// The till of a counter, without a window.
    pub fn till(&self, counter: &Counter) -> Result<Till> {
        let name = format!("till-{}", counter.code);
        Till::start(&self.house.program("till")?, &name, &counter.dir, &self.logs())
    }

    /// A register of the papers.
    pub fn register(&self, code: &str) -> Result<&Value> {
        let registers = self.papers["registers"].as_array().context("the papers name no registers")?;
        registers.iter().find(|register| register["code"] == json!(code)).with_context(|| format!("no register {code}"))
    }

    /// The register codes, `BMB` first.
    pub fn register_codes(&self) -> Vec<String> {
        let registers = self.papers["registers"].as_array();
        let mut codes: Vec<_> = registers
            .into_iter()
            .flatten()
            .filter_map(|register| Some(register["code"].as_str()?.to_owned()))
            .collect();
        codes.sort_unstable();
        codes
    }

    /// Somebody with this role: their id and their PIN.
    pub fn person(&self, role: &str) -> Result<(&str, &str)> {
        let people = self.papers["staff"].as_array().context("the papers name nobody")?;
        let has_role = |person: &&Value| person["roles"].as_array().is_some_and(|roles| roles.contains(&json!(role)));
        let person = people.iter().find(has_role).with_context(|| format!("nobody is a {role}"))?;
        Ok((text(person, "/staff_id")?, text(person, "/pin")?))
    }
}

/// A counter with its till's data and its simulated machines.
pub struct Counter {
    /// `BMB`.
    pub code: String,
    /// The till's data directory.
    pub dir: PathBuf,
    /// Where the printer lays the paper, as pictures.
    pub papers: PathBuf,
    printer: Running,
    terminal: Running,
}

impl Counter {
    /// The next piece of paper that comes out, as the printer tells of it.
    pub fn next_paper(&self, limit: Duration) -> Result<Value> {
        self.printer
            .hear_for(limit, |line| serde_json::from_str::<Value>(line).ok().filter(|it| it["paper"].is_string()))
    }

    /// The next sale that ends at the card terminal, as the terminal tells of it.
    pub fn next_card_sale(&self, limit: Duration) -> Result<Value> {
        self.terminal
            .hear_for(limit, |line| serde_json::from_str::<Value>(line).ok().filter(|it| it["outcome"].is_string()))
    }

    /// Puts the card terminal's pulled cable back.
    pub fn plug_terminal_in(&mut self) -> Result<()> {
        self.terminal.say("plug")
    }

    /// What the card terminal has really charged, whatever the till believes.
    pub fn charges(&mut self) -> Result<Vec<Value>> {
        self.terminal.say("charges")?;
        let told = self.terminal.hear_for(START_LIMIT, |line| {
            serde_json::from_str::<Value>(line).ok().filter(|it| it["charges"].is_array())
        })?;
        Ok(told["charges"].as_array().cloned().unwrap_or_default())
    }
}

/// Cash the fewest way.
pub fn count_out(amount_minor: i64, denominations: &[i64]) -> Value {
    let mut rest = amount_minor;
    let mut counts = BTreeMap::new();
    for &denomination in denominations {
        if rest >= denomination {
            counts.insert(denomination, rest / denomination);
            rest %= denomination;
        }
    }
    counts.into_iter().map(|(note, count)| json!({ "denomination_minor": note, "count": count })).collect()
}

#[cfg(test)]
mod tests {
    use super::count_out;

    #[test]
    fn cash_is_counted_out_from_the_largest_note() {
        let counted = count_out(26_510, &[20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10]);
        let sum: i64 = counted
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["denomination_minor"].as_i64().expect("a note") * one["count"].as_i64().expect("a count"))
            .sum();
        assert_eq!((sum, counted.as_array().map(Vec::len)), (26_510, Some(5)));
    }
}
