//! placeholder
use crate::Inner;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
pub(crate) fn routes() -> OpenApiRouter<Arc<Inner>> {
    OpenApiRouter::new()
}
