//! A till's line to the server: HTTP/1.1 on one kept connection, signed and compressed as a till's. Tills are other
//! machines, and here they share the server's: what they do by themselves, writing a request down and compressing it, is
//! done before the clock starts, so that what is measured through this is the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use data_encoding::HEXLOWER;
use shared::keys::SigningKey;
use shared::sync::protocol::{PROTO, PushBatch, PushReply, PushRequest};
use shared::sync::redeem::RedeemReply;
use shared::sync::request::{CREATED_HEADER, DEVICE_HEADER, NONCE_HEADER, RequestToSign, SIGNATURE_HEADER};
use sync_server::Outside;

use crate::server::Process;
use crate::tills::BenchTill;
use crate::time::wait;

/// As the till compresses.
const ZSTD_LEVEL: i32 = 3;

/// A push as it travels.
pub(crate) struct Body(Vec<u8>);

impl Body {
    pub(crate) fn of(batch: PushBatch) -> Result<Self> {
        let request = PushRequest { proto: PROTO, log_id: None, batches: vec![batch], unsent_events: 0 };
        Ok(Self(zstd::bulk::compress(&serde_json::to_vec(&request)?, ZSTD_LEVEL)?))
    }

    /// As it is.
    pub(crate) fn plain(request: &impl serde::Serialize) -> Result<Self> {
        Ok(Self(serde_json::to_vec(request)?))
    }
}

pub(crate) struct Line {
    stream: BufReader<TcpStream>,
    key: SigningKey,
    device: shared::ids::DeviceId,
    outside: Outside,
}

impl Line {
    pub(crate) fn to(server: &Process, till: &BenchTill) -> Result<Self> {
        let stream = TcpStream::connect(server.addr())?;
        stream.set_nodelay(true)?;
        let (key, device, outside) = (till.key.clone(), till.origin.device, till.outside.clone());
        Ok(Self { stream: BufReader::new(stream), key, device, outside })
    }

    /// Sends a push. Signed as it leaves, because a signature names its moment.
    pub(crate) fn push(&mut self, body: &Body) -> Result<PushReply> {
        loop {
            let (status, answer) = self.post("/v1/push", &body.0)?;
            match status {
                200 => return serde_json::from_slice(&answer).context("not an answer to a push"),
                429 | 503 => wait(Duration::from_millis(200)),
                _ => bail!("answered {status}: {}", String::from_utf8_lossy(&answer)),
            }
        }
    }

    /// Asks about a ticket.
    pub(crate) fn redeem(&mut self, body: &Body) -> Result<RedeemReply> {
        let (status, answer) = self.post("/v1/redeem", &body.0)?;
        ensure!(status == 200, "answered {status}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).context("not an answer about a ticket")
    }

    fn post(&mut self, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let nonce = HEXLOWER.encode(&self.outside.random::<16>());
        let created = self.outside.now();
        let to_sign =
            RequestToSign { method: "POST", path_and_query: path, body, created, nonce: &nonce, device: self.device };
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-encoding: zstd\r\n\
             content-length: {}\r\n{DEVICE_HEADER}: {}\r\n{CREATED_HEADER}: {}\r\n{NONCE_HEADER}: {nonce}\r\n\
             {SIGNATURE_HEADER}: {}\r\n\r\n",
            body.len(),
            self.device,
            created.as_millis(),
            to_sign.sign(&self.key),
        );
        let request = [head.as_bytes(), body].concat();
        self.stream.get_mut().write_all(&request)?;
        self.read()
    }

    fn read(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut status = String::new();
        self.stream.read_line(&mut status)?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).context("not HTTP")?;
        let mut length = 0_usize;
        loop {
            let mut header = String::new();
            ensure!(self.stream.read_line(&mut header)? > 0, "the line broke");
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}
