//! When values are the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::value::V;

/// How far two floats may be apart, as a part of their size: they are added up in another order.
const TOLERANCE: f64 = 1e-9;

/// Whether two values are the same; of lists that are `sets`, in any order.
fn same(a: &V, b: &V, is_set: bool) -> bool {
    match (a, b) {
        (V::Float(a), V::Float(b)) => {
            let near = (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1.0);
            near || a == b || a.is_nan() && b.is_nan()
        }
        (V::List(a), V::List(b)) => {
            let (mut a, mut b) = (a.clone(), b.clone());
            if is_set {
                a.sort();
                b.sort();
            }
            let mut pairs = a.iter().zip(&b);
            a.len() == b.len() && pairs.all(|(a, b)| same(a, b, false))
        }
        (a, b) => a == b,
    }
}

/// The columns of a row that are not as expected, as text; others than those of `expected` are not compared.
pub(crate) fn differences(
    found: &BTreeMap<String, V>,
    expected: &BTreeMap<String, V>,
    sets: &BTreeSet<String>,
) -> Vec<String> {
    let columns = expected.iter().filter_map(|(name, expected)| {
        let found = found.get(name).unwrap_or(&V::Null);
        let same = same(found, expected, sets.contains(name));
        (!same).then(|| format!("`{name}` is {found}, expected {expected}"))
    });
    columns.collect()
}
