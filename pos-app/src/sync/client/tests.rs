use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use shared::event::Hash;
use shared::ids::LogId;
use shared::keys::PublicKey;
use shared::sync::stream::StreamName;
use uuid::Uuid;

use super::*;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    fn up_ms(&self) -> u64 {
        0
    }
}

struct Counting(AtomicI64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(count.iter().cycle()).for_each(|(byte, count)| *byte = *count);
    }
}

/// A request as it came over the wire.
struct Heard {
    method: String,
    path_and_query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Gives each connection the next answer, byte for byte, and tells what it heard.
fn server(answers: Vec<String>) -> (String, Receiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        for answer in VecDeque::from(answers) {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            let mut line = String::new();
            reader.read_line(&mut line).expect("a request line");
            let mut words = line.split(' ').map(str::to_owned);
            let (method, path_and_query) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let mut headers = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a header");
                let Some((name, value)) = line.trim().split_once(": ") else { break };
                headers.push((name.to_ascii_lowercase(), value.to_owned()));
            }
            let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
            let mut body = vec![0; length.and_then(Result::ok).unwrap_or(0)];
            reader.read_exact(&mut body).expect("the body");
            stream.write_all(answer.as_bytes()).expect("answered");
            if tell.send(Heard { method, path_and_query, headers, body }).is_err() {
                return;
            }
        }
    });
    (address, heard)
}

fn answer(status: &str, server_time: i64, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{SERVER_TIME_HEADER}: {server_time}\r\n{more}\r\n{body}"
    )
}

fn problem(status: u16, code: &str, server_time: i64) -> String {
    format!(r#"{{"type":"about:blank","status":{status},"code":"{code}","title":"No.","server_time":{server_time}}}"#)
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn device() -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(5))
}

fn log_id() -> LogId {
    LogId::from_uuid(Uuid::from_u128(6))
}

fn with_peer<T>(address: &str, ask: impl AsyncFnOnce(&HttpPeer) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let peer = HttpPeer::new(address, device(), key(), Arc::new(Noon), Arc::new(Counting(AtomicI64::new(0))))
            .expect("a peer");
        ask(&peer).await
    })
}

fn push() -> PushRequest {
    PushRequest { proto: 1, log_id: Some(log_id()), batches: Vec::new(), unsent_events: 7 }
}

fn pull() -> PullRequest {
    let cursor = Cursor { log_id: log_id(), seq: 12, hash: Hash::ZERO };
    PullRequest { stream: StreamName::Catalog, cursor: Some(cursor), limit: 1000, unsent_events: 3 }
}

fn pushed() -> String {
    let reply =
        PushReply { log_id: log_id(), server_time: Timestamp::from_millis(1), results: Vec::new(), window: None };
    serde_json::to_string(&reply).expect("JSON")
}

fn credentials(heard: &Heard) -> Credentials {
    Credentials::unpack(heard.header(CREDENTIALS_HEADER)).expect("credentials")
}

fn is_signed(heard: &Heard) -> bool {
    let Credentials { device, created, nonce, signature } = credentials(heard);
    let (method, path_and_query, body) = (&*heard.method, &*heard.path_and_query, &*heard.body);
    let to_sign = RequestToSign { method, path_and_query, body, created, nonce: &nonce, device };
    to_sign.verify(&PublicKey::of(&key()), &signature).is_ok()
}

#[test]
fn a_push_is_compressed_and_signed_as_it_travels() {
    let (address, heard) = server(vec![answer("200 OK", 1_000_000, "", &pushed())]);
    let reply = with_peer(&address, async |peer| peer.push(&push()).await).expect("an answer");
    assert_eq!(reply.log_id, log_id());
    let heard = heard.recv().expect("a request");
    assert_eq!((heard.method.as_str(), heard.path_and_query.as_str()), ("POST", "/v1/push"));
    assert_eq!(heard.header("content-encoding"), packing::CODING);
    assert!(is_signed(&heard));
    assert!(zstd::decode_all(heard.body.as_slice()).is_err(), "not without the dictionary");
    let mut unpacker = zstd::bulk::Decompressor::with_dictionary(packing::DICTIONARY).expect("a dictionary");
    let json = unpacker.decompress(&heard.body, MAX_BODY_BYTES).expect("zstd");
    assert_eq!(serde_json::from_slice::<PushRequest>(&json).expect("a push").unsent_events, 7);
}

#[test]
fn a_pull_names_its_cursor_in_the_signed_address() {
    let reply = PullReply { log_id: log_id(), server_time: Timestamp::from_millis(1), items: vec![], head_seq: 12 };
    let body = serde_json::to_string(&reply).expect("JSON");
    let (address, heard) = server(vec![answer("200 OK", 0, "", &body)]);
    with_peer(&address, async |peer| peer.pull(&pull()).await).expect("an answer");
    let heard = heard.recv().expect("a request");
    let at = format!("&log_id={}&seq=12&hash={}", log_id(), Hash::ZERO);
    assert_eq!(heard.path_and_query, format!("/v1/pull?stream=T:cat{at}&limit=1000&unsent=3"));
    assert!(is_signed(&heard));
}

#[test]
fn a_wrong_clock_is_put_right_by_the_server_and_the_request_sent_again() {
    let skewed = problem(401, "clock_skew", 9_000_000);
    let answers = vec![answer("401 Unauthorized", 9_000_000, "", &skewed), answer("200 OK", 9_000_000, "", &pushed())];
    let (address, heard) = server(answers);
    let skew = with_peer(&address, async |peer| {
        peer.push(&push()).await.expect("the second try is in time");
        peer.skew_ms()
    });
    let (first, second) = (heard.recv().expect("first"), heard.recv().expect("second"));
    let [one, other] = [&first, &second].map(credentials);
    assert_eq!((one.created.as_millis(), other.created.as_millis()), (1_000_000, 9_000_000));
    assert_ne!(one.nonce, other.nonce, "a nonce is used once");
    assert!(is_signed(&second));
    assert_eq!(skew, 8_000_000);
}

#[test]
fn refusals_captive_portals_and_silence_are_told_apart() {
    let portal = "<html>Log in to the hotel network</html>";
    let table = [
        (answer("401 Unauthorized", 1, "", &problem(401, "revoked", 1)), Some(ProblemCode::Revoked), true),
        (answer("422 Unprocessable", 1, "", &problem(422, "unprocessable", 1)), Some(ProblemCode::Unprocessable), true),
        (answer("503 Unavailable", 1, "", &problem(503, "unavailable", 1)), Some(ProblemCode::Unavailable), false),
        (answer("418 Teapot", 1, "", &problem(418, "from_the_future", 1)), Some(ProblemCode::Unavailable), false),
        (answer("200 OK", 1, "", portal), None, true),
        (answer("302 Found", 1, "location: http://127.0.0.1:1/\r\n", ""), None, true),
        (answer("502 Bad Gateway", 1, "", portal), None, false),
        (String::new(), None, false),
    ];
    for (bytes, code, needs_attention) in table {
        let (address, _heard) = server(vec![bytes.clone()]);
        let error = with_peer(&address, async |peer| peer.push(&push()).await).expect_err("a refusal");
        assert_eq!((error.code(), error.needs_attention()), (code, needs_attention), "{bytes:?}: {error:?}");
    }
}

#[test]
fn a_server_under_pressure_says_how_long_to_wait() {
    let busy = answer("429 Too Many", 1, "retry-after: 17\r\n", &problem(429, "too_many_requests", 1));
    let (address, _heard) = server(vec![busy]);
    let error = with_peer(&address, async |peer| peer.pull(&pull()).await).expect_err("pressure");
    let PeerError::Refused { retry_after, .. } = error else { panic!("refused, not {error:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(17)));
}

#[test]
fn an_address_is_scheme_host_and_port_and_nothing_else() {
    for good in ["https://barra.example", "http://127.0.0.1:8080/", "  https://barra.example:8443 "] {
        assert!(server_address(good).is_ok(), "{good}");
    }
    for bad in
        ["", "barra.example", "ftp://barra.example", "https://barra.example/v1", "https://a@b.example", "https://"]
    {
        assert!(server_address(bad).is_err(), "{bad}");
    }
}
