//! Each vector is evaluated as the reference does, but for the [`DEVIATIONS`] and the [`QUIRKS`].

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, NullArray};
use bumpalo::Bump;
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Compiled, Evaluated, Now};
use fennel_core::time::Timestamp;
use fennel_core::ty::Computed;
use fennel_core::value::{Shape, Value};
use fennel_core::wire::{decode_expr, decode_type};
use proptest::collection::{VecStrategy, vec};
use proptest::prelude::{BoxedStrategy, ProptestConfig, prop_assert, proptest};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::batch::{any, dirty, equal, value};
use crate::case::{Case, message};
use crate::deviations::{DEVIATIONS, Outcome, QUIRKS};
use crate::made::{COLUMNS, make};

/// A vector with its expression compiled and its rows as columns.
struct Run {
    compiled: Compiled,
    shapes: Vec<Shape>,
    values: Vec<Vec<Value>>,
    now: Option<usize>,
    rows: usize,
}

impl Run {
    /// Makes it ready; an error says why the expression is refused.
    fn new(case: &Case) -> Result<Run, String> {
        let arena = Bump::new();
        let types = case.schema_proto_b64.iter().map(|(name, ty)| {
            let ty = decode_type(&arena, &message(ty)).unwrap();
            (name.as_str(), Computed::of(arena.alloc(ty)))
        });
        let columns: Vec<(&str, Computed<'_>)> = types.collect();
        let expr = decode_expr(&arena, &message(&case.proto_b64))?;
        let to = case.as_type_proto_b64.as_ref().map(|ty| {
            let ty = decode_type(&arena, &message(ty)).unwrap();
            Computed::of(arena.alloc(ty))
        });
        let compiled = Compiled::new(&expr, &columns, to).map_err(|error| error.to_string())?;
        let shapes: Vec<Shape> = columns
            .iter()
            .map(|(_, ty)| Shape::of(*ty).unwrap())
            .collect();
        let values = columns.iter().zip(&shapes).map(|((name, _), shape)| {
            let column = case.rows[*name].iter();
            column.map(|json| value(shape, json)).collect()
        });
        Ok(Run {
            compiled,
            values: values.collect(),
            now: case.now_col.as_ref().map(|now| {
                let mut columns = columns.iter();
                columns.position(|(name, _)| name == now).unwrap()
            }),
            shapes,
            rows: case.n,
        })
    }

    fn columns(&self) -> Vec<ArrayRef> {
        let columns = self.shapes.iter().zip(&self.values);
        columns
            .map(|(shape, values)| column::array(shape, values.iter()))
            .collect()
    }

    fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Vec<Result<Value, String>> {
        let now = match self.now {
            Some(i) => Now::Column(&columns[i]),
            None => Now::Instant(Timestamp::from_micros(1_700_000_000_123_456).unwrap()),
        };
        let read = self.compiled.columns().iter();
        let read: Vec<_> = read.map(|i| ArrayRef::clone(&columns[*i])).collect();
        let batch = Batch {
            rows,
            columns: &read,
            now,
        };
        let Evaluated { values, failures } = self.compiled.evaluate(&batch);
        assert_eq!(values.len(), rows);
        assert_eq!(
            *values.data_type(),
            column::data_type(self.compiled.shape())
        );
        let mut failures = failures.into_iter().peekable();
        let found = (0..rows).map(|row| match failures.next_if(|failure| failure.row == row) {
            Some(failure) => {
                assert!(values.is_null(row), "a row that failed is null");
                Err(failure.reason)
            }
            None => Ok(column::value(self.compiled.shape(), values.as_ref(), row)),
        });
        let found = found.collect();
        assert_eq!(failures.next(), None, "failures are of rows, each once");
        found
    }

    /// The whole batch at once.
    fn all(&self) -> Vec<Result<Value, String>> {
        self.evaluate(&self.columns(), self.rows)
    }
}

/// What a vector comes to.
fn outcome(case: &Case) -> Outcome {
    let run = match Run::new(case) {
        Ok(run) => run,
        Err(why) => return Outcome::Refused(why),
    };
    let found = run.all();
    if let Some(Err(why)) = found.iter().find(|row| row.is_err()) {
        return Outcome::Failed(why.clone());
    }
    let found: Vec<Value> = found.into_iter().flatten().collect();
    let Some(expected) = &case.output else {
        return Outcome::Values(found);
    };
    let shape = run.compiled.shape();
    let expected = expected.iter().map(|json| value(shape, json));
    let expected: Vec<Value> = expected.collect();
    if expected.len() == found.len() && expected.iter().zip(&found).all(|(a, b)| equal(a, b)) {
        Outcome::Equal
    } else {
        Outcome::Values(found)
    }
}

/// Whether it is what the reference has.
fn is_expected(case: &Case, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Equal => true,
        Outcome::Failed(_) => matches!(case.error.as_deref(), Some("eval" | "null_result")),
        Outcome::Refused(_) => {
            matches!(case.error.as_deref(), Some("decode" | "compile" | "cast"))
        }
        Outcome::Values(_) => false,
    }
}

#[test]
fn expressions_are_evaluated_as_by_the_reference() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in Case::all() {
        let outcome = outcome(&case);
        let known = match &case.quirk {
            Some(quirk) => {
                let known = QUIRKS.iter().find(|known| quirk.starts_with(known.quirk));
                match known {
                    Some(known) if (known.ours)(&case, &outcome) => Some(known.what),
                    _ => None,
                }
            }
            None if is_expected(&case, &outcome) => continue,
            None => {
                let mut known = DEVIATIONS.iter();
                let known = known.find(|known| (known.is)(&case, &outcome));
                known.map(|known| known.what)
            }
        };
        match known {
            Some(what) => *seen.entry(what).or_default() += 1,
            None => failures.push(format!(
                "{} ({}): {outcome}\n   the reference has {:?} {:?} {:?}\n   of {:?} {}",
                case.id, case.group, case.output, case.error, case.quirk, case.rows, case.expr
            )),
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
    Case::all().into_iter().filter_map(|case| {
        let run = Run::new(&case).ok()?;
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
