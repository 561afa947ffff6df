//! Feature queries: what is asked, and how it is answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};

use crate::feature::{Evaluation, Instants, Plan};
use crate::graph::{Feature, FeatureId, Graph};
use crate::{Column, Columns, Engine, Error, FailedRow};

/// What a feature query asks.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Features that are given, as `Featureset.feature`. Each needs its column in `data`, and wins over
    /// how it would be had.
    pub inputs: Vec<String>,
    /// Features to answer, as `Featureset.feature`, or `Featureset` for all that are not deleted.
    pub outputs: Vec<String>,
    /// One column of incoming values per input; all of one length. Others are passed over.
    pub data: BTreeMap<String, Vec<Value>>,
    /// The instant that each row is answered as of, one per row; `None` is now for every row.
    pub at: Option<Vec<Timestamp>>,
}

/// What features are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody waits for them.
    Online,
    /// They go into the output of an offline query.
    Offline,
}

/// How many values of a feature were answered.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    online: AtomicU64,
    offline: AtomicU64,
}

impl Answered {
    /// Those for a purpose.
    pub(crate) fn of(&self, purpose: Purpose) -> &AtomicU64 {
        match purpose {
            Purpose::Online => &self.online,
            Purpose::Offline => &self.offline,
        }
    }
}

impl Engine {
    /// Answers features of a branch: one column per output, in the order asked, featuresets expanded
    /// in declaration order, and a feature that is asked for twice once.
    ///
    /// All rows see one state of the store. Only what the outputs need is looked up.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch, featureset or feature that isn't there. [`Error::Request`] for an input without
    /// data, columns of unequal lengths, an output that the inputs don't lead to, and a dataset without the index that
    /// the query needs: an online one without `at`, an offline one with it. [`Error::Rows`] for rows with an input of
    /// another type, lists of keys of unequal lengths, an instant before what a dataset's history has kept, or without a
    /// value for a feature.
    pub fn query(&self, branch: &str, query: &Query) -> Result<Columns, Error> {
        let now = self.inner.clock.now();
        Ok(self.ask(branch, query, now, Purpose::Online)?.1)
    }

    /// Answers as [`query`](Engine::query) does, a part of an offline query: its values are counted as such.
    ///
    /// # Errors
    ///
    /// As [`query`](Engine::query).
    pub fn query_part(&self, branch: &str, query: &Query) -> Result<Columns, Error> {
        let now = self.inner.clock.now();
        Ok(self.ask(branch, query, now, Purpose::Offline)?.1)
    }

    /// Answers a query, and gives the definitions that it was answered by.
    pub(crate) fn ask(
        &self,
        branch: &str,
        query: &Query,
        now: Timestamp,
        purpose: Purpose,
    ) -> Result<(Arc<Graph>, Columns), Error> {
        let inner = &*self.inner;
        let (graph, snapshot, extracted) = inner.branches.read(branch, |branch| {
            let (graph, extracted) = (Arc::clone(&branch.graph), Arc::clone(&branch.extracted));
            (graph, inner.store.snapshot(), extracted)
        })?;
        let inputs = query
            .inputs
            .iter()
            .map(|name| graph.find(name))
            .collect::<Result<Vec<_>, _>>()?;
        let outputs = outputs(&graph, &query.outputs)?;
        let plan = Plan::new(&graph, &inputs, &outputs)?;
        let at = match &query.at {
            None => Instants::Now(now),
            Some(instants) => Instants::Each(instants),
        };
        let rows = query.rows()?;
        let mut evaluation = Evaluation::new(&graph, &snapshot, at, rows);
        for (input, name) in inputs.iter().zip(&query.inputs) {
            evaluation.give(*input, query.column(name, &graph.feature(*input).shape)?);
        }
        for step in &plan.steps {
            evaluation.step(step)?;
        }
        for output in &outputs {
            if let Some(answered) = extracted.get(*output) {
                answered
                    .of(purpose)
                    .fetch_add(rows as u64, Ordering::Relaxed);
            }
        }
        let columns = outputs.into_iter().map(|output| {
            let Feature { name, shape, .. } = graph.feature(output);
            let values = evaluation.column(output).to_vec();
            Column {
                name: name.clone(),
                shape: shape.clone(),
                values,
            }
        });
        let columns = Columns(columns.collect());
        drop(evaluation);
        Ok((graph, columns))
    }
}

impl Engine {
    /// Whether an answer of a query calls Python functions, which may take as long as a call of each may.
    ///
    /// # Errors
    ///
    /// As [`query`](Engine::query) for names, and for outputs that the inputs don't lead to.
    pub fn calls_python(&self, branch: &str, query: &Query) -> Result<bool, Error> {
        let branches = &self.inner.branches;
        let graph = branches.read(branch, |branch| Arc::clone(&branch.graph))?;
        let inputs = query.inputs.iter().map(|name| graph.find(name));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let outputs = outputs(&graph, &query.outputs)?;
        Ok(Plan::new(&graph, &inputs, &outputs)?.calls_python(&graph))
    }
}

impl Engine {
    /// The types of features of a branch, in the order of their names, which are `Featureset.feature` each.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch or feature that isn't there, [`Error::Request`] for what is no feature's name.
    pub fn feature_types(&self, branch: &str, features: &[String]) -> Result<Vec<Shape>, Error> {
        let (graph, _) = self.view(branch)?;
        let types = features
            .iter()
            .map(|name| Ok(graph.feature(graph.find(name)?).shape.clone()));
        types.collect()
    }
}

/// The features that names of features and featuresets stand for, each once.
fn outputs(graph: &Graph, names: &[String]) -> Result<Vec<FeatureId>, Error> {
    let mut outputs = Vec::with_capacity(names.len());
    let mut seen = vec![false; graph.feature_count()];
    let mut add = |id| {
        if let Some(seen) = seen.get_mut(id)
            && !std::mem::replace(seen, true)
        {
            outputs.push(id);
        }
    };
    for name in names {
        if name.contains('.') {
            add(graph.find(name)?);
        } else {
            graph.featureset(name)?.iter().copied().for_each(&mut add);
        }
    }
    Ok(outputs)
}

impl Query {
    /// How many rows are asked for.
    fn rows(&self) -> Result<usize, Error> {
        let columns = self.inputs.iter().map(|name| match self.data.get(name) {
            Some(column) => Ok((Some(name), column.len())),
            None => {
                let what = format!("input `{name}` has no data; send a column of that name");
                Err(Error::Request(what))
            }
        });
        let instants = self.at.iter().map(|at| Ok((None, at.len())));
        let mut columns = columns.chain(instants);
        let Some(first) = columns.next().transpose()? else {
            return Ok(0);
        };
        for other in columns {
            let other = other?;
            if other.1 != first.1 {
                let told = |(name, len): (Option<&String>, usize)| match name {
                    Some(name) => format!("{len} rows of input `{name}`"),
                    None => format!("{len} instants"),
                };
                let (first, other) = (told(first), told(other));
                return Err(Error::Request(format!(
                    "there are {first} and {other}; send as many of each"
                )));
            }
        }
        Ok(first.1)
    }

    /// The column of an input, as values of its type.
    pub(crate) fn column(&self, name: &str, shape: &Shape) -> Result<Vec<Value>, Error> {
        let values = self.data.get(name).into_iter().flatten();
        let (mut column, mut failed) = (Vec::with_capacity(values.size_hint().0), Vec::new());
        for (row, value) in values.enumerate() {
            match shape.accept(value.clone()) {
                Ok(value) => column.push(value),
                Err(mismatch) => failed.push(FailedRow {
                    row,
                    what: format!("input `{name}`"),
                    reason: mismatch.to_string(),
                }),
            }
        }
        match failed.is_empty() {
            true => Ok(column),
            false => Err(Error::Rows(failed)),
        }
    }
}
