//! How the real window feels: from the start to the first screen, from a press to what it answers, and what it holds of
//! the machine's memory. The window is the released one; what stands around it is not measured and built as always.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::club::Club;
use crate::desktop::TillWindow;
use crate::hands::Hands;
use crate::house::House;
use crate::process::run;
use crate::setup::{self, Need};
use crate::stopwatch::Stopwatch;
use crate::suite;

const STARTS: usize = 5;
/// Sales rung up while it is measured, each paid in cash before the next.
const SALES: usize = 40;
/// More than most have, so that the screen is not measured at its emptiest.
const PRESSES: usize = 8;
/// Eight presses a second: faster, and what is measured is the end of the last picture.
const APART_MS: u32 = 125;

/// Presses tiles one after the other, as fast as a practised hand. Each counts twice: until the page holds the sale's new
/// total, and until the picture with it is drawn, which adds the wait for the next frame.
const PRESS_AND_WATCH: &str = r"
    const [presses, first, apart, settle] = arguments;
    const total = document.querySelector('[data-testid=\x22total\x22]');
    const tiles = [...document.querySelectorAll('[data-testid^=\x22tile-\x22]')];
    const amount = () => (total.matches('[data-minor]') ? total : total.querySelector('[data-minor]')).dataset.minor;
    const taken = [];
    const press = () => {
        if (taken.length === presses) return settle(taken);
        const before = amount();
        const start = performance.now();
        const watcher = new MutationObserver(() => {
            if (amount() === before) return;
            watcher.disconnect();
            const answered = performance.now() - start;
            requestAnimationFrame(() => setTimeout(() => {
                taken.push([answered, performance.now() - start]);
                setTimeout(press, apart - (performance.now() - start));
            }));
        });
        watcher.observe(total, { subtree: true, childList: true, characterData: true, attributes: true });
        tiles[(first + taken.length) % tiles.length].click();
    };
    press();
";

/// Measures a window on the demo's catalogue.
pub fn measure(house: &House) -> Result<Value> {
    setup::system(Need::Robots)?;
    setup::build_screens(house)?;
    suite::build_programs(house, &["pos-app", "sync-server"])?;
    let mut club = Club::open(house, &house.fresh_folder("bench-window")?)?;
    club.start_server()?;
    let code = club.register_codes().into_iter().next().context("a register")?;
    let counter = club.equip(&code, "approve")?;
    print_elsewhere(&counter.dir)?;
    let person = club.person("manager")?;
    run(Command::new("cargo").args(["build", "--release", "--quiet", "--bin", "barra"]).current_dir(house.root()))?;
    let barra = house.target().join("release/barra");
    let open = || TillWindow::open(&barra, &counter.dir, "auto", &club.logs(), 1366, 768);
    let (mut starts, mut sign_ins) = (Vec::new(), Vec::new());
    let mut window = open()?;
    for start in 0..STARTS {
        let hands = Hands(&window.session);
        hands.see(&format!("person-{}", person.0))?;
        starts.push(age_ms(&window)?);
        let watch = Stopwatch::start();
        hands.sign_in(person)?;
        if start == 0 {
            hands.tap("count-10000")?;
            window.session.press("5")?;
            hands.tap("open-register")?;
            hands.see("tiles")?;
        } else {
            hands.see("tiles")?;
            sign_ins.push(watch.elapsed());
        }
        if start + 1 < STARTS {
            drop(window);
            window = open()?;
        }
    }
    let mut presses = Vec::new();
    for sale in 0..SALES {
        let arguments = json!([PRESSES, sale * PRESSES, APART_MS]);
        let watched = window.session.script_until_settled(PRESS_AND_WATCH, &arguments)?;
        presses.extend(watched.as_array().context("no times")?.iter().cloned());
        let hands = Hands(&window.session);
        hands.tap("exact-cash")?;
        hands.tap("next-sale")?;
        hands.see("cart-empty")?;
    }
    ensure!(presses.len() == SALES * PRESSES, "only {} presses were answered", presses.len());
    let times = |place: usize| presses.iter().filter_map(|it| it[place].as_f64()).map(rounded).collect::<Vec<u64>>();
    let (answered, drawn) = (times(0), times(1));
    let memory_kib = proportional_kib(&window)?;
    drop(window);
    club.stop_server();
    let sign_ins: Vec<u64> =
        sign_ins.iter().map(|it: &std::time::Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)).collect();
    Ok(json!({ "bench": "window", "rows": [
        row("spawn_to_first_screen", percentile(&starts, 50), "ms", Some(1_500)),
        row("sign_in_to_sell_screen", percentile(&sign_ins, 50), "ms", None),
        row("press_to_answer_p50", percentile(&answered, 50), "ms", None),
        row("press_to_answer_p95", percentile(&answered, 95), "ms", Some(50)),
        row("press_to_picture_p50", percentile(&drawn, 50), "ms", None),
        row("press_to_picture_p95", percentile(&drawn, 95), "ms", Some(50)),
        row("memory_pss", memory_kib / 1024, "MiB", None),
    ] }))
}

/// Gives the till a printer that takes the bytes and is done: a real one draws with its own processor, the simulated one
/// with the till's.
fn print_elsewhere(till: &Path) -> Result<()> {
    let (config, paper) = (till.join("till.toml"), till.join("paper.bin"));
    fs::write(&paper, [])?;
    let simulated = fs::read_to_string(&config)?;
    let rest = simulated.find("\n[terminal]").context("no terminal in till.toml")?;
    let printer = format!("[printer]\naddress = \"file://{}\"\ncolumns = 48\ncode_page = \"pc858\"\n", paper.display());
    Ok(fs::write(&config, printer + &simulated[rest..])?)
}

fn row(name: &str, value: u64, unit: &str, bar: Option<u64>) -> Value {
    json!({ "name": name, "value": value, "unit": unit, "bar": bar, "ok": bar.is_none_or(|bar| value <= bar) })
}

/// Milliseconds of a page's clock; it ticks in whole ones.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time between 0 and a minute")]
fn rounded(millis: f64) -> u64 {
    millis.max(0.0).round() as u64
}

fn percentile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

/// The till's processes: itself and the two of its web engine.
fn processes(window: &TillWindow) -> Result<Vec<(i32, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        // A process may end while we look.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Some((name, rest)) = stat.split_once(") ") else { continue };
        let name = name.split_once('(').map_or("", |(_, name)| name).to_owned();
        let group = rest.split(' ').nth(2).and_then(|group| group.parse::<i32>().ok());
        let is_ours = ["barra", "WebKitWebProces", "WebKitNetworkPr"].contains(&name.as_str());
        if is_ours && group == Some(window.group) {
            found.push((pid, name));
        }
    }
    Ok(found)
}

/// Milliseconds since the window's process was spawned. The kernel counts in hundredths.
fn age_ms(window: &TillWindow) -> Result<u64> {
    let uptime = fs::read_to_string("/proc/uptime")?;
    let uptime = hundredths(uptime.split(' ').next().unwrap_or_default()).context("/proc/uptime")?;
    let till = processes(window)?.into_iter().find(|(_, name)| name == "barra").context("no till runs")?;
    let stat = fs::read_to_string(format!("/proc/{}/stat", till.0))?;
    let started = stat.split_once(") ").and_then(|(_, rest)| rest.split(' ').nth(19)?.parse::<u64>().ok());
    Ok(uptime.saturating_sub(started.context("its start time")?) * 10)
}

/// `12.34` as 1234.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 100 + part.get(..2)?.parse::<u64>().ok()?)
}

/// Memory of all its processes, shared pages counted by their share.
fn proportional_kib(window: &TillWindow) -> Result<u64> {
    let mut sum = 0;
    for (pid, name) in processes(window)? {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")).with_context(|| format!("Pss of {name}"))?;
        sum += line.trim().trim_end_matches(" kB").parse::<u64>()?;
    }
    Ok(sum)
}
