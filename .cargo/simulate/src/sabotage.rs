//! The planted bugs. Each was made by somebody once; a simulation that does not find one is broken.

pub use shared::sabotage::Bug as SharedBug;

macro_rules! bugs {
    ($($name:ident $doc:literal;)+) => {
        /// A mistake in what surrounds the shared code: stores, server, disks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $doc] $name,)+
        }

        impl Bug {
            const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

bugs! {
    AckBeforeCommit "The server answers, then commits.";
    CommitNotSynced "The till's commits reach the disk later (`synchronous=NORMAL`), and the power fails.";
    ToldBeforeCommit "The receipt is printed before the sale is committed.";
    SequenceCursor "A stream's numbers come from a sequence: taken before the commit, visible after it.";
    ChainReused "A till goes on in its last chain after a start, also after a restore.";
    LogKept "A restored server keeps its log's name.";
    HlcNotPersisted "The hybrid clock starts again with the process.";
    ProjectionAborts "An event a projection cannot read aborts its batch.";
    FullDiskIsSuccess "A write to a full disk counts as done.";
    AddendumDropped "A sale that arrives after its session was closed is not added to it.";
    SealedReopened "A sale that arrives after its session was closed changes the closing totals.";
    QuarantineDropped "What was set aside is dropped, not counted, when the program that knows it comes.";
    UnknownDropped "An event of an unknown type is acknowledged and not stored.";
    SnapshotTorn "A snapshot's records and its number are read in two transactions.";
    TruncatedSilently "A cursor older than the stream's tail is answered with what is left.";
    Unrevoked "The newest word on a person wins, also over a revocation.";
    OtherTenant "A stream is looked up by its name alone, whosever it is.";
    CountedAgain "A repeated event is counted again.";
    BranchDropped "The other side of a fork is answered and not stored.";
    RepeatRefused "A repeated batch is refused as a conflict.";
    ForgottenOnAck "A till deletes what was acknowledged.";
    UpgradeDropsUnsent "An upgrade of the till starts with an empty queue.";
    FloatInPayload "An amount goes through a float on its way into the payload.";
    StockByArrival "Stock is what the last event to arrive says, not the sum.";
    CursorBeforeItems "A stream's cursor is written before its items, in another transaction.";
    OneSidedEntry "A sale's rounding is not booked.";
    DoubleByArrival "Of two hand-overs of a ticket the one heard of last is the double.";
    PartsAreDoubles "A second hand-over of a ticket is a double, whatever was left of it.";
    DoubleUnsaid "What is handed over beyond what was sold is counted, and nobody is told.";
    MapOrder "A line is written again from a map when it is stored.";
}

/// A bug, wherever it is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
    /// In the code till and server share.
    Shared(SharedBug),
    /// Around it.
    Here(Bug),
}

impl Planted {
    /// Every bug there is.
    pub fn all() -> Vec<Self> {
        let shared = SharedBug::ALL.iter().copied().map(Self::Shared);
        shared.chain(Bug::ALL.iter().copied().map(Self::Here)).collect()
    }

    /// As written on the command line: `ack-before-commit`.
    pub fn name(self) -> String {
        let camel = match self {
            Self::Shared(bug) => format!("{bug:?}"),
            Self::Here(bug) => format!("{bug:?}"),
        };
        let mut name = String::new();
        for letter in camel.chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }

    /// Plants it into the shared code of this thread, if that is where it belongs.
    pub fn plant(bug: Option<Self>) {
        #[cfg(feature = "sabotage")]
        shared::sabotage::plant(match bug {
            Some(Self::Shared(bug)) => Some(bug),
            // A cursor over a sequence is one that does not ask for dense numbers.
            Some(Self::Here(Bug::SequenceCursor)) => Some(SharedBug::NoDensityCheck),
            _ => None,
        });
        #[cfg(not(feature = "sabotage"))]
        let _ = bug;
    }
}
