use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::event::{Hash, SealedEvent};
use shared::sync::protocol::{Hello, PullReply};
use shared::sync::stream::{Cursor, DurableRecord, StreamItem, StreamName};
use sync_server::StartError;
use sync_server::app::backup::{self, BackupError, Done};
use sync_server::app::check::CheckError;
use sync_server::stamp::StampError;
use sync_server::store::StoreError;

use super::home::{BACKEND, Backend, block_on};
use super::support::{TestServer, TestTill, ok, problem};

fn beside(server: &TestServer, name: &str) -> PathBuf {
    server.home.data().with_file_name(name)
}

fn take(server: &TestServer, to: &Path) -> Result<Done, BackupError> {
    server.with_store(async |store| backup::backup(store, to, &server.outside).await)
}

/// The house burns down; what is left is the backup, and the tills.
fn burn_and_restore(server: &mut TestServer, from: &Path) {
    server.stop();
    server.home.burn();
    restore(server, from).expect("restored");
    server.try_start().expect("it starts");
}

fn restore(server: &TestServer, from: &Path) -> Result<(), BackupError> {
    let (data, note, outside) = (server.home.data(), server.home.config().stamp_place(), &server.outside);
    match BACKEND {
        Backend::Sqlite => block_on(backup::restore(from, &data, &note, outside)).map(drop),
        Backend::Postgres => {
            server.with_store(async |store| backup::restore_into(store, from, &data, outside).await).map(drop)
        }
    }
}

fn totals(server: &TestServer) -> Value {
    server.admin().get("/v1/admin/day-totals?business_date=2026-11-21")["totals"].clone()
}

/// Takes a till out of its borrow of the server, and puts it back.
type Parts =
    (shared::keys::SigningKey, shared::sync::protocol::EnrollReply, Vec<SealedEvent>, shared::event::ChainHead);

fn night(server: &TestServer, place: usize, sales: u8) -> Parts {
    let mut till = server.till(place);
    let mut events = vec![till.started(), till.opened()];
    events.extend((1..=sales).map(|pieces| till.sale(pieces).0));
    till.push(&events);
    (till.key.clone(), till.reply.clone(), events, till.head)
}

#[test]
fn a_till_hears_what_is_in_a_backup_that_holds() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.opened(), till.sale(1).0];
    till.push(&events);
    let to = beside(&server, "first.barra");
    let done = take(&server, &to).expect("a backup");
    assert_eq!((done.told, done.manifest.companies.len()), (1, 2));
    assert_eq!(done.manifest.companies.iter().map(|company| company.events).sum::<u64>(), 3);
    let stream = StreamName::Device(till.reply.device_id);
    let told: PullReply = till.pull(&format!("stream={stream}")).json().expect("items");
    let item: StreamItem = serde_json::from_str(told.items.last().expect("an item")).expect("an item");
    assert_eq!(item.key, format!("durable/{}", till.head.chain));
    let record: DurableRecord = serde_json::from_str(item.value.get()).expect("a record");
    assert_eq!((record.seq, record.hash), (3, till.head.hash));
    assert!(matches!(take(&server, &to), Err(BackupError::Exists(_))), "nothing is ever written over");
    let again = take(&server, &beside(&server, "second/")).expect("a backup");
    assert_eq!(again.told, 0, "nothing new");
    assert!(beside(&server, "second/manifest.json").is_file());
    let left: Vec<_> = std::fs::read_dir(server.home.data().parent().expect("a parent")).expect("a list").collect();
    // In PostgreSQL there is no data directory.
    let all = if BACKEND == Backend::Sqlite { 4 } else { 3 };
    assert_eq!(left.len(), all, "data, note, file and directory, and nothing half-done: {left:?}");
}

/// Sell, back up, sell more, lose everything, restore, let the tills come back: the same as if nothing had happened.
#[test]
fn a_restored_server_gets_back_from_its_tills_what_was_not_in_the_backup() {
    for name in ["night.barra", "night/"] {
        let mut server = TestServer::start();
        let (one, two) = (night(&server, 0, 3), night(&server, 1, 2));
        let to = beside(&server, name);
        take(&server, &to).expect("a backup");
        let (key, reply, mut events, head) = one;
        let (cursor, more) = {
            let mut till = TestTill::back(&server, key.clone(), reply.clone(), head);
            let pulled: PullReply = till.pull("stream=T:cat").json().expect("items");
            let mut cursor = Cursor::start(pulled.log_id);
            pulled.items.iter().for_each(|line| drop(cursor.read(line).expect("dense")));
            let more = [till.sale(7).0, till.sale(8).0];
            till.push(&more);
            (cursor, more)
        };
        events.extend(more);
        let unbroken = totals(&server);
        burn_and_restore(&mut server, &to);
        assert_eq!(totals(&server)["sales"], 5, "what was in the backup");
        let ready: Value = server.get("/ready").json().expect("JSON");
        assert_eq!((&ready["recovering"], &ready["waits_for_tills"]), (&Value::Bool(true), &2.into()));
        let waits = server.admin().get("/v1/admin/board")["waits_for"].clone();
        assert_eq!(waits, serde_json::json!(["Mesón", "Terraza"]));

        let till = TestTill::back(&server, key, reply.clone(), events.last().expect("events").head());
        let hello = till.greet(&Hello { log_id: Some(reply.log_id), ..till.hello() });
        assert_ne!(hello.log_id, reply.log_id, "a log of its own");
        assert_eq!((hello.parent_logs, hello.recovering), (vec![reply.log_id], true));
        assert_eq!((hello.chains[0].have_seq, hello.chains[0].have_hash), (5, events[4].hash));
        let Cursor { log_id, seq, hash } = cursor;
        let on = till.pull(&format!("stream=T:cat&log_id={log_id}&seq={seq}&hash={hash}"));
        assert_eq!(
            on.json::<PullReply>().expect("items").log_id,
            hello.log_id,
            "a cursor both histories share is good"
        );
        let other = Hash::from_bytes([3; 32]);
        problem(till.pull(&format!("stream=T:cat&log_id={log_id}&seq={seq}&hash={other}")), 410, "cursor_gone");
        assert_eq!(ok(&till.push(&events[5..])).0, 7);
        assert_eq!(totals(&server), unbroken);

        let (key, reply, _, head) = two;
        let till = TestTill::back(&server, key, reply, head);
        assert!(!till.greet(&till.hello()).recovering, "the last one has reported");
        assert_eq!(server.get("/ready").json::<Value>().expect("JSON"), serde_json::json!({ "status": "ready" }));
        server.restart();
    }
}

#[test]
fn a_file_put_back_is_not_served_until_it_is_a_log_of_its_own() {
    let mut server = TestServer::start_on(Backend::Sqlite);
    night(&server, 0, 1);
    let name = format!("tenant-{}.db", server.company.tenant_id);
    server.restart();
    server.stop();
    let copy = beside(&server, "copy.db");
    std::fs::copy(server.home.data().join(&name), &copy).expect("a copy");
    server.try_start().expect("it starts");
    server.stop();
    std::fs::copy(&copy, server.home.data().join(&name)).expect("put back");
    let refused = server.try_start().expect_err("it was put back");
    assert!(matches!(refused, StartError::Stamp(StampError::Behind { .. })), "{refused}");
    let adopted = server.with_store(async |store| {
        backup::begin_anew(store, "put back by hand", &server.home.config().stamp_place(), &server.outside).await
    });
    adopted.expect("adopted");
    server.try_start().expect("it starts");
    let logs = server.ask(async |tx| tx.list_logs().await.expect("logs"));
    assert_eq!(logs.len(), 2);
}

/// As other tools than ours restore a database: the same rows, under the same address, in another place.
#[test]
fn a_database_restored_by_other_tools_is_not_served_until_it_is_a_log_of_its_own() {
    let mut server = TestServer::start_on(Backend::Postgres);
    server.stop();
    // Nobody of this machine served it before.
    std::fs::remove_file(server.home.stamp()).expect("no note");
    let database = server.home.database.as_ref().expect("it is in PostgreSQL");
    let name = database.sql("SELECT current_database()");
    database.outside(&format!("CREATE DATABASE {name}_copy TEMPLATE {name}"));
    database.outside(&format!("DROP DATABASE {name}"));
    database.outside(&format!("ALTER DATABASE {name}_copy RENAME TO {name}"));
    let refused = server.try_start().expect_err("it was restored");
    assert!(matches!(refused, StartError::Stamp(StampError::Elsewhere { .. })), "{refused}");
    let note = server.home.config().stamp_place();
    let adopted =
        server.with_store(async |store| backup::begin_anew(store, "restored by hand", &note, &server.outside).await);
    adopted.expect("adopted");
    server.try_start().expect("it starts");
    server.restart();
}

#[test]
fn a_copied_directory_is_not_served_beside_its_original() {
    let mut server = TestServer::start_on(Backend::Sqlite);
    server.stop();
    let elsewhere = beside(&server, "elsewhere");
    std::fs::create_dir(&elsewhere).expect("a directory");
    for entry in std::fs::read_dir(server.home.data()).expect("a list") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), elsewhere.join(entry.file_name())).expect("a copy");
    }
    std::fs::remove_file(server.home.stamp()).expect("the note stays behind");
    let refused = server.try_start().expect_err("it was served elsewhere");
    assert!(matches!(refused, StartError::Stamp(StampError::Missing(_))), "{refused}");
}

#[test]
fn a_server_cut_off_before_it_could_note_its_beat_starts_again() {
    let mut server = TestServer::start_on(Backend::Sqlite);
    for _ in 0..3 {
        server.stop();
        let note = std::fs::read(server.home.stamp()).expect("a note");
        server.try_start().expect("it starts");
        server.stop();
        // As after a cut in the start: beaten, and the note of before.
        let mut stamp: sync_server::stamp::Stamp = serde_json::from_slice(&note).expect("a note");
        stamp.control += 1;
        stamp.tenants.values_mut().for_each(|beats| *beats += 1);
        std::fs::write(server.home.stamp(), serde_json::to_vec(&stamp).expect("JSON")).expect("written");
        server.try_start().expect("one beat ahead of its note is as it was left");
    }
}

#[test]
fn books_that_were_touched_are_no_backup() {
    let server = TestServer::start();
    night(&server, 0, 2);
    server.home.meddle(
        server.company.tenant_id,
        "UPDATE event SET line = replace(line, '5990', '5991') WHERE seq = 3",
        "UPDATE event SET line = convert_to(replace(convert_from(line, 'UTF8'), '5990', '5991'), 'UTF8') WHERE seq = 3",
    );
    let refused = take(&server, &beside(&server, "spoilt.barra")).expect_err("it does not hold");
    let BackupError::Check { source: CheckError::Event { seq, .. }, .. } = refused else { panic!("{refused}") };
    assert_eq!(seq, 3);
    assert!(!beside(&server, "spoilt.barra").exists());
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let mut server = TestServer::start();
    night(&server, 0, 1);
    let whole = beside(&server, "whole/");
    take(&server, &whole).expect("a backup");
    let over = restore(&server, &whole);
    assert!(matches!(over, Err(BackupError::Exists(_) | BackupError::Store(StoreError::Occupied))), "{over:?}");
    server.stop();
    server.home.burn();
    let try_it = |from: &Path| restore(&server, from);
    let name = format!("tenant-{}.db", server.company.tenant_id);
    let mut bytes = std::fs::read(whole.join(&name)).expect("a file");
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    std::fs::write(whole.join(&name), bytes).expect("written");
    assert!(matches!(try_it(&whole), Err(BackupError::Damaged(file)) if file == name));
    std::fs::write(beside(&server, "text"), "not a backup").expect("written");
    assert!(try_it(&beside(&server, "text")).is_err());
    std::fs::remove_file(whole.join(&name)).expect("gone");
    assert!(matches!(try_it(&whole), Err(BackupError::Damaged(_))));
    assert!(!server.home.data().exists(), "nothing is left half-done");
    let companies = server.with_store(async |store| store.list_tenants().await.expect("a list").len());
    assert_eq!(companies, 0, "nothing is left half-done");
}

#[test]
fn a_database_put_back_is_not_served_until_it_is_a_log_of_its_own() {
    let mut server = TestServer::start();
    night(&server, 0, 1);
    server.restart();
    server.stop();
    let before = "UPDATE pulse SET beats = beats - 1";
    server.home.meddle(server.company.tenant_id, before, before);
    let refused = server.try_start().expect_err("it was put back");
    assert!(matches!(refused, StartError::Stamp(StampError::Behind { .. })), "{refused}");
    let adopted = server.with_store(async |store| {
        backup::begin_anew(store, "put back by hand", &server.home.config().stamp_place(), &server.outside).await
    });
    adopted.expect("adopted");
    server.try_start().expect("it starts");
    assert_eq!(server.ask(async |tx| tx.list_logs().await.expect("logs")).len(), 2);
    let waits = server.admin().get("/v1/admin/board")["waits_for"].clone();
    assert_eq!(waits, serde_json::json!(["Mesón"]));
}

#[test]
fn an_operator_may_answer_for_tills_that_will_not_come() {
    let mut server = TestServer::start();
    night(&server, 0, 1);
    let to = beside(&server, "night.barra");
    take(&server, &to).expect("a backup");
    burn_and_restore(&mut server, &to);
    server.change(async |tx| tx.end_recovery().await.expect("ended"));
    server.restart();
    assert_eq!(server.get("/ready").json::<Value>().expect("JSON"), serde_json::json!({ "status": "ready" }));
    assert!(server.admin().get("/v1/admin/board")["waits_for"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn what_was_thought_of_an_event_is_in_its_device_s_stream() {
    let server = TestServer::start();
    let mut till = server.till(0);
    let events = [till.started(), till.sale(1).0];
    till.push(&events);
    let stream = StreamName::Device(till.reply.device_id);
    let told: PullReply = till.pull(&format!("stream={stream}")).json().expect("items");
    let item: StreamItem = serde_json::from_str(&told.items[0]).expect("an item");
    assert_eq!(item.key, format!("note/{}/2", till.head.chain));
    assert_eq!(item.cause, Some(events[1].hash));
    assert!(item.value.get().contains("session_unknown") || item.value.get().contains("session_missing"));
}
