//! The driver against the simulated terminal, real bytes over a real pseudo-terminal. One law above all: what the
//! terminal has charged is what the journal has approved, wherever the cable is cut.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use pos_app::commands::types::{DeviceHealth, DeviceState};
use pos_app::config::TerminalConfig;
use pos_app::outside::SystemClock;
use pos_app::terminal::port::Line;
use pos_app::terminal::service::Service;
use pos_app::terminal::simulated::{Cut, Plug, Script, SimulatedTerminal, Traffic};
use pos_app::terminal::{Journal, JournalError, TerminalError, TerminalWorker, Timing, getnet, transbank};
use shared::ids::{PaymentId, SaleId};
use shared::tender::{
    CardPayment, CardProgress, CardState, NotStartedReason, TerminalBatch, TerminalReport, TerminalTotals,
};
use shared::time::Timestamp;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// A journal that keeps what it is told, and tells what came of it.
struct Notebook {
    payments: Mutex<BTreeMap<PaymentId, CardPayment>>,
    moves: Mutex<Sender<CardPayment>>,
    healths: Mutex<Sender<DeviceHealth>>,
    /// Approvals to fail to store.
    failing: Mutex<u32>,
}

impl Journal for Notebook {
    fn report(&self, payment_id: PaymentId, report: TerminalReport) -> Result<CardPayment, JournalError> {
        if matches!(report, TerminalReport::Approved { .. }) {
            let mut failing = self.failing.lock().expect("no test panics holding it");
            if *failing > 0 {
                *failing -= 1;
                return Err(JournalError::NotStored("the disk is full".into()));
            }
        }
        let mut payments = self.payments.lock().expect("no test panics holding it");
        let known = payments[&payment_id].clone();
        let payment = known.report(report)?;
        payments.insert(payment_id, payment.clone());
        let _ = self.moves.lock().expect("no test panics holding it").send(payment.clone());
        Ok(payment)
    }

    fn print(&self, _: &[String]) -> Result<(), JournalError> {
        Ok(())
    }

    fn health_changed(&self, health: &DeviceHealth) {
        let _ = self.healths.lock().expect("no test panics holding it").send(health.clone());
    }
}

/// A till's end and a terminal's end.
struct Counter {
    worker: TerminalWorker,
    terminal: Option<SimulatedTerminal>,
    notebook: Arc<Notebook>,
    moves: Receiver<CardPayment>,
    healths: Receiver<DeviceHealth>,
    next: u128,
    _dir: tempfile::TempDir,
}

fn config(port: String) -> TerminalConfig {
    TerminalConfig {
        protocol: "transbank".into(),
        port,
        name: None,
        baud: None,
        password: 0,
        currency: 978,
        commerce: None,
        simulated: true,
    }
}

/// Patience enough for a busy machine, where waiting is not what the test is about.
fn patient() -> Timing {
    Timing {
        linger_ms: 10,
        recover_min_ms: 20,
        recover_max_ms: 50,
        reconnect_min_ms: 10,
        reconnect_max_ms: 20,
        ..Timing::default()
    }
}

/// Where a silence is what the test is about.
fn hasty() -> Timing {
    Timing { ack_ms: 600, reply_ms: 600, enquiry_ms: 600, over_ms: 0, gap_ms: 100, settle_ms: 20, ..patient() }
}

impl Counter {
    fn new(script: &str, timing: Timing) -> Self {
        Self::plugged(script, timing, None)
    }

    fn plugged(script: &str, timing: Timing, cut: Option<Cut>) -> Self {
        listen_to_the_log();
        let dir = tempfile::tempdir().expect("a directory");
        let link: PathBuf = dir.path().join("terminal");
        let script = Script::parse(script).expect("a script");
        let plug = Plug { link: Some(link.clone()), cut, replug_ms: Some(5) };
        let terminal = SimulatedTerminal::start(script, plug, Arc::new(SystemClock::new())).expect("a terminal");
        let mut counter = Self::at(link.display().to_string(), timing, dir);
        counter.terminal = Some(terminal);
        counter
    }

    fn at(port: String, timing: Timing, dir: tempfile::TempDir) -> Self {
        let ((journalled, moves), (told, healths)) = (channel(), channel());
        let notebook = Arc::new(Notebook {
            payments: Mutex::default(),
            moves: Mutex::new(journalled),
            healths: Mutex::new(told),
            failing: Mutex::new(0),
        });
        let clock = Arc::new(SystemClock::new());
        let worker = TerminalWorker::spawn_with(&config(port), timing, notebook.clone(), clock);
        Self { worker, terminal: None, notebook, moves, healths, next: 0, _dir: dir }
    }

    fn terminal(&self) -> &SimulatedTerminal {
        self.terminal.as_ref().expect("this counter has a terminal")
    }

    /// A payment the journal holds, as the till would have it.
    fn payment(&mut self, amount: i64) -> CardPayment {
        self.next += 1;
        let payment_id = PaymentId::from_uuid(uuid::Uuid::from_u128(self.next));
        let sale_id = SaleId::from_uuid(uuid::Uuid::from_u128(self.next));
        let ticket = format!("{:06}", self.next);
        let payment = CardPayment::new(payment_id, sale_id, amount, ticket, Timestamp::from_millis(0));
        self.notebook.payments.lock().expect("no test panics holding it").insert(payment_id, payment.clone());
        payment
    }

    /// Waits until the worker has tried the terminal once, so that every run of a test sends the same bytes.
    fn wait_for_health(&self) {
        self.healths.recv_timeout(PATIENCE).expect("health changes");
    }

    fn start(&mut self, amount: i64) -> PaymentId {
        let payment = self.payment(amount);
        let id = payment.payment_id;
        self.worker.start(payment);
        id
    }

    /// Waits until the journal says so of the payment.
    fn wait(&self, id: PaymentId, what: impl Fn(&CardState) -> bool) -> CardState {
        loop {
            let payment = self.moves.recv_timeout(PATIENCE).expect("the payment moves on");
            if payment.payment_id == id && what(&payment.state) {
                return payment.state;
            }
        }
    }

    fn pay(&mut self, amount: i64) -> CardState {
        let id = self.start(amount);
        self.wait(id, CardState::is_final)
    }

    /// Undoes it, as the till would.
    fn void(&self, id: PaymentId) -> CardPayment {
        let payment = self.notebook.payments.lock().expect("no test panics holding it")[&id].clone();
        self.worker.void(payment);
        self.wait(id, |_| true);
        self.notebook.payments.lock().expect("no test panics holding it")[&id].clone()
    }

    /// The open batch as the terminal says, or why it does not.
    fn batch(&self) -> Result<TerminalBatch, TerminalError> {
        let (reply, answer) = channel();
        self.worker.read_batch(reply);
        answer.recv_timeout(PATIENCE).expect("an answer")
    }

    fn close_batch(&self) -> Result<(), TerminalError> {
        let (reply, answer) = channel();
        self.worker.close_batch(reply);
        answer.recv_timeout(PATIENCE).expect("an answer")
    }

    fn charged(&self) -> i64 {
        self.terminal().charges().iter().map(|charge| charge.amount).sum()
    }

    fn approved(&self) -> i64 {
        let payments = self.notebook.payments.lock().expect("no test panics holding it");
        payments.values().filter_map(CardPayment::approved).map(|card| card.amount_minor).sum()
    }
}

/// Everything any test logs, as text.
fn listen_to_the_log() -> Arc<Mutex<Vec<u8>>> {
    struct Pen(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Pen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics holding it").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Arc::<Mutex<Vec<u8>>>::default();
        let paper = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || Pen(paper.clone()))
            .init();
        log
    })
    .clone()
}

fn is_approved(state: &CardState) -> bool {
    matches!(state, CardState::Approved { .. })
}

fn declined(code: &str) -> CardState {
    CardState::Declined { code: code.into() }
}

fn not_started(reason: NotStartedReason) -> CardState {
    CardState::NotStarted { reason }
}

#[test]
fn a_customer_pays() {
    use CardProgress as P;

    let mut counter = Counter::new("progress=78,79,80,81,82 approve", patient());
    let id = counter.start(1_990);
    let mut seen = Vec::new();
    let end = loop {
        let state = counter.wait(id, |_| true);
        match state {
            CardState::InProgress { progress } => seen.push(progress),
            state if state.is_final() => break state,
            _ => {}
        }
    };
    assert_eq!(seen, [P::Sent, P::PresentCard, P::ConfirmAmount, P::Choose, P::EnterPin, P::ContactingBank]);
    let CardState::Approved { approval } = end else { panic!("approved, not {end:?}") };
    assert_eq!((approval.last4.as_str(), approval.card_type.as_str(), approval.brand.as_str()), ("0461", "CR", "VI"));
    assert_eq!((counter.charged(), counter.approved()), (1_990, 1_990));
    let transcript = counter.worker.transcript();
    let said = |text: &str| transcript.iter().any(|said| said.text == text);
    assert!(said("<STX>0100<ETX><02>") && said("<STX>0200|1990|000001|||1|<ETX><30>"), "{transcript:#?}");
    assert!(said("<STX>0900|81|<ETX><03>") && said("<ACK>"));
}

#[test]
fn a_customer_is_refused() {
    let mut counter = Counter::new("decline 07\nprogress=78 decline 93", patient());
    assert_eq!(counter.pay(1_990), declined("07"));
    assert_eq!(counter.pay(1_990), declined("93"));
    assert_eq!(counter.charged(), 0);
}

#[test]
fn a_request_answered_by_nak_is_sent_again_and_charged_once() {
    let mut counter = Counter::new("nak=2 approve", patient());
    assert!(is_approved(&counter.pay(1_990)));
    assert_eq!(counter.terminal().requests_seen(), ["000001", "000001", "000001"]);
    assert_eq!(counter.charged(), 1_990);
}

#[test]
fn a_request_always_answered_by_nak_is_not_started() {
    let mut counter = Counter::new("nak=always", patient());
    assert_eq!(counter.pay(1_990), not_started(NotStartedReason::Refused));
    assert_eq!(counter.terminal().requests_seen().len(), 3);
    assert_eq!(counter.charged(), 0);
}

#[test]
fn a_broken_end_is_asked_for_again() {
    let mut counter = Counter::new("bad-lrc=1\nbad-lrc=2", patient());
    assert!(is_approved(&counter.pay(1_990)));
    assert!(is_approved(&counter.pay(2_990)));
}

#[test]
fn an_end_that_stays_broken_is_a_doubt_and_the_memory_settles_it() {
    let mut counter = Counter::new("bad-lrc=always", hasty());
    let id = counter.start(1_990);
    assert_eq!(
        counter.wait(id, |state| !matches!(state, CardState::InProgress { .. } | CardState::Ready)),
        CardState::Uncertain
    );
    assert!(is_approved(&counter.wait(id, CardState::is_final)));
    assert_eq!(counter.charged(), counter.approved());
}

#[test]
fn split_bytes_garbage_and_a_short_end_are_understood() {
    let mut counter = Counter::new("split\ngarbage\nshort\nsplit garbage duplicate progress=78", patient());
    for amount in [1_000, 2_000, 3_000, 4_000] {
        assert!(is_approved(&counter.pay(amount)));
    }
    assert_eq!((counter.charged(), counter.approved()), (10_000, 10_000));
}

#[test]
fn a_lost_ack_is_no_reason_to_send_again() {
    let mut counter = Counter::new("no-ack", patient());
    assert!(is_approved(&counter.pay(1_990)));
    assert_eq!(counter.terminal().requests_seen(), ["000001"]);
}

#[test]
fn silence_after_the_card_is_a_doubt_and_the_last_sale_settles_it() {
    for script in ["vanish", "vanish no-ack"] {
        let mut counter = Counter::new(script, hasty());
        let id = counter.start(1_990);
        counter.wait(id, |state| *state == CardState::Uncertain);
        assert!(is_approved(&counter.wait(id, CardState::is_final)));
        assert_eq!((counter.charged(), counter.terminal().requests_seen().len()), (1_990, 1));
    }
}

#[test]
fn a_request_that_never_arrived_is_declined_as_not_stored() {
    let mut counter = Counter::new("approve\nsilent", hasty());
    assert!(is_approved(&counter.pay(5_000)));
    let id = counter.start(1_990);
    counter.wait(id, |state| *state == CardState::Uncertain);
    assert_eq!(counter.wait(id, CardState::is_final), declined("not_stored"));
    assert_eq!((counter.charged(), counter.approved()), (5_000, 5_000));
}

#[test]
fn a_missing_sale_proves_nothing_while_the_customer_may_still_be_there() {
    let timing = Timing { over_ms: 1_500, ..hasty() };
    let mut counter = Counter::new("silent", timing);
    let id = counter.start(1_990);
    counter.wait(id, |state| *state == CardState::Uncertain);
    let second = counter.start(2_990);
    assert_eq!(
        counter.wait(second, CardState::is_final),
        not_started(NotStartedReason::Refused),
        "the terminal is locked"
    );
    assert_eq!(counter.worker.health().state, DeviceState::Attention);
    assert_eq!(counter.wait(id, CardState::is_final), declined("not_stored"));
    let health = loop {
        let health = counter.healths.recv_timeout(PATIENCE).expect("health changes");
        if health.state == DeviceState::Ready && health.pending == 0 {
            break health;
        }
    };
    assert!(health.is_simulated);
}

#[test]
fn another_amount_in_the_terminal_stays_a_doubt_for_a_person() {
    let mut counter = Counter::new("amount=1909\napprove", hasty());
    let id = counter.start(1_990);
    counter.wait(id, |state| *state == CardState::Uncertain);
    loop {
        let health = counter.healths.recv_timeout(PATIENCE).expect("health changes");
        if health.detail.as_deref() == Some("a payment needs a person") {
            break;
        }
    }
    assert_eq!(counter.approved(), 0);
    counter.worker.forget(id);
    assert!(is_approved(&counter.pay(3_000)), "a person has settled it, and the terminal is free");
}

#[test]
fn the_end_of_an_earlier_sale_never_pays_the_next() {
    let mut counter = Counter::new("duplicate approve\nstale decline 07\nstale approve", patient());
    assert!(is_approved(&counter.pay(1_990)));
    assert_eq!(counter.pay(1_990), declined("07"), "same amount, and still not the same sale");
    assert!(is_approved(&counter.pay(1_990)));
    assert_eq!((counter.charged(), counter.approved()), (3_980, 3_980));
}

#[test]
fn a_reply_lost_with_the_cable_is_found_again() {
    let mut counter = Counter::new("progress=78,81 lose-reply replug=50", hasty());
    let id = counter.start(1_990);
    counter.wait(id, |state| *state == CardState::Uncertain);
    assert!(is_approved(&counter.wait(id, CardState::is_final)));
    assert_eq!((counter.charged(), counter.terminal().requests_seen().len()), (1_990, 1));
}

#[test]
fn an_approval_the_disk_did_not_take_is_not_acknowledged_and_asked_for_again() {
    let mut counter = Counter::new("approve", hasty());
    *counter.notebook.failing.lock().expect("no test panics holding it") = 1;
    assert!(is_approved(&counter.pay(1_990)));
    assert_eq!((counter.charged(), counter.approved()), (1_990, 1_990));
}

#[test]
fn a_doubt_from_before_a_restart_is_settled() {
    let mut counter = Counter::new("approve", hasty());
    assert!(is_approved(&counter.pay(1_990)));
    // As if the till had died before the approval was written down.
    let mut payment = counter.payment(1_990);
    payment.ticket_no = "000001".into();
    payment.state = CardState::InProgress { progress: CardProgress::Sent };
    let id = payment.payment_id;
    counter.notebook.payments.lock().expect("no test panics holding it").insert(id, payment.clone());
    counter.worker.enquire(payment);
    counter.wait(id, |state| *state == CardState::Uncertain);
    assert!(is_approved(&counter.wait(id, CardState::is_final)));
}

#[test]
fn without_a_port_nothing_is_started() {
    let dir = tempfile::tempdir().expect("a directory");
    let port = dir.path().join("nothing").display().to_string();
    let mut counter = Counter::at(port, patient(), dir);
    assert_eq!(counter.pay(1_990), not_started(NotStartedReason::Unreachable));
    assert_eq!(counter.worker.health().state, DeviceState::Unreachable);
    assert!(counter.worker.health().detail.is_some_and(|detail| detail.contains("nothing")));
}

#[test]
fn an_amount_no_terminal_takes_is_refused_before_the_wire() {
    let mut counter = Counter::new("approve", patient());
    assert_eq!(counter.pay(49), not_started(NotStartedReason::Refused));
    assert_eq!(counter.terminal().requests_seen().len(), 0);
}

#[test]
fn a_payment_can_be_cancelled_until_its_first_byte() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut far, near) = serialport::TTYPort::pair().expect("a cable");
    let port = serialport::SerialPort::name(&near).expect("a name");
    let mut counter = Counter::at(port, hasty(), dir);
    let payment = counter.payment(1_990);
    let id = payment.payment_id;
    counter.worker.start(payment);
    assert!(counter.worker.cancel(id), "nobody has answered the poll, so nothing was sent");
    assert_eq!(counter.wait(id, CardState::is_final), not_started(NotStartedReason::Cancelled));
    counter.worker.stop();
    let mut heard = vec![0; 4_096];
    let count = far.read(&mut heard).expect("polls");
    assert!(!String::from_utf8_lossy(&heard[..count]).contains("0200"));
    drop(near);
}

#[test]
fn a_payment_on_the_wire_cannot_be_cancelled() {
    let mut counter = Counter::new("silent", hasty());
    let id = counter.start(1_990);
    counter.wait(id, |state| matches!(state, CardState::InProgress { .. }));
    assert!(!counter.worker.cancel(id));
}

#[test]
fn a_sale_is_undone_at_the_terminal_once() {
    let mut counter = Counter::new("approve", patient());
    let id = counter.start(1_990);
    counter.wait(id, CardState::is_final);
    assert!(is_approved(&counter.pay(2_990)));
    let payment = counter.notebook.payments.lock().expect("no test panics holding it")[&id].clone();
    counter.worker.void(payment.clone());
    assert!(matches!(counter.wait(id, |_| true), CardState::Voiding { .. }), "journalled before the first byte");
    assert!(matches!(counter.wait(id, |_| true), CardState::Voided { .. }));
    assert_eq!((counter.charged(), counter.approved()), (2_990, 2_990));
    let said = counter.worker.transcript();
    assert!(said.iter().any(|said| said.text == "<STX>1200|000001|<ETX><01>"), "{said:#?}");
    let batch = counter.batch().expect("a batch");
    assert_eq!(batch.totals, Some(TerminalTotals { count: 3, total_minor: 2_990 }));
    let rows = batch.rows.expect("a list");
    assert_eq!(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>(), [1_990, 2_990, -1_990]);
    assert_eq!(rows[1].ticket_no.as_deref(), Some("000002"));
    assert_eq!((rows[1].operation_no.as_str(), rows[1].last4.as_str()), ("000002", "0461"));
    // Somebody presses it again: the terminal's list says that it is done, so nothing is asked.
    counter.worker.void(payment);
    counter.batch().expect("a batch");
    let voids = counter.worker.transcript().iter().filter(|said| said.text.starts_with("<STX>1200")).count();
    assert_eq!((voids, counter.charged()), (1, 2_990));
}

#[test]
fn a_debit_sale_stands_and_the_terminal_says_why() {
    let mut counter = Counter::new("debit approve", patient());
    let id = counter.start(1_990);
    counter.wait(id, CardState::is_final);
    counter.worker.void(counter.notebook.payments.lock().expect("no test panics holding it")[&id].clone());
    assert!(matches!(counter.wait(id, |_| true), CardState::Voiding { .. }));
    assert!(is_approved(&counter.wait(id, |_| true)));
    let payments = counter.notebook.payments.lock().expect("no test panics holding it");
    assert_eq!(payments[&id].void_refused.as_deref(), Some("08"));
    assert_eq!(counter.charged(), 1_990);
}

#[test]
fn a_sale_of_a_closed_batch_is_not_undone_because_its_number_may_be_anothers() {
    let mut counter = Counter::new("approve", patient());
    let id = counter.start(1_990);
    counter.wait(id, CardState::is_final);
    counter.close_batch().expect("closed");
    let empty = TerminalBatch { totals: Some(TerminalTotals::default()), rows: Some(Vec::new()) };
    assert_eq!(counter.batch().expect("a batch"), empty);
    let payment = counter.void(id);
    assert!(is_approved(&payment.state));
    assert_eq!(payment.void_refused.as_deref(), Some("not_in_batch"));
    let said = counter.worker.transcript();
    assert!(!said.iter().any(|said| said.text.contains("1200")), "it was never asked");
}

#[test]
fn a_doubt_forbids_the_close_and_not_the_reading() {
    let mut counter = Counter::new("approve\nsilent", Timing { over_ms: 60_000, ..hasty() });
    assert!(is_approved(&counter.pay(1_990)));
    let id = counter.start(2_990);
    counter.wait(id, |state| *state == CardState::Uncertain);
    assert!(matches!(counter.close_batch(), Err(TerminalError::InDoubt)));
    assert_eq!(counter.batch().expect("a batch").totals, Some(TerminalTotals { count: 1, total_minor: 1_990 }));
    counter.worker.forget(id);
    counter.close_batch().expect("a person has settled it");
    assert_eq!(counter.batch().expect("a batch").totals, Some(TerminalTotals::default()));
}

#[test]
fn missing_keys_are_loaded_and_the_sale_stays_refused() {
    let mut counter = Counter::new("decline 26\napprove", patient());
    assert_eq!(counter.pay(1_990), declined("26"));
    assert!(is_approved(&counter.pay(1_990)));
    let said = counter.worker.transcript();
    let place = |text: &str| said.iter().position(|said| said.text.starts_with(text)).expect("it was said");
    assert!(place("<STX>0800") < place("<STX>0810"));
    assert_eq!((counter.charged(), counter.terminal().requests_seen().len()), (1_990, 2));
}

#[test]
fn closing_the_till_in_the_middle_leaves_a_doubt() {
    let mut counter = Counter::new("vanish", patient());
    let id = counter.start(1_990);
    counter.wait(id, |state| matches!(state, CardState::InProgress { .. }));
    let Counter { worker, notebook, .. } = counter;
    worker.stop();
    let payments = notebook.payments.lock().expect("no test panics holding it");
    assert_eq!(payments[&id].state, CardState::Uncertain);
}

#[test]
fn no_card_number_reaches_the_transcript_or_the_log() {
    let log = listen_to_the_log();
    let card = "4111111111111111";
    let script =
        format!("account={card}\nbad-lrc=1 account={card}\nvanish account={card}\nsplit garbage account={card}");
    let mut counter = Counter::new(&script, hasty());
    for amount in [1_000, 2_000, 3_000, 4_000] {
        assert!(is_approved(&counter.pay(amount)));
    }
    let lines: Vec<String> = counter.worker.transcript().iter().map(ToString::to_string).collect();
    let transcript = lines.join("\n");
    assert!(transcript.contains("|411111******1111|"), "six and four may show: {transcript}");
    let log = String::from_utf8_lossy(&log.lock().expect("no test panics holding it")).into_owned();
    assert!(log.contains("terminal line"), "the log was listened to");
    for text in [&transcript, &log] {
        assert!(!text.contains(&card[..7]) && !text.contains(&card[9..]), "a card number shows");
    }
}

/// One sale with the cable cut at one byte; gives what became of it, and checks the law.
fn cut_at(script: &str, cut: Cut) -> &'static str {
    let timing = Timing { ack_ms: 150, reply_ms: 150, enquiry_ms: 150, gap_ms: 50, ..hasty() };
    let mut counter = Counter::plugged(script, timing, Some(cut));
    counter.wait_for_health();
    let id = counter.start(1_990);
    let first = counter.wait(id, |state| state.is_final() || *state == CardState::Uncertain);
    let is_charged = counter.charged() == 1_990;
    let kind = match &first {
        CardState::Approved { .. } => {
            assert!(is_charged, "{cut:?}: approved and not charged");
            "approved"
        }
        CardState::Declined { .. } => {
            assert!(!is_charged, "{cut:?}: declined and charged");
            "declined"
        }
        CardState::NotStarted { .. } => {
            assert!(!is_charged, "{cut:?}: not started and charged");
            "not_started"
        }
        CardState::Uncertain => "uncertain",
        other => panic!("{cut:?}: {other:?}"),
    };
    if first == CardState::Uncertain {
        counter.wait(id, CardState::is_final);
    }
    assert_eq!(counter.charged(), counter.approved(), "{cut:?}: charged and approved differ");
    let requests = counter.terminal().requests_seen();
    assert!(requests.len() <= 1, "{cut:?}: asked for money {} times", requests.len());
    kind
}

/// Cuts one sale at every byte of one way, and counts what became of it.
fn cut_everywhere(script: &str, way: fn(usize) -> Cut) -> BTreeMap<&'static str, usize> {
    let total = {
        let mut counter = Counter::new(script, patient());
        counter.wait_for_health();
        counter.pay(1_990);
        let Traffic { to_till, to_terminal } = counter.terminal().traffic();
        if way(0) == Cut::ToTill(0) { to_till } else { to_terminal }
    };
    let mut counts = BTreeMap::new();
    for at in 0..=total {
        *counts.entry(cut_at(script, way(at))).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<usize>(), total + 1);
    counts
}

#[test]
fn the_cable_is_cut_at_every_byte_to_the_till() {
    let counts = cut_everywhere("progress=78,81 approve", Cut::ToTill);
    assert!(counts["uncertain"] > 80 && counts["not_started"] >= 1, "{counts:?}");
}

#[test]
fn the_cable_is_cut_at_every_byte_to_the_terminal() {
    let counts = cut_everywhere("progress=78,81 approve", Cut::ToTerminal);
    assert!(counts["uncertain"] > 20 && counts["not_started"] >= 6, "{counts:?}");
}

#[test]
fn the_cable_is_cut_at_every_byte_of_a_refusal() {
    for way in [Cut::ToTill, Cut::ToTerminal] {
        let counts = cut_everywhere("progress=78 decline 07", way);
        assert!(!counts.contains_key("approved") && counts["uncertain"] > 20, "{counts:?}");
    }
}

/// A terminal that answers each thing it hears with what stands here, and says nothing when nothing is left.
struct Canned {
    answers: Vec<Vec<u8>>,
    said: Vec<u8>,
}

impl Line for Canned {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> std::io::Result<usize> {
        if self.said.is_empty() {
            // As long as a port would wait, so that a deadline comes.
            let (_keep, nothing) = channel::<()>();
            let _ = nothing.recv_timeout(timeout);
        }
        let count = buffer.len().min(self.said.len());
        buffer[..count].copy_from_slice(&self.said[..count]);
        self.said.drain(..count);
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // What merely acknowledges is no question.
        let is_question = bytes.len() > 30 || bytes.first() == Some(&2);
        if is_question && !self.answers.is_empty() {
            self.said.extend(self.answers.remove(0));
        }
        Ok(bytes.len())
    }
}

/// Has such a terminal do something, once it has answered whether it is there.
fn served(protocol: &str, service: Service, answers: &[&str]) -> Result<Vec<String>, TerminalError> {
    let is_getnet = protocol == "getnet";
    let framed = |text: &&str| match *text {
        "<ACK>" => vec![6],
        "<NAK>" => vec![0x15],
        "{\"Received\":false}" => getnet::frame::receipt(false),
        text if is_getnet => [getnet::frame::receipt(true), getnet::frame::encode(text)].concat(),
        text => [vec![6], transbank::frame::encode(text)].concat(),
    };
    let there = if is_getnet { r#"{"FunctionCode":106,"ResponseCode":0,"Connected":true}"# } else { "<ACK>" };
    // Asked when the thread begins, and again right before.
    let answers: Vec<Vec<u8>> = [there, there].iter().chain(answers).map(framed).collect();
    let config = TerminalConfig { protocol: protocol.into(), ..config("canned".into()) };
    let ((journalled, _moves), (told, healths)) = (channel(), channel());
    let notebook = Notebook {
        payments: Mutex::default(),
        moves: Mutex::new(journalled),
        healths: Mutex::new(told),
        failing: Mutex::new(0),
    };
    let line = Mutex::new(Some(Canned { answers, said: Vec::new() }));
    let open = move || -> Result<Box<dyn Line>, TerminalError> {
        let line = line.lock().expect("no test panics holding it").take();
        line.map(|line| Box::new(line) as Box<dyn Line>).ok_or(TerminalError::Silent)
    };
    let timing = Timing { service_ms: 600, ..hasty() };
    let clock = Arc::new(SystemClock::new());
    let worker = TerminalWorker::spawn_on(&config, timing, Arc::new(notebook), clock, open);
    healths.recv_timeout(PATIENCE).expect("it is there");
    let (reply, answer) = channel();
    worker.serve(service, reply);
    answer.recv_timeout(PATIENCE).expect("an answer")
}

#[test]
fn what_a_terminal_does_not_say_to_be_done_is_not_said_to_be_done() {
    use TerminalError as E;

    let code = |served: Result<Vec<String>, E>| match served {
        Err(E::Denied { code, .. }) => code,
        Err(E::Unclear) => "unclear".to_owned(),
        other => panic!("{other:?}"),
    };
    let getnet = |answer: &[&str]| code(served("getnet", Service::Sim, answer));
    assert_eq!(getnet(&[r#"{"FunctionCode":115,"ResponseCode":1006}"#]), "1006");
    assert_eq!(getnet(&[r#"{"FunctionCode":115,"ResponseCode":99}"#]), "99");
    assert_eq!(
        getnet(&[r#"{"FunctionCode":0,"ResponseCode":0,"ResponseMessage":"Error"}"#]),
        "unclear",
        "a 0 is no yes"
    );
    assert_eq!(getnet(&[r#"{"FunctionCode":115,"ResponseCode":"0"}"#]), "unclear", "nor is one in quotes");
    assert_eq!(getnet(&[r#"{"FunctionCode":115}"#]), "unclear");
    assert_eq!(getnet(&[r#"{"FunctionCode":114,"ResponseCode":0}"#]), "unclear", "of another question");
    assert_eq!(getnet(&["{\"Received\":false}"]), "received=false");
    assert_eq!(getnet(&[]), "unclear");
    let done = served("getnet", Service::Sim, &[r#"{"FunctionCode":115,"ResponseCode":0}"#]);
    assert!(done.is_ok_and(|lines| lines.is_empty()));

    let transbank = |service, answer: &[&str]| code(served("transbank", service, answer));
    assert_eq!(transbank(Service::LoadKeys, &["0810|26|597029414300|75001637"]), "26");
    assert_eq!(transbank(Service::LoadKeys, &["0810|zz|"]), "zz");
    assert_eq!(transbank(Service::LoadKeys, &["0510|00|597029414300|75001637|"]), "unclear", "of another question");
    assert_eq!(transbank(Service::StandAlone, &[]), "unclear", "a lost ACK may have been one");
    assert_eq!(transbank(Service::StandAlone, &["<NAK>", "<NAK>", "<NAK>"]), "NAK");
    assert!(served("transbank", Service::StandAlone, &["<ACK>"]).is_ok());
    assert!(matches!(served("transbank", Service::Sim, &[]), Err(E::Unsupported(_))));
}
