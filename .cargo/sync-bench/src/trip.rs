//! Ten thousand events over a line with a tenth of a second there and back, by a till that finds its server again.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::row::{at_most, float};
use crate::server::{Process, Room};
use crate::shop::ShopTill;

const EVENTS: usize = 10_000;
const TRIP: Duration = Duration::from_millis(100);

pub(crate) fn measure(room: &Room, dir: &Path) -> Result<Vec<Value>> {
    let (till, relay) = ShopTill::cut_off(room, dir, EVENTS)?;
    let server = Process::start(room)?;
    relay.lengthen(TRIP);
    let before = relay.passed();
    relay.lead_to(Some(server.addr()));
    // The till would find it again by itself, after a pause: what is measured is what it does then.
    let (took, trips) = thread::scope(|scope| {
        let running = scope.spawn(|| till.ask("sync.run", json!({})));
        let took = till.until_sent()?;
        let passed = relay.passed().since(before);
        running.join().expect("a till does not panic")?;
        anyhow::Ok((took, passed.trips))
    })?;
    Ok(vec![
        at_most("trip_10000_events", took.as_secs_f64(), "s", 1.0),
        at_most("trip_round_trips", float(trips), "trips", 4.0),
    ])
}
