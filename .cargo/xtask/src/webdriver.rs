//! A window driven from outside (W3C WebDriver): look, click, type, take a picture. Waiting is done inside the page, on
//! its own changes, not by asking again and again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::http;

/// The key names of the standard that the tasks press.
pub mod key {
    /// Confirms.
    pub const ENTER: char = '\u{E007}';
    /// Gives up.
    pub const ESCAPE: char = '\u{E00C}';
    /// Help.
    pub const F1: char = '\u{E031}';
}

/// How long the driver itself may take for anything.
const DRIVER_LIMIT: Duration = Duration::from_mins(1);

/// Settles with `true` as soon as an element matches the selector, contains the text and can be seen.
const WAIT_UNTIL_SEEN: &str = r"
    const [css, text, limit, settle] = arguments;
    const isThere = () => [...document.querySelectorAll(css)].some(
        (element) => (element.innerText ?? element.textContent).includes(text) && element.getClientRects().length > 0);
    if (isThere()) return settle(true);
    const finish = (seen) => { watcher.disconnect(); clearTimeout(timer); settle(seen); };
    const watcher = new MutationObserver(() => { if (isThere()) finish(true); });
    watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    const timer = setTimeout(() => finish(isThere()), limit);
";

/// Settles after the next picture was drawn, with all fonts there and no change of state half shown.
const WAIT_UNTIL_DRAWN: &str = r"
    const settle = arguments[0];
    document.fonts.ready
        .then(() => Promise.allSettled(document.getAnimations()
            .filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished)))
        .then(() => requestAnimationFrame(() => requestAnimationFrame(() => settle(true))));
";

/// One driven window.
pub struct Session {
    driver: String,
    path: String,
}

impl Session {
    /// Opens a window through the driver that listens at `driver`, with the standard's `alwaysMatch` capabilities.
    pub fn open(driver: &str, mut wanted: Value) -> Result<Self> {
        wanted["timeouts"] = json!({ "script": 50_000, "pageLoad": 50_000, "implicit": 0 });
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let answer = http::request(driver, "POST", "/session", None, Some(&body), DRIVER_LIMIT)?.json()?;
        let id = answer["value"]["sessionId"].as_str().with_context(|| format!("no session: {answer}"))?;
        Ok(Self { driver: driver.to_owned(), path: format!("/session/{id}") })
    }

    fn ask(&self, method: &str, what: &str, body: Option<&Value>) -> Result<Value> {
        let path = format!("{}{what}", self.path);
        let answer = http::request(&self.driver, method, &path, None, body, DRIVER_LIMIT)?;
        let mut value: Value =
            serde_json::from_str(&answer.body).with_context(|| format!("not JSON: {}", answer.body))?;
        if answer.status != 200 {
            bail!("{what}: {} ({})", value["value"]["message"], value["value"]["error"]);
        }
        Ok(value["value"].take())
    }

    fn post(&self, what: &str, body: &Value) -> Result<Value> {
        self.ask("POST", what, Some(body))
    }

    /// Loads a page.
    pub fn go(&self, url: &str) -> Result<()> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Runs a script in the page and returns what it returns.
    pub fn script(&self, script: &str, args: &Value) -> Result<Value> {
        self.post("/execute/sync", &json!({ "script": script, "args": args }))
    }

    /// Runs a script that settles by calling its last argument.
    pub fn script_until_settled(&self, script: &str, args: &Value) -> Result<Value> {
        self.post("/execute/async", &json!({ "script": script, "args": args }))
    }

    /// Waits until an element that matches `css` and contains `text` can be seen.
    pub fn see(&self, css: &str, text: &str) -> Result<()> {
        let seen = self.script_until_settled(WAIT_UNTIL_SEEN, &json!([css, text, 30_000]))?;
        if seen == json!(true) {
            return Ok(());
        }
        let shown = self.text("body").unwrap_or_default();
        bail!("no {css} with {text:?} appeared; the page shows:\n{shown}");
    }

    /// Is there such an element now?
    pub fn has(&self, css: &str) -> Result<bool> {
        Ok(self.script("return document.querySelector(arguments[0]) !== null", &json!([css]))? == json!(true))
    }

    /// The text of the first element that matches.
    pub fn text(&self, css: &str) -> Result<String> {
        let text = self.script("return document.querySelector(arguments[0])?.innerText ?? null", &json!([css]))?;
        text.as_str().map(str::to_owned).with_context(|| format!("no {css} on the page"))
    }

    /// Clicks the first element that matches, once it can be seen.
    pub fn click(&self, css: &str) -> Result<()> {
        self.see(css, "")?;
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }))?;
        let id = found.as_object().and_then(|object| object.values().next()?.as_str()).context("no element id")?;
        self.post(&format!("/element/{id}/click"), &json!({})).with_context(|| format!("clicking {css}")).map(drop)
    }

    /// Presses keys one after the other, wherever the focus is; see [`key`] for those without a letter.
    pub fn press(&self, keys: &str) -> Result<()> {
        let strokes: Vec<_> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] }))
            .map(drop)
    }

    /// Makes the page exactly this large, whatever the window around it needs.
    pub fn resize_page(&self, width: i64, height: i64) -> Result<()> {
        let (mut outer_width, mut outer_height) = (width, height);
        for _ in 0..3 {
            self.post("/window/rect", &json!({ "x": 0, "y": 0, "width": outer_width, "height": outer_height }))?;
            let inner = self.script("return [innerWidth, innerHeight]", &json!([]))?;
            let (inner_width, inner_height) = (inner[0].as_i64().unwrap_or(0), inner[1].as_i64().unwrap_or(0));
            if (inner_width, inner_height) == (width, height) {
                return Ok(());
            }
            outer_width += width - inner_width;
            outer_height += height - inner_height;
        }
        bail!("the page cannot be made {width}×{height}")
    }

    /// Saves what the window shows, once it is drawn, as a PNG.
    pub fn picture(&self, file: &Path) -> Result<()> {
        self.script_until_settled(WAIT_UNTIL_DRAWN, &json!([]))?;
        let picture = self.ask("GET", "/screenshot", None)?;
        let bytes = BASE64.decode(picture.as_str().unwrap_or_default().as_bytes())?;
        ensure!(bytes.starts_with(b"\x89PNG"), "the driver's picture is no PNG");
        fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Drop for Session {
    /// Closes the window; a driver that is gone has closed it already.
    fn drop(&mut self) {
        let _ = http::request(&self.driver, "DELETE", &self.path, None, None, Duration::from_secs(10));
    }
}
