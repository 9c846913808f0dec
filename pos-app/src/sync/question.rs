//! The one question that does not wait its turn: may this ticket be handed over? A customer stands there, so the answer comes
//! soon or not at all.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use shared::sync::redeem::{RedeemDecision, RedeemReply, RedeemRequest};
use shared::time::Clock;
use tokio::sync::mpsc as queue;

use super::client::{HttpPeer, PeerError};

/// Longest wait for an answer: a customer does not notice it.
const PATIENCE: Duration = Duration::from_millis(400);
/// After a question nobody answered, none is asked for so long: each would cost the next customer the wait.
const QUIET_MS: u64 = 5_000;

/// Who may be asked before something is handed over.
pub(crate) trait Counsel: Send + Sync {
    /// Whether asking makes sense now.
    fn is_reached(&self) -> bool;
    /// Asks. `None` is no answer, and then the question may have been heard.
    fn ask(&self, request: RedeemRequest) -> Option<RedeemDecision>;
}

/// The server, as far as this question goes.
pub(super) trait Decides: Send + Sync + 'static {
    /// Its answer.
    fn redeem(&self, request: &RedeemRequest) -> impl Future<Output = Result<RedeemReply, PeerError>> + Send;
}

/// A question on its way.
pub(super) struct Asked {
    request: RedeemRequest,
    answer: mpsc::SyncSender<Option<RedeemDecision>>,
}

/// Where questions are asked.
pub(super) struct Questions {
    asked: queue::UnboundedSender<Asked>,
    clock: Arc<dyn Clock>,
    /// Until when nothing is asked, in this run's milliseconds.
    quiet_until: AtomicU64,
}

impl Questions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> (Self, queue::UnboundedReceiver<Asked>) {
        let (asked, questions) = queue::unbounded_channel();
        (Self { asked, clock, quiet_until: AtomicU64::new(0) }, questions)
    }

    /// Asks, and waits no longer than a customer does. `None` is no answer, and then the question may have been heard.
    pub(super) fn ask(&self, request: RedeemRequest) -> Option<RedeemDecision> {
        if self.clock.up_ms() < self.quiet_until.load(Ordering::Relaxed) {
            return None;
        }
        let (answer, answered) = mpsc::sync_channel(1);
        self.asked.send(Asked { request, answer }).ok()?;
        let decision = answered.recv().ok().flatten();
        if decision.is_none() {
            self.quiet_until.store(self.clock.up_ms().saturating_add(QUIET_MS), Ordering::Relaxed);
        }
        decision
    }
}

impl Decides for HttpPeer {
    async fn redeem(&self, request: &RedeemRequest) -> Result<RedeemReply, PeerError> {
        HttpPeer::redeem(self, request).await
    }
}

/// Asks the server whatever comes, each question beside the others, until nobody can ask any more.
pub(super) async fn answer(peer: Arc<impl Decides>, mut questions: queue::UnboundedReceiver<Asked>) {
    while let Some(Asked { request, answer }) = questions.recv().await {
        let peer = Arc::clone(&peer);
        tokio::spawn(async move {
            let replied = tokio::time::timeout(PATIENCE, peer.redeem(&request)).await;
            // Whoever asked waits for nothing else.
            let _ = answer.send(decision(&request, replied.ok()));
        });
    }
}

fn decision(request: &RedeemRequest, replied: Option<Result<RedeemReply, PeerError>>) -> Option<RedeemDecision> {
    match replied? {
        Ok(reply) if reply.redemption_id == request.redemption_id => Some(reply.decision),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "the server was asked about a ticket, and did not decide");
            None
        }
    }
}

#[cfg(test)]
mod tests;
