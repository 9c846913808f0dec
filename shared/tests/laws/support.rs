//! One of every fact, with fixed ids, for laws and golden lines.

use shared::catalog::Product;
use shared::event::{
    BadgePrinted, CardBatchClosed, CardReported, CardRequested, CardReturned, CashMoved, ChainHead, ChainStarted,
    DrawerOpened, Edited, Fact, Hash, IssuedTicket, OperatorLoggedIn, OperatorLoggedOut, OperatorRefused, Origin,
    ParentChain, ProductEdited, ReceiptReprinted, RedemptionUndone, RegisterClosed, RegisterOpened, SaleAbandoned,
    SaleRecorded, SealedEvent, Seen, Stamp, StockCounted, StockMoved, StockReason, TicketRedeemed, TicketShownAgain,
    TicketVoided, Unheard, WitnessState,
};
use shared::ids::{
    CategoryId, ChainId, DeviceId, PaymentId, ProductId, RedemptionId, RegisterId, SaleId, SessionId, StaffId,
    TenantId, VenueId,
};
use shared::keys::SigningKey;
use shared::merge::{Actor, Dot, Marks, Part, TagRemoval};
use shared::money::{CashRounding, Currency};
use shared::register::{CashCount, CashMovementKind, Counted, RegisterSession, SessionTotals};
use shared::sale::{Quantity, Sale};
use shared::tax::RateBp;
use shared::tender::{
    ApprovedCard, BatchComparison, CardApproval, CardPayment, CardProgress, CardState, NotStartedReason, Payment,
    ReturnWay, Tender, TerminalBatch, TerminalReport, TerminalRow, TerminalTotals,
};
use shared::ticket::{DisplayCode, RedeemedLine, Ticket, TicketId, TicketKind, TicketLine};
use shared::time::{BusinessDate, Hlc, Timestamp};
use uuid::Uuid;

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn chain_id() -> ChainId {
    ChainId::from_uuid(id(4))
}

pub(crate) fn tenant() -> TenantId {
    TenantId::from_uuid(id(1))
}

pub(crate) fn origin() -> Origin {
    Origin { tenant: tenant(), venue: VenueId::from_uuid(id(2)), device: DeviceId::from_uuid(id(3)) }
}

pub(crate) fn night() -> BusinessDate {
    BusinessDate::from_ymd(2026, 11, 21).expect("a day that exists")
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_795_305_600_000 + second * 1000)
}

pub(crate) fn stamp(number: u64) -> Stamp {
    Stamp {
        hlc: Hlc::default().tick(at(i64::try_from(number).expect("few events"))),
        up_ms: 1_000 * number,
        actor: Some(StaffId::from_uuid(id(10))),
        approver: None,
        session: Some(SessionId::from_uuid(id(11))),
        seen: Seen(42, 7),
    }
}

pub(crate) fn approval() -> CardApproval {
    CardApproval {
        authorisation_code: "252985".into(),
        operation_no: "000123".into(),
        last4: "0461".into(),
        brand: "VI".into(),
        card_type: "CR".into(),
    }
}

/// A ticket of so many lines, and its code.
pub(crate) fn ticket(lines: u16) -> (Ticket, String) {
    let ticket = Ticket {
        kind: TicketKind::Delivery,
        ticket_id: TicketId::new(1, chain_id(), 11_725),
        business_date: night(),
        valid_days: 1,
        lines: (1..=lines).map(|n| TicketLine { product_number: n, quantity: 2 }).collect(),
    };
    let code = ticket.sign(tenant(), &SigningKey::from_bytes(&[7; 32])).expect("a small ticket");
    (ticket, code)
}

pub(crate) fn sale() -> SaleRecorded {
    let piscola = Product {
        product_id: ProductId::from_uuid(id(20)),
        number: 1,
        sku: "PISCOLA".into(),
        name: "Piscola «Ñuñoa»".into(),
        category_id: CategoryId::from_uuid(id(21)),
        price_minor: 4_503,
        tax_rate_bp: RateBp(1900),
        barcodes: Vec::new(),
        is_ticketed: true,
        position: 1,
        is_active: true,
        tags: Vec::new(),
        marks: Marks::default(),
    };
    let mut open = Sale::open(SaleId::from_uuid(id(22)), Currency::Clp);
    open.add(&piscola, Quantity::from_whole(2)).expect("a small sale");
    let card = ApprovedCard {
        payment_id: PaymentId::from_uuid(id(23)),
        amount_minor: 4_000,
        approval: approval(),
        is_manual: false,
    };
    let tenders = [Tender::Card { payment_id: card.payment_id }, Tender::Cash { tendered_minor: 10_000 }];
    let rounding = CashRounding::statutory(Currency::Clp, night());
    let done = open.complete(&tenders, &[card], rounding).expect("enough is offered");
    let (ticket, code) = ticket(1);
    SaleRecorded {
        sale_id: done.sale_id,
        receipt_no: 1001,
        business_date: night(),
        completed_at: at(30),
        currency: done.currency,
        lines: done.lines,
        totals: done.totals,
        settlement: done.settlement,
        tickets: vec![IssuedTicket {
            ticket_id: ticket.ticket_id,
            display_code: DisplayCode::new("BMB", ticket.ticket_id).to_string(),
            code,
        }],
    }
}

/// Facts sealed one after another from the start of the chain.
pub(crate) fn chain_of(facts: &[Fact]) -> Vec<SealedEvent> {
    let mut head = ChainHead::start(chain_id(), None);
    (0..)
        .zip(facts)
        .map(|(number, fact)| {
            let event = head.seal(&origin(), &stamp(number), fact);
            head = event.head();
            event
        })
        .collect()
}

/// One of every kind of fact there is.
pub(crate) fn facts() -> Vec<Fact> {
    let mut facts = first_facts();
    facts.extend(later_card_facts());
    facts.extend(later_ticket_facts());
    facts.extend(cash_facts());
    let last_valid = BusinessDate::from_days(night().days() + 179);
    facts.push(Fact::BadgePrinted(BadgePrinted { staff_id: StaffId::from_uuid(id(10)), last_valid }));
    facts
}

fn first_facts() -> Vec<Fact> {
    let (staff, session) = (StaffId::from_uuid(id(10)), SessionId::from_uuid(id(11)));
    let (register_id, payment_id) = (RegisterId::from_uuid(id(12)), PaymentId::from_uuid(id(23)));
    let float = CashCount(vec![Counted { denomination_minor: 10_000, count: 5 }]);
    let sale = sale();
    let opened = RegisterSession::open(session, register_id, night(), (staff, at(0)), (float.clone(), Currency::Clp))
        .expect("real notes");
    let totals = SessionTotals::default().plus(&sale.completed());
    let (_, z) = opened.close(&float, totals, 7, at(60)).expect("an open session");
    let report = |report| Fact::CardReported(CardReported::by_terminal(payment_id, report));
    vec![
        Fact::ChainStarted(ChainStarted {
            app_version: "0.1.0".into(),
            parent: Some(ParentChain { chain: ChainId::from_uuid(id(5)), seq: 9, hash: Hash::of_event("parent") }),
            ..ChainStarted::default()
        }),
        Fact::OperatorRefused(OperatorRefused { staff_id: staff, wrong: 5, locked_until: Some(at(900)) }),
        Fact::OperatorLoggedIn(OperatorLoggedIn { staff_id: staff }),
        Fact::RegisterOpened(RegisterOpened {
            session_id: session,
            register_id,
            business_date: night(),
            opened_by: staff,
            opened_at: at(0),
            currency: Currency::Clp,
            float: float.clone(),
        }),
        Fact::CardRequested(CardRequested {
            payment_id,
            sale_id: sale.sale_id,
            terminal: "transbank".into(),
            amount_minor: 4_000,
            ticket_no: "00000A".into(),
            requested_at: at(10),
        }),
        report(TerminalReport::Progress { progress: CardProgress::Sent }),
        report(TerminalReport::NoAnswer),
        report(TerminalReport::Approved { approval: approval() }),
        report(TerminalReport::Declined { code: "01".into() }),
        report(TerminalReport::NotStarted { reason: NotStartedReason::Unreachable }),
        Fact::SaleCompleted(sale.clone()),
        Fact::SaleAbandoned(SaleAbandoned {
            sale_id: SaleId::from_uuid(id(24)),
            lines: vec![(ProductId::from_uuid(id(20)), 2_000)],
        }),
        Fact::TicketRedeemed(TicketRedeemed {
            redemption_id: RedemptionId::from_uuid(id(30)),
            ticket_id: ticket(1).0.ticket_id,
            business_date: night(),
            redeemed_at: at(40),
            lines: vec![RedeemedLine { line_no: 1, quantity: 1 }],
            code: ticket(1).1,
            unheard: None,
        }),
        Fact::ReceiptReprinted(ReceiptReprinted { sale_id: sale.sale_id, copy_no: 1 }),
        Fact::DrawerOpened(DrawerOpened { reason: "cambio".into() }),
        Fact::RegisterClosed(RegisterClosed { session_id: session, closed_at: at(60), counted: float, z }),
        Fact::OperatorLoggedOut(OperatorLoggedOut { staff_id: staff }),
        Fact::ChainStarted(ChainStarted {
            app_version: "0.1.0".into(),
            parent: None,
            certificate: Some(Hash::of_certificate("certificate")),
            sqlite_version: Some("3.51.3".into()),
            witness: Some(WitnessState::Ahead {
                chain: ChainId::from_uuid(id(5)),
                seq: 12,
                hash: Hash::of_event("witness"),
            }),
        }),
        Fact::ProductEdited(ProductEdited {
            product_id: ProductId::from_uuid(id(20)),
            name: Some(Edited { to: "Piscola".into(), seen: 0 }),
            price_minor: Some(Edited { to: 4_800, seen: 3 }),
            is_active: Some(Edited { to: false, seen: 0 }),
            add_tags: vec!["happy hour".into()],
            remove_tags: vec![TagRemoval { tag: "nuevo".into(), seen: vec![Dot { by: actor(), dot: 4_353 }] }],
        }),
        Fact::StockMoved(StockMoved {
            product_id: ProductId::from_uuid(id(20)),
            reason: StockReason::Received,
            quantity_milli: 24_000,
        }),
        Fact::StockCounted(StockCounted {
            product_id: ProductId::from_uuid(id(20)),
            counted_milli: 22_000,
            seen_round: 0,
            seen: vec![Part { by: actor(), received_milli: 24_000, taken_milli: 2_000 }],
        }),
    ]
}

/// What came with cash movements: each way, and a session closed on them.
fn cash_facts() -> Vec<Fact> {
    let session_id = SessionId::from_uuid(id(11));
    let moves = [(CashMovementKind::In, 20_000), (CashMovementKind::Out, 3_500), (CashMovementKind::Drop, 60_000)];
    let tell = |(movement, amount_minor)| {
        let reason = "Sobre 0412".to_owned();
        Fact::CashMoved(CashMoved {
            session_id,
            business_date: night(),
            movement,
            amount_minor,
            reason,
            moved_at: at(50),
        })
    };
    let totals = moves.into_iter().fold(SessionTotals::default(), |sum, (kind, amount)| sum.moved(kind, amount));
    let by = (StaffId::from_uuid(id(10)), at(0));
    let opened = RegisterSession::open(
        session_id,
        RegisterId::from_uuid(id(12)),
        night(),
        by,
        (CashCount(vec![Counted { denomination_minor: 10_000, count: 5 }]), Currency::Clp),
    );
    let counted = CashCount(vec![Counted { denomination_minor: 500, count: 13 }]);
    let (_, z) = opened.expect("real notes").close(&counted, totals, 8, at(70)).expect("an open session");
    let closed = Fact::RegisterClosed(RegisterClosed { session_id, closed_at: at(70), counted, z });
    moves.into_iter().map(tell).chain([closed]).collect()
}

/// What came with voids, manual settlements and closed batches.
fn later_card_facts() -> Vec<Fact> {
    let (payment_id, sale) = (PaymentId::from_uuid(id(23)), sale());
    let report = |report| Fact::CardReported(CardReported::by_terminal(payment_id, report));
    vec![
        report(TerminalReport::Asked { baseline: Some("000122".into()) }),
        report(TerminalReport::Asked { baseline: None }),
        report(TerminalReport::Promised { approval: approval() }),
        report(TerminalReport::VoidAsked { baseline: None }),
        report(TerminalReport::VoidRefused { code: "08".into() }),
        report(TerminalReport::Voided),
        Fact::CardReported(CardReported {
            payment_id,
            report: TerminalReport::Declined { code: "manual".into() },
            is_manual: true,
            note: Some("El voucher dice rechazado".into()),
            proves_already: None,
        }),
        Fact::CardReported(CardReported {
            payment_id,
            report: TerminalReport::Approved { approval: approval() },
            is_manual: false,
            note: None,
            proves_already: Some(PaymentId::from_uuid(id(25))),
        }),
        Fact::CardReturned(CardReturned {
            payment_id,
            amount_minor: 4_000,
            way: ReturnWay::Cash,
            note: "Débito, no se puede anular".into(),
        }),
        Fact::CardBatchClosed(batch_closed()),
        Fact::SaleCompleted(SaleRecorded { sale_id: SaleId::from_uuid(id(26)), ..by_hand(sale) }),
    ]
}

/// What came with hand-overs taken back and tickets withdrawn.
fn later_ticket_facts() -> Vec<Fact> {
    let (ticket, code) = ticket(1);
    let (redemption_id, ticket_id) = (RedemptionId::from_uuid(id(31)), ticket.ticket_id);
    vec![
        Fact::TicketRedeemed(TicketRedeemed {
            redemption_id,
            ticket_id,
            business_date: night(),
            redeemed_at: at(41),
            lines: vec![RedeemedLine { line_no: 1, quantity: 1 }],
            code: code.clone(),
            unheard: Some(Unheard { since: Some(at(5)), devices: vec![DeviceId::from_uuid(id(6))] }),
        }),
        Fact::RedemptionUndone(RedemptionUndone { redemption_id, ticket_id, undone_at: at(45), is_own: true }),
        Fact::TicketVoided(TicketVoided {
            ticket_id,
            voided_at: at(50),
            reason: "Devuelto en caja".into(),
            code: code.clone(),
        }),
        Fact::TicketShownAgain(TicketShownAgain { ticket_id, times: 3, shown_at: at(55), code }),
    ]
}

/// A batch of one payment that both sides know.
fn batch_closed() -> CardBatchClosed {
    let new = CardPayment::new(PaymentId::from_uuid(id(23)), SaleId::from_uuid(id(22)), 4_000, "00000A".into(), at(10));
    let payment = CardPayment { state: CardState::Approved { approval: approval() }, ..new };
    let row = TerminalRow {
        ticket_no: Some("00000A".into()),
        operation_no: approval().operation_no,
        authorisation_code: approval().authorisation_code,
        amount_minor: 4_000,
        last4: approval().last4,
        card_type: approval().card_type,
        brand: approval().brand,
        at: "21112026 233000".into(),
    };
    let batch = TerminalBatch { totals: Some(TerminalTotals { count: 1, total_minor: 4_000 }), rows: Some(vec![row]) };
    let comparison = BatchComparison::of(&[payment], &batch);
    CardBatchClosed { terminal: "transbank".into(), closed_at: at(70), comparison }
}

/// The same sale, with a card payment that a person entered.
fn by_hand(mut sale: SaleRecorded) -> SaleRecorded {
    for payment in &mut sale.settlement.payments {
        if let Payment::Card { is_manual, .. } = payment {
            *is_manual = true;
        }
    }
    sale
}

fn actor() -> Actor {
    Actor { device: origin().device, chain: chain_id() }
}
