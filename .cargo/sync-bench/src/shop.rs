//! Club Valdivia with its server, and tills as they are shipped, in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use pos_app::Till;
use pos_app::ledger::outbox;
use pos_app::ledger::register::find_open_session;
use pos_app::outside::{SystemClock, SystemEntropy};
use serde_json::{Value, json};
use shared::catalog::Product;
use shared::event::Fact;
use shared::ids::{Entropy, SessionId, StaffId};
use sync_server::app::seed::{SeedReport, club_valdivia};
use sync_server::{Config, Outside};

use crate::relay::Relay;
use crate::server::{Process, Room};
use crate::tills::cash_sale;
use crate::time::until;

/// Whoever may do everything at a till.
const MANAGER: &str = "Valentina O.";
/// Longer than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_mins(2);
/// Events written down in one transaction, where how long it takes is not the question.
const AT_ONCE: usize = 2_000;

/// The company, before its server starts.
pub(crate) fn found(room: &Room) -> Result<SeedReport> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Config::new(&room.dir).open_store().await?;
        let seed = club_valdivia(&store, &Outside::system()).await?;
        store.close().await;
        Ok(seed)
    })
}

/// A till with everything beside it but devices. Stops when dropped.
pub(crate) struct ShopTill {
    pub(crate) till: Arc<Till>,
    pub(crate) manager: StaffId,
    pin: &'static str,
    product: Option<Product>,
}

impl ShopTill {
    /// Set up at a register, not enrolled.
    pub(crate) fn set_up(dir: &Path, seed: &SeedReport) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let witness = dir.join("witness");
        std::fs::write(dir.join("till.toml"), format!("[ledger]\nwitness = \"{}\"\n", witness.display()))?;
        let till = Till::open(dir, Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
        let till = till.map_err(|error| anyhow!("the till does not open: {error:?}"))?;
        let manager = seed.staff.iter().find(|person| person.name == MANAGER).context("the manager works here")?;
        Ok(Self { till, manager: manager.staff_id, pin: manager.pin, product: None })
    }

    /// One that sold so much since its server went away, and the line that leads nowhere now.
    pub(crate) fn cut_off(room: &Room, dir: &Path, sales: usize) -> Result<(Self, Relay)> {
        let seed = found(room)?;
        let server = Process::start(room)?;
        let relay = Relay::open()?;
        relay.lead_to(Some(server.addr()));
        let mut till = Self::set_up(dir, &seed)?;
        till.enroll(&relay.url(), &seed, 0)?;
        till.begin()?;
        till.until_sent()?;
        drop(server);
        relay.lead_to(None);
        till.sell_in_bulk(sales)?;
        Ok((till, relay))
    }

    /// A command that must succeed.
    pub(crate) fn ask(&self, command: &str, args: Value) -> Result<Value> {
        self.till.execute(command, args).map_err(|error| anyhow!("{command}: {error:?}"))
    }

    pub(crate) fn enroll(&self, url: &str, seed: &SeedReport, register: usize) -> Result<()> {
        let code = seed.registers[register].enrolment_code.as_deref().context("a code")?;
        self.ask("device.enroll", json!({ "server_url": url, "code": code }))?;
        Ok(())
    }

    /// Everything sent and fetched; then the drawer is opened.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.ask("sync.run", json!({}))?;
        self.ask("operator.log_in", json!({ "staff_id": self.manager, "pin": self.pin }))?;
        self.ask("register.open", json!({ "float": [] }))?;
        let found = self.ask("catalog.search", json!({ "text": "TRA-001", "limit": 1 }))?;
        self.product = Some(serde_json::from_value(found[0].clone())?);
        Ok(())
    }

    pub(crate) fn product(&self) -> Result<&Product> {
        self.product.as_ref().context("the till has begun")
    }

    /// One on the counter.
    pub(crate) fn add(&self) -> Result<()> {
        self.ask("sale.add", json!({ "product_id": self.product()?.product_id }))?;
        Ok(())
    }

    /// What is on the counter, paid in cash: durable when this returns.
    pub(crate) fn complete(&self) -> Result<()> {
        self.ask("sale.complete", json!({ "cash_tendered_minor": 20_000 }))?;
        Ok(())
    }

    pub(crate) fn unsent(&self) -> Result<u64> {
        Ok(self.till.ledger().read(outbox::count_unsent)?)
    }

    /// So many sales, by the door every sale goes through, many at a time.
    pub(crate) fn sell_in_bulk(&self, count: usize) -> Result<()> {
        let (product, entropy) = (self.product()?, &SystemEntropy as &dyn Entropy);
        let register = self.till.identity().map_err(|error| anyhow!("{error:?}"))?.enrolment.register_id;
        let open = self.till.ledger().read(|connection| find_open_session(connection, register))?;
        let session: Option<SessionId> = open.map(|open| open.session.session_id);
        let clock = self.till.clock();
        let numbers: Vec<u32> = (1_000_000..).take(count).collect();
        for numbers in numbers.chunks(AT_ONCE) {
            self.till.ledger().write(|tx| {
                for number in numbers {
                    let pieces = 1 + u8::try_from(number % 3).unwrap_or(0);
                    let sale = cash_sale(product, pieces, *number, (clock.now(), entropy));
                    tx.append(&Fact::SaleCompleted(sale), Some(self.manager), session)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Waits until the server is proved to have everything.
    pub(crate) fn until_sent(&self) -> Result<Duration> {
        until(Duration::from_millis(1), DEADLINE, || Ok(self.unsent()? == 0))
    }
}

impl Drop for ShopTill {
    fn drop(&mut self) {
        self.till.close();
    }
}
