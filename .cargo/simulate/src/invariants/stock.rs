//! Invariant 22: stock is the last count and what it had not seen, in whatever order everything arrived.

use std::collections::{BTreeMap, BTreeSet};

use shared::event::{ChainStarted, Event, Fact, Read};
use shared::ids::{ChainId, ProductId};
use shared::merge::{Actor, Counted, Field, Part, Stock, Version, moves_of};

use crate::reading;
use crate::rng::Rng;
use crate::server::db::Db;
use crate::server::project::count_in;
use crate::world::World;

/// Something heard about stock.
enum News {
    Moved(ProductId, Part),
    Counted(ProductId, Field<Counted>),
    Continues(ChainId, ChainId),
}

/// The same facts, added up by hand.
#[derive(Default)]
struct Tally {
    moved: BTreeMap<(ProductId, ChainId), (u64, u64)>,
    counts: BTreeMap<ProductId, (Version, i64, Vec<Part>)>,
    links: BTreeMap<ChainId, ChainId>,
}

impl World {
    /// 22: heard again in another order, and once more without the code that merges.
    pub(super) fn check_stock(&mut self) {
        let mut broken = None;
        for company in 0..self.dbs.len() {
            self.checks.look(22);
            let db = &self.dbs[company];
            let (mut news, tally) = told(db);
            // Chance of its own: what is checked must not change what is played.
            let mut rng = Rng::new(self.events ^ 0x22);
            for place in (1..news.len()).rev() {
                news.swap(place, rng.place(place + 1));
            }
            let shuffled = heard(&news);
            for (product, stock) in &db.stock {
                let (have, again, by_hand) =
                    (stock.on_hand(), shuffled.get(product).map(Stock::on_hand), tally.on_hand(*product));
                if Some(have) != again || have.ok().flatten().map(i128::from) != by_hand {
                    let detail =
                        format!("{product}: {have:?} is there, {again:?} in another order, {by_hand:?} by hand");
                    broken = Some(detail);
                }
            }
            if shuffled != db.stock {
                broken.get_or_insert("what was moved depends on the order it arrived in".to_owned());
            }
        }
        if let Some(detail) = broken {
            self.broken(22, detail);
        }
    }
}

/// All that the first branch of every chain says about stock.
fn told(db: &Db) -> (Vec<News>, Tally) {
    let (mut news, mut tally) = (Vec::new(), Tally::default());
    for (chain, branch, sealed) in db.events() {
        let Ok(event) = reading::event(sealed) else { continue };
        let Event { fact: Read::Known(fact), .. } = &*event else { continue };
        if branch != 0 {
            continue;
        }
        if let Fact::ChainStarted(ChainStarted { parent: Some(parent), .. }) = fact {
            tally.links.insert(chain, parent.chain);
            news.push(News::Continues(chain, parent.chain));
        }
        for moved in moves_of(fact) {
            let sum = tally.moved.entry((moved.product_id, chain)).or_default();
            *sum = (sum.0 + moved.received_milli, sum.1 + moved.taken_milli);
            let part = Part { by: Actor::of(&event), received_milli: sum.0, taken_milli: sum.1 };
            news.push(News::Moved(moved.product_id, part));
        }
        if let Fact::StockCounted(counted) = fact
            && let Some(field) = count_in(&event, counted)
        {
            let said = (*field.version(), counted.counted_milli, counted.seen.clone());
            let last = tally.counts.entry(counted.product_id).or_insert_with(|| said.clone());
            if said.0 > last.0 {
                *last = said;
            }
            news.push(News::Counted(counted.product_id, field));
        }
    }
    (news, tally)
}

fn heard(news: &[News]) -> BTreeMap<ProductId, Stock> {
    let mut all = BTreeMap::<ProductId, Stock>::new();
    for one in news {
        // What cannot be counted with is refused alike in every order.
        match one {
            News::Moved(product, part) => drop(all.entry(*product).or_default().tell(part)),
            News::Counted(product, field) => drop(all.entry(*product).or_default().count(field)),
            News::Continues(..) => {}
        }
    }
    for one in news {
        if let News::Continues(chain, parent) = one {
            for stock in all.values_mut() {
                stock.link(*chain, *parent);
            }
        }
    }
    all
}

impl Tally {
    /// The last count, and of every run what it had not seen: nothing of a run that one it names continues.
    fn on_hand(&self, product: ProductId) -> Option<i128> {
        let (_, counted, seen) = self.counts.get(&product)?;
        let named: BTreeMap<ChainId, Part> = seen.iter().map(|part| (part.by.chain, *part)).collect();
        let mut ended = BTreeSet::new();
        for chain in named.keys() {
            let mut at = *chain;
            while let Some(parent) = self.links.get(&at).filter(|parent| ended.insert(**parent)) {
                at = *parent;
            }
        }
        let of_product = self.moved.range((product, ChainId::from_uuid(uuid::Uuid::nil()))..);
        let of_product = of_product.take_while(|((of, _), _)| *of == product);
        let uncovered = of_product.map(|((_, chain), (received, taken))| match named.get(chain) {
            Some(part) => {
                let put_in = received.saturating_sub(part.received_milli);
                i128::from(put_in) - i128::from(taken.saturating_sub(part.taken_milli))
            }
            None if ended.contains(chain) => 0,
            None => i128::from(*received) - i128::from(*taken),
        });
        Some(i128::from(*counted) + uncovered.sum::<i128>())
    }
}
