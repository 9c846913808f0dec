//! A cashier's hands at the till's window: what they press, by the names the screens give their parts.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::webdriver::Session;

/// Hands at a window.
pub struct Hands<'a>(pub &'a Session);

/// The part of the screens with this name.
pub fn part(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Hands<'_> {
    /// Presses a part with the finger.
    pub fn tap(&self, name: &str) -> Result<()> {
        self.0.click(&part(name))
    }

    /// Waits until a part can be seen.
    pub fn see(&self, name: &str) -> Result<()> {
        self.0.see(&part(name), "")
    }

    /// Waits until a part says something else than `before`.
    pub fn see_change(&self, name: &str, before: &str) -> Result<()> {
        let script = r"
            const [css, before, settle] = arguments;
            const hasChanged = () => (document.querySelector(css)?.innerText ?? before) !== before;
            if (hasChanged()) return settle(true);
            const finish = (changed) => { watcher.disconnect(); clearTimeout(timer); settle(changed); };
            const watcher = new MutationObserver(() => { if (hasChanged()) finish(true); });
            watcher.observe(document, { subtree: true, childList: true, characterData: true });
            const timer = setTimeout(() => finish(false), 20_000);
        ";
        let changed = self.0.script_until_settled(script, &json!([part(name), before]))?;
        ensure!(changed == json!(true), "{name} still says {before:?}");
        Ok(())
    }

    /// What a part says.
    pub fn read(&self, name: &str) -> Result<String> {
        self.0.text(&part(name))
    }

    /// Types a number on the pad. Not on the keyboard: so many keys at once would be a scanner's.
    pub fn type_on_pad(&self, number: i64) -> Result<()> {
        number.to_string().chars().try_for_each(|digit| self.tap(&format!("digit-{digit}")))
    }

    /// Waits until a part shows an amount, minor units.
    pub fn see_amount(&self, name: &str, minor: i64) -> Result<()> {
        let part = part(name);
        self.0.see(&format!("{part}[data-minor=\"{minor}\"], {part} [data-minor=\"{minor}\"]"), "")
    }

    /// The amount a part shows, minor units.
    pub fn amount(&self, name: &str) -> Result<i64> {
        let script = "const part = document.querySelector(arguments[0]);\
            return Number((part?.matches('[data-minor]') ? part : part?.querySelector('[data-minor]'))?.dataset.minor)";
        self.0.script(script, &json!([part(name)]))?.as_i64().with_context(|| format!("{name} shows no amount"))
    }

    /// Signs somebody in.
    pub fn sign_in(&self, person: (&str, &str)) -> Result<()> {
        self.tap(&format!("person-{}", person.0))?;
        for digit in person.1.chars() {
            self.tap(&format!("pin-{digit}"))?;
        }
        self.tap("pin-enter")
    }

    /// Puts one of each of these products on the sale.
    pub fn add(&self, skus: &[String]) -> Result<()> {
        for sku in skus {
            self.tap(&format!("tile-{sku}"))?;
            self.see(&format!("line-{sku}"))?;
        }
        Ok(())
    }

    /// The products of the tab that is open, as far as they are on screen.
    pub fn products(&self) -> Result<Vec<String>> {
        let script =
            "return [...document.querySelectorAll('[data-testid^=\"tile-\"]')].map((t) => t.dataset.testid.slice(5))";
        let list = self.0.script(script, &json!([]))?;
        Ok(list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Passes a code under a scanner that types, with no care for where the focus is. All keys at once, made in the page:
    /// the driver's own keys come one by one, on a busy machine too slowly for a scanner.
    pub fn scan(&self, code: &str) -> Result<()> {
        let script = "for (const key of [...arguments[0], 'Enter'])\
            (document.activeElement ?? document.body).dispatchEvent(\
                new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))";
        self.0.script(script, &json!([code])).map(drop)
    }
}
