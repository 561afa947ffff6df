//! The different values of a column, and how often each is there.

use std::collections::BTreeMap;

use super::bytes::put_value;
use super::order::Ordered;
use super::{Reader, Retraction, put_varint};
use crate::value::Value;

/// Every different value that was added, with its count.
#[derive(Clone, Debug, Default)]
pub(in crate::agg) struct Tally {
    counts: BTreeMap<Ordered, u64>,
}

impl Tally {
    pub(in crate::agg) fn add(&mut self, value: &Value) {
        *self.counts.entry(Ordered(value.clone())).or_default() += 1;
    }

    pub(in crate::agg) fn retract(&mut self, value: &Value) -> Retraction {
        let value = Ordered(value.clone());
        match self.counts.get_mut(&value) {
            None => return Retraction::Rebuild,
            Some(1) => {
                self.counts.remove(&value);
            }
            Some(count) => *count -= 1,
        }
        Retraction::Done
    }

    pub(in crate::agg) fn merge(&mut self, other: &Tally) {
        for (value, count) in &other.counts {
            *self.counts.entry(value.clone()).or_default() += count;
        }
    }

    pub(in crate::agg) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The values in their order.
    pub(in crate::agg) fn values(&self) -> Vec<Value> {
        self.counts.keys().map(|value| value.0.clone()).collect()
    }

    pub(in crate::agg) fn encode(&self, to: &mut Vec<u8>) {
        put_varint(to, self.counts.len() as u64);
        for (value, count) in &self.counts {
            put_value(to, &value.0);
            put_varint(to, *count);
        }
    }

    pub(in crate::agg) fn decode(from: &mut Reader<'_>) -> Option<Tally> {
        let mut counts = BTreeMap::new();
        for _ in 0..from.count()? {
            let value = Ordered(from.value()?);
            let count = from.some_rows()?;
            if counts.insert(value, count).is_some() {
                return None;
            }
        }
        Some(Tally { counts })
    }
}
