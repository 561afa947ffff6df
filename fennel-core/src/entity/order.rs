//! The order of names, by which one is found without comparing them all.

use core::cmp::Ordering;

/// Positions of named members in the order of their names: shorter ones first, and those of one
/// length by their bytes from the end, where names of one entity differ. Equal names stay in the order
/// of their declaration.
///
/// It makes finding fast and says nothing else: a name that is not found by it is searched among all.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a>(pub &'a [u16]);

impl Order<'_> {
    /// None: each name is searched among all.
    pub const NONE: Order<'static> = Order(&[]);

    /// Sorts members, given with their positions.
    #[must_use]
    pub fn sort<'n>(members: impl Iterator<Item = (usize, &'n str)>) -> Vec<u16> {
        let members = members.map(|(i, name)| Some((u16::try_from(i).ok()?, name)));
        let Some(mut members) = members.collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        members.sort_by(|(_, a), (_, b)| compare(a, b));
        members.into_iter().map(|(i, _)| i).collect()
    }
}

/// Compares two names in this order.
pub(crate) const fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return if a.len() < b.len() {
            Ordering::Less
        } else {
            Ordering::Greater
        };
    }
    loop {
        (a, b) = match (a, b) {
            ([rest_a @ .., a], [rest_b @ .., b]) if *a == *b => (rest_a, rest_b),
            ([.., a], [.., b]) if *a < *b => return Ordering::Less,
            ([.., _], [.., _]) => return Ordering::Greater,
            _ => return Ordering::Equal,
        }
    }
}

/// Where in an order the first name stands that is not before `name`: `first!(order, at => its name, name)`.
macro_rules! first {
    ($order:expr, $at:ident => $of:expr, $name:expr) => {{
        let (mut low, mut high) = (0, $order.0.len());
        while low < high {
            let middle = (low + high) / 2;
            let $at = $order.0[middle] as usize;
            if matches!(compare($of, $name), core::cmp::Ordering::Less) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }};
}
pub(crate) use first;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Dataset, Field, Index, Location, Meta};
    use crate::ty::Type;

    const fn field(name: &'static str) -> Field<'static> {
        Field {
            name,
            ty: Type::Int,
            key: false,
            erase_key: false,
            timestamp: false,
            meta: Meta::EMPTY,
        }
    }

    #[test]
    fn each_name_is_found_at_its_first_place() {
        let names = [
            "b",
            "aa",
            "ab",
            "",
            "ba",
            "b",
            "column_10",
            "column_01",
            "é",
        ];
        let fields = names.map(field);
        let order = Order::sort(names.iter().copied().enumerate());
        let dataset = |order| Dataset {
            expectations: None,
            sinks: &[],
            name: "D",
            version: 1,
            history: Dataset::DEFAULT_HISTORY,
            index: Index::NONE,
            fields: &fields,
            order,
            sources: &[],
            meta: Meta::EMPTY,
            location: Location::UNKNOWN,
        };
        // An order that is wrong or missing finds the same.
        let stale: Vec<u16> = order.iter().rev().copied().collect();
        for order in [Order(&order), Order::NONE, Order(&stale)] {
            for (i, name) in names.iter().enumerate() {
                let expected = if i == 5 { 0 } else { i };
                assert_eq!(dataset(order).position(name), Some(expected), "{name}");
            }
            for name in ["a", "c", "column_11", "column_1", "column_100"] {
                assert_eq!(dataset(order).position(name), None, "{name}");
            }
        }
    }

    #[test]
    fn too_many_members_have_no_order() {
        let names = (0..70_000).map(|i| (i, "a"));
        assert!(Order::sort(names).is_empty());
    }
}
