//! Tells a till that one of its streams moved. What moved, it pulls; a lost ring is harmless.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use shared::sync::protocol::{BellReply, MAX_BELL_WAIT_S, ProblemCode, Ring};
use shared::sync::stream::StreamName;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;

use super::auth::SignedRequest;
use super::error::ApiError;
use super::openapi::ProblemDoc;
use crate::Inner;
use crate::app::snapshot::own_streams;
use crate::bell::Listener;

/// How often a silent bell says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Rings when a stream of this till moved: server-sent events, or one answer with `wait`. One bell per till; a new one
/// ends the one before. Signed by the device.
#[utoipa::path(get, path = "/v1/bell", tag = "device", security(("device" = [])), params(
    ("wait" = Option<u64>, Query, description = "Answer once, within so many seconds, at most 25; besides, `stream=seq` for each stream as far as the till knows it"),
), responses(
    (status = 200, description = "`event: bell`, `data: {\"stream\":\"T:cat\",\"head\":17}` for every stream at the start and for each that moves; with `wait`, `{\"rings\":[…]}`", body = String, content_type = "text/event-stream"),
    (status = 400, description = "`malformed`", body = ProblemDoc),
    (status = 401, description = "`unauthenticated`, `clock_skew`, `replayed` or `revoked`", body = ProblemDoc),
    (status = 403, description = "`certificate_expired`", body = ProblemDoc),
    (status = 404, description = "`not_found`: no such stream for this device", body = ProblemDoc),
    (status = 503, description = "`unavailable`: too many listen; ask every now and then instead", body = ProblemDoc),
))]
pub(crate) async fn till_bell(
    State(app): State<Arc<Inner>>,
    query: Result<Query<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>,
    request: SignedRequest,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::malformed(error.body_text()))?;
    let (tenant, device) = (&request.tenant, &request.device);
    let own = own_streams(device);
    let asked = Asked::read(&query, own)?;
    let ends = tenant.read().await?.list_stream_heads(&own).await?;
    let end = |stream| (stream, ends.iter().find(|(name, _)| *name == stream).map_or(0, |(_, head)| head.seq));
    let listener = app.bells.tills.listen(tenant.tenant_id, device.device_id, own.map(end));
    let listener = listener.ok_or_else(|| {
        ApiError::new(ProblemCode::Unavailable, "too many tills listen; ask for news every now and then instead")
    })?;
    match asked.wait {
        Some(wait) => Ok(Json(wait_once(&app, listener, &asked.known, wait).await).into_response()),
        None => Ok(stream(&app, listener).into_response()),
    }
}

struct Asked {
    wait: Option<Duration>,
    known: Vec<(StreamName, u64)>,
}

impl Asked {
    fn read(query: &[(String, String)], own: [StreamName; 3]) -> Result<Self, ApiError> {
        let mut asked = Self { wait: None, known: Vec::new() };
        for (name, value) in query {
            let number = value.parse::<u64>().map_err(|_| ApiError::malformed(format!("{name} is a number")));
            if name == "wait" {
                asked.wait = Some(Duration::from_secs(number?.min(MAX_BELL_WAIT_S)));
                continue;
            }
            let stream: StreamName = name.parse().map_err(|_| ApiError::not_found())?;
            if !own.contains(&stream) {
                return Err(ApiError::not_found());
            }
            asked.known.push((stream, number?));
        }
        Ok(asked)
    }
}

/// Which of the streams a till named do not end where it thinks. Also one that ends earlier: the server was restored.
fn news(listener: &mut Listener, known: &[(StreamName, u64)]) -> Vec<Ring> {
    let mut rings = Vec::new();
    for (stream, end) in &mut listener.streams {
        let head = *end.borrow_and_update();
        if known.iter().any(|(name, seq)| name == stream && *seq != head) {
            rings.push(Ring { stream: *stream, head });
        }
    }
    rings
}

type Ends = [(StreamName, tokio::sync::watch::Receiver<u64>); 3];

/// Until a stream moved.
async fn moved(streams: &mut Ends) {
    let [(_, a), (_, b), (_, c)] = streams;
    // A sender is kept for as long as anyone listens, so none of these fails.
    let _ = tokio::select! {
        moved = a.changed() => moved,
        moved = b.changed() => moved,
        moved = c.changed() => moved,
    };
}

async fn wait_once(app: &Inner, mut listener: Listener, known: &[(StreamName, u64)], wait: Duration) -> BellReply {
    let mut stopping = app.stopping.clone();
    let over = tokio::time::sleep(wait);
    tokio::pin!(over);
    loop {
        let rings = news(&mut listener, known);
        if !rings.is_empty() {
            return BellReply { rings };
        }
        tokio::select! {
            () = &mut over => return BellReply { rings },
            _ = stopping.wait_for(|stop| *stop) => return BellReply { rings },
            _ = &mut listener.replaced => return BellReply { rings },
            () = moved(&mut listener.streams) => {}
        }
    }
}

fn stream(app: &Inner, listener: Listener) -> impl IntoResponse + use<> {
    // One at a time: what comes faster than the line takes it becomes one ring.
    let (rings, sent) = mpsc::channel(1);
    tokio::spawn(ring(app.stopping.clone(), listener, rings));
    let events = ReceiverStream::new(sent).map(|ring| Ok::<_, Infallible>(event(&ring)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn event(ring: &Ring) -> Event {
    let data = serde_json::to_string(ring).expect("a ring encodes as JSON");
    Event::default().event("bell").data(data)
}

/// Sends what moved for as long as somebody takes it: all three at first, so that nothing is missed in between.
async fn ring(mut stopping: tokio::sync::watch::Receiver<bool>, mut listener: Listener, rings: mpsc::Sender<Ring>) {
    let mut said = [None; 3];
    loop {
        for (said, (stream, end)) in said.iter_mut().zip(&mut listener.streams) {
            let head = *end.borrow_and_update();
            if *said != Some(head) {
                *said = Some(head);
                if rings.send(Ring { stream: *stream, head }).await.is_err() {
                    return;
                }
            }
        }
        tokio::select! {
            () = rings.closed() => return,
            _ = stopping.wait_for(|stop| *stop) => return,
            _ = &mut listener.replaced => return,
            () = moved(&mut listener.streams) => {}
        }
    }
}
