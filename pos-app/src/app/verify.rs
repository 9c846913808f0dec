//! Proving the ledger.

use std::path::Path;

use super::{Caller, DATABASE, Till};
use crate::commands::CommandError;
use crate::commands::types::{Nothing, VerifyReport};
use crate::ledger::verify::{Verified, verify};
use crate::ledger::{Ledger, event};

/// `ledger.verify`
pub(crate) fn verify_ledger(till: &Till, _: &Caller, _: &Nothing) -> Result<VerifyReport, CommandError> {
    verify_directory(&till.dir)
}

/// Proves the ledger in a data directory, also beside a till that runs. Starts no chain.
pub fn verify_directory(dir: &Path) -> Result<VerifyReport, CommandError> {
    // A connection of its own: a long ledger must not hold up whoever else reads.
    Ok(verify(&Ledger::open_reader(&dir.join(DATABASE))?)?.into())
}

/// Calls `each` with every event of a data directory as it was written, oldest first, until it says no.
pub fn export_directory<E>(dir: &Path, each: impl FnMut(&str) -> Result<(), E>) -> Result<Result<(), E>, CommandError> {
    let connection = Ledger::open_reader(&dir.join(DATABASE))?;
    Ok(event::for_each_line(&connection, each)?)
}

impl From<Verified> for VerifyReport {
    fn from(verified: Verified) -> Self {
        let Verified { chains, events, projections, faults } = verified;
        Self { chains, events, projections, faults }
    }
}
