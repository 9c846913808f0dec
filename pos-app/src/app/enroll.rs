//! Becoming head office's till.

use shared::keys::PublicKey;
use shared::sync::protocol::EnrollReply;

use super::refuse::storage;
use super::{Caller, Till};
use crate::commands::types::{Enroll, TillStatus};
use crate::commands::{CommandError, ErrorCode};
use crate::identity::{self, Enrolment, Identity};
use crate::sync;

/// `device.enroll`
pub(crate) fn enroll(till: &Till, _: &Caller, args: &Enroll) -> Result<TillStatus, CommandError> {
    if till.find_identity().is_some() {
        return Err(CommandError::new(ErrorCode::DeviceAlreadyEnrolled, "Head office knows this till already."));
    }
    let key = identity::load_or_make_key(&till.dir, &*till.entropy).map_err(|error| storage(&error))?;
    let server_url = args.server_url.trim_end_matches('/');
    let description = format!("till {} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let reply = sync::enroll::enroll(server_url, &args.code, &key, description)?;
    till.complete_enrolment(server_url, &reply)?;
    till.status()
}

impl Till {
    /// The public half of this machine's key; made at the first call.
    pub fn public_key(&self) -> Result<PublicKey, CommandError> {
        let key = identity::load_or_make_key(&self.dir, &*self.entropy).map_err(|error| storage(&error))?;
        Ok(PublicKey::of(&key))
    }

    /// Keeps head office's answer. From here on the till has a name, and its events a chain.
    pub fn complete_enrolment(&self, server_url: &str, reply: &EnrollReply) -> Result<(), CommandError> {
        let key = identity::load_or_make_key(&self.dir, &*self.entropy).map_err(|error| storage(&error))?;
        // The pepper first: without it a till that calls itself enrolled could let nobody in.
        let pin_pepper = identity::save_pepper(&self.dir, &reply.pin_pepper).map_err(|error| storage(&error))?;
        let enrolment = Enrolment::of(server_url, reply);
        let (kept, venue, register) = (enrolment.clone(), reply.venue.clone(), reply.register.clone());
        self.ledger().write(move |tx| {
            tx.save_enrolment(&kept)?;
            tx.put_venue(&venue)?;
            tx.put_register(&register)
        })?;
        self.set_identity(Identity { enrolment, key, pin_pepper });
        self.start_sync();
        Ok(())
    }
}
