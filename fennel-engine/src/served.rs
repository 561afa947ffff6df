//! Features that were served and are kept: for training, with what was asked and when.
//!
//! | key in [`Space::Log`](crate::store::Space::Log) | value |
//! |---|---|
//! | 255 four times, branch, 0, workflow, 0, when it was served, a number, a hash | the row's instant, its inputs and outputs as JSON, in postcard's encoding |
//!
//! No endpoint has that number. The number and the hash tell rows apart that were served in one microsecond. A row is on
//! the disk before the query is answered.

use std::ops::Bound;
use std::sync::atomic::Ordering;

use fennel_core::time::Timestamp;
use fennel_core::value::{Shape, Value};
use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::Result;
use crate::graph::Graph;
use crate::ingest::unit;
use crate::query::Purpose;
use crate::store::{Batch, Snapshot, Space};
use crate::table::key::{from_ordered, ordered};
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

/// Which rows that were served are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedRange {
    /// The workflow that they were kept under.
    pub workflow: String,
    /// Those served from then on.
    pub from: Option<Timestamp>,
    /// Those served before.
    pub to: Option<Timestamp>,
    /// Those behind this place: [`next`](ServedRows::next) of the rows before.
    pub after: Option<String>,
}

/// Rows that were served, the earliest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServedRows {
    /// The rows.
    pub rows: Vec<ServedRow>,
    /// Where to go on; `None` where there are no more.
    pub next: Option<String>,
}

/// A row that was served.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedRow {
    /// When it was served, by the engine's clock.
    pub served: Timestamp,
    /// The instant that it was answered as of.
    pub at: Timestamp,
    /// The features that were given, by name.
    pub inputs: Map<String, Json>,
    /// The features that were answered, by name.
    pub outputs: Map<String, Json>,
}

/// The most characters of a workflow.
const WORKFLOW_CHARACTERS: usize = 200;
/// The most rows that are forgotten with one query.
const FORGOTTEN: usize = 1_000;
/// What the place of a row has beside its workflow's.
const PLACE: usize = 24;

impl Engine {
    /// Answers as [`query`](Engine::query) does, and keeps what it answers, which is durable when the call returns. Rows that
    /// are older than [`Options::served_kept`](crate::Options::served_kept) go, some with each call.
    ///
    /// # Errors
    ///
    /// As [`query`](Engine::query), [`Error::Request`] for a workflow or a rate that can't be one, and [`Error::Store`] if the
    /// rows can't be written.
    pub fn query_and_keep(
        &self,
        branch: &str,
        query: &Query,
        keep: &Keep,
    ) -> Result<Columns, Error> {
        keep.check()?;
        let now = self.inner.clock.now();
        let (graph, answer) = self.ask(branch, query, now, Purpose::Online)?;
        let mut batch = Batch::new();
        let prefix = prefix(branch, &keep.workflow);
        self.put(&mut batch, &prefix, (query, keep), (&graph, &answer), now)?;
        self.forget(&mut batch, &prefix, now)?;
        self.inner.store.write(batch)?;
        Ok(answer)
    }

    /// Up to `n` rows of a branch that were served and kept.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there and a workflow that has no rows, [`Error::Request`] for a place that is
    /// none.
    pub fn served(&self, branch: &str, range: &ServedRange, n: usize) -> Result<ServedRows, Error> {
        let (_, snapshot) = self.view(branch)?;
        let prefix = prefix(branch, &range.workflow);
        if snapshot.scan_prefix(Space::Log, &prefix).next().is_none() {
            let known = workflows(&snapshot, branch)?;
            let known = known.iter().map(String::as_str);
            return Err(Error::unknown(
                "workflow with logged features",
                &range.workflow,
                known,
            ));
        }
        let at = |time: Timestamp| [&prefix[..], &ordered(time.micros())].concat();
        let from = range.from.map_or_else(|| prefix.clone(), at);
        let from = match range.after.as_deref().map(place).transpose()? {
            Some(place) => Bound::Excluded([&prefix[..], &place].concat().max(from)),
            None => Bound::Included(from),
        };
        let to = Bound::Excluded(range.to.map_or_else(|| end(&prefix), at));
        let mut found = ServedRows::default();
        let mut entries = snapshot.scan(Space::Log, (from, to));
        let mut last = Vec::new();
        for entry in entries.by_ref().take(n) {
            let (key, value) = entry?;
            last = key.get(prefix.len()..).unwrap_or_default().to_vec();
            found.rows.push(row(&last, &value)?);
        }
        if entries.next().is_some() && !last.is_empty() {
            found.next = Some(last.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        Ok(found)
    }

    fn put(
        &self,
        batch: &mut Batch,
        prefix: &[u8],
        (query, keep): (&Query, &Keep),
        (graph, answer): (&Graph, &Columns),
        now: Timestamp,
    ) -> Result<()> {
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
            let number = self.inner.served.fetch_add(1, Ordering::Relaxed);
            let key = [
                prefix,
                &ordered(now.micros()),
                &number.to_be_bytes(),
                &xxh3_64(&value).to_be_bytes(),
            ];
            batch.put(Space::Log, key.concat(), value);
        }
        Ok(())
    }

    /// Forgets some of the rows that are too old.
    fn forget(&self, batch: &mut Batch, prefix: &[u8], now: Timestamp) -> Result<()> {
        let kept = self.inner.served_kept.micros();
        let oldest = ordered(now.micros().saturating_sub(kept));
        let end = [prefix, &oldest].concat();
        let old = self.inner.store.scan(Space::Log, prefix.to_vec()..end);
        for entry in old.take(FORGOTTEN) {
            batch.delete(Space::Log, entry?.0);
        }
        Ok(())
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

/// What all rows of a branch begin with.
pub(crate) fn of_branch(branch: &str) -> Vec<u8> {
    [&[u8::MAX; 4][..], branch.as_bytes(), &[0]].concat()
}

fn prefix(branch: &str, workflow: &str) -> Vec<u8> {
    [&of_branch(branch)[..], workflow.as_bytes(), &[0]].concat()
}

/// What is behind all rows that begin so, which ends in 0.
fn end(prefix: &[u8]) -> Vec<u8> {
    let (_, name) = prefix.split_last().unwrap_or((&0, &[]));
    [name, &[1]].concat()
}

/// The workflows of a branch that have rows, each for one seek.
fn workflows(snapshot: &Snapshot, branch: &str) -> Result<Vec<String>> {
    let of_branch = of_branch(branch);
    let mut from = of_branch.clone();
    let mut found = Vec::new();
    while let Some((key, _)) = snapshot.first_at_or_after(Space::Log, &from, &of_branch)? {
        let name = key.get(of_branch.len()..).unwrap_or_default();
        let name: Vec<u8> = name.iter().copied().take_while(|byte| *byte != 0).collect();
        // Behind all rows of that name.
        from = [&of_branch[..], &name, &[1]].concat();
        found.push(String::from_utf8_lossy(&name).into_owned());
    }
    Ok(found)
}

/// The place that a text says.
fn place(text: &str) -> Result<Vec<u8>> {
    let wrong = || {
        let what = "`after` is no place in logged features; take `next` of the rows before";
        Error::Request(what.into())
    };
    if text.len() != 2 * PLACE || !text.is_ascii() {
        return Err(wrong());
    }
    let digits = (0..PLACE).map(|i| text.get(2 * i..2 * i + 2).unwrap_or_default());
    let bytes = digits.map(|digits| u8::from_str_radix(digits, 16));
    bytes.collect::<Result<_, _>>().map_err(|_| wrong())
}

fn row(place: &[u8], value: &[u8]) -> Result<ServedRow> {
    let read = || {
        let (time, _) = place.split_first_chunk::<8>()?;
        let (at, inputs, outputs): (i64, &str, &str) = postcard::from_bytes(value).ok()?;
        Some(ServedRow {
            served: Timestamp::from_micros(from_ordered(*time))?,
            at: Timestamp::from_micros(at)?,
            inputs: serde_json::from_str(inputs).ok()?,
            outputs: serde_json::from_str(outputs).ok()?,
        })
    };
    let corrupt =
        || Error::Corrupt("logged features can't be read; restore the store from a backup".into());
    read().ok_or_else(corrupt)
}
