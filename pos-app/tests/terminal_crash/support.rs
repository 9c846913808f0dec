//! A till's end of the cable that can be killed at any byte, and what it had written down by then.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pos_app::commands::types::DeviceHealth;
use pos_app::config::TerminalConfig;
use pos_app::outside::SystemClock;
use pos_app::terminal::port::{self, Line, Serial};
use pos_app::terminal::simulated::Protocol;
use pos_app::terminal::{Journal, JournalError, TerminalError, TerminalWorker, Timing};
use shared::ids::{PaymentId, SaleId};
use shared::tender::{CardPayment, CardState, TerminalReport};
use shared::time::Timestamp;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// How often a till that was started again may open the port or say something before its sale is settled or a person's:
/// twenty times what it takes.
const RECOVERY_STEPS: usize = 400;
pub(crate) const AMOUNT: i64 = 1_990;

/// When the till dies: after so many bytes, counted both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) after: usize,
    /// What follows from the last byte is still done: journalled, but no byte more sent. Otherwise not even that.
    pub(crate) is_late: bool,
}

/// A till as far as it can be killed: bytes and what it writes down.
pub(crate) struct Life {
    /// Bytes passed since the sale's first.
    passed: usize,
    death: Option<Death>,
    /// Bytes until it was written down how the sale ended.
    pub(crate) needed: usize,
    is_counting: bool,
    is_dead: bool,
    /// How often the port was opened or written to.
    steps: usize,
}

impl Life {
    pub(crate) fn new(death: Option<Death>) -> Shared {
        Arc::new(Mutex::new(Self { passed: 0, needed: 0, death, is_counting: false, is_dead: false, steps: 0 }))
    }

    /// How many of so many bytes may pass.
    fn pass(&mut self, wanted: usize) -> io::Result<usize> {
        let room = match self.death {
            Some(death) if self.is_counting => death.after - self.passed,
            _ => usize::MAX,
        };
        if self.is_dead || room == 0 {
            self.is_dead = true;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(wanted.min(room))
    }

    fn passed(&mut self, count: usize) {
        if self.is_counting {
            self.passed += count;
        }
        if self.death.is_some_and(|death| self.is_counting && !death.is_late && self.passed >= death.after) {
            self.is_dead = true;
        }
    }
}

pub(crate) type Shared = Arc<Mutex<Life>>;

struct MortalLine {
    line: Box<dyn Line>,
    life: Shared,
    /// Read, and not handed on yet: a byte is read when the till has it.
    pending: Vec<u8>,
}

impl Line for MortalLine {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        lock(&self.life).pass(1)?;
        if self.pending.is_empty() {
            let mut bytes = [0; 512];
            let count = self.line.read(&mut bytes, timeout)?;
            self.pending.extend(&bytes[..count]);
            if count == 0 {
                return Ok(0);
            }
        }
        // One at a time, so that each is heard before the next.
        let mut life = lock(&self.life);
        life.pass(1)?;
        buffer[0] = self.pending.remove(0);
        life.passed(1);
        Ok(1)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.life).steps += 1;
        let count = lock(&self.life).pass(bytes.len())?;
        let count = self.line.write(&bytes[..count])?;
        lock(&self.life).passed(count);
        Ok(count)
    }
}

/// What is durable.
pub(crate) struct Notebook {
    payment: Mutex<CardPayment>,
    life: Shared,
    moves: Mutex<Sender<CardState>>,
    healths: Mutex<Sender<DeviceHealth>>,
    papers: Mutex<Sender<Vec<String>>>,
}

impl Journal for Notebook {
    fn report(&self, _: PaymentId, report: TerminalReport) -> Result<CardPayment, JournalError> {
        let mut life = lock(&self.life);
        if life.is_dead {
            return Err(JournalError::NotStored("the till is dead".into()));
        }
        // The sale's bytes begin when it is written down that they do.
        // A sale in peace before a void that is not: its bytes do not count.
        if matches!(report, TerminalReport::Asked { .. } | TerminalReport::VoidAsked { .. }) {
            (life.is_counting, life.passed) = (true, 0);
        }
        let is_over = life.is_counting && life.death.is_some_and(|death| death.after == 0 && !death.is_late);
        let mut payment = lock(&self.payment);
        *payment = payment.clone().report(report)?;
        if payment.state.is_final() {
            // The acknowledgement that follows is the last thing a death can take away.
            life.needed = life.passed;
        }
        life.is_dead |= is_over;
        let _ = lock(&self.moves).send(payment.state.clone());
        Ok(payment.clone())
    }

    fn print(&self, lines: &[String]) -> Result<(), JournalError> {
        let _ = lock(&self.papers).send(lines.to_vec());
        Ok(())
    }

    fn health_changed(&self, health: &DeviceHealth) {
        let _ = lock(&self.healths).send(health.clone());
    }
}

/// One till, alive.
pub(crate) struct Till {
    pub(crate) worker: TerminalWorker,
    notebook: Arc<Notebook>,
    moves: Receiver<CardState>,
    healths: Receiver<DeviceHealth>,
    papers: Receiver<Vec<String>>,
}

pub(crate) fn config(protocol: Protocol) -> TerminalConfig {
    let protocol = match protocol {
        Protocol::Transbank => "transbank",
        Protocol::Zvt | Protocol::ZvtTcp => "zvt",
        Protocol::Getnet => "getnet",
    };
    TerminalConfig {
        protocol: protocol.into(),
        port: "simulated".into(),
        name: None,
        baud: None,
        password: 0,
        currency: 978,
        commerce: None,
        simulated: true,
    }
}

pub(crate) fn timing() -> Timing {
    Timing {
        ack_ms: 400,
        link_ack_ms: 400,
        accept_ms: 400,
        reply_ms: 2_000,
        completion_ms: 2_000,
        enquiry_ms: 400,
        gap_ms: 150,
        linger_ms: 10,
        settle_ms: 10,
        over_ms: 0,
        recover_min_ms: 20,
        recover_max_ms: 100,
        reconnect_min_ms: 10,
        reconnect_max_ms: 50,
        attend_ms: 60_000,
        idle_poll_ms: 60_000,
        ..Timing::default()
    }
}

pub(crate) fn start(protocol: Protocol, address: String, new: CardPayment, life: Shared) -> Till {
    let ((journalled, moves), (well, healths), (printed, papers)) = (channel(), channel(), channel());
    let notebook = Notebook {
        payment: Mutex::new(new),
        life: life.clone(),
        moves: Mutex::new(journalled),
        healths: Mutex::new(well),
        papers: Mutex::new(printed),
    };
    let notebook = Arc::new(notebook);
    let config = config(protocol);
    // A protocol that knows by its port whether it is framed.
    let config = TerminalConfig { port: address.clone(), ..config };
    let open = move || -> Result<Box<dyn Line>, TerminalError> {
        let gone = || TerminalError::NoSuchPort { port: address.clone() };
        lock(&life).steps += 1;
        if lock(&life).is_dead {
            return Err(gone());
        }
        let opened = port::open(&address, Serial { baud: 115_200, has_two_stop_bits: false })?;
        Ok(Box::new(MortalLine { line: opened, life: life.clone(), pending: Vec::new() }))
    };
    let clock = Arc::new(SystemClock::new());
    let worker = TerminalWorker::spawn_on(&config, timing(), notebook.clone(), clock, open);
    Till { worker, notebook, moves, healths, papers }
}

impl Till {
    /// The next paper the terminal wants printed.
    pub(crate) fn next_paper(&self) -> Vec<String> {
        self.papers.recv_timeout(PATIENCE).expect("a paper comes")
    }

    /// Ends the till; how many papers came besides.
    pub(crate) fn end(self) -> usize {
        drop(self.worker);
        self.papers.try_iter().count()
    }

    /// Pays, until it is over or the till is dead.
    pub(crate) fn pay(self) -> CardPayment {
        // So that every run sends the same bytes from here on.
        self.wait_until_it_is_there();
        self.until_dead(TerminalWorker::start)
    }

    /// The terminal was reached.
    pub(crate) fn wait_until_it_is_there(&self) {
        self.healths.recv_timeout(PATIENCE).expect("health changes");
    }

    /// Undoes what was paid in peace, one way or the other, until it is over or the till is dead.
    pub(crate) fn give_back(self, undo: fn(&TerminalWorker, CardPayment), death: Option<Death>) -> CardPayment {
        {
            let mut life = lock(&self.notebook.life);
            (life.death, life.is_counting) = (death, false);
        }
        while self.moves.try_recv().is_ok() {}
        self.until_dead(undo)
    }

    fn until_dead(self, begin: impl Fn(&TerminalWorker, CardPayment)) -> CardPayment {
        let payment = lock(&self.notebook.payment).clone();
        begin(&self.worker, payment);
        let is_over = |state: &CardState| state.is_final() || *state == CardState::Uncertain;
        while !lock(&self.notebook.life).is_dead {
            match self.moves.recv_timeout(Duration::from_millis(5)) {
                Ok(state) if is_over(&state) => break,
                _ => {}
            }
        }
        // Without ceremony: what is not written down by now is lost, and nothing more is sent.
        lock(&self.notebook.life).is_dead = true;
        self.worker.stop();
        lock(&self.notebook.payment).clone()
    }

    /// Pays with a ticket of its own, until it is settled or a person has to look.
    pub(crate) fn settle(&self, number: u32) -> CardPayment {
        let payment_id = PaymentId::from_uuid(uuid::Uuid::from_u128(u128::from(number)));
        let payment = CardPayment { payment_id, ticket_no: format!("{number:06}"), ..new_payment() };
        *lock(&self.notebook.payment) = payment.clone();
        while self.healths.try_recv().is_ok() {}
        self.worker.start(payment);
        self.wait()
    }

    /// Undoes what was paid last, and waits until it is undone, whatever is refused on the way.
    pub(crate) fn void_at_last(&self) -> CardPayment {
        self.worker.void(lock(&self.notebook.payment).clone());
        loop {
            let state = self.moves.recv_timeout(PATIENCE).expect("the payment moves on");
            if matches!(state, CardState::Voided { .. }) {
                return lock(&self.notebook.payment).clone();
            }
        }
    }

    /// Undoes what was paid last.
    pub(crate) fn void(&self) -> CardPayment {
        self.worker.void(lock(&self.notebook.payment).clone());
        while lock(&self.notebook.payment).void_refused.is_none()
            && !matches!(lock(&self.notebook.payment).state, CardState::Voiding { .. } | CardState::Voided { .. })
        {
            let _ = self.moves.recv_timeout(Duration::from_millis(5));
        }
        self.wait()
    }

    fn wait(&self) -> CardPayment {
        // At five milliseconds each: two minutes, or longer where the machine is slow.
        for _ in 0..24_000 {
            let payment = lock(&self.notebook.payment).clone();
            if payment.state.is_final() {
                return payment;
            }
            let health = self.healths.recv_timeout(Duration::from_millis(5));
            if health.is_ok_and(|health| health.detail.as_deref() == Some("a payment needs a person")) {
                return lock(&self.notebook.payment).clone();
            }
        }
        panic!("nothing comes of {:?}", lock(&self.notebook.payment));
    }

    /// Until the payment is settled, or a person has to look: openly uncertain, and that is an outcome. What is limited is
    /// how much the till does for it, not how long it takes.
    fn wait_for_a_settlement(&self) {
        let mut said = None;
        loop {
            if lock(&self.notebook.payment).state.is_final() {
                return;
            }
            if let Ok(health) = self.healths.recv_timeout(Duration::from_millis(5)) {
                if health.detail.as_deref() == Some("a payment needs a person") {
                    return;
                }
                said = Some(health);
            }
            let steps = lock(&self.notebook.life).steps;
            assert!(
                steps < RECOVERY_STEPS,
                "after {steps} steps neither settled nor a person's: waiting for an end of {:?}; the terminal is {said:?}; \
                 said so far: {:#?}",
                lock(&self.notebook.payment),
                self.worker.transcript(),
            );
        }
    }

    /// What a till does that starts and finds this in its journal.
    pub(crate) fn recover(self) -> CardPayment {
        let payment = lock(&self.notebook.payment).clone();
        match payment.state {
            CardState::Created | CardState::Ready => {
                self.notebook.report(payment.payment_id, TerminalReport::NoAnswer).expect("it is kept");
            }
            CardState::InProgress { .. } | CardState::Uncertain | CardState::Voiding { .. } => {
                self.worker.enquire(payment);
                self.wait_for_a_settlement();
            }
            _ => {}
        }
        self.worker.stop();
        lock(&self.notebook.payment).clone()
    }
}

pub(crate) fn new_payment() -> CardPayment {
    let (payment, sale) = (PaymentId::from_uuid(uuid::Uuid::from_u128(1)), SaleId::from_uuid(uuid::Uuid::from_u128(1)));
    CardPayment::new(payment, sale, AMOUNT, "00000A".into(), Timestamp::from_millis(0))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
