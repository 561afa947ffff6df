//! `GET /metrics`: numbers for Prometheus.
//!
//! Names of definitions are among the labels, so a token sees the branches on which it may read all data.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::auth::Caller;
use crate::error::Failure;
use crate::metrics::{MEDIA_TYPE, report};

pub(crate) async fn metrics(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let engine = &app.engine;
    let watched = caller.watched(engine.branches())?;
    // A branch that was deleted meanwhile has no numbers.
    let branches = watched.into_iter().filter_map(|branch| {
        let metrics = engine.metrics(&branch).ok()?;
        Some((branch, metrics))
    });
    let branches: Vec<_> = branches.collect();
    let text = report(&app.requests, &branches);
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}
