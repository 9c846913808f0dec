//! What a machine needs: says what is missing, then installs it. Debian and Ubuntu; elsewhere it only says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use crate::house::House;
use crate::process::{is_installed, output, run};

/// To compile at all: SQLite, zstd and ring bring C.
const COMPILER: &[&str] = &["gcc", "libc6-dev", "make", "pkg-config"];
/// To build the till's window.
const WINDOW: &[&str] = &["libwebkit2gtk-4.1-dev", "fonts-dejavu-core"];
/// To drive the window and the console without a person.
const ROBOTS: &[&str] = &["webkit2gtk-driver", "xvfb", "dbus", "chromium", "chromium-driver"];

/// For the vendor's libraries, which the simulated terminals are tested with.
const PYTHON: &[&str] = &["python3", "python3-venv"];
/// The server is tested on both its databases; each run starts one of its own and ends it.
const DATABASE: &[&str] = &["postgresql"];

/// What a task is about to need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A compiler; no display, no web engine.
    Programs,
    /// The window too.
    Window,
    /// And everything the end-to-end tests drive.
    Robots,
}

/// Installs what is missing for `need`.
pub fn system(need: Need) -> Result<()> {
    let mut wanted = COMPILER.to_vec();
    if need >= Need::Window {
        wanted.extend(WINDOW);
    }
    if need >= Need::Robots {
        wanted.extend(DATABASE);
        wanted.extend(PYTHON);
        wanted.extend(ROBOTS);
    }
    if !is_installed("dpkg-query") {
        println!("Not a Debian or Ubuntu system. Please see that these, or what they are called here, are installed:");
        println!("  {}", wanted.join(" "));
        return Ok(());
    }
    let missing: Vec<_> = wanted.into_iter().filter(|package| !has_package(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing on this machine, to be installed with apt-get now: {}", missing.join(" "));
    apt(&["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing);
    // Another apt-get or a hiccup of the mirror; once more, then it is an error.
    apt(&install).or_else(|_| apt(&install))
}

fn has_package(name: &str) -> bool {
    let status = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", name]).stderr(Stdio::null()).output();
    status.is_ok_and(|answer| answer.stdout == b"installed")
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("apt-get")
    } else if is_installed("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    } else {
        bail!("neither root nor sudo: please run `apt-get {}` as root, then try again", arguments.join(" "));
    };
    run(command.args(["-q", "-o", "DPkg::Lock::Timeout=120"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Installs the packages of a web folder when its lock file changed since the last time.
pub fn npm_packages(folder: &Path) -> Result<()> {
    need_node()?;
    let lock = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("Installing the packages of {} (npm ci, no install scripts)", folder.display());
    npm(folder, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// Runs an npm script of a web folder.
pub fn npm_run(folder: &Path, script: &str) -> Result<()> {
    npm(folder, &["run", "--silent", script])
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    run(Command::new("npm").args(arguments).current_dir(folder))
}

fn need_node() -> Result<()> {
    ensure!(
        is_installed("node") && is_installed("npm"),
        "Node.js 20.19 or newer with npm is needed: https://nodejs.org"
    );
    let version = output(Command::new("node").arg("--version"))?;
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    ensure!(found >= (20, 19), "Node.js 20.19 or newer is needed; this is {}", version.trim());
    Ok(())
}

/// Builds the screens of the till and of the console, because cargo embeds what is there. Those that are newer than
/// everything they are made of stay: a page written again has cargo link the window again, which takes minutes.
pub fn build_screens(house: &House) -> Result<()> {
    for folder in house.web_folders() {
        npm_packages(&folder)?;
        if !are_screens_newest(&folder, &house.root().join("shared/ui"))? {
            npm_run(&folder, "build")?;
        }
    }
    Ok(())
}

/// Nothing in `folder` or `values` was written, added or removed since its screens were built.
fn are_screens_newest(folder: &Path, values: &Path) -> Result<bool> {
    // Cargo puts a page there that says that nothing was built; it has no assets.
    if !folder.join("dist/assets").exists() {
        return Ok(false);
    }
    let built = fs::metadata(folder.join("dist/index.html"))?.modified()?;
    let mut left = vec![folder.to_owned(), values.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            if ["node_modules", "dist"].iter().any(|made| entry.file_name() == *made) {
                continue;
            }
            let about = entry.metadata()?;
            if about.modified()? > built {
                return Ok(false);
            }
            if about.is_dir() {
                left.push(entry.path());
            }
        }
    }
    Ok(true)
}
