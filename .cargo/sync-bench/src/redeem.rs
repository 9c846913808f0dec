//! Tickets asked about at the server: forty bars at once on kept connections, each ticket once; then all of them after the
//! same few.
//!
//! The limits are those of every server, 300 requests at once from a till and 10,000 from a company: what is asked here stays
//! within them, by many tills.

use std::ops::Range;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use shared::ids::RedemptionId;
use shared::sync::redeem::{RedeemDecision, RedeemRequest};
use shared::ticket::RedeemedLine;

use crate::row::{at_least, at_most, exactly, float, known, percentile};
use crate::server::{Process, Room};
use crate::tills::{BenchTill, night};
use crate::time::timed;
use crate::wire::{Body, Line};

/// Bars that ask at once.
const BARS: usize = 40;
/// Questions of each, so that it stays within what a till may ask at once.
const EACH: usize = 220;
/// Questions of each before the clock counts.
const WARM_UP: usize = 20;
/// Tickets everybody is after.
const WANTED: usize = 25;

/// A bar, and what it asks.
struct Bar {
    line: Line,
    questions: Vec<Body>,
}

/// Asks, and looks what each costs; then races.
pub(crate) fn measure(room: &Room, name: &str) -> Result<Vec<Value>> {
    let mut tills = room.tills(BARS)?;
    let server = Process::start(room)?;
    let mut bars = Vec::new();
    for till in &mut tills {
        let codes: Vec<_> = (0..WARM_UP + EACH).map(|_| till.ticket()).collect();
        let questions = codes.iter().map(|code| question(till, code)).collect::<Result<_>>()?;
        bars.push(Bar { line: Line::to(&server, till)?, questions });
    }
    let mut waits = Vec::new();
    ask_all(&mut bars, 0..WARM_UP, &mut Vec::new())?;
    let cpu = server.cpu()?;
    let (took, accepted) = timed(|| ask_all(&mut bars, WARM_UP..WARM_UP + EACH, &mut waits))?;
    let cpu = (server.cpu()?.saturating_sub(cpu)).as_secs_f64();
    ensure!(accepted == BARS * EACH, "each ticket is asked for once, and {accepted} are handed over");
    let count = float(BARS * EACH);

    let wanted: Vec<_> = (0..WANTED).map(|_| tills[0].ticket()).collect();
    for (bar, till) in bars.iter_mut().zip(&tills) {
        bar.questions = wanted.iter().map(|code| question(till, code)).collect::<Result<_>>()?;
    }
    let accepted = ask_all(&mut bars, 0..WANTED, &mut Vec::new())?;
    Ok(vec![
        at_least(&format!("redeem_{name}"), count / took.as_secs_f64(), "requests/s", 1_000.0),
        at_most(&format!("redeem_{name}_server_cpu"), cpu * 1e3 / count, "ms/request", 0.5),
        known(&format!("redeem_{name}_answer_p50_of_{BARS}_at_once"), percentile(&mut waits, 50), "ms"),
        known(&format!("redeem_{name}_answer_p99_of_{BARS}_at_once"), percentile(&mut waits, 99), "ms"),
        exactly(&format!("redeem_{name}_{WANTED}_tickets_{BARS}_bars"), float(accepted), "accepted", float(WANTED)),
    ])
}

fn question(till: &BenchTill, code: &str) -> Result<Body> {
    let outside = &till.outside;
    Body::plain(&RedeemRequest {
        redemption_id: RedemptionId::new(outside.now(), &*outside.entropy),
        code: code.to_owned(),
        lines: vec![RedeemedLine { line_no: 1, quantity: 1 }],
        business_date: night(),
        staff_id: None,
        recorded: Vec::new(),
    })
}

/// All bars ask at once, each one question after the other; how many were told yes, and how long each answer took.
fn ask_all(bars: &mut [Bar], which: Range<usize>, waits: &mut Vec<Duration>) -> Result<usize> {
    let start = Barrier::new(bars.len());
    let asked: Vec<Result<_>> = thread::scope(|scope| {
        let (start, which) = (&start, &which);
        let asking: Vec<_> = bars.iter_mut().map(|bar| scope.spawn(move || bar.ask(start, which.clone()))).collect();
        asking.into_iter().map(|thread| thread.join().expect("a bar does not panic")).collect()
    });
    let mut accepted = 0;
    for one in asked {
        let (yes, mut of_bar) = one?;
        accepted += yes;
        waits.append(&mut of_bar);
    }
    Ok(accepted)
}

impl Bar {
    fn ask(&mut self, start: &Barrier, which: Range<usize>) -> Result<(usize, Vec<Duration>)> {
        start.wait();
        let (mut accepted, mut waits) = (0, Vec::new());
        for body in &self.questions[which] {
            let (wait, reply) = timed(|| self.line.redeem(body))?;
            accepted += usize::from(reply.decision == RedeemDecision::Accepted);
            waits.push(wait);
        }
        Ok((accepted, waits))
    }
}
