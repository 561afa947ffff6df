//! Each vector is evaluated as the reference does, but for the [`DEVIATIONS`] and the [`QUIRKS`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, NullArray};
use bumpalo::Bump;
use fennel_core::expr::eval::Compiled;
use fennel_core::ty::Computed;
use fennel_core::value::{Shape, Value};
use fennel_vectors::Verdict;
use fennel_vectors::expression::deviations::{DEVIATIONS, QUIRKS};
use fennel_vectors::expression::{Case, Run, equal, verdict};
use proptest::collection::{VecStrategy, vec};
use proptest::prelude::{BoxedStrategy, ProptestConfig, prop_assert, proptest};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::batch::{any, dirty};
use crate::cases;
use crate::made::{COLUMNS, make};

#[test]
fn expressions_are_evaluated_as_by_the_reference() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases() {
        match verdict(&case) {
            Verdict::Equal => {}
            Verdict::Right(what) => *seen.entry(what).or_default() += 1,
            Verdict::Left(what) | Verdict::Wrong(what) => {
                failures.push(format!("{} ({}): {what}", case.id, case.group));
            }
        }
    }
    let quirks = QUIRKS.iter().map(|known| (known.what, known.count));
    let deviations = DEVIATIONS.iter().map(|known| (known.what, known.count));
    for (what, count) in quirks.chain(deviations) {
        let found = seen.get(what).copied().unwrap_or(0);
        if found != count {
            failures.push(format!("{found} instead of {count}: {what}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The vectors that can be evaluated.
fn runs() -> impl Iterator<Item = (Case, Run)> {
    cases().into_iter().filter_map(|case| {
        let run = Run::new(&case).unwrap().ok()?;
        Some((case, run))
    })
}

#[track_caller]
fn assert_same(
    of: &impl Display,
    what: &str,
    a: &[Result<Value, String>],
    b: &[Result<Value, String>],
) {
    let same = |(a, b): (&Result<Value, String>, &Result<Value, String>)| match (a, b) {
        (Ok(a), Ok(b)) => equal(a, b),
        (Err(a), Err(b)) => a == b,
        _ => false,
    };
    assert!(
        a.len() == b.len() && a.iter().zip(b).all(same),
        "{what}: {a:?} and {b:?} of {of}"
    );
}

/// Checks that each row comes to the same alone and among others, and whatever stands in place of
/// nulls.
#[track_caller]
fn assert_consistent(of: &impl Display, run: &Run) {
    let columns = run.columns();
    let all = run.evaluate(&columns, run.rows);
    let alone = (0..run.rows).flat_map(|row| {
        // Slices, whose values do not begin where their buffers do.
        let columns: Vec<_> = columns.iter().map(|column| column.slice(row, 1)).collect();
        run.evaluate(&columns, 1)
    });
    assert_same(of, "row by row", &all, &alone.collect::<Vec<_>>());
    let columns = run.shapes.iter().zip(&run.values);
    let columns: Vec<_> = columns
        .map(|(shape, values)| dirty(shape, values))
        .collect();
    assert_same(
        of,
        "over dirty nulls",
        &all,
        &run.evaluate(&columns, run.rows),
    );
}

#[test]
fn a_row_comes_to_the_same_whatever_is_around_it() {
    for (case, run) in runs() {
        assert_consistent(&case.id, &run);
    }
}

#[test]
fn any_row_comes_to_the_same_whatever_is_around_it() {
    let mut runner = TestRunner::deterministic();
    for (case, mut run) in runs() {
        run.rows = 6;
        let columns = run.shapes.iter().map(|shape| vec(any(shape), run.rows));
        let columns: Vec<_> = columns.collect();
        run.values = columns.new_tree(&mut runner).unwrap().current();
        assert_consistent(&case.id, &run);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_expression_comes_to_the_same_whatever_is_around(
        bytes in vec(proptest::num::u8::ANY, 0..96),
        rows in columns_of(5),
    ) {
        let arena = Bump::new();
        let expr = make(&arena, bytes);
        let columns = COLUMNS.iter().map(|(name, ty)| (*name, Computed::of(ty)));
        let columns: Vec<_> = columns.collect();
        let compiled = Compiled::new(&expr, &columns, None);
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(why) => {
                // Typing does not know which local times clocks skip or show twice.
                prop_assert!(why.as_str().starts_with("clocks in "), "{expr}: {why}");
                return Ok(());
            }
        };
        let run = Run {
            compiled,
            shapes: COLUMNS.iter().map(|(_, ty)| Shape::new(ty).unwrap()).collect(),
            values: rows,
            now: None,
            rows: 5,
        };
        assert_consistent(&expr, &run);
    }
}

/// Values of each of the columns that expressions are made of.
fn columns_of(rows: usize) -> Vec<VecStrategy<BoxedStrategy<Value>>> {
    let shapes = COLUMNS.iter().map(|(_, ty)| Shape::new(ty).unwrap());
    shapes.map(|shape| vec(any(&shape), rows)).collect()
}

#[test]
fn no_rows_come_to_nothing() {
    for (_, run) in runs() {
        let columns: Vec<_> = run
            .columns()
            .iter()
            .map(|column| column.slice(0, 0))
            .collect();
        assert!(run.evaluate(&columns, 0).is_empty());
    }
}

#[test]
fn columns_that_are_not_read_may_be_anything() {
    let nothing: ArrayRef = Arc::new(NullArray::new(0));
    for (case, run) in runs() {
        let mut columns = run.columns();
        for (i, column) in columns.iter_mut().enumerate() {
            let read = run.compiled.columns().contains(&i);
            if !read && run.now != Some(i) {
                *column = ArrayRef::clone(&nothing);
            }
        }
        assert_same(
            &case.id,
            "less columns",
            &run.all(),
            &run.evaluate(&columns, run.rows),
        );
    }
}
