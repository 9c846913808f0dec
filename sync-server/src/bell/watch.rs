//! Looks where the streams end that tills listen to: at once when this process committed something, and every now and
//! then for what another process did.

use std::sync::Arc;
use std::time::Duration;

use crate::Inner;

/// How soon a till hears of what another process wrote.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs until the server stops.
pub(crate) async fn watch(app: Arc<Inner>) {
    let bells = Arc::clone(&app.bells.tills);
    let mut stopping = app.stopping.clone();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let is_all = tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = bells.woken.notified() => false,
            // With nobody there is nothing to look for.
            _ = ticks.tick(), if bells.count() > 0 => true,
        };
        for (tenant, streams) in bells.listened(is_all) {
            match app.store.stream_heads(tenant, &streams).await {
                Ok(heads) => bells.tell(tenant, &heads),
                // A bell that stays silent is harmless: tills ask by themselves too.
                Err(error) => tracing::debug!(%tenant, %error, "could not look for what moved"),
            }
        }
    }
}
