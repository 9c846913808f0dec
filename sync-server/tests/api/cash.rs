//! Cash that moved beside the sales: added up per night, held against the till's own closing, and asked who allowed it.

use serde_json::json;
use shared::event::{CashMoved, Fact, RegisterClosed, SealedEvent};
use shared::ids::SessionId;
use shared::register::{CashCount, CashMovementKind, SessionTotals, ZReport};
use shared::staff::Role;

use super::support::{TestServer, TestTill, date, ok};

fn moved(till: &mut TestTill<'_>, movement: CashMovementKind, amount_minor: i64) -> SealedEvent {
    till.write(&Fact::CashMoved(CashMoved {
        session_id: till.session,
        business_date: date(),
        movement,
        amount_minor,
        reason: "Sobre 0412".to_owned(),
        moved_at: till.server.outside.now(),
    }))
}

fn closed(till: &mut TestTill<'_>, totals: SessionTotals) -> SealedEvent {
    let z = ZReport {
        z_number: 1,
        session_id: till.session,
        business_date: date(),
        totals,
        float_minor: 0,
        expected_cash_minor: totals.cash_through_minor(),
        counted_cash_minor: 0,
        variance_minor: -totals.cash_through_minor(),
    };
    let (session_id, closed_at) = (till.session, till.server.outside.now());
    till.write(&Fact::RegisterClosed(RegisterClosed { session_id, closed_at, counted: CashCount::default(), z }))
}

const MOVES: [(CashMovementKind, i64); 4] = [
    (CashMovementKind::In, 30_000),
    (CashMovementKind::Out, 4_500),
    (CashMovementKind::Drop, 50_000),
    (CashMovementKind::Drop, 20_000),
];

fn totals() -> SessionTotals {
    MOVES.into_iter().fold(SessionTotals::default(), |sum, (kind, amount)| sum.moved(kind, amount))
}

#[test]
fn cash_that_moved_is_added_up_and_a_closing_that_forgets_it_is_flagged() {
    let server = TestServer::start();
    let (mut right, mut wrong) = (server.till(0), server.till(1));
    for till in [&mut right, &mut wrong] {
        till.staff = server.hire("Marcela", &[Role::Manager]);
        let mut events = vec![till.started(), till.opened()];
        events.extend(MOVES.into_iter().map(|(kind, amount)| moved(till, kind, amount)));
        assert_eq!(ok(&till.push(&events)).1, Vec::<String>::new());
    }
    let closing = [closed(&mut right, totals())];
    assert_eq!(ok(&right.push(&closing)).1, Vec::<String>::new());
    let forgets_a_drop = SessionTotals { dropped_minor: 50_000, ..totals() };
    let closing = [closed(&mut wrong, forgets_a_drop)];
    assert_eq!(ok(&wrong.push(&closing)).1, ["z_mismatch"]);
    let late = [moved(&mut right, CashMovementKind::In, 1)];
    assert_eq!(ok(&right.push(&late)).1, ["session_closed"], "it happened, and counts");
    let day = server.admin().get("/v1/admin/day-totals?business_date=2026-11-21");
    let sums = ["paid_in_minor", "paid_out_minor", "dropped_minor"].map(|name| day["totals"][name].clone());
    assert_eq!(sums, [json!(60_001), json!(9_000), json!(140_000)]);
    let other = server.admin().get("/v1/admin/day-totals?business_date=2026-11-20");
    assert_eq!(other["totals"]["paid_in_minor"], 0);
}

#[test]
fn who_moved_cash_must_have_been_allowed_to() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    till.staff = server.hire("Camila", &[Role::Cashier]);
    let alone = [moved(&mut till, CashMovementKind::Out, 4_500)];
    assert_eq!(ok(&till.push(&alone)).1, ["not_permitted"]);
    till.approver = Some(server.hire("Marcela", &[Role::Manager]));
    let allowed = [moved(&mut till, CashMovementKind::Out, 4_500)];
    assert_eq!(ok(&till.push(&allowed)).1, Vec::<String>::new());
    till.session = SessionId::new(server.outside.now(), &*server.outside.entropy);
    let nowhere = [moved(&mut till, CashMovementKind::Out, 4_500)];
    assert_eq!(ok(&till.push(&nowhere)).1, ["session_unknown"]);
    let absurd = [moved(&mut till, CashMovementKind::In, -5)];
    assert_eq!(ok(&till.push(&absurd)).1, ["amount_implausible"]);
}
