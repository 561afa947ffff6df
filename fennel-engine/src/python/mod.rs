//! Python functions. The engine runs none itself: whoever can is given to it as a [`Runner`].

mod callable;
mod resting;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

pub(crate) use callable::Callable;
pub(crate) use resting::Resting;

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

/// What becomes of a row for which a function is stopped, which may go well another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// There is nothing for it, as if the function had failed.
    SetAside,
    /// There is nothing for any row.
    Fail,
}

/// A column's name and type.
pub type Typed = (String, Shape);

/// A function and how it is called.
#[derive(Debug)]
pub struct Function {
    /// A number that no other function of this process has.
    pub id: u64,
    /// Functions of one group may share what they change in Python, such as a module's settings: those of one commit's
    /// featuresets, or of one dataset.
    pub group: u64,
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

/// Who runs the functions of a group, if anybody does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunBy<'r> {
    pub(crate) runner: Option<&'r Arc<dyn Runner>>,
    group: u64,
}

impl<'r> RunBy<'r> {
    /// A group that no other function is of.
    pub(crate) fn new(runner: Option<&'r Arc<dyn Runner>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let group = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { runner, group }
    }
}
