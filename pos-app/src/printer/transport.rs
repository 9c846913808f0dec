//! How bytes get to a printer and answers come back: a network port, a serial line, or a device file. Opened for one
//! job and closed, because most printers take one session at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
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
    /// `file:///dev/usb/lp0`: a device that takes bytes and answers none.
    File {
        /// The device. Never created: a missing printer must not leave a file behind.
        path: String,
    },
}

/// An address of no printer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a printer's address: {0}; it is like tcp://host:9100, serial:///dev/ttyUSB0?baud=19200 or file:///dev/usb/lp0"
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
            "file" if is_path => Self::File { path: place.to_owned() },
            _ => return Err(wrong()),
        };
        Ok((address, qr))
    }
}

impl std::fmt::Display for Address {
    /// As the status bar shows it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "tcp {host}:{port}"),
            Self::Serial { path, .. } => write!(f, "serial {path}"),
            Self::File { path } => write!(f, "file {path}"),
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
    File(File),
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
            Address::File { path } => Channel::File(OpenOptions::new().append(true).open(path)?),
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
                Channel::File(file) => file.write(&bytes[sent..]),
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
            Channel::File(_) => return Ok(None),
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
        !matches!(self.channel, Channel::File(_))
    }

    /// Says that no more comes, and gives the other end time to take what is on its way.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self.channel {
            Channel::Tcp(stream) => {
                stream.shutdown(Shutdown::Write)?;
                while self.hear()?.is_some() {}
                Ok(())
            }
            Channel::Serial(_) => Ok(()),
            Channel::File(file) => file.flush(),
        }
    }
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
        for wrong in
            ["", "lp0", "tcp://printer", "tcp://:9100", "tcp://h:99999", "file://lp0", "usb://x", "tcp://h:1?x"]
        {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_missing_device_file_is_not_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("lp0").display().to_string();
        assert!(Link::open(&Address::File { path: path.clone() }, Deadlines::default()).is_err());
        assert!(!std::path::Path::new(&path).exists());
    }
}
