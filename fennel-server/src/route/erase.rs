//! `POST /api/v1/dataset/<name>/erase`: rows about somebody go, wherever they are.

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
use crate::request::{Branch, DatasetName};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new(
        "erase",
        "Erases the rows that name any of these keys, from the log and from all that was made of them.",
    )
    .branch()
    .path("name", "The dataset's name.")
    .json(Schema::object([("erase_keys", data::schema())]).optional([(
        "purge_later",
        Schema::boolean().or_null().about(
            "Whether rows that come later are refused, too; as before without it.",
        ),
    )]))
    .answers(
        Schema::object([("rows", Schema::count().about("How many rows left the log."))]).optional([
            (
                "logged",
                Schema::count().about("How many rows of logged features went, if any."),
            ),
            (
                "left",
                Schema::text().about("Why their bytes are in the data folder still, if they are."),
            ),
        ]),
    )
    .writes()
    .refuses([404]);
    calls.on(Method::POST, "/api/v1/dataset/{name}/erase", erase, call)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    erase_keys: Unique,
    #[serde(default)]
    purge_later: Option<bool>,
}

async fn erase(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    JsonBody(mut body): JsonBody,
) -> Result<Answer, Failure> {
    let shared = app.clone();
    app.write(move |engine| {
        caller.require_erase(engine, &branch, &dataset)?;
        let Request {
            erase_keys: Unique(keys),
            purge_later,
        } = body.json()?;
        let keys = data::rows("erase_keys", keys, body.held())?;
        let count = keys.len();
        let on = format!("{branch}/{dataset}");
        // What it is refused for may tell values of keys, and the audit has none.
        let erased = shared.define(
            (&caller, "erase", &on),
            || caller.require_erase(engine, &branch, &dataset),
            |(), note| {
                let noting = engine.noting(note);
                Ok(noting.erase(&branch, &dataset, keys, purge_later))
            },
            |erased, entry| {
                let entry = entry.detail("keys", count);
                let entry = entry.detail("purge_later", purge_later);
                match erased {
                    Ok(erased) if erased.served == 0 => entry.detail("rows", erased.rows),
                    Ok(erased) => entry
                        .detail("rows", erased.rows)
                        .detail("logged", erased.served),
                    Err(_) => entry.outcome("refused"),
                }
            },
        )?;
        let erased = erased.map_err(|error| caller.told(engine, &branch, error))?;
        let mut answer = json!({"rows": erased.rows});
        if erased.served > 0 {
            answer["logged"] = erased.served.into();
        }
        if let Some(left) = erased.left {
            answer["left"] = left.into();
        }
        Ok(Answer::json(&answer))
    })
    .await
}
