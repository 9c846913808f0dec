//! Tells an open console page that something changed. What changed, it asks for itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};

use super::auth::Admin;
use crate::Inner;

/// Events named `board` whenever something changed; server-sent, kept alive every 20 seconds.
#[utoipa::path(get, path = "/v1/admin/bell", tag = "admin", security(("admin" = []), ("admin_cookie" = [])), responses(
    (status = 200, description = "`event: board`, once at the start and at every change", body = String, content_type = "text/event-stream"),
    (status = 401, description = "`unauthenticated`", body = super::openapi::ProblemDoc),
))]
pub(crate) async fn bell(
    State(app): State<Arc<Inner>>,
    admin: Admin,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let rings = WatchStream::new(app.bells.listen(admin.tenant.tenant_id)).map(Some);
    // A stream that is never silent would keep the server from stopping.
    let stop = WatchStream::new(app.stopping.clone()).filter_map(|stop| stop.then_some(None));
    let events = rings.merge(stop).take_while(Option::is_some).map(|_| Ok(Event::default().event("board").data("{}")));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}
