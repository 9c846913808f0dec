//! A snapshot's next parts are fetched and read while the one before them is laid: a new till waits for the slower of line
//! and disk, not for both.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::event::Hash;
use shared::sync::exchange::{Answer, Request};
use shared::sync::protocol::{PartRead, SnapshotManifest};
use tokio::task::JoinHandle;

use super::client::{HttpPeer, PeerError, SyncPeer};
use crate::ledger::clock::TimeSample;

/// Parts under way before they are wanted: each is some megabytes of memory.
const AHEAD: usize = 2;

/// A server over HTTP that is asked for a snapshot's parts before they are wanted. Needs a runtime that goes on while its
/// caller is busy.
pub(super) struct AheadPeer {
    peer: Arc<HttpPeer>,
    parts: Mutex<Parts>,
}

/// Of the snapshot asked for last.
#[derive(Default)]
struct Parts {
    under_way: VecDeque<(Hash, Fetch)>,
    to_come: VecDeque<Hash>,
}

/// Given up when dropped.
struct Fetch(JoinHandle<Result<PartRead, PeerError>>);

impl AheadPeer {
    pub(super) fn new(peer: HttpPeer) -> Self {
        Self { peer: Arc::new(peer), parts: Mutex::default() }
    }

    /// The same line, for what does not wait its turn.
    pub(super) fn line(&self) -> Arc<HttpPeer> {
        Arc::clone(&self.peer)
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, manifest: &SnapshotManifest) {
        let mut parts = self.parts();
        parts.to_come = manifest.parts.iter().map(|part| part.hash).collect();
        self.fetch_next(&mut parts);
    }

    fn fetch_next(&self, parts: &mut Parts) {
        while parts.under_way.len() < AHEAD
            && let Some(hash) = parts.to_come.pop_front()
        {
            let peer = Arc::clone(&self.peer);
            let fetch = tokio::spawn(async move { peer.part(&hash).await });
            parts.under_way.push_back((hash, Fetch(fetch)));
        }
    }

    /// The part, if it is the next one; then another takes its place. Parts are wanted in their order or not at all.
    fn take(&self, wanted: &Hash) -> Option<Fetch> {
        let mut parts = self.parts();
        let (_, fetch) = parts.under_way.pop_front().filter(|(hash, _)| hash == wanted)?;
        self.fetch_next(&mut parts);
        Some(fetch)
    }
}

impl SyncPeer for AheadPeer {
    async fn ask(&self, request: &Request) -> Result<Answer, PeerError> {
        if let Request::Part(hash) = request {
            let Some(mut fetch) = self.take(hash) else { return self.peer.ask(request).await };
            let fetched = (&mut fetch.0).await;
            return fetched.unwrap_or_else(|error| Err(PeerError::Unreachable(error.to_string()))).map(Answer::Part);
        }
        *self.parts() = Parts::default();
        let answer = self.peer.ask(request).await?;
        if let Answer::Snapshot(manifest) = &answer {
            self.begin(manifest);
        }
        Ok(answer)
    }

    fn sample(&self) -> Option<TimeSample> {
        self.peer.sample()
    }
}

impl Deref for AheadPeer {
    type Target = HttpPeer;

    fn deref(&self) -> &HttpPeer {
        &self.peer
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
