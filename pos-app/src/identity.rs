//! Who this till is: what head office said at enrolment, and the key that never leaves the machine.

use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use shared::event::Origin;
use shared::ids::{DeviceId, Entropy, LogId, RegisterId, TenantId, VenueId};
use shared::keys::{PublicKey, SigningKey};
use shared::sync::certificate::SignedCertificate;
use shared::sync::protocol::EnrollReply;

/// What head office said, as the ledger keeps it. The PIN pepper is not here: it lies beside the database, so that a
/// copy of the database alone cannot be guessed at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// Where the server is.
    pub server_url: String,
    /// Whose till.
    pub tenant_id: TenantId,
    /// Its id.
    pub device_id: DeviceId,
    /// Its short number.
    pub device_no: u16,
    /// As people call it.
    pub device_name: String,
    /// Where it stands.
    pub venue_id: VenueId,
    /// What it sells at.
    pub register_id: RegisterId,
    /// Head office's word for its key.
    pub certificate: SignedCertificate,
    /// The key that signs certificates.
    pub tenant_key: PublicKey,
    /// The server's log when it enrolled.
    pub log_id: LogId,
}

impl Enrolment {
    /// From the server's answer.
    pub fn of(server_url: &str, reply: &EnrollReply) -> Self {
        Self {
            server_url: server_url.to_owned(),
            tenant_id: reply.tenant_id,
            device_id: reply.device_id,
            device_no: reply.device_no,
            device_name: reply.device_name.clone(),
            venue_id: reply.venue.venue_id,
            register_id: reply.register.register_id,
            certificate: reply.certificate.clone(),
            tenant_key: reply.tenant_key,
            log_id: reply.log_id,
        }
    }

    /// What every event of this till begins with.
    pub fn origin(&self) -> Origin {
        Origin { tenant: self.tenant_id, venue: self.venue_id, device: self.device_id }
    }
}

/// An enrolled till.
#[derive(Clone)]
pub struct Identity {
    /// What head office said.
    pub enrolment: Enrolment,
    /// The till's own key.
    pub key: SigningKey,
    /// Goes into every PIN hash.
    pub pin_pepper: Vec<u8>,
}

impl std::fmt::Debug for Identity {
    /// Neither key nor pepper reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("enrolment", &self.enrolment).finish_non_exhaustive()
    }
}

const KEY_FILE: &str = "device.key";
const PEPPER_FILE: &str = "pin.pepper";

/// The till's own key: read, or made at the first call and kept for ever.
pub fn load_or_make_key(dir: &Path, entropy: &dyn Entropy) -> std::io::Result<SigningKey> {
    let path = dir.join(KEY_FILE);
    if let Some(bytes) = read_secret(&path)? {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| not_a_key(&path))?;
        return Ok(SigningKey::from_bytes(&bytes));
    }
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    write_secret(&path, &bytes)?;
    Ok(SigningKey::from_bytes(&bytes))
}

/// The PIN pepper, once enrolled.
pub fn load_pepper(dir: &Path) -> std::io::Result<Option<Vec<u8>>> {
    read_secret(&dir.join(PEPPER_FILE))
}

/// Keeps the PIN pepper, base64url as the server sent it.
pub fn save_pepper(dir: &Path, base64url: &str) -> std::io::Result<Vec<u8>> {
    let path = dir.join(PEPPER_FILE);
    let bytes = BASE64URL_NOPAD.decode(base64url.as_bytes()).map_err(|_| not_a_key(&path))?;
    write_secret(&path, &bytes)?;
    Ok(bytes)
}

fn not_a_key(path: &Path) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{} is not base64url of a key", path.display()))
}

fn read_secret(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::read_to_string(path) {
        Ok(text) => BASE64URL_NOPAD.decode(text.trim_end().as_bytes()).map(Some).map_err(|_| not_a_key(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written whole under another name first: half a key is worse than none.
fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let partial = path.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    writeln!(file, "{}", BASE64URL_NOPAD.encode(bytes))?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    if let Some(dir) = path.parent() {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}
