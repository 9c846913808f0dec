//! Head office signs in, stays in, and gets locked out.

use shared::ids::TenantId;
use shared::time::Timestamp;

use super::secret::{self, HashError, in_background};
use crate::Outside;
use crate::store::{AdminRole, AdminRow, LoginGuard, Store, StoreError};

/// Wrong passwords in a row before the lock.
const TRIES: u32 = 5;
/// How long the lock holds.
const LOCK_MS: i64 = 15 * 60 * 1000;
/// A session ends after so long without a request.
const IDLE_MS: i64 = 30 * 60 * 1000;
/// A session ends after so long in any case.
const ABSOLUTE_MS: i64 = 12 * 3_600 * 1000;
/// Being in use is written down no more often than this, so that reading pages does not write to the disk.
const TOUCH_MS: i64 = 60 * 1000;
/// Names nobody tried for so long are forgotten.
const FORGET_MS: i64 = 24 * 3_600 * 1000;

/// Why someone is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No such name, or not that password; nobody is told which.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many wrong passwords for this name, whether or not it is anyone's.
    #[error("too many wrong passwords; wait, then try again")]
    Locked {
        /// How long to wait.
        retry_after_s: u64,
    },
    /// Argon2 did not run.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A session just begun.
pub struct SignedIn {
    /// What proves it, shown once.
    pub token: String,
    /// Who.
    pub name: String,
    /// What they may do.
    pub role: AdminRole,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A session in use.
#[derive(Clone)]
pub struct Session {
    /// Whose head office.
    pub tenant_id: TenantId,
    /// Who.
    pub name: String,
    /// What they may do.
    pub role: AdminRole,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Names it in the database.
    pub token_hash: [u8; 32],
}

/// Gives someone at head office a name and a password.
pub async fn put_admin(
    store: &Store,
    tenant_id: TenantId,
    (name, password, role): (&str, &str, AdminRole),
    outside: &Outside,
) -> Result<(), AdminError> {
    let (password, entropy) = (password.to_owned(), outside.entropy.clone());
    let password_hash = in_background(move || secret::hash_password(&password, &*entropy)).await?;
    let random = outside.random::<16>();
    let admin_id = uuid::Builder::from_random_bytes(random).into_uuid();
    let admin = AdminRow { admin_id, tenant_id, name: name.to_owned(), role, password_hash };
    Ok(store.put_admin(&admin, outside.now()).await?)
}

/// Signs in. Unknown names and wrong passwords take as long, answer alike and lock alike.
pub async fn sign_in(store: &Store, name: &str, password: &str, outside: &Outside) -> Result<SignedIn, AdminError> {
    let (now, name_hash) = (outside.now(), secret::name_hash(name));
    let guard = store.find_login_guard(name_hash).await?;
    if let Some(until) = guard.locked_until.filter(|until| now < *until) {
        let retry_after_s = u64::try_from(until.millis_since(now) / 1000 + 1).unwrap_or(0);
        return Err(AdminError::Locked { retry_after_s });
    }
    // Counted before the password is looked at, so that tries made at once are all counted.
    let wrong = if guard.locked_until.is_some() { 1 } else { guard.wrong.saturating_add(1) };
    let locked_until = (wrong >= TRIES).then(|| now.plus_millis(LOCK_MS));
    let forget_before = now.plus_millis(-FORGET_MS);
    store.put_login_guard(name_hash, LoginGuard { wrong, locked_until }, now, forget_before).await?;

    let admin = store.find_admin(name).await?;
    let (password, hash) = (password.to_owned(), admin.as_ref().map(|admin| admin.password_hash.clone()));
    let is_right = in_background(move || secret::verify_password(&password, hash.as_deref())).await;
    let Some(admin) = admin.filter(|_| is_right) else { return Err(AdminError::Wrong) };
    store.put_login_guard(name_hash, LoginGuard::default(), now, forget_before).await?;
    let (token, token_hash) = secret::new_token(outside);
    store.insert_session(token_hash, admin.admin_id, now).await?;
    Ok(SignedIn { token, name: admin.name, role: admin.role, expires_at: now.plus_millis(ABSOLUTE_MS) })
}

/// Whose session a token is, if it still is one.
pub async fn find_session(store: &Store, token: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
    let token_hash = secret::token_hash(token);
    let Some(row) = store.find_session(token_hash).await? else { return Ok(None) };
    let expires_at = row.created_at.plus_millis(ABSOLUTE_MS);
    if now >= expires_at || now.millis_since(row.last_seen_at) >= IDLE_MS {
        store.delete_session(token_hash).await?;
        return Ok(None);
    }
    if now.millis_since(row.last_seen_at) >= TOUCH_MS {
        store.touch_session(token_hash, now).await?;
    }
    let AdminRow { tenant_id, name, role, .. } = row.admin;
    Ok(Some(Session { tenant_id, name, role, expires_at, token_hash }))
}

/// Signs out.
pub async fn sign_out(store: &Store, session: &Session) -> Result<(), StoreError> {
    store.delete_session(session.token_hash).await
}
