//! What is asked of a worker, and what it answers.

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use fennel_engine::python::{Dataset, Function, Kind, LookedUp, Lookup};
use serde_json::{Value as Json, json};

use crate::{ty, value};

/// What a worker sends.
pub(crate) enum Answer {
    /// What was made: columns.
    Made(Vec<Json>),
    /// What a function did instead, to be read behind its name.
    Raised(String),
    /// How the worker ends.
    Stopped(String),
    /// What a function looks up.
    Lookup(Json),
}

impl Answer {
    /// Reads a message; `None` if it is none of these.
    pub(crate) fn of(message: Json) -> Option<Self> {
        let Json::Object(fields) = message else {
            return None;
        };
        let (kind, content) = fields.into_iter().next()?;
        Some(match (kind.as_str(), content) {
            ("made", Json::Array(columns)) => Answer::Made(columns),
            ("raised", Json::String(what)) => Answer::Raised(what),
            ("stopped", Json::String(how)) => Answer::Stopped(how),
            ("lookup", lookup) => Answer::Lookup(lookup),
            _ => return None,
        })
    }
}

/// Asks whether code has what is to be called.
pub(crate) fn check(code: &str, entry_point: &str, runs: bool) -> Json {
    json!({"code": code, "entry_point": entry_point, "runs": runs})
}

/// Calls a function, which comes along where the worker doesn't have it yet.
pub(crate) fn call(function: &Function, columns: &[Vec<Value>], rows: usize, is_new: bool) -> Json {
    let columns = columns
        .iter()
        .map(|column| column.iter().map(value::encode).collect::<Json>());
    let mut message = json!({
        "id": function.id,
        "rows": rows,
        "columns": columns.collect::<Json>(),
    });
    if is_new && let Some(fields) = message.as_object_mut() {
        fields.insert("load".into(), load(function));
    }
    message
}

fn load(function: &Function) -> Json {
    let datasets = function.datasets.iter();
    let datasets =
        datasets.map(|Dataset { name, keys, .. }| json!({"name": name, "keys": ty::columns(keys)}));
    json!({
        "code": function.code,
        "entry_point": function.entry_point,
        "kind": match function.kind {
            Kind::Extract => "extract",
            Kind::Filter => "filter",
            Kind::Assign => "assign",
            Kind::Transform => "transform",
        },
        "takes": ty::columns(&function.takes),
        "makes": ty::columns(&function.makes),
        "datasets": datasets.collect::<Json>(),
    })
}

/// The columns that a function made of so many rows.
///
/// # Errors
///
/// They aren't; to be read behind the function's name.
pub(crate) fn made(
    function: &Function,
    columns: Vec<Json>,
    rows: usize,
) -> Result<Vec<Vec<Value>>, String> {
    if columns.len() != function.makes.len() {
        return Err("answered with other columns than it makes".into());
    }
    let columns = columns.into_iter().zip(&function.makes);
    let columns = columns.map(|(column, (name, shape))| {
        let values = values(shape, column).map_err(|what| format!("made `{name}`: {what}"))?;
        if values.len() != rows {
            return Err(format!("made {} values of {rows} rows", values.len()));
        }
        Ok(values)
    });
    columns.collect()
}

fn values(shape: &Shape, column: Json) -> Result<Vec<Value>, String> {
    let Json::Array(values) = column else {
        return Err("it is no column".into());
    };
    let values = values.into_iter().map(|json| value::decode(shape, json));
    values.collect()
}

/// The lookup that a function asks for.
///
/// # Errors
///
/// Why it can't be one.
pub(crate) fn lookup(function: &Function, asked: &Json) -> Result<Lookup, String> {
    let text = |json: &Json| json.as_str().map(str::to_owned).ok_or("a name is no text");
    let part = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let dataset = text(&part("dataset"))?;
    let known = function.datasets.iter().find(|known| known.name == dataset);
    let known = known.ok_or_else(|| format!("it may not look up in `{dataset}`"))?;
    let (Json::Array(fields), Json::Array(keys)) = (part("fields"), part("keys")) else {
        return Err("a lookup has fields and keys".into());
    };
    let instants = values(&Shape::Timestamp, part("instants"))?;
    let instants = instants.into_iter().filter_map(|instant| match instant {
        Value::Timestamp(instant) => Some(instant),
        _ => None,
    });
    let instants: Vec<Timestamp> = instants.collect();
    let typed = keys.into_iter().zip(&known.keys);
    let typed = typed.map(|(key, (_, shape))| values(shape, key));
    let keys = typed.collect::<Result<Vec<_>, _>>()?;
    let is_whole = keys.iter().all(|key| key.len() == instants.len());
    if keys.len() != known.keys.len() || !is_whole {
        return Err("a lookup has a key and an instant for each row".into());
    }
    Ok(Lookup {
        dataset,
        fields: fields.iter().map(text).collect::<Result<_, _>>()?,
        keys,
        instants,
    })
}

/// Answers a lookup.
pub(crate) fn looked_up(answer: Result<LookedUp, String>) -> Json {
    let found = match answer {
        Ok(found) => found,
        Err(why) => return json!({"refused": why}),
    };
    let columns = found.columns.iter().map(|(name, shape, values)| {
        let values: Json = values.iter().map(value::encode).collect();
        json!([name, ty::encode(shape), values])
    });
    json!({"found": found.found, "columns": columns.collect::<Json>()})
}
