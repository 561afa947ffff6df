//! Aggregates that answer for a table without one.

use std::sync::Arc;

use fennel_core::value::Value;

use super::{Answer, Fold, Kernel, Swept, Version};
use crate::error::Result;
use crate::graph::Align;
use crate::state::{Side, State};
use crate::store::Bytes;
use crate::table::{decode_values, encode_values};

/// A table's columns as the columns of the aggregates that it is.
#[derive(Debug)]
pub(crate) struct Computed {
    fold: Arc<Fold>,
    /// For each column of the group, the position of the key that it is.
    keys: Vec<usize>,
    /// For each value column, in the order of their names, the position of the aggregate that it is, and how its
    /// values are aligned.
    values: Vec<(usize, Align)>,
}

impl Computed {
    /// The aggregates of a kernel, if it is asked rather than stored: a window that is part of the group makes rows that
    /// stay as they are. For each column of the table, of which the first `keys` are keys, `columns` tells where it is in
    /// the kernel's output.
    pub(crate) fn new(kernel: &Kernel, keys: usize, columns: &[(usize, Align)]) -> Option<Self> {
        let Kernel::Fold(fold) = kernel else {
            return None;
        };
        let (groups, values) = columns.split_at_checked(keys)?;
        let groups = (0..keys).filter_map(|of| groups.iter().position(|(i, _)| *i == of));
        let values = values
            .iter()
            .map(|(i, align)| (i.saturating_sub(keys), align.clone()));
        (fold.window.is_none()).then(|| Self {
            fold: Arc::clone(fold),
            keys: groups.collect(),
            values: values.collect(),
        })
    }

    /// What a key has as of `at`, in the order of the value columns' names, with an event time; `None` for a key
    /// without rows.
    pub(crate) fn as_of(
        &self,
        state: &State,
        key: &[&Value],
        at: i64,
    ) -> Result<Option<(i64, Vec<Answer>)>> {
        let found = self.fold.value_of(state, &self.group(key), at)?;
        Ok(found.map(|(time, answers)| (time, self.answers(&answers))))
    }

    /// What the value columns are, in the order of their names, of a key that isn't found.
    pub(crate) fn missing(&self) -> Vec<Value> {
        self.arranged(&self.fold.missing())
    }

    /// What a key has as of each of `instants`, which ascend; `give` gets their positions.
    pub(crate) fn as_of_each(
        &self,
        state: &State,
        key: &[&Value],
        instants: &[i64],
        mut give: impl FnMut(usize, Option<(i64, Vec<Answer>)>) -> Result<()>,
    ) -> Result<()> {
        let group = self.group(key);
        self.fold.values_of(state, &group, instants, |i, found| {
            give(
                i,
                found.map(|(time, answers)| (time, self.answers(&answers))),
            )
        })
    }

    /// What a key has as of `at`, for kernels.
    pub(crate) fn version_as_of(
        &self,
        state: &State,
        side: Side,
        key: &[Value],
        at: i64,
    ) -> Result<Option<Version>> {
        let key: Vec<_> = key.iter().collect();
        let version = self
            .fold
            .version_as_of(state, side, &self.group(&key), at)?;
        Ok(version.and_then(|version| self.version(&version)))
    }

    /// What a key is over time, from the last version that begins by `first` to the first that begins behind `last`.
    pub(crate) fn versions(
        &self,
        state: &State,
        side: Side,
        key: &[Value],
        (first, last): (i64, i64),
    ) -> Result<Vec<Version>> {
        let key: Vec<_> = key.iter().collect();
        let versions = self
            .fold
            .versions(state, side, &self.group(&key), (first, last))?
            .into_iter();
        Ok(versions
            .filter_map(|version| self.version(&version))
            .collect())
    }

    /// Removes rows that no aggregate as of `point`, or later, is made of, of at most `limit` groups from `from` on.
    pub(crate) fn trim(
        &self,
        state: &mut State,
        point: i64,
        from: Option<&Bytes>,
        limit: usize,
    ) -> Result<Swept> {
        self.fold.compact(state, point, from, limit)
    }

    /// What a key is over time behind an instant, the earliest version first.
    pub(crate) fn versions_behind<'s>(
        &'s self,
        state: &'s State,
        key: &[Value],
        passed: i64,
    ) -> Result<impl Iterator<Item = Result<Version>> + use<'s>> {
        let key: Vec<_> = key.iter().collect();
        let group = self.group(&key);
        let versions = self.fold.versions_behind(state, &group, passed)?;
        Ok(versions.filter_map(|version| version.map(|it| self.version(&it)).transpose()))
    }

    /// The first of all keys, or the first behind one of them. They are in the order of the groups.
    pub(crate) fn key_behind(
        &self,
        state: &State,
        passed: Option<&[Value]>,
    ) -> Result<Option<Vec<Value>>> {
        let passed = passed.map(|key| self.group(&key.iter().collect::<Vec<_>>()));
        let group = self.fold.group_behind(state, passed.as_deref())?;
        Ok(group.map(|group| self.key(&group)))
    }

    fn group<'v>(&self, key: &[&'v Value]) -> Vec<&'v Value> {
        self.keys
            .iter()
            .filter_map(|i| key.get(*i).copied())
            .collect()
    }

    fn key(&self, group: &[Value]) -> Vec<Value> {
        let mut key = vec![Value::Null; group.len()];
        for (i, value) in self.keys.iter().zip(group) {
            if let Some(slot) = key.get_mut(*i) {
                *slot = value.clone();
            }
        }
        key
    }

    fn answers(&self, answers: &[Answer]) -> Vec<Answer> {
        let arranged = self.values.iter().map(|(i, align)| {
            let answer = answers.get(*i).cloned().unwrap_or(Ok(Value::Null));
            answer.map(|value| align.apply(value))
        });
        arranged.collect()
    }

    fn arranged(&self, values: &[Value]) -> Vec<Value> {
        let arranged = self.values.iter().map(|(i, align)| {
            let value = values.get(*i).cloned();
            value.map_or(Value::Null, |value| align.apply(value))
        });
        arranged.collect()
    }

    /// The version with its columns in the order of the table's; `None` where the aggregates can't be computed.
    fn version(&self, version: &Version) -> Option<Version> {
        let values = decode_values(&version.row, self.values.len())?;
        Some(Version {
            time: version.time,
            end: version.end,
            row: encode_values(self.arranged(&values).iter()).into(),
        })
    }
}
