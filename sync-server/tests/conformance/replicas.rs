//! Two servers, two processes, one database, one address before them. Tills push through both; either is killed without
//! a word in the middle, and comes back.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use reqwest::blocking::Client;
use shared::event::SealedEvent;
use shared::sync::protocol::{PullReply, PushReply, PushResult};
use shared::sync::stream::Cursor;
use sync_server::Outside;
use tempfile::TempDir;

use super::home::{Backend, LOGIN};
use super::support::{TestServer, TestTill};
use super::{database_of, go_through};

const BATCHES: usize = 24;
const SALES: usize = 6;

pub(super) struct Replica {
    process: Child,
    pub(super) addr: SocketAddr,
}

impl Replica {
    /// In a directory of its own: there it notes what it served.
    pub(super) fn start(url: &str, dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sync-server"))
            .args(["--database-url", url, "serve", "--listen", "127.0.0.1:0"])
            .env("BARRA_STAMP", dir.join("stamp"))
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(process.stdout.take().expect("its words")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.strip_prefix("Listening on http://")?.to_owned()));
        Self { process, addr: address.expect("it listens").parse().expect("an address") }
    }

    /// As the power goes: SIGKILL, in the middle of whatever it does.
    fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

type Behind = Arc<Mutex<Vec<SocketAddr>>>;

/// One address: each connection goes to the next server that takes it.
fn stand_before(behind: Behind) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for (turn, client) in listener.incoming().map_while(Result::ok).enumerate() {
            let mut servers = behind.lock().expect("a list").clone();
            let count = servers.len();
            servers.rotate_left(turn % count.max(1));
            let Some(server) = servers.into_iter().find_map(|addr| TcpStream::connect(addr).ok()) else { continue };
            for (mut from, mut to) in
                [(client.try_clone().expect("a line"), server.try_clone().expect("a line")), (server, client)]
            {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                    let _ = from.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    addr
}

/// Sells, and sends each batch until it is proved to be held.
fn sell(till: &mut TestTill<'_>, taken: &Sender<()>, failures: &AtomicUsize) {
    for batch in 0..BATCHES {
        let mut events: Vec<SealedEvent> = Vec::new();
        if batch == 0 {
            events.extend([till.started(), till.opened()]);
        }
        for _ in 0..SALES {
            let (event, sale) = till.sale(1);
            let redeemed = till.redeemed(&sale.tickets[0], 1);
            events.extend([event, redeemed]);
        }
        let request = TestTill::request_of(vec![till.batch(&events)]);
        for attempt in 0.. {
            assert!(attempt < 20_000, "never taken");
            let answer = till.try_to_post(&request).ok().filter(|answer| answer.status() == 200);
            let reply = answer.and_then(|answer| answer.json::<PushReply>().ok());
            match reply.as_ref().and_then(|reply| reply.results.first()) {
                Some(PushResult::Ok { matched_seq, matched_hash, .. }) => {
                    assert_eq!((*matched_seq, *matched_hash), (till.head.seq, till.head.hash));
                    break;
                }
                Some(other) => panic!("{other:?}"),
                None => failures.fetch_add(1, Ordering::Relaxed),
            };
        }
        let _ = taken.send(());
    }
}

#[test]
fn either_of_two_servers_may_die_and_nothing_is_lost() {
    let mut server = TestServer::start_on(Backend::Postgres);
    server.http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let server = server;
    let mut tills = vec![
        server.till(0),
        server.till(1),
        TestTill::enrol(&server, &server.other, 0),
        TestTill::enrol(&server, &server.other, 1),
    ];
    // The processes have the real clock.
    server.advance(Outside::system().now().millis_since(server.outside.now()));
    let url = database_of(&server).url_of(LOGIN);
    let dirs = [TempDir::new().expect("a directory"), TempDir::new().expect("a directory")];
    let mut replicas = [Replica::start(&url, dirs[0].path()), Replica::start(&url, dirs[1].path())];
    let behind: Behind = Arc::new(Mutex::new(replicas.iter().map(|replica| replica.addr).collect()));
    let address = format!("http://{}", stand_before(Arc::clone(&behind)));
    go_through(&server, address);

    let (taken, takings) = channel();
    let failures = AtomicUsize::new(0);
    thread::scope(|scope| {
        for till in &mut tills {
            let (taken, failures) = (taken.clone(), &failures);
            scope.spawn(move || sell(till, &taken, failures));
        }
        let wait = |batches: usize| takings.iter().take(batches).for_each(drop);
        for (round, at) in [BATCHES, BATCHES, BATCHES / 2].into_iter().enumerate() {
            wait(at);
            let place = round % 2;
            replicas[place].kill();
            wait(4);
            replicas[place] = Replica::start(&url, dirs[place].path());
            *behind.lock().expect("a list") = replicas.iter().map(|replica| replica.addr).collect();
        }
    });

    let database = database_of(&server);
    for till in &tills {
        let (chain, head) = (till.head.chain, till.head);
        let events = database.sql(&format!(
            "SELECT count(*), min(seq), max(seq), count(DISTINCT hash), max(branch) FROM event WHERE chain = '{chain}'"
        ));
        assert_eq!(events, format!("{0}|1|{0}|{0}|0", head.seq), "each once, none missing, none forked");
        let at_head = format!("SELECT head_seq, encode(head_hash, 'hex') FROM chain WHERE chain = '{chain}'");
        assert_eq!(database.sql(&at_head), format!("{}|{}", head.seq, head.hash));
    }
    let sales = tills.len() * BATCHES * SALES;
    for table in ["sale", "redemption"] {
        assert_eq!(database.sql(&format!("SELECT count(*) FROM {table}")), sales.to_string(), "{table}");
    }
    for table in ["taking", "session_taking"] {
        assert_eq!(database.sql(&format!("SELECT sum(sales) FROM {table}")), sales.to_string(), "{table}");
    }
    for (company, venue) in [(0, server.company.venue_id), (2, server.other.venue_id)] {
        let (till, mut seen) = (&tills[company], HashSet::new());
        let mut query = format!("stream=V:{venue}");
        let mut cursor: Option<Cursor> = None;
        loop {
            let reply: PullReply = till.pull(&query).json().expect("items");
            let at = cursor.get_or_insert_with(|| Cursor::start(reply.log_id));
            for line in &reply.items {
                seen.insert(at.read(line).expect("dense, and its hash rolls along").key.clone());
            }
            if reply.items.is_empty() {
                assert_eq!(at.seq, reply.head_seq);
                break;
            }
            query = format!("stream=V:{venue}&log_id={}&seq={}&hash={}", at.log_id, at.seq, at.hash);
        }
        assert_eq!(seen.len(), 2 * BATCHES * SALES, "every redemption was told to the venue");
    }
    println!("{} pushes found nobody and were sent again", failures.load(Ordering::Relaxed));
}

#[test]
fn a_database_is_made_ready_and_served_by_a_login_that_owns_nothing() {
    let server = TestServer::start_on(Backend::Postgres);
    let database = database_of(&server);
    let run = |url: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-server"));
        let output = command.args(["--database-url", url]).args(arguments).env("RUST_LOG", "off").output();
        let output = output.expect("it runs");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (is_done, said) = run(&database.url(), &["migrate"]);
    assert!(is_done && said.ends_with("every database is up to date\n"), "{said}");
    let (is_done, said) = run(&database.url_of(LOGIN), &["tenant"]);
    assert!(is_done && said.contains("valdivia") && said.contains("osorno"), "{said}");
    database.sql("DELETE FROM _migration_tenant WHERE version = (SELECT max(version) FROM _migration_tenant)");
    let (is_done, said) = run(&database.url_of(LOGIN), &["tenant"]);
    assert!(!is_done && said.contains("cannot be used by this version"), "only the owner brings it up to date: {said}");
}
