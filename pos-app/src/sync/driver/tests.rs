use proptest::prelude::*;
use shared::catalog::Category;
use shared::event::TicketRedeemed;
use shared::ids::{CategoryId, RedemptionId};
use shared::sync::stream::RedemptionRecord;
use shared::ticket::{RedeemedLine, TicketId};
use shared::time::{BusinessDate, Timestamp};
use uuid::Uuid;

use super::super::client::PeerError;
use super::super::fake::{self, FakeServer, FakeTill, Fault, log_id, venue_id};
use super::*;
use crate::ledger::{catalog, ticket};
use shared::sync::stream::StreamName;

/// A new line, and one exchange on it.
fn run(till: &FakeTill, server: &FakeServer) -> Result<Report, Arc<SyncError>> {
    go_on(&mut till.driver(), server)
}

fn go_on(driver: &mut Driver, server: &FakeServer) -> Result<Report, Arc<SyncError>> {
    let Concluded { report, error } = fake::exchange(driver, server);
    error.map_or(Ok(report), Err)
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
    let report = run(&till, &server).expect("synced");
    // Each run's chain begins with an event of its own.
    assert_eq!((report.sent, report.unsent, unsent(&till)), (7, 0, 0));
    assert_eq!(server.state().log.lines(), till.lines());
    run(&till, &server).expect("synced");
    let state = server.state();
    assert_eq!((state.pushes, state.offered), (1, 7), "nothing new is nothing sent");
}

#[test]
fn a_lost_answer_doubles_nothing() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(4);
    // The greeting gets through; the answer to what follows does not.
    server.state().faults = vec![Fault::AnswerLost, Fault::None];
    let error = run(&till, &server).expect_err("no answer");
    assert!(matches!(*error, SyncError::Peer(PeerError::Unreachable(_))));
    assert_eq!((server.state().log.lines().len(), unsent(&till)), (5, 5), "there, but not known to be");
    run(&till, &server).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&till)), (till.lines(), 0));
}

#[test]
fn a_server_restored_from_a_backup_gets_what_it_lost_and_no_more() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(2);
    run(&till, &server).expect("synced");
    till.restart();
    till.happen(5);
    run(&till, &server).expect("synced");
    let backup = server.state().log.clone();
    till.happen(3);
    till.restart();
    till.happen(1);
    run(&till, &server).expect("synced");
    let before = server.state().offered;
    server.restore(backup, log_id(2));
    run(&till, &server).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&till)), (till.lines(), 0));
    // The greeting says what it has of each chain; only what the second and third miss goes there.
    assert_eq!(server.state().offered - before, 3 + 2);
}

#[test]
fn an_empty_server_gets_everything_again() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(6);
    run(&till, &server).expect("synced");
    server.restore(FakeServer::new().state().log.clone(), log_id(7));
    let report = run(&till, &server).expect("synced");
    assert_eq!(report.sent, 7);
    assert_eq!(server.state().log.lines(), till.lines());
}

#[test]
fn a_fork_is_kept_shown_and_holds_up_no_other_chain() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(3);
    run(&till, &server).expect("synced");
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
    run(&till, &server).expect("a fork is no failure of the line");
    assert_eq!(unsent(&till), 0, "the server took our branch as well");
    assert!(!till.ledger.read(outbox::has_fork).expect("read"), "and nobody here has to look any more");
    assert_ne!(till.ledger.chain(), chain, "the chain is sealed");
    till.happen(1);
    run(&till, &server).expect("the next chain goes through");
    assert_eq!(unsent(&till), 0);
    let verified = crate::ledger::verify::verify(&till.ledger.reader().expect("a reader")).expect("verified");
    assert_eq!(verified.faults, Vec::<String>::new(), "the new chain names the sealed one");
    till.restart();
    till.happen(1);
    run(&till, &server).expect("and the one after it");
    assert_eq!(unsent(&till), 0);
}

#[test]
fn a_refusal_of_our_events_does_not_keep_news_from_us() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(1);
    let (key, value) = category(1, "Tragos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    server.state().faults = vec![Fault::Refused(ProblemCode::UpgradeRequired), Fault::None];
    let error = run(&till, &server).expect_err("refused");
    assert_eq!((error.code(), error.needs_attention()), (Some(ProblemCode::UpgradeRequired), true));
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
    assert_eq!(run(&till, &server).expect("synced").pulled, 4);
    assert_eq!(names(&till), ["Cervezas", "Tragos"]);
    let (key, _) = category(1, "");
    server.publish(StreamName::Catalog, "del", &key, "null");
    assert_eq!(run(&till, &server).expect("synced").pulled, 1);
    assert_eq!(names(&till), ["Cervezas"]);
    server.forget(StreamName::Catalog);
    let (key, value) = category(3, "Vinos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    assert_eq!(run(&till, &server).expect("synced").pulled, 1);
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
    run(&till, &server).expect("synced");
    server.restore(FakeServer::new().state().log.clone(), log_id(2));
    publish(200, "new");
    // The greeting, two other streams (no snapshot, then the first page), the catalogue's refusal, no snapshot, and its
    // first page get through; its second page does not.
    server.state().faults = [vec![Fault::Lost], vec![Fault::None; 6]].concat();
    assert!(run(&till, &server).is_err());
    let count = |name: &str| names(&till).iter().filter(|listed| *listed == name).count();
    assert_eq!((count("old"), count("new")), (200, 1_000), "what is new is here, what may be gone is still here");
    run(&till, &server).expect("synced");
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
        unheard: None,
    };
    let device_id = FakeTill::identity("").enrolment.device_id;
    let record = RedemptionRecord { redemption, device_id, staff_id: None };
    let stream = StreamName::Venue(venue_id());
    let id = record.redemption.redemption_id;
    server.publish(stream, "put", &format!("redemption/{id}"), &serde_json::to_string(&record).expect("JSON"));
    let known =
        |till: &FakeTill| till.ledger.read(|c| ticket::load_known(c, ticket_id)).expect("listed").redemptions.len();
    run(&till, &server).expect("synced");
    assert_eq!(known(&till), 1);
    server.restore(FakeServer::new().state().log.clone(), log_id(2));
    run(&till, &server).expect("synced");
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
    let error = run(&till, &server).expect_err("a hole");
    assert!(matches!(*error, SyncError::Stream { stream: StreamName::Catalog, .. }) && error.needs_attention());
    assert!(names(&till).is_empty());
}

#[test]
fn a_request_too_large_is_halved_until_it_passes() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(20);
    server.state().most_events = 3;
    run(&till, &server).expect("synced");
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
                    let _ = run(&till, &server);
                    let contact = till.ledger.read(outbox::load_contact).expect("read");
                    if contact.log_id == Some(server.state().log.id) {
                        let held = server.state().log.lines().len() as u64;
                        prop_assert!(till.lines().len() as u64 - unsent(&till) <= held, "counted as sent, not there");
                    }
                }
            }
        }
        server.state().faults.clear();
        run(&till, &server).expect("the line is good");
        prop_assert_eq!(unsent(&till), 0);
        prop_assert_eq!(server.state().log.lines(), till.lines());
    }
}

/// Everything written before, and after it the events of one sale's night more.
fn lost_some(till: &mut FakeTill, server: &FakeServer) -> (tempfile::TempDir, Vec<String>) {
    till.happen(3);
    run(till, server).expect("synced");
    let backup = till.back_up();
    till.happen(4);
    till.restart();
    till.happen(2);
    run(till, server).expect("synced");
    (backup, till.lines())
}

#[test]
fn a_till_put_back_from_a_copy_gets_its_own_events_back() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    let (backup, before) = lost_some(&mut till, &server);
    let old = FakeTill::from_copy(backup, &till.clock, &till.entropy);
    old.happen(1);
    assert_eq!(old.lines().len(), 4 + 2);
    let mut driver = old.driver();
    let report = go_on(&mut driver, &server).expect("synced");
    assert_eq!(report.recovered, 4 + 3, "the rest of the first chain, and the second");
    let now = old.lines();
    assert!(before.iter().all(|line| now.contains(line)), "byte for byte");
    assert_eq!((server.state().log.lines(), unsent(&old)), (now, 0));
    let lost = old.ledger.read(crate::ledger::recovery::list_lost).expect("listed");
    assert_eq!(lost.len(), 2);
    assert!(lost.iter().all(|lost| !lost.is_copy && lost.settled_at.is_some() && lost.gap() == 0), "{lost:?}");
    let verified = crate::ledger::verify::verify(&old.ledger.reader().expect("a reader")).expect("verified");
    assert_eq!(verified.faults, Vec::<String>::new());
    // What is written from now on is sent, also though a chain came back after this run's own.
    old.happen(2);
    go_on(&mut driver, &server).expect("synced");
    assert_eq!((server.state().log.lines(), unsent(&old)), (old.lines(), 0));
    let given_back = server.state().given_back;
    run(&old, &server).expect("greeted again");
    assert_eq!(server.state().given_back, given_back, "once is enough");
}

#[test]
fn events_come_back_a_few_at_a_time_and_after_lost_answers() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(2);
    run(&till, &server).expect("synced");
    let backup = till.back_up();
    till.happen(1_200);
    till.restart();
    till.happen(1);
    run(&till, &server).expect("synced");
    let old = FakeTill::from_copy(backup, &till.clock, &till.entropy);
    for lost_after in 1..4 {
        server.state().faults = [vec![Fault::AnswerLost], vec![Fault::None; lost_after]].concat();
        assert!(run(&old, &server).is_err());
    }
    run(&old, &server).expect("synced");
    assert_eq!(old.lines(), till.lines());
    assert_eq!(unsent(&old), 0);
}

#[test]
fn two_copies_of_a_disk_both_sell_and_neither_takes_the_others_events_for_its_own() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    till.happen(3);
    run(&till, &server).expect("synced");
    let entropy = Arc::clone(&till.entropy);
    let one = FakeTill::from_copy(till.back_up(), &till.clock, &entropy);
    let other = FakeTill::from_copy(till.back_up(), &till.clock, &entropy);
    one.happen(2);
    other.happen(5);
    run(&one, &server).expect("synced");
    run(&other, &server).expect("synced");
    run(&one, &server).expect("synced");
    for (till, events) in [(&one, 4 + 3), (&other, 4 + 6)] {
        assert_eq!((till.lines().len(), unsent(till)), (events, 0));
        let lost = till.ledger.read(crate::ledger::recovery::list_lost).expect("listed");
        assert_eq!(lost.iter().map(|lost| lost.is_copy).collect::<Vec<_>>(), [true]);
    }
    assert_eq!(server.state().log.lines().len(), 4 + 3 + 6, "the server has both");
    other.happen(1);
    run(&other, &server).expect("synced");
    let given_back = server.state().given_back;
    run(&one, &server).expect("synced");
    assert_eq!(server.state().given_back - given_back, 1, "a copy's new events are only counted");
    assert_eq!(one.lines().len(), 4 + 3);
}

#[test]
fn a_withdrawn_till_keeps_what_it_wrote_and_wipes_what_it_was_given() {
    let (till, server) = (FakeTill::new(), FakeServer::new());
    let (key, value) = category(1, "Tragos");
    server.publish(StreamName::Catalog, "put", &key, &value);
    run(&till, &server).expect("synced");
    till.happen(2);
    // Withdrawn while it is being greeted; what it holds is still taken.
    server.state().faults = vec![Fault::Refused(ProblemCode::Revoked)];
    let error = run(&till, &server).expect_err("withdrawn");
    assert_eq!(error.code(), Some(ProblemCode::Revoked));
    assert_eq!((names(&till).len(), till.lines().len()), (0, 3));
    assert!(till.ledger.read(outbox::load_contact).expect("read").revoked_at.is_some());
    assert_eq!((unsent(&till), server.state().log.lines()), (0, till.lines()));
    run(&till, &server).expect("taken back");
    assert_eq!(names(&till), ["Tragos"]);
    assert!(till.ledger.read(outbox::load_contact).expect("read").revoked_at.is_none());
}

#[test]
fn old_events_go_once_a_checked_backup_covers_them_and_not_before() {
    let (mut till, server) = (FakeTill::new(), FakeServer::new());
    let device = StreamName::Device(FakeTill::identity("").enrolment.device_id);
    till.happen(5);
    let chain = till.ledger.chain();
    run(&till, &server).expect("synced");
    till.clock.advance(40 * 24 * 60 * 60 * 1000);
    till.restart();
    till.happen(1);
    run(&till, &server).expect("synced");
    assert_eq!(till.lines().len(), 6 + 2, "nobody said that it is safe");
    let hash = server.state().log.chains[&chain][3].hash;
    let durable = |seq: u64, hash| format!(r#"{{"seq":{seq},"hash":"{hash}"}}"#);
    server.publish(device, "put", &format!("durable/{chain}"), &durable(5, hash));
    run(&till, &server).expect("synced");
    assert_eq!(till.lines().len(), 6 + 2, "with another hash it is no word on our events");
    server.publish(device, "put", &format!("durable/{chain}"), &durable(4, hash));
    run(&till, &server).expect("synced");
    run(&till, &server).expect("synced");
    assert_eq!(till.lines().len(), 2 + 2, "what the backup covers is gone");
    let verified = crate::ledger::verify::verify(&till.ledger.reader().expect("a reader")).expect("verified");
    assert_eq!((verified.faults, verified.events), (Vec::new(), 4), "and the rest still holds");
    // Not even a hand at the writer's connection gets past the door.
    for sql in ["DELETE FROM event", "UPDATE chain SET pruned_seq = pruned_seq + 1", "DELETE FROM pruning"] {
        let refused = till.ledger.write(move |tx| Ok(tx.connection().execute(sql, [])?));
        assert!(refused.is_err(), "{sql}");
    }
}
