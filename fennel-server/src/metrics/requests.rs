//! Requests by target and status, and how long they took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::Histogram;
use crate::app::App;
use crate::{request_id, span};

/// The target of requests that no route takes.
const NO_ROUTE: &str = "other";

/// What is counted of requests, by target: a target is a call's name where Fennel documents one, else the
/// template of its route, so there are no more than routes.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    targets: RwLock<BTreeMap<String, Arc<Target>>>,
    /// How long the engine took to answer features.
    pub(crate) extractions: Histogram,
    /// The same for parts of offline queries.
    pub(crate) offline_extractions: Histogram,
    /// Offline queries that failed once they were taken, and parts of them with rows that did.
    pub(crate) offline_failures: Codes,
}

/// The requests of a target.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub(super) codes: Codes,
    pub(super) durations: Histogram,
}

impl Requests {
    /// Those of a target. The lock is held for the look-up alone, and written once for each route.
    fn target(&self, name: &str) -> Arc<Target> {
        let known = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = known.get(name) {
            return Arc::clone(target);
        }
        drop(known);
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(targets.entry(name.into()).or_default())
    }

    /// All targets that were asked for.
    pub(super) fn all(&self) -> BTreeMap<String, Arc<Target>> {
        let targets = self.targets.read();
        targets.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How often each status came.
#[derive(Debug)]
pub(crate) struct Codes {
    /// From 100 on.
    counts: [AtomicU64; 500],
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; 500],
        }
    }
}

impl Codes {
    pub(crate) fn add(&self, status: StatusCode) {
        let code = usize::from(status.as_u16()).checked_sub(100);
        if let Some(count) = code.and_then(|code| self.counts.get(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Those that came, ascending.
    pub(super) fn read(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.counts.iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        (100..).zip(counts).filter(|(_, count)| *count > 0)
    }
}

/// What Fennel calls a route.
fn target(template: &str) -> &str {
    match template {
        "/api/v1/query" => "extract_features",
        "/api/v1/query_offline" => "extract_historical_features",
        "/api/v1/commit" => "sync",
        "/api/v1/log" => "log",
        other => other,
    }
}

/// Counts a request, gives its answer the request's id, and logs it.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = app.request_ids.of(request.headers());
    let route = request.extensions().get::<MatchedPath>();
    let of = app
        .requests
        .target(route.map_or(NO_ROUTE, |path| target(path.as_str())));
    let span = span::of_request(&id, request.method(), route);
    let mut response = next.run(request).instrument(span.clone()).await;
    span::answered(&span, &response, begun.elapsed());
    response.headers_mut().insert(request_id::HEADER, id);
    of.codes.add(response.status());
    of.durations.add(begun.elapsed());
    response
}
