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

mod event;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::Incoming;
use super::source::{Change, Changes, Source};
use crate::Error;
use crate::python::OnStop;
use crate::table::{Said, Table};
use event::Event;
pub(super) use event::{decoded, images};

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
        on_stop: OnStop,
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
        let mut after = self.read_rows(table, &after, on_stop)?.into_iter();
        let before = self.places(table, &before, on_stop)?.into_iter();
        let mut before = before.map(|place| place.map_err(|reason| format!("`before`: {reason}")));
        const READ: &str = "each image of an event was read, in order";
        let mut failed = None;
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
                    let places = |image: &Incoming| {
                        self.places(table, &[image], on_stop)
                            .unwrap_or_else(|error| {
                                failed = Some(error);
                                Vec::new()
                            })
                    };
                    self.updated(table, row?, to, before.transpose()?, places)
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
        failed.map_or(Ok(changes), Err)
    }

    /// What an update comes to, of which `row` is taken. `places` gives the key of an image.
    fn updated(
        &self,
        table: &Table,
        row: Option<Vec<Value>>,
        after: &Incoming,
        before: Option<Place>,
        places: impl FnOnce(&Incoming) -> Vec<Result<Place, String>>,
    ) -> Result<Changes, String> {
        let is = match row {
            Some(values) => Change {
                said: Said::Is,
                values,
            },
            None => {
                let Some(place) = places(after).pop().transpose()? else {
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
        on_stop: OnStop,
    ) -> Result<Vec<Result<Place, String>>, Error> {
        let columns = self.columns(table, images, None, on_stop)?;
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
