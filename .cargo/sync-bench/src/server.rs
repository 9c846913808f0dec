//! The server as it is shipped, in a process of its own, and what it is told before it starts.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use shared::catalog::{Category, Product};
use shared::ids::{CategoryId, ProductId, RegisterId, VenueId};
use shared::keys::SigningKey;
use shared::money::{CashRounding, Currency, Tie};
use shared::sync::protocol::EnrollRequest;
use shared::tax::RateBp;
use shared::venue::{PaperTemplate, RedemptionPolicy, Register, Venue};
use sync_server::app::enroll;
use sync_server::store::Store;
use sync_server::{Config, Outside};

use crate::tills::BenchTill;

/// Where a server keeps things.
pub(crate) struct Room {
    pub(crate) dir: PathBuf,
    pub(crate) url: Option<String>,
}

impl Room {
    pub(crate) fn files(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), url: None }
    }

    pub(crate) fn database(dir: &Path, url: String) -> Self {
        Self { dir: dir.to_owned(), url: Some(url) }
    }

    /// A company with so many enrolled tills and a menu.
    pub(crate) fn tills(&self, count: usize) -> Result<Vec<BenchTill>> {
        let config = Config { database_url: self.url.clone(), ..Config::new(&self.dir) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let store = config.open_store().await?;
            let tills = prepare(&store, count).await;
            store.close().await;
            tills
        })
    }
}

async fn prepare(store: &Store, count: usize) -> Result<Vec<BenchTill>> {
    let outside = Outside::system();
    let (now, entropy) = (outside.now(), &*outside.entropy);
    let tenant = store.create_tenant("main", "Valdivia", now, entropy).await?;
    let mut tx = tenant.write().await?;
    let venue = Venue {
        venue_id: VenueId::new(now, entropy),
        name: "Club Valdivia".to_owned(),
        tax_id: "76.543.210-3".to_owned(),
        address: "Avenida Costanera 1250, Valdivia".to_owned(),
        currency: Currency::Clp,
        time_zone: "America/Santiago".to_owned(),
        cut_over_minutes: 480,
        cash_rounding: CashRounding { unit_minor: 10, tie: Tie::Down, keeps_nonzero: false },
        ticket_valid_days: 1,
        redemption_policy: RedemptionPolicy::default(),
        paper: PaperTemplate::default(),
    };
    tx.put_venue(&venue, now).await?;
    let category_id = CategoryId::new(now, entropy);
    let category = Category { category_id, name: "Tragos".to_owned(), tint: 1, position: 1, is_active: true };
    tx.put_category(&category, now).await?;
    let mut products = Vec::new();
    for number in 1..=40_u16 {
        let product = Product {
            product_id: ProductId::new(now, entropy),
            number,
            sku: format!("TRA-{number:03}"),
            name: format!("Piscola {number}"),
            category_id,
            price_minor: 3_990 + 500 * i64::from(number % 9),
            tax_rate_bp: RateBp(1_900),
            barcodes: Vec::new(),
            is_ticketed: true,
            position: number,
            is_active: true,
            tags: Vec::default(),
            marks: shared::merge::Marks::default(),
        };
        tx.put_product(&product, now).await?;
        products.push(product);
    }
    let mut codes = Vec::new();
    for till in 0..count {
        let register_id = RegisterId::new(now, entropy);
        let letter = |place: usize| char::from(b'A' + u8::try_from(till / place % 26).unwrap_or(0));
        let code: String = [676, 26, 1].map(letter).iter().collect();
        let register = Register { register_id, venue_id: venue.venue_id, name: code.clone(), code };
        tx.put_register(&register, now).await?;
        codes.push((
            register_id,
            enroll::add_till(store, &tenant, &mut tx, (register_id, &register.name), &outside).await?.1,
        ));
    }
    tx.commit().await?;
    let mut tills = Vec::new();
    for (register, code) in codes {
        let key = SigningKey::from_bytes(&outside.random());
        let reply = enroll::enroll(store, &EnrollRequest::new(&code, &key, "a bench".to_owned()), now).await?;
        tills.push(BenchTill::new(key, &reply, register, products.clone(), outside.clone()));
    }
    Ok(tills)
}

/// A server that runs. Ends when dropped.
pub(crate) struct Process {
    child: Child,
    addr: SocketAddr,
}

impl Process {
    pub(crate) fn start(room: &Room) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("sync-server");
        // Ends when this program does, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&program).arg("--data").arg(&room.dir).env("RUST_LOG", "warn");
        if let Some(url) = &room.url {
            command.arg("--database-url").arg(url);
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        let stdout = child.stdout.take().context("it was asked for")?;
        let mut lines = BufReader::new(stdout).lines();
        let addr = lines
            .find_map(|line| line.ok()?.strip_prefix("Listening on http://").map(str::to_owned))
            .context("the server ended before it listened")?
            .parse()?;
        Ok(Self { child, addr })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn proc(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
    }

    /// What it has worked so far, all its threads, in the kernel too.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = self.proc("stat")?;
        let fields = stat.rsplit_once(") ").context("not a process")?.1.split(' ');
        let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        // A hundred ticks a second, on every Linux there is.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The most memory it has held.
    pub(crate) fn peak_mb(&self) -> Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
