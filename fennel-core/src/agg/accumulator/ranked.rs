//! The first values of a column in some order of rows.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::bytes::{put_bytes, put_signed, put_value};
use super::order::compare;
use super::{Contribution, Overflow, Reader, Retraction, State, put_varint};
use crate::time::Timestamp;
use crate::value::Value;

/// Which end of time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agg) enum End {
    Newest,
    Oldest,
}

/// The rows nearest to one end of time, and how many others there are.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Ranked {
    pub(in crate::agg) end: End,
    pub(in crate::agg) limit: usize,
    /// Keeps of each value only the row that comes first.
    pub(in crate::agg) dedup: bool,
    pub(in crate::agg) dropnull: bool,
    rows: VecDeque<Row>,
    left_out: u64,
}

#[derive(Clone, Debug)]
struct Row {
    time: Timestamp,
    order: Box<[u8]>,
    value: Value,
}

impl Ranked {
    pub(in crate::agg) fn new(end: End, limit: u32, dedup: bool, dropnull: bool) -> Ranked {
        Ranked {
            end,
            limit: limit as usize,
            dedup,
            dropnull,
            rows: VecDeque::new(),
            left_out: 0,
        }
    }

    fn skips(&self, value: &Value) -> bool {
        self.dropnull && *value == Value::Null
    }

    /// The place of a row, and whether it is there.
    fn place(&self, row: Contribution<'_>) -> Result<usize, usize> {
        self.rows.binary_search_by(|kept| {
            let order = kept.time.cmp(&row.time);
            let order = order.then_with(|| (*kept.order).cmp(row.order));
            let order = order.then_with(|| compare(&kept.value, row.value));
            match self.end {
                End::Oldest => order,
                End::Newest => order.reverse(),
            }
        })
    }
}

impl State for Ranked {
    fn add(&mut self, row: Contribution<'_>) {
        if self.skips(row.value) {
            return;
        }
        let (Ok(place) | Err(place)) = self.place(row);
        let is_full = self.rows.len() == self.limit;
        if is_full && place == self.limit {
            self.left_out += 1;
            return;
        }
        if self.dedup {
            let same = |kept: &Row| compare(&kept.value, row.value) == Ordering::Equal;
            match self.rows.iter().position(same) {
                Some(better) if better < place => {
                    self.left_out += 1;
                    return;
                }
                Some(worse) => {
                    self.rows.remove(worse);
                    self.left_out += 1;
                }
                None => {}
            }
        }
        if self.rows.len() == self.limit {
            self.rows.pop_back();
            self.left_out += 1;
        }
        let kept = Row {
            time: row.time,
            order: row.order.into(),
            value: row.value.clone(),
        };
        self.rows.insert(place, kept);
    }

    fn retract(&mut self, row: Contribution<'_>) -> Retraction {
        if self.skips(row.value) {
            return Retraction::Done;
        }
        match (self.place(row), self.left_out) {
            (Ok(place), 0) => {
                self.rows.remove(place);
                Retraction::Done
            }
            (Ok(_), _) | (Err(_), 0) => Retraction::Rebuild,
            (Err(_), _) => {
                self.left_out -= 1;
                Retraction::Done
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        for row in &other.rows {
            self.add(Contribution {
                time: row.time,
                order: &row.order,
                value: &row.value,
            });
        }
        self.left_out += other.left_out;
    }

    fn value(&self, _: Timestamp) -> Result<Value, Overflow> {
        let values = self.rows.iter().map(|row| row.value.clone());
        Ok(Value::List(values.collect()))
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn encode(&self, to: &mut Vec<u8>) {
        put_varint(to, self.left_out);
        put_varint(to, self.rows.len() as u64);
        for row in &self.rows {
            put_signed(to, row.time.micros());
            put_bytes(to, &row.order);
            put_value(to, &row.value);
        }
    }

    fn decode(&self, from: &mut Reader<'_>) -> Option<Self> {
        let mut ranked = Ranked {
            rows: VecDeque::new(),
            left_out: from.rows()?,
            ..*self
        };
        let count = from.count()?;
        for place in 0..count {
            let (time, order, value) = (from.timestamp()?, from.bytes()?, from.value()?);
            ranked.add(Contribution {
                time,
                order,
                value: &value,
            });
            // Rows stand in their order, or else these are no such bytes.
            if ranked.rows.len() != place + 1 || compare(&ranked.rows.back()?.value, &value).is_ne()
            {
                return None;
            }
        }
        Some(ranked)
    }
}
