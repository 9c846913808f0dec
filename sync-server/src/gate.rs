//! Who may be worked for now. So many pushes at once and so many bytes of bodies in memory, whoever sends them; and when
//! more come, one company after the other has its turn, however many tills each has waiting.

mod turns;

use std::time::Duration;

use shared::ids::TenantId;
use shared::sync::protocol::{MAX_BATCH_EVENTS, MAX_BATCHES};

pub(crate) use turns::Held;
use turns::Turns;

/// Pushes worked for at once: enough for two cores and a commit, few enough that their memory is bounded.
const AT_ONCE: usize = 8;
/// Pushes of one company that may wait. Beyond, a till is told to come again.
const MAX_WAITING: usize = 1_000;
/// Bytes of bodies held at once, waiting ones too.
const MAX_BODIES: usize = 96 * 1024 * 1024;
/// How long a body waits for room before its till is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// There is no room; coming again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The gate.
pub(crate) struct Gate {
    places: Turns,
    bodies: Turns,
    patience: Duration,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(AT_ONCE, MAX_BODIES, PATIENCE)
    }
}

impl Gate {
    fn new(at_once: usize, bytes: usize, patience: Duration) -> Self {
        Self { places: Turns::of(at_once), bodies: Turns::of(bytes), patience }
    }

    /// Waits for room for a body of this size, in the company's turn: what one company's tills send all at once takes no
    /// other's room for longer than one body.
    pub(crate) async fn room(&self, tenant: TenantId, bytes: usize) -> Result<Held, Full> {
        let room = self.bodies.take(tenant, bytes, MAX_WAITING);
        tokio::time::timeout(self.patience, room).await.unwrap_or(Err(Full))
    }

    /// Waits for the company's turn to be worked for.
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<Held, Full> {
        self.places.take(tenant, 1, MAX_WAITING).await
    }

    /// How many events a till may send in its next request: less, the more are waiting, so that each waits less.
    pub(crate) fn window(&self) -> u64 {
        let batches = match self.places.waiting() {
            0..=64 => MAX_BATCHES,
            65..=256 => MAX_BATCHES / 4,
            _ => 1,
        };
        (batches * MAX_BATCH_EVENTS) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;
    use uuid::Uuid;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    type Entered = mpsc::UnboundedSender<(u128, Held)>;

    /// Sends one to a gate, and waits until they stand in line.
    async fn line_up(gate: &Arc<Gate>, who: u128, entered: &Entered) {
        let before = gate.places.waiting();
        let (inside, entered) = (Arc::clone(gate), entered.clone());
        tokio::spawn(async move {
            let pass = inside.enter(tenant(who)).await.expect("a turn");
            let _ = entered.send((who, pass));
        });
        while gate.places.waiting() == before {
            tokio::task::yield_now().await;
        }
    }

    /// The same for a body.
    async fn bring(gate: &Arc<Gate>, who: u128, bytes: usize, entered: &Entered) {
        let before = gate.bodies.waiting();
        let (inside, entered) = (Arc::clone(gate), entered.clone());
        tokio::spawn(async move {
            let room = inside.room(tenant(who), bytes).await.expect("room");
            let _ = entered.send((who, room));
        });
        while gate.bodies.waiting() == before {
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
        assert_eq!(gate.places.free(), 1);
    }

    #[tokio::test]
    async fn a_company_that_floods_costs_another_s_push_one_turn_and_no_more() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let mut inside = gate.enter(tenant(1)).await.expect("there is room");
        let (entered, mut order) = mpsc::unbounded_channel();
        for _ in 0..MAX_WAITING {
            line_up(&gate, 1, &entered).await;
        }
        for _ in 0..50 {
            // The flood never ends, and the other's till pushes one thing after the other.
            line_up(&gate, 2, &entered).await;
            let mut turns = 0;
            loop {
                drop(inside);
                let (who, pass) = order.recv().await.expect("the next");
                inside = pass;
                if who == 2 {
                    break;
                }
                turns += 1;
                line_up(&gate, 1, &entered).await;
            }
            assert!(turns <= 1, "{turns} others before it");
        }
    }

    #[tokio::test]
    async fn a_newcomer_waits_for_as_many_turns_as_there_are_companies() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let mut inside = gate.enter(tenant(0)).await.expect("there is room");
        let (entered, mut order) = mpsc::unbounded_channel();
        for who in 1..=20 {
            for _ in 0..10 {
                line_up(&gate, who, &entered).await;
            }
        }
        line_up(&gate, 99, &entered).await;
        let mut turns = 0;
        loop {
            drop(inside);
            let (who, pass) = order.recv().await.expect("the next");
            inside = pass;
            if who == 99 {
                break;
            }
            turns += 1;
        }
        assert_eq!(turns, 20, "one of each");
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_takes_no_place_away() {
        let gate = Arc::new(Gate::new(1, 0, PATIENCE));
        let first = gate.enter(tenant(0)).await.expect("there is room");
        let gives_up = {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { drop(gate.enter(tenant(1)).await) })
        };
        while gate.places.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        gives_up.abort();
        let _ = gives_up.await;
        drop(first);
        assert_eq!(gate.places.free(), 1);
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
        let gate = Gate::new(1, 10_000, Duration::from_millis(1));
        let most = gate.room(tenant(1), 9_000).await.expect("there is room");
        assert!(gate.room(tenant(2), 2_000).await.is_err(), "it waits, and is told to come again");
        assert!(gate.room(tenant(2), 10_001).await.is_err(), "there never is so much");
        drop(most);
        assert!(gate.room(tenant(2), 10_000).await.is_ok());
    }

    #[tokio::test]
    async fn bodies_of_a_company_that_floods_take_another_s_room_for_one_turn() {
        let gate = Arc::new(Gate::new(1, 10_000, PATIENCE));
        let (entered, mut order) = mpsc::unbounded_channel();
        let mut held = Vec::new();
        for _ in 0..10 {
            held.push(gate.room(tenant(1), 1_000).await.expect("there is room"));
        }
        for _ in 0..100 {
            bring(&gate, 1, 1_000, &entered).await;
        }
        bring(&gate, 2, 8_000, &entered).await;
        // One of the flood has its turn. Then what comes free is kept for the large one until it is enough, and nobody
        // slips in before it.
        held.drain(..9).for_each(drop);
        let mut kept = Vec::new();
        for who in [1, 2] {
            let (entered, room) = order.recv().await.expect("the next");
            assert_eq!(entered, who);
            kept.push(room);
        }
        assert!(order.try_recv().is_err() && gate.bodies.free() == 0);
        assert!(gate.room(tenant(1), 0).await.is_ok(), "what has no body waits for no room");
    }
}
