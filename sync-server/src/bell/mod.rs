//! Doorbells: something changed at a company. What changed is fetched, never sent; a lost ring is harmless.

mod till;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use shared::ids::TenantId;
use tokio::sync::watch as channel;

pub(crate) use till::{Listener, TillBells};
pub(crate) use watch::watch;

/// One bell per company that anybody at head office listens to, and one per till. Rings that come faster than they are
/// heard become one.
#[derive(Default)]
pub struct Bells {
    bells: Mutex<HashMap<TenantId, channel::Sender<u64>>>,
    pub(crate) tills: Arc<TillBells>,
}

impl Bells {
    /// Rings, if anybody listens.
    pub fn ring(&self, tenant: TenantId) {
        self.tills.look(tenant);
        let mut bells = self.bells.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bell) = bells.get(&tenant) {
            bell.send_modify(|rings| *rings += 1);
            if bell.receiver_count() == 0 {
                bells.remove(&tenant);
            }
        }
    }

    /// Listens from now on.
    pub fn listen(&self, tenant: TenantId) -> channel::Receiver<u64> {
        let mut bells = self.bells.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bells.entry(tenant).or_insert_with(|| channel::Sender::new(0)).subscribe()
    }
}
