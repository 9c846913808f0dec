//! Three tills push at once while the server loses power, starts again, loses power. Whatever it acknowledged is there:
//! asked of the server itself by the next push, which continues where the acknowledged ended, and read from a copy of
//! its files, which SQLite must find whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use rusqlite::OpenFlags;

use crate::dice::Dice;
use crate::disk;
use crate::office;
use crate::outside::Stopwatch;
use crate::pen::{Pen, Pushed};
use crate::program::Running;
use crate::series::{Bench, Log, Plug, Way};
use crate::shim::Shim;

/// Pushes of each till in one run, at most.
const PUSHES: u64 = 8;

/// Cuts servers.
pub fn cut(bench: &Bench, way: Way, series: &str) -> Result<Log> {
    let watch = Stopwatch::start();
    let place = bench.place(series)?;
    let shim = Shim::build(&place)?;
    let data = place.join("root");
    let mut pens = found(bench, &place, &data, series)?;
    let mut log = Log::default();
    let mut plug = Plug::new(way, Some(&shim), &data);
    for round in 0..bench.loops {
        let mut dice = Dice::new(bench.seed, series, round);
        log.loops += 1;
        let done = one(bench, way, &data, &mut plug, &mut dice, &mut log, &mut pens);
        log.sales_acked = pens.iter().map(|pen| pen.sales_acked).sum();
        if let Err(problem) = done.and_then(|()| check(&place, &pens, &mut log)) {
            log.problem = Some(format!("after cut {round}: {problem:#}"));
            break;
        }
    }
    log.seconds = watch.elapsed().as_secs_f64();
    Ok(log)
}

/// Club Valdivia with a till at each of its three registers, on a server that nobody cuts yet.
fn found(bench: &Bench, place: &Path, data: &Path, series: &str) -> Result<Vec<Pen>> {
    let papers = office::found(bench, data)?;
    let mut server = Running::start(&mut office::serve(bench, data), &place.join("founding.stderr"))?;
    let address = office::until_listening(&mut server)?.context("the server ended")?;
    let registers = papers["registers"].as_array().context("registers")?;
    let mut pens = Vec::new();
    for (number, register) in (1_u64..).zip(registers) {
        let code = register["enrolment_code"].as_str().context("a code")?;
        pens.push(Pen::enrol(&address, code, Dice::new(bench.seed, series, u64::MAX - number))?);
    }
    end_politely(&mut server)?;
    Ok(pens)
}

/// Asks it to end and waits.
fn end_politely(server: &mut Running) -> Result<()> {
    crate::program::run(Command::new("kill").args(["-TERM", &server.pid().to_string()]))?;
    server.wait()?;
    Ok(())
}

fn one(
    bench: &Bench,
    way: Way,
    data: &Path,
    plug: &mut Plug<'_>,
    dice: &mut Dice,
    log: &mut Log,
    pens: &mut [Pen],
) -> Result<()> {
    // Without the shim: after so many acknowledgements of the first till, others in the middle of theirs.
    let most = if way == Way::Kill { dice.below(PUSHES) } else { PUSHES };
    let mut server = plug.start(office::serve(bench, data), dice)?;
    let killed_at_once = way == Way::Kill && dice.percent(15);
    if killed_at_once {
        drop(server.hear_within(std::time::Duration::from_millis(dice.below(60))));
        server.kill();
    }
    if let Some(address) = office::until_listening(&mut server)? {
        let seeds: Vec<u64> = pens.iter().map(|_| dice.roll()).collect();
        let all_acked = thread::scope(|scope| -> Result<bool> {
            let mut threads = Vec::new();
            let (first, others) = pens.split_first_mut().context("there are tills")?;
            for (pen, seed) in others.iter_mut().zip(&seeds[1..]) {
                let address = address.as_str();
                threads.push(scope.spawn(move || pushes(pen, address, PUSHES, Dice::new(*seed, "pushes", 0))));
            }
            let mut all = pushes(first, &address, most, Dice::new(seeds[0], "pushes", 0));
            if way == Way::Kill {
                server.kill();
            }
            for pushing in threads {
                let other = pushing.join().map_err(|_| anyhow::anyhow!("a till panicked"))?;
                all = all.and_then(|all| Ok(all && other?));
            }
            all
        })?;
        if all_acked {
            log.cut_at_rest += 1;
            if way != Way::Kill && dice.percent(50) {
                end_politely(&mut server)?;
            }
        }
    } else {
        log.cut_while_starting += 1;
    }
    server.kill();
    let ended = plug.pull(&mut server, dice).context("the server")?;
    log.disks_with_losses += u64::from(ended.with_losses);
    Ok(())
}

/// True when the server lived through all of them.
fn pushes(pen: &mut Pen, address: &str, times: u64, mut dice: Dice) -> Result<bool> {
    for _ in 0..times {
        let new = dice.below(4);
        pen.sell(new, &mut dice)?;
        if pen.push(address, 1 + dice.index(12))? == Pushed::NoAnswer {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks at a copy, so that the server itself has to find its way from what the cut left.
fn check(place: &Path, pens: &[Pen], log: &mut Log) -> Result<()> {
    let copy = place.join("check");
    disk::copy(&place.join("root"), &copy)?;
    let kept = office::read_server(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    ensure!(kept.iter().all(|event| event.branch == 0), "the server holds two histories of one chain");
    log.events_on_server = kept.len() as u64;
    let mut heads: BTreeMap<&[u8], i64> = BTreeMap::new();
    for event in &kept {
        let head = heads.entry(&event.chain).or_default();
        ensure!(event.seq == *head + 1, "event {} follows event {head}", event.seq);
        *head = event.seq;
    }
    let by_place: BTreeMap<_, _> = kept.iter().map(|event| ((event.chain.as_slice(), event.seq), event)).collect();
    let is_there = |(chain, seq, hash): &(shared::ids::ChainId, u64, shared::event::Hash)| {
        let place = (chain.as_bytes().as_slice(), seq.cast_signed());
        by_place.get(&place).is_some_and(|event| event.hash == hash.as_bytes())
    };
    let acked = pens.iter().flat_map(|pen| &pen.acked);
    log.lost = acked.filter(|event| !is_there(event)).count() as u64;
    ensure!(log.lost == 0, "{} acknowledged events are lost", log.lost);
    Ok(())
}
