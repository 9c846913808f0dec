//! The server, over HTTP. Every request is signed by the till's key and has a time limit.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Url};
use serde::de::DeserializeOwned;
use shared::event::Hash;
use shared::ids::{DeviceId, Entropy};
use shared::keys::SigningKey;
use shared::sync::exchange::{Answer, PullRequest, Request};
use shared::sync::packing;
use shared::sync::protocol::{
    EnrollReply, EnrollRequest, MAX_BODY_BYTES, MAX_PART_BYTES, PartRead, Problem, ProblemCode, PullReply, PushReply,
    PushRequest,
};
use shared::sync::redeem::{RedeemReply, RedeemRequest};
use shared::sync::request::{CREDENTIALS_HEADER, Credentials, RequestToSign, SERVER_TIME_HEADER};
use shared::sync::stream::Cursor;
use shared::time::{Clock, Timestamp};

use zstd::bulk::Compressor;
use zstd::dict::EncoderDictionary;
use zstd::zstd_safe::CParameter;

use crate::ledger::clock::TimeSample;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a whole answer.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
const PUSH: &str = "/v1/push";
/// A line that rings is opened anew after this long at the latest.
const LONGEST_LINE: Duration = Duration::from_hours(6);
/// A backlog is text that repeats itself; a higher level costs more than it saves.
const LEVEL: i32 = 3;
/// A few events are packed as well as it goes: that costs a millisecond.
const FEW_BYTES: usize = 16 * 1024;
const LEVEL_OF_FEW: i32 = 19;

/// Packs a push's body.
pub fn pack(json: &[u8]) -> Vec<u8> {
    static MANY: LazyLock<EncoderDictionary<'static>> =
        LazyLock::new(|| EncoderDictionary::copy(packing::DICTIONARY, LEVEL));
    static FEW: LazyLock<EncoderDictionary<'static>> =
        LazyLock::new(|| EncoderDictionary::copy(packing::DICTIONARY, LEVEL_OF_FEW));
    let dictionary = if json.len() <= FEW_BYTES { &FEW } else { &MANY };
    let mut compressor = Compressor::with_prepared_dictionary(dictionary).expect("memory is there to compress in");
    // The packing's name says which dictionary it is.
    compressor.set_parameter(CParameter::DictIdFlag(false)).expect("a switch that is there");
    compressor.compress(json).expect("memory is there to compress into")
}

fn pull_path(request: &PullRequest) -> String {
    let PullRequest { stream, cursor, limit, unsent_events } = request;
    let at = cursor
        .map_or_else(String::new, |Cursor { log_id, seq, hash }| format!("&log_id={log_id}&seq={seq}&hash={hash}"));
    format!("/v1/pull?stream={stream}{at}&limit={limit}&unsent={unsent_events}")
}

/// Why there is no answer to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Nobody answered: no network, no server, or not in time.
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    /// It answered, and refused.
    #[error("the server refused: {}", problem.title)]
    Refused {
        /// What it said.
        problem: Problem,
        /// How long it asks to be left in peace.
        retry_after: Option<Duration>,
    },
    /// It answered with something that is no answer of ours: another program, or a captive portal.
    #[error("this is not the answer of a Barra server: {0}")]
    Unintelligible(String),
    /// The address is no address.
    #[error("not the address of a server: {0}")]
    Address(String),
}

impl PeerError {
    /// The code of a refusal.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused { problem, .. } => Some(problem.code),
            Self::Unreachable(_) | Self::Unintelligible(_) | Self::Address(_) => None,
        }
    }

    /// Trying again alone will not help: somebody at head office has to look.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Unreachable(_) => false,
            Self::Unintelligible(_) | Self::Address(_) => true,
            Self::Refused { problem, .. } => !problem.code.passes(),
        }
    }
}

/// A server to speak to: over HTTP, or in the same process in tests.
pub trait SyncPeer {
    /// Asks, and waits for the answer of the request's kind.
    fn ask(&self, request: &Request) -> impl Future<Output = Result<Answer, PeerError>>;

    /// How far its clock was from ours, as its last answer told.
    fn sample(&self) -> Option<TimeSample> {
        None
    }
}

/// Checks and tidies a server's address: scheme, host and port, without a path.
///
/// Errors: [`PeerError::Address`].
pub fn server_address(text: &str) -> Result<Url, PeerError> {
    let wrong = || PeerError::Address(text.to_owned());
    let url: Url = text.trim().parse().map_err(|_| wrong())?;
    let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if is_plain && is_web { Ok(url) } else { Err(wrong()) }
}

/// A server's address and the line to it.
struct Line {
    http: Client,
    base: Url,
}

impl Line {
    fn open(server_url: &str) -> Result<Self, PeerError> {
        // Someone else in this process may have chosen a provider already; then theirs serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            // A signature is for one address: what redirects us is not our server.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| PeerError::Unreachable(in_full(&error)))?;
        Ok(Self { http, base: server_address(server_url)? })
    }

    fn url(&self, path_and_query: &str) -> Url {
        self.base.join(path_and_query).expect("our own paths join any address")
    }
}

/// The answer's text and the server's clock, if it told it.
struct Answered {
    body: Vec<u8>,
    server_time: Option<Timestamp>,
}

async fn ask(request: reqwest::RequestBuilder) -> Result<Answered, (PeerError, Option<Timestamp>)> {
    let unreachable = |error: reqwest::Error| (PeerError::Unreachable(in_full(&error)), None);
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let server_time = server_time(response.headers());
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err((PeerError::Unintelligible("the answer is too long".into()), server_time));
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(Answered { body, server_time });
    }
    let error = match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => PeerError::Refused { problem, retry_after },
        // A proxy in between speaks its own words for a server that is away.
        Err(_) if status.is_server_error() => PeerError::Unreachable(format!("HTTP {}", status.as_u16())),
        Err(_) => PeerError::Unintelligible(format!("HTTP {}", status.as_u16())),
    };
    Err((error, server_time))
}

fn read<T: DeserializeOwned>(answer: &Answered) -> Result<T, PeerError> {
    serde_json::from_slice(&answer.body).map_err(|error| PeerError::Unintelligible(error.to_string()))
}

fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    headers.get(SERVER_TIME_HEADER)?.to_str().ok()?.parse().ok().map(Timestamp::from_millis)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// An error with what is behind it, on one line: `reqwest` alone says only that something failed.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A server over HTTP.
pub struct HttpPeer {
    line: Line,
    device_id: DeviceId,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The server's clock less ours, milliseconds, as last heard.
    skew_ms: AtomicI64,
    sample: Mutex<Option<TimeSample>>,
}

impl HttpPeer {
    /// Opens no connection yet. Must be called inside a tokio runtime, as must everything else here.
    ///
    /// Errors: [`PeerError::Address`].
    pub fn new(
        server_url: &str,
        device_id: DeviceId,
        key: SigningKey,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, PeerError> {
        Ok(Self {
            line: Line::open(server_url)?,
            device_id,
            key,
            clock,
            entropy,
            skew_ms: AtomicI64::new(0),
            sample: Mutex::new(None),
        })
    }

    /// The server's clock less ours, milliseconds, as last heard; 0 before.
    pub fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    fn signed(&self, method: &Method, path_and_query: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let created = self.clock.now().plus_millis(self.skew_ms());
        let mut nonce = [0; 8];
        self.entropy.fill(&mut nonce);
        let nonce = HEXLOWER.encode(&nonce);
        let to_sign = RequestToSign {
            method: method.as_str(),
            path_and_query,
            body: &body,
            created,
            nonce: &nonce,
            device: self.device_id,
        };
        let signature = to_sign.sign(&self.key);
        let credentials = Credentials { device: self.device_id, created, nonce, signature };
        let credentials = credentials.pack().expect("the nonce was just made");
        let request = self.line.http.request(method.clone(), self.line.url(path_and_query));
        request.header(CREDENTIALS_HEADER, credentials).body(body)
    }

    /// `began` is when the question left, by the clock that does not jump.
    fn heard(&self, server_time: Option<Timestamp>, began: u64) {
        let Some(server_time) = server_time else { return };
        let (wall, up_ms) = (self.clock.now(), self.clock.up_ms());
        self.skew_ms.store(server_time.millis_since(wall), Ordering::Relaxed);
        let rtt_ms = up_ms.saturating_sub(began);
        // The server looked at its clock about half way.
        let offset_ms = server_time.plus_millis((rtt_ms / 2).cast_signed()).millis_since(wall);
        let sample = TimeSample { wall, up_ms, offset_ms, rtt_ms };
        *self.sample.lock().unwrap_or_else(PoisonError::into_inner) = Some(sample);
    }

    async fn attempt(&self, method: &Method, path_and_query: &str, body: Vec<u8>) -> Result<Answered, PeerError> {
        let began = self.clock.up_ms();
        let mut request = self.signed(method, path_and_query, body);
        if path_and_query == PUSH {
            // A sale sent alone is little more than its headers: nothing in them that goes without saying.
            request = request.header(CONTENT_ENCODING, packing::CODING);
        } else if *method == Method::POST {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        match ask(request).await {
            Ok(answer) => {
                self.heard(answer.server_time, began);
                Ok(answer)
            }
            Err((error, server_time)) => {
                let told = match &error {
                    PeerError::Refused { problem, .. } => Some(problem.server_time),
                    PeerError::Unreachable(_) | PeerError::Unintelligible(_) | PeerError::Address(_) => None,
                };
                self.heard(server_time.or(told), began);
                Err(error)
            }
        }
    }

    /// Asks, and once more with the right time if our clock was wrong.
    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path_and_query: &str,
        body: Vec<u8>,
    ) -> Result<T, PeerError> {
        read(&self.fetch(method, path_and_query, body).await?)
    }

    async fn fetch(&self, method: Method, path_and_query: &str, body: Vec<u8>) -> Result<Answered, PeerError> {
        let answer = match self.attempt(&method, path_and_query, body.clone()).await {
            Err(error) if error.code() == Some(ProblemCode::ClockSkew) => {
                self.attempt(&method, path_and_query, body).await?
            }
            other => other?,
        };
        Ok(answer)
    }

    /// Opens a line that stays open: the server's bell.
    pub(super) async fn open(&self, path_and_query: &str) -> Result<reqwest::Response, PeerError> {
        let request = self.signed(&Method::GET, path_and_query, Vec::new()).timeout(LONGEST_LINE);
        let response = request.send().await.map_err(|error| PeerError::Unreachable(in_full(&error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        Err(match serde_json::from_slice(&body) {
            Ok(problem) => PeerError::Refused { problem, retry_after: None },
            Err(_) => PeerError::Unreachable(format!("HTTP {}", status.as_u16())),
        })
    }

    /// Asks for something outside the exchange.
    pub(super) async fn get<T: DeserializeOwned>(&self, path_and_query: &str) -> Result<T, PeerError> {
        self.exchange(Method::GET, path_and_query, Vec::new()).await
    }

    async fn push(&self, request: &PushRequest) -> Result<PushReply, PeerError> {
        let json = serde_json::to_vec(request).expect("a push encodes as JSON");
        self.exchange(Method::POST, PUSH, pack(&json)).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullReply, PeerError> {
        self.get(&pull_path(request)).await
    }

    /// Asks whether a ticket may be handed over.
    pub(super) async fn redeem(&self, request: &RedeemRequest) -> Result<RedeemReply, PeerError> {
        let body = serde_json::to_vec(request).expect("a question encodes as JSON");
        self.exchange(Method::POST, "/v1/redeem", body).await
    }

    /// A snapshot's part, fetched and read.
    pub(super) async fn part(&self, hash: &Hash) -> Result<PartRead, PeerError> {
        let packed = self.fetch(Method::GET, &format!("/v1/snapshot/{hash}"), Vec::new()).await?.body;
        let unreadable = |why: &str| PeerError::Unintelligible(format!("a snapshot's part: {why}"));
        let text = zstd::bulk::decompress(&packed, MAX_PART_BYTES).map_err(|error| unreadable(&error.to_string()))?;
        let text = String::from_utf8(text).map_err(|_| unreadable("it is no text"))?;
        Ok(PartRead::of(&text))
    }
}

impl SyncPeer for HttpPeer {
    async fn ask(&self, request: &Request) -> Result<Answer, PeerError> {
        Ok(match request {
            Request::Hello(hello) => {
                let body = serde_json::to_vec(hello).expect("a hello encodes as JSON");
                Answer::Hello(self.exchange(Method::POST, "/v1/hello", body).await?)
            }
            Request::Push(push) => Answer::Push(self.push(push).await?),
            Request::Pull(pull) => Answer::Pull(self.pull(pull).await?),
            Request::OwnEvents { chain, after, limit } => {
                let path = format!("/v1/chains/{chain}/events?branch=0&after={after}&limit={limit}");
                Answer::OwnEvents(self.get(&path).await?)
            }
            Request::Snapshot(stream) => Answer::Snapshot(self.get(&format!("/v1/snapshot?stream={stream}")).await?),
            Request::Part(hash) => Answer::Part(self.part(hash).await?),
        })
    }

    fn sample(&self) -> Option<TimeSample> {
        *self.sample.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends an enrolment, which no device signs: there is none yet.
pub(super) async fn send_enrolment(server_url: &str, request: &EnrollRequest) -> Result<EnrollReply, PeerError> {
    let line = Line::open(server_url)?;
    let answer = ask(line.http.post(line.url("/v1/enroll")).json(request)).await.map_err(|(error, _)| error)?;
    read(&answer)
}

#[cfg(test)]
mod tests;
