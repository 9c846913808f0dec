//! So much of something, handed out in turns: one waiting company after the other, each what its first asks for. Whoever
//! asks for much is waited for, and nobody slips in before them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::ids::TenantId;
use tokio::sync::oneshot;

use super::Full;

/// What is handed out.
pub(super) struct Turns(Arc<Inside>);

struct Inside {
    whole: usize,
    state: Mutex<State>,
}

struct State {
    free: usize,
    lines: HashMap<TenantId, VecDeque<Waiter>>,
    /// Companies that have somebody waiting, the next one first.
    turns: VecDeque<TenantId>,
    waiting: usize,
}

struct Waiter {
    asks: usize,
    sender: oneshot::Sender<Held>,
}

/// A share. Those in turn have it when this is dropped.
pub(crate) struct Held(Option<Share>);

struct Share {
    inside: Arc<Inside>,
    size: usize,
}

impl Turns {
    pub(super) fn of(whole: usize) -> Self {
        let state = State { free: whole, lines: HashMap::new(), turns: VecDeque::new(), waiting: 0 };
        Self(Arc::new(Inside { whole, state: Mutex::new(state) }))
    }

    /// Waits for the company's turn. At once when nobody waits and there is enough.
    ///
    /// Errors: so many of this company wait already, or there never is so much.
    pub(super) async fn take(&self, tenant: TenantId, asks: usize, most_waiting: usize) -> Result<Held, Full> {
        if asks > self.0.whole {
            return Err(Full);
        }
        let waiter = {
            let mut state = self.0.state();
            if asks == 0 || state.turns.is_empty() && asks <= state.free {
                state.free -= asks;
                return Ok(Held(Some(Share { inside: Arc::clone(&self.0), size: asks })));
            }
            let line = state.lines.entry(tenant).or_default();
            if line.len() >= most_waiting {
                return Err(Full);
            }
            let (sender, waiter) = oneshot::channel();
            line.push_back(Waiter { asks, sender });
            if line.len() == 1 {
                state.turns.push_back(tenant);
            }
            state.waiting += 1;
            waiter
        };
        waiter.await.map_err(|_| Full)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.0.state().waiting
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.0.state().free
    }
}

impl Inside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever's turn it is, once there is enough for them, and their share.
    fn next(&self) -> Option<(oneshot::Sender<Held>, usize)> {
        let mut state = self.state();
        let tenant = *state.turns.front()?;
        let free = state.free;
        let line = state.lines.entry(tenant).or_default();
        // Who gave up waiting is not waited for.
        let Waiter { asks, sender } = line.pop_front_if(|waiter| waiter.asks <= free || waiter.sender.is_closed())?;
        let share = if sender.is_closed() { 0 } else { asks };
        let is_over = line.is_empty();
        state.free -= share;
        state.waiting -= 1;
        state.turns.pop_front();
        if is_over {
            state.lines.remove(&tenant);
        } else {
            state.turns.push_back(tenant);
        }
        Some((sender, share))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut given_back = self.0.take();
        while let Some(Share { inside, size }) = given_back.take() {
            inside.state().free += size;
            while let Some((sender, size)) = inside.next() {
                let share = Share { inside: Arc::clone(&inside), size };
                // They gave up just now: what they did not take is there for the next.
                if let Err(mut held) = sender.send(Held(Some(share))) {
                    given_back = held.0.take();
                    break;
                }
            }
        }
    }
}
