//! Where we evaluate otherwise than the reference, and why.

use std::fmt;

use fennel_core::value::Value;
use serde_json::{Value as Json, json};

use super::Case;

/// What evaluating a vector came to.
#[derive(Debug)]
pub enum Outcome {
    /// What the reference has.
    Equal,
    /// Other values, or values where it has none.
    Values(Vec<Value>),
    /// A row failed.
    Failed(String),
    /// The expression is refused before it runs.
    Refused(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Equal => f.write_str("equal"),
            Outcome::Values(values) => write!(f, "values {values:?}"),
            Outcome::Failed(why) => write!(f, "failed: {why}"),
            Outcome::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// A difference that is meant, with how many vectors show it.
pub struct Known {
    /// What is ours.
    pub what: &'static str,
    /// How many of the public vectors show it.
    pub count: usize,
    /// Whether an outcome is that.
    pub is: fn(&Case, &Outcome) -> bool,
}

/// What the vectors call an accident of the reference, and what is right.
pub struct Quirk {
    /// How the vectors' remark begins.
    pub quirk: &'static str,
    /// What is right.
    pub what: &'static str,
    /// How many of the public vectors show it.
    pub count: usize,
    /// Whether an outcome is that.
    pub ours: fn(&Case, &Outcome) -> bool,
}

/// Where we differ on purpose.
pub const DEVIATIONS: &[Known] = &[
    Known {
        what: "what can only fail is refused where it is written",
        count: 30,
        is: |case, outcome| {
            let constant = [
                "has no day",
                "no negative powers",
                "`repeat` makes lists of single values",
                "this is a text, and the type is `i64`",
                "clocks in America/New_York",
            ];
            let refused = constant.iter().any(|why| refused(outcome, why));
            refused && (failed(case) || case.group == "literal")
        },
    },
    Known {
        what: "`len` is one name: what it counts follows from the operand's type",
        count: 1,
        is: |case, outcome| case.group == "list.bad" && is(outcome, &json!([2])),
    },
    Known {
        what: "a column restricted by a pattern is a text",
        count: 1,
        is: |case, outcome| case.group == "synthetic.eqlit" && is(outcome, &json!([true])),
    },
    Known {
        what: "a constant decimal is rounded, not cut",
        count: 1,
        is: |case, outcome| {
            case.group == "decimal.lit" && is(outcome, &json!(["3.1416", "3.1416"]))
        },
    },
    Known {
        what: "null in, null out: a null map has no length",
        count: 3,
        is: |case, outcome| case.group == "dict.len" && is(outcome, &json!([0, 1, 2, null])),
    },
    Known {
        what: "`map` makes one element of each, of a constant too",
        count: 1,
        is: |case, outcome| case.group == "list.map_const" && is(outcome, &repeated(case)),
    },
    Known {
        what: "an embedding can be a constant",
        count: 1,
        is: |case, outcome| case.group == "literal" && is(outcome, &json!([[1.0, 2.0]])),
    },
    Known {
        what: "null is not a record of nulls",
        count: 4,
        is: |case, outcome| {
            let nulls = case.output.iter().flatten().filter(|json| is_hollow(json));
            let ours = match outcome {
                Outcome::Failed(why) => case.n == 1 && why.contains("found null"),
                Outcome::Values(values) => values.contains(&Value::Null),
                _ => false,
            };
            nulls.count() == 1 && case.group.starts_with("str.parse") && ours
        },
    },
];

/// What is right where the reference has an accident.
pub const QUIRKS: &[Quirk] = &[
    Quirk {
        quirk: "reference-bug: an int/int division below unary minus",
        what: "`/` is always of floats",
        count: 1,
        ours: |_, outcome| is(outcome, &json!([-3.5, 3.5, -2.0])),
    },
    Quirk {
        quirk: "reference-quirk: all branches are evaluated",
        what: "a branch is evaluated for the rows that take it alone",
        count: 2,
        ours: |case, outcome| match case.n {
            1 => is(outcome, &json!([-1])),
            _ => is(outcome, &json!([5, -1])),
        },
    },
    Quirk {
        quirk: "reference-limitation: a timestamp literal whose zone is not UTC",
        what: "a constant instant may be of any zone, but a day that there is",
        count: 31,
        ours: |case, outcome| refused(outcome, "has no day") || is(outcome, &hours(case)),
    },
    Quirk {
        quirk: "reference-panic",
        what: "where the reference aborts is a value",
        count: 13,
        ours: |_, outcome| matches!(outcome, Outcome::Values(_)),
    },
    Quirk {
        quirk: "reference-limitation: decimal support",
        what: "decimals fill nulls and are found in lists",
        count: 4,
        ours: |case, outcome| {
            let filled = match case.schema.get("a").map_or("", String::as_str) {
                "optional[decimal[1]]" => "7.2",
                _ => "7.2500",
            };
            match case.group.as_str() {
                "decimal.list_contains" => is(outcome, &json!([false])),
                _ => is(outcome, &json!([filled])),
            }
        },
    },
    Quirk {
        quirk: "reference-limitation: the library cannot run this",
        what: "closures read columns and constants, and a key may be a column",
        count: 103,
        ours: |case, outcome| match case.group.as_str() {
            "list.map_const" => is(outcome, &repeated(case)),
            "list.map_outer" => is(outcome, &added(case)),
            "dict.get_col" => is(outcome, &looked_up(case)),
            _ => false,
        },
    },
    Quirk {
        quirk: "reference-quirk: a null map yields the default",
        what: "a null map has no value under any key, nor a default",
        count: 11,
        ours: |case, outcome| match outcome {
            Outcome::Values(values) => {
                let maps = case.column("a").iter().zip(values);
                let mut null = maps.filter(|(map, _)| map.is_null());
                null.all(|(_, value)| *value == Value::Null)
            }
            other => refused(other, "and the default is"),
        },
    },
    Quirk {
        quirk: "reference-quirk: multiplication wraps around",
        what: "an instant beyond year 9999 fails",
        count: 1,
        ours: |_, outcome| matches!(outcome, Outcome::Failed(why) if why.contains("9999")),
    },
    Quirk {
        quirk: "reference-quirk: integers go through 64-bit floats",
        what: "whole numbers are exact",
        count: 3,
        ours: |_, outcome| is(outcome, &json!([i64::MAX])),
    },
    Quirk {
        quirk: "reference-quirk: null int gives false",
        what: "null in, null out, of whole numbers too",
        count: 7,
        ours: |case, outcome| {
            let ours = case.column("a").iter().map(|number| match number {
                Json::Null => Json::Null,
                _ => json!(false),
            });
            is(outcome, &ours.collect())
        },
    },
    Quirk {
        quirk: "reference-quirk: lax JSON coercion",
        what: "JSON of another type is null",
        count: 14,
        ours: |_, outcome| match outcome {
            Outcome::Failed(why) => why.contains("found null"),
            Outcome::Equal => true,
            other => is(other, &json!([null])),
        },
    },
    Quirk {
        quirk: "reference-bug: a null struct loses its nullness",
        what: "a field of a null record is null",
        count: 1,
        ours: |_, outcome| is(outcome, &json!([1, null])),
    },
    Quirk {
        quirk: "reference-limitation: oneof/regex typed output",
        what: "restricted types come out as they went in",
        count: 2,
        ours: |case, outcome| is(outcome, &json!(case.column("a"))),
    },
    Quirk {
        quirk: "reference-bug: common length zero",
        what: "`zip` of an empty list is empty; lists that may be null are refused",
        count: 5,
        ours: |_, outcome| {
            let refused = refused(outcome, "`zip` needs lists");
            refused || matches!(outcome, Outcome::Equal) || is(outcome, &json!([[], []]))
        },
    },
];

fn failed(case: &Case) -> bool {
    matches!(case.error.as_deref(), Some("eval" | "null_result"))
}

fn refused(outcome: &Outcome, why: &str) -> bool {
    matches!(outcome, Outcome::Refused(found) if found.contains(why))
}

/// Whether the values are these.
fn is(outcome: &Outcome, expected: &Json) -> bool {
    let Outcome::Values(found) = outcome else {
        return false;
    };
    let found: Json = found.iter().map(Value::to_json).collect();
    found == *expected
}

/// Whether it is an object of nulls alone.
fn is_hollow(json: &Json) -> bool {
    let fields = json.as_object();
    fields.is_some_and(|fields| fields.values().all(Json::is_null))
}

/// The constant of a closure for each element of each list.
fn repeated(case: &Case) -> Json {
    let constant = case.expr["expr"]["json"].as_str();
    let constant = constant.and_then(|json| serde_json::from_str(json).ok());
    let constant: Json = constant.unwrap_or_default();
    let lists = case.column("a").iter().map(|list| match list {
        Json::Array(elements) => elements.iter().map(|_| constant.clone()).collect(),
        other => other.clone(),
    });
    lists.collect()
}

/// Each element of `a` and `b` added.
fn added(case: &Case) -> Json {
    let rows = case.column("a").iter().zip(case.column("b"));
    let sum = |a: &Json, b: &Json| match (a.as_i64(), b.as_i64(), a.as_f64(), b.as_f64()) {
        (Some(a), Some(b), ..) => json!(a + b),
        (_, _, Some(a), Some(b)) => json!(a + b),
        // NaN and the infinities have names.
        (_, _, None, Some(_)) if a.is_string() => a.clone(),
        _ => Json::Null,
    };
    let lists = rows.map(|(list, b)| match list {
        Json::Array(elements) => elements.iter().map(|a| sum(a, b)).collect(),
        other => other.clone(),
    });
    lists.collect()
}

/// What stands in the maps of `a` under the keys of `b`.
fn looked_up(case: &Case) -> Json {
    let rows = case.column("a").iter().zip(case.column("b"));
    let values = rows.map(|(map, key)| {
        let key = key.as_str().unwrap_or("no such key");
        map.get(key).cloned().unwrap_or_default()
    });
    values.collect()
}

/// The whole hours from the constant instant to those of `a`.
fn hours(case: &Case) -> Json {
    let Some(instant) = constant_instant(&case.expr["other"]) else {
        return Json::Null;
    };
    let hours = case.column("a").iter().map(|micros| match micros.as_i64() {
        Some(micros) => json!((micros - instant) / 3_600_000_000),
        None => Json::Null,
    });
    hours.collect()
}

/// The microseconds since 1970 of a constant with its parts and its zone.
fn constant_instant(constant: &Json) -> Option<i64> {
    let part = |name: &str| u32::try_from(constant[name].as_u64()?).ok();
    let year = i32::try_from(part("year")?).ok()?;
    let date = chrono::NaiveDate::from_ymd_opt(year, part("month")?, part("day")?)?;
    let local = date.and_hms_micro_opt(
        part("hour")?,
        part("minute")?,
        part("second")?,
        part("microsecond")?,
    )?;
    let zone: chrono_tz::Tz = constant["timezone"]
        .as_str()
        .unwrap_or("UTC")
        .parse()
        .ok()?;
    let instant = local.and_local_timezone(zone).single()?;
    Some(instant.timestamp_micros())
}
