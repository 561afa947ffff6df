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
}

/// The requests of a target.
#[derive(Debug)]
pub(super) struct Target {
    /// By status, from 100 on.
    codes: [AtomicU64; 500],
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

impl Default for Target {
    fn default() -> Self {
        Self {
            codes: [const { AtomicU64::new(0) }; 500],
            durations: Histogram::default(),
        }
    }
}

impl Target {
    fn add(&self, status: StatusCode, begun: Instant) {
        let code = usize::from(status.as_u16()).checked_sub(100);
        if let Some(count) = code.and_then(|code| self.codes.get(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.durations.add(begun.elapsed());
    }

    /// How many requests had each status.
    pub(super) fn codes(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.codes.iter().map(|count| count.load(Ordering::Relaxed));
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
    of.add(response.status(), begun);
    response
}
