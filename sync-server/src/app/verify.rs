//! Checks that what is kept is what was written, and that what is counted is what it comes to: every event's hash,
//! number and predecessor, every branch's end; then all of it is counted again beside, by the same code and in the same
//! order, and the tables are compared.

use std::collections::HashMap;
use std::path::Path;

use shared::event::{ChainHead, Hash};
use shared::ids::ChainId;
use shared::sync::ingest::{BranchHead, KnownChain};

use super::project::{Prepared, Source};
use super::{push, replay};
use crate::Outside;
use crate::store::{Owned, Reckoning, Store, StoreError, Tenant, TenantTx};

/// Events read at a time.
const PAGE: u64 = 512;
/// Batches looked up at a time.
const TURNS: i64 = 1_000;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Chains walked from their beginning to the end of each branch.
    pub chains: u64,
    /// Events rehashed.
    pub events: u64,
    /// What is not as it was written.
    pub broken: Vec<String>,
    /// Each counted table: how many rows it has, and how many when counted again.
    pub tables: Vec<(&'static str, u64, u64)>,
    /// Tables that come to something else when counted again.
    pub differing: Vec<&'static str>,
}

impl Report {
    /// Nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.broken.is_empty() && self.differing.is_empty()
    }
}

/// Checks a company's ledger. The second counting is done in files of its own under `scratch`.
pub async fn verify(tenant: &Tenant, scratch: &Path, outside: &Outside) -> Result<Report, StoreError> {
    let mut report = Report::default();
    // One moment of it, however long this takes.
    let mut ledger = tenant.read().await?;
    let chains = ledger.list_owned_chains().await?;
    for owned in &chains {
        let known = ledger.load_known_chain(owned.chain).await?.ok_or(StoreError::Corrupt("chain"))?;
        report.chains += 1;
        for branch in &known.branches {
            walk(&mut ledger, &known, branch, &mut report).await?;
        }
    }
    let held = ledger.count_all_events().await?;
    if held != report.events {
        report.broken.push(format!("{held} events are held, and {} are on a branch", report.events));
    }
    let beside = Store::open(scratch).await?;
    let again = beside.create_tenant("again", "Counted again", outside.now(), &*outside.entropy).await?;
    let recounted = recount(&mut ledger, &again, &chains, outside).await;
    beside.close().await;
    let recounted = recounted?;
    for ((name, here), (_, there)) in ledger.reckon().await?.into_iter().zip(recounted) {
        report.tables.push((name, here.rows, there.rows));
        if here != there {
            report.differing.push(name);
        }
    }
    Ok(report)
}

/// Walks a branch from where it begins to its end.
async fn walk(
    ledger: &mut TenantTx,
    known: &KnownChain,
    branch: &BranchHead,
    report: &mut Report,
) -> Result<(), StoreError> {
    let chain = branch.head.chain;
    let mut head: Option<ChainHead> = None;
    let mut next = branch.forked_after + 1;
    while next <= branch.head.seq {
        let page = ledger.list_kept(chain, branch.branch, (next, next + PAGE - 1)).await?;
        for kept in &page {
            let before = match head {
                Some(head) => head,
                None => begin(ledger, branch, &kept.line).await?,
            };
            match before.accept(&known.origin, &kept.line) {
                Ok(event) if event.hash == kept.hash && event.seq == kept.place.seq => head = Some(event.head()),
                _ => {
                    let (branch, seq) = (branch.branch, kept.place.seq);
                    report.broken.push(format!("chain {chain}, branch {branch}: event {seq} is not what was written"));
                    return Ok(());
                }
            }
            report.events += 1;
        }
        if page.len() as u64 != PAGE.min(branch.head.seq + 1 - next) {
            break;
        }
        next += PAGE;
    }
    if head != Some(branch.head) {
        let branch = branch.branch;
        report.broken.push(format!("chain {chain}, branch {branch}: it does not end where it says"));
    }
    Ok(())
}

/// What a branch goes on from: its first line names it, and a fork must name an event that is held.
async fn begin(ledger: &mut TenantTx, branch: &BranchHead, line: &str) -> Result<ChainHead, StoreError> {
    let (chain, seq) = (branch.head.chain, branch.forked_after);
    let named = line.split_once(r#""prev":""#).and_then(|(_, rest)| rest.get(..64)?.parse::<Hash>().ok());
    let hash = named.unwrap_or(Hash::ZERO);
    let is_held = seq == 0 || ledger.list_held(chain, (seq, seq)).await?.iter().any(|held| held.hash == hash);
    // One that names nothing held goes on from nothing, and its first line does not fit.
    Ok(ChainHead { chain, seq: if is_held { seq } else { u64::MAX - 1 }, hash })
}

/// Counts everything again, in the order it was counted.
async fn recount(
    ledger: &mut TenantTx,
    again: &Tenant,
    chains: &[Owned],
    outside: &Outside,
) -> Result<Vec<(&'static str, Reckoning)>, StoreError> {
    let owners: HashMap<ChainId, &Owned> = chains.iter().map(|owned| (owned.chain, owned)).collect();
    let mut devices = HashMap::new();
    for device in ledger.list_devices().await? {
        devices.insert(device.device_id, device);
    }
    let mut tx = again.write().await?;
    for owned in chains {
        tx.insert_chain(owned.chain, (owned.device_id, owned.venue_id), Hash::ZERO, outside.now()).await?;
    }
    let mut after = 0;
    loop {
        let turns = ledger.list_turns(after, TURNS).await?;
        let Some(last) = turns.last() else { break };
        after = last.turn;
        for turn in turns {
            let owned = owners.get(&turn.chain).ok_or(StoreError::Corrupt("turn"))?;
            let device = devices.get(&owned.device_id).ok_or(StoreError::Corrupt("device"))?;
            let aside = ledger.list_aside_within(turn.chain, turn.branch, turn.seqs).await?;
            let kept = ledger.list_kept(turn.chain, turn.branch, turn.seqs).await?;
            let counted = kept.into_iter().filter(|kept| !aside.contains(&kept.place.seq));
            let events: Vec<_> = counted.map(|kept| Prepared::new(replay::sealed(kept))).collect();
            let mut device = device.clone();
            // Whether it was withdrawn was judged then.
            device.revoked_at = None;
            let source = Source { device: &device, venue_id: owned.venue_id, branch: turn.branch };
            push::judge(&mut tx, &source, &events).await?;
        }
        tx.commit().await?;
        tx = again.write().await?;
    }
    tx.reckon().await
}
