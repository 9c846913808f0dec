//! Checks that what is kept is what was written, and that what is counted is what it comes to: every event's hash,
//! number and predecessor, every branch's end; then all of it is counted again beside, by the same code and in the same
//! order, and the tables are compared.

use std::path::Path;

use shared::event::{ChainHead, Hash};
use shared::sync::ingest::{BranchHead, KnownChain};

use super::check::{self, CheckError, CheckedStream};
use super::recount;
use crate::Outside;
use crate::store::{Store, StoreError, Tenant, TenantTx};

/// Events read at a time.
const PAGE: u64 = 512;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Chains walked from their beginning to the end of each branch.
    pub chains: u64,
    /// Events rehashed.
    pub events: u64,
    /// Streams read, with what is no longer there to be read.
    pub streams: Vec<CheckedStream>,
    /// What is not as it was written.
    pub broken: Vec<String>,
    /// Each counted table: how many rows it has, and how many when counted again.
    pub tables: Vec<(&'static str, u64, u64)>,
    /// Tables that come to something else when counted again.
    pub differing: Vec<&'static str>,
}

impl Report {
    fn compare(&mut self, table: &'static str, (here, again): (u64, u64), is_same: bool) {
        self.tables.push((table, here, again));
        if !is_same {
            self.differing.push(table);
        }
    }

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
    for stream in ledger.list_streams().await? {
        match check::check_stream(&mut ledger, tenant.log_id, stream).await {
            Ok(checked) => report.streams.push(checked),
            Err(CheckError::Store(error)) => return Err(error),
            Err(error) => report.broken.push(error.to_string()),
        }
    }
    let held = ledger.count_all_events().await?;
    if held != report.events {
        report.broken.push(format!("{held} events are held, and {} are on a branch", report.events));
    }
    let beside = Store::open(scratch).await?;
    let again = beside.create_like(tenant, outside.now(), &*outside.entropy).await?;
    let recounted = recount::recount(&mut ledger, &again, &chains, outside.now()).await;
    beside.close().await;
    let recounted = recounted?;
    let flags = recounted.flags;
    for ((name, here), (_, there)) in ledger.reckon().await?.into_iter().zip(recounted.tables) {
        let may_differ = flags.has_unverified && recount::OF_BELIEVED_TICKETS.contains(&name);
        report.compare(name, (here.rows, there.rows), may_differ || here == there);
    }
    report.compare("flag", (flags.raised, flags.again), flags.differing == 0);
    report.broken.extend(recounted.broken);
    let (lost, proved) = recount::check_superseded(&mut ledger).await?;
    report.compare("superseded_edit", (lost, proved), lost == proved);
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
