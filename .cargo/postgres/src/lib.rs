//! A PostgreSQL for tests and benches: started when the first one asks, gone soon after the last one ended, however it
//! ended. It listens on a Unix socket only, keeps nothing safe from a power cut, and is nobody else's.
//!
//! Several test programs at once share one: each holds a lock for as long as it lives, which the kernel lets go of even
//! when it is killed, and a guardian process waits for that.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What it needs: fast, forgetful, and room for many small servers.
const SETTINGS: &str = "listen_addresses=''
fsync=off
synchronous_commit=off
full_page_writes=off
shared_buffers=128MB
max_connections=400
max_wal_size=4GB
log_min_messages=error
";

/// Stops the cluster once nobody has used it for a few seconds. `$0` is the place, the rest is how to run `pg_ctl`.
const GUARDIAN: &str = r#"
place=$0
while :; do
  flock -x "$place/users" true
  sleep 5
  flock -n -x "$place/users" sh -c '
    place=$0
    "$@" -D "$place/data" -m immediate -s stop
    rm -rf "$place/data" "$place/socket" "$place/ready" "$place/log" "$place"/template-*
  ' "$place" "$@" && break
done
"#;

/// A running server with a socket of its own.
pub struct Cluster {
    place: PathBuf,
    bin: PathBuf,
    /// While it is open, the guardian waits.
    _users: File,
}

/// A database of one test. Dropped when the test is done with it.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

/// The cluster of this checkout, started if it does not run.
///
/// Panics when there is no PostgreSQL on this machine: what cannot be tested is not tested, and that is a failure.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().unwrap_or_else(|error| panic!("no PostgreSQL to test with: {error}")))
}

impl Cluster {
    fn start() -> io::Result<Self> {
        let bin = bin()?;
        let mut of_checkout = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut of_checkout);
        let me = fs::metadata("/proc/self")?.uid();
        let name = format!("barra-pg-{me}-{:08x}", of_checkout.finish() >> 32);
        let place = std::env::temp_dir().join(name);
        fs::create_dir_all(&place)?;
        if fs::metadata(&place)?.uid() != me {
            return Err(io::Error::other(format!("{} is somebody else's", place.display())));
        }
        fs::set_permissions(&place, fs::Permissions::from_mode(0o711))?;
        let turn = open(&place.join("turn"))?;
        turn.lock()?;
        let users = open(&place.join("users"))?;
        users.lock_shared()?;
        let cluster = Self { place, bin, _users: users };
        if !cluster.is_ready() {
            cluster.make()?;
        }
        cluster.guard()?;
        turn.unlock()?;
        Ok(cluster)
    }

    fn is_ready(&self) -> bool {
        let mut status = self.tool("pg_ctl");
        status.arg("-D").arg(self.place.join("data")).arg("status");
        self.place.join("ready").exists() && quiet(&mut status).is_ok()
    }

    fn make(&self) -> io::Result<()> {
        let (data, socket) = (self.place.join("data"), self.place.join("socket"));
        for leftover in [&data, &socket] {
            if leftover.exists() {
                fs::remove_dir_all(leftover)?;
            }
            fs::create_dir(leftover)?;
            fs::set_permissions(leftover, fs::Permissions::from_mode(0o700))?;
            if let Some((user, group)) = other_user()? {
                chown(leftover, Some(user), Some(group))?;
            }
        }
        let mut initdb = self.tool("initdb");
        initdb.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "--no-sync", "--no-instructions"]);
        quiet(initdb.args(["-E", "UTF8", "--locale=C"]))?;
        let settings = data.join("postgresql.conf");
        let socket = format!("{SETTINGS}unix_socket_directories='{}'\n", socket.display());
        fs::write(&settings, fs::read_to_string(&settings)? + &socket)?;
        let mut start = self.tool("pg_ctl");
        start.arg("-D").arg(&data).args(["-w", "-s", "-l"]).arg(data.join("log"));
        quiet(start.arg("start"))?;
        fs::write(self.place.join("ready"), "")
    }

    /// One guardian is enough; a second finds the first and ends.
    fn guard(&self) -> io::Result<()> {
        let mut guardian = Command::new("flock");
        guardian.arg("-n").arg(self.place.join("guardian")).args(["sh", "-c", GUARDIAN]).arg(&self.place);
        let pg_ctl = self.tool("pg_ctl");
        guardian.arg(pg_ctl.get_program()).args(pg_ctl.get_args());
        guardian.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Not in our group: what ends us must not end it.
        guardian.process_group(0).spawn().map(drop)
    }

    /// One of PostgreSQL's programs; it will not run as root, so then as its own user.
    fn tool(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = match other_user() {
            Ok(Some(_)) => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            _ => Command::new(program),
        };
        command.current_dir("/");
        command
    }

    /// A database like a template, which is filled by `fill` the first time it is asked for. `fill` gets its address and
    /// leaves no connection open.
    pub fn database(&'static self, template: &str, fill: impl FnOnce(&str)) -> Database {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let template = format!("template_{template}");
        let turn = open(&self.place.join("turn")).expect("a file of ours");
        turn.lock().expect("a lock of ours");
        let filled = self.place.join(format!("template-{template}"));
        if !filled.exists() {
            self.sql("postgres", &format!("DROP DATABASE IF EXISTS {template}"));
            self.sql("postgres", &format!("CREATE DATABASE {template}"));
            fill(&self.url("postgres", &template));
            fs::write(&filled, "").expect("a file of ours");
        }
        let name = format!("d{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        turn.unlock().expect("a lock of ours");
        Database { cluster: self, name }
    }

    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@localhost/{database}?host={}", self.place.join("socket").display())
    }

    /// What `psql` prints, without decoration.
    fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.arg("-h").arg(self.place.join("socket")).args(["-U", "postgres", "-d", database]);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).current_dir("/");
        quiet(&mut psql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

impl Database {
    /// Its address for whoever may do everything.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Its address for a role that may log in.
    pub fn url_of(&self, user: &str) -> String {
        self.cluster.url(user, &self.name)
    }

    /// Asks it as whoever may do everything: a row to a line, columns apart by `|`.
    pub fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    /// Asks its cluster from beside it, for what cannot be asked from within.
    pub fn outside(&self, sql: &str) -> String {
        self.cluster.sql("postgres", sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().create(true).append(true).open(path)
}

/// The user to run as instead of root.
fn other_user() -> io::Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let postgres = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut numbers = postgres.into_iter().flat_map(|rest| rest.split(':').skip(1)).map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(user), Some(group)) => Ok(Some((user, group))),
        _ => Err(io::Error::other("running as root, and there is no user postgres")),
    }
}

/// Where PostgreSQL's server programs are: `PG_BIN`, Debian's newest, or beside `psql`.
fn bin() -> io::Result<PathBuf> {
    let is_bin = |bin: &PathBuf| bin.join("initdb").exists();
    let asked = std::env::var_os("PG_BIN").map(PathBuf::from);
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = debian.into_iter().rev().map(|(_, bin)| bin);
    asked.into_iter().chain(newest).chain(std::env::split_paths(&path)).find(is_bin).ok_or_else(|| {
        io::Error::other("its server programs are not here; `cargo xtask test` installs them (Debian: postgresql)")
    })
}

/// Runs to the end without a word; what it said is the error.
fn quiet(command: &mut Command) -> io::Result<String> {
    let program = command.get_program().to_owned();
    let is_start = command.get_args().any(|argument| argument == OsStr::new("start"));
    // A server that was started keeps what it was given, and who waits for the end of a pipe would wait for the server.
    let output = if is_start {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        std::process::Output { status, stdout: Vec::new(), stderr: Vec::new() }
    } else {
        command.stdin(Stdio::null()).output()?
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{}: {}: {said}", program.display(), output.status)))
}

#[cfg(test)]
mod tests {
    use super::cluster;

    #[test]
    fn a_database_is_like_its_template_and_nobody_else_s() {
        let fill = |url: &str| assert!(url.contains("template_plain"), "{url}");
        let (one, two) = (cluster().database("plain", fill), cluster().database("plain", |_| panic!("filled twice")));
        one.sql("CREATE TABLE here (n bigint); INSERT INTO here VALUES (7)");
        assert_eq!(one.sql("SELECT n, 'a' FROM here"), "7|a");
        assert_eq!(two.sql("SELECT count(*) FROM pg_class WHERE relname = 'here'"), "0");
        assert!(one.url_of("someone").starts_with("postgres://someone@localhost/d"));
    }
}
