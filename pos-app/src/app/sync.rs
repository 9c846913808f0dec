//! Sending and fetching now.

use super::{Caller, Till};
use crate::commands::CommandError;
use crate::commands::types::{Nothing, SyncReport};

/// `sync.run`
pub(crate) fn run_sync(till: &Till, _: &Caller, _: &Nothing) -> Result<SyncReport, CommandError> {
    till.sync_now()
}
