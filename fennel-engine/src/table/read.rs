//! Reading a table: the version of a key as of an instant, and whole rows.

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::{Kind, Table, check_key, key, row};
use crate::Error;
use crate::error::Result;
use crate::kernel::{Answer, Computed};
use crate::state::State;
use crate::store::{Bytes, Neighbours, Snapshot, Space};

/// What a lookup found of a key.
#[derive(Debug)]
pub(crate) struct Found {
    /// The event time.
    time: Timestamp,
    values: Values,
}

/// The value columns of what was found, in the order of their names.
#[derive(Debug)]
enum Values {
    /// Behind so many bytes.
    Stored(Bytes, usize),
    Computed(Vec<Answer>),
}

/// Which columns of versions are wanted.
#[derive(Debug)]
pub(crate) struct Selection {
    slots: Vec<Slot>,
    /// How many value columns have to be read.
    values: usize,
}

/// Where a column is: the position among the keys, or among the values.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Key(usize),
    Value(usize),
    Time,
}

impl Table {
    /// What a key is as of `at`, which may be now: the version with the greatest event time that is not after it, unless that has
    /// ended, or what an aggregate comes to.
    pub(super) fn find(
        &self,
        snapshot: &Snapshot,
        key: &[&Value],
        (at, is_now): (Timestamp, bool),
    ) -> Result<Option<Found>> {
        if let Some(computed) = self.computed() {
            let state = State::of(snapshot)?;
            let Some((time, values)) = computed.as_of(&state, key, at.micros())? else {
                return Ok(None);
            };
            return self.computed_found((time, values)).map(Some);
        }
        let mut prefix = self.rows_prefix().to_vec();
        key.iter().for_each(|value| key::encode(value, &mut prefix));
        if check_key(&prefix).is_err() {
            return Ok(None);
        }
        let mut entries = Neighbours::new(snapshot, Space::Table, &prefix);
        self.find_stored(&mut entries, &prefix, (at.micros(), is_now))
    }

    /// What the key whose entries begin with `prefix` is as of an instant. As of now that is mostly its latest version, which
    /// may be in memory.
    pub(super) fn find_stored(
        &self,
        entries: &mut Neighbours<'_>,
        prefix: &[u8],
        (at, is_now): (i64, bool),
    ) -> Result<Option<Found>> {
        let time = key::ordered(at).map(|byte| !byte);
        if is_now {
            let Some((entry, value)) = entries.first_of(prefix)? else {
                return Ok(None);
            };
            // Else its event time is still to come.
            if entry.get(prefix.len()..).unwrap_or_default() >= &time[..] {
                return self.found(&entry, &value, prefix.len(), at);
            }
        }
        let from = [prefix, &time].concat();
        match entries.first_from(&from)? {
            Some((entry, value)) if entry.starts_with(prefix) => {
                self.found(entry, value, prefix.len(), at)
            }
            _ => Ok(None),
        }
    }

    /// What the latest entry of a key that isn't after `at` says, if it is of that key. The key takes `len` bytes.
    fn found(&self, entry: &[u8], value: &Bytes, len: usize, at: i64) -> Result<Option<Found>> {
        let time = entry
            .get(len..)
            .and_then(|time| Some(time_of(time, true)?.0));
        let time = time.ok_or_else(|| self.corrupt())?;
        let (is_there, head) = match self.kind() {
            Kind::Upserts => (self.said(value)?.is_some(), 1),
            _ => {
                let end = value.first_chunk::<8>().ok_or_else(|| self.corrupt())?;
                (key::from_ordered(*end) > at, 8)
            }
        };
        Ok(is_there.then(|| Found {
            time,
            values: Values::Stored(value.clone(), head),
        }))
    }

    /// What an aggregate came to.
    pub(super) fn computed_found(&self, (time, values): (i64, Vec<Answer>)) -> Result<Found> {
        Ok(Found {
            time: Timestamp::from_micros(time).ok_or_else(|| self.corrupt())?,
            values: Values::Computed(values),
        })
    }

    /// Selects these columns, by position.
    pub(crate) fn select(&self, columns: impl Iterator<Item = usize>) -> Selection {
        let among = |positions: &[usize], column| positions.iter().position(|i| *i == column);
        let slots = columns.map(|column| match among(&self.keys, column) {
            Some(i) => Slot::Key(i),
            None => among(&self.values, column).map_or(Slot::Time, Slot::Value),
        });
        let slots: Vec<_> = slots.collect();
        let values = slots
            .iter()
            .map(|slot| if let Slot::Value(i) = slot { i + 1 } else { 0 });
        Selection {
            values: values.max().unwrap_or(0),
            slots,
        }
    }

    /// Gives each selected column of what was found of `key` to `give`, in the order of the selection; or why it can't
    /// be computed. Where nothing was found, all but the key is null, or the default that an aggregate has.
    pub(crate) fn read(
        &self,
        selection: &Selection,
        key: &[&Value],
        found: Option<&Found>,
        mut give: impl FnMut(Answer),
    ) -> Result<()> {
        let mut computed: &[Answer] = &[];
        let values = match found.map(|found| &found.values) {
            Some(Values::Stored(bytes, head)) => {
                let bytes = bytes.get(*head..).unwrap_or_default();
                row::decode(bytes, selection.values).ok_or_else(|| self.corrupt())?
            }
            Some(Values::Computed(answers)) => {
                computed = answers;
                Vec::new()
            }
            None => self.computed().map_or_else(Vec::new, Computed::missing),
        };
        for slot in &selection.slots {
            let value = match *slot {
                Slot::Key(i) => key.get(i).map(|value| (*value).clone()),
                Slot::Value(i) if computed.is_empty() => values.get(i).cloned(),
                Slot::Value(i) => {
                    give(computed.get(i).cloned().unwrap_or(Ok(Value::Null)));
                    continue;
                }
                Slot::Time => found.map(|found| Value::Timestamp(found.time)),
            };
            give(Ok(value.unwrap_or(Value::Null)));
        }
        Ok(())
    }

    /// What each selected column is of a key that isn't found: null, or the default that an aggregate has.
    pub(crate) fn missing(&self, selection: &Selection) -> impl Iterator<Item = Value> {
        let values = self.computed().map_or_else(Vec::new, Computed::missing);
        let slots = selection.slots.clone().into_iter();
        slots.map(move |slot| match slot {
            Slot::Value(i) => values.get(i).cloned().unwrap_or(Value::Null),
            Slot::Key(_) | Slot::Time => Value::Null,
        })
    }

    /// All rows, of all columns in their order: keyed ones by key and each key's latest first, others
    /// from the latest event time back. An aggregate that is computed when it is read has one for each group, as of
    /// `now`; what of it can't be computed is null.
    pub(crate) fn rows<'s>(
        &'s self,
        snapshot: &'s Snapshot,
        now: Timestamp,
    ) -> Result<Box<dyn Iterator<Item = Result<Vec<Value>>> + 's>> {
        if let Some(computed) = self.computed() {
            let state = State::of(snapshot)?;
            let mut passed: Option<Vec<Value>> = None;
            let mut next = move || {
                while let Some(key) = computed.key_behind(&state, passed.as_deref())? {
                    passed = Some(key.clone());
                    let found =
                        computed.as_of(&state, &key.iter().collect::<Vec<_>>(), now.micros())?;
                    if let Some((time, answers)) = found {
                        let rest = answers.into_iter();
                        let rest = rest.map(|answer| answer.unwrap_or(Value::Null));
                        let row = self.arranged(time, key, rest.collect());
                        return row.map(Some).ok_or_else(|| self.corrupt());
                    }
                }
                Ok(None)
            };
            return Ok(Box::new(std::iter::from_fn(move || next().transpose())));
        }
        let scan = snapshot.scan_prefix(Space::Table, &self.rows_prefix());
        let (by_key, by_time) = if self.is_keyed() {
            (Some(scan), None)
        } else {
            (None, Some(scan.rev()))
        };
        let entries = by_key
            .into_iter()
            .flatten()
            .chain(by_time.into_iter().flatten());
        // Of rows of one key and time, the one that arrived last comes first, and counts.
        let mut last: Option<Vec<u8>> = None;
        let rows = entries.filter_map(move |entry| {
            let (key, value) = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let is_upserts = self.kind() == Kind::Upserts;
            let behind = if is_upserts { PLACE } else { 0 };
            let place = key
                .get(..key.len().saturating_sub(behind))
                .unwrap_or_default();
            if last.as_deref() == Some(place) {
                return None;
            }
            last = Some(place.to_vec());
            let value = match self.kind() {
                Kind::Upserts => match self.said(&value) {
                    Ok(said) => said?,
                    Err(error) => return Some(Err(error)),
                },
                Kind::Versions => value.get(8..).unwrap_or_default(),
                Kind::Stream | Kind::Computed => &value,
            };
            let row = self.row(&key, value);
            Some(row.ok_or_else(|| self.corrupt()))
        });
        Ok(Box::new(rows))
    }

    fn row(&self, key: &[u8], values: &[u8]) -> Option<Vec<Value>> {
        let mut rest = key.strip_prefix(&self.rows_prefix())?;
        let keys = self
            .keys
            .iter()
            .map(|i| key::decode(&self.columns.get(*i)?.shape, &mut rest));
        let keys = keys.collect::<Option<Vec<_>>>()?;
        let (time, _) = time_of(rest, self.is_keyed())?;
        let values = row::decode(values, self.values.len())?;
        self.arranged(time.micros(), keys, values)
    }

    /// The columns in their order.
    fn arranged(&self, time: i64, keys: Vec<Value>, values: Vec<Value>) -> Option<Vec<Value>> {
        let mut row = vec![Value::Null; self.columns.len()];
        *row.get_mut(self.timestamp)? = Value::Timestamp(Timestamp::from_micros(time)?);
        let positions = self.keys.iter().chain(&self.values);
        for (i, value) in positions.zip(keys.into_iter().chain(values)) {
            *row.get_mut(*i)? = value;
        }
        Some(row)
    }

    pub(super) fn corrupt(&self) -> Error {
        Error::Corrupt(format!(
            "a row of dataset `{}` can't be read; restore the store from a backup",
            self.dataset
        ))
    }
}

/// The bytes of a source's row's place behind its event time.
const PLACE: usize = size_of::<u64>() + size_of::<u32>();

/// The event time that `bytes` begin with, and what is behind it.
pub(crate) fn time_of(bytes: &[u8], turned: bool) -> Option<(Timestamp, &[u8])> {
    let (time, rest) = bytes.split_first_chunk::<8>()?;
    let time = if turned {
        time.map(|byte| !byte)
    } else {
        *time
    };
    Some((Timestamp::from_micros(key::from_ordered(time))?, rest))
}
