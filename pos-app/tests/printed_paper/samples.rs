//! One night's papers at Club Valdivia.

use data_encoding::BASE32_NOPAD;
use pos_app::printer::{
    BadgeSlip, CashSlip, Document, Heading, Language, OpeningSlip, PaperLine, Receipt, TerminalSlip, TestPage,
    TicketSlip, WallTime, XSlip, ZSlip,
};
use shared::ids::{PaymentId, SessionId};
use shared::money::Currency;
use shared::register::{CashCount, CashMovementKind, Counted, SessionTotals, XReport, ZReport};
use shared::sale::{Quantity, Totals};
use shared::staff::Role;
use shared::tax::{RateBp, by_document};
use shared::tender::{CardApproval, Payment, Settlement};
use shared::ticket::TicketKind;
use shared::time::{BusinessDate, Timestamp};
use shared::venue::PaperTemplate;
use uuid::Uuid;

pub(crate) fn night() -> BusinessDate {
    BusinessDate::from_ymd(2026, 11, 21).expect("a day that exists")
}

pub(crate) fn heading() -> Heading {
    Heading {
        language: Language::EsCl,
        venue: "Club Valdivia SpA".into(),
        tax_id: "76.543.210-3".into(),
        address: "Av. Pedro Montt 1240, Valdivia".into(),
        register: "Barra principal".into(),
        operator: "Camila R.".into(),
        at: WallTime { date: night(), minutes: 23 * 60 + 53 },
        business_date: night(),
        template: PaperTemplate {
            header: vec!["Discoteca y bar".into(), "www.clubvaldivia.cl".into()],
            footer: vec!["¡Gracias! Los vales se retiran hasta las 06:00 en cualquiera de las barras.".into()],
        },
    }
}

pub(crate) fn line(pieces: i32, name: &str, total_minor: i64) -> PaperLine {
    PaperLine { quantity_milli: Quantity::from_whole(pieces), name: name.into(), total_minor }
}

pub(crate) fn lines() -> Vec<PaperLine> {
    vec![
        line(2, "Piscola Alto del Carmen 35°", 11_980),
        line(1, "Mojito", 6_490),
        line(1, "Agua mineral sin gas Cachantún 500 ml bien fría", 1_990),
        line(12, "Kunstmann Torobayo", 53_880),
        PaperLine { quantity_milli: Quantity::from_milli(750), name: "Jarra de sangría".into(), total_minor: 8_993 },
    ]
}

fn totals(lines: &[PaperLine]) -> Totals {
    let taxes = by_document(lines.iter().map(|line| (RateBp(1900), line.total_minor)));
    let total_minor = lines.iter().map(|line| line.total_minor).sum();
    let tax_minor = taxes.iter().map(|line| line.tax_minor).sum();
    Totals { total_minor, tax_minor, net_minor: total_minor - tax_minor, taxes }
}

pub(crate) fn cash_receipt() -> Document {
    let lines = lines();
    let totals = totals(&lines);
    let kept = totals.total_minor - 3;
    let cash =
        Payment::Cash { amount_minor: kept, tendered_minor: 90_000, change_minor: 90_000 - kept, rounding_minor: -3 };
    let settlement = Settlement { payments: vec![cash], change_minor: 90_000 - kept, rounding_minor: -3 };
    let currency = Currency::Clp;
    let code = Some("RBMB088214".to_owned());
    let heading = heading();
    Document::Receipt(Receipt { heading, receipt_no: 88_214, currency, lines, totals, settlement, code, stamp: None })
}

/// As long as what tax offices have stamped.
pub(crate) fn stamp() -> String {
    let item = "<IT1>Piscola Alto del Carmen</IT1><TSTED>2026-11-21T23:53:00</TSTED>";
    format!("<TED version=\"1.0\"><DD><RE>76543210-3</RE><TD>39</TD>{}</DD></TED>", item.repeat(7))
}

/// With something where a stamp goes.
pub(crate) fn stamped_receipt() -> Document {
    let Document::Receipt(receipt) = cash_receipt() else { unreachable!("a receipt") };
    Document::Receipt(Receipt { stamp: Some(stamp()), ..receipt })
}

pub(crate) fn card_receipt() -> Document {
    let lines = lines()[..2].to_vec();
    let totals = totals(&lines);
    let approval = CardApproval {
        authorisation_code: "093412".into(),
        operation_no: "000412".into(),
        last4: "4417".into(),
        brand: "VI".into(),
        card_type: "DB".into(),
    };
    let payment_id = PaymentId::from_uuid(Uuid::nil());
    let card = Payment::Card { payment_id, amount_minor: totals.total_minor, approval, is_manual: false };
    let settlement = Settlement { payments: vec![card], change_minor: 0, rounding_minor: 0 };
    let currency = Currency::Clp;
    let code = Some("RBMB000412".to_owned());
    // At a venue that says nothing besides.
    let heading = Heading { template: PaperTemplate::default(), ..heading() };
    Document::Receipt(Receipt { heading, receipt_no: 412, currency, lines, totals, settlement, code, stamp: None })
}

/// The text of a ticket of six lines: 31 bytes of payload and 64 of signature.
pub(crate) fn ticket_code() -> String {
    let bytes: Vec<u8> = (0..95_u8).map(|n| n.wrapping_mul(151).wrapping_add(7)).collect();
    format!("T1{}", BASE32_NOPAD.encode(&bytes))
}

pub(crate) fn ticket() -> TicketSlip {
    TicketSlip {
        heading: heading(),
        kind: TicketKind::Delivery,
        display_code: "BMB 11725-K".into(),
        code: ticket_code(),
        lines: vec![
            line(2, "Piscola Alto del Carmen 35°", 0),
            line(1, "Mojito", 0),
            line(1, "Kunstmann Torobayo", 0),
            line(1, "Agua mineral", 0),
            line(1, "Terremoto ñuñoíno", 0),
            line(3, "Shot de tequila", 0),
        ],
        valid_until: WallTime::end_of(night(), 360),
    }
}

fn drawer() -> CashCount {
    let counted = |denomination_minor, count| Counted { denomination_minor, count };
    CashCount(vec![counted(20_000, 1), counted(10_000, 2), counted(1_000, 15), counted(500, 8), counted(10, 100)])
}

pub(crate) fn opening_slip() -> Document {
    let heading = Heading { at: WallTime { date: night(), minutes: 20 * 60 + 2 }, ..heading() };
    Document::OpeningSlip(OpeningSlip { heading, currency: Currency::Clp, float: drawer() })
}

pub(crate) fn cash_slip(movement: CashMovementKind, allowed_by: Option<&str>) -> Document {
    let (amount_minor, reason) = match movement {
        CashMovementKind::In => (50_000, "Sencillo del banco"),
        CashMovementKind::Out => (8_500, "Hielo, Don Luis"),
        CashMovementKind::Drop => (600_000, "Sobre 0412"),
    };
    let (reason, allowed_by) = (reason.to_owned(), allowed_by.map(str::to_owned));
    Document::CashSlip(CashSlip {
        heading: heading(),
        currency: Currency::Clp,
        movement,
        amount_minor,
        reason,
        allowed_by,
    })
}

pub(crate) fn z_report() -> Document {
    z_report_of(SessionTotals::default())
}

/// Read by one who counts blind, and by one who may see the cash.
pub(crate) fn x_report(sees_cash: bool) -> Document {
    let Document::ZReport(slip) = z_report_by_hand() else { unreachable!("a Z report") };
    let (totals, read_at) = (slip.z.totals, Timestamp::from_millis(1_795_315_980_000));
    let session_id = slip.z.session_id;
    let x = XReport {
        session_id,
        business_date: night(),
        read_at,
        sales: totals.sales,
        card_minor: totals.card_minor,
        manual_card_minor: totals.manual_card_minor,
        totals: sees_cash.then_some(totals),
        expected_cash_minor: sees_cash.then_some(slip.z.expected_cash_minor),
    };
    Document::XReport(XSlip { heading: heading(), currency: slip.currency, opened_at: slip.opened_at, x })
}

/// With cards that people entered, and cash given back beside the sales.
pub(crate) fn z_report_by_hand() -> Document {
    let by_hand = SessionTotals { manual_cards: 3, manual_card_minor: 41_500, ..SessionTotals::default() };
    let moved = SessionTotals { returned_minor: 3_500, paid_in_minor: 50_000, paid_out_minor: 8_500, ..by_hand };
    z_report_of(SessionTotals { dropped_minor: 600_000, ..moved })
}

fn z_report_of(by_hand: SessionTotals) -> Document {
    let morning = BusinessDate::from_days(night().days() + 1);
    let totals = SessionTotals {
        sales: 412,
        total_minor: 4_812_350,
        tax_minor: 768_358,
        cash_minor: 1_204_480,
        card_minor: 3_607_785,
        rounding_minor: -85,
        ..by_hand
    };
    let (float_minor, counted_cash_minor) = (60_000, 1_264_030);
    let expected_cash_minor = float_minor + totals.cash_through_minor();
    let z = ZReport {
        z_number: 37,
        session_id: SessionId::from_uuid(Uuid::nil()),
        business_date: night(),
        totals,
        float_minor,
        expected_cash_minor,
        counted_cash_minor,
        variance_minor: counted_cash_minor - expected_cash_minor,
    };
    let counted = |denomination_minor, count| Counted { denomination_minor, count };
    Document::ZReport(ZSlip {
        heading: Heading { at: WallTime { date: morning, minutes: 5 * 60 + 58 }, ..heading() },
        currency: Currency::Clp,
        opened_at: WallTime { date: night(), minutes: 20 * 60 + 2 },
        counted: CashCount(vec![counted(20_000, 61), counted(10_000, 4), counted(1_000, 4), counted(10, 3)]),
        z,
    })
}

fn terminal_slip() -> Document {
    let lines = [
        "     K U N D E N B E L E G",
        "Terminal-ID:    75001637",
        "Beleg-Nr.            0412",
        "VISA     411111******1111",
        "Betrag EUR          19,90",
        "",
        "       Zahlung erfolgt",
        "Vielen Dank für Ihren Besuch und auf Wiedersehen im Club Valdivia",
    ];
    Document::TerminalSlip(TerminalSlip { language: Language::EsCl, lines: lines.map(str::to_owned).to_vec() })
}

pub(crate) fn badge() -> BadgeSlip {
    let bytes: Vec<u8> = (0..88_u8).map(|n| n.wrapping_mul(151).wrapping_add(7)).collect();
    BadgeSlip {
        heading: Heading { operator: "Marcela P.".into(), ..heading() },
        name: "Camila Rodríguez Ñanco".into(),
        roles: vec![Role::Cashier, Role::Supervisor],
        code: format!("T1{}", BASE32_NOPAD.encode(&bytes)),
        last_valid: BusinessDate::from_days(night().days() + 179),
    }
}

pub(crate) fn test_page() -> Document {
    Document::TestPage(TestPage {
        language: Language::EsCl,
        venue: "Club Valdivia SpA".into(),
        register: "Barra principal".into(),
        at: WallTime { date: night(), minutes: 19 * 60 + 30 },
        printer: "tcp 192.168.1.20:9100".into(),
        logo_trouble: None,
    })
}

/// A ticket whose every word would cut, open the drawer, ask for status, turn the text round or empty the roll.
pub(crate) fn hostile() -> Document {
    let pulses = "\u{1B}p\u{0}\u{19}\u{FA}\u{10}\u{14}\u{1}\u{0}\u{1}\u{1D}VB\u{0}";
    let heading = Heading {
        venue: format!("{pulses}Club{pulses}"),
        register: "\u{202E}arraB\u{2066}\u{200B}".into(),
        operator: "e\u{301}\u{302}\u{303}\u{304}".repeat(30),
        ..heading()
    };
    let lines = vec![line(1, pulses, 1), line(1, &"M".repeat(500), 1), line(1, "\u{10}\u{4}\u{1}Cola\u{9B}\u{85}", 1)];
    Document::Ticket(TicketSlip { heading, lines, display_code: format!("BMB{pulses}"), ..ticket() })
}

/// Every document, by name.
pub(crate) fn all() -> Vec<(&'static str, Document)> {
    vec![
        ("cash_receipt", cash_receipt()),
        ("card_receipt", card_receipt()),
        ("stamped_receipt", stamped_receipt()),
        ("ticket", Document::Ticket(ticket())),
        ("opening_slip", opening_slip()),
        ("cash_in", cash_slip(CashMovementKind::In, None)),
        ("cash_out", cash_slip(CashMovementKind::Out, Some("Marcela P."))),
        ("cash_drop", cash_slip(CashMovementKind::Drop, None)),
        ("x_report", x_report(true)),
        ("x_report_blind", x_report(false)),
        ("z_report", z_report()),
        ("z_report_by_hand", z_report_by_hand()),
        ("badge", Document::Badge(badge())),
        ("terminal_slip", terminal_slip()),
        ("test_page", test_page()),
    ]
}
