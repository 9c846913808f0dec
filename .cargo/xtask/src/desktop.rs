//! Places a window can open in without a person in front: a virtual screen for the till, a headless browser for the
//! console. Each has its own programs and its own message bus, and takes all of them with it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::process::{Running, is_installed};
use crate::stopwatch::Stopwatch;
use crate::webdriver::Session;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A port nobody listens at now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn need(program: &str) -> Result<()> {
    if is_installed(program) { Ok(()) } else { bail!("`{program}` is missing: `cargo xtask setup` installs it") }
}

/// Waits until somebody accepts connections at `address`, or `program` ends.
pub fn until_listening(address: &str, program: &Running, name: &str) -> Result<()> {
    let watch = Stopwatch::start();
    while std::net::TcpStream::connect(address).is_err() {
        if let Some(status) = program.ended_within(Duration::from_millis(20)) {
            bail!("{name} ended with {status} before it listened at {address}");
        }
        if watch.left_of(START_LIMIT).is_zero() {
            bail!("{name} does not listen at {address}");
        }
    }
    Ok(())
}

/// The till's window on a virtual screen, with the driver of its engine. Fields end in this order.
pub struct TillWindow {
    /// To look at it and use it.
    pub session: Session,
    /// Process group of the driver, the till and its web processes.
    pub group: i32,
    _driver: Running,
    _screen: Running,
}

impl TillWindow {
    /// Opens `barra --data DATA --drawing DRAWING` on a screen of this size; logs go to `logs`. The driver takes pictures of
    /// a window drawn in `layers` only.
    pub fn open(barra: &Path, data: &Path, drawing: &str, logs: &Path, width: u32, height: u32) -> Result<Self> {
        for program in ["Xvfb", "dbus-run-session", "WebKitWebDriver"] {
            need(program)?;
        }
        let mut xvfb = Command::new("Xvfb");
        xvfb.args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")]);
        let screen = Running::start("Xvfb", &mut xvfb, &logs.join("xvfb.log"))?;
        let display = screen.hear(START_LIMIT).context("Xvfb gives no display")?;

        let port = free_port()?;
        // A private bus: no accessibility or session service outlives the window. No WEBKIT_DISABLE_* variable: with
        // one, the driver's pictures never come.
        let mut driver = Command::new("dbus-run-session");
        driver
            .args(["--", "WebKitWebDriver", "--host=127.0.0.1", &format!("--port={port}")])
            .env("DISPLAY", format!(":{display}"))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY");
        let driver = Running::start("WebKitWebDriver", &mut driver, &logs.join("window.log"))?;
        let address = format!("127.0.0.1:{port}");
        until_listening(&address, &driver, "WebKitWebDriver")?;
        let options = json!({ "binary": barra, "args": ["--data", data, "--drawing", drawing] });
        let session = Session::open(&address, json!({ "webkitgtk:browserOptions": options }))?;
        Ok(Self { session, group: driver.pid(), _driver: driver, _screen: screen })
    }
}

/// A headless Chromium. Fields end in this order.
pub struct Browser {
    /// To look at pages and use them.
    pub session: Session,
    _driver: Running,
}

impl Browser {
    /// Opens one with a page of this size; logs go to `logs`.
    pub fn open(logs: &Path, width: i64, height: i64) -> Result<Self> {
        need("chromedriver")?;
        let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_installed(name));
        let chromium = chromium.context("`chromium` is missing: `cargo xtask setup` installs it")?;
        let mut driver = Command::new("chromedriver");
        let port = free_port()?;
        driver.arg(format!("--port={port}"));
        let driver = Running::start("chromedriver", &mut driver, &logs.join("chromium.log"))?;
        let address = format!("127.0.0.1:{port}");
        until_listening(&address, &driver, "chromedriver")?;
        let mut args = vec!["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
        if rustix::process::geteuid().is_root() {
            // Chromium refuses its sandbox to root; it only ever sees our own server here.
            args.push("--no-sandbox");
        }
        let binary = find_in_path(chromium);
        let session = Session::open(&address, json!({ "goog:chromeOptions": { "args": args, "binary": binary } }))?;
        session.resize_page(width, height)?;
        Ok(Self { session, _driver: driver })
    }
}

fn find_in_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(program)).find(|file| file.is_file())
}
