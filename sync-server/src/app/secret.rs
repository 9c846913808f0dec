//! Passwords, PINs, tokens and enrolment codes: made here, and kept only as hashes.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use shared::ids::Entropy;
use tokio::sync::Semaphore;

use crate::Outside;

/// OWASP's minimum for Argon2id, and what tills use too.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Signs of an enrolment code: 32 of them, none that is taken for another.
const CODE_SIGNS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How long an enrolment code is.
pub const CODE_LEN: usize = 10;
/// How much of it leads to its company and its row; the rest is the secret.
pub const SELECTOR_LEN: usize = 4;

/// Why a hash could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed")]
pub struct HashError;

fn argon2(pepper: &[u8]) -> Result<Argon2<'_>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError)?;
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).map_err(|_| HashError)
}

fn phc(secret: &str, pepper: &[u8], entropy: &dyn Entropy) -> Result<String, HashError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let hash = argon2(pepper)?.hash_password_with_salt(secret.as_bytes(), &salt).map_err(|_| HashError)?;
    Ok(hash.to_string())
}

/// Hashes take nineteen megabytes each; strangers must not be able to ask for many at once.
static HASHES: Semaphore = Semaphore::const_new(4);

/// Hashes off the threads that answer requests, a few at a time.
pub async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let turn = HASHES.acquire().await.expect("nobody closes it");
    let done = tokio::task::spawn_blocking(work).await.expect("hashing does not panic");
    drop(turn);
    done
}

/// Hashes an administrator's password. Slow on purpose: see [`in_background`].
pub fn hash_password(password: &str, entropy: &dyn Entropy) -> Result<String, HashError> {
    phc(password, b"", entropy)
}

/// Hashes a PIN with the company's pepper, as tills check it.
pub fn hash_pin(pin: &str, pepper: &[u8; 32], entropy: &dyn Entropy) -> Result<String, HashError> {
    phc(pin, pepper, entropy)
}

/// Checks a password. `None` for nobody: takes as long as for somebody, and is never right.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    // Any valid hash will do, as long as checking it costs the same.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (Ok(argon2), Ok(parsed)) = (argon2(b""), PasswordHash::new(hash.unwrap_or(NOBODY))) else { return false };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}

/// A token of 256 random bits, as text, and its hash.
pub fn new_token(outside: &Outside) -> (String, [u8; 32]) {
    let token = BASE64URL_NOPAD.encode(&outside.random::<32>());
    let hash = token_hash(&token);
    (token, hash)
}

/// What the database keeps of a token.
pub fn token_hash(token: &str) -> [u8; 32] {
    blake3::derive_key("barra 1 admin token", token.as_bytes())
}

/// What the database keeps of a name that was tried.
pub fn name_hash(name: &str) -> [u8; 32] {
    blake3::derive_key("barra 1 admin name", name.as_bytes())
}

/// A fresh enrolment code.
pub fn new_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; CODE_LEN];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(CODE_SIGNS[usize::from(byte % 32)])).collect()
}

/// A fresh password of sixteen signs, 80 bits.
pub fn new_password(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(CODE_SIGNS[usize::from(byte % 32)].to_ascii_lowercase())).collect()
}

/// A code as typed: case, spaces and hyphens do not matter. `None` unless it has the right signs.
pub fn normalise_code(text: &str) -> Option<String> {
    let code: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    (code.len() == CODE_LEN && code.bytes().all(|sign| CODE_SIGNS.contains(&sign))).then_some(code)
}

/// What the database keeps of a code.
pub fn code_hash(code: &str) -> [u8; 32] {
    blake3::derive_key("barra 1 enrolment code", code.as_bytes())
}

/// The pepper as it travels to tills.
pub fn pepper_text(pepper: &[u8; 32]) -> String {
    BASE64URL_NOPAD.encode(pepper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::SystemEntropy;

    #[test]
    fn a_password_is_right_only_for_its_owner() {
        let hash = hash_password("correct horse", &SystemEntropy).expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("wrong horse", Some(&hash)));
        assert!(!verify_password("correct horse", None), "nobody has no password");
    }

    #[test]
    fn a_code_forgives_case_and_spacing() {
        let code = new_code(&SystemEntropy);
        let typed = format!("{}-{} {}", &code[..3], code[3..6].to_lowercase(), &code[6..]);
        assert_eq!(normalise_code(&typed), Some(code));
        assert_eq!(normalise_code("ABCDEFGHI0"), None, "0 is not a sign of codes");
        assert_eq!(normalise_code("ñññññ"), None);
    }
}
