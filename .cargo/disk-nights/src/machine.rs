//! A till and a server as their machines run them: opened, asked, put away.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use pos_app::app::{export_directory, verify_directory};
use pos_app::commands::types::SyncReport;
use pos_app::practice::{SeededEntropy, StandingClock};
use pos_app::{Till, Workers};
use power_cut::dice::Dice;
use serde_json::{Value, json};
use sync_server::{App, Config, Outside, RunningServer};

/// Who sells what.
#[derive(Clone, Debug)]
pub(crate) struct Papers {
    pub(crate) cashier: Value,
    pub(crate) products: Vec<Value>,
}

/// A sale the till answered for.
pub(crate) type Acked = (String, u64);

/// Opens the till of a directory. Nobody is signed in.
pub(crate) fn open_till(dir: &Path, clock: &Arc<StandingClock>, seed: u64) -> Result<Arc<Till>> {
    let outside = pos_app::Outside { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
    Till::open_with(dir, outside, Workers::Off).map_err(|error| anyhow!("the till does not open: {error:?}"))
}

/// Starts the server of a directory.
pub(crate) fn start_server(
    dir: &Path,
    listen: SocketAddr,
    clock: &Arc<StandingClock>,
    seed: u64,
) -> Result<RunningServer> {
    let outside = Outside { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
    let config = Config { listen, ..Config::new(dir) };
    App::start(config, outside).context("the server does not start")
}

/// Asks for something; the till's own word for why not.
pub(crate) fn ask(till: &Till, command: &str, args: &Value) -> Result<Value, String> {
    till.execute(command, args.clone()).map_err(|error| format!("{command}: {error:?}"))
}

/// Sends and fetches, once, on this thread: a worker of its own would do it at a moment the seed does not decide.
pub(crate) fn exchange(till: &Till) -> Result<SyncReport, String> {
    till.exchange_once().map_err(|error| format!("sync: {error:?}"))
}

/// One sale, from the first product to the change.
pub(crate) fn sell(till: &Till, papers: &Papers, dice: &mut Dice) -> Result<Acked, String> {
    for _ in 0..=dice.below(3) {
        let product = &papers.products[dice.index(papers.products.len())];
        ask(till, "sale.add", &json!({ "product_id": product }))?;
    }
    let sold = ask(till, "sale.complete", &json!({ "cash_tendered_minor": 500_000 }))?;
    let sale_id = sold["sale_id"].as_str().ok_or("a sale has an id")?.to_owned();
    Ok((sale_id, sold["receipt_no"].as_u64().ok_or("a sale has a number")?))
}

/// Everything a till holds, oldest first; proved, and its receipts without a gap.
pub(crate) fn prove(dir: &Path, acked: &[Acked]) -> Result<Vec<String>> {
    let report = verify_directory(dir).map_err(|error| anyhow!("verify: {error:?}"))?;
    ensure!(report.faults.is_empty(), "verify: {:?}", report.faults);
    let mut lines = Vec::new();
    let exported = export_directory(dir, |line| {
        lines.push(line.to_owned());
        Ok::<_, std::convert::Infallible>(())
    });
    let Ok(()) = exported.map_err(|error| anyhow!("export: {error:?}"))?;
    let mut kept = Vec::new();
    for line in lines.iter().filter(|line| line.contains(r#""type":"sale.completed""#)) {
        let event: Value = serde_json::from_str(line)?;
        let sale_id = event["payload"]["sale_id"].as_str().context("a sale has an id")?.to_owned();
        kept.push((sale_id, event["payload"]["receipt_no"].as_u64().context("a sale has a number")?));
    }
    for (number, (_, receipt_no)) in (1..).zip(&kept) {
        ensure!(*receipt_no == number, "invariant 20: receipt {receipt_no} is where {number} should be");
    }
    let lost = acked.iter().filter(|sale| !kept.contains(sale)).count();
    ensure!(lost == 0, "invariant 1: {lost} of {} answered sales are lost", acked.len());
    Ok(lines)
}
