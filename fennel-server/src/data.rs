//! The `data` of a request: columns, rows, or a text that holds the JSON of either.

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Unique, Value};
use fennel_engine::Incoming;
use serde_json::{Map, Value as Json};

use crate::error::Failure;
use crate::memory::Held;
use crate::openapi::Schema;

/// Values by column, all of one length.
pub(crate) type Columns = BTreeMap<String, Vec<Value>>;

/// What a row takes, about: its columns, its place in the log and what becomes of it.
const ROW_BYTES: usize = 1 << 10;

/// What is said of `data`.
pub(crate) fn schema() -> Schema {
    Schema::either([
        Schema::map(Schema::list(Schema::any())).about("Columns, all of one length."),
        Schema::list(Schema::map(Schema::any())).about("Rows."),
        Schema::text().about("The JSON of either."),
    ])
}

/// What is said of `timestamps`.
pub(crate) fn instants_schema() -> Schema {
    let instant = Schema::either([Schema::number(), Schema::text()]);
    let about =
        "As of when, an instant for each row: a number since 1970, or a text; now without it.";
    Schema::list(instant).or_null().about(about)
}

/// `data` as rows. `field` is what the request calls it.
pub(crate) fn rows(field: &str, data: Json, held: &mut Held) -> Result<Vec<Incoming>, Failure> {
    let data = unwrap_text(field, data)?;
    held.grow(count(&data).saturating_mul(ROW_BYTES))?;
    match data {
        Json::Array(rows) => rows_of_list(field, rows),
        Json::Object(columns) => {
            let columns = equal_columns(field, columns)?;
            let mut rows = vec![Incoming::new(); length(&columns)];
            for (name, values) in columns {
                for (row, value) in rows.iter_mut().zip(values) {
                    row.insert(name.clone(), value);
                }
            }
            Ok(rows)
        }
        other => Err(neither(field, &other)),
    }
}

/// `data` as columns; where a row lacks one that another row has, it is null.
pub(crate) fn columns(field: &str, data: Json, held: &mut Held) -> Result<Columns, Failure> {
    match unwrap_text(field, data)? {
        Json::Object(columns) => equal_columns(field, columns),
        Json::Array(rows) => {
            held.grow(rows.len().saturating_mul(ROW_BYTES))?;
            let rows = rows_of_list(field, rows)?;
            let names: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
            let mut columns = Columns::new();
            for mut row in rows {
                for name in &names {
                    let value = row.remove(name).unwrap_or(Value::Null);
                    columns.entry(name.clone()).or_default().push(value);
                }
            }
            Ok(columns)
        }
        other => Err(neither(field, &other)),
    }
}

/// `timestamps` as instants, each in any form that a datetime column takes.
pub(crate) fn instants(timestamps: Vec<Json>) -> Result<Vec<Timestamp>, Failure> {
    let instants = timestamps.into_iter().enumerate().map(|(i, json)| {
        match Shape::Timestamp.accept(Value::from(json)) {
            Ok(Value::Timestamp(timestamp)) => Ok(timestamp),
            Ok(other) => unreachable!("a timestamp's shape accepts timestamps, not {other}"),
            Err(mismatch) => Err(Failure::bad_request(format!(
                "`timestamps[{i}]`: {mismatch}"
            ))),
        }
    });
    instants.collect()
}

/// How many rows there are, if they are well-formed.
fn count(data: &Json) -> usize {
    match data {
        Json::Array(rows) => rows.len(),
        Json::Object(columns) => columns
            .values()
            .next()
            .and_then(Json::as_array)
            .map_or(0, Vec::len),
        _ => 0,
    }
}

fn length(columns: &Columns) -> usize {
    columns.values().next().map_or(0, Vec::len)
}

fn unwrap_text(field: &str, data: Json) -> Result<Json, Failure> {
    let Json::String(text) = data else {
        return Ok(data);
    };
    let read = serde_json::from_str(&text).map(|Unique(value)| value);
    read.map_err(|error| {
        Failure::bad_request(format!("`{field}` is text that is not JSON: {error}"))
    })
}

fn rows_of_list(field: &str, rows: Vec<Json>) -> Result<Vec<Incoming>, Failure> {
    let rows = rows.into_iter().enumerate().map(|(i, row)| match row {
        Json::Object(row) => Ok(row
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect()),
        other => Err(Failure::bad_request(format!(
            "row {i} of `{field}` is {}; write it as an object",
            kind(&other)
        ))),
    });
    rows.collect()
}

fn equal_columns(field: &str, columns: Map<String, Json>) -> Result<Columns, Failure> {
    let mut equal = Columns::new();
    let mut first: Option<(String, usize)> = None;
    for (name, values) in columns {
        let Json::Array(values) = values else {
            return Err(Failure::bad_request(format!(
                "column `{name}` of `{field}` is {}; write it as a list with a value per row",
                kind(&values)
            )));
        };
        match &first {
            None => first = Some((name.clone(), values.len())),
            Some((other, length)) if *length != values.len() => {
                return Err(Failure::bad_request(format!(
                    "column `{name}` of `{field}` has {} values and `{other}` has {length}; give each as many",
                    values.len()
                )));
            }
            Some(_) => {}
        }
        equal.insert(name, values.into_iter().map(Value::from).collect());
    }
    Ok(equal)
}

fn neither(field: &str, data: &Json) -> Failure {
    Failure::bad_request(format!(
        "`{field}` is {}; write an object of columns or a list of rows, or either as JSON text",
        kind(data)
    ))
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::memory::Memory;

    fn rows(field: &str, data: Json) -> Result<Vec<Incoming>, Failure> {
        super::rows(field, data, &mut Memory::new(0).hold())
    }

    fn columns(field: &str, data: Json) -> Result<Columns, Failure> {
        super::columns(field, data, &mut Memory::new(0).hold())
    }

    #[test]
    fn columns_rows_and_text_mean_the_same() {
        let by_column = json!({"a": [1, 2], "b": ["x", null]});
        let by_row = json!([{"a": 1, "b": "x"}, {"a": 2, "b": null}]);
        let expected = rows("data", by_column.clone()).unwrap();
        assert_eq!(expected.len(), 2);
        assert_eq!(expected[1]["a"], Value::Int(2));
        let texts = [json!(by_column.to_string()), json!(by_row.to_string())];
        for data in [by_column, by_row].into_iter().chain(texts) {
            assert_eq!(rows("data", data.clone()).unwrap(), expected, "{data}");
            assert_eq!(
                columns("data", data).unwrap()["a"],
                [Value::Int(1), Value::Int(2)]
            );
        }
    }

    #[test]
    fn numbers_stay_exact() {
        let text = json!(r#"{"n": [9223372036854775807, -9223372036854775808, 0.1, 1e22]}"#);
        let expected = [
            Value::Int(i64::MAX),
            Value::Int(i64::MIN),
            Value::Float(0.1),
            Value::Float(1e22),
        ];
        assert_eq!(columns("data", text).unwrap()["n"], expected);
    }

    #[test]
    fn a_column_that_a_row_lacks_is_null_there() {
        let found = columns("data", json!([{"a": 1}, {"b": 2}])).unwrap();
        assert_eq!(found["a"], [Value::Int(1), Value::Null]);
        assert_eq!(found["b"], [Value::Null, Value::Int(2)]);
    }

    #[test]
    fn what_is_neither_is_refused_with_its_place() {
        for (data, expected) in [
            (json!(1), "`data` is a number"),
            (json!(null), "`data` is null"),
            (json!([1]), "row 0 of `data` is a number"),
            (json!([{}, []]), "row 1 of `data` is a list"),
            (json!({"a": 1}), "column `a` of `data` is a number"),
            (
                json!({"a": [1], "b": []}),
                "column `b` of `data` has 0 values and `a` has 1",
            ),
            (json!("{"), "text that is not JSON"),
            (json!(r#"[{"a": 1, "a": 2}]"#), "an object has `a` twice"),
            (json!("\"{}\""), "`data` is a text"),
        ] {
            for failure in [
                rows("data", data.clone()).map(drop).unwrap_err(),
                columns("data", data.clone()).map(drop).unwrap_err(),
            ] {
                let failure = format!("{failure:?}");
                assert!(failure.contains(expected), "{failure}");
            }
        }
    }

    #[test]
    fn an_instant_that_is_none_is_named() {
        let failure = instants(vec![json!("2024-01-02"), json!("soon")]).unwrap_err();
        assert!(
            format!("{failure:?}").contains("`timestamps[1]`: expected"),
            "{failure:?}"
        );
    }
}
