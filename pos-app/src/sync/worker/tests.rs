use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use shared::sync::protocol::ProblemCode;

use super::super::fake::{FakeServer, FakeTill, Fault};
use super::*;

/// A till with a worker whose server is in memory and whose time passes only while everybody waits.
struct Bench {
    till: FakeTill,
    server: FakeServer,
    common: Arc<Common>,
    news: Arc<AtomicU32>,
}

impl Bench {
    fn new() -> Self {
        let (till, server) = (FakeTill::new(), FakeServer::new());
        let news = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&news);
        let common = Arc::new(Common {
            ledger: Arc::clone(&till.ledger),
            server_url: String::new(),
            outcome: Mutex::new(Outcome::default()),
            committed: Notify::new(),
            line: watch::Sender::new(false),
            tell: Arc::new(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            }),
        });
        let weak = Arc::downgrade(&common);
        till.ledger.on_commit(move || {
            if let Some(common) = weak.upgrade() {
                common.committed.notify_one();
            }
        });
        Self { till, server, common, news }
    }

    /// Runs the worker beside `story` until that ends.
    fn play(&self, story: impl AsyncFnOnce(&queue::UnboundedSender<Answer>)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let (runs, asked) = queue::unbounded_channel();
            let (_ring, rings) = queue::unbounded_channel();
            let working = work(&self.server, self.till.driver(), &self.common, asked, rings);
            tokio::select! {
                () = working => {}
                () = story(&runs) => {}
            }
        });
    }

    fn unsent(&self) -> u64 {
        self.till.ledger.read(outbox::count_unsent).expect("counted")
    }

    fn pulls(&self) -> u32 {
        self.server.state().pulls
    }
}

/// Lets so much of the worker's time pass.
async fn pass(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[test]
fn a_commit_is_sent_soon_and_commits_close_together_travel_together() {
    let bench = Bench::new();
    bench.play(async |_| {
        pass(1_000).await;
        let before = bench.server.state().pushes;
        bench.till.happen(3);
        pass(100).await;
        bench.till.happen(2);
        pass(90).await;
        assert_eq!(bench.server.state().pushes, before, "not yet: more may come");
        pass(50).await;
        assert_eq!((bench.unsent(), bench.server.state().pushes - before), (0, 1));
        assert!(bench.news.load(Ordering::Relaxed) > 0);
    });
}

#[test]
fn nothing_happening_is_asked_about_at_intervals() {
    let bench = Bench::new();
    bench.play(async |_| {
        pass(1_000).await;
        let before = bench.pulls();
        pass(30_000).await;
        assert_eq!(bench.pulls() - before, 6, "three streams, twice");
    });
}

#[test]
fn a_failure_is_tried_again_by_itself_without_another_commit() {
    let bench = Bench::new();
    bench.till.happen(1);
    bench.server.state().faults = vec![Fault::Lost, Fault::AnswerLost, Fault::Refused(ProblemCode::Unavailable)];
    bench.play(async |_| {
        pass(1).await;
        assert!(bench.common.outcome().offline_since.is_some());
        // One, two and four seconds at most, and a refused push still pulls.
        pass(7_500).await;
        assert_eq!(bench.unsent(), 0);
        assert_eq!(bench.common.outcome().offline_since, None);
    });
}

#[test]
fn commits_do_not_shorten_the_peace_a_failing_server_is_left_in() {
    let bench = Bench::new();
    bench.server.state().faults = vec![Fault::Lost; 1_000];
    bench.play(async |_| {
        for _ in 0..300 {
            bench.till.happen(1);
            pass(1_000).await;
        }
    });
    let tried = 1_000 - bench.server.state().faults.len();
    assert!(tried < 40, "{tried} tries in five minutes");
}

#[test]
fn somebody_who_asks_is_served_at_once_and_told_how_it_went() {
    let bench = Bench::new();
    bench.till.happen(1);
    bench.server.state().faults = vec![Fault::Lost; 12];
    bench.play(async |runs| {
        // Long enough for the pause to have grown.
        while bench.server.state().faults.len() > 4 {
            pass(1_000).await;
        }
        let ask = async || {
            let (answer, answered) = mpsc::sync_channel(1);
            runs.send(answer).expect("it works");
            pass(1).await;
            answered.try_recv().expect("answered at once")
        };
        assert!(matches!(*ask().await.expect_err("still away"), SyncError::Peer(PeerError::Unreachable(_))));
        bench.server.state().faults.clear();
        assert_eq!(ask().await.expect("back").sent_events, 2);
    });
}

#[test]
fn a_revoked_till_keeps_what_it_has_and_says_that_somebody_should_look() {
    let bench = Bench::new();
    bench.till.happen(1);
    // The greeting and the push.
    bench.server.state().faults = vec![Fault::Refused(ProblemCode::Revoked); 2];
    bench.play(async |_| pass(1).await);
    let outcome = bench.common.outcome().clone();
    assert!(outcome.needs_attention && outcome.offline_since.is_none() && outcome.last_contact.is_some());
    assert_eq!(bench.unsent(), 2);
}

#[test]
fn stopping_does_not_wait_for_a_server_that_never_answers() {
    let till = FakeTill::new();
    till.happen(1);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let identity = FakeTill::identity(&format!("http://{}", listener.local_addr().expect("an address")));
    let worker = SyncWorker::spawn(
        Arc::clone(&till.ledger),
        &identity,
        &SyncConfig::default(),
        Arc::clone(&till.clock) as _,
        Arc::clone(&till.entropy) as _,
        |_| {},
    )
    .expect("a worker");
    let (stream, _) = listener.accept().expect("the worker asks");
    assert_eq!(worker.health().expect("health").state, ServerState::Sending);
    worker.stop();
    drop(stream);
}

#[test]
fn without_a_server_the_till_is_offline_and_says_since_when() {
    let till = FakeTill::new();
    till.happen(1);
    let worker = SyncWorker::spawn(
        Arc::clone(&till.ledger),
        &FakeTill::identity("http://127.0.0.1:1"),
        &SyncConfig::default(),
        Arc::clone(&till.clock) as _,
        Arc::clone(&till.entropy) as _,
        |_| {},
    )
    .expect("a worker");
    assert!(matches!(*worker.run_once().expect_err("nobody there"), SyncError::Peer(PeerError::Unreachable(_))));
    let health = worker.health().expect("health");
    assert_eq!((health.state, health.unsent_events, health.last_contact), (ServerState::Offline, 2, None));
    assert_eq!(health.offline_since, Some(till.clock.now()));
}
