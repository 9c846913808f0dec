//! What `tauri.conf.json` must never grow: a hole in the wall between the screens and the rest of the machine.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::house::House;

/// Everything the screens may ask of the window. A new line here deserves a second pair of eyes.
const PERMISSIONS: &[&str] = &["allow-command", "core:event:allow-listen", "core:event:allow-unlisten"];

/// Checks the file.
pub fn check(house: &House) -> Result<()> {
    let text = fs::read_to_string(house.root().join("tauri.conf.json"))?;
    let faults = faults(&serde_json::from_str(&text).context("tauri.conf.json")?);
    if faults.is_empty() { Ok(()) } else { bail!("tauri.conf.json:\n  {}", faults.join("\n  ")) }
}

/// What is wrong with a configuration, one sentence each.
pub fn faults(config: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk(config, "", &mut faults);
    let security = &config["app"]["security"];
    let csp = security["csp"].as_str().unwrap_or_default();
    for directive in ["default-src 'none'", "script-src 'self'", "object-src 'none'", "base-uri 'none'"] {
        if !csp.split(';').any(|part| part.trim() == directive) {
            faults.push(format!("the content security policy lacks `{directive}`"));
        }
    }
    for word in ["unsafe-inline", "unsafe-eval", "wasm-unsafe-eval", "*", "https:", "http:"] {
        let is_in =
            |source: &str| source.trim_matches('\'') == word || (word.ends_with(':') && source.starts_with(word));
        // The engine's own bridge, not a network address.
        let sources = csp.split([' ', ';']).filter(|source| *source != "http://ipc.localhost");
        if sources.into_iter().any(is_in) {
            faults.push(format!("the content security policy allows `{word}`"));
        }
    }
    if security["freezePrototype"] != Value::Bool(true) {
        faults.push("freezePrototype is off".to_owned());
    }
    if config["app"]["withGlobalTauri"] == Value::Bool(true) {
        faults.push("withGlobalTauri hands the bridge to every script".to_owned());
    }
    for capability in security["capabilities"].as_array().into_iter().flatten() {
        if !capability["remote"].is_null() {
            faults.push("a capability is open to remote pages".to_owned());
        }
        for permission in capability["permissions"].as_array().into_iter().flatten() {
            if !permission.as_str().is_some_and(|name| PERMISSIONS.contains(&name)) {
                faults.push(format!("permission {permission} is not one the screens need"));
            }
        }
        for window in capability["windows"].as_array().into_iter().flatten() {
            if window.as_str().is_none_or(|name| name.contains('*')) {
                faults.push(format!("a capability for windows {window}"));
            }
        }
    }
    faults
}

fn walk(value: &Value, place: &str, faults: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name.starts_with("dangerous") {
                    faults.push(format!("{place}/{name} is what it says"));
                }
                walk(field, &format!("{place}/{name}"), faults);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, place, faults)),
        Value::String(text) if text.starts_with("http:") && place != "/build/devUrl" => {
            faults.push(format!("{place} is an unprotected address"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::faults;

    fn ours() -> Value {
        serde_json::from_str(include_str!("../../../tauri.conf.json")).expect("JSON")
    }

    #[test]
    fn our_window_keeps_the_rules() {
        assert_eq!(faults(&ours()), Vec::<String>::new());
    }

    #[test]
    fn every_hole_is_seen() {
        let sources = |more: &str| {
            let csp = format!("default-src 'none'; script-src 'self'{more}; object-src 'none'; base-uri 'none'");
            json!({ "app": { "security": { "csp": csp } } })
        };
        let holes = [
            json!({ "app": { "security": { "dangerousDisableAssetCspModification": true } } }),
            sources(" 'unsafe-inline'"),
            sources("; connect-src https://example.com"),
            json!({ "app": { "security": { "csp": null } } }),
            json!({ "app": { "security": { "freezePrototype": false } } }),
            json!({ "app": { "withGlobalTauri": true } }),
            json!({ "app": { "security": { "capabilities": [{ "permissions": ["core:default"] }] } } }),
            json!({ "app": { "security": { "capabilities": [{ "remote": { "urls": ["https://example.com"] } }] } } }),
        ];
        for hole in &holes {
            let mut config = ours();
            overlay(&mut config, hole);
            assert!(!faults(&config).is_empty(), "{config}");
        }
    }

    fn overlay(config: &mut Value, over: &Value) {
        match (config, over) {
            (Value::Object(fields), Value::Object(over)) => {
                for (name, value) in over {
                    overlay(fields.entry(name).or_insert(Value::Null), value);
                }
            }
            (config, over) => *config = over.clone(),
        }
    }
}
