//! Card payments that a person should look at, as head office sees them.

use serde_json::{Value, json};
use shared::event::{CardBatchClosed, CardReported, CardRequested, CardReturned, Fact, SealedEvent};
use shared::ids::{PaymentId, SaleId};
use shared::staff::Role;
use shared::tender::{
    BatchComparison, CardApproval, CardPayment, Payment, ReturnWay, TerminalBatch, TerminalReport, TerminalRow,
    TerminalTotals,
};
use sync_server::app::verify::verify;

use super::support::{TestServer, TestTill, ok};

fn approval(number: u32) -> CardApproval {
    CardApproval {
        authorisation_code: format!("A{number:05}"),
        operation_no: format!("{number:06}"),
        last4: "0461".into(),
        brand: "VI".into(),
        card_type: "CR".into(),
    }
}

fn approved(number: u32) -> TerminalReport {
    TerminalReport::Approved { approval: approval(number) }
}

/// The terminal is asked for one piscola of a sale.
fn asked(server: &TestServer, till: &mut TestTill<'_>, sale_id: SaleId) -> (PaymentId, [SealedEvent; 2]) {
    let (now, entropy) = (server.outside.now(), &*server.outside.entropy);
    let payment_id = PaymentId::new(now, entropy);
    let requested = till.write(&Fact::CardRequested(CardRequested {
        payment_id,
        sale_id,
        terminal: "/dev/ttyUSB0".to_owned(),
        amount_minor: 5_990,
        ticket_no: "A00001".to_owned(),
        requested_at: now,
    }));
    (payment_id, [requested, said(till, payment_id, TerminalReport::Asked { baseline: None })])
}

fn said(till: &mut TestTill<'_>, payment_id: PaymentId, report: TerminalReport) -> SealedEvent {
    till.write(&Fact::CardReported(CardReported::by_terminal(payment_id, report)))
}

fn by_hand(till: &mut TestTill<'_>, payment_id: PaymentId, report: TerminalReport) -> SealedEvent {
    let note = Some("El voucher lo dice".to_owned());
    let said = CardReported { is_manual: true, note, ..CardReported::by_terminal(payment_id, report) };
    till.write(&Fact::CardReported(said))
}

fn codes(till: &TestTill<'_>, events: &[SealedEvent]) -> Vec<String> {
    ok(&till.push(events)).1
}

fn open(server: &TestServer) -> Vec<Value> {
    let listed = server.admin().get("/v1/admin/card-payments/open");
    listed["items"].as_array().expect("a list").clone()
}

fn begin(server: &TestServer, role: Role) -> TestTill<'_> {
    let mut till = server.till(0);
    till.staff = server.hire("Marcela", &[role]);
    let begin = [till.started(), till.opened()];
    till.push(&begin);
    till
}

fn assert_sound(server: &TestServer) {
    let scratch = tempfile::tempdir().expect("a directory");
    let found = server.with_tenant(async |tenant| verify(tenant, scratch.path(), &server.outside).await);
    let found = found.expect("a report");
    assert!(found.is_sound(), "{found:?}");
}

#[test]
fn a_late_approval_beside_a_finished_sale_is_flagged_and_listed_until_it_is_given_back() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Manager);
    let (sold, sale) = till.sale(1);
    let (payment_id, asks) = asked(&server, &mut till, sale.sale_id);
    let doubt = said(&mut till, payment_id, TerminalReport::NoAnswer);
    let [requested, sent] = asks;
    assert_eq!(codes(&till, &[sold, requested, sent, doubt]), Vec::<String>::new());
    server.advance(90_000);
    let listed = open(&server);
    let of = |key: &str| listed[0][key].clone();
    assert_eq!((of("reason"), of("says"), of("asked_by")), (json!("in_doubt"), json!("uncertain"), json!("Marcela")));
    assert_eq!((of("age_ms"), of("amount_minor"), of("ticket_no")), (json!(90_000), json!(5_990), json!("A00001")));
    assert_eq!((of("ways"), of("is_sale_finished")), (json!(["ask_terminal", "resolve"]), json!(true)));

    let late = said(&mut till, payment_id, approved(7));
    assert_eq!(codes(&till, &[late]), ["card_paid_beside_sale"]);
    let listed = open(&server);
    assert_eq!((&listed[0]["reason"], &listed[0]["ways"]), (&json!("not_counted"), &json!(["void", "return"])));
    assert_eq!(listed[0]["terminal"], "ttyUSB0", "nobody reads a whole path");
    assert_eq!((&listed[0]["authorisation_code"], &listed[0]["last4"]), (&json!("A00007"), &json!("0461")));
    assert_sound(&server);

    let returned = CardReturned { payment_id, amount_minor: 5_990, way: ReturnWay::Cash, note: "En efectivo".into() };
    let returned = till.write(&Fact::CardReturned(returned));
    assert_eq!(codes(&till, &[returned]), Vec::<String>::new());
    assert_eq!(open(&server), Vec::<Value>::new());
    assert_sound(&server);
}

#[test]
fn what_a_person_said_and_the_terminal_denies_is_shown_with_both_words() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Manager);
    let sale_id = SaleId::new(server.outside.now(), &*server.outside.entropy);
    let (payment_id, [requested, sent]) = asked(&server, &mut till, sale_id);
    let doubt = said(&mut till, payment_id, TerminalReport::NoAnswer);
    let settled = by_hand(&mut till, payment_id, TerminalReport::Declined { code: "manual".into() });
    assert_eq!(codes(&till, &[requested, sent, doubt, settled]), Vec::<String>::new());
    assert_eq!(open(&server), Vec::<Value>::new());
    let late = said(&mut till, payment_id, approved(7));
    assert_eq!(codes(&till, &[late]), ["card_contradicted"]);
    let listed = open(&server);
    let of = |key: &str| listed[0][key].clone();
    assert_eq!(
        (of("reason"), of("says"), of("denied_by")),
        (json!("contradicted"), json!("declined"), json!("approved"))
    );
    assert_eq!(
        (of("is_manual"), of("settled_by"), of("note")),
        (json!(true), json!("Marcela"), json!("El voucher lo dice"))
    );
    assert_eq!(of("authorisation_code"), "A00007");
    assert_sound(&server);
}

#[test]
fn who_settles_without_permission_is_told_to_a_person() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Cashier);
    let sale_id = SaleId::new(server.outside.now(), &*server.outside.entropy);
    let (payment_id, [requested, sent]) = asked(&server, &mut till, sale_id);
    let doubt = said(&mut till, payment_id, TerminalReport::NoAnswer);
    let settled = by_hand(&mut till, payment_id, approved(7));
    assert_eq!(codes(&till, &[requested, sent, doubt, settled]), ["not_permitted"]);
    let asked_back = said(&mut till, payment_id, TerminalReport::VoidAsked { baseline: None });
    assert_eq!(codes(&till, &[asked_back]), ["not_permitted"]);
    assert_eq!(open(&server)[0]["reason"], "void_in_doubt");
}

/// The till keeps who asked and who allowed it; head office asks again whether those two may.
#[test]
fn what_a_manager_allowed_is_no_ones_fault() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Cashier);
    let (manager, auditor) = (server.hire("Antonia", &[Role::Manager]), server.hire("Hugo", &[Role::Auditor]));
    let sale_id = SaleId::new(server.outside.now(), &*server.outside.entropy);
    let (payment_id, [requested, sent]) = asked(&server, &mut till, sale_id);
    let doubt = said(&mut till, payment_id, TerminalReport::NoAnswer);
    till.approver = Some(manager);
    let settled = by_hand(&mut till, payment_id, approved(7));
    till.approver = None;
    assert_eq!(codes(&till, &[requested, sent, doubt, settled]), Vec::<String>::new());
    for nobody in [Some(auditor), Some(till.staff), None] {
        till.approver = nobody;
        let asked_back = said(&mut till, payment_id, TerminalReport::VoidAsked { baseline: None });
        assert_eq!(codes(&till, &[asked_back]), ["not_permitted"], "{nobody:?}");
        assert_eq!(open(&server)[0]["settled_by"], "Antonia", "who allowed it answers for it");
    }
}

#[test]
fn an_approval_that_proves_another_payment_proves_nothing() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Manager);
    let sale_id = SaleId::new(server.outside.now(), &*server.outside.entropy);
    let (payment_id, [requested, sent]) = asked(&server, &mut till, sale_id);
    let other = PaymentId::new(server.outside.now(), &*server.outside.entropy);
    let repeated = CardReported { proves_already: Some(other), ..CardReported::by_terminal(payment_id, approved(7)) };
    let repeated = till.write(&Fact::CardReported(repeated));
    assert_eq!(codes(&till, &[requested, sent, repeated]), ["card_proof_reused"]);
    let listed = open(&server);
    assert_eq!((&listed[0]["says"], &listed[0]["reason"]), (&json!("uncertain"), &json!("contradicted")));
}

#[test]
fn what_paid_its_sale_is_nobodys_worry_and_a_hand_in_it_is_shown() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Manager);
    let (first, mut sale) = till.sale(1);
    sale.receipt_no += 1;
    sale.tickets.clear();
    sale.sale_id = SaleId::new(server.outside.now(), &*server.outside.entropy);
    let (payment_id, [requested, sent]) = asked(&server, &mut till, sale.sale_id);
    let typed = by_hand(&mut till, payment_id, TerminalReport::NoAnswer);
    let doubt = said(&mut till, payment_id, TerminalReport::NoAnswer);
    let settled = by_hand(&mut till, payment_id, approved(7));
    // Nothing a person could say: it is kept beside, and the next word of theirs settles it.
    assert_eq!(codes(&till, &[first, requested, sent, typed, doubt, settled]), ["card_contradicted"]);
    assert_eq!(open(&server), Vec::<Value>::new(), "on its way into its sale");
    server.advance(11 * 60_000);
    assert_eq!(open(&server)[0]["reason"], "not_counted", "it should have arrived by now");
    sale.settlement.payments =
        vec![Payment::Card { payment_id, amount_minor: 5_990, approval: approval(7), is_manual: true }];
    let sold = till.write(&Fact::SaleCompleted(sale.clone()));
    assert_eq!(codes(&till, &[sold]), Vec::<String>::new());
    assert_eq!(open(&server), Vec::<Value>::new());
    let detail = server.admin().get(&format!("/v1/admin/sales/{}", sale.sale_id));
    assert_eq!(detail["payments"][0]["is_manual"], true);
    assert_sound(&server);
}

#[test]
fn a_batch_that_does_not_agree_is_flagged() {
    let server = TestServer::start();
    let mut till = begin(&server, Role::Manager);
    let close = |payments: &[CardPayment], total_minor: i64, rows: &[TerminalRow]| {
        let comparison = BatchComparison::of(
            payments,
            &TerminalBatch { totals: Some(TerminalTotals { count: 1, total_minor }), rows: Some(rows.to_vec()) },
        );
        let closed_at = server.outside.now();
        Fact::CardBatchClosed(CardBatchClosed { terminal: "/dev/ttyUSB0".to_owned(), closed_at, comparison })
    };
    let row = TerminalRow {
        ticket_no: None,
        operation_no: "000009".into(),
        authorisation_code: "A00009".into(),
        amount_minor: 12_000,
        last4: "1111".into(),
        card_type: "DB".into(),
        brand: "DB".into(),
        at: "22112026".into(),
    };
    let (agreed, differs) = (close(&[], 0, &[]), close(&[], 12_000, &[row]));
    let events = [till.write(&agreed), till.write(&differs)];
    assert_eq!(codes(&till, &events), ["batch_differs"]);
}
