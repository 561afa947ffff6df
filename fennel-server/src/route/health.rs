//! `GET /healthz`, `GET /readyz`: whether the server answers. They need no token.

use serde_json::json;

use crate::app::Answer;

/// A server that answers has recovered its data before it listened, so it is ready, too.
pub(crate) async fn health() -> Answer {
    Answer::json(&json!({"status": "ok"}))
}
