//! The head office's side: what tills push and pull, and what people at head office look at and decide.
//!
//! - [`store`] the only room that knows SQL · [`app`] what the server does, by the verb · [`api`] HTTP
//! - [`outside`] the one clock and the one source of randomness · [`config`] where the data is, where to listen
//!
//! Absent on purpose: TLS (a proxy's task) and any way to change or delete what a till wrote.

pub mod api;
pub mod app;
pub mod bell;
pub mod config;
mod gate;
pub mod metrics;
pub mod outside;
pub mod stamp;
pub mod store;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::watch;

pub use config::Config;
pub use outside::Outside;

use app::admin::AdminError;
use store::{AdminRole, Store, StoreError};

/// How much of what it sent and we refused we keep for one device.
const INTAKE_QUOTA_BYTES: i64 = 64 * 1024 * 1024;

/// How long those who are being answered may hold up the end. What was not committed is as if it had not been asked.
const STOP_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first administrator could not be made.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Nobody can listen there.
    #[error("cannot listen on {addr}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another server answers from this directory; its bells and limits would not know of ours.
    #[error("another server is running on this data directory")]
    InUse,
    /// The databases are not the ones that were served here.
    #[error(
        "{0}. If that was meant, make it a log of its own: `sync-server restore` does it for a backup, \
         `sync-server adopt` for databases that were moved or put back by hand"
    )]
    Stamp(#[from] stamp::StampError),
    /// No threads to run on.
    #[error("cannot start its threads")]
    Threads(#[source] std::io::Error),
}

/// What every handler shares.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) outside: Outside,
    pub(crate) metrics: metrics::Metrics,
    pub(crate) bells: bell::Bells,
    pub(crate) limits: api::Limits,
    pub(crate) groups: app::push::Groups,
    pub(crate) desk: app::redeem::Desk,
    pub(crate) snapshots: app::snapshot::Builder,
    /// How many tills were not heard of since the databases were restored.
    pub(crate) awaited: AtomicU64,
    pub(crate) gate: gate::Gate,
    /// Turns true when the server stops, so that open streams end.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// The first administrator of a fresh data directory. Their password is shown once and kept nowhere.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// What to sign in with.
    pub name: String,
    /// And how.
    pub password: String,
}

/// The server.
pub struct App;

/// A server that answers. Stops when told to, or when dropped.
pub struct RunningServer {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Set when the data directory was fresh.
    pub first_admin: Option<FirstAdmin>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl App {
    /// Starts the server on threads of its own and returns once it listens.
    ///
    /// A fresh data directory gets a company and an administrator, so that there is nothing to configure.
    pub fn start(config: Config, outside: Outside) -> Result<RunningServer, StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sync-server")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let (started_tx, started_rx) = std::sync::mpsc::channel();
        let (stop, stopping) = watch::channel(false);
        let thread = std::thread::Builder::new()
            .name("sync-server".to_owned())
            .spawn(move || runtime.block_on(run(config, outside, stopping, &started_tx)))
            .map_err(StartError::Threads)?;
        let (addr, first_admin) = started_rx.recv().unwrap_or_else(|_| {
            Err(StartError::Threads(std::io::Error::other("the server ended before it listened")))
        })?;
        Ok(RunningServer { addr, first_admin, stop, thread: Some(thread) })
    }
}

impl RunningServer {
    /// `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Answers what is being asked, writes everything out, and ends.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported by itself already.
            let _ = thread.join();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.end();
    }
}

type Started = Result<(SocketAddr, Option<FirstAdmin>), StartError>;

async fn run(
    config: Config,
    outside: Outside,
    mut stopping: watch::Receiver<bool>,
    started: &std::sync::mpsc::Sender<Started>,
) {
    // Whoever started us and is gone meanwhile does not mind.
    let tell = |news: Started| drop(started.send(news));
    let Prepared { store, first_admin, listener, lock } = match prepare(&config, &outside).await {
        Ok(prepared) => prepared,
        Err(error) => return tell(Err(error)),
    };
    let addr = listener.local_addr().unwrap_or(config.listen);
    let inner = Arc::new(Inner {
        store,
        outside,
        metrics: metrics::Metrics::default(),
        bells: bell::Bells::default(),
        limits: api::Limits::default(),
        groups: app::push::Groups::default(),
        desk: app::redeem::Desk::default(),
        snapshots: app::snapshot::Builder::default(),
        awaited: AtomicU64::new(0),
        gate: gate::Gate::default(),
        stopping: stopping.clone(),
    });
    app::upkeep::count_awaited(&inner).await;
    let watching = tokio::spawn(bell::watch(Arc::clone(&inner)));
    let keeping = tokio::spawn(app::upkeep::keep_up(Arc::clone(&inner), config.stamp_place()));
    let service = api::router(Arc::clone(&inner)).into_make_service_with_connect_info::<SocketAddr>();
    tell(Ok((addr, first_admin)));
    let mut until_late = stopping.clone();
    let told_to_stop = async move {
        // Dropped without a word also means stop.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let too_late = async move {
        let _ = until_late.wait_for(|stop| *stop).await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    tokio::select! {
        served = axum::serve(listener, service).with_graceful_shutdown(told_to_stop) => {
            if let Err(error) = served {
                tracing::error!(%error, "the server stopped listening");
            }
        }
        () = too_late => tracing::warn!("stopped while somebody was still half-way through a request"),
    }
    watching.abort();
    keeping.abort();
    // Who was half-way through a beat has to be gone before the last one.
    let _ = keeping.await;
    if let Err(error) = stamp::beat(&inner.store, &config.stamp_place(), inner.outside.random()).await {
        tracing::warn!(%error, "could not note how far the databases are");
    }
    inner.store.close().await;
    drop(lock);
}

struct Prepared {
    store: Store,
    first_admin: Option<FirstAdmin>,
    listener: TcpListener,
    lock: Option<File>,
}

async fn prepare(config: &Config, outside: &Outside) -> Result<Prepared, StartError> {
    let store = config.open_store().await?;
    // Servers share a database; files have one.
    let lock = if config.database_url.is_some() { None } else { Some(lock(&config.data_dir)?) };
    // Every company's file is brought up to date before the first request, not during it.
    let tenants = store.list_tenants().await?;
    for tenant in &tenants {
        let tenant = store.load_tenant(tenant.tenant_id).await?;
        // What an older program kept aside, this one may understand.
        let replayed = app::replay::replay(&tenant, outside.now()).await?;
        if replayed != app::replay::Replayed::default() {
            let app::replay::Replayed { counted, aside } = replayed;
            tracing::info!(tenant = %tenant.tenant_id, counted, aside, "events kept aside were looked at again");
        }
    }
    let first_admin = if tenants.is_empty() { first_tenant(&store, outside).await? } else { None };
    check_stamp(config, &store).await?;
    config.stamp_place().prepare()?;
    stamp::beat(&store, &config.stamp_place(), outside.random()).await?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|source| StartError::Listen { addr: config.listen, source })?;
    Ok(Prepared { store, first_admin, listener, lock })
}

/// Whether the databases are the ones that were served here, as they were left.
async fn check_stamp(config: &Config, store: &Store) -> Result<(), stamp::StampError> {
    let (found, place) = (stamp::Found::ask(store).await?, config.stamp_place());
    let keeper = if config.database_url.is_some() { stamp::Keeper::Together } else { stamp::Keeper::Alone };
    stamp::compare(&found, found.read_note(&place)?.as_ref(), keeper, &place)
}

/// Keeps every server off these files for as long as it is held.
pub fn lock(data_dir: &std::path::Path) -> Result<File, StartError> {
    let lock = File::create(data_dir.join("server.lock")).map_err(StoreError::Io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse),
        Err(TryLockError::Error(error)) => Err(StoreError::Io(error).into()),
    }
}

/// `None` when another server of the same database was first.
async fn first_tenant(store: &Store, outside: &Outside) -> Result<Option<FirstAdmin>, StartError> {
    let tenant = match store.create_tenant("main", "Barra", outside.now(), &*outside.entropy).await {
        Ok(tenant) => tenant,
        Err(StoreError::Taken(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (name, password) = ("admin".to_owned(), app::secret::new_password(&*outside.entropy));
    app::admin::put_admin(store, tenant.tenant_id, (&name, &password, AdminRole::Admin), outside).await?;
    Ok(Some(FirstAdmin { name, password }))
}
