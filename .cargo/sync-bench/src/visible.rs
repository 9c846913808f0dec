//! A sale at one till, and how long until another till shows one piece less: both online, by the server's bell.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use shared::ids::Entropy as _;

use crate::relay::Relay;
use crate::row::{at_most, known, percentile};
use crate::server::{Process, Room};
use crate::shop::{DEADLINE, ShopTill, found};
use crate::time::{until, wait};

/// How often the other till's stock is looked at.
const GLANCE: Duration = Duration::from_millis(1);

pub(crate) fn measure(room: &Room, dir: &Path, sales: usize) -> Result<Vec<Value>> {
    let seed = found(room)?;
    let server = Process::start(room)?;
    let relay = Relay::open()?;
    relay.lead_to(Some(server.addr()));
    let mut tills = Vec::new();
    for register in 0..2 {
        let mut till = ShopTill::set_up(&dir.join(register.to_string()), &seed)?;
        till.enroll(&relay.url(), &seed, register)?;
        till.begin()?;
        tills.push(till);
    }
    let [one, other] = &tills[..] else { anyhow::bail!("two tills") };
    let product_id = one.product()?.product_id;
    one.ask("stock.count", json!({ "product_id": product_id, "counted_milli": 1_000_000 }))?;
    let on_hand = || -> Result<Option<i64>> {
        let listed = other.ask("stock.list", json!({}))?;
        let of_it = |view: &&Value| view["product"]["product_id"] == json!(product_id);
        // Not listed before it was heard of.
        let view = listed.as_array().and_then(|views| views.iter().find(of_it));
        Ok(view.and_then(|view| view["on_hand_milli"].as_i64()))
    };
    until(GLANCE, DEADLINE, || Ok(on_hand()? == Some(1_000_000)))?;
    let mut times = Vec::new();
    for sale in 1..=i64::try_from(sales)? {
        // People do not sell in step with our clocks.
        let mut pause = [0];
        pos_app::outside::SystemEntropy.fill(&mut pause);
        wait(Duration::from_millis(pause[0].into()));
        one.add()?;
        one.complete()?;
        times.push(until(GLANCE, DEADLINE, || Ok(on_hand()? == Some(1_000_000 - 1_000 * sale)))?);
    }
    Ok(vec![
        at_most("visible_p99", percentile(&mut times, 99), "ms", 300.0),
        known("visible_median", percentile(&mut times, 50), "ms"),
    ])
}
