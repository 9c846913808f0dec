//! Doorbells: something changed at a company. What changed is fetched, never sent; a lost ring is harmless.

use std::collections::HashMap;
use std::sync::Mutex;

use shared::ids::TenantId;
use tokio::sync::watch;

/// One bell per company that anybody listens to. Rings that come faster than they are heard become one.
#[derive(Default)]
pub struct Bells {
    bells: Mutex<HashMap<TenantId, watch::Sender<u64>>>,
}

impl Bells {
    /// Rings, if anybody listens.
    pub fn ring(&self, tenant: TenantId) {
        let mut bells = self.bells.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bell) = bells.get(&tenant) {
            bell.send_modify(|rings| *rings += 1);
            if bell.receiver_count() == 0 {
                bells.remove(&tenant);
            }
        }
    }

    /// Listens from now on.
    pub fn listen(&self, tenant: TenantId) -> watch::Receiver<u64> {
        let mut bells = self.bells.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bells.entry(tenant).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }
}
