//! What can go wrong. Each seed draws a random subset, so that rare combinations meet.

use crate::rng::Rng;

macro_rules! faults {
    ($($name:ident $text:literal $doc:literal;)+) => {
        /// Something that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $doc] $name,)+
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As written on the command line and in reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

faults! {
    Loss "loss" "Requests and answers vanish.";
    Duplicate "duplicate" "A request arrives twice, the second time much later.";
    Reorder "reorder" "Delays of all lengths, past the till's patience too.";
    Truncate "truncate" "Requests and answers are cut.";
    BitFlip "bit-flip" "A byte of a request changes on the way.";
    Crossed "crossed" "A middlebox gives one machine the answer meant for its twin.";
    Partition "partition" "A till is cut off for minutes or for the whole night.";
    TillCrash "till-crash" "A till's power fails, before or after any write.";
    ServerCrash "server-crash" "A server dies between a request and its commit, or after it.";
    TillRestore "till-restore" "A till's disk goes back to an older backup.";
    ServerRestore "server-restore" "The server's database goes back to an older backup.";
    DiskClone "disk-clone" "A till's disk is copied into a second machine.";
    LiveClone "live-clone" "A running till is copied, memory and all.";
    ClockJump "clock-jump" "A till's wall clock jumps, up to ten years either way.";
    DiskFull "disk-full" "A till's disk takes nothing for a while.";
    Upgrade "upgrade" "Tills write facts of a newer program; the server learns them later.";
    Revocation "revocation" "Head office withdraws a device, and people, in the middle of the night.";
    Poison "poison" "Events whose payload nobody can read, and one the server refuses outright.";
    SlowCommit "slow-commit" "The server's commits take from nothing to seconds.";
    Compaction "compaction" "The server cuts off the tail of its streams.";
    Pressure "pressure" "The server asks for less, for peace, or answers 503.";
    OldServer "old-server" "A server from before there were hellos and snapshots.";
}

/// Which faults are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every one that is.
    pub fn all() -> Self {
        Fault::ALL.iter().fold(Self::NONE, |faults, fault| faults.with(*fault))
    }

    /// With this one on, too.
    #[must_use]
    pub fn with(self, fault: Fault) -> Self {
        Self(self.0 | 1 << fault as u32)
    }

    /// Whether it is on.
    pub fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }

    /// A random subset of `allowed`: sometimes one, sometimes most.
    #[must_use]
    pub fn draw(rng: &mut Rng, allowed: Self) -> Self {
        let per_mille = [0, 120, 300, 500, 800][rng.place(5)];
        let drawn = Fault::ALL.iter().filter(|fault| rng.chance(per_mille) && allowed.has(**fault));
        drawn.fold(Self::NONE, |faults, fault| faults.with(*fault))
    }

    /// Those that are on.
    pub fn list(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.iter().copied().filter(move |fault| self.has(*fault))
    }
}

impl std::str::FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').filter(|name| !name.is_empty()).try_fold(Self::NONE, |faults, name| {
            let fault = Fault::ALL.iter().find(|fault| fault.name() == name);
            let known = || Fault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", ");
            fault.map(|fault| faults.with(*fault)).ok_or_else(|| format!("`{name}` is no fault; there are {}", known()))
        })
    }
}
