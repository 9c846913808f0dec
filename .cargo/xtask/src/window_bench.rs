//! How the real window feels: from the start to the first screen, from a press to what it answers, and what it holds of
//! the machine's memory. The window is the released one; what stands around it is not measured and built as always.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::club::{Club, Counter};
use crate::desktop::TillWindow;
use crate::hands::Hands;
use crate::house::House;
use crate::process::run;
use crate::scan_bench;
use crate::setup::{self, Need};
use crate::stopwatch::Stopwatch;
use crate::suite;
use crate::till::int;
use crate::webdriver::Session;

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

/// Card sales measured, each for one product.
const CARD_SALES: usize = 20;
/// How long a card sale may take at the terminal.
const TERMINAL_LIMIT: Duration = Duration::from_mins(1);

/// Charges the card and says, by the machine's clock, when the page held the approval and when its picture was drawn.
const CHARGE_AND_WATCH: &str = r"
    const [settle] = arguments;
    const approved = '[data-testid=\x22card-stage\x22][data-state=\x22approved\x22], [data-testid=\x22change-screen\x22]';
    const watcher = new MutationObserver(() => {
        if (document.querySelector(approved) === null) return;
        watcher.disconnect();
        const held = Date.now();
        requestAnimationFrame(() => setTimeout(() => settle([held, Date.now()])));
    });
    watcher.observe(document, { subtree: true, childList: true, attributes: true });
    document.querySelector('[data-testid=\x22charge-card\x22]').click();
";

/// Milliseconds from the approval's first byte on the wire to the page that holds it, and to the picture with it, of so
/// many card sales. The register is open, nothing is on the counter, and everybody pays.
pub fn approvals(page: &Session, counter: &Counter, sales: usize) -> Result<Vec<(u64, u64)>> {
    let hands = Hands(page);
    let products = hands.products()?;
    let mut taken = Vec::new();
    for _ in 0..sales {
        hands.add(&products[..1])?;
        hands.tap("pay")?;
        hands.tap("tender-card")?;
        hands.see("charge-card")?;
        let seen = page.script_until_settled(CHARGE_AND_WATCH, &json!([]))?;
        let said = int(&counter.next_card_sale(TERMINAL_LIMIT)?, "/said_at_ms")?;
        let after = |place: usize| {
            let at = seen[place].as_i64().context("the page names no time")?;
            u64::try_from(at - said).context("the page knew it before the terminal said so")
        };
        taken.push((after(0)?, after(1)?));
        hands.tap("next-sale")?;
        hands.see("cart-empty")?;
    }
    Ok(taken)
}

/// Measures a window on the demo's catalogue.
pub fn measure(house: &House) -> Result<Value> {
    setup::system(Need::Robots)?;
    setup::build_screens(house)?;
    suite::build_programs(house, &["pos-app", "sync-server"])?;
    let mut club = Club::open(house, &house.fresh_folder("bench-window")?)?;
    club.start_server()?;
    let codes = club.register_codes();
    let [at_the_bar, elsewhere, ..] = codes.as_slice() else { bail!("the club has fewer than two registers") };
    let seller = club.equip(elsewhere, "approve")?;
    let counter = club.equip(at_the_bar, "approve")?;
    let tickets = scan_bench::prepare(house, &counter, &seller)?;
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
    let (held, shown): (Vec<u64>, Vec<u64>) = approvals(&window.session, &counter, CARD_SALES)?.into_iter().unzip();
    let memory_kib = proportional_kib(&window)?;
    club.stop_server();
    let verdicts = scan_bench::verdicts(&window.session, &tickets)?;
    drop(window);
    let (judged, pictured): (Vec<u64>, Vec<u64>) =
        verdicts.into_iter().map(|(held, drawn)| (rounded(held), rounded(drawn))).unzip();
    let sign_ins: Vec<u64> =
        sign_ins.iter().map(|it: &std::time::Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)).collect();
    Ok(json!({ "bench": "window", "rows": [
        row("spawn_to_first_screen", percentile(&starts, 50), "ms", Some(1_500)),
        row("sign_in_to_sell_screen", percentile(&sign_ins, 50), "ms", None),
        row("press_to_answer_p50", percentile(&answered, 50), "ms", None),
        row("press_to_answer_p95", percentile(&answered, 95), "ms", Some(50)),
        row("press_to_picture_p50", percentile(&drawn, 50), "ms", None),
        row("press_to_picture_p95", percentile(&drawn, 95), "ms", Some(50)),
        row("approval_to_screen_p50", percentile(&held, 50), "ms", None),
        row("approval_to_screen_p95", percentile(&held, 95), "ms", Some(150)),
        row("approval_to_picture_p95", percentile(&shown, 95), "ms", None),
        row("scan_to_verdict_p50", percentile(&judged, 50), "ms", None),
        row("scan_to_verdict_p99", percentile(&judged, 99), "ms", Some(50)),
        row("scan_to_picture_p99", percentile(&pictured, 99), "ms", Some(50)),
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
