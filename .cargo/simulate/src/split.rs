//! Two bars that do not hear of each other, and one ticket shown at both. Then the line comes back, to one of them first.

use shared::ticket::{Incident, RedeemedLine, TicketId};

use crate::faults::Faults;
use crate::invariants::Violation;
use crate::sabotage::Planted;
use crate::till::ticket::{ticket, ticket_id};
use crate::world::{Scale, World};

/// What was asked for at both bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it, at each.
    Whole,
    /// Parts that are more together than was sold.
    PartsTooMany,
    /// Parts that fit.
    PartsThatFit,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Healed {
    /// What was asked for.
    pub asked: Asked,
    /// What head office tells of the ticket, as it was played in this order of healing.
    pub incidents: Vec<Incident>,
    /// Pieces of the ticket.
    pub sold: u64,
    /// Pieces handed over at both bars.
    pub handed: u64,
    /// What was broken, if anything.
    pub violation: Option<Violation>,
}

/// A night without faults, with nobody but the two.
const SMALL: Scale = Scale { acts: (1, 1), tills: 1, alone_below: 0 };
/// Longer than anything here takes, simulated.
const PATIENCE_MS: i64 = 10 * 60 * 1000;

/// Plays one. `first` is the bar that has a line again first, 0 or 1.
pub fn play(seed: u64, first: usize, bug: Option<Planted>) -> Healed {
    Planted::plant(bug);
    crate::reading::forget();
    let mut world = World::new(seed, Faults::NONE, SMALL, bug);
    let bars = [world.add_till(0, SMALL), world.add_till(0, SMALL)];
    world.run_for(30_000);
    for bar in bars {
        world.tills[bar].cut_until = i64::MAX;
    }
    let asked = [Asked::Whole, Asked::PartsTooMany, Asked::PartsThatFit][world.rng.place(3)];
    let ticket_id = some_ticket(&mut world, asked);
    let sold = ticket(ticket_id).lines[0].quantity;
    let lines = |quantity| vec![RedeemedLine { line_no: 1, quantity }];
    let parts = match asked {
        Asked::Whole => [None, None],
        Asked::PartsTooMany => [Some(lines(sold)), Some(lines(sold - 1))],
        Asked::PartsThatFit => [Some(lines(sold - 1)), Some(lines(1))],
    };
    let mut turns = [0, 1];
    if world.rng.chance(500) {
        turns.reverse();
    }
    for turn in turns {
        world.show(bars[turn], ticket_id, parts[turn].as_deref());
        let pause = world.rng.between(1, 20_000);
        world.run_for(pause);
    }
    for bar in [bars[first], bars[1 - first]] {
        world.tills[bar].cut_until = 0;
        world.run_until(bar);
    }
    world.check_tickets();
    let book = world.dbs[0].tickets.get(&ticket_id);
    let (incidents, handed) = book.map_or((Vec::new(), 0), |book| {
        let lines = book.handed.iter().flat_map(|one| &one.lines);
        (book.incidents.clone(), lines.map(|line| u64::from(line.quantity)).sum())
    });
    Planted::plant(None);
    let sold = ticket(ticket_id).lines.iter().map(|line| u64::from(line.quantity)).sum();
    Healed { asked, incidents, sold, handed, violation: world.violation }
}

/// One that can be shared out like this.
fn some_ticket(world: &mut World, asked: Asked) -> TicketId {
    loop {
        let one = ticket_id(u32::try_from(1_000 + world.rng.below(1_000)).unwrap_or(1_000));
        let is_shared_out = asked == Asked::Whole || ticket(one).lines[0].quantity > 1;
        if is_shared_out {
            return one;
        }
    }
}

/// Plays one in both orders of healing, and says what is wrong: not exactly one incident where too much was given, one
/// where it was not, or another in the other order.
pub fn is_wrong(seed: u64, bug: Option<Planted>) -> Option<String> {
    let [here, there] = [0, 1].map(|first| play(seed, first, bug));
    for healed in [&here, &there] {
        if let Some(Violation { invariant, detail }) = &healed.violation {
            return Some(format!("{invariant}: {detail}"));
        }
        let expected = usize::from(healed.asked != Asked::PartsThatFit);
        let given = healed.incidents.iter().flat_map(|it| &it.given).flat_map(|(_, lines)| lines);
        let given: u64 = given.map(|line| u64::from(line.quantity)).sum();
        let right = healed.handed - given;
        let is_all = healed.asked == Asked::Whole;
        if healed.incidents.len() != expected || (is_all && right != healed.sold) {
            return Some(format!("29: {healed:?}"));
        }
    }
    (here != there).then(|| format!("29: healed in one order {here:?}, in the other {there:?}"))
}

impl World {
    /// Lets so much time pass.
    fn run_for(&mut self, millis: i64) {
        let until = self.now + millis;
        while self.violation.is_none() && self.is_due_before(until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// Until a till has said and heard everything.
    fn run_until(&mut self, till: usize) {
        let limit = self.now + PATIENCE_MS;
        while self.violation.is_none() && self.is_till_behind(till) {
            if self.now > limit || !self.step() {
                self.broken(26, format!("till {till} has a line again and does not send"));
            }
        }
    }

    /// A guest shows a ticket.
    fn show(&mut self, till: usize, ticket_id: TicketId, asked: Option<&[RedeemedLine]>) {
        let moment = self.moment(till);
        let by = self.tills[till].staff.first().copied();
        let written = self.tills[till].redeem(&mut self.rng, &moment, by, (ticket_id, asked));
        let Some(written) = written else {
            return self.broken(29, format!("till {till} does not hand over a ticket nobody used"));
        };
        self.commit_at(till, written);
    }
}
