//! The people at the tills: who they are, what they may do, and how a PIN locks.

mod permission;
mod pin;

pub use permission::{Decision, Permission, Role, decide};
pub use pin::{PIN_LOCK_MS, PIN_TRIES, PinGuard};

use serde::{Deserialize, Serialize};

use crate::ids::StaffId;

/// A person as head office publishes them to tills.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// Their id.
    pub staff_id: StaffId,
    /// As shown on the log-in screen and on receipts.
    pub name: String,
    /// What they are; permissions follow from it.
    pub roles: Vec<Role>,
    /// Argon2id verifier of the PIN, PHC text; peppered with the tenant's secret, so a stolen till cannot guess it.
    pub pin_verifier: String,
    /// Still working here.
    pub is_active: bool,
}

impl std::fmt::Debug for StaffMember {
    /// The verifier stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffMember")
            .field("staff_id", &self.staff_id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
