//! When to sync: soon after every commit, now and then when nothing happens, and by itself after a failure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::ids::Entropy;
use shared::sync::backoff::Backoff;
use shared::sync::outbox::Limits;
use shared::time::{Clock, Timestamp};
use tokio::sync::{Notify, mpsc as queue};
use tokio::time::timeout;

use super::client::{HttpPeer, PeerError, SyncPeer};
use super::exchange::{Exchange, Gained, SyncError};
use crate::commands::types::{ServerHealth, ServerState, SyncReport};
use crate::config::SyncConfig;
use crate::identity::Identity;
use crate::ledger::{Ledger, LedgerError, outbox};

/// Commits this close together travel together.
const COALESCE: Duration = Duration::from_millis(200);
/// The longest a server's `Retry-After` is heeded.
const MOST_ASKED: Duration = Duration::from_mins(10);

/// What the worker tells unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// How the server is may have changed.
    Health,
    /// Products, people or places changed.
    Catalog,
    /// Other tills handed something over.
    Venue,
}

type Tell = Arc<dyn Fn(News) + Send + Sync>;
type Answer = mpsc::SyncSender<Result<SyncReport, Arc<SyncError>>>;

/// How the last exchanges went.
#[derive(Clone, Debug, Default)]
struct Outcome {
    last_contact: Option<Timestamp>,
    offline_since: Option<Timestamp>,
    needs_attention: bool,
    detail: Option<String>,
}

/// What the worker's thread shares with those who ask about it.
struct Common {
    ledger: Arc<Ledger>,
    server_url: String,
    outcome: Mutex<Outcome>,
    committed: Notify,
    tell: Tell,
}

impl Common {
    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends and fetches on a thread of its own. Dropped, it stops.
pub struct SyncWorker {
    common: Arc<Common>,
    runs: Option<queue::UnboundedSender<Answer>>,
    thread: Option<JoinHandle<()>>,
}

impl SyncWorker {
    /// Starts to sync: at once, then whenever there is a reason.
    ///
    /// Errors: [`SyncError::Start`], or [`PeerError::Address`] for a server that has none.
    pub fn spawn(
        ledger: Arc<Ledger>,
        identity: &Identity,
        config: &SyncConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        tell: impl Fn(News) + Send + Sync + 'static,
    ) -> Result<Self, SyncError> {
        let enrolment = &identity.enrolment;
        super::client::server_address(&enrolment.server_url)?;
        let heard_at = ledger.read(outbox::load_contact)?.heard_at;
        let common = Arc::new(Common {
            ledger: Arc::clone(&ledger),
            server_url: enrolment.server_url.clone(),
            outcome: Mutex::new(Outcome { last_contact: heard_at, ..Outcome::default() }),
            committed: Notify::new(),
            tell: Arc::new(tell),
        });
        // The ledger outlives the worker, so it must not keep it alive.
        let weak = Arc::downgrade(&common);
        ledger.on_commit(move || {
            if let Some(common) = weak.upgrade() {
                common.committed.notify_one();
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| SyncError::Start(error.to_string()))?;
        let (runs, asked) = queue::unbounded_channel();
        let interval = Duration::from_millis(config.interval_ms);
        let (device_id, venue_id, key) = (enrolment.device_id, enrolment.venue_id, identity.key.clone());
        let shared = Arc::clone(&common);
        let work = move || {
            runtime.block_on(async {
                let (url, key_too) = (&shared.server_url, key.clone());
                match HttpPeer::new(url, device_id, key_too, Arc::clone(&clock), Arc::clone(&entropy)) {
                    Ok(peer) => {
                        let (limits, gained) = (Limits::default(), Gained::default());
                        let exchange = Exchange { peer, ledger, key, venue_id, clock, limits, gained };
                        work(exchange, &shared, asked, interval, &*entropy).await;
                    }
                    Err(error) => note(&shared, clock.now(), Some(&SyncError::Peer(error))),
                }
            });
        };
        let thread = std::thread::Builder::new().name("sync".into()).spawn(work);
        let thread = thread.map_err(|error| SyncError::Start(error.to_string()))?;
        Ok(Self { common, runs: Some(runs), thread: Some(thread) })
    }

    /// Syncs now and waits for the outcome, also when a failure would have it wait.
    pub fn run_once(&self) -> Result<SyncReport, Arc<SyncError>> {
        let (answer, answered) = mpsc::sync_channel(1);
        let runs = self.runs.as_ref().ok_or(SyncError::Stopped)?;
        runs.send(answer).map_err(|_| SyncError::Stopped)?;
        answered.recv().map_err(|_| SyncError::Stopped)?
    }

    /// How the server is.
    pub fn health(&self) -> Result<ServerHealth, LedgerError> {
        let (unsent_events, has_fork) = self.common.ledger.read(|connection| {
            Ok::<_, LedgerError>((outbox::count_unsent(connection)?, outbox::has_fork(connection)?))
        })?;
        let outcome = self.common.outcome().clone();
        let state = if has_fork || outcome.needs_attention {
            ServerState::NeedsAttention
        } else if outcome.offline_since.is_some() {
            ServerState::Offline
        } else if unsent_events > 0 || outcome.last_contact.is_none() {
            ServerState::Sending
        } else {
            ServerState::UpToDate
        };
        let fork = "head office holds other events under this till's numbers";
        Ok(ServerHealth {
            state,
            url: Some(self.common.server_url.clone()),
            last_contact: outcome.last_contact,
            offline_since: outcome.offline_since,
            unsent_events,
            detail: outcome.detail.or_else(|| has_fork.then(|| fork.to_owned())),
        })
    }

    /// Stops: a request under way is given up, what was proved stays proved.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.runs.take());
        // News are told on the worker's own thread, which cannot wait for itself.
        let own = std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != own) {
            drop(thread.join());
        }
    }
}

impl Drop for SyncWorker {
    fn drop(&mut self) {
        self.end();
    }
}

/// Exchanges until nobody can ask any more.
async fn work<P: SyncPeer>(
    mut exchange: Exchange<P>,
    common: &Common,
    mut asked: queue::UnboundedReceiver<Answer>,
    interval: Duration,
    entropy: &dyn Entropy,
) {
    let mut backoff = Backoff::default();
    let mut waiting = Vec::new();
    loop {
        let Some((result, later)) = run_one(&mut exchange, &mut asked).await else { return };
        let result = result.map_err(Arc::new);
        note(common, exchange.clock.now(), result.as_ref().err().map(|error| &**error));
        tell(common, exchange.gained);
        let pause = match &result {
            Ok(_) => {
                backoff.succeeded();
                None
            }
            Err(error) => Some(backoff.failed(entropy).max(asked_to_wait(error))),
        };
        for answer in std::mem::replace(&mut waiting, later) {
            // Nobody waits any more when the caller gave up.
            drop(answer.try_send(result.clone()));
        }
        if waiting.is_empty() {
            let Some(answer) = next_reason(common, &mut asked, interval, pause).await else { return };
            waiting.extend(answer);
        }
    }
}

type Ran = (Result<SyncReport, SyncError>, Vec<Answer>);

/// One exchange, and who asked for another while it ran: what they committed may have come too late for this one.
/// `None` when told to stop.
async fn run_one<P: SyncPeer>(exchange: &mut Exchange<P>, asked: &mut queue::UnboundedReceiver<Answer>) -> Option<Ran> {
    let mut later = Vec::new();
    let running = exchange.run();
    tokio::pin!(running);
    loop {
        tokio::select! {
            result = &mut running => return Some((result, later)),
            more = asked.recv() => later.push(more?),
        }
    }
}

/// Waits until there is a reason to sync: somebody asks, something was committed, or it is time. After a failure commits
/// do not count: the pause is there so that a server in trouble is left in peace. `None` when told to stop.
async fn next_reason(
    common: &Common,
    asked: &mut queue::UnboundedReceiver<Answer>,
    interval: Duration,
    pause: Option<Duration>,
) -> Option<Option<Answer>> {
    let wait = async {
        match pause {
            Some(pause) => tokio::time::sleep(pause).await,
            None => {
                if timeout(interval, common.committed.notified()).await.is_ok() {
                    tokio::time::sleep(COALESCE).await;
                }
            }
        }
    };
    tokio::select! {
        () = wait => Some(None),
        answer = asked.recv() => answer.map(Some),
    }
}

fn asked_to_wait(error: &SyncError) -> Duration {
    match error {
        SyncError::Peer(PeerError::Refused { retry_after: Some(wait), .. }) => (*wait).min(MOST_ASKED),
        _ => Duration::ZERO,
    }
}

/// Remembers how it went, for the status bar. A server that refused has been in contact all the same.
fn note(common: &Common, now: Timestamp, error: Option<&SyncError>) {
    let mut outcome = common.outcome();
    let is_away = error.is_some_and(|error| !is_contact(error));
    if !is_away {
        outcome.last_contact = Some(now);
    }
    let is_offline = error.is_some_and(|error| !error.needs_attention());
    outcome.offline_since = if is_offline { outcome.offline_since.or(Some(now)) } else { None };
    outcome.needs_attention = error.is_some_and(SyncError::needs_attention);
    let detail = error.map(ToString::to_string);
    if outcome.detail != detail {
        if let Some(detail) = &detail {
            tracing::warn!(%detail, "sync ended early");
        } else {
            tracing::info!("sync works again");
        }
    }
    outcome.detail = detail;
    drop(outcome);
    (common.tell)(News::Health);
}

fn is_contact(error: &SyncError) -> bool {
    matches!(error, SyncError::Peer(PeerError::Refused { .. }) | SyncError::NothingProved | SyncError::Stream { .. })
}

fn tell(common: &Common, gained: Gained) {
    if gained.catalog_changed {
        (common.tell)(News::Catalog);
    }
    if gained.venue_changed {
        (common.tell)(News::Venue);
    }
}

#[cfg(test)]
mod tests;
