//! A line to a printer on which things go wrong: it is cut, it is slow, the power goes at its other end.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What becomes of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// So many bytes arrive, so many more are taken and never printed, and then the line is cut. Lost bytes are what a
    /// printer had in its buffer when its power went.
    Cut { after: usize, lost: usize },
    /// Nobody is there yet.
    Away,
    /// So many bytes for each question of the till. It asks again whenever it has waited for an answer, so its own
    /// patience is the clock: with half a second of it, 500 bytes are 1 kB/s.
    Slow { bytes: usize },
}

/// Listens where the till looks for its printer.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    fates: Arc<Mutex<VecDeque<Fate>>>,
}

impl Line {
    /// To a printer. Where no fate is set, everything passes.
    pub(crate) fn to(printer: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let fates = Arc::<Mutex<VecDeque<Fate>>>::default();
        let held = Arc::clone(&fates);
        std::thread::spawn(move || {
            for till in listener.incoming().map_while(Result::ok) {
                let fate = held.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                if fate != Some(Fate::Away) {
                    carry(till, printer, fate);
                }
            }
        });
        Self { address, fates }
    }

    /// What becomes of the next connections, in order.
    pub(crate) fn set(&self, fates: impl IntoIterator<Item = Fate>) {
        *self.fates.lock().unwrap_or_else(PoisonError::into_inner) = fates.into_iter().collect();
    }
}

/// Bytes under way, and how many of them may go.
struct Way {
    fate: Option<Fate>,
    waiting: VecDeque<u8>,
    last: [u8; 3],
    allowed: usize,
}

impl Way {
    /// Takes bytes in; gives those that arrive now, and whether the line breaks after them.
    fn pass(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        for byte in bytes {
            self.waiting.push_back(*byte);
            self.last = [self.last[1], self.last[2], *byte];
            if let (Some(Fate::Slow { bytes }), [0x10, 0x04, 1..=4]) = (self.fate, self.last) {
                self.allowed = bytes;
            }
        }
        match &mut self.fate {
            Some(Fate::Cut { after, lost }) => {
                let arrive = self.waiting.len().min(*after);
                *after -= arrive;
                let passed = self.waiting.drain(..arrive).collect();
                (passed, *after == 0 && self.waiting.len() >= *lost)
            }
            Some(Fate::Slow { .. }) => {
                let arrive = self.waiting.len().min(self.allowed);
                self.allowed -= arrive;
                (self.waiting.drain(..arrive).collect(), false)
            }
            Some(Fate::Away) | None => (self.waiting.drain(..).collect(), false),
        }
    }
}

fn carry(mut till: TcpStream, printer: SocketAddr, fate: Option<Fate>) {
    let Ok(mut printer) = TcpStream::connect(printer) else { return };
    let (mut answers, mut back) = (printer.try_clone().expect("a hand"), till.try_clone().expect("a hand"));
    let answering = std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut way = Way { fate, waiting: VecDeque::new(), last: [0; 3], allowed: 0 };
    let mut buffer = [0; 256];
    let (passed, mut is_cut) = way.pass(&[]);
    assert!(passed.is_empty());
    while !is_cut && let Ok(count @ 1..) = till.read(&mut buffer) {
        let (passed, breaks) = way.pass(&buffer[..count]);
        is_cut = printer.write_all(&passed).is_err() || breaks;
    }
    // What is on a slow line arrives, also when nobody waits for the answer any more.
    if matches!(fate, Some(Fate::Slow { .. })) {
        let rest: Vec<u8> = way.waiting.into_iter().collect();
        let _ = printer.write_all(&rest);
        let _ = printer.shutdown(Shutdown::Write);
    } else {
        let _ = till.shutdown(Shutdown::Both);
        let _ = printer.shutdown(Shutdown::Both);
    }
    let _ = answering.join();
}
