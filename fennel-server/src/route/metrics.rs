//! `GET /metrics`: numbers for Prometheus.
//!
//! Names of definitions are among the labels, so a token sees the branches on which it may read all data.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::error::Failure;
use crate::metrics::{MEDIA_TYPE, report};
use crate::openapi::{Call, Calls, Schema};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("metrics", "Tells numbers to Prometheus.");
    let call = call.answers_as(MEDIA_TYPE, Schema::text());
    calls.on(Method::GET, "/metrics", metrics, call)
}

async fn metrics(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let requests = Arc::clone(&app.requests);
    let answer = app.read(move |engine| {
        let watched = caller.watched(engine.branches())?;
        // A branch that was deleted meanwhile has no numbers.
        let branches = watched.into_iter().filter_map(|branch| {
            let metrics = engine.metrics(&branch).ok()?;
            Some((branch, metrics))
        });
        let branches: Vec<_> = branches.collect();
        Ok(Answer::text(report(&requests, &branches)))
    });
    let mut response = answer.await?.into_response();
    let text = HeaderValue::from_static(MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    Ok(response)
}
