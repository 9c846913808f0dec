//! Proving the ledger.

use super::{Caller, Till};
use crate::commands::CommandError;
use crate::commands::types::{Nothing, VerifyReport};
use crate::ledger::Ledger;
use crate::ledger::verify::{Verified, verify};

/// `ledger.verify`
pub(crate) fn verify_ledger(till: &Till, _: &Caller, _: Nothing) -> Result<VerifyReport, CommandError> {
    // A connection of its own: a long ledger must not hold up whoever else reads.
    let connection = Ledger::open_reader(&till.dir.join(super::DATABASE))?;
    Ok(verify(&connection)?.into())
}

impl From<Verified> for VerifyReport {
    fn from(verified: Verified) -> Self {
        let Verified { chains, events, projections, faults } = verified;
        Self { chains, events, projections, faults }
    }
}
