//! Many keys at once, each as of an instant of its own.
//!
//! They are asked in the order in which the store has them: so neighbours are found by one scan, and an aggregate that
//! is asked for at many instants reads its rows once.

use std::ops::Range;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::read::Found;
use super::{Table, check_key, key};
use crate::error::Result;
use crate::kernel::Computed;
use crate::state::State;
use crate::store::{Neighbours, Snapshot, Space};

/// A row's key and instant.
struct Question {
    row: usize,
    /// Where the bytes of the key are.
    key: Range<usize>,
    at: i64,
}

impl Table {
    /// What the keys of `count` rows are as of their instants, as [`find`](Table::find) tells it.
    ///
    /// `is_now` tells that all instants are now, which changes nothing but where is looked first. `key` appends the key of a row. `give` gets each row once, in no order, with its key.
    pub(crate) fn find_each<'v>(
        &self,
        snapshot: &Snapshot,
        count: usize,
        key: impl Fn(usize, &mut Vec<&'v Value>),
        (at, is_now): (impl Fn(usize) -> Timestamp, bool),
        mut give: impl FnMut(usize, &[&'v Value], Option<&Found>) -> Result<()>,
    ) -> Result<()> {
        let mut values = Vec::new();
        if count == 1 {
            key(0, &mut values);
            let found = self.find(snapshot, &values, (at(0), is_now))?;
            return give(0, &values, found.as_ref());
        }
        let mut bytes = Vec::new();
        let mut questions = Vec::with_capacity(count);
        for row in 0..count {
            values.clear();
            key(row, &mut values);
            let begin = bytes.len();
            bytes.extend(self.rows_prefix());
            values
                .iter()
                .for_each(|value| key::encode(value, &mut bytes));
            questions.push(Question {
                row,
                key: begin..bytes.len(),
                at: at(row).micros(),
            });
        }
        let bytes_of = |question: &Question| bytes.get(question.key.clone()).unwrap_or_default();
        questions.sort_unstable_by(|one, other| {
            let keys = bytes_of(one).cmp(bytes_of(other));
            keys.then_with(|| match self.computed() {
                Some(_) => one.at.cmp(&other.at),
                None => other.at.cmp(&one.at),
            })
        });
        let mut give = |row, found: Option<&Found>| {
            values.clear();
            key(row, &mut values);
            give(row, &values, found)
        };
        if let Some(computed) = self.computed() {
            let state = State::of(snapshot)?;
            let same_key = |one: &Question, other: &Question| bytes_of(one) == bytes_of(other);
            for questions in questions.chunk_by(same_key) {
                self.compute_each(computed, &state, questions, &key, &mut give)?;
            }
            return Ok(());
        }
        let mut neighbours = Neighbours::new(snapshot, Space::Table, &self.rows_prefix());
        for question in &questions {
            let key = bytes_of(question);
            if check_key(key).is_err() {
                give(question.row, None)?;
                continue;
            }
            let found = self.find_stored(&mut neighbours, key, (question.at, is_now))?;
            give(question.row, found.as_ref())?;
        }
        Ok(())
    }

    /// Answers questions about one key, by their instants.
    fn compute_each<'v>(
        &self,
        computed: &Computed,
        state: &State,
        questions: &[Question],
        key: &impl Fn(usize, &mut Vec<&'v Value>),
        give: &mut impl FnMut(usize, Option<&Found>) -> Result<()>,
    ) -> Result<()> {
        let mut values = Vec::new();
        if let Some(first) = questions.first() {
            key(first.row, &mut values);
        }
        let instants: Vec<_> = questions.iter().map(|question| question.at).collect();
        computed.as_of_each(state, &values, &instants, |i, found| {
            let found = found.map(|found| self.computed_found(found)).transpose()?;
            match questions.get(i) {
                Some(question) => give(question.row, found.as_ref()),
                None => Ok(()),
            }
        })
    }
}
