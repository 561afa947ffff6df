//! `GET /healthz`, `GET /readyz`: whether the server answers, and whether it can work. They need no token.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, App};
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};

pub(super) fn calls(calls: Calls) -> Calls {
    let ok = || Schema::object([("status", Schema::words(["ok"]))]);
    let health_call = Call::new("health", "Tells that the server answers.");
    let ready_call = Call::new("ready", "Tells whether the server takes rows and commits.");
    calls
        .on(
            Method::GET,
            "/healthz",
            health,
            health_call.open().answers(ok()),
        )
        .on(
            Method::GET,
            "/readyz",
            ready,
            ready_call.open().answers(ok()).refuses([503]),
        )
}

/// The server answers, whatever the answer.
async fn health() -> Answer {
    Answer::json(&json!({"status": "ok"}))
}

/// A server has recovered its data before it listens, so it is ready unless it can't write any more or its pipelines
/// have stopped. The cause names folders, and is for those with a token.
async fn ready(State(app): State<App>) -> Result<Answer, Failure> {
    let unready = |why| Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, why));
    if app.engine.check_writable().is_err() {
        return unready(
            "the server takes no more rows and commits; log a row to be told why, mend that and restart the server",
        );
    }
    if app.engine.check_applied().is_err() {
        return unready(
            "derived datasets are behind the rows that were logged, since the last attempt to apply them failed; the next row that is logged is another one",
        );
    }
    Ok(health().await)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::response::IntoResponse;
    use fennel_engine::store::Store;
    use fennel_engine::{Engine, SystemClock};

    use super::*;
    use crate::auth::{Access, Token};
    use crate::{Config, ServerName};

    #[test]
    fn a_server_that_can_not_write_is_not_ready() {
        let store = Store::in_memory();
        let clock = Arc::new(SystemClock);
        let engine = Engine::open(store.clone(), clock.clone()).unwrap();
        let process = Token::new("process-token-of-tests").unwrap();
        let (access, _) = Access::open(&store, clock, None, Some(&process)).unwrap();
        let app = App::new(
            engine.clone(),
            access,
            ServerName::new("tests").unwrap(),
            crate::secret::Secrets::open(&store, None).unwrap(),
            &Config::default(),
        )
        .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let status = || {
            let answer = runtime.block_on(ready(State(app.clone())));
            answer.into_response().status()
        };
        assert_eq!(status(), StatusCode::OK);
        engine.close();
        assert_eq!(status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
