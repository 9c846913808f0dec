//! What a person should know of the ledger and of head office, beyond whether it answers. None of it stops a sale, but for
//! a full disk.

use super::Till;
use crate::commands::CommandError;
use crate::commands::types::{Concern, ConcernCode};
use crate::ledger::boot::Soundness;
use crate::ledger::recovery::{LostChain, list_lost};
use crate::ledger::{LedgerError, clock, outbox};

/// A clock that is wrong by more than this is told, milliseconds.
const SKEW_MS: u64 = 2 * 60 * 1000;
/// What is over is still told for a day, milliseconds.
const TOLD_MS: i64 = 24 * 60 * 60 * 1000;

impl Till {
    /// Worst first.
    pub(super) fn concerns(&self) -> Result<Vec<Concern>, CommandError> {
        let (lost, sample, contact, forked, unsent) = self.ledger().read(|ledger| {
            Ok::<_, LedgerError>((
                list_lost(ledger)?,
                clock::find_newest(ledger)?,
                outbox::load_contact(ledger)?,
                outbox::count_forked(ledger)?,
                outbox::count_unsent(ledger)?,
            ))
        })?;
        let now = self.clock.now();
        let is_recent = |at| now.millis_since(at) < TOLD_MS;
        let mut told = Vec::new();
        if let Soundness::Damaged(fault) = self.ledger().soundness() {
            told.push(Concern { detail: Some(fault), ..Concern::of(ConcernCode::LedgerDamaged) });
        }
        if self.ledger().is_out_of_room() {
            told.push(Concern::of(ConcernCode::DiskFull));
        }
        if let Some(since) = contact.revoked_at {
            told.push(Concern { since: Some(since), events: unsent, ..Concern::of(ConcernCode::TillRevoked) });
        }
        let sum = |lost: &[&LostChain], of: fn(&LostChain) -> u64| lost.iter().map(|lost| of(lost)).sum::<u64>();
        let mut tell = |code, chains: Vec<&LostChain>, of: fn(&LostChain) -> u64| {
            if let Some(first) = chains.first() {
                let since = Some(first.found_at);
                told.push(Concern { since, events: sum(&chains, of), ..Concern::of(code) });
            }
        };
        let own = || lost.iter().filter(|lost| !lost.is_copy);
        tell(ConcernCode::EventsLost, own().filter(|lost| lost.gap() > 0).collect(), LostChain::gap);
        tell(ConcernCode::LedgerRestored, own().filter(|lost| lost.settled_at.is_none()).collect(), |lost| {
            lost.known.seq.saturating_sub(lost.held_seq).saturating_sub(lost.put_back)
        });
        let back = |lost: &&LostChain| lost.put_back > 0 && lost.settled_at.is_some_and(is_recent);
        tell(ConcernCode::LedgerRecovered, own().filter(back).collect(), |lost| lost.put_back);
        tell(ConcernCode::TillCloned, lost.iter().filter(|lost| lost.is_copy).collect(), |lost| lost.known.seq);
        if forked > 0 {
            told.push(Concern { events: forked, ..Concern::of(ConcernCode::ChainForked) });
        }
        if let Some(sample) = sample.filter(|sample| sample.offset_ms.unsigned_abs() > SKEW_MS.max(sample.rtt_ms)) {
            // Positive when this till's clock is fast.
            let minutes = -(sample.offset_ms / 60_000);
            told.push(Concern { minutes, since: Some(sample.wall), ..Concern::of(ConcernCode::ClockWrong) });
        }
        if let Some(since) = contact.log_changed_at.filter(|at| is_recent(*at)) {
            told.push(Concern { since: Some(since), events: unsent, ..Concern::of(ConcernCode::ServerRestored) });
        }
        Ok(told)
    }
}
