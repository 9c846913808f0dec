//! The till without a window: for scripts, for kitchens, for looking into a ledger.

use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use pos_app::commands::{CommandError, ErrorCode};
use pos_app::outside::{SystemClock, SystemEntropy};
use pos_app::{Till, app, terminal};
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest request line; anything longer is no request.
const MAX_LINE: u64 = 64 * 1024;

/// The till without a window.
#[derive(Parser)]
#[command(name = "till", version)]
struct Arguments {
    /// Where this till keeps its ledger, its key and its till.toml.
    #[arg(long, env = "BARRA_TILL_DATA")]
    data: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Makes the data directory; with a server and a code, makes it head office's till.
    Init {
        /// https://…
        #[arg(long, requires = "code")]
        server: Option<String>,
        /// The one-time code head office gave out.
        #[arg(long, requires = "server")]
        code: Option<String>,
    },
    /// Takes one JSON request per line and answers each with one line.
    Run,
    /// Looks for card terminals: which port, which protocol, how fast. No till may have the port open meanwhile.
    DetectTerminal {
        /// Only this port; all serial ports of this machine when absent.
        #[arg(long)]
        port: Option<String>,
    },
    /// Says how the till is.
    Status,
    /// Sends and fetches now.
    Sync,
    /// Recomputes every hash, makes every projection anew; exit code 1 when something does not hold.
    Verify,
    /// Writes every event as it was written, oldest first.
    Export {
        /// Where to; standard output when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // A second call finds it installed, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let Arguments { data, task } = Arguments::parse();
    let done = match task {
        Task::Init { server, code } => init(&data, server.zip(code)),
        Task::Run => run(&data),
        Task::DetectTerminal { port } => Ok(detect_terminal(port)),
        Task::Status => say(&data, "status.get"),
        Task::Sync => say(&data, "sync.run"),
        Task::Verify => prove(&data),
        Task::Export { out } => export(&data, out.as_deref()).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        let refusal = match error.downcast::<CommandError>() {
            Ok(refusal) => refusal,
            Err(error) => CommandError::new(ErrorCode::Internal, format!("{error:#}")),
        };
        eprintln!("{}", json!({ "error": refusal }));
        ExitCode::FAILURE
    })
}

/// One line for each port; exit code 1 when no terminal answers.
fn detect_terminal(port: Option<String>) -> ExitCode {
    let clock: Arc<dyn shared::time::Clock> = Arc::new(SystemClock::new());
    let ports = port.map_or_else(terminal::port::list, |port| vec![port]);
    let mut found = 0;
    for port in &ports {
        let line = match terminal::detect::detect(port, &clock) {
            Ok(Some(terminal)) => {
                found += 1;
                json!({ "port": port, "protocol": terminal.protocol, "baud": terminal.baud })
            }
            Ok(None) => json!({ "port": port, "protocol": null }),
            Err(error) => json!({ "port": port, "error": error.to_string() }),
        };
        println!("{line}");
    }
    if found > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn open(data: &Path, workers: app::Workers) -> anyhow::Result<Arc<Till>> {
    let outside = app::Outside { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    Ok(Till::open_with(data, outside, workers)?)
}

fn init(data: &Path, server: Option<(String, String)>) -> anyhow::Result<ExitCode> {
    let till = open(data, app::Workers::Off)?;
    if let Some((server_url, code)) = server {
        till.execute("device.enroll", json!({ "server_url": server_url, "code": code }))?;
        till.execute("sync.run", Value::Null)?;
    }
    println!("{}", till.execute("status.get", Value::Null)?);
    Ok(ExitCode::SUCCESS)
}

fn say(data: &Path, command: &str) -> anyhow::Result<ExitCode> {
    refuse_missing(data)?;
    let till = open(data, app::Workers::Off)?;
    println!("{}", till.execute(command, Value::Null)?);
    Ok(ExitCode::SUCCESS)
}

fn prove(data: &Path) -> anyhow::Result<ExitCode> {
    refuse_missing(data)?;
    let report = app::verify_directory(data)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(data: &Path, out: Option<&Path>) -> anyhow::Result<()> {
    refuse_missing(data)?;
    let out: Box<dyn std::io::Write> = match out {
        Some(path) => Box::new(std::fs::File::create(path).with_context(|| path.display().to_string())?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = std::io::BufWriter::new(out);
    app::export_directory(data, |line| writeln!(out, "{line}"))??;
    Ok(out.flush()?)
}

fn refuse_missing(data: &Path) -> anyhow::Result<()> {
    if !data.join(app::DATABASE).exists() {
        bail!("there is no till in {}; make one with init", data.display());
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[serde(default)]
    id: Value,
    command: String,
    #[serde(default)]
    args: Value,
}

fn run(data: &Path) -> anyhow::Result<ExitCode> {
    let till = open(data, app::Workers::On)?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            till.close();
            return Ok(ExitCode::SUCCESS);
        }
        let is_whole = line.ends_with(b"\n") || line.len() < usize::try_from(MAX_LINE)?;
        if !is_whole {
            input.skip_until(b'\n')?;
        }
        if is_whole && line.trim_ascii().is_empty() {
            continue;
        }
        let answer = if is_whole { answer(&till, &line) } else { refused("the line is too long") };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
}

/// What changed anything is durable before this returns.
fn answer(till: &Till, line: &[u8]) -> Value {
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return refused(&error.to_string()),
    };
    match till.execute(&request.command, request.args) {
        Ok(ok) => json!({ "id": request.id, "ok": ok }),
        Err(error) => json!({ "id": request.id, "error": error }),
    }
}

fn refused(why: &str) -> Value {
    let error = CommandError::new(ErrorCode::ArgumentsInvalid, format!("This is not a request: {why}."));
    json!({ "id": null, "error": error })
}
