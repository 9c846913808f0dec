//! Everything counted again beside, by the same code and in the same order, from the events alone: what each comes to in
//! the tables, and what was thought of it.
//!
//! What head office knew at the time is not in the events: its products, its people, which till stood at which register.
//! What was thought of an event for that reason is not thought again.

use std::collections::HashMap;

use shared::event::{ChainHead, Event, Fact, Hash, Read};
use shared::ids::ChainId;
use shared::merge::EditedField;
use shared::time::Timestamp;

use super::project::{Judged, Prepared, Source};
use super::{push, replay};
use crate::store::{DeviceRow, Kept, Owned, Reckoning, StoreError, SupersededRow, Tenant, TenantTx, Turn, turn_name};

/// Batches looked up at a time.
const TURNS: i64 = 1_000;
/// Lost values looked up at a time.
const LOST: i64 = 500;
/// What is thought by what head office knew.
const BY_HEAD_OFFICE: [&str; 8] = [
    "product_unknown",
    UNVERIFIED,
    "register_of_another_till",
    SUPERSEDED,
    "edit_contradicts",
    "staff_unknown",
    "not_permitted",
    "permission_withdrawn",
];
/// Of a till that head office did not know.
const UNVERIFIED: &str = "ticket_unverified";
/// Only of a ticket that was believed.
const OF_BELIEVED: [&str; 3] = ["over_redeemed", "void_after_delivery", "shown_again"];
/// Tables of tickets that were believed.
pub(super) const OF_BELIEVED_TICKETS: [&str; 2] = ["ticket_shown", "incident"];
/// Raised at another event than the one that was judged.
const SUPERSEDED: &str = "edit_superseded";

/// What counting again came to.
pub(super) struct Recounted {
    /// Each table that comes from events alone.
    pub(super) tables: Vec<(&'static str, Reckoning)>,
    /// What was thought of the events.
    pub(super) flags: Flags,
    /// What is not as it should be.
    pub(super) broken: Vec<String>,
}

/// Flags, as far as they can be raised again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    /// As they are.
    pub(super) raised: u64,
    /// Raised again.
    pub(super) again: u64,
    /// Events of which something else is thought.
    pub(super) differing: u64,
    /// A ticket was of a till that head office did not know then: what went wrong with it may be told now.
    pub(super) has_unverified: bool,
    /// All that were met, whatever for.
    met: u64,
}

/// Where events are read.
struct Ledger<'a> {
    tx: &'a mut TenantTx,
    owners: HashMap<ChainId, &'a Owned>,
    devices: HashMap<shared::ids::DeviceId, DeviceRow>,
    /// Events that were kept aside, and when they were counted at last.
    replays: HashMap<(ChainId, u32, u64), i64>,
}

/// Counts everything again, in the order it was counted.
pub(super) async fn recount(
    ledger: &mut TenantTx,
    again: &Tenant,
    chains: &[Owned],
    now: Timestamp,
) -> Result<Recounted, StoreError> {
    let mut tx = again.write().await?;
    for owned in chains {
        tx.insert_chain(owned.chain, (owned.device_id, owned.venue_id), Hash::ZERO, now).await?;
    }
    let mut devices = HashMap::new();
    for device in ledger.list_devices().await? {
        tx.copy_device_key(&device).await?;
        // Whether it was withdrawn was judged then.
        devices.insert(device.device_id, DeviceRow { revoked_at: None, ..device });
    }
    let owners = chains.iter().map(|owned| (owned.chain, owned)).collect();
    let replays = ledger.list_replays().await?;
    let mut ledger = Ledger { tx: ledger, owners, devices, replays };
    let (mut flags, mut broken, mut after) = (Flags::default(), Vec::new(), 0);
    ledger.promise(&mut tx, "").await?;
    loop {
        let turns = ledger.tx.list_turns(after, TURNS).await?;
        let Some(last) = turns.last() else { break };
        after = last.turn;
        for turn in turns {
            ledger.count(&mut tx, turn, &mut flags, &mut broken).await?;
            ledger.promise(&mut tx, &turn_name(turn.chain, turn.branch, turn.seqs.0, turn.is_replay)).await?;
        }
        tx.commit().await?;
        tx = again.write().await?;
    }
    let raised = ledger.tx.count_flags_but(SUPERSEDED).await?;
    if raised != flags.met {
        flags.differing += 1;
        broken.push(format!("{raised} flags are raised, and {} of them at events that are held", flags.met));
    }
    Ok(Recounted { tables: tx.reckon().await?, flags, broken })
}

impl Ledger<'_> {
    /// What tills were promised, and took back, between a batch and the next: decisions that no event tells.
    async fn promise(&mut self, again: &mut TenantTx, after: &str) -> Result<(), StoreError> {
        again.insert_claims(&self.tx.list_claims_after(after).await?, after).await?;
        for redemption_id in self.tx.list_withdrawn_after(after).await? {
            again.withdraw_claim(redemption_id, after).await?;
        }
        Ok(())
    }

    /// One batch, or one event that waited to be understood.
    async fn count(
        &mut self,
        again: &mut TenantTx,
        turn: Turn,
        flags: &mut Flags,
        broken: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let Turn { chain, branch, seqs, .. } = turn;
        let owned = self.owners.get(&chain).ok_or(StoreError::Corrupt("turn"))?;
        let device = self.devices.get(&owned.device_id).ok_or(StoreError::Corrupt("device"))?;
        let aside = self.tx.list_aside_within(chain, branch, seqs).await?;
        let kept = self.tx.list_kept(chain, branch, seqs).await?;
        let head = kept.last().map(|last| ChainHead { chain, seq: last.place.seq, hash: last.hash });
        let is_now = |seq: u64| match self.replays.get(&(chain, branch, seq)) {
            Some(at) => *at == turn.turn,
            None => !turn.is_replay,
        };
        let counted = kept.into_iter().filter(|kept| is_now(kept.place.seq) && !aside.contains(&kept.place.seq));
        let events: Vec<_> = counted.map(|kept| Prepared::new(replay::sealed(kept))).collect();
        let source = Source { device, venue_id: owned.venue_id, chain, branch };
        let judged = push::judge(again, &source, &events).await?;
        // Whether a run had come to its end when the next began is asked of its chain.
        if let (Some(head), 0, false) = (head, branch, turn.is_replay) {
            again.move_head(0, &head).await?;
        }
        let mut thought = HashMap::<u64, Vec<String>>::new();
        for (seq, _, code) in self.tx.list_flags_of(chain, branch, seqs).await? {
            if is_now(seq) {
                flags.met += u64::from(code != SUPERSEDED);
                thought.entry(seq).or_default().push(code);
            }
        }
        for (event, Judged { codes, .. }) in events.iter().zip(&judged) {
            let seq = event.sealed.seq;
            let before = thought.remove(&seq).unwrap_or_default();
            if before.iter().any(|code| code == SUPERSEDED) && !self.tx.has_superseded(chain, seq).await? {
                broken.push(format!("chain {chain}: what event {seq} wrote and did not stand is not kept"));
            }
            flags.compare(&before, codes);
        }
        Ok(())
    }
}

impl Flags {
    fn compare(&mut self, before: &[String], now: &[&'static str]) {
        let is_believed = !before.iter().any(|code| code == UNVERIFIED);
        self.has_unverified |= !is_believed;
        let counts = |code: &&str| !BY_HEAD_OFFICE.contains(code) && (is_believed || !OF_BELIEVED.contains(code));
        let mut before: Vec<_> = before.iter().map(String::as_str).filter(counts).collect();
        let mut now: Vec<_> = now.iter().copied().filter(counts).collect();
        before.sort_unstable();
        now.sort_unstable();
        self.raised += before.len() as u64;
        self.again += now.len() as u64;
        self.differing += u64::from(before != now);
    }
}

/// Values that did not stand: how many are kept, and how many of them are what their events say.
pub(super) async fn check_superseded(ledger: &mut TenantTx) -> Result<(u64, u64), StoreError> {
    let (mut all, mut proved) = (0, 0);
    loop {
        let page = ledger.list_superseded_after(all, LOST).await?;
        if page.is_empty() {
            return Ok((all.cast_unsigned(), proved));
        }
        for row in &page {
            let lines = ledger.list_lines_at(row.chain, row.seq).await?;
            proved += u64::from(lines.into_iter().any(|kept| wrote(kept, row)));
        }
        all += LOST.min(page.len().try_into().unwrap_or(LOST));
    }
}

/// Whether an event wrote the value that did not stand.
fn wrote(kept: Kept, row: &SupersededRow) -> bool {
    let Ok(Event { fact: Read::Known(Fact::ProductEdited(edit)), .. }) = replay::sealed(kept).read() else {
        return false;
    };
    let written = match serde_json::from_value(serde_json::Value::String(row.field.clone())) {
        Ok(EditedField::Name) => edit.name.map(|edited| serde_json::json!(edited.to)),
        Ok(EditedField::PriceMinor) => edit.price_minor.map(|edited| serde_json::json!(edited.to)),
        Ok(EditedField::IsActive) => edit.is_active.map(|edited| serde_json::json!(edited.to)),
        Err(_) => None,
    };
    let lost: Option<serde_json::Value> = serde_json::from_str(&row.lost).ok();
    edit.product_id == row.product_id && written.is_some() && written == lost
}
