use std::sync::Arc;

use reqwest::Method;
use serde_json::json;
use shared::ids::TenantId;
use shared::time::Clock;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row};
use sync_server::store::{Page, Store, StoreError};

use super::database_of;
use super::home::{Backend, LOGIN, new_database};
use super::support::{TestServer, TestTill, block_on};

async fn connect(url: &str) -> PgConnection {
    url.parse::<sqlx::postgres::PgConnectOptions>().expect("an address").connect().await.expect("a connection")
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) AS n FROM {table}"));
    sqlx::query(sql).fetch_one(connection).await.expect("a count").get("n")
}

/// A server with something in every corner of two companies.
fn busy() -> TestServer {
    let server = TestServer::start_on(Backend::Postgres);
    for company in [&server.company, &server.other] {
        let mut till = TestTill::enrol(&server, company, 0);
        let events = [till.started(), till.opened()];
        till.push(&events);
        let (event, sale) = till.sale(2);
        let redeemed = till.redeemed(&sale.tickets[0], 1);
        let again = till.redeemed(&sale.tickets[0], 2);
        till.push(&[event, redeemed, again]);
    }
    server
}

const DIVIDED: &str = "SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname";

#[test]
fn whoever_does_not_say_whose_they_are_sees_nothing_and_writes_nothing() {
    let server = busy();
    let database = database_of(&server);
    let tables: Vec<String> = database.sql(DIVIDED).lines().map(str::to_owned).collect();
    block_on(async {
        for (url, role) in [(database.url_of(LOGIN), None), (database.url(), Some("SET ROLE barra_app"))] {
            let mut connection = connect(&url).await;
            if let Some(role) = role {
                connection.execute(role).await.expect("a role");
            }
            for table in &tables {
                assert_eq!(count(&mut connection, table).await, 0, "{table}");
                let mut tx = connection.begin().await.expect("a transaction");
                tx.execute("SET LOCAL barra.tenant_id = '01a20083-0cc0-713e-abf4-8d2eee705d4a'").await.expect("said");
                assert_eq!(count(&mut tx, table).await, 0, "{table}: a company that is none");
                tx.rollback().await.expect("an end");
            }
            let venue = "INSERT INTO venue (venue_id, record, created_at) VALUES (gen_random_uuid(), '{}', 0)";
            connection.execute(venue).await.expect_err("nobody's row");
            connection.close().await.expect("a close");
        }
    });
    assert_ne!(database.sql("SELECT count(*) FROM sale"), "0", "the rows are there");
}

#[test]
fn a_transaction_s_company_ends_with_it_and_takes_no_other_s_rows() {
    let server = busy();
    let (ours, theirs) = (server.company.tenant_id, server.other.tenant_id);
    block_on(async {
        let mut connection = connect(&database_of(&server).url_of(LOGIN)).await;
        let mut tx = connection.begin().await.expect("a transaction");
        let say = sqlx::AssertSqlSafe(format!("SET LOCAL barra.tenant_id = '{ours}'"));
        tx.execute(say).await.expect("said");
        assert_eq!(count(&mut tx, "sale").await, 1);
        let others = sqlx::AssertSqlSafe(format!("SELECT count(*) AS n FROM sale WHERE tenant_id = '{theirs}'"));
        assert_eq!(tx.fetch_one(others).await.expect("a count").get::<i64, _>("n"), 0);
        let steal = sqlx::AssertSqlSafe(format!("UPDATE sale SET tenant_id = '{theirs}'"));
        let mut try_it = tx.begin().await.expect("a savepoint");
        try_it.execute(steal).await.expect_err("given to another");
        try_it.rollback().await.expect("an end");
        let change = sqlx::AssertSqlSafe(format!("DELETE FROM sale WHERE tenant_id = '{theirs}'"));
        assert_eq!(tx.execute(change).await.expect("done").rows_affected(), 0);
        tx.commit().await.expect("a commit");
        assert_eq!(count(&mut connection, "sale").await, 0, "the next on this connection starts as nobody");
        for mighty in ["DROP TABLE sale", "ALTER TABLE sale DISABLE ROW LEVEL SECURITY", "SELECT divide('sale')"] {
            connection.execute(mighty).await.expect_err(mighty);
        }
        connection.close().await.expect("a close");
    });
}

#[test]
fn a_server_does_not_serve_as_a_role_that_sees_everything() {
    let database = new_database();
    let url = database.url();
    // Act as barra_app, whoever logs in; but if that one were the owner, nothing would bind it.
    block_on(async { Store::connect(&url).await.expect("acts as barra_app").close().await });
    database.sql("ALTER TABLE event OWNER TO barra_app");
    let refused = block_on(Store::connect(&url)).err().expect("refused");
    assert!(matches!(refused, StoreError::Mighty), "{refused}");
}

#[test]
fn two_companies_share_connections_and_never_a_row() {
    let server = busy();
    let (ours, theirs) = (server.company.tenant_id, server.other.tenant_id);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    runtime.block_on(async {
        let store = Arc::new(server.home.open().await);
        let names = [(ours, server.company.product.product_id), (theirs, server.other.product.product_id)];
        let asked = (0..400).map(|turn: usize| {
            let (store, (tenant, product)) = (Arc::clone(&store), names[turn % 2]);
            tokio::spawn(async move {
                let tenant = store.load_tenant(tenant).await.expect("a company");
                let mut tx =
                    if turn % 8 < 2 { tenant.write_beside().await } else { tenant.read().await }.expect("begun");
                let products = tx.list_products(Page::ALL).await.expect("products").items;
                assert_eq!(products.iter().map(|p| p.product_id).collect::<Vec<_>>(), [product]);
                // Half of them are given up half-way, as by a client that hangs up.
                if turn.is_multiple_of(3) {
                    tx.commit().await.expect("a commit");
                }
            })
        });
        for answer in asked.collect::<Vec<_>>() {
            answer.await.expect("its own rows");
        }
        store.close().await;
    });
}

/// What only the other company has, in any answer to this one.
#[test]
fn a_canary_of_one_company_never_comes_out_of_another() {
    let server = busy();
    let canary = "Kanarienvogel-7c21";
    let theirs = server.head("osorno-admin");
    let product = json!({ "sku": canary, "name": canary, "category_id": server.other.product.category_id,
        "price_minor": 1000, "tax_rate_bp": 1900, "barcodes": [], "is_ticketed": false });
    let added = theirs.send(Method::POST, "/v1/admin/products", Some(&product));
    assert_eq!(added.status(), 201);
    let added: serde_json::Value = added.json().expect("a product");
    let staff = json!({ "name": canary, "roles": ["cashier"], "pin": "2580" });
    assert_eq!(theirs.send(Method::POST, "/v1/admin/staff", Some(&staff)).status(), 201);
    let sale = theirs.get("/v1/admin/sales")["items"][0]["sale_id"].as_str().expect("a sale").to_owned();
    let strangers =
        [canary, &sale, &server.other.tenant_id.to_string(), &server.other.venue_id.to_string()].map(str::to_owned);
    let (ours, till) = (server.admin(), server.till(1));
    let mut answers = Vec::new();
    let document: serde_json::Value = serde_json::from_str(&sync_server::api::openapi_json()).expect("JSON");
    let mut walked = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let is_stream = path.contains("bell");
        for method in methods.as_object().expect("methods").keys().filter(|_| !is_stream) {
            let method: Method = method.to_uppercase().parse().expect("a method");
            if method == Method::DELETE && path.contains("session") {
                continue;
            }
            for id in [&sale, &added["product_id"].as_str().expect("an id").to_owned()] {
                let path = path.replace("{id}", id).replace("{chain}", id).replace("{hash}", &"0".repeat(64));
                let answer = ours.send(method.clone(), &path, (method != Method::GET).then_some(&product));
                answers.push((format!("admin {method} {path}"), answer.text().expect("text")));
                let signed = till.signed(method.clone(), &format!("{path}?stream=T:cat"), Vec::new());
                answers.push((format!("till {method} {path}"), till.send(&signed).text().expect("text")));
                walked += 1;
            }
        }
    }
    assert!(walked > 50, "{walked} requests");
    for list in ["products", "staff", "sales", "tills", "registers", "venues", "categories"] {
        answers.push((list.to_owned(), ours.get(&format!("/v1/admin/{list}?limit=200")).to_string()));
    }
    for (asked, answer) in answers {
        for stranger in &strangers {
            // Our own words come back at us from a product we add under the canary's category: that is a refusal.
            assert!(!answer.contains(stranger.as_str()), "{asked} told {stranger}: {answer}");
        }
    }
}

#[test]
fn a_database_that_goes_away_is_a_503_and_comes_back_by_itself() {
    let server = TestServer::start_on(Backend::Postgres);
    let mut till = server.till(0);
    let events = [till.started(), till.opened()];
    let database = database_of(&server);
    let name = database.sql("SELECT current_database()");
    database.outside(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    let others = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    database.outside(&others);
    let answer = till.post(&TestTill::request_of(vec![till.batch(&events)]));
    assert_eq!(answer.status(), 503, "{:?}", answer.text());
    database.outside(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    assert_eq!(super::support::ok(&till.push(&events)).0, 2, "nothing was lost, nothing taken twice");
}

#[test]
fn a_lock_that_is_not_to_be_had_is_a_503() {
    let server = TestServer::start_on(Backend::Postgres);
    let mut till = server.till(0);
    let events = [till.started()];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a thread");
    let (store, alone) = runtime.block_on(async {
        let store = server.home.open().await;
        let tenant = store.load_tenant(server.company.tenant_id).await.expect("the company");
        (store, tenant.write().await.expect("alone"))
    });
    let answer = till.post(&TestTill::request_of(vec![till.batch(&events)]));
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"), "and when to come again");
    runtime.block_on(async {
        drop(alone);
        store.close().await;
    });
    assert_eq!(super::support::ok(&till.push(&events)).0, 1);
}

#[test]
fn what_a_stranger_types_is_text_to_either_database() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let server = TestServer::start_on(backend);
        for name in ["\u{0}", "a\u{0}b", "'; DROP TABLE admin; --", "\\", "$1", "%"] {
            assert_eq!(server.sign_in(name, "x").status(), 401, "{backend:?} {name:?}");
        }
        let tenant = TenantId::new(server.clock.now(), &*server.outside.entropy);
        let none = block_on(async {
            let store = server.home.open().await;
            let none = store.find_tenant(tenant).await.expect("an answer").is_none();
            store.close().await;
            none
        });
        assert!(none);
    }
}
