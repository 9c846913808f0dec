//! What a till does when its disk is not what it was: an older database, a full disk, a changed page.

use std::path::Path;
use std::sync::Arc;

use pos_app::commands::ErrorCode;
use pos_app::ledger::witness;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::event::{Fact, Read, SealedEvent, WitnessState};
use tempfile::TempDir;

use crate::support::{Counter, open};

/// Settings with a witness outside the data, and so much ballast.
fn watch(counter: &mut Counter, outside: &Path, ballast_mb: u32) {
    let text = format!("[ledger]\nwitness = \"{}\"\nballast_mb = {ballast_mb}\n", outside.display());
    std::fs::write(counter.dir().join("till.toml"), text).expect("till.toml");
    counter.restart();
}

fn sell(counter: &Counter) -> Value {
    counter.add(1, 1);
    counter.pay_cash(10_000)
}

fn copy_database(from: &Path, to: &Path) {
    std::fs::copy(from.join("till.db"), to.join("till.db")).expect("a copy");
    for beside in ["till.db-wal", "till.db-shm"] {
        drop(std::fs::remove_file(to.join(beside)));
    }
}

/// The first events of all chains.
fn beginnings(dir: &Path) -> Vec<shared::event::ChainStarted> {
    let reader = pos_app::ledger::Ledger::open_reader(&dir.join("till.db")).expect("readable");
    let mut found = Vec::new();
    for chain in pos_app::ledger::event::list_chains(&reader).expect("chains") {
        let first: Vec<SealedEvent> =
            pos_app::ledger::event::list_events_after(&reader, &chain, 0, 1).expect("an event");
        if let Read::Known(Fact::ChainStarted(started)) = first[0].read().expect("readable").fact {
            found.push(started);
        }
    }
    found
}

fn concerns(counter: &Counter) -> Vec<(String, u64)> {
    let status = counter.ok("status.get", &json!({}));
    let told = status["concerns"].as_array().expect("a list").iter();
    told.map(|told| (told["code"].as_str().expect("a code").to_owned(), told["events"].as_u64().expect("a number")))
        .collect()
}

#[test]
fn a_database_put_back_from_a_copy_knows_it_and_gives_no_number_out_twice() {
    let (outside, backup) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let mut counter = Counter::selling(21);
    watch(&mut counter, outside.path(), 0);
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    assert_eq!(sell(&counter)["receipt_no"], 1);
    // Closed in order: the copy is whole.
    drop(counter.till.take());
    copy_database(counter.dir(), backup.path());
    counter.restart();
    assert_eq!(concerns(&counter), [], "nothing is wrong yet");
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    let (second, third) = (sell(&counter), sell(&counter));
    assert_eq!((&second["receipt_no"], &third["receipt_no"]), (&json!(2), &json!(3)));
    let kept = witness::path_in(outside.path(), counter.device.device_id);
    drop(counter.till.take());
    let record = witness::read(&kept).expect("readable").expect("written");
    assert_eq!(record.receipt_no, 3, "the witness has seen both");
    copy_database(backup.path(), counter.dir());
    counter.restart();
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    assert_eq!(sell(&counter)["receipt_no"], 4, "numbers that were given out stay given out");
    let told = concerns(&counter);
    assert_eq!(told, [("ledger_restored".to_owned(), record.seq)], "and the till says what it lacks");
    let begun = beginnings(counter.dir());
    let ahead = WitnessState::Ahead { chain: record.chain, seq: record.seq, hash: record.hash };
    assert_eq!(begun.last().and_then(|begun| begun.witness), Some(ahead), "the new chain tells head office, too");
    assert_eq!(begun.last().and_then(|begun| begun.parent.map(|parent| parent.chain)), {
        let before = begun.len() - 2;
        let reader = pos_app::ledger::Ledger::open_reader(&counter.dir().join("till.db")).expect("readable");
        let chains = pos_app::ledger::event::list_chains(&reader).expect("chains");
        Some(chains[before].head.chain)
    });
    counter.assert_whole();
    // The witness has moved on; what is missing is still known.
    counter.restart();
    assert_eq!(concerns(&counter), told);
}

#[test]
fn a_machine_without_a_witness_says_so_and_sells() {
    let outside = TempDir::new().expect("a directory");
    let mut counter = Counter::selling(22);
    watch(&mut counter, outside.path(), 0);
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    sell(&counter);
    let begun = beginnings(counter.dir()).pop().expect("a chain");
    assert_eq!(begun.witness, Some(WitnessState::Absent));
    assert!(begun.certificate.is_some() && begun.sqlite_version.is_some(), "{begun:?}");
    assert_eq!(concerns(&counter), []);
}

#[test]
fn a_place_for_the_witness_that_is_taken_away_does_not_come_back_by_itself() {
    let outside = TempDir::new().expect("a directory");
    let place = outside.path().join("witness");
    let mut counter = Counter::selling(29);
    watch(&mut counter, &place, 0);
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    assert!(place.is_dir(), "the till makes it when it starts");
    drop(outside);
    sell(&counter);
    drop(counter.till.take());
    assert!(!place.exists());
}

#[test]
fn a_full_disk_finishes_the_open_sale_and_begins_no_other() {
    let outside = TempDir::new().expect("a directory");
    let mut counter = Counter::selling(23);
    watch(&mut counter, outside.path(), 1);
    counter.log_in(counter.cashier, crate::support::CASHIER_PIN);
    counter.till().ledger().load_ballast().expect("room");
    let ballast = counter.dir().join("ballast");
    assert!(ballast.exists());
    counter.add(1, 1);
    // The database may not grow by a page: to SQLite that is a full disk.
    let limit = |counter: &Counter, pages: Option<i64>| {
        let set = move |tx: &pos_app::ledger::LedgerTx<'_>| {
            let count: i64 = tx.connection().query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let most = pages.unwrap_or(count);
            tx.connection().query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))?;
            Ok::<_, pos_app::ledger::LedgerError>(())
        };
        counter.till().ledger().write(set).expect("set");
    };
    limit(&counter, None);
    let mut sold = 0_u64;
    let full = loop {
        match counter.run("sale.complete", &json!({ "cash_tendered_minor": 10_000 })) {
            Ok(_) => sold += 1,
            Err((code, _)) => break code,
        }
        assert!(sold < 500, "the disk is never full");
        counter.add(1, 1);
    };
    assert_eq!(full, ErrorCode::DiskFull, "nothing else is said");
    assert!(!ballast.exists(), "the ballast went overboard");
    assert_eq!(concerns(&counter), [("disk_full".to_owned(), 0)]);
    limit(&counter, Some(1_000_000));
    let last = counter.pay_cash(10_000);
    assert_eq!(last["receipt_no"], sold + 1, "the open sale was finished, and no number went missing");
    let product_id = counter.office.products[0].product_id;
    assert_eq!(counter.code("sale.add", &json!({ "product_id": product_id })), ErrorCode::DiskFull);
    counter.till().ledger().load_ballast().expect("room again");
    sell(&counter);
    assert_eq!(concerns(&counter), []);
    counter.assert_whole();
}

#[test]
fn an_event_that_was_changed_is_found_at_the_next_start() {
    let mut counter = Counter::selling(24);
    sell(&counter);
    drop(counter.till.take());
    let path = counter.dir().join("till.db");
    let hand = Connection::open(&path).expect("opened");
    hand.execute_batch(
        "DROP TRIGGER event_is_never_changed;
         UPDATE event SET line = replace(line, '\"receipt_no\":1', '\"receipt_no\":7') WHERE line LIKE '%sale.completed%';",
    )
    .expect("changed");
    drop(hand);
    let opened = open(counter.dir(), &Arc::clone(&counter.clock), 99);
    assert_eq!(opened.map(drop), Err(ErrorCode::LedgerCorrupt));
}

#[test]
fn a_page_that_was_changed_is_found_at_the_next_start() {
    let mut counter = Counter::selling(25);
    for _ in 0..20 {
        sell(&counter);
    }
    drop(counter.till.take());
    let path = counter.dir().join("till.db");
    let mut bytes = std::fs::read(&path).expect("read");
    // Every page but the first: there are no good ones left to start from.
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[..8].fill(0xFF);
    }
    std::fs::write(&path, bytes).expect("written");
    let opened = open(counter.dir(), &Arc::clone(&counter.clock), 99);
    assert_eq!(opened.map(drop), Err(ErrorCode::LedgerCorrupt));
    std::fs::write(&path, b"this is no database at all, it is a letter to a friend").expect("written");
    let opened = open(counter.dir(), &Arc::clone(&counter.clock), 99);
    assert_eq!(opened.map(drop), Err(ErrorCode::LedgerCorrupt));
}
