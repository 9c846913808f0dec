//! The line between tills and server, which can be cut: a relay that stays at one address while the server comes and goes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PUSH: &[u8] = b"/v1/push";

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Dead.
    Down,
    /// Good, to a server.
    Up(SocketAddr),
    /// Requests arrive; from the first push on answers do not.
    AnswersLost(SocketAddr),
    /// It breaks after so many bytes of a request.
    BreaksAfter(SocketAddr, usize),
}

/// The line.
pub(crate) struct Line {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Line {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::Down));
        let of_line = Arc::clone(&state);
        std::thread::spawn(move || {
            for till in listener.incoming().flatten() {
                let state = Arc::clone(&of_line);
                std::thread::spawn(move || relay(till, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

fn look(state: &Mutex<State>) -> State {
    *state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Passes bytes both ways, as far as the line lets them. A connection kept open from a better time breaks as well.
fn relay(till: TcpStream, state: &Arc<Mutex<State>>) {
    let (State::Up(server) | State::AnswersLost(server) | State::BreaksAfter(server, _)) = look(state) else { return };
    let Ok(server) = TcpStream::connect(server) else { return };
    let (till_too, server_too) = (till.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    let of_answers = Arc::clone(state);
    let has_pushed = Arc::new(AtomicBool::new(false));
    let pushed_too = Arc::clone(&has_pushed);
    let answers = std::thread::spawn(move || {
        pass(server_too, till_too, |_, _| match look(&of_answers) {
            State::Up(_) => Some(usize::MAX),
            State::AnswersLost(_) => (!pushed_too.load(Ordering::SeqCst)).then_some(usize::MAX),
            State::Down | State::BreaksAfter(..) => None,
        });
    });
    pass(till, server, |bytes, passed| {
        if bytes.windows(PUSH.len()).any(|window| window == PUSH) {
            has_pushed.store(true, Ordering::SeqCst);
        }
        match look(state) {
            State::Up(_) | State::AnswersLost(_) => Some(usize::MAX),
            State::BreaksAfter(_, most) => most.checked_sub(passed).filter(|left| *left > 0),
            State::Down => None,
        }
    });
    drop(answers.join());
}

/// Passes bytes on until an end closes or `left` says there is nothing more to pass; then breaks both ends.
fn pass(mut from: TcpStream, mut to: TcpStream, left: impl Fn(&[u8], usize) -> Option<usize>) {
    let mut bytes = [0; 4096];
    let mut passed = 0;
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let Some(left) = left(&bytes[..count], passed) else { break };
        let count = count.min(left);
        if to.write_all(&bytes[..count]).is_err() || count == left {
            break;
        }
        passed += count;
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
