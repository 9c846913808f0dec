//! What is known while a run of events is judged: looked up once for all of them, then kept up to date as they are
//! counted; and what they add, gathered until it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use shared::event::{CardRequested, Event, Fact};
use shared::ids::{PaymentId, ProductId, RedemptionId, SaleId, SessionId, StaffId};
use shared::keys::PublicKey;
use shared::merge::{Actor, StockMove, StockRecord, moves_of};
use shared::staff::StaffMember;
use shared::sync::stream::{StreamName, keys};
use shared::tender::Payment;
use shared::ticket::{Ticket, TicketId, TicketLine, incidents};

use super::{Prepared, Source, permit};
use crate::store::{CardRow, NewRedemption, NewSale, StoreError, TenantTx, TicketPast};

/// What is known, and what is new.
#[derive(Default)]
pub(super) struct World<'a> {
    /// Sales that are counted.
    pub(super) sales: HashSet<SaleId>,
    /// People head office knows, who did what somebody must be allowed to do.
    pub(super) staff: HashMap<StaffId, StaffMember>,
    /// Products the catalogue ever had.
    pub(super) products: HashSet<ProductId>,
    /// Sessions heard of, and whether they are open.
    pub(super) sessions: HashMap<SessionId, bool>,
    /// Requests for money, and how each stands.
    pub(super) cards: HashMap<PaymentId, CardRow>,
    /// Redemptions that are counted.
    pub(super) redemptions: HashSet<RedemptionId>,
    /// What became of tickets, by anyone.
    pub(super) tickets: HashMap<TicketId, TicketPast>,
    /// Keys of devices looked up so far, by their short numbers.
    pub(super) device_keys: HashMap<u16, Option<PublicKey>>,

    /// Tickets of which something was told, and what each promises where that can be believed.
    pub(super) told_of: HashMap<TicketId, Option<Vec<TicketLine>>>,

    pub(super) new_sales: Vec<NewSale<'a>>,
    pub(super) new_cards: Vec<&'a CardRequested>,
    /// Those known before that stand otherwise now.
    moved_cards: BTreeSet<PaymentId>,
    pub(super) new_redemptions: Vec<NewRedemption<'a>>,
    /// What this run took from stock and put in, by the run: all of a batch are of one.
    moves: BTreeMap<ProductId, StockMove>,
    run: Option<Actor>,
}

/// Everything some events name, each once.
#[derive(Default)]
struct Named {
    sales: Vec<SaleId>,
    products: HashSet<ProductId>,
    sessions: HashSet<SessionId>,
    cards: HashSet<PaymentId>,
    reported: Vec<PaymentId>,
    redemptions: Vec<RedemptionId>,
    tickets: HashSet<TicketId>,
    staff: HashSet<StaffId>,
}

impl Named {
    fn by(events: &[Prepared]) -> Self {
        let mut named = Self::default();
        for (event, fact) in events.iter().filter_map(Prepared::told) {
            if permit::needs(fact).is_some() {
                named.staff.extend(event.stamp.actor);
                named.staff.extend(event.stamp.approver);
            }
            match fact {
                Fact::SaleCompleted(sale) => {
                    named.sales.push(sale.sale_id);
                    named.products.extend(sale.lines.iter().map(|line| line.product_id));
                    named.sessions.extend(event.stamp.session);
                    named.cards.extend(sale.settlement.payments.iter().filter_map(|payment| match payment {
                        Payment::Card { payment_id, .. } => Some(*payment_id),
                        Payment::Cash { .. } => None,
                    }));
                }
                Fact::RegisterClosed(closed) => named.sessions.extend([closed.session_id]),
                Fact::CashMoved(moved) => named.sessions.extend([moved.session_id]),
                Fact::CardRequested(requested) => named.cards.extend([requested.payment_id]),
                Fact::CardReported(reported) => {
                    named.cards.extend([reported.payment_id]);
                    named.reported.push(reported.payment_id);
                }
                Fact::CardReturned(returned) => named.cards.extend([returned.payment_id]),
                Fact::TicketRedeemed(redeemed) => {
                    named.redemptions.push(redeemed.redemption_id);
                    named.tickets.extend([redeemed.ticket_id]);
                }
                Fact::RedemptionUndone(undone) => named.tickets.extend([undone.ticket_id]),
                Fact::TicketVoided(voided) => named.tickets.extend([voided.ticket_id]),
                Fact::ProductEdited(edit) => named.products.extend([edit.product_id]),
                Fact::StockCounted(counted) => named.products.extend([counted.product_id]),
                Fact::StockMoved(moved) => named.products.extend([moved.product_id]),
                Fact::ChainStarted(_)
                | Fact::OperatorLoggedIn(_)
                | Fact::OperatorLoggedOut(_)
                | Fact::OperatorRefused(_)
                | Fact::RegisterOpened(_)
                | Fact::SaleAbandoned(_)
                | Fact::ReceiptReprinted(_)
                | Fact::CardBatchClosed(_)
                | Fact::TicketShownAgain(_)
                | Fact::DrawerOpened(_)
                | Fact::BadgePrinted(_) => {}
            }
        }
        named
    }
}

impl<'a> World<'a> {
    /// Looks up what these events name.
    pub(super) async fn load(tx: &mut TenantTx, events: &'a [Prepared]) -> Result<Self, StoreError> {
        let mut named = Named::by(events);
        let cards = tx.known_cards(named.cards).await?;
        // A late approval is odd once its sale is finished without it.
        named.sales.extend(named.reported.iter().filter_map(|id| cards.get(id)).map(|card| card.payment.sale_id));
        Ok(Self {
            sales: tx.known_sales(named.sales).await?,
            products: tx.known_products(named.products).await?,
            sessions: tx.known_sessions(named.sessions).await?,
            cards,
            redemptions: tx.known_redemptions(named.redemptions).await?,
            tickets: tx.past_of(named.tickets).await?,
            staff: tx.known_staff(named.staff).await?,
            ..Self::default()
        })
    }

    /// Notes that something was told of a ticket, and what it promises, if that can be believed.
    pub(super) fn tell_of(&mut self, ticket_id: TicketId, believed: Option<Ticket>) {
        let sold = self.told_of.entry(ticket_id).or_default();
        *sold = sold.take().or(believed.map(|ticket| ticket.lines));
    }

    /// Notes that a payment stands otherwise now.
    pub(super) fn move_card(&mut self, card: CardRow) {
        let id = card.payment.payment_id;
        if !self.new_cards.iter().any(|new| new.payment_id == id) {
            self.moved_cards.insert(id);
        }
        self.cards.insert(id, card);
    }

    /// Notes what an event took from stock or put in. What a repeated sale says moved, moved.
    pub(super) fn add_moves(&mut self, event: &Event, fact: &Fact) {
        for moved in moves_of(fact) {
            let sum = self.moves.entry(moved.product_id).or_insert(StockMove::taken(moved.product_id, 0));
            sum.received_milli = sum.received_milli.saturating_add(moved.received_milli);
            sum.taken_milli = sum.taken_milli.saturating_add(moved.taken_milli);
            self.run = Some(Actor::of(event));
        }
    }

    /// Writes the movements that wait, and tells the venue's tills.
    pub(super) async fn write_moves(&mut self, tx: &mut TenantTx, source: &Source<'_>) -> Result<(), StoreError> {
        let Some(run) = self.run.take() else { return Ok(()) };
        let records = tx.add_stock_moves(source.venue_id, run, &std::mem::take(&mut self.moves)).await?;
        publish_stock(tx, source, &records).await
    }

    /// Writes the sales that wait.
    pub(super) async fn write_sales(&mut self, tx: &mut TenantTx, source: &Source<'_>) -> Result<(), StoreError> {
        let place = (source.device.device_id, source.venue_id);
        tx.insert_sales(&self.new_sales, place, (source.chain, source.branch)).await?;
        self.new_sales.clear();
        Ok(())
    }

    /// Writes everything that waits.
    pub(super) async fn write(mut self, tx: &mut TenantTx, source: &Source<'_>) -> Result<(), StoreError> {
        self.write_sales(tx, source).await?;
        self.write_moves(tx, source).await?;
        let new: Vec<_> =
            self.new_cards.iter().filter_map(|new| Some((*new, self.cards.get(&new.payment_id)?))).collect();
        tx.insert_card_payments(&new, source.device.device_id).await?;
        for card in self.moved_cards.iter().filter_map(|id| self.cards.get(id)) {
            tx.update_card_payment(card).await?;
        }
        tx.insert_redemptions(&self.new_redemptions, (source.device.device_id, source.venue_id)).await?;
        self.write_incidents(tx).await
    }

    /// Writes what went wrong with the tickets of which something was told. Nearly always that is nothing, and then nothing
    /// is asked of the database.
    async fn write_incidents(&mut self, tx: &mut TenantTx) -> Result<(), StoreError> {
        for (ticket_id, sold) in std::mem::take(&mut self.told_of) {
            let Some(past) = self.tickets.get(&ticket_id) else { continue };
            // What was taken back cannot be read off its event; but then something went wrong before, or nothing did.
            let Some(sold) = sold.as_ref().or(past.suspect.as_ref()) else { continue };
            let found = incidents(sold, &past.hand_overs(), past.voided_at);
            if past.suspect.is_some() || !found.is_empty() {
                tx.put_incidents(ticket_id, sold, &found).await?;
            }
        }
        Ok(())
    }
}

/// Tells the venue's tills how much there is of something.
pub(super) async fn publish_stock(
    tx: &mut TenantTx,
    source: &Source<'_>,
    records: &[StockRecord],
) -> Result<(), StoreError> {
    for record in records {
        let key = format!("{}{}", keys::STOCK, record.product_id);
        tx.publish(StreamName::Venue(source.venue_id), key, record, None).await?;
    }
    Ok(())
}
