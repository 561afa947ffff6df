//! Python functions over the rows that a source takes.

use fennel_core::entity::{Dataset, Field, Python, Source};
use fennel_core::value::{Shape, Value};

use crate::error::{Error, Result};
use crate::python::{Callable, Kind, OnStop, RunBy};

/// A function of a source: it sees the dataset's columns and those that the source adds.
#[derive(Debug)]
pub(super) struct Function {
    callable: Callable,
    /// Where each of the columns that it takes is among the dataset's; behind these for one that the source adds.
    takes: Vec<usize>,
}

impl Function {
    /// What makes a column. It doesn't see those that others make.
    pub(super) fn column(
        python: &Python<'_>,
        field: &Field<'_>,
        source: &Source<'_>,
        dataset: &Dataset<'_>,
        runs: RunBy<'_>,
    ) -> Result<Self> {
        let makes = (field.name.into(), shape(&field.ty, dataset)?);
        let is_made = |name: &str| source.preproc.iter().any(|made| made.column == name);
        Self::new(
            python,
            Kind::Assign,
            makes,
            is_made,
            (source, dataset),
            runs,
        )
    }

    /// What tells whether a row is taken.
    pub(super) fn filter(
        python: &Python<'_>,
        source: &Source<'_>,
        dataset: &Dataset<'_>,
        runs: RunBy<'_>,
    ) -> Result<Self> {
        let makes = ("kept".into(), Shape::Bool);
        Self::new(
            python,
            Kind::Filter,
            makes,
            |_| false,
            (source, dataset),
            runs,
        )
    }

    fn new(
        python: &Python<'_>,
        kind: Kind,
        makes: (String, Shape),
        is_unseen: impl Fn(&str) -> bool,
        (source, dataset): (&Source<'_>, &Dataset<'_>),
        runs: RunBy<'_>,
    ) -> Result<Self> {
        let fields = dataset.fields.iter().map(|field| (field.name, field.ty));
        let added = source.columns.iter().map(|column| (column.name, column.ty));
        let seen = fields.chain(added).enumerate();
        let seen = seen.filter(|(_, (name, _))| !is_unseen(name));
        let (mut takes, mut columns) = (Vec::new(), Vec::new());
        for (i, (name, ty)) in seen {
            takes.push(i);
            columns.push((name.to_owned(), shape(&ty, dataset)?));
        }
        let callable = Callable::new(python, python.name(), kind, (columns, vec![makes]), runs);
        let callable = callable.map_err(|what| {
            Error::Corrupt(format!(
                "a source of `{}` can't be run: it {what}",
                dataset.name
            ))
        })?;
        Ok(Self { callable, takes })
    }

    /// What it makes of each of so many rows, or why nothing. `read` gives a column of a row by its position, name and
    /// type.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if it can't be called at all, or is stopped where that is to fail.
    pub(super) fn evaluate(
        &self,
        rows: usize,
        on_stop: OnStop,
        read: impl Fn(usize, &str, &Shape, usize) -> Result<Value, String>,
    ) -> Result<Vec<Result<Value, String>>> {
        let columns = self.takes.iter().zip(&self.callable.function.takes);
        let row = |row: usize| {
            let values = columns.clone();
            let values = values.map(|(i, (name, shape))| read(*i, name, shape, row));
            values.collect::<Result<Vec<_>, _>>()
        };
        let mut outcomes = Vec::with_capacity(rows);
        // Rows that lack something aren't given to it.
        let mut whole = Vec::new();
        for at in 0..rows {
            match row(at) {
                Ok(values) => {
                    whole.push(values);
                    outcomes.push(Ok(Value::Null));
                }
                Err(reason) => outcomes.push(Err(reason)),
            }
        }
        let mut made = self.callable.each(&whole, on_stop)?.into_iter();
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
            if let Some(made) = made.next() {
                *outcome = made.map(|mut made| made.pop().unwrap_or(Value::Null));
            }
        }
        Ok(outcomes)
    }
}

fn shape(ty: &fennel_core::ty::Type<'_>, dataset: &Dataset<'_>) -> Result<Shape> {
    Shape::new(ty).map_err(|error| {
        Error::Corrupt(format!(
            "a source of `{}` can't be run: {error}",
            dataset.name
        ))
    })
}
