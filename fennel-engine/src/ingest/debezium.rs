//! Changes of a database's table, as Debezium sends them.
//!
//! A row is an event: the envelope `{"op", "before", "after", "ts_ms", "source"}`, as it is or as `payload` beside its
//! schema. Columns, filter and sample are those of an *image*, the row `before` or `after` the change.
//!
//! | `op` | says |
//! |---|---|
//! | `c`, `r` | `after` is there |
//! | `u` | `after` is there, and what was there under another key `before` is gone |
//! | `d` | what was there `before` is gone |
//! | (`payload` is null) | nothing: a tombstone, which follows a delete |
//!
//! What comes or changes does so at the event time of `after`. What goes has no event time of its own: it is gone from
//! the instant at which the database says that it changed, `source.ts_ms`, or without that from `ts_ms`; but never
//! before the event time of the row that goes, since there are databases whose clocks tell seconds.
//!
//! To delete, the key in `before` is enough. A delete asks neither filter nor sample, for these see columns that
//! many databases don't send: to delete what was never taken changes nothing. An update of which the filter or the
//! sample doesn't take `after` is a delete. A dataset without keys takes new rows only.
//!
//! Columns come in the encodings that Debezium has in JSON: bytes as base64, and what databases keep as JSON as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use super::Incoming;
use super::source::{Change, Changes, Source};
use crate::Error;
use crate::table::{Said, Table};

/// What an envelope says.
#[derive(Debug, PartialEq)]
enum Event<'r> {
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
    fn open(row: &'r Incoming) -> Result<Option<Self>, String> {
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
pub(super) fn images(row: &Incoming) -> impl Iterator<Item = &Incoming> {
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

/// A key that an image has, and its event time, or why it has none.
struct Place {
    /// A row of the dataset with nothing in it but the key.
    key: Vec<Value>,
    time: Result<Timestamp, String>,
}

impl Place {
    /// Says that the key is gone at `at`, or at its own time if that is later.
    fn gone(mut self, at: Timestamp, table: &Table) -> Change {
        let at = self.time.map_or(at, |time| time.max(at));
        if let Some(time) = self.key.get_mut(table.timestamp) {
            *time = Value::Timestamp(at);
        }
        Change {
            said: Said::Gone,
            values: self.key,
        }
    }

    fn is_of(&self, row: &[Value], table: &Table) -> bool {
        table.keys.iter().all(|i| self.key.get(*i) == row.get(*i))
    }
}

impl Source {
    /// What each event says, or why it doesn't fit.
    pub(super) fn read_events(
        &self,
        table: &Table,
        rows: &[&Incoming],
    ) -> Result<Vec<Result<Changes, String>>, Error> {
        let events = rows.iter().map(|row| {
            let event = Event::open(row)?;
            match event {
                Some(Event::Updated { .. } | Event::Deleted { .. }) if !table.is_keyed() => {
                    Err(format!(
                        "dataset `{}` has no key by which a row could be changed or deleted",
                        table.dataset
                    ))
                }
                event => Ok(event),
            }
        });
        let events: Vec<Result<Option<Event<'_>>, String>> = events.collect();
        let opened = || {
            events
                .iter()
                .filter_map(|event| event.as_ref().ok()?.as_ref())
        };
        let after: Vec<_> = opened()
            .filter_map(|event| match event {
                Event::Created { after } | Event::Updated { after, .. } => Some(*after),
                Event::Deleted { .. } => None,
            })
            .collect();
        let before: Vec<_> = opened()
            .filter_map(|event| match event {
                Event::Created { .. } => None,
                Event::Updated { before, .. } => *before,
                Event::Deleted { before, .. } => Some(*before),
            })
            .collect();
        let mut after = self.read_rows(table, &after)?.into_iter();
        let before = self.places(table, &before)?.into_iter();
        let mut before = before.map(|place| place.map_err(|reason| format!("`before`: {reason}")));
        const READ: &str = "each image of an event was read, in order";
        let mut outage = None;
        let changes = events.into_iter().map(|event| {
            let Some(event) = event? else {
                return Ok([None, None]);
            };
            match event {
                Event::Created { .. } => {
                    let row = after.next().expect(READ)?;
                    let said = Said::Is;
                    Ok([row.map(|values| Change { said, values }), None])
                }
                Event::Updated {
                    before: image,
                    after: to,
                } => {
                    // Both are taken off before either is judged.
                    let row = after.next().expect(READ);
                    let before = image.map(|_| before.next().expect(READ));
                    self.updated(table, row?, to, before.transpose()?, &mut outage)
                }
                Event::Deleted { at, .. } => {
                    let gone = before.next().expect(READ)?.gone(at, table);
                    Ok([
                        Some(gone).filter(|gone| self.admits_change(gone, table)),
                        None,
                    ])
                }
            }
        });
        let changes = changes.collect();
        outage.map_or(Ok(changes), Err)
    }

    /// What an update comes to, of which `row` is taken. `outage` becomes why no function could be called at all.
    fn updated(
        &self,
        table: &Table,
        row: Option<Vec<Value>>,
        after: &Incoming,
        before: Option<Place>,
        outage: &mut Option<Error>,
    ) -> Result<Changes, String> {
        let is = match row {
            Some(values) => Change {
                said: Said::Is,
                values,
            },
            None => {
                let mut places = self.places(table, &[after]).unwrap_or_else(|error| {
                    *outage = Some(error);
                    Vec::new()
                });
                let Some(place) = places.pop().transpose()? else {
                    return Ok([None, None]);
                };
                let at = place.time.clone()?;
                let gone = place.gone(at, table);
                if !self.admits_change(&gone, table) {
                    return Ok([None, None]);
                }
                gone
            }
        };
        let Some(Value::Timestamp(at)) = is.values.get(table.timestamp).cloned() else {
            return Ok([Some(is), None]);
        };
        let moved = before.filter(|before| !before.is_of(&is.values, table));
        let gone = moved.map(|before| before.gone(at, table));
        Ok([Some(is), gone])
    }

    /// Whether a change is between the source's bounds.
    fn admits_change(&self, change: &Change, table: &Table) -> bool {
        match change.values.get(table.timestamp) {
            Some(Value::Timestamp(at)) => self.admits(*at),
            _ => false,
        }
    }

    /// The key of each image, or why it has none.
    fn places(
        &self,
        table: &Table,
        images: &[&Incoming],
    ) -> Result<Vec<Result<Place, String>>, Error> {
        let columns = self.columns(table, images)?;
        let value = |i: usize, row: usize| columns.get(i).and_then(|column| column.get(row));
        let places = (0..images.len()).map(|row| {
            let mut key = vec![Value::Null; table.columns.len()];
            for i in &table.keys {
                if let (Some(slot), Some(found)) = (key.get_mut(*i), value(*i, row)) {
                    *slot = found.clone()?;
                }
            }
            let time = match value(table.timestamp, row) {
                Some(Ok(Value::Timestamp(time))) => Ok(*time),
                Some(Err(reason)) => Err(reason.clone()),
                Some(Ok(_)) | None => Err("it has no event time".into()),
            };
            Ok(Place { key, time })
        });
        Ok(places.collect())
    }
}

/// A value as Debezium's JSON has it, as JSON of ours.
///
/// # Errors
///
/// Why it can't be read.
pub(super) fn decoded(shape: &Shape, value: &Value) -> Result<Value, String> {
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
            json.map(Value::from)
                .map_err(|error| format!("expected `{shape}` as JSON, found {value}: {error}"))
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
            reason.starts_with("expected `Vec<i64>` as JSON, found \"[1\": "),
            "{reason}"
        );
        assert_eq!(
            decoded(Type::String, json!("[1]")),
            Ok(Value::String("[1]".into()))
        );
    }
}
