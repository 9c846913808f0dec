//! What happens at a till in a night: real sales by the real rules, a drawer opened and closed, tickets, tips.

use std::rc::Rc;

use shared::event::{
    ChainHead, ChainStarted, DrawerOpened, Fact, ParentChain, RegisterClosed, RegisterOpened, SaleRecorded,
    SealedEvent, Stamp, StockCounted,
};
use shared::ids::{ChainId, PaymentId, ProductId, SaleId, SessionId, StaffId};
use shared::money::{CashRounding, Currency};
use shared::register::{CashCount, Counted, RegisterSession, SessionTotals};
use shared::sale::{Quantity, Sale};
use shared::sync::stream::StreamName;
use shared::tender::{ApprovedCard, CardApproval, Tender};
use shared::time::{BusinessDate, Hlc, Timestamp};

use super::Till;
use super::disk::products;
use crate::reading;
use crate::rng::Rng;
use crate::sabotage::Bug;

/// What a till writes next: the event, and what else the same transaction changes.
pub struct Written {
    /// The line.
    pub event: Rc<SealedEvent>,
    /// The clock after it.
    pub hlc: Hlc,
    /// The drawer after it.
    pub session: Option<(RegisterSession, SessionTotals)>,
    /// One more receipt.
    pub receipts: u64,
    /// Sessions closed.
    pub closed: u32,
    /// Who did it.
    pub actor: Option<StaffId>,
    /// The sale, to be checked.
    pub sale: Option<Box<SaleRecorded>>,
}

/// A moment at a till.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Its wall clock.
    pub wall: Timestamp,
    /// Since it was started.
    pub up_ms: u64,
    /// A planted bug.
    pub bug: Option<Bug>,
    /// Events that poison.
    pub writes_poison: bool,
}

pub(super) const DATE: BusinessDate = BusinessDate::from_days(20_778);

impl Till {
    fn stamp(&self, at: &Moment, actor: Option<StaffId>) -> Stamp {
        let last = match (&self.process, at.bug) {
            (Some(process), Some(Bug::HlcNotPersisted)) => process.hlc,
            _ => self.disk.hlc,
        };
        let session = self.disk.session.as_ref().map(|(session, _)| session.session_id);
        Stamp { hlc: last.tick(at.wall), up_ms: at.up_ms, actor, approver: None, session, seen: self.disk.seen }
    }

    pub(super) fn head(&self, chain: ChainId) -> ChainHead {
        self.disk.chains.get(&chain).map_or(ChainHead::start(chain, None), |held| held.head(chain))
    }

    pub(super) fn sealed(&self, at: &Moment, actor: Option<StaffId>, head: &ChainHead, fact: &Fact) -> Written {
        let stamp = self.stamp(at, actor);
        Written {
            event: Rc::new(head.seal(&self.origin, &stamp, fact)),
            hlc: stamp.hlc,
            session: self.disk.session.clone(),
            receipts: self.disk.receipts,
            closed: self.disk.closed,
            actor,
            sale: None,
        }
    }

    /// The first event of a chain.
    pub fn start_chain(&self, at: &Moment, chain: ChainId) -> Written {
        let last = self.disk.last_chain().map(|id| self.disk.chains[&id].head(id));
        let parent = last.map(|ChainHead { chain, seq, hash }| ParentChain { chain, seq, hash });
        let head = ChainHead::start(chain, parent.map(|parent| parent.hash));
        let fact =
            Fact::ChainStarted(ChainStarted { app_version: "simulated".to_owned(), parent, ..ChainStarted::default() });
        self.sealed(at, None, &head, &fact)
    }

    /// Somebody this till believes to work here.
    fn operator(&self, rng: &mut Rng) -> Option<StaffId> {
        let start = rng.place(self.staff.len());
        let others = self.staff[start..].iter().chain(&self.staff[..start]);
        others.copied().find(|id| !self.disk.revoked_staff.contains(id.to_string().as_str()))
    }

    /// What happens next, in this chain.
    pub fn act(&self, rng: &mut Rng, at: &Moment, chain: ChainId) -> Option<Written> {
        let actor = self.operator(rng);
        let head = self.head(chain);
        let Some((session, totals)) = &self.disk.session else {
            return self.open(rng, at, actor?, &head);
        };
        if self.acts_left <= 1 || rng.chance(3) {
            return self.close(rng, at, actor, &head, (session, *totals));
        }
        if rng.chance(60) {
            let handed = self.redeem_any(rng, at, actor);
            return handed.or_else(|| Some(self.odd(rng, at, actor, &head)));
        }
        if rng.chance(40) {
            return Some(self.odd(rng, at, actor, &head));
        }
        if rng.chance(25) {
            return self.count_stock(rng, at, actor, &head);
        }
        self.sell(rng, at, actor, &head, (session, *totals))
    }

    /// Somebody counts what is there of a product; what their own runs moved so far is in the number.
    fn count_stock(&self, rng: &mut Rng, at: &Moment, by: Option<StaffId>, head: &ChainHead) -> Option<Written> {
        let catalog = self.disk.copies.get(&StreamName::Catalog)?;
        let (key, _) = products(catalog).nth(rng.place(products(catalog).count()))?;
        let product_id: ProductId = key.strip_prefix("product/")?.parse().ok()?;
        let fact = Fact::StockCounted(StockCounted {
            product_id,
            counted_milli: rng.between(0, 200_000),
            seen_round: 0,
            seen: self.disk.moved_of(self.origin.device, product_id),
        });
        Some(self.sealed(at, by, head, &fact))
    }

    fn open(&self, rng: &mut Rng, at: &Moment, by: StaffId, head: &ChainHead) -> Option<Written> {
        let (session_id, register_id) = (SessionId::from_uuid(rng.id()), self.register);
        let float = CashCount(vec![Counted { denomination_minor: 1_000, count: 20 }]);
        let session = RegisterSession::open(session_id, register_id, DATE, (by, at.wall), (float, Currency::Czk));
        let session = session.ok()?;
        let fact = Fact::RegisterOpened(RegisterOpened {
            session_id,
            register_id,
            business_date: DATE,
            opened_by: by,
            opened_at: at.wall,
            currency: Currency::Czk,
            float: session.float.clone(),
        });
        let written = self.sealed(at, Some(by), head, &fact);
        Some(Written { session: Some((session, SessionTotals::default())), ..written })
    }

    fn close(
        &self,
        rng: &mut Rng,
        at: &Moment,
        by: Option<StaffId>,
        head: &ChainHead,
        (session, totals): (&RegisterSession, SessionTotals),
    ) -> Option<Written> {
        let count = u32::try_from(rng.below(500)).ok()?;
        let counted = CashCount(vec![Counted { denomination_minor: 1_000, count }]);
        let (closed, z) = session.clone().close(&counted, totals, self.disk.closed + 1, at.wall).ok()?;
        let session_id = closed.session_id;
        let fact = Fact::RegisterClosed(RegisterClosed { session_id, closed_at: at.wall, counted, z });
        let written = self.sealed(at, by, head, &fact);
        Some(Written { session: None, closed: self.disk.closed + 1, ..written })
    }

    /// Facts of a newer program, facts nobody can read, and a drawer opened for change.
    fn odd(&self, rng: &mut Rng, at: &Moment, by: Option<StaffId>, head: &ChainHead) -> Written {
        let reason = format!("change {}", rng.below(1_000));
        let written = self.sealed(at, by, head, &Fact::DrawerOpened(DrawerOpened { reason }));
        let event = if self.is_new {
            let amount = rng.between(1, 5_000);
            let payload = format!(r#""payload":{{"amount_minor":{amount}}}}}"#);
            rewritten(&written.event, head, &self.origin, "tip.given", &payload)
        } else if at.writes_poison && rng.chance(500) {
            rewritten(&written.event, head, &self.origin, "drawer.opened", r#""payload":{"reason":[1,2]}}"#)
        } else {
            return written;
        };
        Written { event: Rc::new(event), ..written }
    }

    fn sell(
        &self,
        rng: &mut Rng,
        at: &Moment,
        by: Option<StaffId>,
        head: &ChainHead,
        (session, totals): (&RegisterSession, SessionTotals),
    ) -> Option<Written> {
        let catalog = self.disk.copies.get(&StreamName::Catalog)?;
        let count = products(catalog).count();
        if count == 0 {
            return None;
        }
        let mut sale = Sale::open(SaleId::from_uuid(rng.id()), Currency::Czk);
        for _ in 0..=rng.below(4) {
            let (_, json) = products(catalog).nth(rng.place(count))?;
            let product = reading::product(json)?;
            let quantity = if rng.chance(100) { 750 } else { 1_000 * rng.between(1, 3) };
            // A product withdrawn meanwhile is left out, as at a real till.
            let _ = sale.add(&product, Quantity::from_milli(quantity));
        }
        let total = sale.totals().total_minor;
        let (tenders, cards) = tenders(rng, total);
        let rounding = CashRounding::statutory(Currency::Czk, DATE);
        let completed = sale.complete(&tenders, &cards, rounding).ok()?;
        let sale = SaleRecorded {
            sale_id: completed.sale_id,
            receipt_no: self.disk.receipts + 1,
            business_date: DATE,
            completed_at: at.wall,
            currency: completed.currency,
            lines: completed.lines.clone(),
            totals: completed.totals.clone(),
            settlement: completed.settlement.clone(),
            tickets: Vec::new(),
        };
        let fact = Fact::SaleCompleted(in_payload(sale, at.bug));
        let written = self.sealed(at, by, head, &fact);
        let Fact::SaleCompleted(sale) = fact else { return None };
        Some(Written {
            session: Some((session.clone(), totals.plus(&completed))),
            receipts: sale.receipt_no,
            sale: Some(Box::new(sale)),
            ..written
        })
    }
}

/// The sale as it goes into the payload.
fn in_payload(mut sale: SaleRecorded, bug: Option<Bug>) -> SaleRecorded {
    if bug == Some(Bug::FloatInPayload) {
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the planted bug itself")]
        let float = (sale.totals.total_minor as f32) as i64;
        sale.totals.total_minor = float;
    }
    sale
}

/// Cash, a card, or both.
fn tenders(rng: &mut Rng, total: i64) -> (Vec<Tender>, Vec<ApprovedCard>) {
    let cash = |left: i64, rng: &mut Rng| Tender::Cash { tendered_minor: left + 100 + rng.between(0, 50_000) };
    if rng.chance(600) {
        return (vec![cash(total, rng)], Vec::new());
    }
    let amount_minor = if rng.chance(200) { total / 2 } else { total };
    let card = ApprovedCard {
        payment_id: PaymentId::from_uuid(rng.id()),
        amount_minor,
        approval: CardApproval {
            authorisation_code: "252985".to_owned(),
            operation_no: "000123".to_owned(),
            last4: "0461".to_owned(),
            brand: "VI".to_owned(),
            card_type: "CR".to_owned(),
        },
        is_manual: false,
    };
    let mut tenders = vec![Tender::Card { payment_id: card.payment_id }];
    if amount_minor < total {
        tenders.push(cash(total - amount_minor, rng));
    }
    (tenders, vec![card])
}

/// The same event with another type and payload, as a newer or a broken program would have written it.
fn rewritten(
    event: &SealedEvent,
    head: &ChainHead,
    origin: &shared::event::Origin,
    kind: &str,
    payload: &str,
) -> SealedEvent {
    let rest = event.rest().replace("drawer.opened", kind);
    let before = rest.split_once(r#""payload":"#).map_or("", |(before, _)| before);
    head.follow(origin, &format!("{before}{payload}"))
}
