//! What must hold, by its number. 12, the same answers from both databases, is the server's conformance suite's; 16 to 18
//! and 20 wait for leases; the laws of the CRDTs (23) are property tests beside them.

mod convergence;
mod ledger;
mod money;
mod stock;
mod stream;
mod ticket;
mod time;

/// How many numbers there are, 0 left free.
pub const COUNT: usize = 30;

/// Something that must hold did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: u8,
    /// What was seen.
    pub detail: String,
}

/// How often each was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks([u64; COUNT]);

impl Checks {
    /// One more look.
    pub fn look(&mut self, invariant: u8) {
        self.0[usize::from(invariant)] += 1;
    }

    /// Looks, by number, of those that were looked at.
    pub fn list(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// Looks at one.
    pub fn of(&self, invariant: usize) -> u64 {
        self.0.get(invariant).copied().unwrap_or(0)
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, count)| *sum += count);
    }
}

/// What each says, for people.
pub fn title(invariant: u8) -> &'static str {
    match invariant {
        1 => "every sale a till finished is at the server exactly once",
        2 => "no two events share a place; chains are dense and linked",
        3 => "nothing is acknowledged that is not durable",
        4 => "stored bytes are what was written, and hash alike",
        5 => "no refusal, upgrade or restart takes an unsent event off a till",
        6 => "a poisoned event delays no other",
        7 => "forks are said, and both sides are readable",
        8 => "quarantine drains after the fix",
        9 => "a cursor never skips",
        10 => "a reader never goes back within a log, nor mixes two",
        11 => "a snapshot and its tail are the whole stream",
        13 => "no byte of one company reaches another",
        14 => "double entry sums to zero",
        15 => "a sale's lines, tax and payments agree",
        19 => "a request sent again has one effect and the same answer",
        21 => "sealed sessions never change; with addenda they are the sum of their events",
        22 => "stock is the last count and what it had not seen, in any order",
        23 => "after quiet, all tills and the server agree",
        24 => "the hybrid clock rises in every chain and across starts",
        25 => "who is withdrawn stays withdrawn",
        26 => "what can be sent is sent, by itself",
        27 => "requests, open questions and disks stay within their limits, also after thirty nights alone",
        28 => "the same seed is the same night",
        29 => "of a ticket what was sold is handed over, and what is beyond it is one incident",
        _ => "unnamed",
    }
}

/// Where each is checked, in the words of the summary.
pub const CHECKED: [(usize, &str); 29] = [
    (1, "here, when all is quiet; on real disks"),
    (2, "here, when all is quiet and at every restore; on real disks"),
    (3, "here, at every answer, proof and crash; on real disks"),
    (4, "here, when all is quiet; shared/tests/golden"),
    (5, "here, after every exchange; on real disks"),
    (6, "here, at every answer and when all is quiet"),
    (7, "here, at every answer and event; on real disks"),
    (8, "here, at every upgrade of the server and when all is quiet"),
    (9, "here, at every step of a cursor"),
    (10, "here, at every step of a cursor"),
    (11, "here, at every snapshot and when all is quiet"),
    (12, "sync-server/tests, the same requests to both databases"),
    (13, "here, at every record a till of two companies gets"),
    (14, "here, when all is quiet"),
    (15, "here, at every sale and when all is quiet"),
    (16, "nowhere yet: waits for leases"),
    (17, "nowhere yet: waits for leases"),
    (18, "nowhere yet: waits for a hub"),
    (19, "here, every eighth push again at once, and every repeat"),
    (20, "on real disks: receipts without gaps"),
    (21, "here, when all is quiet"),
    (22, "here, when all is quiet, shuffled and by hand; shared/tests/laws"),
    (23, "here, when all is quiet; CRDT laws in shared/tests/laws"),
    (24, "here, at every event"),
    (25, "here, at every event and edit of a person"),
    (26, "here, when all is quiet; on real disks"),
    (27, "here, at every request and when all is quiet, and once after thirty nights alone"),
    (28, "here, one seed in fifty played twice; on real disks"),
    (29, "here, when all is quiet, by hand and shuffled, and at two bars cut off, healed in both orders"),
];
