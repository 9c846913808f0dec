//! How long a guest waits at the bar's screen: from the scanner's last key to the verdict, without head office, at a till
//! that has heard of very many tickets.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::club::Counter;
use crate::hands::Hands;
use crate::house::House;
use crate::process::output;
use crate::webdriver::Session;

/// Tickets the till has heard of.
const KNOWN: usize = 100_000;
/// Scans measured, so that the slowest of a hundred is not a single one.
const SCANS: usize = 200;
/// A hand that takes the next ticket at once.
const APART_MS: u32 = 125;

/// Passes one code after the other under a scanner that types. Each counts twice: until the page holds its verdict, and
/// until the picture with it is drawn.
const SCAN_AND_WATCH: &str = r"
    const [codes, apart, settle] = arguments;
    const shown = () => {
        const verdict = document.querySelector('[data-testid=\x22verdict\x22]');
        const code = verdict?.querySelector('[data-testid=\x22verdict-code\x22]')?.textContent;
        return code === undefined ? null : [verdict.dataset.verdict, code].join(' ');
    };
    const taken = [];
    const scan = () => {
        if (taken.length === codes.length) return settle(taken);
        const before = shown();
        const keys = [...codes[taken.length], 'Enter'];
        const last = keys.pop();
        const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        keys.forEach(press);
        const start = performance.now();
        const watcher = new MutationObserver(() => {
            if (shown() === null || shown() === before) return;
            watcher.disconnect();
            const held = performance.now() - start;
            const verdict = shown().split(' ')[0];
            requestAnimationFrame(() => setTimeout(() => {
                taken.push([held, performance.now() - start, verdict]);
                setTimeout(scan, apart - (performance.now() - start));
            }));
        });
        watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
        press(last);
    };
    scan();
";

/// Lays what was handed over elsewhere into the ledger of a till that is enrolled and not running, as that till of the same
/// company would have told; the codes to scan at it.
pub fn prepare(house: &House, bar: &Counter, seller: &Counter) -> Result<Value> {
    let mut program = Command::new(house.program("ticket-bench")?);
    program.arg("--bar").arg(&bar.dir).arg("--seller").arg(&seller.dir);
    program.args(["--known", &KNOWN.to_string(), "--scans", &SCANS.to_string()]);
    let said: Value = serde_json::from_str(output(&mut program)?.trim())?;
    Ok(said["codes"].clone())
}

/// Milliseconds from the scanner's last key to the page that holds the verdict, and to the picture with it, of each code. The
/// register is open and nothing is on the counter.
pub fn verdicts(page: &Session, codes: &Value) -> Result<Vec<(f64, f64)>> {
    let hands = Hands(page);
    hands.tap("to-redeem")?;
    hands.see("redeem-idle")?;
    let watched = page.script_until_settled(SCAN_AND_WATCH, &json!([codes, APART_MS]))?;
    let watched = watched.as_array().context("no times")?;
    ensure!(watched.len() == SCANS, "only {} scans were answered", watched.len());
    let mut taken = Vec::new();
    for (scan, one) in watched.iter().enumerate() {
        let expected = if scan % 2 == 1 { "delivered" } else { "valid" };
        ensure!(one[2] == json!(expected), "scan {scan} came to {}", one[2]);
        taken.push((one[0].as_f64().context("a time")?, one[1].as_f64().context("a time")?));
    }
    Ok(taken)
}
