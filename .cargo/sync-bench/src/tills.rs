//! Tills that sell: real facts, sealed and signed as a till does, with its randomness where a till has it.

use shared::catalog::Product;
use shared::event::{
    ChainHead, ChainStarted, Fact, IssuedTicket, OperatorLoggedIn, Origin, RegisterOpened, SaleRecorded, SealedEvent,
    Seen, Stamp, sign_head,
};
use shared::ids::{ChainId, Entropy, LogId, RegisterId, SaleId, SessionId, StaffId};
use shared::keys::SigningKey;
use shared::money::Currency;
use shared::register::CashCount;
use shared::sale::{Quantity, SaleLine, Totals};
use shared::sync::protocol::{EnrollReply, PushBatch};
use shared::tender::{Payment, Settlement};
use shared::ticket::{DisplayCode, Ticket, TicketId, TicketKind, TicketLine};
use shared::time::{BusinessDate, Hlc, Timestamp};
use sync_server::Outside;

/// What a sale gives out.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A receipt.
    Plain,
    /// A ticket for the bar, which carries a signature of its own.
    Ticket,
    /// No sale: somebody signs in. Some 536 bytes, and nothing to be added up.
    SignIn,
}

/// A till.
pub(crate) struct BenchTill {
    pub(crate) key: SigningKey,
    pub(crate) origin: Origin,
    device_no: u16,
    register: RegisterId,
    pub(crate) log: LogId,
    products: Vec<Product>,
    pub(crate) outside: Outside,
    head: ChainHead,
    session: SessionId,
    staff: StaffId,
    hlc: Hlc,
    serial: u32,
}

/// A product for cash, change given: the everyday sale.
pub(crate) fn cash_sale(
    product: &Product,
    pieces: u8,
    receipt_no: u32,
    (at, entropy): (Timestamp, &dyn Entropy),
) -> SaleRecorded {
    let lines = vec![SaleLine::of(1, product, Quantity::from_whole(pieces.into())).expect("it fits")];
    let totals = Totals::of(&lines).expect("it fits");
    let amount_minor = totals.total_minor;
    let tendered_minor = (amount_minor + 9_999) / 10_000 * 10_000;
    let change_minor = tendered_minor - amount_minor;
    let payment = Payment::Cash { amount_minor, tendered_minor, change_minor, rounding_minor: 0 };
    SaleRecorded {
        sale_id: SaleId::new(at, entropy),
        receipt_no: u64::from(receipt_no),
        business_date: night(),
        completed_at: at,
        currency: Currency::Clp,
        lines,
        totals,
        settlement: Settlement { payments: vec![payment], change_minor, rounding_minor: 0 },
        tickets: Vec::new(),
    }
}

pub(crate) fn night() -> BusinessDate {
    BusinessDate::from_ymd(2026, 11, 21).expect("a day that exists")
}

impl BenchTill {
    pub(crate) fn new(
        key: SigningKey,
        reply: &EnrollReply,
        register: RegisterId,
        products: Vec<Product>,
        outside: Outside,
    ) -> Self {
        let origin = Origin { tenant: reply.tenant_id, venue: reply.venue.venue_id, device: reply.device_id };
        let (now, entropy) = (outside.now(), &*outside.entropy);
        let head = ChainHead::start(ChainId::new(now, entropy), None);
        let (session, staff) = (SessionId::new(now, entropy), StaffId::new(now, entropy));
        let (device_no, log, hlc) = (reply.device_no, reply.log_id, Hlc::default());
        Self { key, origin, device_no, register, log, products, outside, head, session, staff, hlc, serial: 0 }
    }

    fn write(&mut self, fact: &Fact, at: Timestamp) -> SealedEvent {
        self.hlc = self.hlc.tick(at);
        let (actor, session) = (Some(self.staff), Some(self.session));
        let up_ms = u64::try_from(at.as_millis()).unwrap_or(0) % 100_000_000;
        let stamp = Stamp { hlc: self.hlc, up_ms, actor, approver: None, session, seen: Seen(812, 0) };
        let event = self.head.seal(&self.origin, &stamp, fact);
        self.head = event.head();
        event
    }

    /// The chain begins, the drawer opens.
    pub(crate) fn opening(&mut self) -> Vec<SealedEvent> {
        let at = self.outside.now();
        let started = Fact::ChainStarted(ChainStarted { app_version: "0.1.0".to_owned(), ..ChainStarted::default() });
        let opened = Fact::RegisterOpened(RegisterOpened {
            session_id: self.session,
            register_id: self.register,
            business_date: night(),
            opened_by: self.staff,
            opened_at: at,
            currency: Currency::Clp,
            float: CashCount::default(),
        });
        vec![self.write(&started, at), self.write(&opened, at)]
    }

    /// So many sales, of some seconds each.
    pub(crate) fn sales(&mut self, count: usize, shape: Shape) -> Vec<SealedEvent> {
        let mut at = self.outside.now();
        (0..count)
            .map(|_| {
                let [seconds, pick, pieces] = self.outside.random::<3>();
                at = at.plus_millis(4_000 + i64::from(seconds) * 97);
                let product = self.products[usize::from(pick) % self.products.len()].clone();
                self.sale(&product, 1 + pieces % 3, shape, at)
            })
            .collect()
    }

    fn sale(&mut self, product: &Product, pieces: u8, shape: Shape, at: Timestamp) -> SealedEvent {
        if let Shape::SignIn = shape {
            return self.write(&Fact::OperatorLoggedIn(OperatorLoggedIn { staff_id: self.staff }), at);
        }
        self.serial += 1;
        let ticket_id = TicketId::new(self.device_no, self.head.chain, self.serial);
        let tickets = match shape {
            Shape::Plain | Shape::SignIn => Vec::new(),
            Shape::Ticket => {
                let lines = vec![TicketLine { product_number: product.number, quantity: pieces }];
                let kind = TicketKind::Delivery;
                let ticket = Ticket { kind, ticket_id, business_date: night(), valid_days: 1, lines };
                let display_code = DisplayCode::new("BMB", ticket_id).to_string();
                let code = ticket.sign(self.origin.tenant, &self.key).expect("a ticket");
                vec![IssuedTicket { ticket_id, display_code, code }]
            }
        };
        let sale = cash_sale(product, pieces, self.serial, (at, &*self.outside.entropy));
        self.write(&Fact::SaleCompleted(SaleRecorded { tickets, ..sale }), at)
    }

    /// The code of one more ticket, of one piece.
    pub(crate) fn ticket(&mut self) -> String {
        self.serial += 1;
        let ticket_id = TicketId::new(self.device_no, self.head.chain, self.serial);
        let lines = vec![TicketLine { product_number: 1, quantity: 1 }];
        let ticket = Ticket { kind: TicketKind::Delivery, ticket_id, business_date: night(), valid_days: 1, lines };
        ticket.sign(self.origin.tenant, &self.key).expect("a ticket")
    }

    /// Events as they travel.
    pub(crate) fn batch(&self, events: &[SealedEvent]) -> PushBatch {
        let (first, last) = (events.first().expect("events"), events.last().expect("events"));
        PushBatch {
            chain: first.chain,
            first_seq: first.seq,
            prev_hash: first.prev,
            events: events.iter().map(|event| event.rest().to_owned()).collect(),
            head_signature: sign_head(&last.head(), &self.key),
        }
    }
}
