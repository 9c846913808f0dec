//! The harness is worth something only if it can fail: on a disk whose syncs do nothing, which is what a program that
//! forgets to sync would see, it must miss what was acknowledged. And the model must tell the whole story of real runs.

use std::path::PathBuf;

use power_cut::series::{Bench, Log, Way};
use power_cut::{server, till};

/// A few loops must be enough.
const SOON: u64 = 20;

fn bench(name: &str, loops: u64) -> Bench {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    Bench::new(&dir, loops, 1).expect("`cargo build -p pos-app -p sync-server --bins` builds what this needs")
}

fn problem(log: Log) -> String {
    assert!(log.loops <= SOON && log.sales_acked > 0, "{log:?}");
    log.problem.expect("a disk that lies is found out")
}

#[test]
fn a_till_on_a_disk_that_lies_is_found_out() {
    let log = till::cut(&bench("lying-till", SOON), Way::LyingDisk, "till").expect("it runs");
    println!("{}", problem(log));
}

#[test]
fn a_server_on_a_disk_that_lies_is_found_out() {
    let log = server::cut(&bench("lying-server", SOON), Way::LyingDisk, "server").expect("it runs");
    println!("{}", problem(log));
}

#[test]
fn the_same_programs_on_an_honest_disk_lose_nothing() {
    let bench = bench("honest", 4);
    for log in [till::cut(&bench, Way::Shim, "till"), server::cut(&bench, Way::Shim, "server")] {
        let log = log.expect("it runs");
        assert_eq!((log.lost, log.problem.as_deref()), (0, None), "{log:?}");
        assert!(log.sales_acked > 0);
    }
}
