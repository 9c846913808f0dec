//! Makes a machine one of the company's: a one-time code for a key of its own, certified.

use shared::ids::{DeviceId, RegisterId, TenantId};
use shared::keys::{PublicKey, Purpose};
use shared::sync::certificate::Certificate;
use shared::sync::protocol::{EnrollReply, EnrollRequest};
use shared::time::Timestamp;
use std::sync::Arc;

use super::secret;
use crate::Outside;
use crate::store::{CodeOutcome, DeviceRow, EnrolmentCode, Store, StoreError, Tenant, TenantTx};

/// How long a code holds.
pub const CODE_MS: i64 = 10 * 60 * 1000;
/// How long a certificate holds. Withdrawal does not wait for it.
const CERTIFICATE_MS: i64 = 3 * 365 * 24 * 3_600 * 1000;
/// How long a till may go on in full without a word from head office. Renewed at half of it.
const OFFLINE_MS: i64 = 14 * 24 * 3_600 * 1000;
/// A certificate holds a little before it is made, for tills whose clocks are behind.
const CERTIFICATE_SLACK_MS: i64 = 24 * 3_600 * 1000;

/// Why a machine was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// Wrong, used, expired, or tried too often; nobody is told which.
    #[error("the code is not valid")]
    Code,
    /// The proof is not by the key shown.
    #[error("the request is not signed by the key it shows")]
    Proof,
    /// The machine was withdrawn, or is enrolled already.
    #[error("this till cannot be enrolled")]
    NotWaiting,
    /// No such machine, register or venue.
    #[error("no such till")]
    NotFound,
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a till at a register, waiting to be enrolled, and mints its code.
pub async fn add_till(
    store: &Store,
    tenant: &Tenant,
    tx: &mut TenantTx,
    (register_id, name): (RegisterId, &str),
    outside: &Outside,
) -> Result<(DeviceId, String), EnrollError> {
    let register = tx.find_register(register_id).await?.ok_or(EnrollError::NotFound)?;
    let (now, device_id) = (outside.now(), DeviceId::new(outside.now(), &*outside.entropy));
    tx.insert_device(device_id, (register.venue_id, register_id), name, now).await?;
    store.put_device_home(device_id, tenant.tenant_id).await?;
    let code = mint_code(store, tenant.tenant_id, tx, device_id, outside).await?;
    Ok((device_id, code))
}

/// A fresh code for a machine that waits to be enrolled. Codes minted before for it are dead.
pub async fn mint_code(
    store: &Store,
    tenant: TenantId,
    tx: &mut TenantTx,
    device_id: DeviceId,
    outside: &Outside,
) -> Result<String, EnrollError> {
    let device = tx.find_device(device_id).await?.ok_or(EnrollError::NotFound)?;
    if device.public_key.is_some() || device.revoked_at.is_some() {
        return Err(EnrollError::NotWaiting);
    }
    let (now, expires_at) = (outside.now(), outside.now().plus_millis(CODE_MS));
    loop {
        let code = secret::new_code(&*outside.entropy);
        let selector = code[..secret::SELECTOR_LEN].to_owned();
        // A million beginnings, a handful of live codes: this goes round twice about never.
        if store.reserve_selector(&selector, tenant, (now, expires_at)).await? {
            let code_hash = secret::code_hash(&code);
            tx.put_enrolment_code(&EnrolmentCode { selector, device_id, code_hash, expires_at }).await?;
            return Ok(code);
        }
    }
}

/// Enrols a machine. The same request sent again within the code's time gets the same answer, for the answer that
/// was lost on the way; another key with a used code gets nothing.
pub async fn enroll(store: &Store, request: &EnrollRequest, now: Timestamp) -> Result<EnrollReply, EnrollError> {
    let code = secret::normalise_code(&request.code).ok_or(EnrollError::Code)?;
    let selector = &code[..secret::SELECTOR_LEN];
    let tenant_id = store.find_selector(selector).await?.ok_or(EnrollError::Code)?;
    let tenant = store.load_tenant(tenant_id).await?;
    // The proof is over the code as the till typed it.
    let proof = EnrollRequest::proof_bytes(&request.code, &request.public_key);
    let is_proved = request.public_key.verify(Purpose::Enrolment, &proof, &request.proof).is_ok();
    let mut tx = tenant.write().await?;
    if !is_proved {
        tx.count_wrong_try(selector).await?;
        tx.commit().await?;
        return Err(EnrollError::Proof);
    }
    let outcome = tx.try_enrolment_code(selector, secret::code_hash(&code), now).await?;
    let reply = match outcome {
        CodeOutcome::Refused => Err(EnrollError::Code),
        CodeOutcome::Fresh(device_id) => {
            let device = load_waiting(&mut tx, device_id).await?;
            enrol(&tenant, &mut tx, &device, request, now).await
        }
        CodeOutcome::Used(device_id) => {
            let device = tx.find_device(device_id).await?.ok_or(EnrollError::NotFound)?;
            if device.public_key == Some(request.public_key) && device.revoked_at.is_none() {
                reply(&tenant, &mut tx, device, now).await
            } else {
                tx.count_wrong_try(selector).await?;
                Err(EnrollError::Code)
            }
        }
    };
    // Wrong tries count even though nothing else happened.
    if matches!(reply, Ok(_) | Err(EnrollError::Code)) {
        tx.commit().await?;
    }
    reply
}

async fn load_waiting(tx: &mut TenantTx, device_id: DeviceId) -> Result<DeviceRow, EnrollError> {
    let device = tx.find_device(device_id).await?.ok_or(EnrollError::NotFound)?;
    if device.public_key.is_some() || device.revoked_at.is_some() { Err(EnrollError::NotWaiting) } else { Ok(device) }
}

async fn enrol(
    tenant: &Arc<Tenant>,
    tx: &mut TenantTx,
    device: &DeviceRow,
    request: &EnrollRequest,
    now: Timestamp,
) -> Result<EnrollReply, EnrollError> {
    let signed = certify(tenant, device, request.public_key, now).sign(&tenant.signing_key);
    let description: String = request.description.chars().take(200).collect();
    tx.enrol_device(device, &request.public_key, &signed, &description, now).await?;
    let device = tx.find_device(device.device_id).await?.ok_or(EnrollError::NotFound)?;
    reply(tenant, tx, device, now).await
}

/// Head office's word for a machine's key, from now on.
pub fn certify(tenant: &Tenant, device: &DeviceRow, public_key: PublicKey, now: Timestamp) -> Certificate {
    Certificate {
        tenant_id: tenant.tenant_id,
        venue_id: device.venue_id,
        device_id: device.device_id,
        device_no: device.device_no,
        public_key,
        not_before: now.plus_millis(-CERTIFICATE_SLACK_MS),
        not_after: now.plus_millis(CERTIFICATE_MS),
        offline_until: Some(now.plus_millis(OFFLINE_MS)),
    }
}

async fn reply(
    tenant: &Arc<Tenant>,
    tx: &mut TenantTx,
    device: DeviceRow,
    now: Timestamp,
) -> Result<EnrollReply, EnrollError> {
    let venue = tx.find_venue(device.venue_id).await?.ok_or(EnrollError::NotFound)?;
    let register = tx.find_register(device.register_id).await?.ok_or(EnrollError::NotFound)?;
    Ok(EnrollReply {
        tenant_id: tenant.tenant_id,
        device_id: device.device_id,
        device_no: device.device_no,
        device_name: device.name,
        venue,
        register,
        certificate: device.certificate.ok_or(StoreError::Corrupt("certificate"))?,
        tenant_key: PublicKey::of(&tenant.signing_key),
        pin_pepper: secret::pepper_text(&tenant.pin_pepper),
        log_id: tenant.log_id,
        server_time: now,
    })
}
