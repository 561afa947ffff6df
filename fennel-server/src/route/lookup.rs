//! `POST /api/v1/dataset/<name>/lookup`: rows of a dataset by key, now or as of given instants.

use axum::extract::State;
use axum::http::Method;
use fennel_core::value::{Unique, Value};
use fennel_engine::{Columns, Engine, Found, Incoming};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::app::{Answer, App};
use crate::auth::{Caller, Mode};
use crate::body::{JsonBody, Payload};
use crate::data;
use crate::error::Failure;
use crate::openapi::{Call, Calls, Schema};
use crate::request::{Branch, DatasetName};

pub(super) fn calls(calls: Calls) -> Calls {
    let call = Call::new("lookup", "Looks rows of a dataset up by key.")
        .branch()
        .path("name", "The dataset's name.")
        .json(Schema::object([("keys", data::schema())]).optional([
            (
                "fields",
                Schema::list(Schema::text()).about("All without any."),
            ),
            ("timestamps", data::instants_schema()),
        ]))
        .answers(Schema::object([
            ("found", Schema::list(Schema::boolean())),
            ("data", Schema::map(Schema::list(Schema::any()))),
        ]))
        .refuses([404]);
    calls.on(Method::POST, "/api/v1/dataset/{name}/lookup", lookup, call)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    keys: Unique,
    /// None for all.
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    timestamps: Option<Vec<Json>>,
}

#[derive(Serialize)]
struct Looked<'a> {
    /// Whether there is each key.
    found: &'a [bool],
    data: &'a Columns,
}

struct Lookup {
    keys: Vec<Incoming>,
    fields: Vec<String>,
    timestamps: Option<Vec<Value>>,
}

async fn lookup(
    State(app): State<App>,
    caller: Caller,
    Branch(branch): Branch,
    DatasetName(dataset): DatasetName,
    JsonBody(body): JsonBody,
) -> Result<Answer, Failure> {
    caller.require(Mode::ReadData, &branch)?;
    let rows = |lookup: &Lookup| lookup.keys.len();
    let calls = |_: &Engine, _: &Lookup| false;
    app.read_rows(body, decode, rows, calls, move |engine, lookup| {
        let Lookup {
            keys,
            fields,
            timestamps,
        } = lookup;
        let read = || engine.lookup(&branch, &dataset, keys, &fields, timestamps);
        let found = caller.read_dataset(engine, &branch, &dataset, read)?;
        let Found { found, columns } = &found;
        Ok(Answer::json(&Looked {
            found,
            data: columns,
        }))
    })
    .await
}

fn decode(body: &mut Payload) -> Result<Lookup, Failure> {
    let Request {
        keys: Unique(keys),
        fields,
        timestamps,
    } = body.json()?;
    let timestamps = timestamps.map(|all| all.into_iter().map(Value::from).collect());
    Ok(Lookup {
        keys: data::rows("keys", keys, body.held())?,
        fields,
        timestamps,
    })
}
