//! Python functions. The engine runs none itself: whoever can is given to it as a [`Runner`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fennel_core::entity;
use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use crate::error::{Error, Result};

/// Somebody who runs Python functions, outside of this process.
///
/// A function makes the same of the same rows, always: its results are kept like those of any other step, and computed
/// again where rows change. Calls block, and come from many threads at once. A lookup is answered by the caller's
/// thread and needs no other function, so a runner that makes calls wait for each other can't come to a deadlock.
pub trait Runner: fmt::Debug + Send + Sync {
    /// Checks that code can be read, and that it has what is to be called. With `runs` it is run to see that.
    ///
    /// # Errors
    ///
    /// Why not.
    fn check(&self, code: &str, entry_point: &str, runs: bool) -> Result<(), Stop>;

    /// What a function makes of `rows` rows: of each of [`makes`](Function::makes) a column, as long as those that it
    /// is given, of values as the type says. `columns` are those of [`takes`](Function::takes).
    ///
    /// # Errors
    ///
    /// Why there is nothing.
    fn call(
        &self,
        function: &Function,
        columns: &[Vec<Value>],
        rows: usize,
        lookups: &mut Lookups<'_>,
    ) -> Result<Vec<Vec<Value>>, Stop>;
}

/// Answers a lookup of a function, or says why it can't be answered.
pub type Lookups<'a> = dyn FnMut(&Lookup) -> Result<LookedUp, String> + 'a;

/// Why a function made nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It failed, and would again: what it did, to be read behind its name.
    Raised(String),
    /// It was stopped, or ended by itself: how, to be read behind its name.
    Stopped(String),
    /// No function can be run now: why, and what to do.
    Unavailable(String),
}

/// A column's name and type.
pub type Typed = (String, Shape);

/// A function and how it is called.
#[derive(Debug)]
pub struct Function {
    /// A number that no other function of this process has.
    pub id: u64,
    /// What to call it in a message.
    pub name: String,
    /// What is run once to have it.
    pub code: String,
    /// The name by which `code` defines it.
    pub entry_point: String,
    /// What it is given, and what it answers with.
    pub kind: Kind,
    /// The columns that it is given.
    pub takes: Vec<Typed>,
    /// The columns that it makes.
    pub makes: Vec<Typed>,
    /// The datasets that it may look up in.
    pub datasets: Vec<Dataset>,
}

/// What a function is given, and what it answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The columns, the first being instants; a series, or a frame of features.
    Extract,
    /// A frame; those of its rows that are kept. What is made is one column of bools.
    Filter,
    /// A frame; the same with one column more.
    Assign,
    /// A frame; another one with as many rows.
    Transform,
}

/// A dataset that a function may look up in.
#[derive(Debug)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its key columns.
    pub keys: Vec<Typed>,
    /// All its columns.
    pub columns: Vec<Typed>,
}

/// A lookup that a function makes.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The dataset's name, one of [`datasets`](Function::datasets).
    pub dataset: String,
    /// The columns to answer, by name; all where there is none.
    pub fields: Vec<String>,
    /// Of each key column, in their order, the value for each row.
    pub keys: Vec<Vec<Value>>,
    /// The instant for each row.
    pub instants: Vec<Timestamp>,
}

/// What a lookup found.
#[derive(Clone, Debug)]
pub struct LookedUp {
    /// For each row, whether something was found.
    pub found: Vec<bool>,
    /// The columns, each with its name and the optional form of its type.
    pub columns: Vec<(String, Shape, Vec<Value>)>,
}

/// Who runs functions, if anybody does.
pub(crate) type RunBy<'r> = Option<&'r Arc<dyn Runner>>;

/// A function, and who runs it.
#[derive(Debug)]
pub(crate) struct Callable {
    pub(crate) function: Function,
    runner: Arc<dyn Runner>,
}

/// How many rows a step of a pipeline gives a function at once.
const ROWS: usize = 1000;

/// After so many rows in a row for which a function was stopped, it isn't called for the others that came with them:
/// each may take as long as a function may.
const STOPS: usize = 5;

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
        runner: RunBy<'_>,
    ) -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let runner = runner.ok_or_else(|| {
            format!("calls the Python function `{name}`; start the server with --python, so that it runs such")
        })?;
        let function = Function {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
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
    /// [`Error::Python`] if it can't be called at all now.
    pub(crate) fn each(&self, rows: &[Vec<Value>]) -> Result<Vec<Result<Vec<Value>, String>>> {
        let mut made = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS) {
            match self.some(chunk) {
                Ok(rows) => made.extend(rows.into_iter().map(|row| self.accept(row))),
                Err(stop) if chunk.len() == 1 => made.push(Err(self.reason(stop)?)),
                Err(_) => self.one_by_one(chunk, &mut made)?,
            }
        }
        Ok(made)
    }

    fn one_by_one(
        &self,
        rows: &[Vec<Value>],
        made: &mut Vec<Result<Vec<Value>, String>>,
    ) -> Result<()> {
        let mut stops = 0;
        for row in rows {
            if stops == STOPS {
                let name = &self.function.name;
                made.push(Err(format!(
                    "`{name}` wasn't called, since it was stopped for {STOPS} rows before this one"
                )));
                continue;
            }
            match self.some(std::slice::from_ref(row)) {
                Ok(rows) => {
                    stops = 0;
                    made.extend(rows.into_iter().map(|row| self.accept(row)));
                }
                Err(stop) => {
                    let stopped = matches!(stop, Stop::Stopped(_));
                    stops = if stopped { stops + 1 } else { 0 };
                    made.push(Err(self.reason(stop)?));
                }
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
    fn reason(&self, stop: Stop) -> Result<String> {
        match stop {
            Stop::Raised(what) | Stop::Stopped(what) => {
                Ok(format!("`{}` {what}", self.function.name))
            }
            Stop::Unavailable(what) => Err(Error::Python(what)),
        }
    }
}
