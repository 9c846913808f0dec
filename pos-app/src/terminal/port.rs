//! The line to a terminal, and the one place that knows whether it is a serial port or a network.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serialport::{SerialPort, SerialPortInfo, SerialPortType, StopBits};

use super::TerminalError;

/// How long a write may take, and a connection over the network.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes to and from a terminal.
pub trait Line: Send {
    /// What came within `timeout`; 0 when nothing did. An error means the line is gone.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize>;
    /// How many bytes the system took. An error means none.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// How a serial port is set: 8 data bits, no parity, no flow control, and
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial {
    /// bits per second,
    pub baud: u32,
    /// and two stop bits instead of one.
    pub has_two_stop_bits: bool,
}

/// Opens a line: a path, `usb:VID:PID[:SERIAL]`, or `tcp://host:port`.
///
/// Errors: [`TerminalError::NoSuchPort`], [`TerminalError::PortInUse`], [`TerminalError::PortForbidden`], or what else
/// the system said as [`TerminalError::Port`].
pub fn open(address: &str, serial: Serial) -> Result<Box<dyn Line>, TerminalError> {
    if let Some(address) = address.strip_prefix("tcp://") {
        let line = TcpLine::open(address).map_err(|source| failed(address, source))?;
        return Ok(Box::new(line));
    }
    let path = match UsbId::parse(address) {
        Some(wanted) => find(&wanted, &serialport::available_ports().unwrap_or_default())
            .ok_or_else(|| TerminalError::NoSuchPort { port: address.to_owned() })?,
        None => address.to_owned(),
    };
    Ok(Box::new(SerialLine::open(&path, serial).map_err(|error| refused(&path, error))?))
}

/// The serial ports of this machine, by name.
pub fn list() -> Vec<String> {
    let mut names: Vec<String> =
        serialport::available_ports().unwrap_or_default().into_iter().map(|port| port.port_name).collect();
    names.sort();
    names
}

/// What the system's complaint means to whoever plugs cables.
fn refused(path: &str, error: serialport::Error) -> TerminalError {
    let port = path.to_owned();
    match error.kind() {
        // The library has one word for a port that is not there and for one that is taken.
        serialport::ErrorKind::NoDevice if std::fs::exists(path).unwrap_or(false) => TerminalError::PortInUse { port },
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(io::ErrorKind::NotFound) => {
            TerminalError::NoSuchPort { port }
        }
        serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => TerminalError::PortForbidden { port },
        serialport::ErrorKind::Io(io::ErrorKind::ResourceBusy) => TerminalError::PortInUse { port },
        _ => TerminalError::Port { port, source: error.into() },
    }
}

fn failed(address: &str, source: io::Error) -> TerminalError {
    TerminalError::Port { port: format!("tcp://{address}"), source }
}

/// A device on the USB, by what it says of itself; its path changes with the socket it is plugged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbId {
    vendor: u16,
    product: u16,
    serial: Option<String>,
}

impl UsbId {
    /// `usb:2FB8:225E` or `usb:2FB8:225E:SERIAL`.
    pub fn parse(address: &str) -> Option<Self> {
        let mut parts = address.strip_prefix("usb:")?.splitn(3, ':');
        let mut number = || u16::from_str_radix(parts.next()?, 16).ok();
        let (vendor, product) = (number()?, number()?);
        Some(Self { vendor, product, serial: parts.next().map(str::to_owned) })
    }
}

/// The path of the first such device, in the order of their names.
fn find(wanted: &UsbId, ports: &[SerialPortInfo]) -> Option<String> {
    let mut found: Vec<&str> = Vec::new();
    for port in ports {
        if let SerialPortType::UsbPort(usb) = &port.port_type
            && (usb.vid, usb.pid) == (wanted.vendor, wanted.product)
            && (wanted.serial.is_none() || usb.serial_number == wanted.serial)
        {
            found.push(&port.port_name);
        }
    }
    found.into_iter().min().map(str::to_owned)
}

/// A serial port, for this program alone.
pub struct SerialLine {
    port: Box<dyn SerialPort>,
}

impl SerialLine {
    fn open(path: &str, serial: Serial) -> serialport::Result<Self> {
        let stop_bits = if serial.has_two_stop_bits { StopBits::Two } else { StopBits::One };
        let mut port = serialport::new(path, serial.baud).stop_bits(stop_bits).timeout(PATIENCE).open()?;
        // Some adapters need these lines up, and a pseudo-terminal has none: try, and go on.
        let _ = port.write_data_terminal_ready(true);
        let _ = port.write_request_to_send(true);
        Ok(Self { port })
    }
}

impl Line for SerialLine {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        if self.port.timeout() != timeout {
            self.port.set_timeout(timeout)?;
        }
        heard(self.port.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Reads may have left a timeout too short to write anything in.
        self.port.set_timeout(PATIENCE)?;
        match self.port.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        }
    }
}

/// A connection over the network.
pub struct TcpLine {
    stream: TcpStream,
}

impl TcpLine {
    fn open(address: &str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(Self { stream });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Line for TcpLine {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        // To the system, no time at all means for ever.
        self.stream.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
        heard(self.stream.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        }
    }
}

/// Nothing yet is nothing; the end is the end.
fn heard(read: io::Result<usize>) -> io::Result<usize> {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    match read {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(error) if matches!(error.kind(), TimedOut | WouldBlock | Interrupted) => Ok(0),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialport::UsbPortInfo;

    const SERIAL: Serial = Serial { baud: 115_200, has_two_stop_bits: false };

    fn usb(name: &str, vid: u16, pid: u16, serial: &str) -> SerialPortInfo {
        let serial_number = Some(serial.to_owned());
        let info = UsbPortInfo { vid, pid, serial_number, manufacturer: None, product: None };
        SerialPortInfo { port_name: name.to_owned(), port_type: SerialPortType::UsbPort(info) }
    }

    #[test]
    fn a_usb_device_is_found_wherever_it_is_plugged_in() {
        let ports = [
            SerialPortInfo { port_name: "/dev/ttyS0".into(), port_type: SerialPortType::PciPort },
            usb("/dev/ttyACM1", 0x2FB8, 0x225E, "B"),
            usb("/dev/ttyACM0", 0x2FB8, 0x225E, "A"),
            usb("/dev/ttyUSB0", 0x0403, 0x6001, "C"),
        ];
        let path = |address| find(&UsbId::parse(address).expect("an id"), &ports);
        assert_eq!(path("usb:2fb8:225E").as_deref(), Some("/dev/ttyACM0"));
        assert_eq!(path("usb:2FB8:225E:B").as_deref(), Some("/dev/ttyACM1"));
        assert_eq!(path("usb:2FB8:225E:Z"), None);
        assert_eq!(path("usb:0403:6001").as_deref(), Some("/dev/ttyUSB0"));
        for wrong in ["/dev/ttyS0", "usb:", "usb:2FB8", "usb:xyz:1"] {
            assert_eq!(UsbId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_port_that_is_not_there_is_named() {
        for port in ["/dev/no-such-port", "usb:FFFF:FFFF"] {
            let error = open(port, SERIAL).map(|_| ()).expect_err("there is none");
            assert!(matches!(&error, TerminalError::NoSuchPort { port: named } if named == port), "{error:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_port_that_another_program_has_is_told_from_one_that_is_not_there() {
        let (_far, near) = serialport::TTYPort::pair().expect("a cable");
        let path = SerialPort::name(&near).expect("a name");
        drop(near);
        let _taken = serialport::new(&path, 9_600).open().expect("it is free");
        let error = open(&path, SERIAL).map(|_| ()).expect_err("it is taken");
        assert!(matches!(error, TerminalError::PortInUse { .. }), "{error:?}");
    }

    #[test]
    fn what_the_system_says_is_told_apart() {
        let denied = serialport::Error::new(serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied), "denied");
        assert!(matches!(refused("/dev/ttyS0", denied), TerminalError::PortForbidden { .. }));
        let other = serialport::Error::new(serialport::ErrorKind::Unknown, "odd");
        assert!(matches!(refused("/dev/ttyS0", other), TerminalError::Port { .. }));
    }

    #[test]
    fn a_network_line_reads_writes_and_notices_the_end() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
        let address = format!("tcp://{}", listener.local_addr().expect("an address"));
        let mut line = open(&address, SERIAL).expect("it connects");
        let (mut far, _) = listener.accept().expect("a till");
        let mut buffer = [0; 8];
        assert_eq!(line.read(&mut buffer, Duration::ZERO).expect("nothing yet"), 0);
        line.write(b"abc").expect("it takes");
        assert_eq!(far.read(&mut buffer).expect("it comes"), 3);
        drop((far, listener));
        let ended = loop {
            match line.read(&mut buffer, Duration::from_millis(50)) {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
        assert!(matches!(open(&address, SERIAL).map(|_| ()), Err(TerminalError::Port { .. })), "nobody listens");
    }
}
