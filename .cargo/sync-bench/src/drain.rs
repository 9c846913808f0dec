//! A till that found its server again and sends what it holds, while its cashier goes on selling.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::row::{float, known, percentile, times_at_most};
use crate::server::{Process, Room};
use crate::shop::ShopTill;
use crate::time::{now, timed, wait};

/// Sales before the clock counts: caches, prepared statements, the file's first pages.
const WARM_UP: usize = 50;
/// Sales of a till that sends nothing.
const IDLE: usize = 1_000;
/// Between two sales: a cashier far faster than any there is.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) fn measure(room: &Room, dir: &Path, unsent: usize) -> Result<Vec<Value>> {
    let (till, relay) = ShopTill::cut_off(room, dir, unsent)?;
    for _ in 0..WARM_UP {
        sell(&till)?;
    }
    let mut idle = (0..IDLE).map(|_| sell(&till)).collect::<Result<Vec<_>>>()?;
    let server = Process::start(room)?;
    relay.lead_to(Some(server.addr()));
    let before = till.unsent()?;
    // It finds the server by itself.
    while till.unsent()? >= before {
        sell(&till)?;
    }
    let began = now();
    let mut draining = Vec::new();
    // What is sold meanwhile is always a little unsent.
    while till.unsent()? > 1_000 {
        draining.push(sell(&till)?);
    }
    let (took, sales) = (began.elapsed(), draining.len());
    drop(server);
    let (idle_p99, draining_p99) = (percentile(&mut idle, 99), percentile(&mut draining, 99));
    Ok(vec![
        times_at_most("drain_commit_p99", draining_p99, "ms", idle_p99, 2.0),
        known("drain_commit_median", percentile(&mut draining, 50), "ms"),
        known("drain_idle_commit_median", percentile(&mut idle, 50), "ms"),
        known("drain_sales_meanwhile", float(sales), "sales"),
        known("drain_took", took.as_secs_f64(), "s"),
    ])
}

/// How long it takes until a sale is durable.
fn sell(till: &ShopTill) -> Result<Duration> {
    wait(PAUSE);
    till.add()?;
    Ok(timed(|| till.complete())?.0)
}
