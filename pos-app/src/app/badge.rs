//! Staff badges: printed at one till, read at all of them, without a network. A badge says who somebody is; only their
//! PIN says that it is them.

use shared::event::{BadgePrinted, Fact};
use shared::keys::PublicKey;
use shared::ticket::{BADGE_DAYS, Badge, TicketError, TicketKind, UnverifiedBadge, kind_of};

use super::paper::job_of;
use super::{Caller, Till};
use crate::commands::types::{BadgeView, PrintBadge, ScannedCode};
use crate::commands::{CommandError, ErrorCode};
use crate::ledger::catalog;
use crate::printer::{BadgeSlip, Document, Heading};
use crate::scanner::{Scan, parse};

/// What is known here of the machine that signed a code.
pub(super) enum Issuer {
    /// One of the company's, and this is its key.
    Known(PublicKey),
    /// One of the company's that head office has taken out, by name.
    Revoked(String),
    /// Not heard of, or its certificate does not hold.
    Unknown,
}

/// `staff.read_badge`
pub(crate) fn read_badge(till: &Till, _: &Caller, args: &ScannedCode) -> Result<BadgeView, CommandError> {
    let code = badge_in(&args.code).ok_or_else(|| {
        CommandError::new(ErrorCode::BadgeMissing, "That is no badge. Choose who it is, and type the PIN.")
    })?;
    till.believe_badge(&code)
}

/// `staff.print_badge`
pub(crate) fn print_badge(till: &Till, who: &Caller, args: &PrintBadge) -> Result<BadgeView, CommandError> {
    till.require_printer()?;
    let view = {
        let _turn = till.take_turn();
        let staff = till.find_worker(args.staff_id)?;
        let (identity, venue, register) = (till.identity()?, till.venue()?, till.register()?);
        let (now, today) = (till.clock.now(), till.today()?);
        let (staff_id, device_no) = (staff.staff_id, identity.enrolment.device_no);
        let badge = Badge { staff_id, device_no, issued_on: today, valid_days: BADGE_DAYS };
        let last_valid = badge.last_valid_date();
        let slip = Document::Badge(BadgeSlip {
            heading: Heading::new(&venue, &register, &who.staff()?.name, now, today),
            name: staff.name.clone(),
            roles: staff.roles.clone(),
            code: badge.sign(identity.enrolment.tenant_id, &identity.key)?,
            last_valid,
        });
        let session = till.find_session()?.map(|stored| stored.session.session_id);
        let fact = Fact::BadgePrinted(BadgePrinted { staff_id, last_valid });
        let (job, by) = (job_of(&slip), who.by()?);
        till.ledger().write(move |tx| {
            tx.append(&fact, by, session)?;
            tx.insert_print_job(&job, now)
        })?;
        BadgeView { staff_id, name: staff.name, last_valid }
    };
    till.wake_printer();
    Ok(view)
}

/// The badge in what was scanned, by its looks.
pub(super) fn badge_in(scanned: &str) -> Option<String> {
    match parse(scanned) {
        Scan::Ticket(code) if kind_of(&code) == Some(TicketKind::Staff) => Some(code),
        _ => None,
    }
}

impl Till {
    /// Whose badge it is, or why it is nobody's.
    pub(super) fn believe_badge(&self, code: &str) -> Result<BadgeView, CommandError> {
        let identity = self.identity()?;
        let unverified = UnverifiedBadge::parse(code).map_err(refused)?;
        let issuer = self.issuer(unverified.device_no())?;
        let key = match &issuer {
            Issuer::Known(key) => Some(*key),
            Issuer::Revoked(_) | Issuer::Unknown => None,
        };
        let badge =
            unverified.verify(identity.enrolment.tenant_id, |_| key).map_err(|error| match (error, issuer) {
                (TicketError::UnknownDevice(_), Issuer::Revoked(device)) => {
                    let message = "The till that printed this badge was taken out. Have a new one printed.";
                    CommandError::new(ErrorCode::BadgeDeviceRevoked, message).with("device", device)
                }
                (error, _) => refused(error),
            })?;
        let last_valid = badge.last_valid_date();
        let staff_id = badge.staff_id;
        let staff = self.ledger().read(|connection| catalog::find_staff(connection, staff_id))?;
        let Some(staff) = staff.as_ref().filter(|staff| staff.is_active) else {
            let left =
                CommandError::new(ErrorCode::BadgeLeft, "Whoever this badge was printed for no longer works here.");
            return Err(left.with("staff", staff.map(|staff| staff.name)));
        };
        if self.today()? > last_valid {
            let message = "The badge has expired. Have a new one printed.";
            let expired = CommandError::new(ErrorCode::BadgeExpired, message);
            return Err(expired.with("staff", staff.name.as_str()).with("last_valid", last_valid.to_string()));
        }
        Ok(BadgeView { staff_id, name: staff.name.clone(), last_valid })
    }

    /// What is known here of a machine by its short number. This one vouches for itself; others need head office's word.
    pub(super) fn issuer(&self, device_no: u16) -> Result<Issuer, CommandError> {
        let identity = self.identity()?;
        let enrolment = &identity.enrolment;
        if device_no == enrolment.device_no {
            return Ok(Issuer::Known(PublicKey::of(&identity.key)));
        }
        let device = self.ledger().read(|connection| catalog::find_device_by_number(connection, device_no))?;
        let Some(device) = device else { return Ok(Issuer::Unknown) };
        if device.is_revoked {
            return Ok(Issuer::Revoked(device.name));
        }
        let certificate = device.certificate.verify(enrolment.tenant_id, &enrolment.tenant_key).ok();
        // A certificate for another number vouches for nothing here.
        let certificate = certificate.filter(|certificate| certificate.device_no == device_no);
        Ok(certificate.map_or(Issuer::Unknown, |certificate| Issuer::Known(certificate.public_key)))
    }
}

/// A badge that nobody here vouches for.
fn refused(error: TicketError) -> CommandError {
    let message = error.to_string();
    match error {
        TicketError::Malformed | TicketError::TooLarge => CommandError::new(ErrorCode::BadgeMalformed, message),
        TicketError::OtherTenant => CommandError::new(ErrorCode::BadgeOtherTenant, message),
        TicketError::UnknownDevice(device_no) => {
            CommandError::new(ErrorCode::BadgeUnknownDevice, message).with("device_no", device_no)
        }
        TicketError::Signature => CommandError::new(ErrorCode::BadgeForged, message),
    }
}

/// A badge where a ticket was expected.
pub(super) fn whose(badge: &BadgeView) -> CommandError {
    CommandError::new(ErrorCode::BadgeHere, format!("That is {}'s badge. It signs in, and allows.", badge.name))
        .with("staff", badge.name.as_str())
}
