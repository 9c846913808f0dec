//! Every refusal as problem+json, with the server's clock, and without a word about the inside.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::sync::ingest::Refusal;
use shared::sync::protocol::{Problem, ProblemCode};
use shared::time::Timestamp;

use crate::app::admin::AdminError;
use crate::app::enroll::EnrollError;
use crate::app::hello::HelloError;
use crate::app::pull::PullError;
use crate::app::push::PushError;
use crate::app::redeem::RedeemError;
use crate::app::snapshot::SnapshotError;
use crate::store::StoreError;

/// A refusal.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) code: ProblemCode,
    pub(crate) title: String,
    pub(crate) retry_after_s: Option<u64>,
    /// Two changes met and this one was undone: it may be done again at once.
    pub(crate) is_collision: bool,
}

impl ApiError {
    pub(crate) fn new(code: ProblemCode, title: impl Into<String>) -> Self {
        Self { code, title: title.into(), retry_after_s: None, is_collision: false }
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(ProblemCode::Unauthenticated, "credentials are missing or wrong")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(ProblemCode::NotFound, "there is no such thing here")
    }

    pub(crate) fn malformed(title: impl Into<String>) -> Self {
        Self::new(ProblemCode::Malformed, title)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(ProblemCode::TooLarge, "too much at once")
    }

    /// What passes by itself.
    pub(crate) fn try_again(title: impl Into<String>) -> Self {
        Self { retry_after_s: Some(1), ..Self::new(ProblemCode::Unavailable, title) }
    }

    pub(crate) fn collided() -> Self {
        Self { is_collision: true, ..Self::try_again("the server is busy; try again") }
    }

    pub(crate) fn crowded() -> Self {
        Self::try_again("too many tills at once; wait, then try again")
    }

    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        // The one place where a fault of ours is logged.
        let causes: Vec<_> = std::iter::successors(error.source(), |e| e.source()).map(ToString::to_string).collect();
        tracing::error!(%error, ?causes, "a request failed");
        Self::new(ProblemCode::Internal, "the server made a mistake; nothing was changed")
    }
}

pub(crate) fn status(code: ProblemCode) -> StatusCode {
    match code {
        ProblemCode::Malformed => StatusCode::BAD_REQUEST,
        ProblemCode::Unauthenticated | ProblemCode::ClockSkew | ProblemCode::Replayed | ProblemCode::Revoked => {
            StatusCode::UNAUTHORIZED
        }
        ProblemCode::Forbidden | ProblemCode::CertificateExpired => StatusCode::FORBIDDEN,
        ProblemCode::NotFound => StatusCode::NOT_FOUND,
        ProblemCode::Conflict => StatusCode::CONFLICT,
        ProblemCode::CursorGone => StatusCode::GONE,
        ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemCode::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ProblemCode::Locked => StatusCode::LOCKED,
        ProblemCode::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        ProblemCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ProblemCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ProblemCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// On an answer: two changes met, and this one was undone.
#[derive(Clone)]
pub(crate) struct Collided;

/// Rides on an answer until the outermost layer, which knows the time, writes it out.
#[derive(Clone)]
pub(crate) struct Pending {
    code: ProblemCode,
    title: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = status(self.code).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.is_collision {
            response.extensions_mut().insert(Collided);
        }
        response.extensions_mut().insert(Pending { code: self.code, title: self.title });
        response
    }
}

impl Pending {
    pub(crate) fn write(self, response: &Response, server_time: Timestamp) -> Response {
        let status = status(self.code);
        let problem = Problem { status: status.as_u16(), code: self.code, title: self.title, server_time };
        let mut written = (status, Json(problem)).into_response();
        for (name, value) in response.headers() {
            if name != header::CONTENT_LENGTH {
                written.headers_mut().insert(name, value.clone());
            }
        }
        let problem = HeaderValue::from_static("application/problem+json");
        written.headers_mut().insert(header::CONTENT_TYPE, problem);
        written
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Taken(what) => Self::new(ProblemCode::Conflict, format!("{what} is in use")),
            StoreError::Dangling => Self::new(ProblemCode::Unprocessable, "it refers to something that does not exist"),
            StoreError::Busy(_) => {
                tracing::warn!(%error, "the database was busy for too long");
                Self::try_again("the server is busy; try again")
            }
            StoreError::Collided(_) => {
                tracing::warn!(%error, cause = ?std::error::Error::source(&error), "a change was undone");
                Self::collided()
            }
            StoreError::Sql(_)
            | StoreError::Mighty
            | StoreError::Occupied
            | StoreError::Migrate(_)
            | StoreError::Io(_)
            | StoreError::Corrupt(_) => Self::internal(&error),
        }
    }
}

impl From<PushError> for ApiError {
    fn from(error: PushError) -> Self {
        let code = match error {
            PushError::Store(error) => return error.into(),
            PushError::Replayed => ProblemCode::Replayed,
            PushError::Collided => return Self::collided(),
            PushError::Unfinished => return Self::try_again("the server could not finish this; send it again"),
            PushError::Refused(Refusal::TooLarge) => ProblemCode::TooLarge,
            PushError::Refused(Refusal::Protocol(_)) => ProblemCode::UpgradeRequired,
            PushError::Refused(Refusal::Numbers) => ProblemCode::Malformed,
            PushError::Refused(Refusal::OtherDevice(_)) => ProblemCode::Forbidden,
            PushError::Refused(Refusal::NoStart(_) | Refusal::Signature(_)) => ProblemCode::Unprocessable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<RedeemError> for ApiError {
    fn from(error: RedeemError) -> Self {
        let code = match error {
            RedeemError::Store(error) => return error.into(),
            RedeemError::Collided => return Self::collided(),
            RedeemError::Unfinished => return Self::try_again("the server could not finish this; ask again"),
            RedeemError::Replayed => ProblemCode::Replayed,
            RedeemError::Conflict => ProblemCode::Conflict,
        };
        Self::new(code, error.to_string())
    }
}

impl From<HelloError> for ApiError {
    fn from(error: HelloError) -> Self {
        let code = match error {
            HelloError::Store(error) => return error.into(),
            HelloError::Protocol(_) => ProblemCode::UpgradeRequired,
            HelloError::TooMuch => ProblemCode::Malformed,
            HelloError::NoEvent => ProblemCode::NotFound,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SnapshotError> for ApiError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            SnapshotError::NotFound => Self::not_found(),
            SnapshotError::Stream(_) | SnapshotError::Parts(_) => Self::internal(&error),
        }
    }
}

impl From<PullError> for ApiError {
    fn from(error: PullError) -> Self {
        let code = match error {
            PullError::Store(error) => return error.into(),
            PullError::NoStream => ProblemCode::NotFound,
            PullError::CursorGone => ProblemCode::CursorGone,
        };
        Self::new(code, error.to_string())
    }
}

impl From<EnrollError> for ApiError {
    fn from(error: EnrollError) -> Self {
        let code = match error {
            EnrollError::Store(error) => return error.into(),
            // One answer for every way a code can be wrong.
            EnrollError::Code | EnrollError::Proof => {
                return Self::new(ProblemCode::Unauthenticated, EnrollError::Code.to_string());
            }
            EnrollError::NotWaiting => ProblemCode::Conflict,
            EnrollError::NotFound => ProblemCode::NotFound,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AdminError> for ApiError {
    fn from(error: AdminError) -> Self {
        let code = match error {
            AdminError::Store(error) => return error.into(),
            AdminError::Hash(error) => return Self::internal(&error),
            AdminError::Wrong => ProblemCode::Unauthenticated,
            AdminError::Locked { retry_after_s } => {
                let locked = Self::new(ProblemCode::Locked, error.to_string());
                return Self { retry_after_s: Some(retry_after_s), ..locked };
            }
        };
        Self::new(code, error.to_string())
    }
}
