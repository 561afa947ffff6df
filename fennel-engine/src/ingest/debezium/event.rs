//! What an event says, and how Debezium writes values in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use crate::ingest::Incoming;

/// What an envelope says.
#[derive(Debug, PartialEq)]
pub(super) enum Event<'r> {
    Created {
        after: &'r Incoming,
    },
    Updated {
        before: Option<&'r Incoming>,
        after: &'r Incoming,
    },
    Deleted {
        before: &'r Incoming,
        at: Timestamp,
    },
}

impl<'r> Event<'r> {
    /// Opens an envelope; nothing is in a tombstone.
    ///
    /// # Errors
    ///
    /// What is wrong with the envelope.
    pub(super) fn open(row: &'r Incoming) -> Result<Option<Self>, String> {
        let envelope = match (row.get("op"), row.get("payload")) {
            (None, Some(Value::Null)) => return Ok(None),
            (None, Some(other)) if !matches!(other, Value::Map(_)) => {
                return Err(format!("`payload` is {other}; expected an object"));
            }
            _ => envelope(row),
        };
        let image = |name: &str| match envelope.get(name) {
            Some(Value::Map(image)) => Ok(Some(image)),
            None | Some(Value::Null) => Ok(None),
            Some(other) => Err(format!("`{name}` is {other}; expected an object")),
        };
        let needed = |name: &str, op: &str| {
            image(name)?.ok_or_else(|| format!("`{name}` is missing, which `op` \"{op}\" needs"))
        };
        let op = match envelope.get("op") {
            Some(Value::String(op)) => op.as_str(),
            Some(other) => return Err(unknown(other)),
            None => {
                return Err(
                    "it is no event of Debezium, which has `op`, `before` and `after`, by itself or in `payload`: `op` is missing"
                        .into(),
                );
            }
        };
        let event = match op {
            "c" | "r" => Event::Created {
                after: needed("after", op)?,
            },
            "u" => Event::Updated {
                before: image("before")?,
                after: needed("after", op)?,
            },
            "d" => Event::Deleted {
                before: needed("before", op)?,
                at: changed_at(envelope)?,
            },
            other => return Err(unknown(&Value::String(other.into()))),
        };
        Ok(Some(event))
    }
}

/// The envelope in a row: the row itself, or its `payload`.
fn envelope(row: &Incoming) -> &Incoming {
    match (row.get("op"), row.get("payload")) {
        (None, Some(Value::Map(payload))) => payload,
        _ => row,
    }
}

/// The rows before and after the change, as far as there are any, whether or not the event can be read.
pub(in crate::ingest) fn images(row: &Incoming) -> impl Iterator<Item = &Incoming> {
    let envelope = envelope(row);
    let images = ["before", "after"].into_iter();
    images.filter_map(|name| match envelope.get(name) {
        Some(Value::Map(image)) => Some(image),
        _ => None,
    })
}

fn unknown(op: &Value) -> String {
    format!("`op` is {op}; expected \"c\", \"r\", \"u\" or \"d\"")
}

/// When the database changed, as far as the envelope knows.
fn changed_at(envelope: &Incoming) -> Result<Timestamp, String> {
    let of_source = match envelope.get("source") {
        Some(Value::Map(source)) => source.get("ts_ms"),
        _ => None,
    };
    let (name, millis) = match (of_source, envelope.get("ts_ms")) {
        (None | Some(Value::Null), None | Some(Value::Null)) => {
            return Err("neither `source.ts_ms` nor `ts_ms` says when the row was deleted".into());
        }
        (None | Some(Value::Null), Some(millis)) => ("ts_ms", millis),
        (Some(millis), _) => ("source.ts_ms", millis),
    };
    let at = match millis {
        Value::Int(millis) => millis.checked_mul(1_000).and_then(Timestamp::from_micros),
        _ => None,
    };
    at.ok_or_else(|| format!("`{name}` is {millis}; expected milliseconds since 1970"))
}

/// A value as Debezium's JSON has it, as JSON of ours.
///
/// # Errors
///
/// Why it can't be read.
pub(in crate::ingest) fn decoded(shape: &Shape, value: &Value) -> Result<Value, String> {
    match (shape, value) {
        (Shape::Optional(inner), value) => decoded(inner, value),
        (Shape::Bytes, Value::String(text)) => {
            let bytes = STANDARD.decode(text);
            bytes
                .map(Value::Bytes)
                .map_err(|error| format!("expected bytes as base64, found {value}: {error}"))
        }
        (
            Shape::List(_) | Shape::Map(_) | Shape::Record(..) | Shape::Embedding(_),
            Value::String(text),
        ) => {
            let json = serde_json::from_str::<serde_json::Value>(text);
            json.map(Value::from).map_err(|error| {
                format!(
                    "expected {} as JSON, found {value}: {error}",
                    shape.in_words()
                )
            })
        }
        (_, value) => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use fennel_core::ty::Type;
    use serde_json::{Value as Json, json};

    use super::*;

    fn incoming(json: Json) -> Incoming {
        match Value::from(json) {
            Value::Map(row) => row,
            other => panic!("{other} is no row"),
        }
    }

    fn refusal(envelope: Json) -> String {
        Event::open(&incoming(envelope)).unwrap_err()
    }

    #[test]
    fn an_envelope_is_opened_by_itself_and_as_a_payload() {
        let (before, after) = (incoming(json!({"id": 1})), incoming(json!({"id": 2})));
        let envelope = json!({"op": "u", "before": {"id": 1}, "after": {"id": 2}, "ts_ms": 5});
        let event = Event::Updated {
            before: Some(&before),
            after: &after,
        };
        assert_eq!(Event::open(&incoming(envelope.clone())), Ok(Some(event)));
        let wrapped = incoming(json!({"schema": {}, "payload": envelope}));
        let event = Event::Updated {
            before: Some(&before),
            after: &after,
        };
        assert_eq!(Event::open(&wrapped), Ok(Some(event)));
        for op in ["c", "r"] {
            let row = incoming(json!({"op": op, "before": null, "after": {"id": 2}}));
            assert_eq!(
                Event::open(&row),
                Ok(Some(Event::Created { after: &after }))
            );
        }
        let bare = incoming(json!({"op": "u", "after": {"id": 2}}));
        let event = Event::Updated {
            before: None,
            after: &after,
        };
        assert_eq!(Event::open(&bare), Ok(Some(event)));
    }

    #[test]
    fn a_tombstone_says_nothing() {
        assert_eq!(Event::open(&incoming(json!({"payload": null}))), Ok(None));
    }

    #[test]
    fn a_row_is_gone_when_the_database_says_so() {
        let at = |more: Json| {
            let mut envelope = json!({"op": "d", "before": {"id": 1}});
            let entries = more.as_object().unwrap().clone();
            envelope.as_object_mut().unwrap().extend(entries);
            let row = incoming(envelope);
            match Event::open(&row) {
                Ok(Some(Event::Deleted { at, .. })) => Ok(at.micros()),
                Ok(other) => panic!("{other:?}"),
                Err(reason) => Err(reason),
            }
        };
        assert_eq!(at(json!({"ts_ms": 9, "source": {"ts_ms": 5}})), Ok(5_000));
        assert_eq!(
            at(json!({"ts_ms": 9, "source": {"ts_ms": null}})),
            Ok(9_000)
        );
        assert_eq!(at(json!({"ts_ms": 9, "source": {}})), Ok(9_000));
        assert_eq!(at(json!({"ts_ms": 9, "source": null})), Ok(9_000));
        let neither = "neither `source.ts_ms` nor `ts_ms` says when the row was deleted";
        assert_eq!(at(json!({})), Err(neither.into()));
        assert_eq!(
            at(json!({"ts_ms": "soon"})),
            Err("`ts_ms` is \"soon\"; expected milliseconds since 1970".into())
        );
        assert_eq!(
            at(json!({"ts_ms": 9, "source": {"ts_ms": i64::MAX}})),
            Err("`source.ts_ms` is 9223372036854775807; expected milliseconds since 1970".into())
        );
    }

    #[test]
    fn what_is_wrong_with_an_envelope_is_named() {
        for (envelope, reason) in [
            (
                json!({"id": 1}),
                "it is no event of Debezium, which has `op`, `before` and `after`, by itself or in `payload`: `op` is missing",
            ),
            (
                json!({"payload": {"after": {}}}),
                "it is no event of Debezium, which has `op`, `before` and `after`, by itself or in `payload`: `op` is missing",
            ),
            (json!({"payload": 5}), "`payload` is 5; expected an object"),
            (
                json!({"op": "t"}),
                "`op` is \"t\"; expected \"c\", \"r\", \"u\" or \"d\"",
            ),
            (
                json!({"op": null}),
                "`op` is null; expected \"c\", \"r\", \"u\" or \"d\"",
            ),
            (
                json!({"op": "c", "after": null}),
                "`after` is missing, which `op` \"c\" needs",
            ),
            (
                json!({"op": "u", "before": {}}),
                "`after` is missing, which `op` \"u\" needs",
            ),
            (
                json!({"op": "u", "before": 1, "after": {}}),
                "`before` is 1; expected an object",
            ),
            (
                json!({"op": "d", "ts_ms": 1}),
                "`before` is missing, which `op` \"d\" needs",
            ),
            (
                json!({"op": "c", "after": "{}"}),
                "`after` is \"{}\"; expected an object",
            ),
        ] {
            assert_eq!(refusal(envelope), reason);
        }
    }

    #[test]
    fn bytes_are_base64_and_nested_columns_texts_of_json() {
        let decoded = |ty: Type<'_>, json: Json| {
            let shape = Shape::new(&ty).unwrap();
            decoded(&shape, &Value::from(json))
        };
        let bytes = Type::Optional(&Type::Bytes);
        assert_eq!(
            decoded(bytes, json!("AP8=")),
            Ok(Value::Bytes(vec![0, 255]))
        );
        assert_eq!(decoded(bytes, json!(null)), Ok(Value::Null));
        let reason = decoded(bytes, json!("a b")).unwrap_err();
        assert!(
            reason.starts_with("expected bytes as base64, found \"a b\": "),
            "{reason}"
        );
        let list = Type::List(&Type::Int);
        let ints = Value::List(vec![Value::Int(1)]);
        assert_eq!(decoded(list, json!("[1]")), Ok(ints.clone()));
        assert_eq!(decoded(list, json!([1])), Ok(ints));
        let reason = decoded(list, json!("[1")).unwrap_err();
        assert!(
            reason.starts_with("expected a list as JSON, found \"[1\": "),
            "{reason}"
        );
        assert_eq!(
            decoded(Type::String, json!("[1]")),
            Ok(Value::String("[1]".into()))
        );
    }
}
