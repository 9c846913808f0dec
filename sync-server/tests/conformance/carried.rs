//! A backup of either database is one of both: restored into the other, and from there back, not a row is different.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::ids::TenantId;
use sync_server::app::backup;
use sync_server::app::verify::verify;

use super::home::{Backend, Home, block_on};
use super::script;
use super::support::TestServer;

/// What a restore is there to change.
const CHANGED: [&str; 5] = ["admin_session", "instance", "log", "pulse", "recovery"];

fn rows(home: &Home, of: Option<TenantId>) -> BTreeMap<String, Vec<Value>> {
    let mut rows = home.rows(of);
    rows.retain(|table, _| !CHANGED.contains(&table.as_str()));
    rows
}

#[test]
fn a_company_moves_to_the_other_database_and_back_by_a_backup() {
    let mut server = TestServer::start_on(Backend::Sqlite);
    script::play(&server);
    server.stop();
    let parts = [None, Some(server.company.tenant_id), Some(server.other.tenant_id)];
    let before = parts.map(|part| rows(&server.home, part));
    assert!(before[1].len() > 15 && before[1]["event"].len() > 20, "a night with something in it");
    let logs = server.home.rows(parts[1])["log"].len();
    let homes = [Home::new(Backend::Postgres), Home::new(Backend::Sqlite)];
    let mut from = &server.home;
    for home in &homes {
        let to = home.data().with_file_name("moved.barra");
        block_on(async {
            let store = from.open().await;
            backup::backup(&store, &to, &server.outside).await.expect("a backup");
            store.close().await;
            let data = home.data();
            if home.database.is_none() {
                backup::restore(&to, &data, &home.config().stamp_place(), &server.outside).await.expect("restored");
                return;
            }
            let store = home.open().await;
            backup::restore_into(&store, &to, &data, &server.outside).await.expect("restored");
            store.close().await;
        });
        for (part, before) in parts.iter().zip(&before) {
            assert_eq!(rows(home, *part), *before, "{part:?}");
        }
        is_sound(home, &server);
        from = home;
    }
    assert_eq!(homes[1].rows(parts[1])["log"].len(), logs + 2, "each move made it a log of its own");
}

/// Also in the order in which everything was counted.
fn is_sound(home: &Home, server: &TestServer) {
    let scratch = tempfile::tempdir().expect("a directory");
    block_on(async {
        let store = home.open().await;
        let tenant = store.load_tenant(server.company.tenant_id).await.expect("a company");
        let found = verify(&tenant, scratch.path(), &server.outside).await.expect("a report");
        assert!(found.is_sound(), "{found:?}");
        store.close().await;
    });
}
