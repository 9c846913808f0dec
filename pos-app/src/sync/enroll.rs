//! Becoming a till: a key of its own, and head office's word for it, against a one-time code.

use shared::keys::{PublicKey, SigningKey};
use shared::sync::protocol::{EnrollReply, EnrollRequest, ProblemCode};

use super::client::{PeerError, send_enrolment};

/// Characters of a code.
const CODE_LEN: usize = 10;

/// Why this machine is no till yet. Nothing was changed here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrollError {
    /// Not a code, or one that is wrong, used or too old.
    #[error("head office does not know this code: it is mistyped, used or too old")]
    CodeInvalid,
    /// Nobody answers at that address.
    #[error("no server answers there: {0}")]
    ServerUnreachable(String),
    /// It answered, and not with a till's identity.
    #[error("the server refused: {0}")]
    ServerRefused(String),
}

impl From<PeerError> for EnrollError {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Unreachable(why) => Self::ServerUnreachable(why),
            PeerError::Address(address) => Self::ServerUnreachable(format!("not an address: {address}")),
            PeerError::Unintelligible(why) => Self::ServerRefused(why),
            PeerError::Refused { problem, .. } => match problem.code {
                ProblemCode::Unauthenticated
                | ProblemCode::Forbidden
                | ProblemCode::NotFound
                | ProblemCode::Conflict
                | ProblemCode::CursorGone
                | ProblemCode::Malformed
                | ProblemCode::Unprocessable => Self::CodeInvalid,
                _ => Self::ServerRefused(problem.title),
            },
        }
    }
}

/// A code as people read it out, `k7qm-2rtv-9x`, as the server knows it: ten capitals and digits.
///
/// Errors: [`EnrollError::CodeInvalid`].
pub fn normalise_code(text: &str) -> Result<String, EnrollError> {
    let code: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '·' | '.'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_code = code.len() == CODE_LEN && code.chars().all(|c| c.is_ascii_alphanumeric());
    if is_code { Ok(code) } else { Err(EnrollError::CodeInvalid) }
}

/// Asks head office to make this machine a till, and checks what it answers. Blocks until the server answers or the
/// time for it is over; not to be called inside an async runtime.
pub fn enroll(server_url: &str, code: &str, key: &SigningKey, description: String) -> Result<EnrollReply, EnrollError> {
    let request = EnrollRequest::new(&normalise_code(code)?, key, description);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| EnrollError::ServerUnreachable(error.to_string()))?;
    let reply = runtime.block_on(send_enrolment(server_url, &request))?;
    check(&reply, key)?;
    Ok(reply)
}

/// The certificate must be for this key and this till: a till with another's papers could sell, and nobody could check
/// its tickets.
fn check(reply: &EnrollReply, key: &SigningKey) -> Result<(), EnrollError> {
    let refused = |why: &str| EnrollError::ServerRefused(why.to_owned());
    let certificate =
        reply.certificate.verify(reply.tenant_id, &reply.tenant_key).map_err(|error| refused(&error.to_string()))?;
    let is_ours = certificate.public_key == PublicKey::of(key)
        && certificate.device_id == reply.device_id
        && certificate.device_no == reply.device_no
        && certificate.venue_id == reply.venue.venue_id
        && reply.register.venue_id == reply.venue.venue_id;
    if is_ours { Ok(()) } else { Err(refused("the certificate is for another till")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        for typed in ["K7QM2RTV9X", "k7qm-2rtv-9x", " k7qm 2rtv 9x\n", "K7QM·2RTV·9X"] {
            assert_eq!(normalise_code(typed), Ok("K7QM2RTV9X".to_owned()), "{typed:?}");
        }
        for typed in ["", "K7QM2RTV9", "K7QM2RTV9XX", "K7QM2RTV9Ñ", "K7QM_2RTV9"] {
            assert_eq!(normalise_code(typed), Err(EnrollError::CodeInvalid), "{typed:?}");
        }
    }

    #[test]
    fn no_server_and_no_address_are_told_apart_from_a_wrong_code() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let enroll = |url: &str, code: &str| enroll(url, code, &key, "test".into()).err();
        assert_eq!(enroll("http://127.0.0.1:1", "short"), Some(EnrollError::CodeInvalid), "before any network");
        let unreachable = |error| matches!(error, Some(EnrollError::ServerUnreachable(_)));
        assert!(unreachable(enroll("http://127.0.0.1:1", "K7QM2RTV9X")));
        assert!(unreachable(enroll("club valdivia", "K7QM2RTV9X")));
    }
}
