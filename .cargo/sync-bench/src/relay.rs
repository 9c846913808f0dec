//! The line between a till and its server: it stays at one address while the server comes and goes, counts what passes,
//! and is as long as it is told to be.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::time::{now, wait};

/// The line.
pub(crate) struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    server: Mutex<Option<SocketAddr>>,
    /// From one end to the other, milliseconds.
    one_way_ms: AtomicU64,
    up: AtomicUsize,
    down: AtomicUsize,
    trips: AtomicUsize,
}

/// What passed so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    /// Bytes from the till.
    pub(crate) up: usize,
    /// Bytes to the till.
    pub(crate) down: usize,
    /// Questions whose answer has come.
    pub(crate) trips: usize,
}

impl Passed {
    pub(crate) fn since(self, before: Self) -> Self {
        Self { up: self.up - before.up, down: self.down - before.down, trips: self.trips - before.trips }
    }
}

impl Relay {
    /// A line that leads nowhere yet.
    pub(crate) fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line::default());
        let of_line = Arc::clone(&line);
        thread::spawn(move || {
            for till in listener.incoming().flatten() {
                let line = Arc::clone(&of_line);
                thread::spawn(move || connect(&till, &line));
            }
        });
        Ok(Self { address, line })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads there from now on; nowhere when absent. Connections that are open stay as they are.
    pub(crate) fn lead_to(&self, server: Option<SocketAddr>) {
        *self.line.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// So long there and back.
    pub(crate) fn lengthen(&self, trip: Duration) {
        let one_way = u64::try_from(trip.as_millis() / 2).unwrap_or(u64::MAX);
        self.line.one_way_ms.store(one_way, Ordering::Relaxed);
    }

    pub(crate) fn passed(&self) -> Passed {
        let Line { up, down, trips, .. } = &*self.line;
        let [up, down, trips] = [up, down, trips].map(|count| count.load(Ordering::SeqCst));
        Passed { up, down, trips }
    }
}

/// One connection. It too is made by a question and an answer before anything is said on it.
fn connect(till: &TcpStream, line: &Arc<Line>) {
    let server = *line.server.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Ok(server)) = server.map(TcpStream::connect) else { return };
    wait(Duration::from_millis(2 * line.one_way_ms.load(Ordering::Relaxed)));
    let asked = Arc::new(AtomicBool::new(false));
    let (Ok(till_too), Ok(server_too)) = (till.try_clone(), server.try_clone()) else { return };
    let (of_answers, asked_too) = (Arc::clone(line), Arc::clone(&asked));
    let answers = thread::spawn(move || {
        pass(&server_too, &till_too, &of_answers, |count| {
            of_answers.down.fetch_add(count, Ordering::SeqCst);
            if asked_too.swap(false, Ordering::SeqCst) {
                of_answers.trips.fetch_add(1, Ordering::SeqCst);
            }
        });
    });
    pass(till, &server, line, |count| {
        line.up.fetch_add(count, Ordering::SeqCst);
        asked.store(true, Ordering::SeqCst);
    });
    let _ = answers.join();
}

/// Passes bytes on, each when it would have arrived, until an end closes; then breaks both.
fn pass(mut from: &TcpStream, mut to: &TcpStream, line: &Line, arrived: impl Fn(usize) + Send) {
    let _ = to.set_nodelay(true);
    let (send, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::scope(|scope| {
        scope.spawn(move || {
            for (due, bytes) in arriving {
                let left = due.saturating_duration_since(now());
                if !left.is_zero() {
                    wait(left);
                }
                arrived(bytes.len());
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let due = now() + Duration::from_millis(line.one_way_ms.load(Ordering::Relaxed));
            if send.send((due, bytes[..count].to_vec())).is_err() {
                break;
            }
        }
        drop(send);
    });
    let _ = from.shutdown(Shutdown::Both);
}
