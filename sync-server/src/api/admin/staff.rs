//! The people at the tills. Their PINs come in, are hashed, and are never shown again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::ids::StaffId;
use shared::staff::{Role, StaffMember};
use shared::sync::protocol::ProblemCode;

use super::extract::{Asked, Body, ListOut, Named, PageQuery, text, unacceptable};
use crate::Inner;
use crate::api::auth::Admin;
use crate::api::error::ApiError;
use crate::api::openapi::ProblemDoc;
use crate::app::secret;
use crate::store::AdminRole;

/// A person.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StaffOut {
    #[schema(value_type = String)]
    staff_id: StaffId,
    name: String,
    /// `cashier`, `bartender`, `supervisor`, `manager`, `admin`, `auditor`.
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    is_active: bool,
}

/// A person as they should be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffIn {
    name: String,
    /// `cashier`, `bartender`, `supervisor`, `manager`, `admin`, `auditor`.
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// Four to eight digits, six at least for supervisors, managers and administrators. May be left out of a change.
    pin: Option<String>,
    #[serde(default = "yes")]
    is_active: bool,
}

const fn yes() -> bool {
    true
}

impl From<StaffMember> for StaffOut {
    fn from(member: StaffMember) -> Self {
        let StaffMember { staff_id, name, roles, is_active, .. } = member;
        Self { staff_id, name, roles, is_active }
    }
}

fn is_senior(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::Supervisor | Role::Manager | Role::Admin))
}

/// A PIN nobody guesses at once.
fn check_pin(pin: &str, roles: &[Role]) -> Result<(), ApiError> {
    let least = if is_senior(roles) { 6 } else { 4 };
    if !(least..=8).contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
        return Err(unacceptable(format!("pin is {least} to 8 digits")));
    }
    let steps: Vec<_> = pin.as_bytes().windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    if steps.iter().all(|step| *step == steps[0] && step.abs() <= 1) {
        return Err(unacceptable("pin is too easy to guess"));
    }
    Ok(())
}

impl StaffIn {
    /// Roles and name in order; only administrators make people who run the venue.
    fn check(&self, admin: &Admin, before: &[Role]) -> Result<(String, Vec<Role>), ApiError> {
        let mut roles = self.roles.clone();
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() {
            return Err(unacceptable("roles must name one at least"));
        }
        let runs_venue = |role: &Role| matches!(role, Role::Manager | Role::Admin);
        if (roles.iter().any(runs_venue) || before.iter().any(runs_venue)) && admin.session.role < AdminRole::Admin {
            return Err(ApiError::new(ProblemCode::Forbidden, "only administrators decide who manages"));
        }
        Ok((text("name", &self.name, 60)?, roles))
    }

    async fn verifier(&self, app: &Arc<Inner>, admin: &Admin, roles: &[Role]) -> Result<Option<String>, ApiError> {
        let Some(pin) = self.pin.clone() else { return Ok(None) };
        check_pin(&pin, roles)?;
        let (pepper, entropy) = (admin.tenant.pin_pepper, Arc::clone(&app.outside.entropy));
        let hashed = secret::in_background(move || secret::hash_pin(&pin, &pepper, &*entropy)).await;
        hashed.map(Some).map_err(|error| ApiError::internal(&error))
    }
}

/// People, oldest first.
#[utoipa::path(get, path = "/v1/admin/staff", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(PageQuery), responses(
    (status = 200, description = "A part of the list", body = ListOut<StaffOut>),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
))]
pub(crate) async fn list_staff(
    admin: Admin,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<ListOut<StaffOut>>, ApiError> {
    let staff = admin.tenant.read().await?.list_staff(query.page()?).await?;
    Ok(Json(ListOut::of(staff)))
}

/// Adds a person; `pin` is required.
#[utoipa::path(post, path = "/v1/admin/staff", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), request_body = StaffIn, responses(
    (status = 201, description = "Added, and published to the tills", body = StaffOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn add_staff(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Body(body): Body<StaffIn>,
) -> Result<(StatusCode, Json<StaffOut>), ApiError> {
    admin.require(AdminRole::Manager)?;
    let (name, roles) = body.check(&admin, &[])?;
    let pin_verifier = body.verifier(&app, &admin, &roles).await?.ok_or_else(|| unacceptable("pin is missing"))?;
    let now = app.outside.now();
    let staff_id = StaffId::new(now, &*app.outside.entropy);
    let member = StaffMember { staff_id, name, roles, pin_verifier, is_active: body.is_active };
    let mut tx = admin.tenant.write().await?;
    tx.put_staff(&member, now).await?;
    let detail = json!({ "roles": member.roles, "is_active": member.is_active });
    tx.insert_audit(now, &admin.session.name, "staff.added", staff_id.to_string(), &detail).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok((StatusCode::CREATED, Json(member.into())))
}

/// Changes a person; without `pin` theirs stays.
#[utoipa::path(put, path = "/v1/admin/staff/{id}", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), params(("id" = String, Path)), request_body = StaffIn, responses(
    (status = 200, description = "Changed, and published to the tills", body = StaffOut),
    (status = 401, description = "`unauthenticated`", body = ProblemDoc),
    (status = 403, description = "`forbidden`", body = ProblemDoc),
    (status = 404, description = "`not_found`", body = ProblemDoc),
    (status = 422, description = "`unprocessable`", body = ProblemDoc),
))]
pub(crate) async fn change_staff(
    State(app): State<Arc<Inner>>,
    admin: Admin,
    Named(id): Named<StaffId>,
    Body(body): Body<StaffIn>,
) -> Result<Json<StaffOut>, ApiError> {
    admin.require(AdminRole::Manager)?;
    let before = admin.tenant.read().await?.find_staff(id).await?.ok_or_else(ApiError::not_found)?;
    let (name, roles) = body.check(&admin, &before.roles)?;
    let verifier = body.verifier(&app, &admin, &roles).await?;
    let has_new_pin = verifier.is_some();
    if !has_new_pin && is_senior(&roles) && !is_senior(&before.roles) {
        return Err(unacceptable("this role needs a new, longer pin"));
    }
    let now = app.outside.now();
    let mut tx = admin.tenant.write().await?;
    // Read again: hashing took its time, and someone else may have changed the PIN meanwhile.
    let current = tx.find_staff(id).await?.ok_or_else(ApiError::not_found)?;
    let pin_verifier = verifier.unwrap_or(current.pin_verifier);
    let member = StaffMember { staff_id: id, name, roles, pin_verifier, is_active: body.is_active };
    tx.put_staff(&member, now).await?;
    let detail = json!({ "roles": [before.roles, member.roles], "is_active": member.is_active, "pin": has_new_pin });
    tx.insert_audit(now, &admin.session.name, "staff.changed", id.to_string(), &detail).await?;
    tx.commit().await?;
    app.bells.ring(admin.tenant.tenant_id);
    Ok(Json(member.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_that_everyone_tries_first_are_refused() {
        for pin in ["0000", "1234", "9876", "4321", "123", "12a4", "123456789"] {
            assert!(check_pin(pin, &[Role::Cashier]).is_err(), "{pin}");
        }
        assert!(check_pin("2580", &[Role::Cashier]).is_ok());
        assert!(check_pin("2580", &[Role::Manager]).is_err(), "a manager's has six digits");
        assert!(check_pin("482913", &[Role::Manager]).is_ok());
    }
}
