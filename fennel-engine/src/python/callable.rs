//! A function of rows, and how it is called for many.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fennel_core::entity;
use fennel_core::value::Value;

use super::{Function, Kind, Lookup, Lookups, OnStop, RunBy, Runner, Stop, Typed};
use crate::error::{Error, Result};

/// A function, and who runs it.
#[derive(Debug)]
pub(crate) struct Callable {
    pub(crate) function: Function,
    runner: Arc<dyn Runner>,
}

/// How many rows a step of a pipeline gives a function at once.
const ROWS: usize = 1000;

impl Callable {
    /// Makes a function ready to be called.
    ///
    /// # Errors
    ///
    /// Nobody runs Python functions here; to be read behind "it".
    pub(crate) fn new(
        python: &entity::Python<'_>,
        name: String,
        kind: Kind,
        (takes, makes): (Vec<Typed>, Vec<Typed>),
        run_by: RunBy<'_>,
    ) -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let runner = run_by.runner.ok_or_else(|| {
            format!("calls the Python function `{name}`; start the server with --python, so that it runs such")
        })?;
        let function = Function {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            group: run_by.group,
            name,
            code: python.code.into(),
            entry_point: python.entry_point.into(),
            kind,
            takes,
            makes,
            datasets: Vec::new(),
        };
        Ok(Self {
            function,
            runner: Arc::clone(runner),
        })
    }

    /// Calls it for all rows at once.
    pub(crate) fn call(
        &self,
        columns: &[Vec<Value>],
        rows: usize,
        lookups: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        self.runner.call(&self.function, columns, rows, lookups)
    }

    /// Calls it for rows that have nothing to do with each other, and answers for each with the values that it makes, or
    /// why there are none. A function that fails for some is called for each by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if it can't be called at all now, and if it is stopped where that is to [fail](OnStop::Fail).
    pub(crate) fn each(
        &self,
        rows: &[Vec<Value>],
        on_stop: OnStop,
    ) -> Result<Vec<Result<Vec<Value>, String>>> {
        let mut made = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS) {
            match self.some(chunk) {
                Ok(rows) => made.extend(rows.into_iter().map(|row| self.accept(row))),
                Err(stop) if chunk.len() == 1 => made.push(Err(self.reason(stop, on_stop)?)),
                Err(_) => self.one_by_one(chunk, &mut made, on_stop)?,
            }
        }
        Ok(made)
    }

    fn one_by_one(
        &self,
        rows: &[Vec<Value>],
        made: &mut Vec<Result<Vec<Value>, String>>,
        on_stop: OnStop,
    ) -> Result<()> {
        for row in rows {
            match self.some(std::slice::from_ref(row)) {
                Ok(rows) => made.extend(rows.into_iter().map(|row| self.accept(row))),
                Err(stop) => made.push(Err(self.reason(stop, on_stop)?)),
            }
        }
        Ok(())
    }

    /// What is made of each of these rows, if it can be had of all.
    fn some(&self, rows: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, Stop> {
        let column = |i| {
            rows.iter()
                .map(move |row: &Vec<Value>| row.get(i).cloned().unwrap_or(Value::Null))
        };
        let columns = (0..self.function.takes.len()).map(|i| column(i).collect());
        let columns: Vec<Vec<Value>> = columns.collect();
        let mut none = |_: &Lookup| Err("only extractors look up in datasets".to_owned());
        let made = self.call(&columns, rows.len(), &mut none)?;
        let mut made: Vec<_> = made.into_iter().map(Vec::into_iter).collect();
        let rows = (0..rows.len()).map(|_| made.iter_mut().filter_map(Iterator::next).collect());
        Ok(rows.collect())
    }

    /// The values, if they are within what their types allow.
    fn accept(&self, row: Vec<Value>) -> Result<Vec<Value>, String> {
        let makes = self.function.makes.iter();
        let accepted = row.into_iter().zip(makes).map(|(value, (name, shape))| {
            shape
                .accept(value)
                .map_err(|mismatch| format!("`{}` made `{name}`: {mismatch}", self.function.name))
        });
        accepted.collect()
    }

    /// Why a row has no values.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] where that isn't the row's fault.
    fn reason(&self, stop: Stop, on_stop: OnStop) -> Result<String> {
        let told = |what| format!("`{}` {what}", self.function.name);
        match (stop, on_stop) {
            (Stop::Unavailable(what), _) => Err(Error::Python(what)),
            (Stop::Stopped(what), OnStop::Fail) => Err(Error::Python(told(what))),
            (Stop::Raised(what) | Stop::Stopped(what), _) => Ok(told(what)),
        }
    }
}
