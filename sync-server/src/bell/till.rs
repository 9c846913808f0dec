//! The bells of tills. A till has one: a second replaces the first, so a till that lost its line without a word holds
//! nothing twice. Each listens to its own streams only, and wakes when one of them moved.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use shared::ids::{DeviceId, TenantId};
use shared::sync::stream::StreamName;
use tokio::sync::{Notify, oneshot, watch};

use crate::store::StreamHead;

/// How many may listen at once. Others ask every now and then, which is all a bell saves them.
const MAX_LISTENERS: usize = 20_000;

/// Who listens to what.
#[derive(Default)]
pub(crate) struct TillBells {
    state: Mutex<State>,
    /// Something may have moved, or somebody new listens.
    pub(super) woken: Notify,
}

#[derive(Default)]
struct State {
    ends: HashMap<(TenantId, StreamName), watch::Sender<u64>>,
    seats: HashMap<DeviceId, (u64, oneshot::Sender<()>)>,
    next_seat: u64,
    rung: HashSet<TenantId>,
}

/// A till that listens.
pub(crate) struct Listener {
    /// Its streams, and where each ends.
    pub(crate) streams: [(StreamName, watch::Receiver<u64>); 3],
    /// Ends when the till rings anew.
    pub(crate) replaced: oneshot::Receiver<()>,
    /// Given up when dropped.
    _seat: Seat,
}

struct Seat {
    bells: Arc<TillBells>,
    device: DeviceId,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.bells.lock();
        if state.seats.get(&self.device).is_some_and(|(number, _)| *number == self.number) {
            state.seats.remove(&self.device);
        }
    }
}

impl TillBells {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Something was committed at this company: look at once what moved.
    pub(super) fn look(&self, tenant: TenantId) {
        let mut state = self.lock();
        if !state.seats.is_empty() && state.rung.insert(tenant) {
            self.woken.notify_one();
        }
    }

    /// Listens to three streams from where they end now; `None` when too many do already.
    pub(crate) fn listen(
        self: &Arc<Self>,
        tenant: TenantId,
        device: DeviceId,
        ends: [(StreamName, u64); 3],
    ) -> Option<Listener> {
        let mut state = self.lock();
        if state.seats.len() >= MAX_LISTENERS && !state.seats.contains_key(&device) {
            return None;
        }
        let streams = ends.map(|(stream, end)| {
            let sender = state.ends.entry((tenant, stream)).or_insert_with(|| watch::Sender::new(end));
            raise(sender, end);
            (stream, sender.subscribe())
        });
        let (replace, replaced) = oneshot::channel();
        state.next_seat += 1;
        let number = state.next_seat;
        // The one before hears that its sender is gone, and ends.
        state.seats.insert(device, (number, replace));
        drop(state);
        self.woken.notify_one();
        Some(Listener { streams, replaced, _seat: Seat { bells: Arc::clone(self), device, number } })
    }

    /// How many listen.
    pub(crate) fn count(&self) -> usize {
        self.lock().seats.len()
    }

    /// What is listened to: of the companies that rang since the last call, or of all.
    pub(super) fn listened(&self, is_all: bool) -> HashMap<TenantId, Vec<StreamName>> {
        let mut state = self.lock();
        let rung = std::mem::take(&mut state.rung);
        state.ends.retain(|_, sender| sender.receiver_count() > 0);
        let mut listened: HashMap<TenantId, Vec<StreamName>> = HashMap::new();
        for (tenant, stream) in state.ends.keys().filter(|(tenant, _)| is_all || rung.contains(tenant)) {
            listened.entry(*tenant).or_default().push(*stream);
        }
        listened
    }

    /// Where streams end now.
    pub(super) fn tell(&self, tenant: TenantId, heads: &[(StreamName, StreamHead)]) {
        let state = self.lock();
        for (stream, head) in heads {
            if let Some(sender) = state.ends.get(&(tenant, *stream)) {
                raise(sender, head.seq);
            }
        }
    }
}

/// An answer that was long on its way must not take back what a later one said.
fn raise(sender: &watch::Sender<u64>, end: u64) {
    sender.send_if_modified(|known| {
        let is_news = end > *known;
        *known = end.max(*known);
        is_news
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ids(n: u128) -> (TenantId, DeviceId, [(StreamName, u64); 3]) {
        let device = DeviceId::from_uuid(Uuid::from_u128(n));
        let venue = StreamName::Venue(shared::ids::VenueId::from_uuid(Uuid::from_u128(1)));
        let streams = [(StreamName::Catalog, 5), (venue, 0), (StreamName::Device(device), 0)];
        (TenantId::from_uuid(Uuid::from_u128(7)), device, streams)
    }

    #[test]
    fn a_second_bell_of_a_till_ends_the_first() {
        let bells = Arc::new(TillBells::default());
        let (tenant, device, streams) = ids(1);
        let mut first = bells.listen(tenant, device, streams).expect("room");
        let mut second = bells.listen(tenant, device, streams).expect("room");
        assert!(first.replaced.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
        assert!(second.replaced.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));
        drop(first);
        assert_eq!(bells.count(), 1, "the first took only its own seat along");
        drop(second);
        assert_eq!((bells.count(), bells.listened(true).len()), (0, 0), "nothing is left behind");
    }

    #[test]
    fn only_those_who_follow_a_stream_that_moved_are_woken() {
        let bells = Arc::new(TillBells::default());
        let (tenant, device, streams) = ids(1);
        let one = bells.listen(tenant, device, streams).expect("room");
        let (_, other, streams) = ids(2);
        let two = bells.listen(tenant, other, streams).expect("room");
        let head = |seq| StreamHead { seq, hash: shared::event::Hash::ZERO };
        let heads =
            [(StreamName::Device(device), head(1)), (StreamName::Catalog, head(5)), (StreamName::Catalog, head(4))];
        bells.tell(tenant, &heads);
        let moved = |listener: &Listener| listener.streams.each_ref().map(|(_, end)| end.has_changed().expect("rung"));
        assert_eq!((moved(&one), moved(&two)), ([false, false, true], [false; 3]));
    }

    #[test]
    fn a_commit_makes_only_its_company_be_looked_at() {
        let bells = Arc::new(TillBells::default());
        let (tenant, device, streams) = ids(1);
        bells.look(tenant);
        let _listener = bells.listen(tenant, device, streams).expect("room");
        assert!(bells.listened(false).is_empty(), "nobody listened when it rang");
        bells.look(tenant);
        bells.look(TenantId::from_uuid(Uuid::from_u128(8)));
        assert_eq!(bells.listened(false).keys().collect::<Vec<_>>(), [&tenant]);
        assert!(bells.listened(false).is_empty());
    }
}
