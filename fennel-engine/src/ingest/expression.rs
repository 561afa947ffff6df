//! Expressions over the rows that a source takes.

use arrow_array::ArrayRef;
use fennel_core::column;
use fennel_core::entity::{Dataset, Source};
use fennel_core::expr::Expr;
use fennel_core::expr::eval::{Batch, Compiled, Now};
use fennel_core::ty::Computed;
use fennel_core::value::{Shape, Value};

use crate::Error;
use crate::error::Result;

/// An expression of a source: it sees the dataset's columns and those that the source adds.
#[derive(Debug)]
pub(super) struct Expression {
    compiled: Compiled,
    /// The columns that it may read, each with its type.
    columns: Vec<(String, Shape)>,
}

impl Expression {
    /// Makes an expression of a checked source ready to run; its result is brought to `ty`.
    pub(super) fn new<'a>(
        expr: &Expr<'a>,
        source: &Source<'a>,
        dataset: &Dataset<'a>,
        ty: Computed<'a>,
    ) -> Result<Self> {
        let broken = |what: String| {
            let name = dataset.name;
            Error::Corrupt(format!(
                "an expression of a source of `{name}` can't be run: {what}"
            ))
        };
        let fields = dataset.fields.iter().map(|field| (field.name, field.ty));
        let added = source.columns.iter().map(|column| (column.name, column.ty));
        let (mut scope, mut columns) = (Vec::new(), Vec::new());
        for (name, ty) in fields.chain(added) {
            let shape = Shape::new(&ty).map_err(|error| broken(error.to_string()))?;
            scope.push((name, Computed::of(&ty)));
            columns.push((name.to_owned(), shape));
        }
        let compiled = Compiled::new(expr, &scope, Some(ty));
        Ok(Self {
            compiled: compiled.map_err(|message| broken(message.as_str().into()))?,
            columns,
        })
    }

    /// What it is for each of `times.len()` rows, or why there is no value. `read` gives a column, by its
    /// position among those that it may read, of a row; `times` are the rows' event times, which `now()` is.
    pub(super) fn evaluate(
        &self,
        times: &[Value],
        read: impl Fn(usize, &str, &Shape, usize) -> Result<Value, String>,
    ) -> Vec<Result<Value, String>> {
        let mut outcomes: Vec<Result<Value, String>> =
            times.iter().map(|_| Ok(Value::Null)).collect();
        let columns = self.compiled.columns().iter();
        let columns = columns.filter_map(|i| Some((*i, self.columns.get(*i)?)));
        let read = columns.map(|(i, (name, shape))| {
            let values = outcomes.iter_mut().enumerate().map(|(row, outcome)| {
                read(i, name, shape, row).unwrap_or_else(|reason| {
                    *outcome = Err(reason);
                    Value::Null
                })
            });
            (shape, values.collect::<Vec<_>>())
        });
        let read: Vec<_> = read.collect();
        // Rows that lack something aren't evaluated.
        let whole: Vec<usize> = (0..times.len())
            .filter(|row| matches!(outcomes.get(*row), Some(Ok(_))))
            .collect();
        let arrays = read.iter().map(|(shape, values)| {
            let values: Vec<_> = whole.iter().filter_map(|row| values.get(*row)).collect();
            column::array(shape, values.into_iter())
        });
        let arrays: Vec<ArrayRef> = arrays.collect();
        let times: Vec<_> = whole.iter().filter_map(|row| times.get(*row)).collect();
        let now = column::array(&Shape::Timestamp, times.into_iter());
        let evaluated = self.compiled.evaluate(&Batch {
            rows: whole.len(),
            columns: &arrays,
            now: Now::Column(&now),
        });
        let mut failures = evaluated.failures.into_iter().peekable();
        for (i, row) in whole.into_iter().enumerate() {
            let failure = failures.next_if(|failure| failure.row == i);
            if let Some(outcome) = outcomes.get_mut(row) {
                *outcome = match failure {
                    Some(failure) => Err(failure.reason),
                    None => Ok(column::value(self.compiled.shape(), &evaluated.values, i)),
                };
            }
        }
        outcomes
    }
}
