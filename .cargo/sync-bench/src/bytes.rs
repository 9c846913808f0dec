//! What a sale weighs on the line, as the till sends it: request line, headers and body.

use std::sync::Arc;

use anyhow::{Result, ensure};
use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::sync::client::{HttpPeer, SyncPeer as _};
use serde_json::Value;
use shared::event::SealedEvent;
use shared::sync::exchange::{Answer, Request};
use shared::sync::protocol::{PROTO, PushRequest};

use crate::push::check;
use crate::relay::{Passed, Relay};
use crate::row::{at_most, float, known};
use crate::server::{Process, Room};
use crate::tills::{BenchTill, Shape};

/// Each is sent so often, and the mean counts: ids and signatures do not always pack alike.
const TIMES: usize = 20;

pub(crate) fn measure(room: &Room) -> Result<Vec<Value>> {
    let mut tills = room.tills(1)?;
    let server = Process::start(room)?;
    let relay = Relay::open()?;
    relay.lead_to(Some(server.addr()));
    let till = &mut tills[0];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let _inside = runtime.enter();
    let peer = HttpPeer::new(&relay.url(), till.origin.device, till.key.clone(), clock, entropy)?;
    let push = |till: &BenchTill, events: &[SealedEvent]| -> Result<Passed> {
        let batches = vec![till.batch(events)];
        let before = relay.passed();
        let request = PushRequest { proto: PROTO, log_id: Some(till.log), batches, unsent_events: 0 };
        let answer = runtime.block_on(peer.ask(&Request::Push(request)))?;
        let Answer::Push(reply) = answer else { anyhow::bail!("no answer to a push") };
        check(&reply)?;
        Ok(relay.passed().since(before))
    };
    let opening = till.opening();
    push(till, &opening)?;
    let mut rows = Vec::new();
    for (name, shape) in [("sale", Shape::Plain), ("sale_with_ticket", Shape::Ticket)] {
        for (many, bar) in [(200, 100.0), (1, 600.0)] {
            let (mut up, mut down) = (0, 0);
            for _ in 0..TIMES {
                let sales = till.sales(many, shape);
                let passed = push(till, &sales)?;
                ensure!(passed.trips == 1, "{} round trips", passed.trips);
                (up, down) = (up + passed.up, down + passed.down);
            }
            let each = |bytes| float(bytes) / float(many * TIMES);
            rows.push(at_most(&format!("wire_{name}_in_batch_of_{many}"), each(up), "B/sale", bar));
            rows.push(known(&format!("wire_{name}_in_batch_of_{many}_answer"), each(down), "B/sale"));
        }
    }
    Ok(rows)
}
