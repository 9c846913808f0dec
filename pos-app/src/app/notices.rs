//! What the till tells its window unasked.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use crate::commands::types::Notice;

/// Everybody who listens.
#[derive(Debug, Default)]
pub(super) struct Notices {
    listeners: Mutex<Vec<Sender<Notice>>>,
}

impl Notices {
    pub(super) fn subscribe(&self) -> Receiver<Notice> {
        let (sender, receiver) = channel();
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        receiver
    }

    pub(super) fn has_listeners(&self) -> bool {
        !self.listeners.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whoever stopped listening is forgotten.
    pub(super) fn send(&self, notice: &Notice) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(notice.clone()).is_ok());
    }
}
