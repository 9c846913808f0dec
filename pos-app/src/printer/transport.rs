//! How bytes get to a printer and answers come back: a network port, a serial line, a USB device, a device file, or the
//! system's own spooler. Opened for one job and closed, because most printers take one session at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serialport::SerialPort;

use super::profile::QrBy;

/// Where a printer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `tcp://192.168.1.20:9100`
    Tcp {
        /// Name or number.
        host: String,
        /// Nearly always 9100.
        port: u16,
    },
    /// `serial:///dev/ttyUSB0?baud=19200`
    Serial {
        /// The device.
        path: String,
        /// Bits per second.
        baud: u32,
    },
    /// `usb:///dev/usb/lp0`: a device that takes bytes and answers, as Linux shows USB printers.
    Usb {
        /// The device.
        path: String,
    },
    /// `file:///dev/usb/lp0`: a device that takes bytes and answers none.
    File {
        /// The device. Never created: a missing printer must not leave a file behind.
        path: String,
    },
    /// `cups://barra`: a queue of the system's spooler, given the bytes as they are. Tells nothing of the paper.
    Cups {
        /// The queue's name.
        queue: String,
    },
}

/// An address of no printer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a printer's address: {0}; it is like tcp://host:9100, serial:///dev/ttyUSB0?baud=19200, usb:///dev/usb/lp0, \
     file:///dev/usb/lp0 or cups://queue"
)]
pub struct AddressError(pub String);

impl Address {
    /// Reads an address, and who draws QR codes there: `?qr=raster` for printers that cannot.
    pub fn parse(text: &str) -> Result<(Self, QrBy), AddressError> {
        let wrong = || AddressError(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut baud, mut qr) = (19_200, QrBy::Printer);
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("baud", value)) if scheme == "serial" => baud = value.parse().map_err(|_| wrong())?,
                Some(("qr", "raster")) => qr = QrBy::Raster,
                Some(("qr", "native")) => qr = QrBy::Printer,
                _ => return Err(wrong()),
            }
        }
        let is_path = place.starts_with('/') && place.len() > 1;
        let address = match scheme {
            "tcp" => {
                let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                if host.is_empty() {
                    return Err(wrong());
                }
                Self::Tcp { host, port: port.parse().map_err(|_| wrong())? }
            }
            "serial" if is_path => Self::Serial { path: place.to_owned(), baud },
            "usb" if is_path => Self::Usb { path: place.to_owned() },
            "file" if is_path => Self::File { path: place.to_owned() },
            "cups" if is_queue(place) => Self::Cups { queue: place.to_owned() },
            _ => return Err(wrong()),
        };
        Ok((address, qr))
    }

    /// How long so many bytes are on their way where the way is slow.
    pub fn time_for(&self, bytes: usize) -> Duration {
        match self {
            // Eight bits, a start and a stop.
            Self::Serial { baud, .. } => {
                let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(10_000);
                Duration::from_millis(bits / u64::from(*baud).max(1))
            }
            _ => Duration::ZERO,
        }
    }
}

/// A queue's name, which is no option of the program it is given to.
fn is_queue(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(is_plain)
}

impl std::fmt::Display for Address {
    /// As the status bar shows it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp {host}:{port}"),
            Self::Serial { path, .. } => write!(f, "serial {path}"),
            Self::Usb { path } => write!(f, "usb {path}"),
            Self::File { path } => write!(f, "file {path}"),
            Self::Cups { queue } => write!(f, "cups {queue}"),
        }
    }
}

/// How long to wait for a printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// To take the connection.
    pub connect: Duration,
    /// To take some bytes.
    pub write: Duration,
    /// To answer a question.
    pub answer: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), write: Duration::from_secs(5), answer: Duration::from_millis(500) }
    }
}

/// Bytes that did not all leave.
#[derive(Debug, thiserror::Error)]
#[error("the printer stopped taking bytes")]
pub struct SendError {
    /// What the system said.
    #[source]
    pub source: io::Error,
    /// Some did, so paper may have come out.
    pub has_sent_some: bool,
}

/// An open way to a printer.
pub struct Link {
    channel: Channel,
    deadlines: Deadlines,
}

enum Channel {
    Tcp(TcpStream),
    Serial(Box<dyn SerialPort>),
    Usb(File),
    File(File),
    Cups(Child),
}

impl Link {
    /// Opens it.
    pub fn open(address: &Address, deadlines: Deadlines) -> io::Result<Self> {
        let channel = match address {
            Address::Tcp { host, port } => Channel::Tcp(connect(host, *port, deadlines)?),
            Address::Serial { path, baud } => {
                let port = serialport::new(path, *baud)
                    .flow_control(serialport::FlowControl::Hardware)
                    .timeout(deadlines.write)
                    .open()?;
                Channel::Serial(port)
            }
            Address::Usb { path } => Channel::Usb(open_usb(path)?),
            Address::File { path } => Channel::File(OpenOptions::new().append(true).open(path)?),
            Address::Cups { queue } => Channel::Cups(spool("lp", queue)?),
        };
        Ok(Self { channel, deadlines })
    }

    /// Sends all bytes, or says whether some left.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        let mut sent = 0;
        while sent < bytes.len() {
            let result = match &mut self.channel {
                Channel::Tcp(stream) => stream.write(&bytes[sent..]),
                Channel::Serial(port) => port
                    .set_timeout(self.deadlines.write)
                    .map_err(io::Error::from)
                    .and_then(|()| port.write(&bytes[sent..])),
                Channel::Usb(file) => write_in_time(file, &bytes[sent..], self.deadlines.write),
                Channel::File(file) => file.write(&bytes[sent..]),
                Channel::Cups(lp) => match &mut lp.stdin {
                    Some(input) => input.write(&bytes[sent..]),
                    None => Ok(0),
                },
            };
            match result {
                Ok(0) => return Err(SendError { source: io::ErrorKind::WriteZero.into(), has_sent_some: sent > 0 }),
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(SendError { source, has_sent_some: sent > 0 }),
            }
        }
        Ok(())
    }

    /// The next byte the printer says; `None` when it says nothing in time, or this way carries no answers.
    pub fn hear(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let result = match &mut self.channel {
            Channel::Tcp(stream) => stream.read(&mut byte),
            Channel::Serial(port) => {
                port.set_timeout(self.deadlines.answer).map_err(io::Error::from).and_then(|()| port.read(&mut byte))
            }
            // Some drivers say nothing with no bytes instead of an error.
            Channel::Usb(file) => match read_in_time(file, &mut byte, self.deadlines.answer) {
                Ok(0) => return Ok(None),
                heard => heard,
            },
            Channel::File(_) | Channel::Cups(_) => return Ok(None),
        };
        match result {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Some(byte[0])),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a printer at the other end could answer.
    pub fn carries_answers(&self) -> bool {
        !matches!(self.channel, Channel::File(_) | Channel::Cups(_))
    }

    /// Says that no more comes, and gives the other end time to take what is on its way.
    pub fn finish(mut self) -> Result<(), SendError> {
        let lost = |source| SendError { source, has_sent_some: true };
        match &mut self.channel {
            Channel::Tcp(stream) => {
                stream.shutdown(Shutdown::Write).map_err(lost)?;
                while self.hear().map_err(lost)?.is_some() {}
                Ok(())
            }
            Channel::Serial(_) | Channel::Usb(_) => Ok(()),
            Channel::File(file) => file.flush().map_err(lost),
            Channel::Cups(lp) => {
                drop(lp.stdin.take());
                // It queues a job whole or not at all, and says which.
                if lp.wait().map_err(lost)?.success() {
                    return Ok(());
                }
                Err(SendError { source: io::Error::other("lp refused it"), has_sent_some: false })
            }
        }
    }
}

impl Drop for Link {
    /// A spooler's program that was given half a job must not queue it.
    fn drop(&mut self) {
        if let Channel::Cups(lp) = &mut self.channel
            && lp.stdin.is_some()
        {
            let _ = lp.kill();
            let _ = lp.wait();
        }
    }
}

/// How long a device that is not ready is left alone.
const NOT_READY: Duration = Duration::from_millis(2);

/// A device that never holds up who asks it: `O_NONBLOCK`, the same on every Linux that tills run on.
#[cfg(unix)]
fn open_usb(path: &str) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    const O_NONBLOCK: i32 = 0o4000;
    OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_usb(_: &str) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Tries until it is done or the time is over; each wait is short and counted, so no clock is read.
fn in_time(time: Duration, mut work: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    let (_keep, never) = mpsc::channel::<()>();
    let mut left = time;
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
        left = left.checked_sub(NOT_READY).ok_or(io::ErrorKind::TimedOut)?;
        let _ = never.recv_timeout(NOT_READY);
    }
}

fn write_in_time(file: &mut File, bytes: &[u8], time: Duration) -> io::Result<usize> {
    in_time(time, || file.write(bytes))
}

fn read_in_time(file: &mut File, bytes: &mut [u8], time: Duration) -> io::Result<usize> {
    in_time(time, || file.read(bytes))
}

/// The system's program that queues what it reads, untouched.
fn spool(program: &str, queue: &str) -> io::Result<Child> {
    Command::new(program)
        .args(["-d", queue, "-o", "raw", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn connect(host: &str, port: u16, deadlines: Deadlines) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, deadlines.connect) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(deadlines.write))?;
                stream.set_read_timeout(Some(deadlines.answer))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let tcp = |host: &str| Address::Tcp { host: host.into(), port: 9100 };
        assert_eq!(Address::parse("tcp://127.0.0.1:9100"), Ok((tcp("127.0.0.1"), QrBy::Printer)));
        assert_eq!(Address::parse("tcp://[::1]:9100?qr=raster"), Ok((tcp("::1"), QrBy::Raster)));
        let serial = Address::Serial { path: "/dev/ttyUSB0".into(), baud: 9_600 };
        assert_eq!(Address::parse("serial:///dev/ttyUSB0?baud=9600&qr=native"), Ok((serial, QrBy::Printer)));
        let file = Address::File { path: "/dev/usb/lp0".into() };
        assert_eq!(Address::parse("file:///dev/usb/lp0"), Ok((file, QrBy::Printer)));
        let cups = Address::Cups { queue: "barra_1".into() };
        assert_eq!(Address::parse("cups://barra_1?qr=raster"), Ok((cups, QrBy::Raster)));
        for wrong in [
            "",
            "lp0",
            "tcp://printer",
            "tcp://:9100",
            "tcp://h:99999",
            "file://lp0",
            "usb://x",
            "tcp://h:1?x",
            "cups://",
            "cups://-o",
            "cups://a b",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slow_line_is_given_its_time() {
        let (serial, _) = Address::parse("serial:///dev/ttyUSB0?baud=9600").expect("an address");
        assert_eq!(serial.time_for(960), Duration::from_secs(1));
    }

    /// A terminal's two ends stand for the device and its printer.
    #[cfg(unix)]
    #[test]
    fn a_usb_device_takes_bytes_and_answers_in_time() {
        let (mut printer, device) = serialport::TTYPort::pair().expect("a pseudo terminal");
        let path = device.name().expect("it has a name");
        let deadlines = Deadlines { answer: Duration::from_secs(20), ..Deadlines::default() };
        let mut link = Link::open(&Address::Usb { path: path.clone() }, deadlines).expect("open");
        link.send(&[0x10, 0x04, 0x01]).expect("sent");
        let mut asked = [0; 3];
        printer.set_timeout(Duration::from_secs(20)).expect("set");
        printer.read_exact(&mut asked).expect("heard");
        assert_eq!(asked, [0x10, 0x04, 0x01]);
        printer.write_all(&[0x16]).expect("answered");
        assert_eq!(link.hear().expect("heard"), Some(0x16));
        let hurried = Deadlines { answer: Duration::from_millis(10), ..deadlines };
        let mut link = Link::open(&Address::Usb { path }, hurried).expect("open");
        assert_eq!(link.hear().expect("nothing wrong"), None, "silence is no answer");
    }

    #[cfg(unix)]
    #[test]
    fn a_spooler_that_refuses_has_printed_nothing() {
        let deadlines = Deadlines::default();
        let open = |program| Link { channel: Channel::Cups(spool(program, "barra").expect("it runs")), deadlines };
        let mut taken = open("true");
        // It may be gone already, which is its right.
        let _ = taken.send(b"x");
        assert!(taken.finish().is_ok());
        assert!(open("false").finish().is_err_and(|error| !error.has_sent_some));
    }

    #[test]
    fn a_missing_device_file_is_not_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lp0").display().to_string();
        assert!(Link::open(&Address::File { path: path.clone() }, Deadlines::default()).is_err());
        assert!(!std::path::Path::new(&path).exists());
    }
}
