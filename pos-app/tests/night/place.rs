//! Club Valdivia: head office with its server, and tills with what stands beside them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use pos_app::Till;
use pos_app::commands::CommandError;
use pos_app::printer::Columns;
use pos_app::printer::simulated::{Paper, SimulatedPrinter};
use pos_app::terminal::simulated::{Plug, Script, SimulatedTerminal};
use serde_json::{Value, json};
use shared::ids::Entropy;
use shared::time::{Clock, Timestamp};
use sync_server::app::seed::{SeedReport, club_valdivia};
use sync_server::store::Store;
use sync_server::{App, Config, Outside, RunningServer};
use tempfile::TempDir;

use super::line::{Line, State};

/// The longest anything here may take; reached only when something is wrong.
const DEADLINE: Duration = Duration::from_mins(1);

/// 21 November 2026, 23:00 in Valdivia, until somebody moves it.
#[derive(Default)]
pub(crate) struct NightClock(AtomicI64);

impl NightClock {
    pub(crate) fn advance_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }
}

impl Clock for NightClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_795_312_800_000 + self.0.load(Ordering::Relaxed))
    }

    fn up_ms(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).expect("time goes on")
    }
}

/// Random bytes from a name: the same night every time.
pub(crate) struct Seeded {
    name: &'static str,
    draw: AtomicU64,
}

impl Seeded {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self { name, draw: AtomicU64::new(0) })
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let draw = self.draw.fetch_add(1, Ordering::Relaxed);
        blake3::Hasher::new_derive_key(self.name).update(&draw.to_be_bytes()).finalize_xof().fill(bytes);
    }
}

/// Head office.
pub(crate) struct HeadOffice {
    dir: TempDir,
    outside: Outside,
    pub(crate) seed: SeedReport,
    pub(crate) line: Line,
    server: Option<RunningServer>,
    token: String,
}

impl HeadOffice {
    /// Founds the company and opens.
    pub(crate) fn open(clock: &Arc<NightClock>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let outside = Outside { clock: Arc::clone(clock) as _, entropy: Seeded::new("head office") };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let seed = runtime.block_on(async {
            let store = Store::open(dir.path()).await.expect("a store");
            let seed = club_valdivia(&store, &outside).await.expect("seeded");
            store.close().await;
            seed
        });
        let mut office = Self { dir, outside, seed, line: Line::new(), server: None, token: String::new() };
        office.start();
        let signed_in = office.send(
            "POST",
            "/v1/admin/session",
            &json!({
                "name": office.seed.admin.name, "password": office.seed.admin.password,
            }),
        );
        let token = signed_in["token"].as_str().expect("a token").to_owned();
        Self { token, ..office }
    }

    /// The server comes up, and the line to it.
    pub(crate) fn start(&mut self) {
        let server = App::start(Config::new(self.dir.path()).on_a_free_port(), self.outside.clone());
        let server = server.expect("the server starts");
        self.line.set(State::Up(server.addr));
        self.server = Some(server);
    }

    /// The server goes down, and the line with it.
    pub(crate) fn stop(&mut self) {
        self.line.set(State::Down);
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    /// The line does something else to the server.
    pub(crate) fn trouble(&self, state: impl FnOnce(std::net::SocketAddr) -> State) {
        self.line.set(state(self.server.as_ref().expect("the server is up").addr));
    }

    /// What head office's browser would ask.
    pub(crate) fn ask(&self, path: &str) -> Value {
        self.send("GET", path, &Value::Null)
    }

    /// What head office's browser would send.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        // Another till in this process may have chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(DEADLINE).build().expect("a client");
        let url = format!("{}{path}", self.server.as_ref().expect("the server is up").url());
        let mut request = client.request(method.parse().expect("a method"), url).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().expect("the server answers");
        let status = answer.status();
        let text = answer.text().expect("text");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// The night on one page.
    pub(crate) fn board(&self) -> Value {
        self.ask("/v1/admin/board")
    }

    /// The one-time code for a register's till.
    pub(crate) fn code_for(&self, register: &str) -> String {
        let seeded = self.seed.registers.iter().find(|seeded| seeded.code == register).expect("a register");
        seeded.enrolment_code.clone().expect("a code")
    }

    pub(crate) fn person(&self, name: &str) -> (String, &'static str) {
        let staff = self.seed.staff.iter().find(|staff| staff.name == name).expect("they work here");
        (staff.staff_id.to_string(), staff.pin)
    }
}

/// A till with a printer and a card terminal.
pub(crate) struct Bar {
    pub(crate) till: Arc<Till>,
    pub(crate) printer: SimulatedPrinter,
    _terminal: SimulatedTerminal,
    dir: TempDir,
}

impl Bar {
    /// Sets one up at a register and enrols it.
    pub(crate) fn open(office: &HeadOffice, register: &str, name: &'static str, clock: &Arc<NightClock>) -> Self {
        let bar = Self::set_up(tempfile::tempdir().expect("a directory"), name, clock);
        let (server_url, code) = (office.line.url(), office.code_for(register));
        bar.ask("device.enroll", &json!({ "server_url": server_url, "code": code }));
        bar
    }

    /// Sets one up on a data directory.
    pub(crate) fn set_up(dir: TempDir, name: &'static str, clock: &Arc<NightClock>) -> Self {
        let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a printer");
        let plug = Plug { link: None, cut: None, replug_ms: None };
        let terminal = SimulatedTerminal::start(Script::approve_all(), plug, Arc::clone(clock) as _);
        let terminal = terminal.expect("a terminal");
        write_config(dir.path(), &printer, &terminal);
        let till = Till::open(dir.path(), Arc::clone(clock) as _, Seeded::new(name)).expect("the till opens");
        Self { till, printer, _terminal: terminal, dir }
    }

    /// Ends it and starts it again on what it wrote.
    pub(crate) fn restart(self, name: &'static str, clock: &Arc<NightClock>) -> Self {
        let Self { till, dir, .. } = self;
        till.close();
        drop(till);
        Self::set_up(dir, name, clock)
    }

    /// Copies the whole disk while the till is off, and starts both.
    pub(crate) fn clone_disk(self, names: [&'static str; 2], clock: &Arc<NightClock>) -> [Self; 2] {
        let Self { till, dir, .. } = self;
        till.close();
        drop(till);
        let copy = tempfile::tempdir().expect("a directory");
        for file in
            std::fs::read_dir(dir.path()).expect("the till's directory").flatten().filter(|file| file.path().is_file())
        {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copied");
        }
        [(dir, names[0]), (copy, names[1])].map(|(dir, name)| Self::set_up(dir, name, clock))
    }

    /// Copies the database while the till is off, and starts it again.
    pub(crate) fn back_up(self, name: &'static str, clock: &Arc<NightClock>) -> (Self, TempDir) {
        let Self { till, dir, .. } = self;
        till.close();
        drop(till);
        let copy = tempfile::tempdir().expect("a directory");
        copy_database(dir.path(), copy.path());
        (Self::set_up(dir, name, clock), copy)
    }

    /// Puts a copy in the place of the database while the till is off, and starts it again.
    pub(crate) fn put_back(self, copy: &TempDir, name: &'static str, clock: &Arc<NightClock>) -> Self {
        let Self { till, dir, .. } = self;
        till.close();
        drop(till);
        copy_database(copy.path(), dir.path());
        Self::set_up(dir, name, clock)
    }

    /// What a person should know, by its codes.
    pub(crate) fn concerns(&self) -> Vec<String> {
        let status = self.ask("status.get", &json!({}));
        let told = status["concerns"].as_array().expect("a list").iter();
        told.map(|told| told["code"].as_str().expect("a code").to_owned()).collect()
    }

    /// A command that must succeed.
    pub(crate) fn ask(&self, command: &str, args: &Value) -> Value {
        match self.till.execute(command, args.clone()) {
            Ok(answer) => answer,
            Err(error) => panic!("{command} {args}: {error:?}"),
        }
    }

    /// What the till's sales add up to, as a person who counts blind never sees it.
    pub(crate) fn reading(&self) -> Value {
        let sales = self.ask("sale.recent", &json!({ "limit": 100 }));
        let sales = sales.as_array().expect("sales");
        let sum = |pick: &dyn Fn(&Value) -> i64| sales.iter().map(pick).sum::<i64>();
        let by = |kind: &str| {
            sum(&|sale| {
                let payments = sale["settlement"]["payments"].as_array().expect("payments");
                let of_kind = payments.iter().filter(|payment| payment["kind"] == kind);
                of_kind.map(|payment| payment["amount_minor"].as_i64().expect("an amount")).sum()
            })
        };
        let number = |pointer: &str| sum(&|sale| sale.pointer(pointer).and_then(Value::as_i64).expect("a number"));
        json!({ "totals": {
            "sales": sales.len(),
            "total_minor": number("/totals/total_minor"),
            "tax_minor": number("/totals/tax_minor"),
            "cash_minor": by("cash"),
            "card_minor": by("card"),
            "rounding_minor": number("/settlement/rounding_minor"),
        } })
    }

    /// A command that must be refused.
    pub(crate) fn refused(&self, command: &str, args: &Value) -> CommandError {
        match self.till.execute(command, args.clone()) {
            Ok(answer) => panic!("{command} {args} was not refused: {answer}"),
            Err(error) => error,
        }
    }

    /// Sends and fetches.
    pub(crate) fn sync(&self) -> Value {
        self.ask("sync.run", &json!({}))
    }

    /// Somebody signs in and opens the drawer with 50.000 pesos.
    pub(crate) fn begin(&self, office: &HeadOffice, name: &str) {
        let (staff_id, pin) = office.person(name);
        self.ask("operator.log_in", &json!({ "staff_id": staff_id, "pin": pin }));
        self.ask("register.open", &json!({ "float": [{ "denomination_minor": 10_000, "count": 5 }] }));
    }

    /// Puts products on the sale, by SKU.
    pub(crate) fn add(&self, lines: &[(&str, i64)]) -> Value {
        let mut sale = Value::Null;
        for (sku, pieces) in lines {
            let found = self.ask("catalog.search", &json!({ "text": sku, "limit": 1 }));
            let product_id = &found[0]["product_id"];
            sale = self.ask("sale.add", &json!({ "product_id": product_id, "quantity_milli": pieces * 1000 }));
        }
        sale
    }

    /// Sells for cash, with a note of 100.000.
    pub(crate) fn sell_cash(&self, lines: &[(&str, i64)]) -> Value {
        self.add(lines);
        self.ask("sale.complete", &json!({ "cash_tendered_minor": 100_000 }))
    }

    /// Sells by card, all of it.
    pub(crate) fn sell_card(&self, lines: &[(&str, i64)]) -> Value {
        self.add(lines);
        self.pay_card(None);
        self.ask("sale.complete", &json!({}))
    }

    /// Takes a card payment towards the sale.
    pub(crate) fn pay_card(&self, amount_minor: Option<i64>) {
        let started =
            self.ask("card.start", &amount_minor.map_or(json!({}), |amount| json!({ "amount_minor": amount })));
        let payment_id = &started["payment"]["payment_id"];
        let timeout_ms = u32::try_from(DEADLINE.as_millis()).expect("a minute");
        let card = self.ask("card.wait", &json!({ "payment_id": payment_id, "timeout_ms": timeout_ms }));
        assert_eq!(card["payment"]["state"], "approved", "{card}");
    }

    /// The next paper off the cutter.
    pub(crate) fn paper(&self) -> Paper {
        self.printer.papers().recv_timeout(DEADLINE).expect("paper comes out")
    }

    /// The next ticket's code, read off the printed picture. Other papers before it are passed over.
    pub(crate) fn printed_code(&self) -> String {
        loop {
            if let Some(code) = self.paper().qr().into_iter().find(|code| code.starts_with("T1")) {
                return code;
            }
        }
    }

    /// Events the server is not known to have.
    pub(crate) fn unsent(&self) -> u64 {
        self.ask("status.get", &json!({}))["server"]["unsent_events"].as_u64().expect("a number")
    }

    /// Counts what the ledger expects and closes.
    pub(crate) fn close(&self, expected_minor: i64) -> Value {
        let mut left = expected_minor;
        let mut counted = Vec::new();
        for denomination in [20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10] {
            counted.push(json!({ "denomination_minor": denomination, "count": left / denomination }));
            left %= denomination;
        }
        self.ask("register.close", &json!({ "counted": counted }))
    }

    /// Every hash and every projection holds.
    pub(crate) fn verify(&self) {
        let report = self.ask("ledger.verify", &json!({}));
        assert_eq!(report["faults"], json!([]), "{report}");
    }
}

fn copy_database(from: &Path, to: &Path) {
    for file in ["till.db", "till.db-wal", "till.db-shm"] {
        drop(std::fs::remove_file(to.join(file)));
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).expect("copied");
        }
    }
}

fn write_config(dir: &Path, printer: &SimulatedPrinter, terminal: &SimulatedTerminal) {
    let (address, port) = (printer.address(), terminal.port());
    let text = format!(
        "[printer]\naddress = \"tcp://{address}\"\nsimulated = true\n\
         [terminal]\nprotocol = \"transbank\"\nport = \"{port}\"\nsimulated = true\n\
         [sync]\ninterval_ms = 3600000\n\
         [ledger]\nballast_mb = 0\nwitness = \"{}\"\n",
        dir.join("witness").display()
    );
    std::fs::write(dir.join("till.toml"), text).expect("till.toml");
}
