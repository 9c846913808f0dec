//! `sync-server --data DIR | --database-url URL serve | migrate | tenant | admin | enroll | backup |
//! restore | adopt | recovered | seed | verify | openapi`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use sync_server::app::{admin, backup, check, enroll, secret, seed, verify};
use sync_server::stamp::Place;
use sync_server::store::{AdminRole, Page, Store};
use sync_server::{App, Config, Outside};

/// The head office's side of Barra.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The data directory; made when absent.
    #[arg(long, env = "BARRA_DATA", default_value = "barra-data")]
    data: PathBuf,
    /// A PostgreSQL database instead, `postgres://user@host/name`; several servers may share it.
    #[arg(long, env = "BARRA_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Where it is noted how far the databases are, to notice copies put in their place. When absent, beside the data
    /// directory; of a PostgreSQL database, in a file of its name in the directory for such things.

    #[arg(long, env = "BARRA_STAMP")]
    stamp: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers tills and head office until it is interrupted.
    Serve {
        /// Where to listen.
        #[arg(long, env = "BARRA_LISTEN", default_value_t = Config::DEFAULT_LISTEN)]
        listen: SocketAddr,
    },
    /// Brings every database up to date and ends.
    Migrate,
    /// Adds a company, or lists them.
    Tenant {
        /// Its short name; nothing lists what there is.
        slug: Option<String>,
        /// As people call it; the short name when absent.
        #[arg(long)]
        name: Option<String>,
    },
    /// Gives someone at head office a password, printed once.
    Admin {
        /// What they sign in with.
        name: String,
        /// The company's short name.
        #[arg(long, default_value = "main")]
        tenant: String,
        /// What they may do.
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
    },
    /// Mints a fresh code for a till that has not enrolled, or lists tills.
    Enroll {
        /// The register's three letters; nothing lists what there is.
        register: Option<String>,
        /// The company's short name.
        #[arg(long, default_value = "main")]
        tenant: String,
    },
    /// Copies everything while the server goes on, restores the copy elsewhere, proves it, and tells the tills.
    Backup {
        /// A file that is not there yet, or a directory (ending in `/`) that is empty or not there yet.
        to: PathBuf,
    },
    /// Restores a backup into a data directory or a PostgreSQL database that holds nothing yet, as a log of its own.
    /// Whichever of the two it was taken of.
    Restore {
        /// The file or directory `backup` wrote.
        from: PathBuf,
    },
    /// Makes databases that were moved or put back by hand a log of their own, so that they can be served.
    Adopt {
        /// Why, for those who look later.
        reason: String,
    },
    /// After a restore: waits no longer for tills that will not come, or lists them.
    Recovered {
        /// The company's short name; nothing lists who is waited for.
        tenant: Option<String>,
    },
    /// Fills in a venue to try things with, and prints what a script needs as one JSON object.
    Seed {
        /// Which.
        #[arg(value_enum)]
        venue: Demo,
    },
    /// Rehashes every event, counts everything again beside, and says what differs.
    Verify,
    /// Prints the API's description.
    Openapi,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Auditor,
    Manager,
    Admin,
}

#[derive(Clone, Copy, ValueEnum)]
enum Demo {
    ClubValdivia,
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // For a person at a terminal: what went wrong and why, on one line.
            eprintln!("sync-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut config = Config {
        data_dir: arguments.data,
        database_url: arguments.database_url,
        stamp: None,
        listen: Config::DEFAULT_LISTEN,
    };
    config.stamp = Some(match (arguments.stamp, &config.database_url) {
        (Some(stamp), _) => Place::File(stamp),
        (None, None) => Place::File(beside(&config.data_dir)),
        (None, Some(_)) => Place::Named(state_dir()),
    });
    match arguments.command {
        Command::Serve { listen } => {
            config.listen = listen;
            serve(config)
        }
        Command::Openapi => {
            let document = sync_server::api::openapi_json();
            Ok(writeln!(std::io::stdout(), "{document}")?)
        }
        Command::Restore { from } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            print_manifest(&runtime.block_on(restore(&config, &from))?);
            println!("restored; the server waits for its tills until they were heard of");
            Ok(())
        }
        command => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let store = config.open_store().await.context("cannot open the data")?;
                let done = run(&store, command, &config).await;
                store.close().await;
                done
            })
        }
    }
}

fn serve(config: Config) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = App::start(config, Outside::system())?;
    if let Some(admin) = &server.first_admin {
        println!("First administrator: {}  password: {}  (shown only now)", admin.name, admin.password);
    }
    println!("Listening on {}", server.url());
    runtime.block_on(interrupted())?;
    server.stop();
    Ok(())
}

/// `barra-data.stamp` for `barra-data`: a copy of the directory leaves it behind.
fn beside(data_dir: &Path) -> PathBuf {
    let mut name = data_dir.file_name().unwrap_or_default().to_owned();
    name.push(".stamp");
    data_dir.with_file_name(name)
}

/// Where a program of this platform keeps what is no data and must not be lost.
fn state_dir() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // systemd, where the service says `StateDirectory=`; it may name several.
    if let Some(dirs) = named("STATE_DIRECTORY") {
        return std::env::split_paths(&dirs).next().unwrap_or_default();
    }
    let home = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        named("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        named("XDG_STATE_HOME").or_else(|| named("HOME").map(|home| home.join(".local/state")))
    };
    home.unwrap_or_default().join("barra")
}

fn print_manifest(manifest: &backup::Manifest) {
    for backup::Company { tenant_id, log_id, chains, events, items } in &manifest.companies {
        println!("company {tenant_id}  log {log_id}  {chains} chains  {events} events  {items} stream items");
    }
}

async fn restore(config: &Config, from: &Path) -> Result<backup::Manifest> {
    let outside = Outside::system();
    if config.database_url.is_none() {
        return Ok(backup::restore(from, &config.data_dir, &config.stamp_place(), &outside).await?);
    }
    let store = config.open_store().await.context("cannot open the database")?;
    let restored = backup::restore_into(&store, from, &config.data_dir, &outside).await;
    store.close().await;
    Ok(restored?)
}

async fn interrupted() -> Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

async fn run(store: &Store, command: Command, config: &Config) -> Result<()> {
    let outside = Outside::system();
    match command {
        Command::Serve { .. } | Command::Openapi | Command::Restore { .. } => Ok(()),
        Command::Backup { to } => {
            let done = backup::backup(store, &to, &outside).await?;
            print_manifest(&done.manifest);
            println!("restored elsewhere and proved; {} chains' tills were told", done.told);
            Ok(())
        }
        Command::Adopt { reason } => {
            let _alone = if config.database_url.is_none() { Some(sync_server::lock(&config.data_dir)?) } else { None };
            backup::begin_anew(store, &reason, &config.stamp_place(), &outside).await?;
            println!("a log of its own; the server waits for its tills until they were heard of");
            Ok(())
        }
        Command::Recovered { tenant: None } => {
            for row in store.list_tenants().await? {
                for name in store.load_tenant(row.tenant_id).await?.read().await?.list_awaited().await? {
                    println!("{}  {name}", row.slug);
                }
            }
            Ok(())
        }
        Command::Recovered { tenant: Some(slug) } => {
            let tenant = store.find_tenant_by_slug(&slug).await?.context("there is no such company")?;
            let mut tx = store.load_tenant(tenant).await?.write().await?;
            let awaited = tx.list_awaited().await?;
            tx.insert_audit(outside.now(), "command line", "recovery.ended", slug, &awaited).await?;
            tx.end_recovery().await?;
            Ok(tx.commit().await?)
        }
        Command::Migrate => {
            for tenant in store.list_tenants().await? {
                store.load_tenant(tenant.tenant_id).await?;
                println!("{} is up to date", tenant.slug);
            }
            println!("every database is up to date");
            Ok(())
        }
        Command::Verify => verify(store, &outside).await,
        Command::Tenant { slug: None, .. } => {
            for tenant in store.list_tenants().await? {
                println!("{}  {}  {}", tenant.slug, tenant.tenant_id, tenant.name);
            }
            Ok(())
        }
        Command::Tenant { slug: Some(slug), name } => {
            let name = name.unwrap_or_else(|| slug.clone());
            let tenant = store.create_tenant(&slug, &name, outside.now(), &*outside.entropy).await?;
            println!("{slug}  {}  {name}", tenant.tenant_id);
            Ok(())
        }
        Command::Admin { name, tenant, role } => {
            let tenant = store.find_tenant_by_slug(&tenant).await?.context("there is no such company")?;
            let role = match role {
                Role::Auditor => AdminRole::Auditor,
                Role::Manager => AdminRole::Manager,
                Role::Admin => AdminRole::Admin,
            };
            let password = secret::new_password(&*outside.entropy);
            admin::put_admin(store, tenant, (&name, &password, role), &outside).await?;
            println!("{name}  password: {password}  (shown only now)");
            Ok(())
        }
        Command::Enroll { register, tenant } => enroll_till(store, register, &tenant, &outside).await,
        Command::Seed { venue: Demo::ClubValdivia } => {
            println!("{}", serde_json::to_string(&seed::club_valdivia(store, &outside).await?)?);
            Ok(())
        }
    }
}

async fn verify(store: &Store, outside: &Outside) -> Result<()> {
    let mut is_sound = true;
    for tenant in store.list_tenants().await? {
        let scratch = std::env::temp_dir().join(format!("barra-verify-{}-{}", std::process::id(), tenant.tenant_id));
        let found = verify::verify(&*store.load_tenant(tenant.tenant_id).await?, &scratch, outside).await;
        // It holds nothing that is not elsewhere.
        let _ = std::fs::remove_dir_all(&scratch);
        let found = found?;
        println!("{}: {} events in {} chains", tenant.slug, found.events, found.chains);
        for (table, here, again) in &found.tables {
            let verdict = if found.differing.contains(table) { "DIFFERS" } else { "same" };
            println!("  {table:<18} {here:>10} rows, {again:>10} counted again: {verdict}");
        }
        let items: u64 = found.streams.iter().map(|stream| stream.items).sum();
        println!("  {} streams, {items} items", found.streams.len());
        for stream in found.streams.iter().filter(|stream| stream.cut > 0) {
            let check::CheckedStream { stream, cut, items, snapshots } = stream;
            println!("    {stream}: its first {cut} items were cut off after thirty days and cannot be read again;");
            println!("      the {items} after them and {snapshots} snapshots that hold what they came to were");
        }
        println!("  What was flagged for what head office knew then is not judged again.");
        for broken in &found.broken {
            println!("  BROKEN: {broken}");
        }
        is_sound &= found.is_sound();
    }
    anyhow::ensure!(is_sound, "the ledger or what is counted from it is not as it should be");
    Ok(())
}

async fn enroll_till(store: &Store, register: Option<String>, tenant: &str, outside: &Outside) -> Result<()> {
    let tenant_id = store.find_tenant_by_slug(tenant).await?.context("there is no such company")?;
    let tenant = store.load_tenant(tenant_id).await?;
    let mut tx = tenant.write().await?;
    let registers = tx.list_registers(Page::ALL).await?.items;
    let devices = tx.list_devices().await?;
    let Some(code) = register else {
        for device in devices {
            let register = registers.iter().find(|register| register.register_id == device.register_id);
            let state = match (device.enrolled_at, device.revoked_at) {
                (_, Some(_)) => "withdrawn",
                (Some(_), None) => "enrolled",
                (None, None) => "waiting",
            };
            println!("{}  {}  {state}", register.map_or("???", |register| &register.code), device.name);
        }
        return Ok(());
    };
    let register = registers.iter().find(|register| register.code == code).context("there is no such register")?;
    let waiting = devices.iter().find(|device| {
        device.register_id == register.register_id && device.enrolled_at.is_none() && device.revoked_at.is_none()
    });
    let code = match waiting {
        Some(device) => enroll::mint_code(store, tenant_id, &mut tx, device.device_id, outside).await?,
        None => enroll::add_till(store, &tenant, &mut tx, (register.register_id, &register.name), outside).await?.1,
    };
    tx.commit().await?;
    println!("{code}  (for one till, within ten minutes)");
    Ok(())
}
