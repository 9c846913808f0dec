//! Planted bugs, to prove that the simulation finds what it claims to find. Without the feature `sabotage`, which no
//! shipped program has, every one of them is a constant `false` and leaves nothing behind.

/// A mistake someone could have made here, each once made by somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// An acknowledgement is believed by its number; its hash is not compared.
    AckByNumber,
    /// A gap's number is believed without comparing its hash.
    TrustedHead,
    /// A fork counts as an acknowledgement of everything sent.
    ForkAckHole,
    /// A server that changed its log is taken for the same one.
    NoLogId,
    /// Events refused by the server count as sent.
    DropOnRefusal,
    /// After a failure only the next sale tries again.
    RetryOnlyOnWrite,
    /// A refused chain holds up the ones behind it.
    PoisonBlocks,
    /// A page shorter than was asked for is taken for the last one, and the head for where it ends.
    PageSizeOffByOne,
    /// A stream that does not fit is brought to fit by adopting the server's head.
    AdoptRemoteHead,
    /// A head told in a hello is taken for what was read.
    AdoptToldHead,
    /// A stream's items are applied without looking at their numbers.
    NoDensityCheck,
    /// A snapshot's records are laid over what is there, and what it does not name stays.
    SnapshotKeepsStale,
    /// A chain the server holds more of is written on, not sealed.
    ForkNotSealed,
    /// Events lost by a restore are not fetched back.
    OwnEventsNotFetched,
    /// Events given back are stored without checking what they follow.
    OwnEventsUnchecked,
    /// The hybrid clock follows the wall back.
    ClockGoesBack,
    /// Another event under a held number is taken for the held one.
    ConflictIgnored,
    /// Another event under a held number replaces the held one's successors.
    ForkOverwrites,
    /// A head's signature is not checked.
    UnsignedAccepted,
    /// What travels is encoded again on the way.
    Reencoded,
    /// Change is not taken from the cash that stays in the drawer.
    ChangeKept,
    /// Tax is rounded by line and not by document.
    TaxByLine,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::AckByNumber,
        Self::TrustedHead,
        Self::ForkAckHole,
        Self::NoLogId,
        Self::DropOnRefusal,
        Self::RetryOnlyOnWrite,
        Self::PoisonBlocks,
        Self::PageSizeOffByOne,
        Self::AdoptRemoteHead,
        Self::AdoptToldHead,
        Self::NoDensityCheck,
        Self::SnapshotKeepsStale,
        Self::ForkNotSealed,
        Self::OwnEventsNotFetched,
        Self::OwnEventsUnchecked,
        Self::ClockGoesBack,
        Self::ConflictIgnored,
        Self::ForkOverwrites,
        Self::UnsignedAccepted,
        Self::Reencoded,
        Self::ChangeKept,
        Self::TaxByLine,
    ];
}

#[cfg(feature = "sabotage")]
mod planted {
    use std::cell::{Cell, RefCell};
    use std::collections::HashSet;

    use ed25519_dalek::SigningKey;

    use super::Bug;
    use crate::keys::{PublicKey, Signature};

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
        static SIGNED: RefCell<HashSet<[u8; 32]>> = RefCell::default();
    }

    /// Remembers a signature this thread made. Checking one is a third of a simulated night, and that one's own key and
    /// bytes fit is arithmetic that the library's authors prove; whatever else is shown is checked in earnest.
    pub(crate) fn remember_signature(key: &SigningKey, bytes: &[u8], signature: &Signature) {
        SIGNED.with_borrow_mut(|signed| signed.insert(name_of(key.verifying_key().as_bytes(), bytes, signature)));
    }

    /// Whether this thread made it: over these bytes, with this key.
    pub(crate) fn is_own_signature(key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        SIGNED.with_borrow(|signed| signed.contains(&name_of(key.as_bytes(), bytes, signature)))
    }

    fn name_of(key: &[u8; 32], bytes: &[u8], signature: &Signature) -> [u8; 32] {
        *blake3::Hasher::new().update(key).update(signature.as_bytes()).update(bytes).finalize().as_bytes()
    }

    /// Plants a bug in everything this thread does from now on, or takes it out again.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
        SIGNED.with_borrow_mut(HashSet::clear);
    }

    /// Whether this one is planted.
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "sabotage")]
pub use planted::{is, plant};
#[cfg(feature = "sabotage")]
pub(crate) use planted::{is_own_signature, remember_signature};

/// Nothing is remembered.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) fn remember_signature(_: &ed25519_dalek::SigningKey, _: &[u8], _: &crate::keys::Signature) {}

/// Every signature is checked.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) fn is_own_signature(_: &crate::keys::PublicKey, _: &[u8], _: &crate::keys::Signature) -> bool {
    false
}

/// Whether this one is planted: never.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub const fn is(_bug: Bug) -> bool {
    false
}
