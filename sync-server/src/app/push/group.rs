//! Pushes of one company that come together are made durable together: what costs is the commit, not what is in it.
//!
//! Whoever finds nobody writing begins to; whoever comes meanwhile waits in line and goes with the next commit. Only
//! pushes that are known to be on their way are waited for, and briefly, so a lone till waits for nobody.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::TenantId;
use tokio::sync::{Notify, oneshot};

use super::plan::Planned;
use super::take::take;
use super::{PushError, Pushed};
use crate::store::{StoreError, Tenant};

/// How long a commit waits for pushes that are on their way.
const WAIT: Duration = Duration::from_millis(5);
/// Events that are worth a commit by themselves: who waits for more than these lets the disk wait too.
const ENOUGH_EVENTS: usize = 256;
/// Events after which a commit takes no more pushes: those in line should not wait for too much work of others.
const MAX_EVENTS: usize = 8_192;

type Answer = Result<Pushed, PushError>;

/// Every company's line.
#[derive(Default)]
pub struct Groups {
    lines: Mutex<HashMap<TenantId, Arc<Line>>>,
}

/// One company's line to its writer.
#[derive(Default)]
struct Line {
    waiting: Mutex<Waiting>,
    arriving: AtomicUsize,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    is_writing: bool,
}

struct Job {
    planned: Planned,
    answer: oneshot::Sender<Answer>,
}

impl Job {
    fn events(&self) -> usize {
        self.planned.offer.request.batches.iter().map(|batch| batch.events.len()).sum()
    }
}

/// A push that is being read and will soon be in line. Dropped when it is, or when it never will be.
pub struct Arriving(Arc<Line>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.arriving.fetch_sub(1, Ordering::AcqRel);
        self.0.arrived.notify_one();
    }
}

impl Groups {
    fn line(&self, tenant: TenantId) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lines.entry(tenant).or_default())
    }

    /// Says that a push is on its way.
    pub fn announce(&self, tenant: TenantId) -> Arriving {
        let line = self.line(tenant);
        line.arriving.fetch_add(1, Ordering::AcqRel);
        Arriving(line)
    }

    /// Stands in line, and returns when the push is durable or refused. Given up half-way, it is finished all the same.
    pub(super) async fn submit(&self, tenant: &Arc<Tenant>, planned: Planned, arriving: Arriving) -> Answer {
        let line = Arc::clone(&arriving.0);
        let (answer, answered) = oneshot::channel();
        let is_first = {
            let mut waiting = line.waiting();
            waiting.jobs.push(Job { planned, answer });
            !std::mem::replace(&mut waiting.is_writing, true)
        };
        drop(arriving);
        if is_first {
            tokio::spawn(write(Arc::clone(tenant), Writing(line)));
        }
        answered.await.unwrap_or(Err(PushError::Unfinished))
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for those on their way, not for long, and not when there is enough to do already.
    async fn gather(&self) {
        let all_here = async {
            while self.arriving.load(Ordering::Acquire) > 0 && !self.has_enough() {
                self.arrived.notified().await;
            }
        };
        // Whoever is not here by then goes with the next.
        let _ = tokio::time::timeout(WAIT, all_here).await;
    }

    fn has_enough(&self) -> bool {
        self.waiting().jobs.iter().map(Job::events).sum::<usize>() >= ENOUGH_EVENTS
    }

    /// The next to be written together; `None` when there is nobody, and then nobody writes any more.
    fn next(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        if waiting.jobs.is_empty() {
            waiting.is_writing = false;
            return None;
        }
        let mut events = 0;
        let fits = |job: &Job| {
            let is_room = events < MAX_EVENTS;
            events += job.events();
            is_room
        };
        let count = waiting.jobs.iter().map(fits).take_while(|fits| *fits).count();
        Some(waiting.jobs.drain(..count).collect())
    }
}

/// Whoever writes for the line. Should the writer end in the middle, the line goes on with the next push.
struct Writing(Arc<Line>);

impl Drop for Writing {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        if std::mem::replace(&mut waiting.is_writing, false) {
            // Nobody writes for these now; they are told so, and come again.
            waiting.jobs.clear();
        }
    }
}

async fn write(tenant: Arc<Tenant>, writing: Writing) {
    let line = &writing.0;
    loop {
        line.gather().await;
        let Some(jobs) = line.next() else { break };
        commit(&tenant, jobs).await;
    }
}

/// Takes in pushes, all durable by one commit, each as if it were alone.
async fn commit(tenant: &Tenant, jobs: Vec<Job>) {
    let (mut senders, mut answers) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
    let done: Result<(), StoreError> = async {
        let mut tx = tenant.write().await?;
        let mut jobs = jobs.into_iter();
        for Job { planned, answer } in jobs.by_ref() {
            senders.push(answer);
            let here = tx.savepoint().await?;
            match take(&mut tx, planned).await {
                // Its database said no: what it wrote so far goes, the others stay.
                Err(PushError::Store(error)) => {
                    tx.roll_back(here).await?;
                    answers.push(Err(PushError::Store(error)));
                }
                // A refused batch wrote nothing; those before it are taken.
                answer => {
                    tx.release(here).await?;
                    answers.push(answer);
                }
            }
        }
        tx.commit().await
    }
    .await;
    if let Err(error) = done {
        tracing::error!(%error, cause = ?std::error::Error::source(&error), "a commit of pushes failed");
        // Nothing is durable, whatever was thought of it. Those that hear nothing are told so by that.
        if matches!(error, StoreError::Collided(_)) {
            for sender in senders {
                let _ = sender.send(Err(PushError::Collided));
            }
        }
        return;
    }
    for (sender, answer) in senders.into_iter().zip(answers) {
        // Whoever asked may be gone; it is durable all the same.
        let _ = sender.send(answer);
    }
}
