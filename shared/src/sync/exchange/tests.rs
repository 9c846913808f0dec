mod bench;

use bench::{Bench, Fault};

use super::*;
use crate::sync::protocol::ProblemCode;

#[test]
fn a_till_says_hello_then_sends_then_asks_for_its_streams_in_order() {
    let mut bench = Bench::new();
    bench.happen(3);
    let report = bench.run();
    assert_eq!((report.sent, report.unsent, report.trouble), (4, 0, None));
    assert_eq!(bench.asked(), ["hello", "push 4", "pull V", "pull D", "snapshot T", "part", "pull T"]);
    assert_eq!(bench.server.lines(), bench.till.lines());
    bench.run();
    assert_eq!(bench.asked(), ["pull V", "pull D", "pull T"], "the line is known, and nothing is to be sent");
}

#[test]
fn an_answer_that_was_lost_doubles_nothing() {
    let mut bench = Bench::new();
    bench.happen(3);
    bench.faults = vec![Fault::None, Fault::AnswerLost];
    assert!(bench.run().trouble.is_some());
    assert_eq!((bench.server.lines().len(), bench.till.unsent()), (4, 4), "there, but not known to be");
    bench.run();
    assert_eq!((bench.server.lines(), bench.till.unsent()), (bench.till.lines(), 0));
}

#[test]
fn an_acknowledgement_with_another_hash_proves_nothing() {
    let mut bench = Bench::new();
    bench.happen(1);
    bench.faults = vec![Fault::None, Fault::OtherHash];
    let report = bench.run();
    assert_eq!((report.trouble, bench.till.unsent()), (Some(Trouble::NothingProved), 2));
}

#[test]
fn a_restored_server_is_noticed_by_the_hello_and_gets_what_it_lost_and_no_more() {
    let mut bench = Bench::new();
    bench.happen(4);
    bench.run();
    let backup = bench.server.clone();
    bench.happen(3);
    bench.run();
    bench.server = backup;
    bench.server.log(2);
    bench.lose_the_line();
    let report = bench.run();
    assert_eq!((report.sent, report.unsent), (3, 0));
    assert_eq!(bench.server.lines(), bench.till.lines());
}

#[test]
fn a_server_restored_between_two_requests_is_noticed_by_its_log() {
    let mut bench = Bench::new();
    bench.happen(4);
    bench.run();
    let backup = bench.server.clone();
    bench.happen(3);
    bench.run();
    bench.server = backup;
    bench.server.log(2);
    // The line held all the time; a pull is the first to hear of it, and everything is said again at once.
    bench.run();
    assert_eq!(bench.till.unsent(), 0);
    assert_eq!(bench.server.lines(), bench.till.lines());
}

#[test]
fn a_gap_is_believed_where_the_hashes_agree_and_starts_over_where_they_do_not() {
    let mut bench = Bench::new();
    bench.has_hello = false;
    bench.happen(5);
    bench.run();
    for keeps in [2, 0] {
        bench.server.keep_of_every_chain(keeps);
        bench.happen(1);
        bench.run();
        assert_eq!((bench.server.lines(), bench.till.unsent()), (bench.till.lines(), 0), "kept {keeps}");
    }
    // The server holds another history under this chain's numbers, shorter than ours.
    bench.server.replace_main_with_another(3);
    bench.happen(1);
    let report = bench.run();
    assert!(report.forked);
    bench.pass_a_minute();
    bench.run();
    assert_eq!(bench.till.unsent(), 0, "both histories are kept");
}

#[test]
fn a_fork_seals_the_chain_and_the_till_goes_on_in_another() {
    let mut bench = Bench::new();
    bench.happen(2);
    bench.run();
    let mut twin = bench.clone_till();
    bench.happen(2);
    bench.run();
    twin.happen(1);
    std::mem::swap(&mut twin.server, &mut bench.server);
    let report = twin.run();
    assert!(report.forked);
    assert_eq!(twin.till.sealed.len(), 1, "a chain that someone else writes, too");
    twin.happen(1);
    twin.pass_a_minute();
    twin.run();
    assert_eq!(twin.till.unsent(), 0);
    let lines = twin.server.lines();
    assert!(twin.till.lines().iter().chain(&bench.till.lines()).all(|line| lines.contains(line)));
}

#[test]
fn events_lost_by_a_restore_come_back_and_are_not_sent_again() {
    let mut bench = Bench::new();
    bench.happen(2);
    bench.run();
    let backup = bench.till.clone();
    bench.happen(700);
    bench.restart();
    bench.happen(4);
    bench.run();
    let all = bench.till.lines();
    bench.till = backup;
    bench.restart();
    let report = bench.run();
    assert_eq!((report.recovered, report.sent), (700 + 5, 1));
    assert!(all.iter().all(|line| bench.till.lines().contains(line)));
    assert_eq!((bench.till.unsent(), report.forked), (0, false));
}

#[test]
fn events_of_another_copy_of_the_till_are_not_taken_for_lost_ones() {
    let mut bench = Bench::new();
    bench.happen(2);
    bench.run();
    let mut twin = bench.clone_till();
    bench.happen(5);
    bench.run();
    twin.happen(2);
    let before = twin.till.lines();
    std::mem::swap(&mut twin.server, &mut bench.server);
    let report = twin.run();
    assert!(report.forked);
    assert_eq!((report.recovered, twin.till.sealed.len()), (0, 1));
    assert!(before.iter().all(|line| twin.till.lines().contains(line)));
}

#[test]
fn what_is_sold_while_a_copy_is_found_out_is_not_written_over() {
    let mut bench = Bench::new();
    bench.happen(2);
    bench.run();
    let mut twin = bench.clone_till();
    bench.happen(5);
    bench.run();
    std::mem::swap(&mut twin.server, &mut bench.server);
    twin.sells_during_hello = 3;
    assert!(twin.run().forked);
    twin.pass_a_minute();
    twin.run();
    assert_eq!((twin.till.unsent(), twin.till.sealed.len()), (0, 1));
    let lines = twin.server.lines();
    assert!(twin.till.lines().iter().chain(&bench.till.lines()).all(|line| lines.contains(line)));
}

#[test]
fn a_refused_chain_waits_an_hour_and_holds_up_no_other() {
    let mut bench = Bench::new();
    bench.happen(6);
    bench.server.poison = Some(bench.till.lines()[3].clone());
    bench.restart();
    bench.happen(2);
    let report = bench.run();
    assert_eq!((report.refused.len(), report.trouble), (1, None));
    let held = bench.server.lines().len();
    assert_eq!((held, bench.till.unsent()), (3 + 3, 4), "what came before it, and the other chain");
    bench.asked();
    bench.run();
    assert!(!bench.asked().iter().any(|asked| asked.starts_with("push")), "left in peace");
    bench.server.poison = None;
    (0..60).for_each(|_| bench.pass_a_minute());
    bench.run();
    assert_eq!(bench.till.unsent(), 0);
}

#[test]
fn a_request_too_large_is_halved_until_it_passes() {
    let mut bench = Bench::new();
    bench.happen(20);
    bench.server.most_events = 3;
    bench.run();
    assert_eq!((bench.server.lines(), bench.till.unsent()), (bench.till.lines(), 0));
}

#[test]
fn what_the_server_wants_at_once_is_what_it_gets() {
    let mut bench = Bench::new();
    bench.happen(24);
    bench.server.window = 10;
    bench.run();
    assert_eq!(bench.asked()[1..4], ["push 10", "push 10", "push 5"]);
}

#[test]
fn a_server_that_becomes_crowded_is_sent_less() {
    let mut bench = Bench::new();
    bench.happen(24);
    bench.server.window = 20;
    bench.server.next_window = Some(4);
    bench.run();
    assert_eq!(bench.asked()[1..4], ["push 20", "push 4", "push 1"]);
}

#[test]
fn a_refusal_of_our_events_does_not_keep_news_from_us() {
    let mut bench = Bench::new();
    bench.happen(1);
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.faults = vec![Fault::None, Fault::Refused(ProblemCode::Unavailable)];
    let report = bench.run();
    assert_eq!((report.pulled, report.unsent), (1, 2));
    assert!(report.trouble.is_some_and(|trouble| !trouble.needs_attention()));
}

#[test]
fn a_revoked_till_still_offers_what_it_holds_asks_for_nothing_and_comes_back_hourly() {
    let mut bench = Bench::new();
    bench.happen(1);
    bench.faults = vec![Fault::Refused(ProblemCode::Revoked), Fault::Refused(ProblemCode::Revoked)];
    let report = bench.run();
    assert_eq!(bench.asked(), ["hello", "push 2"]);
    assert_eq!((bench.till.unsent(), bench.woken_in), (2, Some(HOUR_MS)));
    assert!(report.trouble.is_some_and(|trouble| trouble.needs_attention()));
}

#[test]
fn a_server_from_before_hellos_is_spoken_to_all_the_same() {
    let mut bench = Bench::new();
    bench.has_hello = false;
    bench.happen(1);
    let report = bench.run();
    assert_eq!((report.sent, report.trouble), (2, None));
    bench.asked();
    bench.run();
    assert!(!bench.asked().contains(&"hello".to_owned()), "asked once on a line");
}

#[test]
fn a_failure_is_tried_again_by_itself_and_commits_do_not_shorten_the_peace() {
    let mut bench = Bench::new();
    bench.happen(1);
    let mut waits = Vec::new();
    for _ in 0..12 {
        bench.faults = vec![Fault::Lost];
        assert_eq!(bench.run().trouble.map(|trouble| trouble.needs_attention()), Some(false));
        waits.push(bench.woken_in.expect("it comes back by itself"));
        assert!(bench.step(Input::Committed).is_empty());
        let rang = Input::Rang { stream: StreamName::Catalog, head: 9 };
        assert!(bench.step(rang).is_empty());
    }
    assert_eq!(waits[..3], [999, 1_999, 3_999]);
    assert_eq!(waits[11], 299_999);
    bench.faults = vec![Fault::Busy(17_000)];
    bench.run();
    assert_eq!(bench.woken_in, Some(299_999), "no less than our own patience");
    bench.run();
    bench.faults = vec![Fault::Busy(17_000)];
    bench.run();
    assert_eq!(bench.woken_in, Some(17_000));
}

#[test]
fn commits_close_together_travel_together_and_those_meanwhile_go_next() {
    let mut bench = Bench::new();
    bench.run();
    bench.asked();
    bench.happen(1);
    assert!(matches!(bench.step(Input::Committed)[..], [Effect::WakeIn(COALESCE_MS)]));
    bench.happen(1);
    assert!(bench.step(Input::Committed).is_empty());
    bench.commits_meanwhile = 1;
    bench.wake();
    assert_eq!(bench.asked(), ["push 2", "push 1", "pull V", "pull D", "pull T"]);
    assert_eq!((bench.till.unsent(), bench.woken_in), (0, Some(COALESCE_MS)));
}

#[test]
fn a_bell_pulls_its_stream_and_no_other_and_an_old_one_nothing() {
    let mut bench = Bench::new();
    bench.run();
    bench.asked();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.give(Input::Rang { stream: StreamName::Catalog, head: 1 });
    assert_eq!(bench.asked(), ["pull T"]);
    bench.give(Input::Rang { stream: StreamName::Catalog, head: 1 });
    assert!(bench.asked().is_empty());
}

#[test]
fn a_ledger_that_takes_nothing_counts_nothing_as_sent() {
    let mut bench = Bench::new();
    bench.happen(2);
    bench.till.is_full = true;
    assert_eq!(bench.run().trouble, Some(Trouble::Ledger));
    bench.till.is_full = false;
    bench.run();
    assert_eq!((bench.server.lines(), bench.till.unsent()), (bench.till.lines(), 0));
}

#[test]
fn another_history_comes_as_a_snapshot_and_is_whole_before_the_cursor_moves() {
    for faults in [vec![], vec![Fault::BadSnapshot]] {
        let mut bench = Bench::new();
        for n in 0..1_200 {
            bench.server.publish(StreamName::Catalog, "put", &format!("category/{n:05}"));
        }
        bench.run();
        bench.server.log(2);
        bench.server.forget(StreamName::Catalog);
        for n in 100..2_000 {
            bench.server.publish(StreamName::Catalog, "put", &format!("category/{n:05}"));
        }
        bench.server.publish(StreamName::Catalog, "del", "category/00100");
        bench.asked();
        bench.snapshot_faults.clone_from(&faults);
        bench.run();
        assert_eq!(bench.till.copies(StreamName::Catalog), bench.server.records(StreamName::Catalog), "{faults:?}");
        assert!(bench.till.copies_were_never_fewer_than(1_099));
    }
}

#[test]
fn a_renewal_broken_off_anywhere_begins_again() {
    let mut bench = Bench::new();
    for n in 0..500 {
        bench.server.publish(StreamName::Catalog, "put", &format!("category/{n:05}"));
    }
    bench.run();
    bench.server.log(2);
    bench.server.forget(StreamName::Catalog);
    bench.server.publish(StreamName::Catalog, "put", "category/00001");
    for lost_after in 3..6 {
        bench.faults = vec![Fault::None; lost_after];
        bench.faults.insert(0, Fault::Lost);
        bench.run();
    }
    bench.faults.clear();
    bench.run();
    assert_eq!(bench.till.copies(StreamName::Catalog), bench.server.records(StreamName::Catalog));
}

#[test]
fn a_log_that_goes_on_from_ours_without_news_is_ours_from_then_on() {
    let mut bench = Bench::new();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.run();
    bench.server.log(2);
    bench.lose_the_line();
    bench.run();
    assert_eq!(bench.till.logs_followed(), [bench.till.log()].into());
}

#[test]
fn a_hole_in_a_stream_is_loud_and_applies_nothing() {
    let mut bench = Bench::new();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.server.publish(StreamName::Catalog, "put", "category/2");
    bench.has_snapshots = false;
    bench.server.punch_a_hole(StreamName::Catalog);
    let report = bench.run();
    assert!(matches!(report.trouble, Some(Trouble::Stream(StreamName::Catalog, _))));
    assert!(bench.till.copies(StreamName::Catalog).is_empty());
}

#[test]
fn a_hello_that_finds_every_cursor_at_its_head_is_the_only_question() {
    let mut bench = Bench::new();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.run();
    bench.lose_the_line();
    bench.asked();
    assert_eq!(bench.run().trouble, None);
    assert_eq!(bench.asked(), ["hello"]);
    bench.server.publish(StreamName::Catalog, "put", "category/2");
    bench.lose_the_line();
    bench.run();
    assert_eq!(bench.asked(), ["hello", "pull T"]);
    assert_eq!(bench.till.copies(StreamName::Catalog), bench.server.records(StreamName::Catalog));
    bench.run();
    assert_eq!(bench.asked(), ["pull V", "pull D", "pull T"], "what was told is told of one exchange");
}

#[test]
fn what_is_sent_makes_what_the_hello_said_of_streams_old() {
    let mut bench = Bench::new();
    bench.run();
    bench.lose_the_line();
    bench.happen(1);
    bench.asked();
    bench.run();
    assert_eq!(bench.asked(), ["hello", "push 1", "pull V", "pull D", "pull T"]);
}

#[test]
fn a_cursor_the_hello_calls_gone_is_not_shown_again() {
    let mut bench = Bench::new();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.run();
    bench.server.log(2);
    bench.server.forget(StreamName::Catalog);
    bench.server.publish(StreamName::Catalog, "put", "category/2");
    bench.lose_the_line();
    bench.asked();
    bench.run();
    assert_eq!(bench.asked(), ["hello", "snapshot T", "part", "pull T"]);
    assert_eq!(bench.till.copies(StreamName::Catalog), bench.server.records(StreamName::Catalog));
}

#[test]
fn a_head_with_our_number_and_another_hash_is_asked_for() {
    let mut bench = Bench::new();
    bench.server.publish(StreamName::Catalog, "put", "category/1");
    bench.run();
    bench.lose_the_line();
    bench.asked();
    bench.server.lies_of_heads = true;
    bench.run();
    assert_eq!(bench.asked(), ["hello", "pull T"], "the server's word is not enough");
}

#[test]
fn a_server_that_tells_nothing_of_streams_is_asked_for_all() {
    let mut bench = Bench::new();
    bench.server.tells_standings = false;
    bench.run();
    bench.lose_the_line();
    bench.asked();
    bench.run();
    assert_eq!(bench.asked(), ["hello", "pull V", "pull D", "pull T"]);
}
