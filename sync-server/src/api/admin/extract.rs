//! What comes in, checked: bodies without unknown fields, ids, pages, texts within bounds.

use std::str::FromStr;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::sync::protocol::ProblemCode;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::store::{Page, Paged};

const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 200;

/// A JSON body. What is wrong with it is said as a problem.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::too_large())
            }
            Err(error) => Err(ApiError::malformed(error.body_text())),
        }
    }
}

/// An id in the path. Text that is no id names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| ApiError::not_found())?;
        text.parse().map(Self).map_err(|_| ApiError::not_found())
    }
}

/// A query string without unknown parameters.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error: QueryRejection| ApiError::malformed(error.body_text()))
    }
}

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// At most so many, 50 unless said, 200 at most.
    limit: Option<u16>,
    /// What the answer before gave as `next`.
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
}

impl PageQuery {
    pub(crate) fn page(&self) -> Result<Page, ApiError> {
        Ok(Page { after: self.after, limit: limit(self.limit)? })
    }
}

/// How many items, within bounds.
pub(crate) fn limit(asked: Option<u16>) -> Result<u16, ApiError> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(ApiError::malformed(format!("limit is 1 to {MAX_LIMIT}"))),
    }
}

/// A part of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ListOut<T> {
    /// The part.
    pub(crate) items: Vec<T>,
    /// Ask for the next part with it; null when there is none.
    pub(crate) next: Option<String>,
}

impl<T> ListOut<T> {
    pub(crate) fn of<U: Into<T>>(paged: Paged<U>) -> Self {
        let next = paged.next.map(|id| id.to_string());
        Self { items: paged.items.into_iter().map(Into::into).collect(), next }
    }
}

/// A value that is understood and not acceptable.
pub(crate) fn unacceptable(title: impl Into<String>) -> ApiError {
    ApiError::new(ProblemCode::Unprocessable, title)
}

/// A text for people: not empty, not endless, without control characters that would reach a printer.
pub(crate) fn text(name: &str, value: &str, max: usize) -> Result<String, ApiError> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > max || value.chars().any(char::is_control) {
        return Err(unacceptable(format!("{name} is 1 to {max} characters, none of them control characters")));
    }
    Ok(value.to_owned())
}
