use std::collections::BTreeSet;
use std::path::Path;

use super::home::new_database;

fn files(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/server").join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").file_name());
    entries.map(|name| name.into_string().expect("a plain name")).collect()
}

#[test]
fn both_databases_grew_by_the_same_steps() {
    for part in ["control", "tenant"] {
        let (sqlite, postgres) = (files(&format!("sqlite/{part}")), files(&format!("postgres/{part}")));
        assert!(!sqlite.is_empty());
        assert_eq!(sqlite, postgres, "{part}");
    }
}

/// The list of companies is asked before anybody knows whose request it is. Nothing else may be undivided.
const UNDIVIDED: &str =
    "('tenant', 'admin', 'admin_session', 'login_guard', 'device_home', 'enrolment_route', 'instance')";

#[test]
fn every_table_a_company_owns_is_divided_and_led_by_the_company() {
    let database = new_database();
    let tables = format!(
        "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE nspname = 'public' AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_migration%' AND relname NOT IN {UNDIVIDED}"
    );
    let count: usize = database.sql(&format!("SELECT count(*) {tables}")).parse().expect("a number");
    assert!(count >= 24, "{count} tables");
    let not_forced = format!("SELECT relname {tables} AND NOT (relrowsecurity AND relforcerowsecurity)");
    assert_eq!(database.sql(&not_forced), "", "row-level security, forced");
    let no_policy = format!(
        "SELECT relname {tables} AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polcmd = '*'
           AND pg_get_expr(polqual, c.oid) = '(tenant_id = current_tenant())'
           AND pg_get_expr(polwithcheck, c.oid) = '(tenant_id = current_tenant())')"
    );
    assert_eq!(database.sql(&no_policy), "", "one policy: its own");
    let more_policies = "SELECT polrelid::regclass FROM pg_policy GROUP BY polrelid HAVING count(*) > 1";
    assert_eq!(database.sql(more_policies), "", "and no other that lets more in");
    let not_led = format!(
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_namespace n ON n.oid = relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
         WHERE nspname = 'public' AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_migration%'
           AND relname NOT IN {UNDIVIDED} AND attname <> 'tenant_id'"
    );
    assert_eq!(database.sql(&not_led), "", "the company leads every key and index");
    let keyless = format!(
        "SELECT relname {tables} AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)"
    );
    assert_eq!(database.sql(&keyless), "", "every table has a key");
    let default = format!(
        "SELECT relname {tables} AND coalesce((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
           JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum WHERE adrelid = c.oid AND attname = 'tenant_id'), '')
           <> 'current_tenant()'"
    );
    assert_eq!(database.sql(&default), "", "the company fills itself in");
    assert_eq!(
        database
            .sql("SELECT relname FROM pg_class WHERE relname = 'stream_head' AND 'fillfactor=50' = ANY (reloptions)"),
        "stream_head"
    );
}
