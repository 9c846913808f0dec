//! Who asks. A device signs every request; a person carries a session. A handler that takes one of these cannot be
//! reached without it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, header};
use shared::event::Hash;
use shared::keys::PublicKey;
use shared::sync::protocol::{MAX_BODY_BYTES, ProblemCode};
use shared::sync::request::{
    CREATED_HEADER, CREDENTIALS_HEADER, Credentials, DEVICE_HEADER, MAX_SKEW_MS, NONCE_HEADER, RequestToSign,
    SIGNATURE_HEADER,
};
use shared::time::Timestamp;

use super::again::again;
use super::error::ApiError;
use crate::Inner;
use crate::app::admin::{self, Session};
use crate::app::hello;
use crate::app::push::{PushError, Ticket};
use crate::gate::Held;
use crate::store::{AdminRole, DeviceRow, Tenant};

/// The cookie a browser carries. The prefix makes browsers refuse it from anywhere but this host, over TLS.
pub(crate) const COOKIE: &str = "__Host-barra";

/// A request a device in good standing signed, its body as sent, and not an old one sent again.
pub(crate) struct SignedRequest {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) device: DeviceRow,
    pub(crate) key: PublicKey,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Kept as long as the body is.
    _room: Held,
}

/// A request a device signed, whose ticket is still to be used up: by those who write anyway. Also from one that was
/// withdrawn or whose certificate is over: what it still holds is taken, and it is served nothing else.
pub(crate) struct TicketedRequest {
    pub(crate) request: SignedRequest,
    pub(crate) ticket: Ticket,
    pub(crate) now: Timestamp,
    unsent: Option<u64>,
}

/// Largest body of anything but a push.
const MAX_QUESTION_BYTES: usize = 256 * 1024;

/// How much a body will take, as it says itself; the most there may be when it says nothing. One that says of itself
/// that it is too large is not even begun to be read.
fn claimed_length(headers: &HeaderMap, max_bytes: usize) -> Result<usize, ApiError> {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(if headers.contains_key(header::TRANSFER_ENCODING) { max_bytes } else { 0 });
    };
    let length = length.to_str().ok().and_then(|length| length.parse().ok()).unwrap_or(usize::MAX);
    if length > max_bytes { Err(ApiError::too_large()) } else { Ok(length) }
}

/// All in one, as tills say it, or apart.
fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    if let Some(packed) = headers.get(CREDENTIALS_HEADER) {
        return Credentials::unpack(packed.to_str().ok()?);
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let nonce = text(NONCE_HEADER)?;
    let is_nonce = nonce.len() == 32 && nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    Some(Credentials {
        device: text(DEVICE_HEADER)?.parse().ok()?,
        created: Timestamp::from_millis(text(CREATED_HEADER)?.parse().ok()?),
        nonce: is_nonce.then(|| nonce.to_owned())?,
        signature: text(SIGNATURE_HEADER)?.parse().ok()?,
    })
}

impl FromRequest<Arc<Inner>> for SignedRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, app: &Arc<Inner>) -> Result<Self, ApiError> {
        let asked = TicketedRequest::check(request, app, MAX_QUESTION_BYTES, require_good_standing).await?;
        let TicketedRequest { request, ticket, now, unsent } = asked;
        again(&app.outside, || async {
            let mut tx = request.tenant.write_beside().await?;
            if !ticket.admit(&mut tx, &request.device, now, unsent).await? {
                return Err(PushError::Replayed.into());
            }
            // Not so a push: what it brings may not be taken.
            if unsent == Some(0) {
                tx.note_all_sent(request.device.device_id, now).await?;
            }
            Ok(tx.commit().await?)
        })
        .await?;
        Ok(request)
    }
}

/// Why a device is served nothing, if so.
fn require_good_standing(device: &DeviceRow, now: Timestamp) -> Result<(), ApiError> {
    if device.revoked_at.is_some() {
        return Err(ApiError::new(ProblemCode::Revoked, "this till was withdrawn by head office"));
    }
    if hello::certificate_of(device).is_none_or(|certificate| certificate.not_after < now) {
        let title = "this till's certificate is over; head office can renew it";
        return Err(ApiError::new(ProblemCode::CertificateExpired, title));
    }
    Ok(())
}

impl FromRequest<Arc<Inner>> for TicketedRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, app: &Arc<Inner>) -> Result<Self, ApiError> {
        Self::check(request, app, MAX_BODY_BYTES, |_, _| Ok(())).await
    }
}

/// The same of a device in good standing: a question whose answer is written down.
pub(crate) struct AskedRequest(pub(crate) TicketedRequest);

impl FromRequest<Arc<Inner>> for AskedRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, app: &Arc<Inner>) -> Result<Self, ApiError> {
        TicketedRequest::check(request, app, MAX_QUESTION_BYTES, require_good_standing).await.map(Self)
    }
}

impl TicketedRequest {
    async fn check(
        request: Request<Body>,
        app: &Arc<Inner>,
        max_bytes: usize,
        standing: fn(&DeviceRow, Timestamp) -> Result<(), ApiError>,
    ) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let given = credentials(&parts.headers).ok_or_else(ApiError::unauthenticated)?;
        let home = app.store.find_device_home(given.device).await?.ok_or_else(ApiError::unauthenticated)?;
        let tenant = app.store.find_tenant(home).await?.ok_or_else(ApiError::unauthenticated)?;
        let device = tenant.find_device(given.device).await?.ok_or_else(ApiError::unauthenticated)?;
        let key = device.public_key.ok_or_else(ApiError::unauthenticated)?;
        // Only now the body: strangers do not get to send one.
        let claimed = claimed_length(&parts.headers, max_bytes)?;
        let room = app.gate.room(tenant.tenant_id, claimed).await.map_err(|_| ApiError::crowded())?;
        let body = axum::body::to_bytes(body, max_bytes).await.map_err(|_| ApiError::too_large())?;

        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let to_sign = RequestToSign {
            method: parts.method.as_str(),
            path_and_query,
            body: &body,
            created: given.created,
            nonce: &given.nonce,
            device: given.device,
        };
        to_sign.verify(&key, &given.signature).map_err(|_| ApiError::unauthenticated())?;

        let now = app.outside.now();
        if now.millis_since(given.created).unsigned_abs() > MAX_SKEW_MS.unsigned_abs() {
            let title = "the clocks differ by more than five minutes; set yours by x-barra-server-time";
            return Err(ApiError::new(ProblemCode::ClockSkew, title));
        }
        let up_ms = app.outside.clock.up_ms();
        if !app.limits.device.take(&given.device.as_bytes()[..], up_ms)
            || !app.limits.tenant.take(&tenant.tenant_id.as_bytes()[..], up_ms)
        {
            return Err(super::limit::slow_down());
        }
        standing(&device, now)?;
        let content = Hash::from_bytes(blake3::derive_key("barra 1 request content", given.signature.as_bytes()));
        let ticket = Ticket { nonce: given.nonce, content, forget_before: now.plus_millis(-2 * MAX_SKEW_MS) };
        let unsent = unsent(&parts);
        let request = SignedRequest { tenant, device, key, headers: parts.headers, body, _room: room };
        Ok(Self { request, ticket, now, unsent })
    }
}

/// What a pull says the till still holds. A push says it in its body.
fn unsent(parts: &Parts) -> Option<u64> {
    parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("unsent=")).and_then(|n| n.parse().ok())
}

/// Someone at head office, signed in.
pub(crate) struct Admin {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) session: Session,
}

impl Admin {
    /// Lets through only those who may do this.
    pub(crate) fn require(&self, role: AdminRole) -> Result<(), ApiError> {
        if self.session.role >= role {
            Ok(())
        } else {
            Err(ApiError::new(ProblemCode::Forbidden, "your role does not allow this"))
        }
    }
}

impl FromRequestParts<Arc<Inner>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<Inner>) -> Result<Self, ApiError> {
        let token = if let Some(token) = bearer(&parts.headers) {
            token
        } else {
            // A browser sends its cookie wherever it is told to, so changes must come from our own pages.
            if !parts.method.is_safe() && !is_same_origin(&parts.headers).unwrap_or(false) {
                return Err(ApiError::new(ProblemCode::Forbidden, "this request comes from another site"));
            }
            cookie(&parts.headers).ok_or_else(ApiError::unauthenticated)?
        };
        let session = admin::find_session(&app.store, token, app.outside.now()).await?;
        let session = session.ok_or_else(ApiError::unauthenticated)?;
        let tenant = app.store.find_tenant(session.tenant_id).await?.ok_or_else(ApiError::unauthenticated)?;
        Ok(Self { tenant, session })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split("; ")).find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whether a browser says the request comes from our own pages; `None` when it says nothing.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> Option<bool> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (scheme, of) = origin.split_once("://").unwrap_or_default();
    Some(matches!(scheme, "http" | "https") && !host.is_empty() && of.eq_ignore_ascii_case(host))
}
