//! The law of accumulators, as a check that each aggregate's tests make.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::bytes::put_value;
use super::{Accumulator, Contribution, Overflow, Retraction};
use crate::agg::{Aggregation, Function};
use crate::time::Timestamp;
use crate::value::{Shape, Value};

/// An accumulator of that aggregate.
pub(in crate::agg) fn accumulator(function: Function<'static>, of: &Shape) -> Accumulator {
    let aggregation = Aggregation {
        output: "output",
        function,
        of: Some("of"),
        window: None,
    };
    aggregation.accumulator(Some(of)).unwrap()
}

/// A row of a test.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Row {
    time: Timestamp,
    order: [u8; 4],
    value: Value,
}

impl Row {
    pub(in crate::agg) fn part(&self) -> Contribution<'_> {
        Contribution {
            time: self.time,
            order: &self.order,
            value: &self.value,
        }
    }
}

/// Rows of these values, one after the other, some at the same time.
pub(in crate::agg) fn rows(values: impl IntoIterator<Item = Value>) -> Vec<Row> {
    let rows = values.into_iter().zip(0_u32..);
    let rows = rows.map(|(value, i)| Row {
        time: seconds(i64::from(i / 2)),
        order: i.to_be_bytes(),
        value,
    });
    rows.collect()
}

/// Adds rows of these values, which it answers.
pub(in crate::agg) fn add(
    to: &mut Accumulator,
    values: impl IntoIterator<Item = Value>,
) -> Vec<Row> {
    let rows = rows(values);
    for row in &rows {
        to.add(row.part());
    }
    rows
}

/// The value over rows of these values, at the time of the last.
pub(in crate::agg) fn value(
    function: Function<'static>,
    of: &Shape,
    values: impl IntoIterator<Item = Value>,
) -> Result<Value, Overflow> {
    let mut all = accumulator(function, of);
    let rows = add(&mut all, values);
    all.value(rows.last().map_or(seconds(0), |row| row.time))
}

pub(in crate::agg) fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

/// What happens to a row.
#[derive(Clone, Debug)]
struct Fate {
    micros: i64,
    value: Value,
    /// Which of several accumulators takes it.
    part: usize,
    added: u32,
    /// When it is taken out again, if at all.
    retracted: Option<u32>,
    place: Index,
}

/// Rows with what happens to each.
#[derive(Clone, Debug)]
pub(in crate::agg) struct Case(Vec<Fate>);

const PARTS: usize = 3;

/// So many rows with such values.
pub(in crate::agg) fn cases<V: Strategy<Value = Value> + Clone>(
    values: V,
    count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Case> {
    // Few different times, so that some rows have the same.
    let times = prop_oneof![0..20_i64, -400_000_000..400_000_000_i64];
    let retracted = prop_oneof![Just(None), any::<u32>().prop_map(Some)];
    // One has most of them, so that it becomes large while the others stay small.
    let part = prop_oneof![3 => Just(0), 1 => 0..PARTS];
    let fate = (times, values, part, any::<u32>(), retracted, any::<Index>());
    let fate = fate.prop_map(|(micros, value, part, added, retracted, place)| Fate {
        micros,
        value,
        part,
        added,
        retracted,
        place,
    });
    vec(fate, count).prop_map(Case)
}

/// Checks that what is told depends on the rows that are left alone: not on when they came, which
/// others came and left, how they were split, and when the state was written and read.
pub(in crate::agg) fn check(
    function: Function<'static>,
    of: &Shape,
    Case(fates): Case,
) -> Result<(), TestCaseError> {
    let fresh = accumulator(function, of);
    let rows: Vec<Row> = fates
        .iter()
        .zip(0_u32..)
        .map(|(fate, i)| Row {
            time: Timestamp::from_micros(fate.micros).unwrap(),
            order: i.to_be_bytes(),
            value: fate.value.clone(),
        })
        .collect();

    let mut expected = fresh.clone();
    for (row, fate) in rows.iter().zip(&fates) {
        if fate.retracted.is_none() {
            expected.add(row.part());
        }
    }

    let mut events = Vec::new();
    for (i, fate) in fates.iter().enumerate() {
        events.push((fate.added, i, true));
        if let Some(retracted) = fate.retracted {
            events.push((fate.added.saturating_add(retracted), i, false));
        }
    }
    // Stable: of the same moment, a row's addition is first.
    events.sort_by_key(|(moment, ..)| *moment);
    let mut parts = vec![(fresh.clone(), Vec::new()); PARTS];
    for (moment, i, is_added) in events {
        let (state, members) = &mut parts[fates[i].part];
        if is_added {
            state.add(rows[i].part());
            members.push(i);
        } else {
            members.retain(|member| *member != i);
            if state.retract(rows[i].part()) == Retraction::Rebuild {
                *state = fresh.clone();
                for member in members {
                    state.add(rows[*member].part());
                }
            }
        }
        if moment % 8 == 0 {
            *state = reread(&fresh, state)?;
        }
    }
    let mut found = fresh.clone();
    let mut order: Vec<usize> = (0..PARTS).collect();
    if let Some(fate) = fates.first() {
        order.rotate_left(fate.place.index(PARTS));
    }
    for part in order {
        found.merge(&reread(&fresh, &parts[part].0)?);
    }

    prop_assert_eq!(bytes(&found), bytes(&expected));
    prop_assert_eq!(found.is_empty(), expected.is_empty());
    for at in [400, 401, 1_000, 1_000_000] {
        prop_assert_eq!(
            told(found.value(seconds(at))),
            told(expected.value(seconds(at)))
        );
    }
    survives_damage(&fresh, &found, &fates);
    Ok(())
}

/// The state after it was written and read.
fn reread(fresh: &Accumulator, state: &Accumulator) -> Result<Accumulator, TestCaseError> {
    let encoded = bytes(state);
    let reread = fresh.decode(&encoded);
    prop_assert!(reread.is_some(), "{:?} {:?}", state, encoded);
    let reread = reread.unwrap();
    prop_assert_eq!(bytes(&reread), encoded);
    Ok(reread)
}

pub(in crate::agg) fn bytes(state: &Accumulator) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    bytes
}

/// A value to the last bit, for NaN is not equal to itself.
fn told(value: Result<Value, Overflow>) -> Result<Vec<u8>, Overflow> {
    let mut bytes = Vec::new();
    put_value(&mut bytes, &value?);
    Ok(bytes)
}

/// Reads damaged bytes; whatever state they make can be used.
fn survives_damage(fresh: &Accumulator, state: &Accumulator, fates: &[Fate]) {
    let sound = bytes(state);
    for fate in fates.iter().take(8) {
        let mut damaged = sound.clone();
        if !damaged.is_empty() {
            let place = fate.place.index(damaged.len());
            damaged[place] ^= (fate.added >> 8) as u8 | 1;
        }
        let cut = &sound[..fate.place.index(sound.len() + 1)];
        for bytes in [&damaged, cut, &fate.added.to_be_bytes().repeat(9)] {
            let Some(mut state) = fresh.decode(bytes) else {
                continue;
            };
            let row = Row {
                time: seconds(0),
                order: [0; 4],
                value: fate.value.clone(),
            };
            state.add(row.part());
            state.merge(&state.clone());
            let _ = state.value(seconds(0));
            let _ = state.retract(row.part());
        }
    }
}

/// Numbers of all sizes, many of them small and equal.
pub(in crate::agg) fn floats() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => (-300..300_i32).prop_map(|cents| f64::from(cents) / 100.0),
        3 => prop::num::f64::NORMAL,
        1 => prop::num::f64::SUBNORMAL,
        1 => prop::sample::select(vec![1e16, 1.0, -1e16, f64::MAX, -f64::MAX, 0.0, -0.0, 1e-320]),
    ]
    .prop_map(Value::Float)
    .boxed()
}

/// The same, with infinities and NaN.
pub(in crate::agg) fn all_floats() -> BoxedStrategy<Value> {
    let others = vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let others = prop::sample::select(others).prop_map(Value::Float);
    prop_oneof![6 => floats(), 1 => others].boxed()
}

pub(in crate::agg) fn ints() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => -5..5_i64,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX]),
    ]
    .prop_map(Value::Int)
    .boxed()
}

pub(in crate::agg) fn ints_to(end: i64) -> BoxedStrategy<Value> {
    (0..end).prop_map(Value::Int).boxed()
}

pub(in crate::agg) fn dates() -> BoxedStrategy<Value> {
    (-5..5_i64)
        .prop_map(|days| Value::Date(crate::value::date_from_days(days).unwrap()))
        .boxed()
}

/// With two digits.
pub(in crate::agg) fn decimals() -> BoxedStrategy<Value> {
    let digits = prop_oneof![-500..500_i64, any::<i64>()];
    digits
        .prop_map(|digits| Value::Decimal(rust_decimal::Decimal::new(digits, 2)))
        .boxed()
}

pub(in crate::agg) fn texts() -> BoxedStrategy<Value> {
    "[ab]{0,2}".prop_map(Value::String).boxed()
}

pub(in crate::agg) fn optional(values: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 5 => values].boxed()
}

/// Checks the law for one aggregate over columns of each of the given types.
macro_rules! obeys_the_law {
    ($($name:ident: $function:expr, $of:expr, $values:expr;)*) => {
        proptest::proptest! {
            $(#[test]
            fn $name(case in law::cases($values, 0..40)) {
                law::check($function, &$of, case)?;
            })*
        }
    };
}

pub(in crate::agg) use obeys_the_law;
