//! Keeping rows as they are served.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_64;

use super::epoch::{Epoch, Epochs};
use super::key::{prefix, workflows};
use super::row;
use crate::error::Result;
use crate::graph::Graph;
use crate::ingest::unit;
use crate::query::Purpose;
use crate::store::{Batch, Space};
use crate::table::key::ordered;
use crate::{Columns, Engine, Error, Query};

/// How a query's rows are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Keep {
    /// The label that they are kept under: 1 to 200 characters, none of them a control character.
    pub workflow: String,
    /// The part of the rows that is kept, 0 to 1. A row is decided by the workflow, its inputs and the instant at which it is
    /// served, and by nothing else.
    pub sampling_rate: f64,
}

impl Default for Keep {
    /// All rows, as those of the workflow `default`.
    fn default() -> Self {
        Self {
            workflow: "default".into(),
            sampling_rate: 1.0,
        }
    }
}

/// The most characters of a workflow.
const WORKFLOW_CHARACTERS: usize = 200;
/// The most workflows of a branch.
const WORKFLOWS: usize = 1_000;

/// What is kept track of while rows are kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How many rows were kept since the open.
    count: AtomicU64,
    /// Held by whoever gives a branch one more workflow, so that their number is right.
    naming: Mutex<()>,
    /// What is erased meanwhile.
    pub(crate) epochs: Epochs,
}

/// What a query that keeps its rows begins with.
struct Begun {
    epoch: Arc<Epoch>,
    /// How many branches had been deleted.
    deleted: u64,
    now: Timestamp,
}

impl Engine {
    /// Answers as [`query`](Engine::query) does, and keeps what it answers, which is durable when the call returns. Rows that
    /// are older than [`Options::served_kept`](crate::Options::served_kept) go, some with each call. A branch has rows of
    /// at most 1,000 workflows.
    ///
    /// # Errors
    ///
    /// As [`query`](Engine::query), [`Error::Request`] for a workflow or a rate that can't be one and for a workflow too many,
    /// and [`Error::Store`] if the rows can't be written.
    pub fn query_and_keep(
        &self,
        branch: &str,
        query: &Query,
        keep: &Keep,
    ) -> Result<Columns, Error> {
        keep.check()?;
        let now = self.inner.clock.now();
        loop {
            let begun = self.begin_to_serve(now);
            let (graph, answer) = self.ask(branch, query, now, Purpose::Online)?;
            if self.keep((branch, &begun), (query, keep), (&graph, &answer))? {
                return Ok(answer);
            }
        }
    }

    fn begin_to_serve(&self, now: Timestamp) -> Begun {
        Begun {
            epoch: self.inner.served.epochs.current(),
            deleted: self.inner.branches.deleted(),
            now,
        }
    }

    /// Keeps an answer of a branch but for rows that name what was erased meanwhile. It doesn't where more branches were
    /// deleted than were when it was asked: it may be another one of that name by now.
    fn keep(
        &self,
        (branch, begun): (&str, &Begun),
        (query, keep): (&Query, &Keep),
        (graph, answer): (&Graph, &Columns),
    ) -> Result<bool> {
        let now = begun.now;
        let inner = &*self.inner;
        let prefix = prefix(branch, &keep.workflow);
        let mut rows = self.rows_to_keep(&prefix, (query, keep), (graph, answer), now)?;
        // Whoever deletes a branch or erases rows waits until this is written, and removes it then.
        let _nobody_removes = inner.routes.read().unwrap_or_else(PoisonError::into_inner);
        if inner.branches.deleted() != begun.deleted {
            return Ok(false);
        }
        for named in begun.epoch.erased() {
            let named = named.of(graph);
            let mut kept = Vec::with_capacity(rows.len());
            for (key, value) in rows {
                let place = key.get(prefix.len()..).unwrap_or_default();
                if !named.has(&row(place, &value)?) {
                    kept.push((key, value));
                }
            }
            rows = kept;
        }
        let is_new = !rows.is_empty()
            && inner
                .store
                .scan_prefix(Space::Log, &prefix)
                .next()
                .is_none();
        let _naming = is_new.then(|| {
            let naming = &inner.served.naming;
            naming.lock().unwrap_or_else(PoisonError::into_inner)
        });
        if is_new && workflows(&inner.store.snapshot(), branch)?.len() >= WORKFLOWS {
            return Err(Error::Request(format!(
                "branch `{branch}` has logged features of {WORKFLOWS} workflows, which are the most; log under one of their names"
            )));
        }
        let mut batch = Batch::new();
        for (key, value) in rows {
            batch.put(Space::Log, key, value);
        }
        self.forget(&mut batch, &prefix, now)?;
        inner.store.write(batch)?;
        Ok(true)
    }

    /// The rows that are kept of an answer, as they are in the store.
    fn rows_to_keep(
        &self,
        prefix: &[u8],
        (query, keep): (&Query, &Keep),
        (graph, answer): (&Graph, &Columns),
        now: Timestamp,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut rows = Vec::new();
        let mut given: Vec<(&str, &Shape, Vec<Value>)> = Vec::new();
        for name in &query.inputs {
            let shape = &graph.feature(graph.find(name)?).shape;
            given.push((name, shape, query.column(name, shape)?));
        }
        given.sort_by_key(|(name, ..)| *name);
        given.dedup_by_key(|(name, ..)| *name);
        let workflow = Value::String(keep.workflow.clone());
        let served = Value::Timestamp(now);
        for i in 0..answer.rows() {
            let inputs = given.iter().filter_map(|(_, _, values)| values.get(i));
            let decides = [&workflow, &served].into_iter().chain(inputs);
            if unit(decides) >= keep.sampling_rate {
                continue;
            }
            let json = |name: &str, shape: &Shape, value: Option<&Value>| {
                let value = value.map_or(Json::Null, |value| shape.to_json(value));
                (name.to_owned(), value)
            };
            let inputs = given
                .iter()
                .map(|(name, shape, values)| json(name, shape, values.get(i)));
            let outputs = answer
                .0
                .iter()
                .map(|column| json(&column.name, &column.shape, column.values.get(i)));
            let (inputs, outputs): (Map<_, _>, Map<_, _>) = (inputs.collect(), outputs.collect());
            let at = query.at.as_ref().and_then(|at| at.get(i)).unwrap_or(&now);
            let value = (
                at.micros(),
                Json::Object(inputs).to_string(),
                Json::Object(outputs).to_string(),
            );
            let value =
                postcard::to_allocvec(&value).expect("rows are written to memory without fail");
            let number = self.inner.served.count.fetch_add(1, Ordering::Relaxed);
            let key = [
                prefix,
                &ordered(now.micros()),
                &number.to_be_bytes(),
                &xxh3_64(&value).to_be_bytes(),
            ];
            rows.push((key.concat(), value));
        }
        Ok(rows)
    }
}

impl Keep {
    fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.sampling_rate) {
            return Err(Error::Request(format!(
                "`sampling_rate` is {}; it is the part of the rows that is logged, from 0 to 1",
                self.sampling_rate
            )));
        }
        let characters = self.workflow.chars().count();
        if !(1..=WORKFLOW_CHARACTERS).contains(&characters)
            || self.workflow.chars().any(char::is_control)
        {
            return Err(Error::Request(format!(
                "`workflow` is the name that logged features are kept under: 1 to {WORKFLOW_CHARACTERS} characters, and no control characters"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ManualClock;
    use crate::store::Store;

    #[test]
    fn an_answer_of_a_deleted_branch_is_not_kept_by_the_next_one_of_its_name() {
        let now = Timestamp::from_micros(0).unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let engine = Engine::open(Store::in_memory(), clock).unwrap();
        engine.init_branch("dev").unwrap();
        let (graph, _) = engine.view("dev").unwrap();
        let answer = Columns(vec![crate::Column {
            name: "Fs.f".into(),
            shape: Shape::Int,
            values: vec![Value::Int(7)],
        }]);
        let of = (&Query::default(), &Keep::default());
        let keep = |begun: &Begun| engine.keep(("dev", begun), of, (&graph, &answer));
        let begun = engine.begin_to_serve(now);
        assert!(keep(&begun).unwrap());
        let rows = || {
            let prefix = super::super::of_branch("dev");
            engine.inner.store.scan_prefix(Space::Log, &prefix).count()
        };
        assert_eq!(rows(), 1);
        engine.delete_branch("dev").unwrap();
        engine.init_branch("dev").unwrap();
        assert!(!keep(&begun).unwrap());
        assert_eq!(rows(), 0);
        assert!(keep(&engine.begin_to_serve(now)).unwrap());
    }
}
