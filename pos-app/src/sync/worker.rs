//! When to sync: soon after every commit, now and then when nothing happens, and by itself after a failure.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::ids::Entropy;
use shared::sync::exchange::{self, Failure, Input, Report};
use shared::sync::protocol::Ring;
use shared::sync::redeem::{RedeemDecision, RedeemRequest};
use shared::sync::stream::StreamName;
use shared::time::{Clock, Timestamp};
use tokio::sync::{Notify, mpsc as queue, watch};
use tokio::time::Sleep;

use super::ahead::AheadPeer;
use super::bell;
use super::client::{HttpPeer, PeerError, SyncPeer};
use super::driver::{Concluded, Driver, Wanted};
use super::error::SyncError;
use super::question::{self, Counsel, Questions};
use crate::commands::types::{ServerHealth, ServerState, SyncReport};
use crate::config::SyncConfig;
use crate::identity::Identity;
use crate::ledger::{Ledger, LedgerError, outbox, stream};

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
    /// The last exchange went well: a bell can be listened to.
    line: watch::Sender<bool>,
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
    questions: Questions,
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
            line: watch::Sender::new(false),
            tell: Arc::new(tell),
        });
        // The ledger outlives the worker, so it must not keep it alive.
        let weak = Arc::downgrade(&common);
        ledger.on_commit(move || {
            if let Some(common) = weak.upgrade() {
                common.committed.notify_one();
            }
        });
        // One thread more, for what comes in while the worker's own is busy with the ledger.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sync-line")
            .enable_all()
            .build()
            .map_err(|error| SyncError::Start(error.to_string()))?;
        let (runs, asked) = queue::unbounded_channel();
        let (questions, to_answer) = Questions::new(Arc::clone(&clock));
        let clocks = (Arc::clone(&clock), Arc::clone(&entropy));
        let driver = Driver::new(ledger, identity, config.interval_ms, clocks.0, clocks.1)?;
        let (device_id, key) = (enrolment.device_id, identity.key.clone());
        let shared = Arc::clone(&common);
        let work = move || {
            runtime.block_on(async {
                match HttpPeer::new(&shared.server_url, device_id, key, Arc::clone(&clock), entropy) {
                    Ok(peer) => {
                        let peer = AheadPeer::new(peer);
                        // On the other thread: a customer waits for it.
                        tokio::spawn(question::answer(peer.line(), to_answer));
                        let (ring, rings) = queue::unbounded_channel();
                        let known = || shared.ledger.read(stream::list_cursors).unwrap_or_default();
                        tokio::select! {
                            () = work(&peer, driver, &shared, asked, rings) => {}
                            () = bell::listen(&peer, &*clock, shared.line.subscribe(), &ring, known) => {}
                        }
                    }
                    Err(error) => {
                        let error = Some(Arc::new(SyncError::Peer(error)));
                        note(&shared, clock.now(), &Concluded { report: Report::default(), error });
                    }
                }
            });
        };
        let thread = std::thread::Builder::new().name("sync".into()).spawn(work);
        let thread = thread.map_err(|error| SyncError::Start(error.to_string()))?;
        Ok(Self { common, runs: Some(runs), questions, thread: Some(thread) })
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

    /// When it was last heard.
    pub fn last_contact(&self) -> Option<Timestamp> {
        self.common.outcome().last_contact
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

impl Counsel for SyncWorker {
    /// Whether it answered the last time, and nothing stands between.
    fn is_reached(&self) -> bool {
        *self.common.line.borrow()
    }

    fn ask(&self, request: RedeemRequest) -> Option<RedeemDecision> {
        if self.is_reached() { self.questions.ask(request) } else { None }
    }
}

impl Drop for SyncWorker {
    fn drop(&mut self) {
        self.end();
    }
}

/// One exchange on the caller's thread, and nothing after it: no bell, no second try. What follows from what is then
/// decided by nobody's scheduler, which a simulation needs. Not to be called inside an async runtime.
pub fn exchange_once(
    ledger: Arc<Ledger>,
    identity: &Identity,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<SyncReport, Arc<SyncError>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| SyncError::Start(error.to_string()))?;
    let Identity { key, enrolment, .. } = identity;
    let (clocks, random) = (Arc::clone(&clock), Arc::clone(&entropy));
    let driver = Driver::new(ledger, identity, SyncConfig::default().interval_ms, clocks, random);
    let mut driver = driver.map_err(SyncError::from)?;
    runtime.block_on(async {
        let peer = HttpPeer::new(&enrolment.server_url, enrolment.device_id, key.clone(), clock, entropy);
        let peer = peer.map_err(SyncError::from)?;
        let mut input = Input::Asked;
        loop {
            let Wanted { ask, reports, .. } = driver.step(input);
            if let Some(sample) = peer.sample().filter(|_| !reports.is_empty()) {
                driver.note_time(sample);
            }
            if let Some(Concluded { report, error }) = reports.into_iter().next() {
                driver.index_words();
                return error.map_or_else(|| Ok(view(&report)), Err);
            }
            let Some(request) = ask else { return Err(Arc::new(SyncError::Stopped)) };
            let answered = peer.ask(&request).await;
            input = Input::Answered(answered.map_err(Failure::from), driver.random());
        }
    })
}

/// Who waits for the exchange under way, and who asked after it began: what they committed may have come too late for it.
#[derive(Default)]
struct Asking {
    now: Vec<Answer>,
    later: Vec<Answer>,
}

/// Exchanges until nobody can ask any more.
async fn work<P: SyncPeer>(
    peer: &P,
    mut driver: Driver,
    common: &Common,
    mut asked: queue::UnboundedReceiver<Answer>,
    mut rings: queue::UnboundedReceiver<Ring>,
) {
    let mut asking = Asking::default();
    let mut question: Option<Question<'_>> = None;
    let mut alarm: Option<Pin<Box<Sleep>>> = None;
    let mut input = Input::Woken;
    loop {
        let Wanted { ask, wake_in, reports } = driver.step(input);
        if let Some(millis) = wake_in {
            alarm = Some(Box::pin(tokio::time::sleep(Duration::from_millis(millis))));
        }
        let is_over = !reports.is_empty();
        for report in reports {
            note(common, driver.now(), &report);
            if let Some(sample) = peer.sample() {
                driver.note_time(sample);
            }
            let answer = report.error.clone().map_or_else(|| Ok(view(&report.report)), Err);
            let later = std::mem::take(&mut asking.later);
            for waiting in std::mem::replace(&mut asking.now, later) {
                // Nobody waits any more when the caller gave up.
                drop(waiting.try_send(answer.clone()));
            }
        }
        if is_over {
            driver.index_words();
        }
        if let Some(request) = ask {
            question = Some(Box::pin(async move { peer.ask(&request).await }));
        }
        input = tokio::select! {
            answered = until(&mut question) => {
                question = None;
                let random = driver.random();
                Input::Answered(answered.map_err(Failure::from), random)
            }
            () = until(&mut alarm) => {
                alarm = None;
                Input::Woken
            }
            more = asked.recv() => {
                let Some(answer) = more else { return };
                if driver.is_busy() { asking.later.push(answer) } else { asking.now.push(answer) }
                Input::Asked
            }
            Some(Ring { stream, head }) = rings.recv() => Input::Rang { stream, head },
            () = common.committed.notified() => Input::Committed,
        };
    }
}

type Question<'a> = Pin<Box<dyn Future<Output = Result<exchange::Answer, PeerError>> + 'a>>;

/// Waits for something that may not be under way.
async fn until<F: Future + Unpin>(waited: &mut Option<F>) -> F::Output {
    match waited {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

fn view(report: &Report) -> SyncReport {
    SyncReport { sent_events: report.sent, pulled_items: report.pulled, unsent_events: report.unsent }
}

/// Remembers how it went, for the status bar, and tells what changed. A server that refused has been in contact all the
/// same.
fn note(common: &Common, now: Timestamp, Concluded { report, error }: &Concluded) {
    let error = error.as_ref();
    common.line.send_replace(error.is_none());
    let mut outcome = common.outcome();
    if error.is_none_or(|error| error.is_contact()) {
        outcome.last_contact = Some(now);
    }
    let is_offline = error.is_some_and(|error| !error.needs_attention());
    outcome.offline_since = if is_offline { outcome.offline_since.or(Some(now)) } else { None };
    outcome.needs_attention = !report.refused.is_empty() || error.is_some_and(|error| error.needs_attention());
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
    if report.changed.contains(&StreamName::Catalog) {
        (common.tell)(News::Catalog);
    }
    if report.changed.iter().any(|stream| matches!(stream, StreamName::Venue(_))) {
        (common.tell)(News::Venue);
    }
}

#[cfg(test)]
mod tests;
