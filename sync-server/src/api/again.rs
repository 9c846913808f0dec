//! Two transactions that got in each other's way: the database undid one of them, and it goes well the next time. So it
//! is done again here, a few times, before anybody is told to come again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::error::{ApiError, Collided};
use crate::{Inner, Outside};

/// How often a deed is tried.
const TRIES: u32 = 6;
/// The first wait is drawn below this, and each after it below twice as much.
const FIRST_WAIT_US: u64 = 10_000;
/// Who waited so long for others does not begin again.
const PATIENCE_MS: u64 = 3_000;
/// Largest request of head office that is kept to be done again. Nobody has signed in yet when it is read.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Does it, and again if it collided. Nothing of a deed that collided is left, so doing it again does it once.
pub(crate) async fn again<T, F>(outside: &Outside, mut deed: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let began = outside.clock.up_ms();
    let mut tried = 1;
    loop {
        let done = deed().await;
        let is_collision = done.as_ref().is_err_and(|error| error.is_collision);
        if !is_collision || !may_try(tried, outside.clock.up_ms().saturating_sub(began)) {
            return done;
        }
        tokio::time::sleep(wait(tried, outside.random())).await;
        tried += 1;
    }
}

/// The same for what head office changes, as a whole: each change is one transaction.
pub(crate) async fn change_again(State(app): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let length =
        request.headers().get(header::CONTENT_LENGTH).map_or(Some(0), |length| length.to_str().ok()?.parse().ok());
    let is_short = length.is_some_and(|length: usize| length <= MAX_BODY_BYTES)
        && !request.headers().contains_key(header::TRANSFER_ENCODING);
    if request.method().is_safe() || !request.uri().path().starts_with("/v1/admin/") || !is_short {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return axum::response::IntoResponse::into_response(ApiError::malformed("the body broke off"));
    };
    let began = app.outside.clock.up_ms();
    let mut tried = 1;
    loop {
        let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let response = next.clone().run(request).await;
        let is_collision = response.extensions().get::<Collided>().is_some();
        if !is_collision || !may_try(tried, app.outside.clock.up_ms().saturating_sub(began)) {
            return response;
        }
        tokio::time::sleep(wait(tried, app.outside.random())).await;
        tried += 1;
    }
}

fn may_try(tried: u32, for_ms: u64) -> bool {
    tried < TRIES && for_ms < PATIENCE_MS
}

/// Drawn, so that two who met do not meet again.
fn wait(tried: u32, drawn: [u8; 8]) -> Duration {
    let below = FIRST_WAIT_US << (tried - 1).min(TRIES);
    Duration::from_micros(u64::from_be_bytes(drawn) % below)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::store::StoreError;

    fn collided() -> ApiError {
        StoreError::Collided(sqlx::Error::WorkerCrashed).into()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(future)
    }

    #[test]
    fn what_collides_is_done_again_until_it_does_not() {
        let outside = Outside::system();
        let tried = Cell::new(0);
        let done = block_on(again(&outside, || async {
            tried.set(tried.get() + 1);
            if tried.get() < 3 { Err(collided()) } else { Ok(tried.get()) }
        }));
        assert_eq!(done.expect("it went well"), 3);
    }

    #[test]
    fn what_always_collides_is_given_up_and_the_asker_told_when_to_come_again() {
        let outside = Outside::system();
        let tried = Cell::new(0);
        let done: Result<(), _> = block_on(again(&outside, || async {
            tried.set(tried.get() + 1);
            Err(collided())
        }));
        assert_eq!(tried.get(), TRIES);
        let error = done.expect_err("it never went well");
        assert_eq!(error.code, shared::sync::protocol::ProblemCode::Unavailable);
        assert!(error.retry_after_s.is_some());
    }

    #[test]
    fn a_refusal_is_not_a_collision() {
        let outside = Outside::system();
        let tried = Cell::new(0);
        let done: Result<(), _> = block_on(again(&outside, || async {
            tried.set(tried.get() + 1);
            Err(ApiError::not_found())
        }));
        assert!(done.is_err());
        assert_eq!(tried.get(), 1);
    }

    #[test]
    fn nobody_waits_for_long() {
        for tried in 1..TRIES {
            assert!(wait(tried, [0xff; 8]) < Duration::from_micros(FIRST_WAIT_US << (tried - 1)));
        }
        assert!(!may_try(1, PATIENCE_MS) && !may_try(TRIES, 0));
    }
}
