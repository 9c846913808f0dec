//! A scanner on a serial line, read on its own thread, whatever has the focus. Unplugged, it is looked for until it
//! is back.

use std::io::{self, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use shared::time::Clock;

use super::framer::Framer;
use crate::commands::types::{DeviceHealth, DeviceState};
use crate::config::ScannerConfig;

/// Silence that ends a code, where the scanner sends no end.
const SILENCE: Duration = Duration::from_millis(100);
/// How long to wait before looking for a lost scanner again; the last holds from there on.
const BACK_OFF_MS: [u64; 5] = [500, 1_000, 2_000, 4_000, 5_000];

/// What the scanner's owner is told, on the scanner's thread.
pub trait ScanListener: Send {
    /// A code, as read.
    fn scanned(&self, code: String);
    /// The scanner came or went, so the status bar should look again.
    fn health_changed(&self) {}
}

impl<F: Fn(String) + Send> ScanListener for F {
    fn scanned(&self, code: String) {
        self(code);
    }
}

/// A serial scanner being listened to.
pub struct SerialScanner {
    stop: Sender<()>,
    is_stopped: Arc<AtomicBool>,
    health: Arc<Mutex<DeviceHealth>>,
    thread: Option<JoinHandle<()>>,
}

impl SerialScanner {
    /// Listens on the configured port.
    pub fn spawn(config: &ScannerConfig, clock: Arc<dyn Clock>, listener: impl ScanListener + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let health = Arc::new(Mutex::new(DeviceHealth {
            state: DeviceState::Unknown,
            address: Some(format!("serial {}", config.port)),
            is_simulated: false,
            pending: 0,
            detail: None,
        }));
        let is_stopped = Arc::<AtomicBool>::default();
        let worker = Worker {
            config: config.clone(),
            clock,
            listener,
            health: Arc::clone(&health),
            is_stopped: Arc::clone(&is_stopped),
            framer: Framer::default(),
        };
        let thread = std::thread::Builder::new().name("scanner".into()).spawn(move || worker.run(&stopped)).ok();
        Self { stop, is_stopped, health, thread }
    }

    /// How the scanner is.
    pub fn health(&self) -> DeviceHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops listening.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        self.is_stopped.store(true, Ordering::Release);
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for SerialScanner {
    fn drop(&mut self) {
        self.halt();
    }
}

struct Worker<L> {
    config: ScannerConfig,
    clock: Arc<dyn Clock>,
    listener: L,
    health: Arc<Mutex<DeviceHealth>>,
    is_stopped: Arc<AtomicBool>,
    framer: Framer,
}

impl<L: ScanListener> Worker<L> {
    fn run(mut self, stopped: &Receiver<()>) {
        let mut losses = 0;
        loop {
            match self.listen(&mut losses) {
                Ok(()) => return,
                Err(error) => self.set_health(DeviceState::Unreachable, Some(error.to_string())),
            }
            self.framer.reset();
            let wait = BACK_OFF_MS[losses.min(BACK_OFF_MS.len() - 1)];
            losses += 1;
            match stopped.recv_timeout(Duration::from_millis(wait)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads until told to stop, or until the line breaks.
    fn listen(&mut self, losses: &mut usize) -> io::Result<()> {
        let mut port = serialport::new(&self.config.port, self.config.baud).timeout(SILENCE).open()?;
        *losses = 0;
        self.set_health(DeviceState::Ready, None);
        let mut buffer = [0; 512];
        while !self.is_stopped.load(Ordering::Acquire) {
            let codes = match port.read(&mut buffer) {
                // A terminal whose other side closed reads nothing, at once and for ever.
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.framer.push(&buffer[..count], self.clock.up_ms()),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.framer.silence(self.clock.up_ms()).into_iter().collect()
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Vec::new(),
                Err(error) => return Err(error),
            };
            for code in codes {
                self.listener.scanned(code);
            }
        }
        Ok(())
    }

    fn set_health(&self, state: DeviceState, detail: Option<String>) {
        let has_changed = {
            let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
            let has_changed = (health.state, &health.detail) != (state, &detail);
            (health.state, health.detail) = (state, detail);
            has_changed
        };
        if has_changed {
            self.listener.health_changed();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use serialport::{SerialPort as _, TTYPort};
    use shared::time::Timestamp;
    use std::io::Write as _;

    const PATIENCE: Duration = Duration::from_secs(20);

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
        fn up_ms(&self) -> u64 {
            0
        }
    }

    enum Heard {
        Code(String),
        Health,
    }

    struct Ear(Sender<Heard>);

    impl ScanListener for Ear {
        fn scanned(&self, code: String) {
            let _ = self.0.send(Heard::Code(code));
        }
        fn health_changed(&self) {
            let _ = self.0.send(Heard::Health);
        }
    }

    fn spawn(port: &str) -> (SerialScanner, Receiver<Heard>) {
        let (tell, heard) = mpsc::channel();
        let config = ScannerConfig { port: port.to_owned(), baud: 9_600 };
        (SerialScanner::spawn(&config, Arc::new(Still), Ear(tell)), heard)
    }

    #[test]
    fn a_scanner_is_heard_and_its_loss_is_told() {
        let (mut scanner, till) = TTYPort::pair().expect("a pseudo terminal");
        let port = till.name().expect("it has a name");
        drop(till);
        let (worker, heard) = spawn(&port);
        let next = || heard.recv_timeout(PATIENCE).expect("the scanner is heard");
        assert!(matches!(next(), Heard::Health) && worker.health().state == DeviceState::Ready);
        scanner.write_all(b"4006381333931\r").expect("written");
        assert!(matches!(next(), Heard::Code(code) if code == "4006381333931"));
        scanner.write_all(b"BMB11725").expect("written, and no end");
        assert!(matches!(next(), Heard::Code(code) if code == "BMB11725"), "silence ends it");
        drop(scanner);
        assert!(matches!(next(), Heard::Health) && worker.health().state == DeviceState::Unreachable);
        worker.stop();
    }

    #[test]
    fn a_scanner_that_is_not_there_is_told_and_stopping_does_not_wait() {
        let (worker, heard) = spawn("/dev/there-is-no-such-scanner");
        heard.recv_timeout(PATIENCE).expect("its absence is told");
        assert_eq!(worker.health().state, DeviceState::Unreachable);
        worker.stop();
    }
}
