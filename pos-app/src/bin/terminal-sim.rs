//! A simulated card terminal on a pseudo-terminal. Its first line names the port; then one line per sale, until standard
//! input closes or SIGTERM comes. Lines on standard input: `plug` puts a pulled cable back, `charges` lists what was charged,
//! `paper` what it printed because the till asked for it; `set-back` is somebody at its keypad who ends that it stands alone.

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    unix::main()
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("terminal-sim needs pseudo-terminals, which only Unix has")
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead as _, Write as _};
    use std::path::PathBuf;
    use std::sync::Arc;

    use anyhow::Context as _;
    use clap::{Parser, ValueEnum};
    use jiff::tz::TimeZone;
    use pos_app::outside::SystemClock;
    use pos_app::terminal::simulated::{Plug, Protocol, Script, SimulatedTerminal};
    use serde_json::json;
    use tokio::signal::unix::{SignalKind, signal};

    /// A simulated card terminal.
    #[derive(Parser)]
    struct Arguments {
        /// What it speaks.
        #[arg(long, value_enum, default_value_t = Speaks::Transbank)]
        protocol: Speaks,
        /// A symbolic link to keep pointing at the present cable.
        #[arg(long)]
        link: Option<PathBuf>,
        /// One line per sale; the last line again and again.
        #[arg(long, conflicts_with = "approve_all")]
        script: Option<PathBuf>,
        /// Everybody pays. This is what it does without a script.
        #[arg(long)]
        approve_all: bool,
        /// Where it stands, as `America/Santiago`: its clock shows the time there.
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        /// Milliseconds between an acknowledgement and what follows it.
        #[arg(long, default_value_t = 20)]
        think_ms: u64,
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Speaks {
        /// On a serial line.
        Transbank,
        /// On a serial line.
        Zvt,
        /// Over TCP.
        ZvtTcp,
        /// On a serial line.
        Getnet,
    }

    impl From<Speaks> for Protocol {
        fn from(speaks: Speaks) -> Self {
            match speaks {
                Speaks::Transbank => Self::Transbank,
                Speaks::Zvt => Self::Zvt,
                Speaks::ZvtTcp => Self::ZvtTcp,
                Speaks::Getnet => Self::Getnet,
            }
        }
    }

    pub(super) fn main() -> anyhow::Result<()> {
        let arguments = Arguments::parse();
        let script = match &arguments.script {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
                Script::parse(&text).with_context(|| format!("reading {}", path.display()))?
            }
            None => Script::approve_all(),
        };
        let time_zone = TimeZone::get(&arguments.time_zone)
            .with_context(|| format!("{} is no time zone known here", arguments.time_zone))?;
        let plug = Plug { link: arguments.link, cut: None, replug_ms: None };
        let terminal = Arc::new(SimulatedTerminal::speaking(
            arguments.protocol.into(),
            script.thinking(arguments.think_ms).at_home_in(time_zone),
            plug,
            Arc::new(SystemClock::new()),
        )?);
        say(&json!({ "port": terminal.path(), "link": terminal.port(), "simulated": true }))?;
        tell_sales(terminal.clone())?;
        wait_for_the_end(terminal.clone())?;
        // Whoever started it may be gone, and nobody reads any more.
        drop(tell_charges(&terminal));
        // The thread that tells sales may hold the terminal still: the link must not outlive the cable.
        terminal.unlink();
        Ok(())
    }

    /// What was really charged, whatever anybody believes.
    fn tell_charges(terminal: &SimulatedTerminal) -> std::io::Result<()> {
        let charges = terminal.charges();
        let lines: Vec<_> = charges
            .iter()
            .map(|charge| {
                json!({
                    "ticket": charge.ticket,
                    "amount_minor": charge.amount,
                    "operation": charge.operation,
                    "authorisation": charge.authorisation,
                    "stand_alone": charge.is_stand_alone,
                })
            })
            .collect();
        let total: i64 = charges.iter().map(|charge| charge.amount).sum();
        say(&json!({ "charges": lines, "charged_minor": total }))
    }

    fn tell_sales(terminal: Arc<SimulatedTerminal>) -> anyhow::Result<()> {
        std::thread::Builder::new().name("told".into()).spawn(move || {
            while let Some((told, said_at)) = terminal.next_told() {
                let line = json!({
                    "ticket": told.ticket,
                    "amount_minor": told.amount,
                    "outcome": told.outcome,
                    "code": told.code,
                    "charged": told.is_charged,
                    "said_at_ms": said_at.as_millis(),
                });
                if say(&line).is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// Standard input closes, or somebody asks politely. Until then it does what standard input says.
    fn wait_for_the_end(terminal: Arc<SimulatedTerminal>) -> anyhow::Result<()> {
        let (closed, closing) = tokio::sync::oneshot::channel::<()>();
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                match line.trim() {
                    "" => {}
                    "plug" => terminal.plug_in(),
                    "charges" => drop(tell_charges(&terminal)),
                    "paper" => {
                        drop(say(&json!({ "paper": terminal.paper(), "stands_alone": terminal.stands_alone() })));
                    }
                    "set-back" => terminal.set_back(),
                    other => eprintln!("not understood: {other:?}"),
                }
            }
            drop(closed);
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = closing => {}
            }
            Ok(())
        })
    }

    fn say(line: &serde_json::Value) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }
}
