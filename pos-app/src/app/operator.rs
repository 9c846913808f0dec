//! Who can sign in, signing in, signing out.

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use shared::event::{Fact, OperatorLoggedIn, OperatorLoggedOut, OperatorRefused};
use shared::ids::StaffId;
use shared::staff::{Decision, PIN_LOCK_MS, PIN_TRIES, Permission, StaffMember, decide};
use shared::time::Timestamp;

use super::till::lock;
use super::{Caller, Till};
use crate::commands::types::{Approval, LogIn, Nothing, StaffView, TillStatus};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::{catalog, people};

/// `staff.list`
pub(crate) fn list_staff(till: &Till, _: &Caller, _: &Nothing) -> Result<Vec<StaffView>, CommandError> {
    let staff = till.ledger().read(catalog::list_staff)?;
    let view = |staff: StaffMember| StaffView {
        locked_until: till.locked_until(staff.staff_id),
        staff_id: staff.staff_id,
        name: staff.name,
        roles: staff.roles,
    };
    Ok(staff.into_iter().map(view).collect())
}

/// `operator.log_in`
pub(crate) fn log_in(till: &Till, _: &Caller, args: &LogIn) -> Result<TillStatus, CommandError> {
    let _turn = lock(&till.pin_turn);
    let staff = till.find_worker(args.staff_id)?;
    till.look_at_pin(&staff, &args.pin)?;
    till.sign_in(staff.staff_id)?;
    till.status()
}

/// `operator.log_out`
pub(crate) fn log_out(till: &Till, who: &Caller, _: &Nothing) -> Result<TillStatus, CommandError> {
    let staff_id = who.staff()?.staff_id;
    let session = till.find_session()?.map(|stored| stored.session.session_id);
    let fact = Fact::OperatorLoggedOut(OperatorLoggedOut { staff_id });
    till.ledger().write(move |tx| tx.append(&fact, Some(staff_id), session))?;
    till.set_operator(None);
    till.status()
}

impl Till {
    /// Somebody who may allows, with their PIN, what `asking` may not do alone. It holds for the command it came with.
    pub(super) fn approve(
        &self,
        asking: &StaffMember,
        permission: Permission,
        approval: &Approval,
    ) -> Result<StaffId, CommandError> {
        let _turn = lock(&self.pin_turn);
        let staff = self.find_worker(approval.staff_id)?;
        // Two people, and one of them may: whoever may not is refused before their PIN is looked at.
        if staff.staff_id == asking.staff_id || decide(&staff.roles, permission) != Decision::Allowed {
            return Err(self.denied(asking, permission, Decision::NeedsApproval)?);
        }
        self.look_at_pin(&staff, &approval.pin)?;
        Ok(staff.staff_id)
    }

    /// Somebody who works here.
    ///
    /// Errors: `staff_unknown`.
    pub(super) fn find_worker(&self, staff_id: StaffId) -> Result<StaffMember, CommandError> {
        let staff = self.ledger().read(|connection| catalog::find_staff(connection, staff_id))?;
        let unknown = || CommandError::new(ErrorCode::StaffUnknown, "Nobody of that name works at this till.");
        staff.filter(|staff| staff.is_active).ok_or_else(unknown)
    }

    /// Whether it is theirs. Whoever calls holds the turn.
    fn look_at_pin(&self, staff: &StaffMember, pin: &str) -> Result<(), CommandError> {
        if let Some(until) = self.locked_until(staff.staff_id) {
            return Err(locked(until));
        }
        if is_pin_of(staff, pin, &self.identity()?.pin_pepper)? {
            return Ok(());
        }
        Err(self.refuse_pin(staff.staff_id)?)
    }

    fn sign_in(&self, staff_id: StaffId) -> Result<(), CommandError> {
        let session = self.find_session()?.map(|stored| stored.session.session_id);
        let before = self.operator_id().filter(|before| *before != staff_id);
        self.ledger().write(move |tx| {
            if let Some(before) = before {
                let left = Fact::OperatorLoggedOut(OperatorLoggedOut { staff_id: before });
                tx.append(&left, Some(before), session)?;
            }
            tx.append(&Fact::OperatorLoggedIn(OperatorLoggedIn { staff_id }), Some(staff_id), session)
        })?;
        lock(&self.locks).remove(&staff_id);
        self.set_operator(Some(staff_id));
        Ok(())
    }

    /// Durable before it is answered: pulling the plug does not give the try back.
    fn refuse_pin(&self, staff_id: StaffId) -> Result<CommandError, CommandError> {
        let now = self.clock.now();
        let guard = self.ledger().read(|connection| people::find_guard(connection, staff_id))?;
        let failed = guard.failed(now);
        let wrong = guard.wrong.saturating_add(1).min(PIN_TRIES);
        let locked_until = failed.locked_until;
        let fact = Fact::OperatorRefused(OperatorRefused { staff_id, wrong, locked_until });
        self.ledger().write(move |tx| tx.append(&fact, None, None))?;
        if locked_until.is_some() {
            let until_up_ms = self.clock.up_ms().saturating_add(PIN_LOCK_MS.unsigned_abs());
            lock(&self.locks).insert(staff_id, until_up_ms);
        }
        Ok(match locked_until {
            Some(until) => locked(until),
            None => {
                CommandError::new(ErrorCode::PinWrong, "That is not the PIN.").with("tries_left", PIN_TRIES - wrong)
            }
        })
    }

    /// Until when a PIN is not looked at, by this till's wall as it is now. The wait itself is counted in time the till
    /// ran, so that setting the clock does not shorten it.
    fn locked_until(&self, staff_id: StaffId) -> Option<Timestamp> {
        let until_up_ms = lock(&self.locks).get(&staff_id).copied()?;
        let left_ms = until_up_ms.checked_sub(self.clock.up_ms()).filter(|left| *left > 0)?;
        Some(self.clock.now().plus_millis(left_ms.cast_signed()))
    }

    /// A person's name, if head office told it.
    pub(super) fn name_of(&self, staff_id: Option<StaffId>) -> Result<Option<String>, CommandError> {
        let Some(staff_id) = staff_id else { return Ok(None) };
        let staff = self.ledger().read(|connection| catalog::find_staff(connection, staff_id))?;
        Ok(staff.map(|staff| staff.name))
    }
}

fn locked(until: Timestamp) -> CommandError {
    CommandError::new(ErrorCode::PinLocked, "Too many wrong PINs. Wait, or ask a manager.")
        .with("until", until.as_millis())
}

/// Argon2id with head office's pepper; the parameters are those written in the verifier.
fn is_pin_of(staff: &StaffMember, pin: &str, pepper: &[u8]) -> Result<bool, CommandError> {
    let unusable = || super::refuse::internal("a PIN verifier that cannot be read");
    let verifier = PasswordHash::new(&staff.pin_verifier).map_err(|_| unusable())?;
    let argon2 = Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, Params::default());
    match argon2.map_err(|_| unusable())?.verify_password(pin.as_bytes(), &verifier) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(unusable()),
    }
}
