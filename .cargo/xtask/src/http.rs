//! HTTP/1.1 to programs on this machine: a request, its answer, the connection closed. No TLS, no redirects.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What came back.
pub struct Answer {
    /// 200, 404, …
    pub status: u16,
    /// As text.
    pub body: String,
}

impl Answer {
    /// The body as JSON, unless the status says no.
    pub fn json(&self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("HTTP {}: {}", self.status, self.body);
        }
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}

/// Asks `address` (`127.0.0.1:8080`) and waits up to `limit` for each part of the answer.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Option<&Value>,
    limit: Duration,
) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("nobody answers at {address}"))?;
    stream.set_read_timeout(Some(limit))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = bearer.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: application/json\r\n\
         {authorization}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()?;
    read_answer(&mut BufReader::new(stream)).with_context(|| format!("{method} http://{address}{path}"))
}

fn read_answer(stream: &mut impl BufRead) -> Result<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("not an HTTP answer")?;
    let (mut length, mut is_chunked) = (None, false);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse::<u64>().ok(),
            Some(("transfer-encoding", value)) => is_chunked = value.contains("chunked"),
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    match length {
        _ if is_chunked => read_chunks(stream, &mut body)?,
        Some(length) => _ = stream.take(length).read_to_end(&mut body)?,
        None => _ = stream.read_to_end(&mut body)?,
    }
    Ok(Answer { status, body: String::from_utf8(body)? })
}

fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size =
            u64::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16).context("a chunk's size")?;
        if size == 0 {
            return Ok(());
        }
        (&mut *stream).take(size).read_to_end(body)?;
        stream.read_line(&mut line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::read_answer;

    #[test]
    fn an_answer_is_read_whole_however_its_length_is_told() {
        for raw in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
        ] {
            let answer = read_answer(&mut raw.as_bytes()).expect("an answer");
            assert_eq!((answer.status, answer.body.as_str()), (200, "hello"));
        }
    }
}
