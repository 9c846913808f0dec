//! A till sells, loses power, starts again, sells on. Whatever it had answered for is in its ledger, under the number on
//! the customer's receipt; receipts have no gaps; `till verify` finds nothing; and in the end head office holds every
//! event of the till, byte for byte.

use std::fs;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::OpenFlags;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::disk;
use crate::office::{self, Counter};
use crate::outside::Stopwatch;
use crate::program::{Running, run};
use crate::series::{Bench, Log, Plug, Way};
use crate::shim::Shim;

/// Most sales asked for in one run.
const SALES: u64 = 8;

/// A sale the till answered for.
type Acked = (String, u64);

/// Cuts tills.
pub fn cut(bench: &Bench, way: Way, series: &str) -> Result<Log> {
    let watch = Stopwatch::start();
    let place = bench.place(series)?;
    let shim = Shim::build(&place)?;
    let data = place.join("office");
    let papers = office::found(bench, &data)?;
    let mut server = Running::start(&mut office::serve(bench, &data), &place.join("office.stderr"))?;
    let address = office::until_listening(&mut server)?.context("the server ended")?;
    let counter = office::equip(bench, &papers, &address, &place.join("root"))?;

    let mut log = Log::default();
    let mut acked = Vec::new();
    let mut plug = Plug::new(way, Some(&shim), &counter.root);
    for round in 0..bench.loops {
        let mut dice = Dice::new(bench.seed, series, round);
        log.loops += 1;
        let done = one(bench, way, &counter, &mut plug, &mut dice, &mut log, &mut acked);
        log.sales_acked = acked.len() as u64;
        if let Err(problem) = done.and_then(|()| check(bench, &place, &acked, &mut log)) {
            log.problem = Some(format!("after cut {round}: {problem:#}"));
            break;
        }
    }
    if log.problem.is_none()
        && let Err(problem) = settle(bench, &counter, &data, &mut log)
    {
        log.problem = Some(format!("at the end: {problem:#}"));
    }
    log.seconds = watch.elapsed().as_secs_f64();
    Ok(log)
}

fn one(
    bench: &Bench,
    way: Way,
    counter: &Counter,
    plug: &mut Plug<'_>,
    dice: &mut Dice,
    log: &mut Log,
    acked: &mut Vec<Acked>,
) -> Result<()> {
    let (wanted, questions) = questions(counter, dice);
    // The shim knows when to cut. Without it: after so many answers and a moment, or while it starts.
    let (most, soon) = match way {
        Way::Kill if dice.percent(15) => (wanted, Duration::from_millis(dice.below(110))),
        Way::Kill => (1 + dice.below(wanted), Duration::from_mins(1)),
        Way::Shim | Way::LyingDisk => (wanted, Duration::from_mins(1)),
    };
    let mut till = plug.start(office::till(bench, &counter.root, "run"), dice)?;
    till.say(&questions);
    let watch = Stopwatch::start();
    let mut answers = 0;
    let mut is_dead = false;
    while answers < most && !is_dead {
        match till.hear_within(soon.saturating_sub(watch.elapsed())) {
            Ok(line) => {
                note(&line, acked)?;
                answers += 1;
            }
            Err(RecvTimeoutError::Timeout) if soon < Duration::from_mins(1) => break,
            Err(RecvTimeoutError::Timeout) => bail!("the till said nothing for a minute"),
            Err(RecvTimeoutError::Disconnected) => is_dead = true,
        }
    }
    if answers == wanted {
        log.cut_at_rest += 1;
        match dice.below(3) {
            0 => till.close_input(),
            // While it talks to head office.
            1 => drop(till.hear_within(Duration::from_millis(dice.below(60)))),
            _ => {}
        }
    } else if way == Way::Kill
        && let Ok(line) = till.hear_within(Duration::from_micros(dice.below(5_000)))
    {
        note(&line, acked)?;
        answers += 1;
    }
    if way == Way::Kill || answers == wanted && dice.percent(50) {
        till.kill();
    } else {
        till.close_input();
    }
    // What it had said before it died counts, too.
    while let Some(line) = till.hear()? {
        note(&line, acked)?;
        answers += 1;
    }
    log.cut_while_starting += u64::from(answers == 0);
    let ended = plug.pull(&mut till, dice).context("the till")?;
    log.disks_with_losses += u64::from(ended.with_losses);
    Ok(())
}

/// Everything asked in one run, and how many answers there will be if nothing happens.
fn questions(counter: &Counter, dice: &mut Dice) -> (u64, String) {
    let mut lines = String::new();
    let mut asked = 0;
    let mut ask = |command: &str, args: &Value| {
        asked += 1;
        lines.push_str(&json!({ "id": asked, "command": command, "args": args }).to_string());
        lines.push('\n');
    };
    ask("operator.log_in", &counter.cashier);
    // A cut may have left something on the counter.
    ask("sale.abandon", &Value::Null);
    for _ in 0..2 + dice.below(SALES - 1) {
        for _ in 0..=dice.below(3) {
            let product = &counter.products[dice.index(counter.products.len())];
            ask("sale.add", &json!({ "product_id": product }));
        }
        ask("sale.complete", &json!({ "cash_tendered_minor": 500_000 }));
    }
    (asked, lines)
}

fn note(line: &str, acked: &mut Vec<Acked>) -> Result<()> {
    let answer: Value = serde_json::from_str(line).context("every whole line is an answer")?;
    ensure!(answer["error"].is_null(), "the till refused: {answer}");
    if let (Some(sale_id), Some(receipt_no)) = (answer["ok"]["sale_id"].as_str(), answer["ok"]["receipt_no"].as_u64()) {
        acked.push((sale_id.to_owned(), receipt_no));
    }
    Ok(())
}

/// Looks at a copy, so that the till itself has to find its way from what the cut left.
fn check(bench: &Bench, place: &Path, acked: &[Acked], log: &mut Log) -> Result<()> {
    let copy = place.join("check");
    disk::copy(&place.join("root"), &copy)?;
    run(&mut office::till(bench, &copy, "verify")).context("till verify")?;
    let exported = run(&mut office::till(bench, &copy, "export")).context("till export")?;
    let kept = sales(&String::from_utf8(exported)?)?;
    for (place, (_, receipt_no)) in (1..).zip(&kept) {
        ensure!(*receipt_no == place, "receipt {receipt_no} is where {place} should be");
    }
    log.lost =
        acked.iter().filter(|sale| usize::try_from(sale.1 - 1).ok().and_then(|n| kept.get(n)) != Some(sale)).count()
            as u64;
    ensure!(log.lost == 0, "{} of {} answered sales are lost", log.lost, acked.len());
    Ok(())
}

fn sales(exported: &str) -> Result<Vec<Acked>> {
    let mut sales = Vec::new();
    for line in exported.lines().filter(|line| line.contains(r#""type":"sale.completed""#)) {
        let event: Value = serde_json::from_str(line).context("every event is JSON")?;
        let sale_id = event["payload"]["sale_id"].as_str().context("a sale has an id")?;
        sales.push((sale_id.to_owned(), event["payload"]["receipt_no"].as_u64().context("a sale has a number")?));
    }
    Ok(sales)
}

/// Sends what is left and compares both sides line by line.
fn settle(bench: &Bench, counter: &Counter, data: &Path, log: &mut Log) -> Result<()> {
    run(&mut office::till(bench, &counter.root, "sync")).context("till sync")?;
    let exported = String::from_utf8(run(&mut office::till(bench, &counter.root, "export"))?)?;
    let mut mine: Vec<&str> = exported.lines().collect();
    let kept = office::read_server(data, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    ensure!(kept.iter().all(|event| event.branch == 0), "head office holds two histories of one chain");
    let mut theirs: Vec<&str> = kept.iter().map(|event| event.line.as_str()).collect();
    log.events_on_server = theirs.len() as u64;
    mine.sort_unstable();
    theirs.sort_unstable();
    ensure!(mine == theirs, "the till holds {} events, head office {}, and they differ", mine.len(), theirs.len());
    fs::remove_dir_all(counter.root.with_file_name("check")).ok();
    Ok(())
}
