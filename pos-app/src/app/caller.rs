//! Who asks, and whether they may. The only place that answers it.

use shared::staff::{Decision, Permission, StaffMember, decide};

use super::Till;
use super::till::lock;
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::catalog;

/// What a command asks of who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Anyone,
    /// That head office knows the till.
    Enrolled,
    /// That somebody is signed in.
    SignedIn,
    /// That whoever is signed in may do this.
    May(Permission),
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    operator: Option<StaffMember>,
}

impl Caller {
    /// The person signed in; commands that need one have one.
    pub(crate) fn staff(&self) -> Result<&StaffMember, CommandError> {
        self.operator.as_ref().ok_or_else(not_logged_in)
    }
}

fn not_logged_in() -> CommandError {
    CommandError::new(ErrorCode::NotLoggedIn, "Nobody is signed in at this till.")
}

impl Till {
    /// Lets a caller through, or says why not.
    pub(crate) fn authorise(&self, need: Need) -> Result<Caller, CommandError> {
        if need == Need::Anyone {
            return Ok(Caller { operator: self.operator()? });
        }
        self.identity()?;
        let operator = self.operator()?;
        match (need, &operator) {
            (Need::Anyone | Need::Enrolled, _) | (Need::SignedIn, Some(_)) => {}
            (Need::SignedIn | Need::May(_), None) => return Err(not_logged_in()),
            (Need::May(permission), Some(staff)) => match decide(&staff.roles, permission) {
                Decision::Allowed => {}
                decision @ (Decision::NeedsApproval | Decision::Denied) => {
                    let message = format!("{} may not do this here.", staff.name);
                    return Err(CommandError::new(ErrorCode::PermissionDenied, message)
                        .with("permission", serde_json::to_value(permission).unwrap_or_default())
                        .with("decision", serde_json::to_value(decision).unwrap_or_default()));
                }
            },
        }
        Ok(Caller { operator })
    }

    /// The person signed in, as head office last described them; one who no longer works here is signed out.
    pub(crate) fn operator(&self) -> Result<Option<StaffMember>, CommandError> {
        let Some(staff_id) = self.operator_id() else { return Ok(None) };
        let changes = self.ledger().people_changes();
        if let Some((_, staff)) =
            lock(&self.known_operator).as_ref().filter(|(at, staff)| *at == changes && staff.staff_id == staff_id)
        {
            return Ok(Some(staff.clone()));
        }
        let staff = self.ledger().read(|connection| catalog::find_staff(connection, staff_id))?;
        let staff = staff.filter(|staff| staff.is_active);
        *lock(&self.known_operator) = staff.clone().map(|staff| (changes, staff));
        if staff.is_none() {
            self.set_operator(None);
        }
        Ok(staff)
    }
}
