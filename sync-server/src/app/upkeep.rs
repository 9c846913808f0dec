//! What nobody asks for and has to be done: beats, new snapshots, old tails, old refusals.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::time::Timestamp;

use crate::store::StoreError;
use crate::{Inner, stamp};

/// How often a server beats.
const BEAT_EVERY: Duration = Duration::from_mins(1);
/// The round is made with one beat in so many, the first one soon after the start.
const ROUND_EVERY: u64 = 60;
/// What was refused is kept so long for a person to look at.
pub const INTAKE_MS: i64 = 90 * 24 * 3_600 * 1000;

/// Runs until the server stops.
pub(crate) async fn keep_up(app: Arc<Inner>, place: stamp::Place) {
    let mut stopping = app.stopping.clone();
    let mut ticks = tokio::time::interval(BEAT_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first comes at once, and the server has beaten to start.
    ticks.tick().await;
    let mut beats: u64 = 0;
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = stamp::beat(&app.store, &place, app.outside.random()).await {
            tracing::warn!(%error, "could not note that this server is alive");
        }
        if app.awaited.load(Ordering::Relaxed) > 0 {
            count_awaited(&app).await;
        }
        if beats.is_multiple_of(ROUND_EVERY) {
            round(&app, app.outside.now()).await;
        }
        beats += 1;
    }
}

/// Every company's round. What goes wrong with one does not keep the others from theirs.
async fn round(app: &Inner, now: Timestamp) {
    let tenants = match app.store.list_tenants().await {
        Ok(tenants) => tenants,
        Err(error) => return tracing::error!(%error, "could not look after the companies"),
    };
    for row in tenants {
        let tenant = row.tenant_id;
        let done = async {
            let tenant = app.store.load_tenant(tenant).await?;
            let forgotten = super::retention::forget(&tenant, now).await?;
            let kept = app.snapshots.keep_up(&tenant, now).await?;
            let purged = purge_intake(&tenant, now).await?;
            if forgotten > 0 {
                app.bells.ring(tenant.tenant_id);
            }
            Ok::<_, super::snapshot::SnapshotError>((kept, purged, forgotten))
        };
        match done.await {
            Ok((kept, purged, forgotten)) => {
                let (built, cut) = (kept.built, kept.cut);
                tracing::debug!(%tenant, built, cut, purged, forgotten, "a company was looked after");
            }
            Err(error) => tracing::error!(%tenant, %error, "a company could not be looked after"),
        }
    }
}

/// Counts the tills that were not heard of since the databases were restored.
pub(crate) async fn count_awaited(app: &Inner) {
    let count = async {
        let mut awaited = 0;
        for row in app.store.list_tenants().await? {
            awaited += app.store.load_tenant(row.tenant_id).await?.read().await?.count_awaited().await?;
        }
        Ok::<_, StoreError>(awaited)
    };
    match count.await {
        Ok(awaited) => app.awaited.store(awaited, Ordering::Relaxed),
        Err(error) => tracing::warn!(%error, "could not count the tills that are waited for"),
    }
}

/// Forgets what was refused long ago. Answers how much.
pub async fn purge_intake(tenant: &crate::store::Tenant, now: Timestamp) -> Result<u64, StoreError> {
    let mut tx = tenant.write_beside().await?;
    let purged = tx.purge_intake(now.plus_millis(-INTAKE_MS)).await?;
    tx.commit().await?;
    Ok(purged)
}
