//! The document every client can be generated from.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Every refusal: RFC 9457 in shape.
#[derive(utoipa::ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes shared::sync::protocol::Problem, which knows nothing of documents")]
pub(crate) struct ProblemDoc {
    /// HTTP status.
    status: u16,
    /// For programs; a closed set.
    code: String,
    /// For people.
    title: String,
    /// The server's clock, milliseconds since 1970.
    server_time: i64,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Barra", description = "What tills and head office ask of the server. Money is in minor units, times are milliseconds since 1970."),
    components(schemas(ProblemDoc)),
    modifiers(&Security),
    tags(
        (name = "open", description = "For anyone"),
        (name = "device", description = "For enrolled tills"),
        (name = "admin", description = "For head office"),
    )
)]
pub(crate) struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let signed = ApiKeyValue::with_description(
            "x-barra-signature",
            "Ed25519 over method, path, body hash, time, nonce and device; with x-barra-device, -created and -nonce, \
             or all four in one as x-barra",
        );
        components.add_security_scheme("device", SecurityScheme::ApiKey(ApiKey::Header(signed)));
        components.add_security_scheme("admin", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let cookie = ApiKeyValue::with_description(super::auth::COOKIE, "The same token, for browsers");
        components.add_security_scheme("admin_cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document, as JSON.
pub fn openapi_json() -> String {
    let (_, document) = super::router::routes();
    document.to_pretty_json().expect("the document encodes as JSON")
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "open", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(crate) async fn openapi() -> impl axum::response::IntoResponse {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], openapi_json())
}
