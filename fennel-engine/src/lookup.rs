//! Lookups in one dataset by key.

use std::collections::BTreeMap;
use std::sync::Arc;

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use crate::feature::Instants;
use crate::store::Snapshot;
use crate::table::{Column, Table};
use crate::{Columns, Engine, Error, Incoming};

/// What a lookup found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Per key, whether the dataset has a version of it as of its instant.
    pub found: Vec<bool>,
    /// The columns asked for, all of optional type. Where nothing was found, keys are as asked and all else is
    /// null.
    pub columns: Columns,
}

impl Engine {
    /// Looks up each of `keys` in a dataset: the version with the greatest event time that is not
    /// after its instant. Without `timestamps` that is now, else one incoming instant per key.
    ///
    /// A key is an object of all key columns. `fields` are the columns to answer, in order and each once; none
    /// for all. The order of the keys is kept, and a key may be asked repeatedly.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or dataset that isn't there. [`Error::Request`], with the position of the
    /// key (from 0), for a key column that is missing, unknown, null or of another type; also for an unknown
    /// field, a dataset without keys or without the index that the lookup needs, instants that aren't any, that
    /// are before what the dataset's history has kept, and not as many instants as keys; and for a sum among `fields` that its type can't hold.
    pub fn lookup(
        &self,
        branch: &str,
        dataset: &str,
        keys: Vec<Incoming>,
        fields: &[String],
        timestamps: Option<Vec<Value>>,
    ) -> Result<Found, Error> {
        let (graph, snapshot) = self.view(branch)?;
        let dataset = graph.dataset(dataset)?;
        let table = &dataset.table;
        if !table.is_keyed() {
            let what = format!(
                "dataset `{}` has no keys, so nothing can be looked up in it",
                table.dataset
            );
            return Err(Error::Request(what));
        }
        let instants = timestamps
            .map(|values| instants(values, keys.len()))
            .transpose()?;
        let at = match &instants {
            None => Instants::Now(self.inner.clock.now()),
            Some(instants) => Instants::Each(instants),
        };
        dataset.check_index(at)?;
        let keys = keys
            .into_iter()
            .enumerate()
            .map(|(i, key)| typed_key(table, i, key));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        find(table, &snapshot, &keys, at, fields)
    }
}

/// Looks up typed keys in a dataset, as of the instants: these columns of it, or all where none is named.
pub(crate) fn find(
    table: &Table,
    snapshot: &Snapshot,
    keys: &[Vec<Value>],
    at: Instants<'_>,
    fields: &[String],
) -> Result<Found, Error> {
    let wanted = positions(table, fields)?;
    let selection = table.select(wanted.iter().copied());
    let mut found = vec![false; keys.len()];
    let mut failures: BTreeMap<usize, String> = BTreeMap::new();
    let column = |i: &usize| {
        let Column { name, shape } = table.columns.get(*i)?;
        let shape = match shape {
            Shape::Optional(_) => shape.clone(),
            required => Shape::Optional(Arc::new(required.clone())),
        };
        Some(crate::Column {
            name: name.clone(),
            shape,
            values: vec![Value::Null; keys.len()],
        })
    };
    let mut columns: Vec<_> = wanted.iter().filter_map(column).collect();
    let mut unknown = (0..keys.len()).map(|i| (i, table.unknown_as_of(at.of(i))));
    if let Some((i, Some(reason))) = unknown.find(|(_, reason)| reason.is_some()) {
        return Err(Error::Request(format!("key {i}: {reason}")));
    }
    let key = |row: usize, to: &mut Vec<_>| to.extend(keys.get(row).into_iter().flatten());
    let is_now = matches!(at, Instants::Now(_));
    let at = (|row| at.of(row), is_now);
    table.find_each(snapshot, keys.len(), key, at, |row, key, version| {
        let mut slots = columns.iter_mut();
        table.read(&selection, key, version, |answer| {
            let Some(column) = slots.next() else {
                return;
            };
            match (answer, column.values.get_mut(row)) {
                (Ok(value), Some(slot)) => *slot = value,
                (Ok(_), None) => {}
                (Err(reason), _) => {
                    let failure = format!("key {row}, `{}`: {reason}", column.name);
                    failures.entry(row).or_insert(failure);
                }
            }
        })?;
        if let Some(found) = found.get_mut(row) {
            *found = version.is_some();
        }
        Ok(())
    })?;
    if let Some((_, failure)) = failures.pop_first() {
        return Err(Error::Request(failure));
    }
    Ok(Found {
        found,
        columns: Columns(columns),
    })
}

/// The instants of a lookup, one for each of `count` keys.
fn instants(values: Vec<Value>, count: usize) -> Result<Vec<Timestamp>, Error> {
    if values.len() != count {
        let what = format!(
            "there are {count} keys and {} timestamps; send one per key",
            values.len()
        );
        return Err(Error::Request(what));
    }
    let instants =
        values
            .into_iter()
            .enumerate()
            .map(|(i, value)| match Shape::Timestamp.accept(value) {
                Ok(Value::Timestamp(instant)) => Ok(instant),
                Ok(other) => Err(Error::Request(format!(
                    "timestamp {i}: {other} is no instant"
                ))),
                Err(mismatch) => Err(Error::Request(format!("timestamp {i}: {mismatch}"))),
            });
    instants.collect()
}

/// The typed values of the `i`th key, in the order of the key columns.
fn typed_key(table: &Table, i: usize, mut key: Incoming) -> Result<Vec<Value>, Error> {
    let dataset = &table.dataset;
    let columns = table
        .keys
        .iter()
        .filter_map(|column| table.columns.get(*column));
    let values = columns.map(|Column { name, shape }| {
        let value = key.remove(name).ok_or_else(|| {
            Error::Request(format!(
                "key {i} has no `{name}`, which is a key of dataset `{dataset}`; add it"
            ))
        });
        shape
            .accept(value?)
            .map_err(|mismatch| Error::Request(format!("key {i}, `{name}`: {mismatch}")))
    });
    let values = values.collect::<Result<_, _>>()?;
    match key.keys().next() {
        None => Ok(values),
        Some(other) => Err(Error::Request(format!(
            "key {i} has `{other}`, which is no key of dataset `{dataset}`; leave it out"
        ))),
    }
}

/// The positions of these columns, each once; of all where none is named.
fn positions(table: &Table, fields: &[String]) -> Result<Vec<usize>, Error> {
    if fields.is_empty() {
        return Ok((0..table.columns.len()).collect());
    }
    let positions = fields.iter().map(|field| {
        table.position(field).ok_or_else(|| {
            let columns: Vec<_> = table
                .columns
                .iter()
                .map(|column| format!("`{}`", column.name))
                .collect();
            let columns = columns.join(", ");
            Error::Request(format!(
                "dataset `{}` has no column `{field}`; it has {columns}",
                table.dataset
            ))
        })
    });
    let mut each = Vec::with_capacity(fields.len());
    for position in positions {
        let position = position?;
        if !each.contains(&position) {
            each.push(position);
        }
    }
    Ok(each)
}
