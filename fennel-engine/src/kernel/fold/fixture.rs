//! A fold to test with.

use fennel_core::agg::{Aggregation, Default, Function, Max, Sum};
use fennel_core::value::Shape;
use fennel_core::window::Window;

use super::{Fold, Function as Column, Tiles};

/// Of which of the two each is: the sum of the amounts, or the greatest.
pub(super) const SUM: usize = 0;
pub(super) const MAX: usize = 1;

/// These aggregates, each over its window, of rows with so many keys, whose group is in the column at `by` and whose amount is
/// in the one behind it.
pub(super) fn fold(
    columns: impl Iterator<Item = (usize, Window)>,
    (keys, by): (usize, usize),
) -> Fold {
    let functions = [
        Function::Sum(<Sum<'_> as core::default::Default>::default()),
        Function::Max(Max {
            default: Default::Number(0.0),
        }),
    ];
    let empty = functions.map(|function| {
        let aggregation = Aggregation {
            output: "of",
            function,
            of: Some("amount"),
            window: None,
        };
        aggregation.accumulator(Some(&Shape::Float)).unwrap()
    });
    let columns = columns.map(|(slot, window)| Column {
        slot,
        window,
        has_default: false,
    });
    Fold {
        prefix: [7; 6],
        by: vec![by],
        window: None,
        reads: vec![by + 1],
        empty: empty.to_vec(),
        of: vec![Some(0), Some(0)],
        functions: columns.collect(),
        along: None,
        keys,
        names: Vec::new(),
        tiles: Tiles::new(),
    }
}
