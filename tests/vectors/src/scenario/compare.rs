//! When an answer is the expected one.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// How far two floats may be apart, as a part of their size.
const TOLERANCE: f64 = 1e-6;

/// Equal, but for floats that were added up in another order.
pub(crate) fn equal(found: &Json, expected: &Json) -> Result<(), String> {
    if is_equal(found, expected) {
        return Ok(());
    }
    Err(format!("expected {expected}\n  found {found}"))
}

fn is_equal(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(a), Json::Number(b)) if a.is_f64() || b.is_f64() => {
            match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => a == b || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()),
                _ => false,
            }
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let same = |(name, a)| b.get(name).is_some_and(|b| is_equal(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        _ => found == expected,
    }
}

/// Equal rows where something is found. Where nothing is, all but the key is null, or a default as the reference has it.
pub(crate) fn lookup(
    found: &Json,
    expected: &Json,
    keys: &[BTreeMap<String, Json>],
) -> Result<(), String> {
    equal(&found["found"], &expected["found"])?;
    let (rows, expected_rows) = (array(&found["rows"]), array(&expected["rows"]));
    if rows.len() != expected_rows.len() {
        return equal(&found["rows"], &expected["rows"]);
    }
    for (i, (row, expected_row)) in rows.iter().zip(expected_rows).enumerate() {
        if expected["found"][i] == true {
            equal(row, expected_row)?;
            continue;
        }
        for (name, value) in row.as_object().into_iter().flatten() {
            let is_default = is_equal(value, &expected_row[name]);
            let is_key = keys.get(i).is_some_and(|key| key.contains_key(name));
            if !is_key && !value.is_null() && !is_default {
                return Err(format!(
                    "row {i}: nothing is found, but `{name}` is {value}"
                ));
            }
        }
    }
    Ok(())
}

/// Equal rows in any order.
pub(crate) fn bag(found: &Json, expected: &Json) -> Result<(), String> {
    let mut missing: Vec<&Json> = array(expected).iter().collect();
    for row in array(found) {
        let Some(i) = missing.iter().position(|expected| is_equal(row, expected)) else {
            return Err(format!("{row} is not expected"));
        };
        missing.swap_remove(i);
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("missing: {missing:?}"))
    }
}

fn array(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}
