//! A line cut at any byte, a printer whose power goes, a line that is slow: whatever happens, a job ends confirmed, and
//! then it lies there once, or in doubt, and then it lies there at most once. The papers are what the printer made.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use pos_app::commands::types::PaperDoubt;
use pos_app::config::{PrinterConfig, SensorLevel};
use pos_app::printer::profile::QrBy;
use pos_app::printer::simulated::{Paper, SimulatedPrinter};
use pos_app::printer::spooler::Pace;
use pos_app::printer::transport::Deadlines;
use pos_app::printer::{Columns, Document, PrintJob, Profile, Spooler, TicketSlip};

use super::super::bytes_of;
use super::line::{Fate, Line};
use super::queue::{PATIENCE, Queue, Told, wait_for};
use super::samples;
use super::spooling::quick;

/// Four questions how it is, of three bytes each.
const LOOK: usize = 12;
/// The question whether all was printed.
const ASKED: usize = 3;

/// A ticket with a code of its own.
fn job(job_id: i64) -> PrintJob {
    let code = format!("T1TICKET{job_id}A{}", "A7".repeat(40));
    let document = Document::Ticket(TicketSlip { code, ..samples::ticket() });
    PrintJob { job_id, document, copy_no: 0, opens_drawer: false }
}

fn code_of(job: &PrintJob) -> &str {
    let Document::Ticket(slip) = &job.document else { unreachable!("a ticket") };
    &slip.code
}

/// How many bytes of a ticket go to the printer.
fn length() -> usize {
    let profile = Profile::new(48, "pc858", QrBy::Printer).expect("a printer");
    bytes_of(&job(1).document, profile, 0, false).len()
}

fn brisk() -> Pace {
    let moment = Duration::from_millis(1);
    Pace { back_off: vec![moment], ..quick() }
}

fn ended(job: i64) -> impl Fn(&Told) -> bool {
    move |told| matches!(told, Told::Done { job_id, .. } | Told::InDoubt { job_id, .. } if *job_id == job)
}

/// How often a job's code lies there.
fn times(papers: &[Paper], job: &PrintJob) -> usize {
    papers.iter().flat_map(Paper::qr).filter(|code| code == code_of(job)).count()
}

/// A ticket on a line with a fate, and another behind it. Answers whether the first is confirmed, and how often it lies
/// there.
fn fare(printer: &SimulatedPrinter, line: &Line, fates: &[Fate]) -> (bool, usize) {
    line.set(fates.iter().copied());
    let (first, second) = (job(1), job(2));
    let (queue, heard) = Queue::new([first.clone(), second.clone()]);
    let queue = Arc::new(queue);
    let config = PrinterConfig::at(format!("tcp://{}", line.address));
    let spooler = Spooler::spawn_at(&config, false, Arc::clone(&queue) as _, brisk());
    let end = wait_for(&heard, ended(1));
    assert_eq!(wait_for(&heard, ended(2)), Told::Done { job_id: 2, is_confirmed: true }, "{fates:?}");
    let is_confirmed = end == Told::Done { job_id: 1, is_confirmed: true };
    if !is_confirmed {
        assert!(matches!(end, Told::InDoubt { .. }), "{fates:?}: {end:?}");
        // A person has it printed again.
        queue.add(PrintJob { job_id: 3, copy_no: 1, ..first.clone() });
        spooler.wake();
        assert_eq!(wait_for(&heard, ended(3)), Told::Done { job_id: 3, is_confirmed: true }, "{fates:?}");
    }
    spooler.stop();
    assert!(no_more_of(&heard, 1), "{fates:?}: the first came up again");
    let papers: Vec<Paper> = printer.papers().try_iter().filter(|paper| paper.picture.is_some()).collect();
    let codes: Vec<String> = papers.iter().flat_map(Paper::qr).collect();
    let of = |job: &PrintJob| codes.iter().filter(|code| *code == code_of(job)).count();
    let lies = of(&first);
    assert_eq!(of(&second), 1, "{fates:?}: the one behind it");
    assert!(lies <= 1, "{fates:?}: {lies} papers serve");
    assert!(!is_confirmed || lies == 1, "{fates:?}: confirmed, and {lies} papers");
    let copies = papers.iter().filter(|paper| paper.text.contains("COPIA")).count();
    assert_eq!(copies, usize::from(!is_confirmed), "{fates:?}: a second paper says that it is one");
    (is_confirmed, lies)
}

/// Nothing more was told of a job.
fn no_more_of(heard: &Receiver<Told>, job: i64) -> bool {
    !heard.try_iter().any(|told| ended(job)(&told) || told == Told::Taken(job))
}

/// Every byte of the looks and of the end, and every so many between.
fn places(from: usize, to: usize) -> impl Iterator<Item = usize> {
    (from..=to).filter(move |at| *at < LOOK + 3 || *at + 5 > to || at % 41 == 0)
}

#[test]
fn a_line_cut_at_any_byte_prints_once_or_leaves_a_doubt() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a free port");
    let line = Line::to(printer.address());
    let (mut lost, mut found, mut confirmed) = (0, 0, 0);
    for after in places(0, LOOK + length() + ASKED) {
        let (is_confirmed, lies) = fare(&printer, &line, &[Fate::Cut { after, lost: 0 }]);
        assert!(is_confirmed || after >= LOOK, "cut after {after} bytes, before any of the job, and in doubt");
        match (is_confirmed, lies) {
            (true, _) => confirmed += 1,
            (false, 0) => lost += 1,
            (false, _) => found += 1,
        }
    }
    // A doubt is a doubt: sometimes the paper is there, sometimes not.
    assert!(confirmed >= LOOK && lost > 0 && found > 0, "{confirmed} confirmed, {lost} lost, {found} found after all");
}

#[test]
fn power_that_goes_with_a_part_in_the_buffer_prints_once_or_leaves_a_doubt() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a free port");
    let line = Line::to(printer.address());
    let all = LOOK + length() + ASKED;
    let (mut lost, mut found) = (0, 0);
    for buffer in [1, 64, 400] {
        for after in places(LOOK, all - buffer) {
            let fates = [Fate::Cut { after, lost: buffer }, Fate::Away, Fate::Away];
            let (is_confirmed, lies) = fare(&printer, &line, &fates);
            assert!(!is_confirmed, "{fates:?}: nobody can know");
            *if lies == 0 { &mut lost } else { &mut found } += 1;
        }
    }
    assert!(lost > 0 && found > 0, "{lost} lost, {found} found after all");
}

/// A spooler that has heard its printer, so that silence means something.
fn hearing(line: &Line, queue: &Arc<Queue>, heard: &Receiver<Told>, pace: Pace) -> Spooler {
    let at = PrinterConfig::at(format!("tcp://{}", line.address));
    let config = PrinterConfig { sensor_open_level: Some(SensorLevel::High), ..at };
    let spooler = Spooler::spawn_at(&config, false, Arc::clone(queue) as _, pace);
    if spooler.is_drawer_open().is_none() {
        wait_for(heard, |_| spooler.is_drawer_open().is_some());
    }
    spooler
}

fn patient(silent_rounds: u32) -> Pace {
    let deadlines = Deadlines { answer: Duration::from_millis(500), ..quick().deadlines };
    Pace { deadlines, silent_rounds, look_every: PATIENCE, ..quick() }
}

#[test]
fn a_slow_line_is_waited_for() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a free port");
    let line = Line::to(printer.address());
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let spooler = hearing(&line, &queue, &heard, patient(10));
    // A kilobyte a second, and then a third of that.
    for (job_id, bytes) in [(1, 500), (2, 170)] {
        line.set([Fate::Slow { bytes }]);
        queue.add(job(job_id));
        spooler.wake();
        assert_eq!(wait_for(&heard, ended(job_id)), Told::Done { job_id, is_confirmed: true }, "{bytes} bytes a wait");
    }
    spooler.stop();
    let papers: Vec<Paper> = printer.papers().try_iter().filter(|paper| paper.picture.is_some()).collect();
    assert_eq!((papers.len(), times(&papers, &job(1)), times(&papers, &job(2))), (2, 1, 1));
}

#[test]
fn a_line_slower_than_the_tills_patience_leaves_a_doubt_and_one_paper() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a free port");
    let line = Line::to(printer.address());
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let spooler = hearing(&line, &queue, &heard, patient(1));
    line.set([Fate::Slow { bytes: 20 }]);
    queue.add(job(1));
    spooler.wake();
    assert_eq!(wait_for(&heard, ended(1)), Told::InDoubt { job_id: 1, doubt: PaperDoubt::NoWord });
    let paper = printer.papers().recv_timeout(PATIENCE).expect("it comes out when nobody waits for it any more");
    assert_eq!(times(std::slice::from_ref(&paper), &job(1)), 1);
    queue.add(job(2));
    spooler.wake();
    assert_eq!(wait_for(&heard, ended(2)), Told::Done { job_id: 2, is_confirmed: true });
    spooler.stop();
    let papers: Vec<Paper> = printer.papers().try_iter().collect();
    assert_eq!((times(&papers, &job(1)), times(&papers, &job(2))), (0, 1), "the first does not come again");
}
