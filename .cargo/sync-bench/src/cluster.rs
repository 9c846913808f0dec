//! A PostgreSQL of our own for as long as we measure, as durable as one that is kept: on a Unix socket, so that it
//! meets nobody.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::after::After;

pub(crate) struct Cluster {
    programs: PathBuf,
    dir: PathBuf,
    _after: After,
}

impl Cluster {
    /// Starts one; `None` when this machine has no PostgreSQL.
    pub(crate) fn start() -> Result<Option<Self>> {
        let Some(programs) = programs() else {
            eprintln!("there is no PostgreSQL on this machine: its figures are left out");
            return Ok(None);
        };
        // The database refuses to run as root, and its user must reach the directory.
        let dir = std::env::temp_dir().join(format!("barra-bench-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        let stop = "\"$1\" -u postgres -- \"$2\" -D \"$3/data\" -s -m immediate stop || \"$2\" -D \"$3/data\" -s -m immediate stop; rm -rf -- \"$3\"";
        let after = After::run(stop, &["runuser", &text(&programs.join("pg_ctl")), &text(&dir)])?;
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&dir).status()?;
            ensure!(owned.success(), "{} cannot be given away", dir.display());
        }
        let cluster = Self { programs, dir, _after: after };
        let data = text(&cluster.dir.join("data"));
        cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"])?;
        let options = format!("-k {} -c listen_addresses='' -c max_connections=100", cluster.dir.display());
        let log = text(&cluster.dir.join("log"));
        cluster.run("pg_ctl", &["-D", &data, "-w", "-s", "-l", &log, "-o", &options, "start"])?;
        Ok(Some(cluster))
    }

    /// A fresh database.
    pub(crate) fn url(&self, name: &str) -> Result<String> {
        let socket = text(&self.dir);
        self.run("createdb", &["-h", &socket, "-U", "postgres", name])?;
        Ok(format!("postgres://postgres@localhost/{name}?host={}", socket.replace('/', "%2F")))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let done =
            command.args(arguments).current_dir(&self.dir).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        ensure!(done.success(), "{} failed", program.display());
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}

/// `PG_BIN`, then where Debian keeps them, newest first.
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BIN").map(PathBuf::from);
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    named.into_iter().chain(installed.into_iter().rev()).find(|bin| bin.join("initdb").is_file())
}
