//! A till at a counter, worked by its commands, with a clock that stands still.

use std::path::Path;
use std::sync::Arc;

use pos_app::commands::ErrorCode;
use pos_app::outside::SystemClock;
use pos_app::practice::{HeadOffice, SeededEntropy, StandingClock, THAT_NIGHT};
use pos_app::{Outside, Till, Workers};
use serde_json::{Value, json};
use shared::ids::StaffId;
use shared::staff::Role;
use shared::venue::DeviceRecord;
use tempfile::TempDir;

/// A till, its head office and its people.
pub(crate) struct Counter {
    pub(crate) till: Option<Arc<Till>>,
    pub(crate) office: Arc<HeadOffice>,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) device: DeviceRecord,
    pub(crate) cashier: StaffId,
    pub(crate) bartender: StaffId,
    pub(crate) manager: StaffId,
    dir: TempDir,
    runs: u64,
}

pub(crate) const CASHIER_PIN: &str = "2468";
pub(crate) const BARTENDER_PIN: &str = "1357";
pub(crate) const MANAGER_PIN: &str = "97531";

/// A printer and a terminal that are set up, and gone.
const DEVICES: &str =
    "[printer]\naddress = \"tcp://127.0.0.1:9\"\n\n[terminal]\nprotocol = \"transbank\"\nport = \"/dev/null\"\n";

impl Counter {
    /// Enrolled, staffed, nobody signed in.
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(Arc::new(HeadOffice::new(seed)), 1)
    }

    /// Another till of a company.
    pub(crate) fn of(office: Arc<HeadOffice>, device_no: u16) -> Self {
        Self::with_devices(office, device_no, DEVICES)
    }

    /// Beside other devices.
    pub(crate) fn with_devices(office: Arc<HeadOffice>, device_no: u16, devices: &str) -> Self {
        let dir = TempDir::new().expect("a directory");
        std::fs::write(dir.path().join("till.toml"), devices).expect("till.toml");
        let clock = Arc::new(StandingClock::at(THAT_NIGHT));
        let till = open(dir.path(), &clock, u64::from(device_no)).expect("the till opens");
        let device = office.enroll(&till, device_no).expect("the till enrols");
        let hire = |name: &str, role, pin| office.hire(&[&till], name, &[role], pin).expect("hired");
        let cashier = hire("Camila", Role::Cashier, CASHIER_PIN);
        let bartender = hire("Benjamín", Role::Bartender, BARTENDER_PIN);
        let manager = hire("Marcela", Role::Manager, MANAGER_PIN);
        Self { till: Some(till), clock, device, cashier, bartender, manager, dir, runs: 1, office }
    }

    /// Signed in as the cashier, the drawer open with 50 000.
    pub(crate) fn selling(seed: u64) -> Self {
        let counter = Self::new(seed);
        counter.start_selling();
        counter
    }

    pub(crate) fn start_selling(&self) {
        self.log_in(self.cashier, CASHIER_PIN);
        self.ok("register.open", &json!({ "float": [{ "denomination_minor": 10_000, "count": 5 }] }));
    }

    pub(crate) fn till(&self) -> &Arc<Till> {
        self.till.as_ref().expect("the till is open")
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn log_in(&self, staff: StaffId, pin: &str) -> Value {
        self.ok("operator.log_in", &json!({ "staff_id": staff, "pin": pin }))
    }

    pub(crate) fn run(&self, command: &str, args: &Value) -> Result<Value, (ErrorCode, Value)> {
        self.till().execute(command, args.clone()).map_err(|error| (error.code, Value::Object(error.details)))
    }

    pub(crate) fn ok(&self, command: &str, args: &Value) -> Value {
        self.run(command, args).unwrap_or_else(|refusal| panic!("{command} {args}: {refusal:?}"))
    }

    pub(crate) fn refused(&self, command: &str, args: &Value) -> (ErrorCode, Value) {
        self.run(command, args).map_or_else(|refusal| refusal, |ok| panic!("{command} {args} was allowed: {ok}"))
    }

    pub(crate) fn code(&self, command: &str, args: &Value) -> ErrorCode {
        self.refused(command, args).0
    }

    /// Puts so many of a product, by its number, on the counter.
    pub(crate) fn add(&self, number: usize, pieces: i64) -> Value {
        let product_id = self.office.products[number - 1].product_id;
        self.ok("sale.add", &json!({ "product_id": product_id, "quantity_milli": pieces * 1000 }))
    }

    pub(crate) fn pay_cash(&self, tendered_minor: i64) -> Value {
        self.ok("sale.complete", &json!({ "cash_tendered_minor": tendered_minor }))
    }

    /// As if the power had gone: nothing is closed in order, and the next run has a clock of its own.
    pub(crate) fn restart(&mut self) {
        let wall = shared::time::Clock::now(&*self.clock);
        drop(self.till.take());
        self.runs += 1;
        self.clock = Arc::new(StandingClock::at(wall));
        // A program another test starts at this moment holds a copy of every open file until it runs; so also of the lock.
        let again = || open(self.dir.path(), &self.clock, 1_000 + self.runs);
        let opened = (0..100_000).map(|_| again()).find(|opened| {
            let is_held = matches!(opened, Err(ErrorCode::LedgerInUse));
            if is_held {
                std::thread::yield_now();
            }
            !is_held
        });
        self.till = Some(opened.expect("the lock is free").expect("the till opens again"));
    }

    /// Opens again with the threads that `till.toml` asks for.
    pub(crate) fn open_wired(&mut self) {
        drop(self.till.take());
        let outside = Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SeededEntropy::new(77)) };
        self.till = Some(Till::open_with(self.dir.path(), outside, Workers::On).expect("the till opens"));
    }

    pub(crate) fn assert_whole(&self) {
        let report = self.ok("ledger.verify", &json!({}));
        assert_eq!(report["faults"], json!([]), "{report}");
    }
}

pub(crate) fn open(dir: &Path, clock: &Arc<StandingClock>, seed: u64) -> Result<Arc<Till>, ErrorCode> {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let clock = Arc::<StandingClock>::clone(clock);
    Till::open_with(dir, Outside { clock, entropy }, Workers::Off).map_err(|error| error.code)
}
