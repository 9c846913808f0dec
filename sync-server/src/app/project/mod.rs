//! What events come to. Total functions: there is no event they refuse, only events they flag, so a poisoned one
//! delays no other. Unreadable ones and those from a newer program are kept aside until a program understands them.
//!
//! A run of events is judged together: what is known about the things they name is looked up once for all of them
//! ([`world`]), each is judged in its turn ([`judge`]), and what they come to is written in a few statements.

mod judge;
mod keep;
mod permit;
mod plausible;
mod ticket;
mod world;

use std::borrow::Cow;

use shared::event::{Event, EventError, Fact, Read, SealedEvent};
use shared::ids::{ChainId, VenueId};
use shared::sync::protocol::Disposition;

use crate::store::{DeviceRow, StoreError, TenantTx};
use world::World;

/// Who sent it, and into which chain.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The machine.
    pub device: &'a DeviceRow,
    /// Where it stood when the chain began.
    pub venue_id: VenueId,
    /// The chain.
    pub chain: ChainId,
    /// Which branch of the chain.
    pub branch: u32,
}

/// An event read, before anything is looked up: costly work that needs no database.
pub struct Prepared {
    /// As it is kept.
    pub sealed: SealedEvent,
    /// Its type; empty when the envelope cannot be read.
    pub kind: Cow<'static, str>,
    /// The device's clock.
    pub hlc: u64,
    content: Result<Box<Event>, &'static str>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Counted, counted with a flag, or kept aside.
    pub disposition: Disposition,
    /// Why a person should look.
    pub codes: Vec<&'static str>,
}

impl Prepared {
    /// Reads an event.
    pub fn new(sealed: SealedEvent) -> Self {
        let aside = |sealed, kind, hlc, code| Self { sealed, kind, hlc, content: Err(code) };
        let event = match sealed.read() {
            Ok(event) => event,
            Err(EventError::Payload { .. }) => return aside(sealed, Cow::Borrowed(""), 0, "payload_unreadable"),
            Err(EventError::Header { .. } | EventError::Envelope { .. }) => {
                return aside(sealed, Cow::Borrowed(""), 0, "envelope_unreadable");
            }
        };
        let hlc = event.stamp.hlc.bits();
        let fact = match &event.fact {
            Read::Known(fact) => fact,
            Read::Unknown { kind, .. } => {
                let kind = kind.chars().take(100).collect();
                return aside(sealed, Cow::Owned(kind), hlc, "type_unknown");
            }
        };
        let kind = Cow::Borrowed(fact.kind());
        if !plausible::is_plausible(fact) {
            return aside(sealed, kind, hlc, "amount_implausible");
        }
        Self { sealed, kind, hlc, content: Ok(Box::new(event)) }
    }

    /// Why it is kept aside, if it is.
    pub fn aside(&self) -> Option<&'static str> {
        self.content.as_ref().err().copied()
    }

    /// The event and what it tells, if it is one to be judged.
    fn told(&self) -> Option<(&Event, &Fact)> {
        let event = self.content.as_deref().ok()?;
        match &event.fact {
            Read::Known(fact) => Some((event, fact)),
            Read::Unknown { .. } => None,
        }
    }
}

/// Counts events, and says what is odd about each, in order.
pub async fn project(tx: &mut TenantTx, source: &Source<'_>, events: &[Prepared]) -> Result<Vec<Judged>, StoreError> {
    let mut world = World::load(tx, events).await?;
    let mut all = Vec::with_capacity(events.len());
    for prepared in events {
        let Some((event, fact)) = prepared.told() else {
            let codes = prepared.aside().into_iter().collect();
            all.push(Judged { disposition: Disposition::Quarantined, codes });
            continue;
        };
        if source.device.revoked_at.is_some() {
            // It may be in anyone's hands: what it says is kept until a person has looked at it.
            all.push(Judged { disposition: Disposition::Quarantined, codes: vec!["device_revoked"] });
            continue;
        }
        let mut codes = judge::count(tx, &mut world, source, &prepared.sealed, event, fact).await?;
        codes.extend(permit::check(tx, &world, event, fact).await?);
        // A branch's events happened too, so they count; but a person has to know.
        if source.branch != 0 {
            codes.push("forked");
        }
        let disposition = if codes.is_empty() { Disposition::Applied } else { Disposition::Flagged };
        all.push(Judged { disposition, codes });
    }
    world.write(tx, source).await?;
    Ok(all)
}
