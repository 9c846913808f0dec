//! Who may be worked for now. So many pushes at once, and when more come, one company after the other has its turn,
//! however many tills each has waiting; so many bytes of bodies in memory, whoever sends them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::TenantId;
use shared::sync::protocol::{MAX_BATCH_EVENTS, MAX_BATCHES};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Pushes worked for at once: enough for two cores and a commit, few enough that their memory is bounded.
const AT_ONCE: usize = 8;
/// Pushes of one company that may wait. Beyond, a till is told to come again.
const MAX_WAITING: usize = 1_000;
/// Bytes of bodies held at once, waiting ones too.
const MAX_BODIES: usize = 96 * 1024 * 1024;
/// Permits are counted in units of this many bytes.
const UNIT: usize = 1024;
/// How long a body waits for room before its till is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// There is no room; coming again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The gate.
pub(crate) struct Gate {
    inside: Arc<Inside>,
    bodies: Arc<Semaphore>,
    patience: Duration,
}

struct Inside {
    state: Mutex<State>,
}

struct State {
    free: usize,
    lines: HashMap<TenantId, VecDeque<oneshot::Sender<Pass>>>,
    /// Companies that have somebody waiting, the next one first.
    turns: VecDeque<TenantId>,
    waiting: usize,
}

/// Leave to be worked for. The next in turn has it when this is dropped.
pub(crate) struct Pass(Option<Arc<Inside>>);

/// Room for a body, given back when dropped.
pub(crate) struct Room(#[expect(dead_code, reason = "held, never looked at")] OwnedSemaphorePermit);

impl Default for Gate {
    fn default() -> Self {
        Self::new(AT_ONCE, MAX_BODIES, PATIENCE)
    }
}

impl Gate {
    fn new(at_once: usize, bytes: usize, patience: Duration) -> Self {
        let state = State { free: at_once, lines: HashMap::new(), turns: VecDeque::new(), waiting: 0 };
        let inside = Arc::new(Inside { state: Mutex::new(state) });
        Self { inside, bodies: Arc::new(Semaphore::new(bytes / UNIT)), patience }
    }

    /// Waits for room for a body of this size.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, Full> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| Full)?;
        let room = Arc::clone(&self.bodies).acquire_many_owned(units);
        match tokio::time::timeout(self.patience, room).await {
            Ok(Ok(permit)) => Ok(Room(permit)),
            _ => Err(Full),
        }
    }

    /// Waits for the company's turn.
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<Pass, Full> {
        let waiter = {
            let mut state = self.inside.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Pass(Some(Arc::clone(&self.inside))));
            }
            let line = state.lines.entry(tenant).or_default();
            if line.len() >= MAX_WAITING {
                return Err(Full);
            }
            let (sender, waiter) = oneshot::channel();
            line.push_back(sender);
            if line.len() == 1 {
                state.turns.push_back(tenant);
            }
            state.waiting += 1;
            waiter
        };
        waiter.await.map_err(|_| Full)
    }

    /// How many events a till may send in its next request: less, the more are waiting, so that each waits less.
    pub(crate) fn window(&self) -> u64 {
        let batches = match self.inside.state().waiting {
            0..=64 => MAX_BATCHES,
            65..=256 => MAX_BATCHES / 4,
            _ => 1,
        };
        (batches * MAX_BATCH_EVENTS) as u64
    }
}

impl Inside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever's turn it is; `None` when nobody waits, and then there is one more place free.
    fn next(&self) -> Option<oneshot::Sender<Pass>> {
        let mut state = self.state();
        let Some(tenant) = state.turns.pop_front() else {
            state.free += 1;
            return None;
        };
        state.waiting -= 1;
        let line = state.lines.entry(tenant).or_default();
        let waiter = line.pop_front();
        if line.is_empty() {
            state.lines.remove(&tenant);
        } else {
            state.turns.push_back(tenant);
        }
        waiter
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(mut inside) = self.0.take() else { return };
        while let Some(waiter) = inside.next() {
            match waiter.send(Pass(Some(inside))) {
                Ok(()) => return,
                // They gave up waiting; the next one, then. What they did not take must not free a place too.
                Err(mut pass) => match pass.0.take() {
                    Some(back) => inside = back,
                    None => return,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;
    use uuid::Uuid;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    /// Sends one in, and waits until they stand in line.
    async fn line_up(gate: &Arc<Gate>, who: u128, entered: &mpsc::UnboundedSender<(u128, Pass)>) {
        let before = gate.inside.state().waiting;
        let (inside, entered) = (Arc::clone(gate), entered.clone());
        tokio::spawn(async move {
            let pass = inside.enter(tenant(who)).await.expect("a turn");
            let _ = entered.send((who, pass));
        });
        while gate.inside.state().waiting == before {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn companies_take_turns_however_many_of_one_wait() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let first = gate.enter(tenant(0)).await.expect("there is room");
        let (entered, mut order) = mpsc::unbounded_channel();
        for who in [1, 1, 1, 1, 2, 3] {
            line_up(&gate, who, &entered).await;
        }
        drop(first);
        let mut seen = Vec::new();
        for _ in 0..6 {
            let (who, pass) = order.recv().await.expect("the next");
            assert!(order.try_recv().is_err(), "one at a time");
            seen.push(who);
            drop(pass);
        }
        assert_eq!(seen, [1, 2, 3, 1, 1, 1]);
        assert_eq!(gate.inside.state().free, 1);
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_takes_no_place_away() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let first = gate.enter(tenant(0)).await.expect("there is room");
        let gives_up = {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { drop(gate.enter(tenant(1)).await) })
        };
        while gate.inside.state().waiting == 0 {
            tokio::task::yield_now().await;
        }
        gives_up.abort();
        let _ = gives_up.await;
        drop(first);
        assert_eq!(gate.inside.state().free, 1);
        assert!(gate.enter(tenant(2)).await.is_ok());
    }

    #[tokio::test]
    async fn a_crowd_is_told_to_send_less_and_in_the_end_to_come_again() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let _inside = gate.enter(tenant(0)).await.expect("there is room");
        let whole = gate.window();
        let (entered, _order) = mpsc::unbounded_channel();
        for _ in 0..MAX_WAITING {
            line_up(&gate, 1, &entered).await;
        }
        assert!(gate.window() < whole && gate.window() > 0);
        assert_eq!(gate.enter(tenant(1)).await.err(), Some(Full));
        line_up(&gate, 2, &entered).await;
    }

    #[tokio::test]
    async fn bodies_share_so_much_room_and_no_more() {
        let gate = Gate::new(1, 10 * UNIT, Duration::from_millis(1));
        let most = gate.room(9 * UNIT).await.expect("there is room");
        assert!(gate.room(2 * UNIT).await.is_err(), "it waits, and is told to come again");
        drop(most);
        assert!(gate.room(10 * UNIT).await.is_ok());
    }
}
