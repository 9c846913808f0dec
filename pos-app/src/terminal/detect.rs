//! Which terminal is on which port, for whoever writes `till.toml`. Only questions that harm nothing are asked: whether
//! it is there, in each protocol and at the speeds its terminals come with.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use shared::time::Clock;

use super::conversation::{Conversation, Surroundings, lock};
use super::getnet::Getnet;
use super::port::{self, Serial};
use super::ticker::Ticker;
use super::timing::Timing;
use super::transbank::Transbank;
use super::transcript::{Transcript, Way};
use super::zvt::message::Account;
use super::zvt::{Zvt, serial};
use super::{CardTerminal as _, TerminalError};

/// What may be there, most likely first.
const CANDIDATES: [(&str, u32); 6] = [
    ("transbank", 115_200),
    ("getnet", 115_200),
    ("zvt", 9_600),
    ("zvt", 115_200),
    ("transbank", 19_200),
    ("transbank", 9_600),
];

/// A terminal that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As `till.toml` wants it.
    pub port: String,
    /// As `till.toml` wants it.
    pub protocol: &'static str,
    /// Bits per second.
    pub baud: u32,
}

/// How long a terminal has for an answer.
fn patience() -> Timing {
    Timing {
        ack_ms: 1_000,
        link_ack_ms: 600,
        accept_ms: 1_000,
        enquiry_ms: 1_000,
        gap_ms: 300,
        settle_ms: 0,
        ..Timing::default()
    }
}

/// Asks on one port.
///
/// Errors: why the port cannot be opened; that nobody answers is `None`.
pub fn detect(address: &str, clock: &Arc<dyn Clock>) -> Result<Option<Found>, TerminalError> {
    for (protocol, baud) in CANDIDATES {
        if is_there(address, protocol, baud, clock)? {
            return Ok(Some(Found { port: address.to_owned(), protocol, baud }));
        }
    }
    Ok(None)
}

fn is_there(address: &str, protocol: &str, baud: u32, clock: &Arc<dyn Clock>) -> Result<bool, TerminalError> {
    let line = port::open(address, Serial { baud, has_two_stop_bits: protocol == "zvt" })?;
    let transcript = Arc::<Mutex<Transcript>>::default();
    let around = Surroundings {
        timing: patience(),
        ticker: Ticker::new(Arc::clone(clock)),
        transcript: Arc::clone(&transcript),
        is_stopping: Arc::new(AtomicBool::new(false)),
        cancel_wanted: Arc::default(),
        paper: Arc::default(),
    };
    let port = address.to_owned();
    let answer = match protocol {
        "zvt" => {
            let line: Conversation<serial::Receiver> = Conversation::new(line, port, around);
            // Not even a registration, which would change how the terminal works.
            Zvt::new(line, Account { password: 0, currency: 978 }).is_there()
        }
        "getnet" => Getnet::new(Conversation::new(line, port, around), Arc::clone(clock)).poll(),
        _ => Transbank::new(Conversation::new(line, port, around), None).poll(),
    };
    // Some devices have a second port that only says again what it hears.
    let is_echo = lock(&transcript).lines().iter().any(|said| said.way == Way::In && said.text.contains("<STX>0100"));
    Ok(answer.is_ok() && !is_echo)
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::simulated::{Plug, Protocol, Script, SimulatedTerminal};
    use super::*;
    use crate::outside::SystemClock;
    use std::io::{Read as _, Write as _};

    fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock::new())
    }

    #[test]
    fn each_protocol_is_told_by_its_answer() {
        for (protocol, name) in
            [(Protocol::Transbank, "transbank"), (Protocol::Getnet, "getnet"), (Protocol::Zvt, "zvt")]
        {
            let plug = Plug { link: None, cut: None, replug_ms: None };
            let terminal =
                SimulatedTerminal::speaking(protocol, Script::approve_all(), plug, clock()).expect("a cable");
            let found = detect(&terminal.port(), &clock()).expect("the port opens").expect("it answers");
            assert_eq!(found.protocol, name);
            assert!(terminal.charges().is_empty() && terminal.requests_seen().is_empty(), "nothing was asked for");
        }
    }

    #[test]
    fn a_port_that_echoes_is_no_terminal() {
        let (mut far, near) = serialport::TTYPort::pair().expect("a cable");
        let path = serialport::SerialPort::name(&near).expect("a name");
        drop(near);
        let keep = serialport::new(&path, 9_600).exclusive(false).open_native();
        let echo = std::thread::spawn(move || {
            let mut buffer = [0; 256];
            serialport::SerialPort::set_timeout(&mut far, std::time::Duration::from_secs(10)).expect("it waits");
            while let Ok(count) = far.read(&mut buffer) {
                if far.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
        });
        drop(keep);
        let there = is_there(&path, "transbank", 115_200, &clock());
        assert!(matches!(there, Ok(false)), "{there:?}");
        drop(echo);
    }

    #[test]
    fn a_port_that_is_not_there_is_said() {
        assert!(matches!(detect("/dev/no-such-port", &clock()), Err(TerminalError::NoSuchPort { .. })));
    }
}
