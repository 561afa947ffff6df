//! Evaluating an expression over the rows of its vector.

use arrow_array::{Array, ArrayRef};
use bumpalo::Bump;
use fennel_core::column;
use fennel_core::expr::eval::{Batch, Compiled, Evaluated, Now};
use fennel_core::time::Timestamp;
use fennel_core::ty::Computed;
use fennel_core::value::{Shape, Value};
use fennel_core::wire::{decode_expr, decode_type};

use super::deviations::Outcome;
use super::{Case, equal, message, value};

/// A vector with its expression compiled and its rows as columns.
#[derive(Debug)]
pub struct Run {
    /// The expression.
    pub compiled: Compiled,
    /// The columns' types.
    pub shapes: Vec<Shape>,
    /// The columns.
    pub values: Vec<Vec<Value>>,
    /// The column that `now()` is.
    pub now: Option<usize>,
    /// How many rows there are.
    pub rows: usize,
}

impl Run {
    /// Makes it ready; the inner error says why the expression is refused.
    ///
    /// # Errors
    ///
    /// What of the vector can't be read.
    pub fn new(case: &Case) -> Result<Result<Run, String>, String> {
        let arena = Bump::new();
        let ty = |base64: &str| -> Result<Computed<'_>, String> {
            let ty = decode_type(&arena, &message(base64)?)?;
            Ok(Computed::of(arena.alloc(ty)))
        };
        let mut columns: Vec<(&str, Computed<'_>)> = Vec::new();
        for (name, base64) in &case.schema_proto_b64 {
            columns.push((name, ty(base64)?));
        }
        let to = case.as_type_proto_b64.as_deref().map(ty).transpose()?;
        let expr = match decode_expr(&arena, &message(&case.proto_b64)?) {
            Ok(expr) => expr,
            Err(why) => return Ok(Err(why.to_string())),
        };
        let compiled = match Compiled::new(&expr, &columns, to) {
            Ok(compiled) => compiled,
            Err(why) => return Ok(Err(why.to_string())),
        };
        let (mut shapes, mut values) = (Vec::new(), Vec::new());
        for (name, ty) in &columns {
            let shape = Shape::of(*ty).map_err(|error| error.to_string())?;
            let column = case.column(name).iter().map(|json| value(&shape, json));
            values.push(column.collect::<Result<Vec<_>, _>>()?);
            shapes.push(shape);
        }
        if values.iter().any(|column| column.len() != case.n) {
            return Err(format!("a column hasn't {} rows", case.n));
        }
        let now = case.now_col.as_ref().map(|now| {
            let position = columns.iter().position(|(name, _)| name == now);
            position.ok_or_else(|| format!("there is no column `{now}`"))
        });
        Ok(Ok(Run {
            compiled,
            shapes,
            values,
            now: now.transpose()?,
            rows: case.n,
        }))
    }

    /// The columns as arrays.
    #[must_use]
    pub fn columns(&self) -> Vec<ArrayRef> {
        let columns = self.shapes.iter().zip(&self.values);
        columns
            .map(|(shape, values)| column::array(shape, values.iter()))
            .collect()
    }

    /// What rows of these columns come to.
    ///
    /// # Panics
    ///
    /// If the evaluation breaks its own promises.
    #[must_use]
    pub fn evaluate(&self, columns: &[ArrayRef], rows: usize) -> Vec<Result<Value, String>> {
        let now = match self.now {
            Some(i) => Now::Column(&columns[i]),
            None => Now::Instant(Timestamp::MAX),
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
    #[must_use]
    pub fn all(&self) -> Vec<Result<Value, String>> {
        self.evaluate(&self.columns(), self.rows)
    }
}

/// What a vector comes to.
///
/// # Errors
///
/// What of the vector can't be read.
pub fn outcome(case: &Case) -> Result<Outcome, String> {
    let run = match Run::new(case)? {
        Ok(run) => run,
        Err(why) => return Ok(Outcome::Refused(why)),
    };
    let found = run.all();
    if let Some(Err(why)) = found.iter().find(|row| row.is_err()) {
        return Ok(Outcome::Failed(why.clone()));
    }
    let found: Vec<Value> = found.into_iter().flatten().collect();
    let Some(expected) = &case.output else {
        return Ok(Outcome::Values(found));
    };
    let shape = run.compiled.shape();
    let expected = expected.iter().map(|json| value(shape, json));
    let expected: Vec<Value> = expected.collect::<Result<_, _>>()?;
    let is_equal =
        expected.len() == found.len() && expected.iter().zip(&found).all(|(a, b)| equal(a, b));
    Ok(match is_equal {
        true => Outcome::Equal,
        false => Outcome::Values(found),
    })
}
