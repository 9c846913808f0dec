//! The simulated printer on the network, one connection at a time as most real ones.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::interpreter::{Interpreter, Status};
use super::paper::Paper;
use crate::printer::profile::Columns;
use crate::printer::status::is_printed_answer;

/// How soon a connection notices that its printer's fault changed.
const LOOK: Duration = Duration::from_millis(20);

/// What can be wrong with a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The roll is nearly empty; it prints.
    PaperLow,
    /// It is empty.
    PaperOut,
    /// Somebody is changing it.
    CoverOpen,
    /// The roll ends after so many more bytes.
    PaperEnds {
        /// How many are still printed.
        after: usize,
    },
    /// Paused at its button.
    Offline,
    /// Takes no more bytes and says nothing.
    Stalled,
    /// Prints, says how it is, and never says that it printed.
    NeverConfirms,
    /// Somebody left the drawer open; it prints.
    DrawerOpen,
    /// The cable is pulled after so many more bytes.
    Pulled {
        /// How many still arrive.
        after: usize,
    },
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    is_stopped: bool,
    connections: u32,
}

/// A printer's switches.
#[derive(Default)]
pub struct Panel {
    state: Mutex<State>,
    changed: Condvar,
}

impl Panel {
    /// Breaks the printer, or mends it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
        self.changed.notify_all();
    }

    /// So many bytes nearer to what will happen.
    fn count_down(&self, count: usize) {
        if let Some(Fault::Pulled { after } | Fault::PaperEnds { after }) = &mut self.lock().fault {
            *after = after.saturating_sub(count);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A printer that listens.
pub struct SimulatedPrinter {
    address: SocketAddr,
    panel: Arc<Panel>,
    papers: Receiver<Paper>,
    thread: Option<JoinHandle<()>>,
}

impl SimulatedPrinter {
    /// Listens; port 0 is any free one.
    pub fn listen(address: impl ToSocketAddrs, columns: Columns) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let panel = Arc::<Panel>::default();
        let (cut, papers) = mpsc::channel();
        let server = Server { panel: Arc::clone(&panel), printer: Interpreter::new(columns), cut };
        let thread =
            std::thread::Builder::new().name("simulated printer".into()).spawn(move || server.run(&listener))?;
        Ok(Self { address, panel, papers, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What comes off the cutter.
    pub fn papers(&self) -> &Receiver<Paper> {
        &self.papers
    }

    /// Its switches, for another thread.
    pub fn panel(&self) -> Arc<Panel> {
        Arc::clone(&self.panel)
    }

    /// Breaks it, or mends it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.panel.set_fault(fault);
    }

    /// How often somebody connected.
    pub fn connections(&self) -> u32 {
        self.panel.lock().connections
    }
}

impl Drop for SimulatedPrinter {
    /// Switches it off and frees its port.
    fn drop(&mut self) {
        self.panel.lock().is_stopped = true;
        self.panel.changed.notify_all();
        // Wakes the thread where it waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Server {
    panel: Arc<Panel>,
    printer: Interpreter,
    cut: Sender<Paper>,
}

impl Server {
    fn run(mut self, listener: &TcpListener) {
        for connection in listener.incoming() {
            if self.panel.lock().is_stopped {
                return;
            }
            let Ok(connection) = connection else { continue };
            self.panel.lock().connections += 1;
            // A broken line is the till's to notice; the printer waits for the next.
            let _ = self.serve(connection);
            self.printer.disconnected();
            self.hand_out();
            if let Some(opened) = self.printer.take_drawer() {
                let _ = self.cut.send(opened);
            }
        }
    }

    fn serve(&mut self, mut connection: TcpStream) -> io::Result<()> {
        connection.set_read_timeout(Some(LOOK))?;
        let mut buffer = [0; 4096];
        loop {
            let fault = {
                let panel = Arc::clone(&self.panel);
                let still = |state: &mut State| state.fault == Some(Fault::Stalled) && !state.is_stopped;
                let state = panel.changed.wait_while(panel.lock(), still).unwrap_or_else(PoisonError::into_inner);
                if state.is_stopped {
                    return Ok(());
                }
                state.fault
            };
            self.printer.set_status(status_of(fault));
            let room = match fault {
                Some(Fault::Pulled { after: 0 }) => return Ok(()),
                Some(Fault::Pulled { after }) => after.min(buffer.len()),
                Some(Fault::PaperEnds { after: left @ 1.. }) => left.min(buffer.len()),
                _ => buffer.len(),
            };
            let count = match connection.read(&mut buffer[..room]) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => 0,
                Err(error) => return Err(error),
            };
            self.panel.count_down(count);
            let mut answer = self.printer.feed(&buffer[..count]);
            if fault == Some(Fault::NeverConfirms) {
                answer.retain(|byte| !is_printed_answer(*byte));
            }
            // What it says is printed has come out by then, for whoever looks.
            self.hand_out();
            connection.write_all(&answer)?;
        }
    }

    fn hand_out(&mut self) {
        for paper in self.printer.take_papers() {
            // Nobody looks at the paper any more: it falls to the floor.
            let _ = self.cut.send(paper);
        }
    }
}

fn status_of(fault: Option<Fault>) -> Status {
    match fault {
        Some(Fault::DrawerOpen) => Status::DRAWER_OPEN,
        None | Some(Fault::Stalled | Fault::NeverConfirms | Fault::Pulled { .. } | Fault::PaperEnds { after: 1.. }) => {
            Status::OK
        }
        Some(Fault::PaperLow) => Status::PAPER_LOW,
        Some(Fault::PaperOut | Fault::PaperEnds { after: 0 }) => Status::PAPER_OUT,
        Some(Fault::CoverOpen) => Status::COVER_OPEN,
        Some(Fault::Offline) => Status::OFFLINE,
    }
}
