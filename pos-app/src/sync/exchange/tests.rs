use proptest::prelude::*;
use shared::catalog::Category;
use shared::event::TicketRedeemed;
use shared::ids::{CategoryId, RedemptionId};
use shared::sync::stream::RedemptionRecord;
use shared::ticket::{RedeemedLine, TicketId};
use shared::time::{BusinessDate, Timestamp};
use uuid::Uuid;

use super::super::fake::{FakeServer, FakeTill, Fault, log_id, venue_id};
use super::*;
use crate::ledger::{catalog, ticket};

fn run(exchange: &mut Exchange<FakeServer>) -> Result<SyncReport, SyncError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(exchange.run())
}

fn unsent(till: &FakeTill) -> u64 {
    till.ledger.read(outbox::count_unsent).expect("counted")
}

fn category(n: u128, name: &str) -> (String, String) {
    let category_id = CategoryId::from_uuid(Uuid::from_u128(n));
    let category = Category { category_id, name: name.into(), tint: 0, position: 0, is_active: true };
    (format!("category/{category_id}"), serde_json::to_string(&category).expect("JSON"))
}

fn names(till: &FakeTill) -> Vec<String> {
    let listed = till.ledger.read(catalog::list_for_sale).expect("listed");
    listed.into_iter().map(|(category, _)| category.name).collect()
}

#[test]
fn everything_arrives_once_and_in_many_chains() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(3);
    till.restart();
    till.happen(2);
    let report = run(&mut till.exchange(&server)).expect("synced");
    // Each run's chain begins with an event of its own.
    assert_eq!((report.sent_events, report.unsent_events, unsent(&till)), (7, 0, 0));
    assert_eq!(server.state().log.lines(), till.lines());
    run(&mut till.exchange(&server)).expect("synced");
    let state = server.state();
    assert_eq!((state.pushes, state.offered), (1, 7), "nothing new is nothing sent");
}

#[test]
fn a_backlog_goes_in_as_few_requests_as_the_limits_allow() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(29);
    let mut exchange = till.exchange(&server);
    exchange.limits = Limits { events: 5, bytes: usize::MAX, batches: 2 };
    // The limits are the server's to teach: a success sets them back to the protocol's.
    server.state().most_events = 10;
    let report = run(&mut exchange).expect("synced");
    assert_eq!((report.sent_events, unsent(&till)), (30, 0));
    assert_eq!(server.state().log.lines(), till.lines());
}

#[test]
fn a_lost_answer_doubles_nothing() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(4);
    server.state().faults = vec![Fault::AnswerLost];
    assert!(matches!(run(&mut till.exchange(&server)), Err(SyncError::Peer(PeerError::Unreachable(_)))));
    assert_eq!((server.state().log.lines().len(), unsent(&till)), (5, 5), "there, but not known to be");
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&till)), (till.lines(), 0));
}

#[test]
fn a_server_restored_from_a_backup_gets_what_it_lost_and_no_more() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(2);
    run(&mut till.exchange(&server)).expect("synced");
    till.restart();
    till.happen(5);
    run(&mut till.exchange(&server)).expect("synced");
    let backup = server.state().log.clone();
    till.happen(3);
    till.restart();
    till.happen(1);
    run(&mut till.exchange(&server)).expect("synced");
    let before = server.state().offered;
    server.restore(backup, log_id(2));
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&till)), (till.lines(), 0));
    // Three probes, of one event each; then what the second and third chain miss.
    assert_eq!(server.state().offered - before, 3 + 3 + 2);
}

#[test]
fn an_empty_server_gets_everything_again() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(6);
    run(&mut till.exchange(&server)).expect("synced");
    server.restore(FakeServer::new().state().log.clone(), log_id(7));
    let report = run(&mut till.exchange(&server)).expect("synced");
    assert_eq!(report.sent_events, 7);
    assert_eq!(server.state().log.lines(), till.lines());
}

#[test]
fn a_fork_is_kept_shown_and_holds_up_no_other_chain() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(3);
    run(&mut till.exchange(&server)).expect("synced");
    till.happen(1);
    // The server holds an event under the next number that another copy of this till wrote.
    let chain = *server.state().log.chains.keys().next().expect("one chain");
    let last = server.state().log.chains[&chain].last().expect("events").clone();
    let other = last.head().follow(
        &shared::event::Origin {
            tenant: FakeTill::identity("").enrolment.tenant_id,
            venue: venue_id(),
            device: FakeTill::identity("").enrolment.device_id,
        },
        r#""hlc":1,"up_ms":0,"type":"x","schema":1,"actor":null,"session":null,"seen":[0,0],"payload":{}}"#,
    );
    server.state().log.chains.get_mut(&chain).expect("the chain").push(other);
    run(&mut till.exchange(&server)).expect("a fork is no failure of the line");
    assert!(till.ledger.read(outbox::has_fork).expect("read"));
    assert_eq!(unsent(&till), 1);
    let offered = server.state().offered;
    till.restart();
    till.happen(1);
    run(&mut till.exchange(&server)).expect("the next chain goes through");
    assert_eq!((unsent(&till), server.state().offered - offered), (1, 2), "and the forked one is left in peace");
    till.clock.advance(60 * 1000);
    run(&mut till.exchange(&server)).expect("asked again");
    assert_eq!((unsent(&till), server.state().offered - offered), (0, 3), "the server kept both");
    assert!(!till.ledger.read(outbox::has_fork).expect("read"), "and nobody here has to look any more");
}

#[test]
fn a_refusal_of_our_events_does_not_keep_news_from_us() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(1);
    let (key, value) = category(1, "Tragos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    server.state().faults = vec![Fault::Refused(ProblemCode::Unprocessable)];
    let error = run(&mut till.exchange(&server)).expect_err("refused");
    assert_eq!((error.code(), error.needs_attention()), (Some(ProblemCode::Unprocessable), true));
    assert_eq!((names(&till), unsent(&till)), (vec!["Tragos".to_owned()], 2));
}

#[test]
fn the_catalogue_follows_and_starts_anew_with_another_history() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    for (n, name) in [(1, "Tragos"), (2, "Cervezas")] {
        let (key, value) = category(n, name);
        server.publish(StreamName::Catalog, "put", &key, &value);
    }
    server.publish(StreamName::Catalog, "put", "planet/1", r#"{"from":"the future"}"#);
    server.publish(StreamName::Catalog, "put", "category/x", r#"{"is":"nothing"}"#);
    assert_eq!(run(&mut till.exchange(&server)).expect("synced").pulled_items, 4);
    assert_eq!(names(&till), ["Cervezas", "Tragos"]);
    let (key, _) = category(1, "");
    server.publish(StreamName::Catalog, "del", &key, "null");
    assert_eq!(run(&mut till.exchange(&server)).expect("synced").pulled_items, 1);
    assert_eq!(names(&till), ["Cervezas"]);
    server.forget(StreamName::Catalog);
    let (key, value) = category(3, "Vinos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    assert_eq!(run(&mut till.exchange(&server)).expect("synced").pulled_items, 1);
    assert_eq!(names(&till), ["Vinos"], "what is not in the new history is gone");
    let cursor = till.ledger.read(|c| stream::load_cursor(c, StreamName::Catalog)).expect("read").expect("a cursor");
    assert_eq!((cursor.seq, till.ledger.write(|tx| Ok(tx.seen().0)).expect("read")), (1, 1));
}

#[test]
fn a_catalogue_is_never_empty_while_another_takes_its_place() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    let publish = |from: u128, name: &str| {
        for n in from..from + 1_100 {
            let (key, value) = category(n, name);
            server.publish(StreamName::Catalog, "put", &key, &value);
        }
    };
    publish(0, "old");
    run(&mut till.exchange(&server)).expect("synced");
    server.restore(FakeServer::new().state().log.clone(), log_id(2));
    publish(200, "new");
    // The venue's stream, the catalogue's refusal and its first page get through; its second page does not.
    server.state().faults = vec![Fault::Lost, Fault::None, Fault::None, Fault::None];
    assert!(run(&mut till.exchange(&server)).is_err());
    let count = |name: &str| names(&till).iter().filter(|listed| *listed == name).count();
    assert_eq!((count("old"), count("new")), (200, 1_000), "what is new is here, what may be gone is still here");
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!((count("old"), count("new")), (0, 1_100));
}

#[test]
fn a_redemption_once_heard_outlives_the_server_that_told_of_it() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    let ticket_id = TicketId { device_no: 2, chain_tag: 3, serial: 4 };
    let redemption = TicketRedeemed {
        redemption_id: RedemptionId::from_uuid(Uuid::from_u128(5)),
        ticket_id,
        business_date: BusinessDate::from_days(20_778),
        redeemed_at: Timestamp::from_millis(0),
        lines: vec![RedeemedLine { line_no: 1, quantity: 1 }],
        code: "T1".into(),
    };
    let device_id = FakeTill::identity("").enrolment.device_id;
    let record = RedemptionRecord { redemption, device_id, staff_id: None };
    let stream = StreamName::Venue(venue_id());
    let id = record.redemption.redemption_id;
    server.publish(stream, "put", &format!("redemption/{id}"), &serde_json::to_string(&record).expect("JSON"));
    let known = |till: &FakeTill| till.ledger.read(|c| ticket::list_redemptions(c, ticket_id)).expect("listed").len();
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!(known(&till), 1);
    server.restore(FakeServer::new().state().log.clone(), log_id(2));
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!(known(&till), 1);
}

#[test]
fn a_hole_in_a_stream_is_loud_and_applies_nothing() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    let (key, value) = category(1, "Tragos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    server.publish(StreamName::Catalog, "put", &key, &value);
    {
        let mut state = server.state();
        let mut log = state.log.clone();
        log.break_stream(StreamName::Catalog);
        state.log = log;
    }
    let error = run(&mut till.exchange(&server)).expect_err("a hole");
    assert!(matches!(error, SyncError::Stream { stream: StreamName::Catalog, .. }) && error.needs_attention());
    assert!(names(&till).is_empty());
}

#[test]
fn a_request_too_large_is_halved_until_it_passes() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(20);
    server.state().most_events = 3;
    run(&mut till.exchange(&server)).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&till)), (till.lines(), 0));
}

#[derive(Clone, Debug)]
enum Step {
    Happen(usize),
    RestartTill,
    Sync(Vec<Fault>),
    BackUp,
    RestoreServer,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        3 => Just(Fault::Lost),
        3 => Just(Fault::AnswerLost),
        1 => Just(Fault::Refused(ProblemCode::Unavailable)),
        1 => Just(Fault::Refused(ProblemCode::Revoked)),
        1 => Just(Fault::Refused(ProblemCode::TooLarge)),
    ];
    prop_oneof![
        4 => (1..4_usize).prop_map(Step::Happen),
        1 => Just(Step::RestartTill),
        4 => prop::collection::vec(fault, 0..4).prop_map(Step::Sync),
        1 => Just(Step::BackUp),
        1 => Just(Step::RestoreServer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Lost requests, lost answers, refusals, restarts and restored servers, in any order: what counts as sent is there,
    /// and once the line is good the server holds every event exactly once.
    #[test]
    fn whatever_goes_wrong_nothing_is_lost_or_doubled(steps in prop::collection::vec(step(), 1..20)) {
        let (mut till, server) = (FakeTill::new(), FakeServer::new());
        let mut backup = server.state().log.clone();
        let mut log_no = 1;
        for step in steps {
            match step {
                Step::Happen(count) => till.happen(count),
                Step::RestartTill => till.restart(),
                Step::BackUp => backup = server.state().log.clone(),
                Step::RestoreServer => {
                    log_no += 1;
                    server.restore(backup.clone(), log_id(log_no));
                }
                Step::Sync(faults) => {
                    server.state().faults = faults;
                    let _ = run(&mut till.exchange(&server));
                    let contact = till.ledger.read(outbox::load_contact).expect("read");
                    if contact.log_id == Some(server.state().log.id) {
                        let held = server.state().log.lines().len() as u64;
                        prop_assert!(till.lines().len() as u64 - unsent(&till) <= held, "counted as sent, not there");
                    }
                }
            }
        }
        server.state().faults.clear();
        run(&mut till.exchange(&server)).expect("the line is good");
        prop_assert_eq!(unsent(&till), 0);
        prop_assert_eq!(server.state().log.lines(), till.lines());
    }
}
