//! `POST /api/v1/log`: rows for a webhook's endpoint.
//!
//! A webhook is the deployment's, so the branch is passed over: the rows go to every branch that has
//! the endpoint.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Method;
use fennel_core::value::Unique;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::data;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new(
        "log",
        "Takes rows for a webhook's endpoint; answers once they are on the disk.",
    )
    .json(Schema::object([
        ("webhook", Schema::text()),
        ("endpoint", Schema::text()),
        ("data", data::schema()),
    ]))
    .answers(
        Schema::object([
            ("rows", Schema::count()),
            (
                "set_aside",
                Schema::count().about("Of these, those that don't fit a dataset."),
            ),
        ])
        .optional([(
            "refused",
            Schema::count().about(
                "Rows that aren't taken, since they are about a key that was erased with all later rows.",
            ),
        )]),
    )
    .writes()
    .refuses([404]);
    calls.on(Method::POST, "/api/v1/log", log, call)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    webhook: String,
    endpoint: String,
    data: Unique,
}

/// Answers once the rows are on the disk, those that don't fit included.
async fn log(
    State(app): State<App>,
    caller: Caller,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    app.write(move |engine| {
        let Log {
            webhook,
            endpoint,
            data: Unique(data),
        } = body.json()?;
        caller.require_log(&webhook, &endpoint)?;
        let rows = data::rows("data", data, body.held())?;
        let logged = engine.log(&webhook, &endpoint, rows);
        let logged = logged.map_err(|error| caller.told_of_endpoint(error))?;
        // A row that feeds several datasets may be set aside for each of them.
        let rows: BTreeSet<usize> = logged.set_aside.iter().map(|aside| aside.row).collect();
        let set_aside = rows.len();
        let mut answer = json!({"rows": logged.rows, "set_aside": set_aside});
        if logged.rows_refused > 0 {
            answer["refused"] = logged.rows_refused.into();
        }
        Ok(Answer::json(&answer))
    })
    .await
}
