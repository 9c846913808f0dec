//! The first words of a till that comes back. Both sides say what they hold, so that both learn at once which of them
//! was restored, cloned or replaced.

use std::collections::HashMap;

use shared::event::{ChainHead, Hash, SealedEvent};
use shared::ids::{ChainId, LogId};
use shared::keys::PublicKey;
use shared::sync::certificate::{Certificate, SignedCertificate};
use shared::sync::protocol::{
    HeldChain, Hello, HelloReply, MAX_BATCH_EVENTS, MAX_BATCHES, MAX_HELLO_CHAINS, MAX_OWN_EVENTS, OtherChain,
    OwnEvents, PROTO, Standing, StreamStanding,
};
use shared::sync::stream::Cursor;
use shared::time::Timestamp;

use super::{enroll, pull};
use crate::store::{DeviceRow, OwnChain, StoreError, Tenant, TenantTx};

/// Most cursors a till can have use for, and then some.
const MAX_CURSORS: usize = 16;
/// Most characters of a version's name.
const MAX_VERSION: usize = 100;
/// So many of a device's newest chains are looked through for those it did not name.
const NEWEST_CHAINS: u16 = 512;
/// Answers are cut here.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Why a till is not answered.
#[derive(Debug, thiserror::Error)]
pub enum HelloError {
    /// Of a protocol this server does not speak.
    #[error("protocol {0} is not spoken here")]
    Protocol(u32),
    /// More than a till can have use for.
    #[error("at most {MAX_HELLO_CHAINS} chains, {MAX_CURSORS} cursors and {MAX_VERSION} characters of version")]
    TooMuch,
    /// No such chain or branch of this device, or not so long.
    #[error("there is no such event of this device")]
    NoEvent,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers a till, renews its certificate when that is due, and notes that it reported after a restore.
pub async fn hello(
    tenant: &Tenant,
    device: &DeviceRow,
    key: PublicKey,
    said: &Hello,
    now: Timestamp,
) -> Result<HelloReply, HelloError> {
    if said.proto != PROTO {
        return Err(HelloError::Protocol(said.proto));
    }
    let is_too_much = said.chains.len() > MAX_HELLO_CHAINS
        || said.cursors.len() > MAX_CURSORS
        || said.app_version.chars().count() > MAX_VERSION;
    if is_too_much {
        return Err(HelloError::TooMuch);
    }
    let is_due = is_renewal_due(device, now);
    let mut tx = tenant.read().await?;
    let own = tx.list_own_chains(device.device_id, NEWEST_CHAINS).await?;
    let by_chain: HashMap<ChainId, OwnChain> = own.iter().map(|own| (own.head.chain, *own)).collect();
    let mut chains = Vec::with_capacity(said.chains.len());
    for named in &said.chains {
        chains.push(match by_chain.get(&named.chain) {
            Some(own) => held(*own),
            None => find_older(&mut tx, device, named.chain).await?,
        });
    }
    let others = others(said, &own);
    let logs = tx.list_logs().await?;
    let mut streams = standings(&mut tx, device, said, &logs).await?;
    let is_awaited = tx.is_awaited(device.device_id).await?;
    let mut recovering = is_awaited || tx.count_awaited().await? > 0;
    drop(tx);
    let mut certificate = None;
    if is_due || is_awaited {
        let mut tx = tenant.write().await?;
        if is_due {
            certificate = Some(renew(tenant, &mut tx, device, key, now).await?);
        }
        tx.note_reported(device.device_id, now).await?;
        recovering = tx.count_awaited().await? > 0;
        tx.commit().await?;
        if certificate.is_some() {
            // Every till hears of it, this one too.
            streams = standings(&mut tenant.read().await?, device, said, &logs).await?;
        }
    }
    let parent_logs = logs.into_iter().filter(|log_id| *log_id != tenant.log_id).collect();
    let window = (MAX_BATCH_EVENTS * MAX_BATCHES) as u64;
    let log_id = tenant.log_id;
    let server_time = now;
    Ok(HelloReply { log_id, parent_logs, server_time, chains, others, streams, certificate, window, recovering })
}

/// Where the till's streams end, and what its cursors are worth. One it may not follow is as unknown as none.
async fn standings(
    tx: &mut TenantTx,
    device: &DeviceRow,
    said: &Hello,
    logs: &[LogId],
) -> Result<Vec<StreamStanding>, StoreError> {
    let own = pull::streams_of(device);
    let heads = tx.list_stream_heads(&own).await?;
    let named = said.cursors.iter().map(|named| named.stream).filter(|stream| !own.contains(stream));
    let mut told: Vec<StreamStanding> = Vec::new();
    for stream in own.into_iter().chain(named) {
        if told.iter().any(|told| told.stream == stream) {
            continue;
        }
        let head = heads.iter().find(|(of, _)| *of == stream).map(|(_, head)| *head);
        let (head_seq, head_hash) = head.map_or((0, Hash::ZERO), |head| (head.seq, head.hash));
        let cursor = said.cursors.iter().find(|named| named.stream == stream).map(|named| named.cursor);
        let standing = match cursor {
            _ if !pull::may_follow(device, stream) => Standing::Unknown,
            None => Standing::Unread,
            Some(Cursor { log_id, .. }) if !logs.contains(&log_id) => Standing::Gone,
            // At the end, which was just read.
            Some(Cursor { seq, hash, .. }) if seq > 0 && (seq, hash) == (head_seq, head_hash) => Standing::Good,
            Some(Cursor { seq, hash, .. }) => {
                let is_good = pull::stands_in(tx, stream, seq, hash).await?;
                if is_good { Standing::Good } else { Standing::Gone }
            }
        };
        told.push(StreamStanding { stream, standing, head_seq, head_hash });
    }
    Ok(told)
}

fn held(own: OwnChain) -> HeldChain {
    let ChainHead { chain, seq, hash } = own.head;
    HeldChain { chain, have_seq: seq, have_hash: hash, branches: own.branches }
}

/// A chain that is not among the newest. Another device's is as unknown as none.
async fn find_older(tx: &mut TenantTx, device: &DeviceRow, chain: ChainId) -> Result<HeldChain, StoreError> {
    let known = tx.find_chain(chain).await?.filter(|row| row.device_id == device.device_id);
    Ok(match known {
        Some(row) => {
            let branches = u32::try_from(tx.list_branches(chain).await?.len()).unwrap_or(u32::MAX);
            held(OwnChain { head: row.head, branches, started_at: Timestamp::from_millis(0) })
        }
        None => HeldChain { chain, have_seq: 0, have_hash: Hash::ZERO, branches: 0 },
    })
}

/// Chains of this device it did not name. One that named as many as it may has older ones it did not get to.
fn others(said: &Hello, own: &[OwnChain]) -> Vec<OtherChain> {
    let is_named = |own: &&OwnChain| said.chains.iter().any(|named| named.chain == own.head.chain);
    let oldest_named = own.iter().filter(is_named).map(|own| own.started_at).min();
    let since = if said.chains.len() == MAX_HELLO_CHAINS { oldest_named } else { None };
    own.iter()
        .filter(|own| !is_named(own) && since.is_none_or(|since| own.started_at >= since))
        .take(MAX_HELLO_CHAINS)
        .map(|own| OtherChain {
            chain: own.head.chain,
            head_seq: own.head.seq,
            head_hash: own.head.hash,
            started_at: own.started_at,
        })
        .collect()
}

/// What a machine's certificate says; `None` before it has one.
pub fn certificate_of(device: &DeviceRow) -> Option<Certificate> {
    serde_json::from_str(&device.certificate.as_ref()?.body).ok()
}

fn is_renewal_due(device: &DeviceRow, now: Timestamp) -> bool {
    certificate_of(device).is_none_or(|certificate| certificate.is_half_over(now))
}

/// Gives a machine a new certificate for the key it has, and tells every till.
async fn renew(
    tenant: &Tenant,
    tx: &mut TenantTx,
    device: &DeviceRow,
    key: PublicKey,
    now: Timestamp,
) -> Result<SignedCertificate, StoreError> {
    let certificate = enroll::certify(tenant, device, key, now).sign(&tenant.signing_key);
    tx.renew_certificate(device.device_id, &certificate).await?;
    Ok(certificate)
}

/// Lets a machine whose certificate is over speak again: for its next hello, which brings it a certificate of its own.
pub async fn let_renew(
    tenant: &Tenant,
    tx: &mut TenantTx,
    device: &DeviceRow,
    key: PublicKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Nobody gave it to the machine, so it grants no time alone; that makes it due at once.
    let certificate = Certificate { offline_until: Some(now), ..enroll::certify(tenant, device, key, now) };
    tx.renew_certificate(device.device_id, &certificate.sign(&tenant.signing_key)).await
}

/// Which of its own events a till asks for.
#[derive(Clone, Copy, Debug)]
pub struct OwnFrom {
    /// Of which chain.
    pub chain: ChainId,
    /// On which branch; the events before it left its parent are its own too.
    pub branch: u32,
    /// After which number.
    pub after: u64,
    /// How many at most.
    pub limit: usize,
}

/// Gives a till back what it wrote.
pub async fn own_events(tenant: &Tenant, device: &DeviceRow, from: OwnFrom) -> Result<OwnEvents, HelloError> {
    let OwnFrom { chain, branch, after, limit } = from;
    let mut tx = tenant.read().await?;
    let row = tx.find_chain(chain).await?.filter(|row| row.device_id == device.device_id);
    let row = row.ok_or(HelloError::NoEvent)?;
    let (lineage, head) = lineage(&mut tx, row.head, branch).await?.ok_or(HelloError::NoEvent)?;
    if after > head.seq {
        return Err(HelloError::NoEvent);
    }
    let limit = limit.clamp(1, MAX_OWN_EVENTS);
    let mut events: Vec<SealedEvent> = Vec::new();
    let mut begin = 0;
    for (branch, until) in lineage {
        if until > after && events.len() < limit {
            let wanted = limit - events.len();
            events.extend(tx.list_events(chain, branch, (after.max(begin), until), wanted).await?);
        }
        begin = until;
    }
    let prev_hash = events.first().map_or(head.hash, |first| first.prev);
    let mut bytes = 0;
    let fits = events.iter().take_while(|event| {
        bytes += event.line.len();
        bytes <= MAX_ANSWER_BYTES
    });
    let keep = fits.count().max(1);
    let events = events.iter().take(keep).map(|event| event.rest().to_owned()).collect();
    Ok(OwnEvents { log_id: tenant.log_id, prev_hash, events, head_seq: head.seq, head_hash: head.hash })
}

/// The branches a history runs through, each with the last number on it, and where it ends.
async fn lineage(
    tx: &mut TenantTx,
    main: ChainHead,
    branch: u32,
) -> Result<Option<(Vec<(u32, u64)>, ChainHead)>, StoreError> {
    if branch == 0 {
        return Ok(Some((vec![(0, main.seq)], main)));
    }
    let branches = tx.list_branches(main.chain).await?;
    let find = |wanted: u32| branches.iter().find(|row| row.branch == wanted);
    let Some(last) = find(branch) else { return Ok(None) };
    let mut through = vec![(branch, last.head.seq)];
    let mut at = *last;
    // A parent has a lower number than its branch, so this ends.
    while let Some(parent) = find(at.parent).filter(|parent| parent.branch < at.branch) {
        through.push((parent.branch, at.forked_after));
        at = *parent;
    }
    through.push((0, at.forked_after));
    through.reverse();
    Ok(Some((through, last.head)))
}
