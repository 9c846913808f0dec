//! HTTP/1.1 to a server on this machine that may die in the middle of an answer.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

const PATIENCE: Duration = Duration::from_mins(1);

/// A whole answer.
pub struct Answer {
    /// 200, 404, …
    pub status: u16,
    /// As sent.
    pub body: Vec<u8>,
}

/// Asks once. Anything but a whole answer is an error: the server may or may not have done what was asked.
pub fn post(address: &str, path: &str, headers: &[(&str, String)], body: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let headers: String = headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut whole = Vec::new();
    stream.read_to_end(&mut whole)?;
    read(&whole).context("no whole answer")
}

fn read(whole: &[u8]) -> Option<Answer> {
    let end = whole.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&whole[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length?.1.trim().parse().ok()?;
    let body = whole[end + 4..].get(..length)?.to_vec();
    Some(Answer { status, body })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_answer_that_breaks_off_is_no_answer() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone";
        assert_eq!(read(whole).map(|answer| answer.body), Some(b"done".to_vec()));
        assert!(read(&whole[..whole.len() - 1]).is_none());
    }
}
