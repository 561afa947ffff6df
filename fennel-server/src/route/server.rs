//! `GET /api/v1/server`: which server this is.

use axum::extract::State;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};

pub(crate) async fn server(State(app): State<App>) -> Answer {
    Answer::json(&identity(&app))
}

/// The server's name and version, as this call and a commit answer them.
pub(crate) fn identity(app: &App) -> Json {
    json!({"name": app.name.as_str(), "version": env!("CARGO_PKG_VERSION")})
}
