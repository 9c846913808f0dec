//! How long a guest waits at the bar, as far as Rust is asked: from the code to the verdict, and to the hand-over that is
//! durable. Through the till's own commands, without a server, its ledger on a real disk with 100,000 tickets it heard of.
//! The last line is the result as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Parser;
use pos_app::bench::Place;
use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::practice::HeadOffice;
use pos_app::{Outside, Till, Workers};
use serde_json::{Value, json};
use shared::event::TicketRedeemed;
use shared::ids::{ChainId, DeviceId, RedemptionId, TenantId};
use shared::keys::{PublicKey, SigningKey};
use shared::staff::Role;
use shared::sync::stream::RedemptionRecord;
use shared::ticket::{RedeemedLine, Ticket, TicketId, TicketKind, TicketLine, UnverifiedTicket};
use shared::time::{BusinessDate, Clock as _};

/// A verdict is to be there in less, milliseconds.
const BAR_MS: f64 = 1.0;
/// Scans before the clock counts: caches, prepared statements, the file's first pages.
const WARM_UP: usize = 50;
/// Heard of in one transaction.
const AT_ONCE: usize = 2_000;

/// Scans, and hands over.
#[derive(Parser)]
struct Arguments {
    /// Tickets that were handed over elsewhere, as the venue's stream told.
    #[arg(long, default_value_t = 100_000)]
    known: usize,
    /// Scans to measure; half of them of tickets that are used.
    #[arg(long, default_value_t = 4_000)]
    scans: usize,
    /// Measures nothing: the ledger of this till, which is enrolled and not running, hears of what was handed over elsewhere,
    /// and the codes to scan at it are the result.
    #[arg(long, requires = "seller")]
    bar: Option<PathBuf>,
    /// The data of the till whose tickets they are, of the same company and not running.
    #[arg(long)]
    seller: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// How long each took.
#[derive(Default)]
struct Waits {
    signature: Vec<Duration>,
    verdict: Vec<Duration>,
    handed_over: Vec<Duration>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let (known, scans) = (arguments.known, arguments.scans);
    if let (Some(bar), Some(seller)) = (arguments.bar, arguments.seller) {
        println!("{}", json!({ "codes": prepare(&bar, &seller, known, scans)? }));
        return Ok(());
    }
    let mut waits = arguments.place.measure("ticket-bench", |dir| measure(dir, known, scans))?;
    let mut rows = Vec::new();
    for (name, waits, bar) in [
        ("ticket_signature", &mut waits.signature, None),
        ("scan_to_verdict_offline", &mut waits.verdict, Some(BAR_MS)),
        ("hand_over_committed_offline", &mut waits.handed_over, None),
    ] {
        waits.sort_unstable();
        rows.extend([50, 99].map(|share| row(&format!("{name}_p{share}"), waits, share, bar)));
    }
    println!("{}", json!({ "bench": "tickets", "known": known, "scans": scans, "rows": rows }));
    Ok(())
}

fn row(name: &str, waits: &[Duration], share: usize, bar: Option<f64>) -> Value {
    let wait = waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    let mut row = json!({ "name": name, "value": (wait * 1_000.0).round() / 1_000.0, "unit": "ms" });
    if let Some(bar) = bar {
        row["bar"] = json!(bar);
        row["ok"] = json!(wait < bar);
    }
    row
}

/// Another till of the house, whose tickets guests carry.
struct Seller {
    key: SigningKey,
    device_id: DeviceId,
    device_no: u16,
    tenant: TenantId,
    chain: ChainId,
    today: BusinessDate,
}

impl Seller {
    /// The code of the ticket of this number: two of one thing and one of another.
    fn code(&self, serial: u32) -> anyhow::Result<(TicketId, String)> {
        let ticket_id = TicketId::new(self.device_no, self.chain, serial);
        let line = |product_number, quantity| TicketLine { product_number, quantity };
        let ticket = Ticket {
            kind: TicketKind::Delivery,
            ticket_id,
            business_date: self.today,
            valid_days: 1,
            lines: vec![line(1, 2), line(2, 1)],
        };
        Ok((ticket_id, ticket.sign(self.tenant, &self.key)?))
    }

    /// What the venue's stream tells of it, handed over.
    fn heard(&self, serial: u32) -> anyhow::Result<RedemptionRecord> {
        let (ticket_id, code) = self.code(serial)?;
        let now = SystemClock::new().now();
        let line = |line_no, quantity| RedeemedLine { line_no, quantity };
        let redemption = TicketRedeemed {
            redemption_id: RedemptionId::new(now, &SystemEntropy),
            ticket_id,
            business_date: self.today,
            redeemed_at: now,
            lines: vec![line(1, 2), line(2, 1)],
            code,
            unheard: None,
        };
        Ok(RedemptionRecord { redemption, device_id: self.device_id, staff_id: None })
    }

    /// The till there, selling in a run of its own today.
    fn at(till: &Till, today: BusinessDate) -> anyhow::Result<Self> {
        let identity = till.identity()?;
        Ok(Self {
            key: identity.key.clone(),
            device_id: identity.enrolment.device_id,
            device_no: identity.enrolment.device_no,
            tenant: identity.enrolment.tenant_id,
            chain: ChainId::new(SystemClock::new().now(), &SystemEntropy),
            today,
        })
    }

    /// The bar hears of so many of its tickets, handed over elsewhere.
    fn tell(&self, bar: &Till, known: usize) -> anyhow::Result<()> {
        let numbers: Vec<u32> = (1..).take(known).collect();
        for some in numbers.chunks(AT_ONCE) {
            let heard = some.iter().map(|serial| self.heard(*serial)).collect::<anyhow::Result<Vec<_>>>()?;
            bar.ledger().write(move |tx| heard.iter().try_for_each(|record| tx.hear_redemption(record)))?;
        }
        Ok(())
    }

    /// The code of a scan: one after the other a ticket that is new here and one that is used. Used ones are from all over
    /// what is known, each once: the third time is written down.
    fn code_of_scan(&self, scan: usize, known: usize) -> anyhow::Result<String> {
        let place = u32::try_from(scan)?;
        let serial =
            if is_used(scan) { place.wrapping_mul(7_919) % u32::try_from(known)? + 1 } else { 1_000_000 + place };
        Ok(self.code(serial)?.1)
    }

    /// Reads a code and believes it.
    fn verify(&self, code: &str) -> anyhow::Result<Ticket> {
        Ok(UnverifiedTicket::parse(code)?.verify(self.tenant, |_| Some(PublicKey::of(&self.key)))?)
    }
}

fn measure(dir: &Path, known: usize, scans: usize) -> anyhow::Result<Waits> {
    let office = HeadOffice::new(1);
    let bar = open(&dir.join("bar"))?;
    office.enroll(&bar, 1)?;
    let bartender = office.hire(&[&bar], "Benjamín", &[Role::Bartender], "2468")?;
    let elsewhere = open(&dir.join("seller"))?;
    let device = office.enroll(&elsewhere, 2)?;
    office.introduce(&bar, &device)?;
    bar.execute("operator.log_in", json!({ "staff_id": bartender, "pin": "2468" }))?;
    let seller = Seller::at(&elsewhere, today(&bar)?)?;
    seller.tell(&bar, known)?;
    let mut waits = Waits::default();
    for scan in 0..WARM_UP + scans {
        let (is_used, code) = (is_used(scan), seller.code_of_scan(scan, known)?);
        let args = json!({ "code": code });
        let (signature, _) = timed(|| seller.verify(&code))?;
        let (verdict, view) = timed(|| Ok(bar.execute("ticket.check", args.clone())?))?;
        ensure!(view["verdict"] == if is_used { "delivered" } else { "valid" }, "a verdict of {view}");
        let handed_over = if is_used {
            None
        } else {
            let (wait, view) = timed(|| Ok(bar.execute("ticket.redeem", args)?))?;
            ensure!(view["verdict"] == "delivered", "a hand-over came to {view}");
            Some(wait)
        };
        if scan >= WARM_UP {
            waits.signature.push(signature);
            waits.verdict.push(verdict);
            waits.handed_over.extend(handed_over);
        }
    }
    bar.close();
    elsewhere.close();
    Ok(waits)
}

/// Lays what was handed over elsewhere into the ledger of a till, and makes the codes to scan at it.
fn prepare(bar: &Path, seller: &Path, known: usize, scans: usize) -> anyhow::Result<Vec<String>> {
    let outside = || Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let bar = Till::open_with(bar, outside(), Workers::Off)?;
    let elsewhere = Till::open_with(seller, outside(), Workers::Off)?;
    let seller = Seller::at(&elsewhere, today(&bar)?)?;
    seller.tell(&bar, known)?;
    bar.close();
    elsewhere.close();
    (0..scans).map(|scan| seller.code_of_scan(scan, known)).collect()
}

const fn is_used(scan: usize) -> bool {
    scan % 2 == 1
}

fn today(till: &Till) -> anyhow::Result<BusinessDate> {
    Ok(serde_json::from_value(till.execute("status.get", json!({}))?["business_date"].clone())?)
}

fn open(dir: &Path) -> anyhow::Result<Arc<Till>> {
    std::fs::create_dir_all(dir)?;
    let config = format!("[ledger]\nwitness = \"{}\"\n", dir.join("witness").display());
    std::fs::write(dir.join("till.toml"), config)?;
    let outside = Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    Ok(Till::open_with(dir, outside, Workers::Off)?)
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock, and nothing else does it for it")]
fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Duration, T)> {
    let started = Instant::now();
    let done = work()?;
    Ok((started.elapsed(), done))
}
