//! Who counts.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::ids::{ChainId, DeviceId};

/// One run of one device. Not the device: a till restored from a backup would go on counting from an old number, and
/// what it sold since would vanish in the merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// The machine.
    pub device: DeviceId,
    /// Its run.
    pub chain: ChainId,
}

impl Actor {
    /// Whoever wrote an event.
    pub const fn of(event: &Event) -> Self {
        Self { device: event.origin.device, chain: event.chain }
    }
}
