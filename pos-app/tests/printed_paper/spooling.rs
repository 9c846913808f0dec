//! Jobs and printers that come and go.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use pos_app::commands::types::{DeviceState, PaperDoubt};
use pos_app::config::{PrinterConfig, SensorLevel};
use pos_app::printer::simulated::{Fault, Paper, SimulatedPrinter};
use pos_app::printer::spooler::Pace;
use pos_app::printer::transport::Deadlines;
use pos_app::printer::{Columns, Document, PrintJob, Spooler};

use super::queue::{PATIENCE, Queue, Told, wait_for};
use super::samples;

fn config(address: SocketAddr) -> PrinterConfig {
    PrinterConfig::at(format!("tcp://{address}"))
}

/// Quick to look and to try again, patient with a printer on a busy machine.
pub(super) fn quick() -> Pace {
    let moment = Duration::from_millis(50);
    Pace {
        deadlines: Deadlines { connect: PATIENCE, write: PATIENCE, answer: Duration::from_secs(3) },
        look_every: moment,
        back_off: vec![moment],
        confirm_rounds: 10,
        silent_rounds: 2,
    }
}

fn job(job_id: i64) -> PrintJob {
    PrintJob { job_id, document: Document::Ticket(samples::ticket()), copy_no: 0, opens_drawer: true }
}

fn next_paper(printer: &SimulatedPrinter) -> Paper {
    printer.papers().recv_timeout(PATIENCE).expect("paper comes out")
}

fn listening() -> SimulatedPrinter {
    SimulatedPrinter::listen("127.0.0.1:0", Columns::C48).expect("a free port")
}

fn is_done(job: i64) -> impl Fn(&Told) -> bool {
    move |told| matches!(told, Told::Done { job_id, .. } if *job_id == job)
}

fn is_in_doubt(told: &Told) -> bool {
    matches!(told, Told::InDoubt { .. })
}

#[test]
fn jobs_come_out_in_order_and_once() {
    let printer = listening();
    let (queue, heard) = Queue::new([job(1), job(2)]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, is_done(2));
    queue.add(PrintJob { document: samples::cash_receipt(), ..job(3) });
    spooler.wake();
    wait_for(&heard, is_done(3));
    let health = spooler.health();
    assert_eq!((health.state, health.pending, health.detail), (DeviceState::Ready, 0, None));
    spooler.stop();
    let papers: Vec<Paper> = (0..3).map(|_| next_paper(&printer)).collect();
    assert_eq!(papers[0].qr(), [samples::ticket_code()]);
    assert_eq!(papers[0].drawer_pulses.len(), 1);
    assert!(papers[2].text.contains("VENTA 88.214"), "{}", papers[2].text);
    assert!(printer.papers().try_recv().is_err(), "and nothing more");
}

#[test]
fn a_job_waits_for_a_printer_that_is_gone() {
    // A port that was free a moment ago: nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    let (queue, heard) = Queue::new([job(1)]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(address), false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    let health = spooler.health();
    assert_eq!((health.state, health.pending), (DeviceState::Unreachable, 1));
    assert!(health.detail.is_some_and(|detail| detail.starts_with("La impresora no contesta")));

    let printer = SimulatedPrinter::listen(address, Columns::C48).expect("the port is still free");
    spooler.wake();
    wait_for(&heard, is_done(1));
    assert_eq!(spooler.health().state, DeviceState::Ready);
    spooler.stop();
    assert!(!next_paper(&printer).text.contains("COPIA"), "nothing left before, so it is the original");
    assert!(printer.papers().try_recv().is_err(), "once");
}

#[test]
fn a_printer_without_paper_is_not_sent_anything() {
    let printer = listening();
    printer.set_fault(Some(Fault::PaperOut));
    let (queue, heard) = Queue::new([job(1)]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    let health = spooler.health();
    assert_eq!((health.state, health.pending), (DeviceState::Attention, 1));
    assert_eq!(health.detail.as_deref(), Some("Falta papel"));
    printer.set_fault(Some(Fault::CoverOpen));
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!(spooler.health().detail.as_deref(), Some("La tapa está abierta"));
    printer.set_fault(Some(Fault::PaperLow));
    wait_for(&heard, is_done(1));
    assert_eq!(spooler.health().detail.as_deref(), Some("Queda poco papel"));
    spooler.stop();
    assert!(!next_paper(&printer).text.contains("COPIA"));
}

#[test]
fn a_cable_pulled_in_the_middle_leaves_a_doubt_and_no_second_paper() {
    let printer = listening();
    // Four questions of three bytes, then a part of the job.
    printer.set_fault(Some(Fault::Pulled { after: 112 }));
    let (queue, heard) = Queue::new([job(1), job(2)]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, quick());
    let doubted = wait_for(&heard, is_in_doubt);
    assert_eq!(doubted, Told::InDoubt { job_id: 1, doubt: PaperDoubt::LineBroke });
    printer.set_fault(None);
    wait_for(&heard, is_done(2));
    spooler.stop();
    let whole = next_paper(&printer);
    assert_eq!(whole.qr(), [samples::ticket_code()], "the next job's own paper");
    assert_eq!(whole.drawer_pulses.len(), 2, "one of the job that was torn, one of its own");
    assert!(printer.papers().try_recv().is_err(), "the first does not come again");
}

#[test]
fn a_cable_pulled_before_the_job_makes_no_copy() {
    let printer = listening();
    printer.set_fault(Some(Fault::Pulled { after: 6 }));
    let (queue, heard) = Queue::new([job(1)]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    printer.set_fault(None);
    wait_for(&heard, is_done(1));
    spooler.stop();
    assert!(!next_paper(&printer).text.contains("COPIA"));
}

#[test]
fn paper_that_ends_in_the_middle_is_waited_for() {
    let printer = listening();
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    printer.set_fault(Some(Fault::PaperEnds { after: 112 }));
    queue.add(job(1));
    spooler.wake();
    wait_for(&heard, |told| *told == Told::Taken(1));
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!(spooler.health().detail.as_deref(), Some("Falta papel"));
    printer.set_fault(None);
    wait_for(&heard, is_done(1));
    spooler.stop();
    let paper = next_paper(&printer);
    assert!(!paper.text.contains("COPIA"), "the printer went on by itself");
    assert_eq!(paper.qr(), [samples::ticket_code()]);
    assert!(printer.papers().try_recv().is_err(), "once");
}

#[test]
fn a_printer_that_takes_all_and_never_prints_leaves_a_doubt() {
    let printer = listening();
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let mut pace = quick();
    pace.deadlines.answer = Duration::from_millis(500);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, pace);
    wait_for(&heard, |told| *told == Told::HealthChanged);
    // It answers as if all were well, and eats the last question.
    printer.set_fault(Some(Fault::NeverConfirms));
    queue.add(job(1));
    spooler.wake();
    assert_eq!(wait_for(&heard, is_in_doubt), Told::InDoubt { job_id: 1, doubt: PaperDoubt::NoWord });
    spooler.stop();
}

#[test]
fn a_spare_takes_the_queue_and_what_was_under_way_is_in_doubt() {
    let (printer, spare) = (listening(), listening());
    let both = PrinterConfig { spare: Some(Box::new(config(spare.address()))), ..config(printer.address()) };
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let spooler = Spooler::spawn_at(&both, false, Arc::clone(&queue) as _, quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    printer.set_fault(Some(Fault::PaperEnds { after: 112 }));
    queue.add(job(1));
    queue.add(job(2));
    spooler.wake();
    wait_for(&heard, |told| *told == Told::Taken(1));
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!(spooler.health().detail.as_deref(), Some("Falta papel"));
    spooler.use_spare(true);
    assert_eq!(wait_for(&heard, is_in_doubt), Told::InDoubt { job_id: 1, doubt: PaperDoubt::PrinterChanged });
    wait_for(&heard, is_done(2));
    let paper = next_paper(&spare);
    assert_eq!((paper.qr(), paper.drawer_pulses.len()), (vec![samples::ticket_code()], 0), "no drawer of another till");
    assert!(spooler.health().address.is_some_and(|address| address.contains(&spare.address().to_string())));
    printer.set_fault(None);
    spooler.use_spare(false);
    queue.add(job(3));
    spooler.wake();
    wait_for(&heard, is_done(3));
    spooler.stop();
    assert!(spare.papers().try_recv().is_err());
}

#[test]
fn an_open_drawer_is_told_where_its_sensor_is_known() {
    let printer = listening();
    let (queue, heard) = Queue::new([]);
    let with_sensor = PrinterConfig { sensor_open_level: Some(SensorLevel::High), ..config(printer.address()) };
    let spooler = Spooler::spawn_at(&with_sensor, false, Arc::new(queue), quick());
    wait_for(&heard, |_| spooler.is_drawer_open() == Some(false));
    printer.set_fault(Some(Fault::DrawerOpen));
    wait_for(&heard, |_| spooler.is_drawer_open() == Some(true));
    assert_eq!(spooler.health().state, DeviceState::Ready, "an open drawer is no trouble");
    spooler.stop();
    let (queue, heard) = Queue::new([]);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::new(queue), quick());
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!(spooler.is_drawer_open(), None, "nobody has said what its levels mean");
    spooler.stop();
}

#[test]
fn a_silent_printer_is_noticed_and_stopping_does_not_hang() {
    let printer = listening();
    let (queue, heard) = Queue::new([]);
    let queue = Arc::new(queue);
    let mut pace = quick();
    pace.deadlines.answer = Duration::from_millis(500);
    let spooler = Spooler::spawn_at(&config(printer.address()), false, Arc::clone(&queue) as _, pace);
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!(spooler.health().state, DeviceState::Ready);
    printer.set_fault(Some(Fault::Stalled));
    queue.add(job(1));
    spooler.wake();
    wait_for(&heard, |told| *told == Told::HealthChanged);
    assert_eq!((spooler.health().state, spooler.health().pending), (DeviceState::Unreachable, 1));
    spooler.stop();
    assert!(printer.papers().try_recv().is_err());
}

#[test]
fn a_device_file_takes_bytes_and_says_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("lp0");
    std::fs::write(&path, b"").expect("a file in place of a device");
    let address = format!("file://{}", path.display());
    let config = PrinterConfig { columns: 32, code_page: "wpc1252".into(), ..PrinterConfig::at(address) };
    let (queue, heard) = Queue::new([job(1)]);
    let spooler = Spooler::spawn_at(&config, false, Arc::new(queue), quick());
    let done = wait_for(&heard, is_done(1));
    assert_eq!(done, Told::Done { job_id: 1, is_confirmed: false }, "sent is not printed");
    spooler.stop();
    let bytes = std::fs::read(&path).expect("the file");
    assert_eq!(super::super::printed(&bytes, Columns::C32).qr(), [samples::ticket_code()]);
}

#[test]
fn a_configuration_no_printer_fits_is_told() {
    let config = PrinterConfig::at("lp0");
    let (queue, _heard) = Queue::new([job(1)]);
    let spooler = Spooler::spawn_at(&config, false, Arc::new(queue), quick());
    spooler.wake();
    let health = spooler.health();
    assert_eq!((health.state, health.pending), (DeviceState::Unreachable, 1));
    assert!(health.detail.is_some_and(|detail| detail.contains("lp0")));
}
