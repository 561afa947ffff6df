//! What logs and traces tell of a request: its id, method and route, who sent it, the branch, the status and how long it
//! took. Never more of what was sent: a path, a parameter or a body may hold what is nobody else's business.

use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tracing::field::{Empty, display};
use tracing::{Span, debug, error, error_span};

use crate::auth::is_token;
use crate::error::Told;

/// The longest name of a branch that is told.
const LONGEST_BRANCH: usize = 200;

/// The span of a request. `route` is the template of its path, where there is one.
pub(crate) fn of_request(id: &HeaderValue, method: &Method, route: Option<&MatchedPath>) -> Span {
    let method = match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE => method.as_str(),
        // Any word can be a method.
        _ => "other",
    };
    // Whatever is logged at all says of which request it is.
    error_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method,
        route = route.map_or("other", MatchedPath::as_str),
        account = Empty,
        branch = Empty,
        status = Empty,
    )
}

/// Adds who sent the request that is worked on.
pub(crate) fn tell_account(name: &str) {
    Span::current().record("account", name);
}

/// Adds the branch that the request is about, if that can be a branch's name.
pub(crate) fn tell_branch(name: &str) {
    let is_name = name.len() <= LONGEST_BRANCH
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte));
    if is_name && !is_token(name) {
        Span::current().record("branch", name);
    }
}

/// Logs the answer: as an error with its text where the server is at fault, which has no text of the request.
pub(crate) fn answered(span: &Span, response: &Response, took: Duration) {
    let status = response.status();
    span.record("status", status.as_u16());
    let _entered = span.enter();
    let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    if status.is_server_error() {
        let told = response.extensions().get::<Told>();
        let error = told.map(|told| display(&told.0));
        error!(ms, error, "answered");
    } else {
        debug!(ms, "answered");
    }
}
