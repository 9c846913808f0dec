//! Who asks, and whether they may. The only place that answers it.

use shared::ids::StaffId;
use shared::staff::{Decision, Permission, StaffMember, decide};

use super::Till;
use super::till::lock;
use crate::commands::types::{Approval, Approver};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{By, catalog};

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
    /// Who allowed this one command.
    approver: Option<StaffId>,
    /// Somebody's word that came with it and was not needed so far: what it turns out to be may ask for more.
    word: Option<Approval>,
}

impl Caller {
    /// The person signed in; commands that need one have one.
    pub(crate) fn staff(&self) -> Result<&StaffMember, CommandError> {
        self.operator.as_ref().ok_or_else(not_logged_in)
    }

    /// In whose name it is written down: theirs, and that of whoever allowed it.
    pub(crate) fn by(&self) -> Result<By, CommandError> {
        Ok(By { actor: Some(self.staff()?.staff_id), approver: self.approver })
    }

    /// Somebody's word that came with the command and was not needed so far.
    pub(crate) fn word(&self) -> Option<&Approval> {
        self.word.as_ref()
    }
}

fn not_logged_in() -> CommandError {
    CommandError::new(ErrorCode::NotLoggedIn, "Nobody is signed in at this till.")
}

impl Till {
    /// Lets a caller through, or says why not. An approval counts for this one command, where the caller needs one.
    pub(crate) fn authorise(&self, need: Need, approval: Option<&Approval>) -> Result<Caller, CommandError> {
        if need == Need::Anyone {
            return Ok(Caller { operator: self.operator()?, approver: None, word: None });
        }
        self.identity()?;
        let operator = self.operator()?;
        let approver = match (need, &operator) {
            (Need::Anyone | Need::Enrolled, _) | (Need::SignedIn, Some(_)) => None,
            (Need::SignedIn | Need::May(_), None) => return Err(not_logged_in()),
            (Need::May(permission), Some(staff)) => match (decide(&staff.roles, permission), approval) {
                (Decision::Allowed, _) => None,
                (Decision::NeedsApproval, Some(approval)) => Some(self.approve(staff, permission, approval)?),
                (decision, _) => return Err(self.denied(staff, permission, decision)?),
            },
        };
        let word = approval.filter(|_| approver.is_none()).cloned();
        Ok(Caller { operator, approver, word })
    }

    /// Says no, and who could say yes.
    pub(super) fn denied(
        &self,
        staff: &StaffMember,
        permission: Permission,
        decision: Decision,
    ) -> Result<CommandError, CommandError> {
        let approvers = match decision {
            Decision::NeedsApproval => self.approvers(staff.staff_id, permission)?,
            Decision::Allowed | Decision::Denied => Vec::new(),
        };
        Ok(CommandError::new(ErrorCode::PermissionDenied, format!("{} may not do this here.", staff.name))
            .with("permission", serde_json::to_value(permission).unwrap_or_default())
            .with("decision", serde_json::to_value(decision).unwrap_or_default())
            .with("approvers", serde_json::to_value(approvers).unwrap_or_default()))
    }

    /// Everybody who may, but for who asks.
    fn approvers(&self, asking: StaffId, permission: Permission) -> Result<Vec<Approver>, CommandError> {
        let staff = self.ledger().read(catalog::list_staff)?;
        let may = |staff: &StaffMember| decide(&staff.roles, permission) == Decision::Allowed;
        Ok(staff
            .into_iter()
            .filter(|staff| staff.is_active && staff.staff_id != asking && may(staff))
            .map(|StaffMember { staff_id, name, roles, .. }| Approver { staff_id, name, roles })
            .collect())
    }

    /// The person signed in, as head office last described them; one who no longer works here is signed out.
    pub(crate) fn operator(&self) -> Result<Option<StaffMember>, CommandError> {
        let Some(staff_id) = self.operator_id() else { return Ok(None) };
        let changes = self.ledger().house_changes();
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
