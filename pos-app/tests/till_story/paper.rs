//! Paper that may have come out and may not: it is in doubt, openly, and only a person has it printed again, as a copy.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pos_app::app::TillPaper;
use pos_app::commands::ErrorCode;
use pos_app::commands::types::PaperDoubt;
use pos_app::practice::HeadOffice;
use pos_app::printer::simulated::{Paper, SimulatedPrinter};
use pos_app::printer::{Columns, Document, PrintQueue as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::line::{Fate, Line};
use crate::power_cut::{PIN, Running, prepare};
use crate::support::{CASHIER_PIN, Counter, MANAGER_PIN};

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn what_was_printing_when_the_power_went_waits_for_a_person() {
    let mut counter = Counter::selling(41);
    counter.ok("printer.jobs", &json!({}));
    counter.add(1, 1);
    let sold = counter.pay_cash(10_000);
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let opening = queue.next().expect("the opening slip");
    assert!(matches!(opening.document, Document::OpeningSlip(_)));
    queue.done(opening.job_id, true);
    assert!(matches!(queue.next().expect("the receipt").document, Document::Receipt(_)), "taken, and then…");
    counter.restart();
    counter.log_in(counter.cashier, CASHIER_PIN);

    let listed = counter.ok("printer.jobs", &json!({}));
    assert_eq!((&listed["in_doubt"], &listed["waiting"]), (&json!(1), &json!(1)), "{listed}");
    let receipt = &listed["jobs"][0];
    assert_eq!((&receipt["paper"], &receipt["doubt"]), (&json!("receipt"), &json!("till_stopped")));
    assert_eq!(receipt["name"], json!(sold["receipt_no"].to_string()));
    let status = counter.ok("status.get", &json!({}));
    assert_eq!((&status["paper"]["in_doubt"], &status["printer"]["state"]), (&json!(1), &json!("attention")));
    assert_eq!(counter.ok("sale.recent", &json!({ "limit": 1 }))[0]["is_print_unknown"], true);

    // The queue goes on behind it, and never takes it up again.
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let ticket = queue.next().expect("the ticket");
    assert!(matches!(ticket.document, Document::Ticket(_)) && ticket.copy_no == 0);
    queue.in_doubt(ticket.job_id, PaperDoubt::LineBroke);
    assert_eq!(queue.next(), None);

    counter.log_in(counter.manager, MANAGER_PIN);
    let again = counter.ok("printer.print_again", &json!({ "job_id": receipt["job_id"] }));
    assert_eq!((&again["in_doubt"], &again["waiting"]), (&json!(1), &json!(1)), "{again}");
    let copy = queue.next().expect("the copy");
    assert_eq!((copy.copy_no, copy.opens_drawer), (1, false), "{copy:?}");
    queue.done(copy.job_id, true);
    let once = json!({ "job_id": receipt["job_id"] });
    assert_eq!(counter.code("printer.print_again", &once), ErrorCode::PaperNotInDoubt, "once");

    let found = counter.ok("printer.found", &json!({ "job_id": ticket.job_id }));
    assert_eq!((&found["in_doubt"], &found["jobs"]), (&json!(0), &json!([])));
    assert_eq!(counter.code("printer.found", &json!({ "job_id": ticket.job_id })), ErrorCode::PaperNotInDoubt);
    // Copies are counted across both ways to ask for one.
    counter.ok("printer.reprint", &json!({ "sale_id": sold["sale_id"] }));
    assert_eq!(queue.next().map(|job| job.copy_no), Some(2));
    counter.assert_whole();
}

#[test]
fn a_drawer_does_not_spring_open_when_the_printer_is_back_an_hour_later() {
    let counter = Counter::selling(42);
    counter.add(1, 1);
    counter.pay_cash(10_000);
    counter.add(1, 1);
    counter.clock.pass(59_000);
    counter.pay_cash(10_000);
    counter.clock.pass(2_000);
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let jobs: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
    let receipts: Vec<bool> =
        jobs.iter().filter(|job| matches!(job.document, Document::Receipt(_))).map(|job| job.opens_drawer).collect();
    assert_eq!(receipts, [false, true], "a minute ago, and just now");
}

#[test]
fn another_printer_takes_the_queue_and_the_choice_outlives_the_night() {
    let devices = "[printer]\naddress = \"tcp://127.0.0.1:9\"\n\n[printer.spare]\naddress = \"tcp://127.0.0.1:10\"\n";
    let mut counter = Counter::with_devices(Arc::new(HeadOffice::new(43)), 1, devices);
    counter.log_in(counter.cashier, CASHIER_PIN);
    let used = counter.ok("printer.use", &json!({ "is_spare": true }));
    assert_eq!(
        (&used["paper"]["uses_spare"], &used["paper"]["other_printer"]),
        (&json!(true), &json!("tcp://127.0.0.1:9"))
    );
    counter.restart();
    counter.log_in(counter.manager, MANAGER_PIN);
    assert_eq!(counter.ok("status.get", &json!({}))["paper"]["uses_spare"], true);
    assert_eq!(counter.code("drawer.open", &json!({ "reason": "sencillo" })), ErrorCode::DrawerElsewhere);
    assert_eq!(counter.ok("printer.use", &json!({ "is_spare": false }))["paper"]["uses_spare"], false);

    let alone = Counter::selling(44);
    assert_eq!(alone.code("printer.use", &json!({ "is_spare": true })), ErrorCode::PrinterHasNoSpare);
}

/// A cable to a printer, at which a till dies after so many bytes.
struct DeadlyCable {
    address: SocketAddr,
    /// A process, and how many of its bytes are still let through.
    victim: Arc<Mutex<Victim>>,
}

type Victim = Option<(u32, usize)>;

impl DeadlyCable {
    fn to(printer: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let victim = Arc::<Mutex<Victim>>::default();
        let held = Arc::clone(&victim);
        std::thread::spawn(move || {
            for till in listener.incoming().map_while(Result::ok) {
                let Ok(printer) = TcpStream::connect(printer) else { return };
                pass(till, printer, &held);
            }
        });
        Self { address, victim }
    }
}

/// Passes bytes on until either end is gone; kills the victim, if there is one, when its bytes have passed.
fn pass(mut till: TcpStream, mut printer: TcpStream, victim: &Mutex<Victim>) {
    let (mut answers, mut back) =
        (printer.try_clone().expect("a second hand"), till.try_clone().expect("a second hand"));
    let answering = std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 256];
    while let Ok(count @ 1..) = till.read(&mut buffer) {
        let mut held = lock(victim);
        let mut passed = count;
        if let Some((_, left)) = held.as_mut() {
            passed = count.min(*left);
            *left -= passed;
        }
        if printer.write_all(&buffer[..passed]).is_err() {
            break;
        }
        if held.as_ref().is_some_and(|(_, left)| *left == 0)
            && let Some((process, _)) = held.take()
        {
            let killed = Command::new("kill").args(["-9", &process.to_string()]).status();
            assert!(killed.is_ok_and(|status| status.success()), "killed");
            break;
        }
    }
    let _ = printer.shutdown(Shutdown::Both);
    let _ = answering.join();
}

/// Waits until nothing waits; gives what is in doubt.
fn settled(till: &mut Running) -> Vec<Value> {
    loop {
        let listed = till.ok("printer.jobs", &json!({}));
        if listed["waiting"] == 0 {
            return listed["jobs"].as_array().expect("jobs").clone();
        }
        std::thread::yield_now();
    }
}

/// The law: no job gives two papers that do not say they are copies, wherever on its way the till dies, and each ends
/// confirmed or in doubt.
#[test]
fn a_till_killed_anywhere_on_the_way_to_the_printer_prints_nothing_twice() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C32).expect("a free port");
    let cable = DeadlyCable::to(printer.address());
    let dir = TempDir::new().expect("a directory");
    let (office, cashier) = prepare(dir.path());
    let file = dir.path().join("till.toml");
    let ledger = std::fs::read_to_string(&file).expect("till.toml");
    let address = cable.address;
    std::fs::write(&file, format!("{ledger}\n[printer]\naddress = \"tcp://{address}\"\ncolumns = 32\n")).expect("kept");
    let log_in = json!({ "staff_id": cashier, "pin": PIN });

    let (mut doubts, mut clean) = (0, 0);
    // A look is twelve bytes, then comes the receipt, another look, and the ticket.
    for bytes in [1, 5, 12, 13, 14, 20, 60, 150, 300, 450, 600, 700] {
        let mut till = Running::start(dir.path());
        till.ok("operator.log_in", &log_in);
        settled(&mut till);
        *lock(&cable.victim) = Some((till.process.id(), bytes));
        till.send("sale.add", &json!({ "product_id": office.products[0].product_id }));
        till.send("sale.complete", &json!({ "cash_tendered_minor": 20_000 }));
        assert!(!till.process.wait().expect("gone").success(), "it was killed");
        let mut till = Running::start(dir.path());
        till.ok("operator.log_in", &log_in);
        let in_doubt = settled(&mut till);
        let last = till.ok("sale.recent", &json!({ "limit": 1 }));
        let code = last[0]["tickets"][0]["code"].as_str().expect("the sale happened, and gave out a ticket").to_owned();
        assert!(in_doubt.len() <= 1, "one at a time: {in_doubt:?}");
        assert!(in_doubt.iter().all(|job| job["doubt"] == "till_stopped"), "{in_doubt:?}");
        let papers: Vec<Paper> = printer.papers().try_iter().filter(|paper| paper.picture.is_some()).collect();
        assert!(papers.iter().all(|paper| !paper.text.contains("COPIA")), "nobody asked for a copy");
        let tickets = papers.iter().filter(|paper| paper.qr() == [code.as_str()]).count();
        let receipts = papers.iter().filter(|paper| paper.text.contains("TOTAL")).count();
        assert!(tickets <= 1 && receipts <= 1, "after {bytes} bytes: {tickets} tickets and {receipts} receipts");
        let unsure = |kind: &str| usize::from(in_doubt.iter().any(|job| job["paper"] == kind));
        assert!(tickets + unsure("ticket") >= 1, "after {bytes} bytes the ticket is lost, and nobody is told");
        assert!(receipts + unsure("receipt") >= 1, "after {bytes} bytes the receipt is lost, and nobody is told");
        doubts += in_doubt.len();
        clean += usize::from(in_doubt.is_empty());

        for job in &in_doubt {
            till.ok("printer.found", &json!({ "job_id": job["job_id"] }));
        }
        till.process.kill().expect("killed");
        till.process.wait().expect("gone");
    }
    println!("{doubts} in doubt, {clean} printed once after all");
    assert!(doubts >= 5 && clean >= 1, "{doubts} in doubt, {clean} clean: the deaths were not where they should be");
}

/// The law seen from the counter: whatever the line to the printer does, every sale is made, and of each of its papers
/// the till says either that it came out, and then it lies there once, or that nobody knows.
#[test]
fn no_sale_is_refused_and_no_ticket_serves_twice_whatever_the_line_does() {
    let printer = SimulatedPrinter::listen("127.0.0.1:0", Columns::C32).expect("a free port");
    let line = Line::to(printer.address());
    let devices = format!("[printer]\naddress = \"tcp://{}\"\ncolumns = 32\n", line.address);
    let mut counter = Counter::with_devices(Arc::new(HeadOffice::new(46)), 1, &devices);
    counter.start_selling();
    counter.open_wired();
    counter.log_in(counter.manager, MANAGER_PIN);
    let settled = || loop {
        let listed = counter.ok("printer.jobs", &json!({}));
        if listed["waiting"] == 0 {
            return listed["jobs"].as_array().expect("jobs").clone();
        }
        std::thread::yield_now();
    };
    assert_eq!(settled(), Vec::<Value>::new(), "the opening slip is through");

    let (mut sold, mut doubts) = (Vec::new(), 0);
    for fates in [
        // A look is twelve bytes, then comes the receipt; on the next connection the ticket.
        vec![Fate::Cut { after: 5, lost: 0 }],
        vec![Fate::Cut { after: 200, lost: 0 }],
        vec![Fate::Cut { after: 9_999, lost: 0 }, Fate::Cut { after: 300, lost: 100 }, Fate::Away],
        vec![Fate::Away, Fate::Away],
        vec![Fate::Slow { bytes: 2_000 }],
    ] {
        line.set(fates.iter().copied());
        counter.add(1, 1);
        let sale = counter.pay_cash(10_000);
        sold.push(sale["tickets"][0]["code"].as_str().expect("a ticket").to_owned());
        for job in settled() {
            doubts += 1;
            assert!(job["doubt"].is_string(), "{fates:?}: {job}");
            counter.ok("printer.print_again", &json!({ "job_id": job["job_id"] }));
        }
        assert_eq!(settled(), Vec::<Value>::new(), "{fates:?}: the copies are through");
    }
    let papers: Vec<Paper> = printer.papers().try_iter().filter(|paper| paper.picture.is_some()).collect();
    let codes: Vec<String> = papers.iter().flat_map(Paper::qr).collect();
    let copies = papers.iter().filter(|paper| paper.text.contains("COPIA")).count();
    assert_eq!(copies, doubts, "each second paper says that it is one, and no other does");
    assert!((1..=4).contains(&doubts), "{doubts} in doubt");
    for code in &sold {
        assert!(codes.iter().filter(|read| *read == code).count() <= 1, "two papers serve for one ticket");
    }
    assert!(codes.len() >= sold.len() - doubts, "only what is in doubt may be missing");
    counter.till().close();
    counter.assert_whole();
}

#[test]
fn a_reading_is_printed_as_its_reader_may_see_it() {
    let counter = Counter::selling(45);
    counter.add(1, 1);
    counter.pay_cash(10_000);
    counter.ok("register.print", &json!({}));
    counter.log_in(counter.manager, MANAGER_PIN);
    counter.ok("register.print", &json!({}));
    let queue = TillPaper(Arc::downgrade(counter.till()));
    let jobs = std::iter::from_fn(|| queue.next());
    let read: Vec<_> = jobs
        .filter_map(|job| match job.document {
            Document::XReport(slip) => {
                Some((slip.x.sales, slip.x.totals.is_some(), slip.x.expected_cash_minor.is_some()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(read, [(1, false, false), (1, true, true)], "a cashier counts blind");
}
