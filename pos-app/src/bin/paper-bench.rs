//! How long it takes from a cashier's last key to the first byte of the receipt at the printer: through the till's own
//! commands, its ledger on a real disk, its queue and its printer's thread, to a port that answers as a printer does. The
//! last line is the result as JSON.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use pos_app::bench::Place;
use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::practice::HeadOffice;
use pos_app::{Outside, Till, Workers};
use serde_json::json;
use shared::staff::Role;

/// Milliseconds after which a customer notices.
const BAR_MS: f64 = 30.0;
/// Sales before the clock counts: caches, prepared statements, the file's first pages.
const WARM_UP: usize = 10;
/// Longer than any paper takes; only a broken bench waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sells, and looks when the paper begins.
#[derive(Parser)]
struct Arguments {
    /// Sales to measure.
    #[arg(long, default_value_t = 300)]
    sales: usize,
    #[command(flatten)]
    place: Place,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut waits = arguments.place.measure("paper-bench", |dir| measure(dir, arguments.sales))?;
    waits.sort_unstable();
    let row = |name: &str, share: usize| {
        let wait = waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
        let value = (wait * 100.0).round() / 100.0;
        json!({ "name": name, "value": value, "unit": "ms", "bar": BAR_MS, "ok": value < BAR_MS })
    };
    let rows = [row("sale_to_first_byte_ms", 50), row("sale_to_first_byte_ms_p99", 99)];
    println!("{}", json!({ "bench": "paper", "sales": waits.len(), "rows": rows }));
    Ok(())
}

fn measure(dir: &Path, sales: usize) -> anyhow::Result<Vec<Duration>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (told, papers) = mpsc::channel();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).try_for_each(|till| answer(till, &told)));
    let witness = dir.join("witness");
    let config = format!("[printer]\naddress = \"tcp://{address}\"\n\n[ledger]\nwitness = \"{}\"\n", witness.display());
    std::fs::write(dir.join("till.toml"), config)?;

    let outside = || Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let office = HeadOffice::new(1);
    let prepared = Till::open_with(dir, outside(), Workers::Off)?;
    office.enroll(&prepared, 1)?;
    let cashier = office.hire(&[&prepared], "Camila", &[Role::Cashier], "2468")?;
    prepared.close();
    drop(prepared);
    let till = Till::open_with(dir, outside(), Workers::On)?;
    till.execute("operator.log_in", json!({ "staff_id": cashier, "pin": "2468" }))?;
    till.execute("register.open", json!({ "float": [] }))?;
    next(&papers)?;

    let mut waits = Vec::new();
    for sale in 0..WARM_UP + sales {
        for number in [0, 1, 3] {
            till.execute("sale.add", json!({ "product_id": office.products[number].product_id }))?;
        }
        let pressed = now();
        till.execute("sale.complete", json!({ "cash_tendered_minor": 20_000 }))?;
        let begun = next(&papers)?;
        if sale >= WARM_UP {
            waits.push(begun.saturating_duration_since(pressed));
        }
        // The ticket's paper, so that the next sale finds the printer idle.
        next(&papers)?;
    }
    till.close();
    Ok(waits)
}

fn next(papers: &Receiver<Instant>) -> anyhow::Result<Instant> {
    papers.recv_timeout(PATIENCE).context("no paper came")
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock, and nothing else does it for it")]
fn now() -> Instant {
    Instant::now()
}

/// Answers as a printer that is well, and tells when a paper's first byte came. Ends when nobody listens any more.
fn answer(mut till: TcpStream, told: &Sender<Instant>) -> Result<(), mpsc::SendError<Instant>> {
    // A till that hangs up is the till's affair.
    let _ = till.set_nodelay(true);
    let mut begun = None;
    let mut last = [0_u8; 2];
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = till.read(&mut buffer) {
        let came = now();
        for byte in &buffer[..count] {
            // `ESC @` begins a paper; `GS r 1` asks whether it is printed; `DLE EOT n` how the printer is.
            let said = match (last, *byte) {
                ([_, 0x1B], b'@') if begun.is_none() => {
                    begun = Some(came);
                    None
                }
                ([0x10, 0x04], 1..=4) => Some(0x12),
                ([0x1D, 0x72], 1) => Some(0x00),
                _ => None,
            };
            if let Some(said) = said {
                let _ = till.write_all(&[said]);
            }
            last = [last[1], *byte];
        }
    }
    begun.map_or(Ok(()), |begun| told.send(begun))
}
