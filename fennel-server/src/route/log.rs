//! `POST /api/v1/log`: rows for a webhook's endpoint.
//!
//! A webhook is the deployment's, so the branch is passed over: the rows go to every branch that has
//! the endpoint.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use crate::app::{Answer, App};
use crate::auth::Caller;
use crate::body::JsonBody;
use crate::data;
use crate::error::Failure;
use crate::unique::Unique;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    webhook: String,
    endpoint: String,
    data: Unique,
}

/// Answers once the rows are on the disk, those that don't fit included.
pub(crate) async fn log(
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
        Ok(Answer::json(
            &json!({"rows": logged.rows, "set_aside": set_aside}),
        ))
    })
    .await
}
