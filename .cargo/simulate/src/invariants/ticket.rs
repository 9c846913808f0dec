//! Invariant 29: of each ticket exactly what was sold was handed over rightly, and what was beyond it is one incident, in
//! whatever order it was heard of.

use std::collections::{BTreeMap, BTreeSet};

use shared::event::{Event, Fact, Read};
use shared::ids::RedemptionId;
use shared::ticket::{HandOver, IncidentKind, RedeemedLine, TicketId, incidents};

use crate::reading;
use crate::rng::Rng;
use crate::server::db::Db;
use crate::server::project::hand_over;
use crate::till::ticket::ticket;
use crate::world::World;

/// Pieces by the line they are of.
type Pieces = BTreeMap<u8, u64>;

impl World {
    /// 29: added up by hand, and told again in another order.
    pub(crate) fn check_tickets(&mut self) {
        for company in 0..self.dbs.len() {
            self.checks.look(29);
            // Chance of its own: what is checked must not change what is played.
            let mut rng = Rng::new(self.events ^ 0x29);
            if let Some(detail) = wrong(&self.dbs[company], &mut rng) {
                self.broken(29, detail);
            }
        }
    }
}

fn wrong(db: &Db, rng: &mut Rng) -> Option<String> {
    let handed = handed(db);
    for (ticket_id, hand_overs) in &handed {
        let told = db.tickets.get(ticket_id).map(|book| book.incidents.clone()).unwrap_or_default();
        let mut shuffled = hand_overs.clone();
        for place in (1..shuffled.len()).rev() {
            shuffled.swap(place, rng.place(place + 1));
        }
        let sold = ticket(*ticket_id).lines;
        if incidents(&sold, &shuffled, None) != told {
            return Some(format!(
                "ticket {ticket_id}: what went wrong with it depends on who was heard first: {told:?}"
            ));
        }
        let all = pieces(hand_overs.iter().flat_map(|one| &one.lines));
        let over: Pieces = all
            .iter()
            .filter_map(|(line_no, given)| {
                let owed = sold.get(usize::from(*line_no).wrapping_sub(1)).map_or(0, |line| u64::from(line.quantity));
                Some((*line_no, given.checked_sub(owed)?)).filter(|(_, over)| *over > 0)
            })
            .collect();
        let is_one = match &told[..] {
            [] => over.is_empty(),
            [one] => one.kind == IncidentKind::Double && pieces(one.given.iter().flat_map(|(_, lines)| lines)) == over,
            _ => false,
        };
        if !is_one {
            return Some(format!("ticket {ticket_id}: {over:?} pieces too many, and what is told of it is {told:?}"));
        }
    }
    let strange = db.tickets.keys().find(|id| !handed.contains_key(id));
    strange.map(|id| format!("ticket {id}: something went wrong with it, and nothing was handed over"))
}

/// Every hand-over of every ticket, each once, as the events tell it.
fn handed(db: &Db) -> BTreeMap<TicketId, Vec<HandOver>> {
    let (mut handed, mut known) = (BTreeMap::<_, Vec<_>>::new(), BTreeSet::<RedemptionId>::new());
    for (_, _, sealed) in db.events() {
        let Ok(event) = reading::event(sealed) else { continue };
        let Event { fact: Read::Known(Fact::TicketRedeemed(redeemed)), .. } = &*event else { continue };
        if known.insert(redeemed.redemption_id) {
            handed.entry(redeemed.ticket_id).or_default().push(hand_over(redeemed));
        }
    }
    handed
}

fn pieces<'a>(lines: impl Iterator<Item = &'a RedeemedLine>) -> Pieces {
    let mut sum = Pieces::new();
    for line in lines {
        *sum.entry(line.line_no).or_default() += u64::from(line.quantity);
    }
    sum
}
