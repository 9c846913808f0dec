//! How much is there: the last count, and everything put in or taken out since that the count had not seen.
//!
//! Every run of every till keeps two totals that only grow, so joining is taking the larger of each, and `moved ⊔ seen`
//! less `seen` is what a count had not seen, whoever heard what first. Negative is allowed: a sale happened.

use std::collections::{BTreeMap, BTreeSet};

use crdts::{CmRDT, CvRDT, PNCounter, pncounter};
use serde::{Deserialize, Serialize};

use super::{Actor, Contradiction, Field, Version};
use crate::event::Fact;
use crate::ids::{ChainId, ProductId};

/// What one run put in and took out so far, thousandths. Both only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Who.
    #[serde(flatten)]
    pub by: Actor,
    /// Put in.
    pub received_milli: u64,
    /// Sold, broken, given away.
    pub taken_milli: u64,
}

/// What everybody moved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Part>", into = "Vec<Part>")]
pub struct Moved {
    counter: PNCounter<Actor>,
    /// The counter does not tell who is in it.
    actors: BTreeSet<Actor>,
}

/// What somebody counted, and what they knew then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What the hands found, thousandths.
    pub counted_milli: i64,
    /// What is in that number already. A run named here means the runs it continues, too.
    pub seen: Moved,
}

/// A number that cannot be counted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// More than fits.
    #[error("the stock is past counting")]
    TooLarge,
}

/// One movement of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Of what.
    pub product_id: ProductId,
    /// Put in, thousandths.
    pub received_milli: u64,
    /// Taken out, thousandths.
    pub taken_milli: u64,
}

/// What a fact moves, one entry per product.
pub fn moves_of(fact: &Fact) -> Vec<StockMove> {
    let moves: Vec<StockMove> = match fact {
        Fact::SaleCompleted(sale) => {
            let taken = |milli: i64| u64::try_from(milli).unwrap_or(0);
            let lines = sale.lines.iter();
            lines.map(|line| StockMove::taken(line.product_id, taken(line.quantity_milli.milli()))).collect()
        }
        Fact::StockMoved(moved) => vec![moved.as_move()],
        _ => return Vec::new(),
    };
    let mut summed: Vec<StockMove> = Vec::with_capacity(moves.len());
    for moved in moves {
        match summed.iter_mut().find(|sum| sum.product_id == moved.product_id) {
            Some(sum) => {
                sum.received_milli = sum.received_milli.saturating_add(moved.received_milli);
                sum.taken_milli = sum.taken_milli.saturating_add(moved.taken_milli);
            }
            None => summed.push(moved),
        }
    }
    summed
}

impl StockMove {
    /// Something put in.
    pub const fn received(product_id: ProductId, milli: u64) -> Self {
        Self { product_id, received_milli: milli, taken_milli: 0 }
    }

    /// Something taken out.
    pub const fn taken(product_id: ProductId, milli: u64) -> Self {
        Self { product_id, received_milli: 0, taken_milli: milli }
    }
}

impl Moved {
    /// Of several runs.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn of(parts: impl IntoIterator<Item = Part>) -> Result<Self, StockError> {
        let mut moved = Self::default();
        for part in parts {
            moved.tell(&part)?;
        }
        Ok(moved)
    }

    /// Takes in a run's totals; smaller ones are old news.
    ///
    /// Errors: [`StockError::TooLarge`], where the crate would take any number.
    pub fn tell(&mut self, part: &Part) -> Result<(), StockError> {
        if i64::try_from(part.received_milli).is_err() || i64::try_from(part.taken_milli).is_err() {
            return Err(StockError::TooLarge);
        }
        for (counter, dir) in [(part.received_milli, pncounter::Dir::Pos), (part.taken_milli, pncounter::Dir::Neg)] {
            self.counter.apply(pncounter::Op { dot: crdts::Dot::new(part.by, counter), dir });
        }
        self.actors.insert(part.by);
        Ok(())
    }

    /// What one run moved, as far as it is known.
    pub fn part(&self, by: Actor) -> Part {
        // The counter only tells what the next number would be.
        let before = |op: pncounter::Op<Actor>| op.dot.counter.saturating_sub(1);
        let (received_milli, taken_milli) = (before(self.counter.inc(by)), before(self.counter.dec(by)));
        Part { by, received_milli, taken_milli }
    }

    /// Run by run, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.actors.iter().map(|by| self.part(*by))
    }

    /// Takes in what another knows.
    pub fn merge(&mut self, other: &Self) {
        self.counter.merge(other.counter.clone());
        self.actors.extend(&other.actors);
    }

    /// What this knows beyond `seen`, put in less taken out, thousandths.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn since(&self, seen: &Self) -> Result<i64, StockError> {
        let mut all = self.counter.clone();
        all.merge(seen.counter.clone());
        i64::try_from(all.read() - seen.counter.read()).map_err(|_| StockError::TooLarge)
    }
}

impl From<Moved> for Vec<Part> {
    fn from(moved: Moved) -> Self {
        moved.parts().collect()
    }
}

impl TryFrom<Vec<Part>> for Moved {
    type Error = StockError;

    fn try_from(parts: Vec<Part>) -> Result<Self, StockError> {
        Self::of(parts)
    }
}

/// A product's stock at a venue, as everybody together knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    moved: Moved,
    count: Option<Field<Counted>>,
    /// Which run continues which.
    continues: BTreeMap<ChainId, ChainId>,
}

impl Stock {
    /// Takes in a run's totals.
    pub fn tell(&mut self, part: &Part) -> Result<(), StockError> {
        self.moved.tell(part)
    }

    /// Takes in that a run goes on where another ended.
    pub fn link(&mut self, chain: ChainId, parent: ChainId) {
        self.continues.insert(chain, parent);
    }

    /// Takes in a count. The latest version stands, whichever came first.
    ///
    /// Errors: [`Contradiction`].
    pub fn count(&mut self, counted: &Field<Counted>) -> Result<(), Contradiction> {
        match &mut self.count {
            None => self.count = Some(counted.clone()),
            Some(count) => count.merge(counted).map(drop)?,
        }
        Ok(())
    }

    /// Takes in what another knows.
    ///
    /// Errors: [`Contradiction`].
    pub fn merge(&mut self, other: &Self) -> Result<(), Contradiction> {
        if let Some(counted) = &other.count {
            self.count(counted)?;
        }
        self.moved.merge(&other.moved);
        self.continues.extend(&other.continues);
        Ok(())
    }

    /// What one run moved, as far as it is known.
    pub fn moved(&self, by: Actor) -> Part {
        self.moved.part(by)
    }

    /// The count that stands.
    pub const fn counted(&self) -> Option<&Field<Counted>> {
        self.count.as_ref()
    }

    /// What is in the count that stands: what it names, and all of the runs that those it names continue.
    pub fn covered(&self) -> Moved {
        let Some(count) = &self.count else { return Moved::default() };
        let mut seen = count.value().seen.clone();
        let mut ended = BTreeSet::new();
        for part in count.value().seen.parts() {
            let mut chain = part.by.chain;
            while let Some(parent) = self.continues.get(&chain).filter(|parent| ended.insert(**parent)) {
                chain = *parent;
            }
        }
        let named: BTreeSet<ChainId> = count.value().seen.parts().map(|part| part.by.chain).collect();
        for part in self.moved.parts().filter(|part| ended.contains(&part.by.chain) && !named.contains(&part.by.chain))
        {
            seen.tell(&part).expect("it was told before");
        }
        seen
    }

    /// How much is there, thousandths; `None` while nobody ever counted.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn on_hand(&self) -> Result<Option<i64>, StockError> {
        let Some(count) = &self.count else { return Ok(None) };
        let since = self.moved.since(&self.covered())?;
        count.value().counted_milli.checked_add(since).map(Some).ok_or(StockError::TooLarge)
    }

    /// As a till needs it: ended runs are folded into the number, `open` ones named with how far they are in it. So the
    /// record stays as small as the venue has tills, however many nights there were.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn fold(&self, product_id: ProductId, open: &[Actor]) -> Result<Option<StockRecord>, StockError> {
        let (Some(count), Some(on_hand_milli)) = (&self.count, self.on_hand()?) else { return Ok(None) };
        let covers = Moved::of(open.iter().map(|by| self.moved.part(*by)))?;
        Ok(Some(StockRecord { product_id, on_hand_milli, version: *count.version(), covers }))
    }
}

/// A product's stock as head office tells it, in a venue's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRecord {
    /// Of what.
    pub product_id: ProductId,
    /// How much, thousandths; negative when more was sold than was counted.
    pub on_hand_milli: i64,
    /// Of the count it starts from.
    pub version: Version,
    /// How far each open run is in that number. One named here means the runs it continues, too.
    pub covers: Moved,
}

impl StockRecord {
    /// The number with what a till did meanwhile. `own` are the till's runs, oldest first, all of them.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn with_own(&self, own: &[Part]) -> Result<i64, StockError> {
        let is_named = |part: &Part| self.covers.actors.contains(&part.by);
        let named = own.iter().rposition(is_named).unwrap_or(0);
        let open = own.iter().enumerate().filter(|(place, part)| *place >= named || is_named(part));
        let since = Moved::of(open.map(|(_, part)| *part))?.since(&self.covers)?;
        self.on_hand_milli.checked_add(since).ok_or(StockError::TooLarge)
    }
}

impl Counted {
    /// The number a till shows after its own count, before head office has heard of it.
    ///
    /// Errors: [`StockError::TooLarge`].
    pub fn with(&self, own: &[Part], heard: Option<&StockRecord>) -> Result<i64, StockError> {
        let mut all = heard.map(|record| record.covers.clone()).unwrap_or_default();
        for part in own {
            all.tell(part)?;
        }
        self.counted_milli.checked_add(all.since(&self.seen)?).ok_or(StockError::TooLarge)
    }
}
