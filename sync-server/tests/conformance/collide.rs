//! Two transactions that wait for each other, for real: the database undoes the server's, and whoever asked does not
//! notice.

use std::sync::mpsc::{Sender, channel};
use std::thread;

use reqwest::Method;
use serde_json::json;
use shared::sync::protocol::PullReply;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row};

use super::database_of;
use super::home::Backend;
use super::support::{TestServer, block_on, ok};

/// The lock that somebody holds who waits for another: whoever writes for a company, at a row.
const WAITING: &str = "SELECT (a.classid::bigint << 32) | a.objid::bigint AS key
    FROM pg_locks a JOIN pg_locks w ON w.pid = a.pid AND NOT w.granted
    WHERE a.locktype = 'advisory' AND a.granted
      AND a.database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Ours is the one that is undone: whoever looks for a circle first is, and the other would look in a minute.
fn server() -> TestServer {
    let mut server = TestServer::start_on(Backend::Postgres);
    let name = database_of(&server).sql("SELECT current_database()");
    database_of(&server).outside(&format!("ALTER DATABASE {name} SET deadlock_timeout = '2s'"));
    server.restart();
    server
}

/// Takes a row, waits until the server wants it, then wants what the server holds. Answers what `look` finds once the
/// server's transaction was undone.
async fn rival(url: String, take: String, look: String, taken: Sender<()>) -> i64 {
    let options: sqlx::postgres::PgConnectOptions = url.parse().expect("an address");
    let mut connection: PgConnection = options.connect().await.expect("a connection");
    connection.execute("SET deadlock_timeout = '60s'").await.expect("patience");
    let mut tx = connection.begin().await.expect("a transaction");
    assert!(tx.fetch_optional(AssertSqlSafe(take)).await.expect("a question").is_some(), "a row to take");
    taken.send(()).expect("somebody waits");
    let mut asked = 0;
    let key: i64 = loop {
        asked += 1;
        assert!(asked < 100_000, "the server never wanted it");
        if let Some(row) = tx.fetch_optional(WAITING).await.expect("locks") {
            break row.get("key");
        }
    };
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut *tx).await.expect("the server was undone");
    let found = tx.fetch_one(AssertSqlSafe(look)).await.expect("a row").get::<i64, _>(0);
    tx.commit().await.expect("a commit");
    found
}

fn beside<T>(server: &TestServer, (take, look): (String, String), deed: impl FnOnce() -> T) -> (i64, T) {
    let (taken, is_taken) = channel();
    let url = database_of(server).url();
    thread::scope(|scope| {
        let rival = scope.spawn(move || block_on(rival(url, take, look, taken)));
        is_taken.recv().expect("it is taken");
        let done = deed();
        (rival.join().expect("it ended"), done)
    })
}

#[test]
fn head_office_does_not_notice_a_deadlock() {
    let server = server();
    let (head, product, tenant) = (server.admin(), &server.company.product, server.company.tenant_id);
    let till = server.till(0);
    let ends = || till.pull("stream=T:cat").json::<PullReply>().expect("items").head_seq;
    let before = ends();
    let mut body = serde_json::to_value(product).expect("JSON");
    body["price_minor"] = json!(6_490);
    let path = format!("/v1/admin/products/{}", product.product_id);
    let take = format!("SELECT 1 FROM stream_head WHERE tenant_id = '{tenant}' AND stream = 'T:cat' FOR UPDATE");
    let look = format!("SELECT price_minor FROM product WHERE product_id = '{}'", product.product_id);
    let (seen, answer) = beside(&server, (take, look), || head.send(Method::PUT, &path, Some(&body)));
    assert_eq!(seen, product.price_minor, "the first time was undone");
    assert_eq!(answer.status(), 200, "{:?}", answer.text());
    assert_eq!(ends(), before + 1, "and done once");
    let items = head.get("/v1/admin/products")["items"].clone();
    assert_eq!(items[0]["price_minor"], 6_490);
}

#[test]
fn a_till_does_not_notice_a_deadlock_wherever_it_happens() {
    let server = server();
    let (mut till, tenant) = (server.till(0), server.company.tenant_id);
    // A sale without a session is flagged, and the till's own stream begins.
    let begin = [till.started(), till.sale(1).0];
    till.push(&begin);
    let device = till.reply.device_id;
    let at_the_start = format!("SELECT 1 FROM device WHERE device_id = '{device}' FOR UPDATE");
    let at_the_commit =
        format!("SELECT 1 FROM stream_head WHERE tenant_id = '{tenant}' AND stream = 'D:{device}' FOR UPDATE");
    for (round, take) in [at_the_start, at_the_commit].into_iter().enumerate() {
        let sold = [till.sale(2).0];
        let look = format!("SELECT head_seq FROM chain WHERE chain = '{}'", till.head.chain);
        let before = till.head.seq - 1;
        let (seen, result) = beside(&server, (take, look), || till.push(&sold));
        assert_eq!(seen.cast_unsigned(), before, "round {round}: the first time was undone");
        assert_eq!(ok(&result).0, till.head.seq);
        let kept = format!("SELECT count(*) FROM event WHERE chain = '{}'", till.head.chain);
        assert_eq!(database_of(&server).sql(&kept), till.head.seq.to_string(), "and done once");
    }
}
