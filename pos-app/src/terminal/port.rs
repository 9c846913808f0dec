//! The line to a terminal, and the one place that knows it is a serial port.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use serialport::SerialPort;

/// Bytes to and from a terminal.
pub trait Line: Send {
    /// What came within `timeout`; 0 when nothing did. An error means the line is gone.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize>;
    /// How many bytes the system took. An error means none.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// A serial port: 8N1, no flow control.
pub struct SerialLine {
    port: Box<dyn SerialPort>,
}

impl SerialLine {
    /// Opens it for this program alone.
    pub fn open(path: &str, baud: u32) -> io::Result<Self> {
        let mut port = serialport::new(path, baud).timeout(Duration::from_secs(2)).open()?;
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
        match self.port.read(buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(count),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Reads may have left a timeout too short to write anything in.
        self.port.set_timeout(Duration::from_secs(2))?;
        match self.port.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        }
    }
}
