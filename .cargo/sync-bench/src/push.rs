//! The way in: four clients that push batch after batch, and a crowd that comes back after a night.

use std::thread;

use anyhow::{Result, ensure};
use serde_json::Value;
use shared::sync::protocol::{PushReply, PushResult};

use crate::bare;
use crate::row::{at_least, at_most, float, known, share_at_least};
use crate::server::{Process, Room};
use crate::tills::{BenchTill, Shape};
use crate::time::timed;
use crate::wire::{Body, Line};

/// Events in a batch.
const BATCH: usize = 500;
/// Tills that push at once.
pub(crate) const CLIENTS: usize = 4;

/// Everything is held, nothing is odd.
pub(crate) fn check(reply: &PushReply) -> Result<()> {
    for result in &reply.results {
        let is_plain = matches!(result, PushResult::Ok { notes, .. } if notes.is_empty());
        ensure!(is_plain, "a push came to {result:?}");
    }
    Ok(())
}

/// Each till pushes its batches one after the other, all tills at once.
fn all_push(server: &Process, tills: &[BenchTill], queues: Vec<Vec<Body>>) -> Result<()> {
    thread::scope(|scope| {
        let push = |(till, queue): (&BenchTill, Vec<Body>)| -> Result<()> {
            let mut line = Line::to(server, till)?;
            queue.iter().try_for_each(|body| check(&line.push(body)?))
        };
        let pushing: Vec<_> = tills.iter().zip(queues).map(|one| scope.spawn(move || push(one))).collect();
        pushing.into_iter().try_for_each(|thread| thread.join().expect("a till does not panic"))
    })
}

/// Four tills push batch after batch; then the same lines are inserted bare.
pub(crate) fn throughput(room: &Room, name: &str, shape: Shape, events: usize) -> Result<Vec<Value>> {
    let mut tills = room.tills(CLIENTS)?;
    let each = (events / CLIENTS / BATCH).max(1);
    let server = Process::start(room)?;
    let mut lines = Vec::new();
    let mut queues = Vec::new();
    for till in &mut tills {
        let opening = till.opening();
        check(&Line::to(&server, till)?.push(&Body::of(till.batch(&opening))?)?)?;
        let batches: Vec<_> = (0..each).map(|_| till.sales(BATCH, shape)).collect();
        lines.extend(batches.iter().map(|batch| batch.iter().map(|event| event.line.clone()).collect::<Vec<_>>()));
        queues.push(batches.iter().map(|batch| Body::of(till.batch(batch))).collect::<Result<Vec<_>>>()?);
    }
    let count = lines.iter().map(Vec::len).sum::<usize>();
    let bytes = float(lines.iter().flatten().map(String::len).sum()) / float(count);
    let cpu = server.cpu()?;
    let (took, ()) = timed(|| all_push(&server, &tills, queues))?;
    let cpu = (server.cpu()?.saturating_sub(cpu)).as_secs_f64();
    drop(server);
    let bare = bare::insert(room, &lines)?;
    let (rate, bare) = (float(count) / took.as_secs_f64(), float(count) / bare.as_secs_f64());
    Ok(vec![
        at_least(&format!("push_{name}"), rate, "events/s", 10_000.0),
        share_at_least(&format!("push_{name}_beside_bare"), rate, "events/s", bare, 0.5),
        at_most(&format!("push_{name}_server_cpu"), cpu * 1e6 / float(count), "µs/event", 25.0),
        known(&format!("push_{name}_event_size"), bytes, "B/line"),
    ])
}

/// A night's events of many tills, all at once.
pub(crate) fn night(room: &Room, backend: &str, count: usize) -> Result<Vec<Value>> {
    let mut tills = room.tills(count)?;
    let mut queues = Vec::new();
    for till in &mut tills {
        let mut events = till.opening();
        events.extend(till.sales(BATCH - events.len(), Shape::Plain));
        queues.push(vec![Body::of(till.batch(&events))?]);
    }
    let server = Process::start(room)?;
    let (took, ()) = timed(|| all_push(&server, &tills, queues))?;
    Ok(vec![
        at_most(&format!("night_{backend}_{}_events", count * BATCH), took.as_secs_f64(), "s", 60.0),
        at_most(&format!("night_{backend}_server_memory"), server.peak_mb()?, "MB", 300.0),
    ])
}
