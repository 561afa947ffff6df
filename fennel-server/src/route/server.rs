//! `GET /api/v1/server`: which server this is.

use axum::extract::State;
use axum::http::Method;
use serde_json::{Value as Json, json};

use crate::app::{Answer, App};
use crate::openapi::{Call, Calls, Schema};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("server", "Tells which server this is.").answers(shown());
    calls.on(Method::GET, "/api/v1/server", server, call)
}

pub(super) fn shown() -> Schema {
    Schema::object([("name", Schema::text()), ("version", Schema::text())])
}

async fn server(State(app): State<App>) -> Answer {
    Answer::json(&identity(&app))
}

/// The server's name and version, as this call and a commit answer them.
pub(crate) fn identity(app: &App) -> Json {
    json!({"name": app.name.as_str(), "version": env!("CARGO_PKG_VERSION")})
}
