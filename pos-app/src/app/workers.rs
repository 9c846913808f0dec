//! What works beside the till on threads of its own. Each can be missing, and selling goes on.

use std::sync::{Arc, Weak};

use shared::ids::PaymentId;
use shared::sync::redeem::{RedeemDecision, RedeemRequest};
use shared::tender::CardPayment;
use shared::time::Timestamp;

use super::batch::{BatchDesk, WorkerDesk};
use super::queue::TillPaper;
use super::till::lock;
use super::{Till, TillJournal};
use crate::commands::types::{DeviceHealth, DeviceState, Notice, PaperStatus, ServerHealth, ServerState, SyncReport};
use crate::commands::{CommandError, ErrorCode};
use crate::config::TerminalConfig;
use crate::ledger::{LedgerError, card, outbox, print_job};
use crate::printer::Spooler;
use crate::scanner::SerialScanner;
use crate::scanner::serial::ScanListener;
use crate::sync::question::Counsel;
use crate::sync::worker::{self, News, SyncWorker};
use crate::terminal::TerminalWorker;
use crate::terminal::service::gives_back_later;

/// The threads, as far as they are configured.
#[derive(Default)]
pub(super) struct Devices {
    sync: Option<Arc<SyncWorker>>,
    /// Who is asked before a ticket is handed over.
    counsel: Option<Arc<dyn Counsel>>,
    terminal: Option<Arc<TerminalWorker>>,
    printer: Option<Arc<Spooler>>,
    scanner: Option<SerialScanner>,
}

impl Till {
    /// Starts what `till.toml` names.
    pub(super) fn start_workers(self: &Arc<Self>) {
        drop(self.me.set(Arc::downgrade(self)));
        if let Some(config) = self.config.terminal.as_ref().filter(|terminal| !terminal.is_manual()) {
            let journal = Arc::new(TillJournal(Arc::downgrade(self)));
            let worker = TerminalWorker::spawn(config, journal, Arc::clone(&self.clock));
            lock(&self.devices).terminal = Some(Arc::new(worker));
        }
        if let Some(config) = &self.config.printer {
            let queue = Arc::new(TillPaper(Arc::downgrade(self)));
            let uses_spare = self.ledger().read(print_job::uses_spare).unwrap_or(false);
            lock(&self.devices).printer = Some(Arc::new(Spooler::spawn(config, uses_spare, queue)));
        }
        if let Some(config) = &self.config.scanner {
            let listener = Ear(Arc::downgrade(self));
            let scanner = SerialScanner::spawn(config, Arc::clone(&self.clock), listener);
            lock(&self.devices).scanner = Some(scanner);
        }
        self.start_sync();
    }

    /// Stops the threads and waits for them; what was durable stays. Call it before letting the till go.
    pub fn close(&self) {
        let devices = std::mem::take(&mut *lock(&self.devices));
        drop(devices);
    }

    /// A till let go without being closed may be let go by one of its own threads, which cannot wait for itself.
    pub(super) fn abandon_workers(&self) {
        let devices = std::mem::take(&mut *lock(&self.devices));
        if self.has_workers() {
            drop(std::thread::Builder::new().name("closing".into()).spawn(move || drop(devices)));
        }
    }

    fn terminal(&self) -> Option<Arc<TerminalWorker>> {
        lock(&self.devices).terminal.clone()
    }

    /// Sends and fetches from now on.
    pub(super) fn start_sync(&self) {
        if self.has_workers()
            && let Err(error) = self.sync_worker()
        {
            tracing::warn!(%error, "nothing is sent to head office");
        }
    }

    /// Sends and fetches now.
    pub(super) fn sync_now(&self) -> Result<SyncReport, CommandError> {
        let worker = self.sync_worker()?;
        worker.run_once().map_err(|error| CommandError::from(&*error))
    }

    /// Sends and fetches on this thread, once, for a till whose every step a simulation decides. Not to be called inside an
    /// async runtime.
    pub fn exchange_once(&self) -> Result<SyncReport, CommandError> {
        let identity = self.identity()?;
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let done = worker::exchange_once(Arc::clone(self.ledger()), &identity, clock, entropy);
        done.map_err(|error| CommandError::from(&*error))
    }

    /// The worker that talks to head office, started if it is not at it yet.
    fn sync_worker(&self) -> Result<Arc<SyncWorker>, CommandError> {
        let identity = self.identity()?;
        let mut devices = lock(&self.devices);
        if let Some(worker) = &devices.sync {
            return Ok(Arc::clone(worker));
        }
        let me = self.me.get().cloned().unwrap_or_default();
        let tell = move |news| {
            if let Some(till) = me.upgrade() {
                if news == News::Catalog {
                    till.notices.send(&Notice::Catalog);
                }
                till.notify_status();
            }
        };
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        let worker = SyncWorker::spawn(Arc::clone(self.ledger()), &identity, &self.config.sync, clock, entropy, tell);
        let worker = Arc::new(worker.map_err(|error| CommandError::from(&error))?);
        devices.sync = Some(Arc::clone(&worker));
        devices.counsel = Some(Arc::clone(&worker) as Arc<dyn Counsel>);
        Ok(worker)
    }

    /// Paper waits.
    pub(super) fn wake_printer(&self) {
        let printer = lock(&self.devices).printer.clone();
        if let Some(printer) = printer {
            printer.wake();
        }
    }

    /// Asks the terminal for money.
    pub(super) fn start_on_terminal(&self, payment: &CardPayment) {
        if let Some(terminal) = self.terminal() {
            terminal.start(payment.clone());
        }
    }

    /// Asks the terminal what became of a payment.
    pub(super) fn enquire_at_terminal(&self, payment: &CardPayment) {
        if let Some(terminal) = self.terminal() {
            terminal.enquire(payment.clone());
        }
    }

    /// Has the terminal give a payment back that the journal holds as asked for.
    pub(super) fn void_at_terminal(&self, payment: &CardPayment, is_batch_closed: bool) {
        match self.terminal() {
            Some(terminal) if is_batch_closed => terminal.give_back(payment.clone()),
            Some(terminal) => terminal.void(payment.clone()),
            None => {}
        }
    }

    /// Whether the terminal gives back what is in a batch that is closed by now.
    pub(super) fn gives_back_later(&self) -> bool {
        self.config.terminal.as_ref().is_some_and(gives_back_later)
    }

    /// A person has settled it: nothing more is asked about it.
    pub(super) fn forget_at_terminal(&self, payment_id: PaymentId) {
        if let Some(terminal) = self.terminal() {
            terminal.forget(payment_id);
        }
    }

    /// Whether there is a terminal that can be asked at all.
    pub(super) fn has_terminal_line(&self) -> bool {
        self.config.terminal.as_ref().is_some_and(|terminal| !terminal.is_manual())
    }

    /// A terminal without a cable can be asked nothing.
    pub(super) fn refuse_manual_terminal(&self) -> Result<(), CommandError> {
        if self.config.terminal.as_ref().is_some_and(TerminalConfig::is_manual) {
            let message = "The terminal of this till stands alone. Charge on it, and type what its voucher says.";
            return Err(CommandError::new(ErrorCode::TerminalIsManual, message));
        }
        Ok(())
    }

    /// The thread that owns the port, as the one to ask about the batch.
    pub(super) fn terminal_desk(&self) -> Option<Arc<dyn BatchDesk>> {
        self.terminal().map(|worker| Arc::new(WorkerDesk(worker)) as Arc<dyn BatchDesk>)
    }

    /// True when nothing was sent yet, and now never will be.
    pub(super) fn cancel_at_terminal(&self, payment_id: PaymentId) -> bool {
        self.terminal().is_none_or(|terminal| terminal.cancel(payment_id))
    }

    /// After a start: doubts are asked about until they are settled.
    pub(super) fn ask_about_doubts(&self) -> Result<(), CommandError> {
        for payment in self.ledger().read(card::list_unsettled)? {
            if payment.state.is_doubt() {
                self.enquire_at_terminal(&payment);
            }
        }
        Ok(())
    }

    pub(super) fn printer_health(&self) -> Result<DeviceHealth, CommandError> {
        let printer = lock(&self.devices).printer.clone();
        let open = self.ledger().read(print_job::count_open)?;
        let health = if let Some(printer) = printer {
            printer.health()
        } else {
            let printer = self.config.printer.as_ref();
            let address = printer.map(|printer| printer.address.clone());
            unknown(address, printer.is_some_and(|p| p.simulated), open.waiting)
        };
        // Paper in doubt is looked for as long as it is, however well the printer is by now.
        let is_fine = matches!(health.state, DeviceState::Ready | DeviceState::Unknown);
        let state = if is_fine && open.unknown > 0 { DeviceState::Attention } else { health.state };
        Ok(DeviceHealth { state, ..health })
    }

    /// Papers in doubt, the other printer, the drawer.
    pub(super) fn paper_status(&self) -> Result<PaperStatus, CommandError> {
        let Some(config) = &self.config.printer else { return Ok(PaperStatus::default()) };
        let open = self.ledger().read(print_job::count_open)?;
        let uses_spare = config.spare.is_some() && self.ledger().read(print_job::uses_spare)?;
        let other = config.spare.as_ref().map(|spare| if uses_spare { &config.address } else { &spare.address });
        let printer = lock(&self.devices).printer.clone();
        Ok(PaperStatus {
            in_doubt: open.unknown,
            other_printer: other.cloned(),
            uses_spare,
            is_drawer_open: printer.and_then(|printer| printer.is_drawer_open()),
        })
    }

    /// Another printer takes the queue.
    pub(super) fn turn_to_printer(&self, is_spare: bool) {
        let printer = lock(&self.devices).printer.clone();
        if let Some(printer) = printer {
            printer.use_spare(is_spare);
        }
    }

    pub(super) fn terminal_health(&self) -> DeviceHealth {
        if let Some(terminal) = self.terminal() {
            return terminal.health();
        }
        let terminal = self.config.terminal.as_ref();
        if terminal.is_some_and(TerminalConfig::is_manual) {
            let state = DeviceState::Ready;
            return DeviceHealth { state, ..unknown(Some("manual".to_owned()), false, 0) };
        }
        unknown(terminal.map(|terminal| terminal.port.clone()), terminal.is_some_and(|t| t.simulated), 0)
    }

    pub(super) fn scanner_health(&self) -> DeviceHealth {
        if let Some(scanner) = &lock(&self.devices).scanner {
            return scanner.health();
        }
        unknown(self.config.scanner.as_ref().map(|scanner| scanner.port.clone()), false, 0)
    }

    pub(super) fn server_health(&self) -> Result<ServerHealth, CommandError> {
        let worker = lock(&self.devices).sync.clone();
        if let Some(worker) = worker {
            return Ok(worker.health()?);
        }
        let url = self.find_identity().map(|identity| identity.enrolment.server_url.clone());
        let state = if url.is_some() { ServerState::Offline } else { ServerState::None };
        let (unsent_events, contact) = self.ledger().read(|connection| {
            Ok::<_, LedgerError>((outbox::count_unsent(connection)?, outbox::load_contact(connection)?))
        })?;
        let last_contact = contact.heard_at;
        Ok(ServerHealth { state, url, last_contact, offline_since: None, unsent_events, detail: None })
    }

    /// Whether the server answered last, so that asking it now makes sense.
    pub(super) fn is_server_reached(&self) -> bool {
        lock(&self.devices).counsel.as_ref().is_some_and(|counsel| counsel.is_reached())
    }

    /// Asks the server whether a ticket may be handed over. `None` is no answer.
    pub(super) fn ask_server(&self, request: RedeemRequest) -> Option<RedeemDecision> {
        let counsel = lock(&self.devices).counsel.clone();
        counsel?.ask(request)
    }

    /// Has somebody else asked instead of the server.
    #[cfg(test)]
    pub(crate) fn ask_of(&self, counsel: Arc<dyn Counsel>) {
        lock(&self.devices).counsel = Some(counsel);
    }

    /// When the server was last heard.
    pub(super) fn last_contact(&self) -> Result<Option<Timestamp>, CommandError> {
        let worker = lock(&self.devices).sync.clone();
        Ok(match worker {
            Some(worker) => worker.last_contact(),
            None => self.ledger().read(outbox::load_contact)?.heard_at,
        })
    }

    /// Tells the window how the till is, if one listens.
    pub(crate) fn notify_status(&self) {
        if self.notices.has_listeners()
            && let Ok(status) = self.status()
        {
            self.notices.send(&Notice::Status { status: Box::new(status) });
        }
    }
}

/// What hears the serial scanner.
struct Ear(Weak<Till>);

impl ScanListener for Ear {
    fn scanned(&self, code: String) {
        if let Some(till) = self.0.upgrade() {
            till.take_scan(code);
        }
    }

    fn health_changed(&self) {
        if let Some(till) = self.0.upgrade() {
            till.notify_status();
        }
    }
}

/// A device nobody has tried.
fn unknown(address: Option<String>, is_simulated: bool, pending: u32) -> DeviceHealth {
    let state = if address.is_some() { DeviceState::Unknown } else { DeviceState::NotConfigured };
    DeviceHealth { state, address, is_simulated, pending, detail: None }
}
