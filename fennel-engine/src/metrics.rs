//! How a branch's sources, pipelines and features are doing, for those who watch them.
//!
//! Counters count from the start of the engine, or from the commit that brought what they are about. A scrape reads
//! atomics, and the locks that it takes are those that a row that is logged takes, for as short.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::graph::Graph;
use crate::query::Purpose;
use crate::{Engine, Error};

/// The numbers of one branch. Data that several branches share is told for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BranchMetrics {
    /// Every source of every dataset.
    pub sources: Vec<SourceMetrics>,
    /// Every dataset.
    pub datasets: Vec<DatasetMetrics>,
    /// Every pipeline.
    pub pipelines: Vec<PipelineMetrics>,
    /// Every expectation of every dataset.
    pub expectations: Vec<ExpectationMetrics>,
    /// Every feature that was answered since the branch's last commit.
    pub features: Vec<FeatureMetrics>,
}

/// A source of a dataset. Instants are microseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceMetrics {
    /// The dataset.
    pub dataset: String,
    /// `webhook/endpoint`, with `#2` and so on behind it for further sources of the dataset at the same endpoint.
    pub source: String,
    /// Whether rows are events of Debezium.
    pub is_debezium: bool,
    /// Rows that came, whatever became of them.
    pub rows: u64,
    /// Rows that were set aside since they don't fit the dataset.
    pub misfits: u64,
    /// Rows that were set aside since they came later than the disorder allows, or after the source had ended.
    pub late: u64,
    /// Rows of its endpoint that were removed from the log, since nothing can be made of them any more.
    pub forgotten: u64,
    /// Rows that wait for the disk.
    pub backlog: u64,
    /// The latest event time, no later than its arrival; `None` before the first row and after the end.
    pub latest: Option<i64>,
    /// Rows before this are late.
    pub watermark: Option<i64>,
}

/// What a dataset keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetMetrics {
    /// Its name.
    pub dataset: String,
    /// Rows that were removed since they are older than its history.
    pub removed: u64,
    /// From when on it answers, in microseconds since 1970; `None` where nothing has been removed.
    pub since: Option<i64>,
}

/// A pipeline of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineMetrics {
    /// The dataset that it fills.
    pub dataset: String,
    /// Its name.
    pub pipeline: String,
    /// Changed rows that came from its inputs, after it was filled by its commit.
    pub rows: u64,
    /// Rows that it could make nothing of.
    pub errors: u64,
    /// The latest event time among its rows, in microseconds since 1970.
    pub latest: Option<i64>,
    /// Rows of the log that are not applied to pipelines; the same for all, since they are applied together.
    pub backlog: u64,
}

/// An expectation of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationMetrics {
    /// The dataset.
    pub dataset: String,
    /// Its name, with `#2` and so on behind it for further ones of the name about the same columns.
    pub name: String,
    /// The columns that it is about, with commas between.
    pub columns: String,
    /// Rows that met it.
    pub met: u64,
    /// Rows that didn't.
    pub unmet: u64,
    /// Whether it holds in the present window.
    pub holds: bool,
    /// The share of the present window's rows that don't meet it, of those that it is about.
    pub share: f64,
}

/// A feature.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMetrics {
    /// `Featureset.feature`.
    pub name: String,
    /// Values that were answered to queries.
    pub online: u64,
    /// Values that were answered to offline queries.
    pub offline: u64,
}

impl Engine {
    /// How a branch's sources, pipelines and features are doing.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a branch that isn't there.
    pub fn metrics(&self, branch: &str) -> Result<BranchMetrics, Error> {
        let inner = &*self.inner;
        let (graph, extracted) = inner.branches.read(branch, |branch| {
            (Arc::clone(&branch.graph), Arc::clone(&branch.extracted))
        })?;
        let tables: BTreeSet<_> = graph.tables().collect();
        let features = extracted.iter().enumerate().filter_map(|(id, answered)| {
            let of = |purpose| answered.of(purpose).load(Ordering::Relaxed);
            let (online, offline) = (of(Purpose::Online), of(Purpose::Offline));
            let name = graph.feature(id).name.clone();
            (online > 0 || offline > 0).then_some(FeatureMetrics {
                name,
                online,
                offline,
            })
        });
        let datasets = graph.datasets().map(|dataset| {
            let retention = &dataset.table.retention;
            DatasetMetrics {
                dataset: dataset.table.dataset.clone(),
                removed: retention.removed(),
                since: Some(retention.since()).filter(|since| *since > i64::MIN),
            }
        });
        Ok(BranchMetrics {
            datasets: datasets.collect(),
            sources: self.sources(|table| tables.contains(&table)),
            pipelines: self.pipelines(|table| tables.contains(&table)),
            expectations: self.expected(&graph),
            features: features.collect(),
        })
    }

    fn sources(&self, is_wanted: impl Fn(u32) -> bool) -> Vec<SourceMetrics> {
        let routes = self.inner.routes.read();
        let routes = routes.unwrap_or_else(PoisonError::into_inner);
        let mut names: BTreeMap<(u32, String), u32> = BTreeMap::new();
        let feeds = routes.feeds().filter(|feed| is_wanted(feed.table.id));
        let sources = feeds.map(|feed| {
            let source = feed.source();
            let mut name = format!("{}/{}", source.webhook, source.endpoint);
            let seen = names.entry((feed.table.id, name.clone())).or_default();
            *seen += 1;
            if *seen > 1 {
                name = format!("{name}#{seen}");
            }
            let (tally, event_time) = (source.counters.tally(), source.event_time());
            SourceMetrics {
                dataset: feed.table.dataset.clone(),
                source: name,
                is_debezium: source.is_debezium,
                rows: tally.rows,
                misfits: tally.misfits,
                late: tally.late,
                forgotten: source.counters.forgotten(),
                backlog: source.counters.waiting(),
                latest: event_time.map(|(latest, _)| latest),
                watermark: event_time.map(|(_, watermark)| watermark),
            }
        });
        sources.collect()
    }

    fn expected(&self, graph: &Graph) -> Vec<ExpectationMetrics> {
        let now = self.inner.clock.now();
        let mut all = Vec::new();
        for dataset in graph.datasets() {
            let mut names: BTreeMap<(&str, String), u32> = BTreeMap::new();
            for expected in &dataset.expected {
                let columns = expected.judge.columns().join(",");
                let seen = names.entry((&expected.name, columns.clone())).or_default();
                *seen += 1;
                let name = match *seen {
                    1 => expected.name.clone(),
                    more => format!("{}#{more}", expected.name),
                };
                let table = dataset.table.id;
                let numbers = self.inner.judging.numbers(table, expected.id, now);
                let (holds, share) = numbers.window(expected.judge.mostly());
                all.push(ExpectationMetrics {
                    dataset: dataset.table.dataset.clone(),
                    name,
                    columns,
                    met: numbers.met,
                    unmet: numbers.unmet,
                    holds,
                    share,
                });
            }
        }
        all
    }

    fn pipelines(&self, is_wanted: impl Fn(u32) -> bool) -> Vec<PipelineMetrics> {
        let applier = &self.inner.applier;
        // In this order, so that what is applied meanwhile makes it no less than nothing.
        let applied = applier.applied();
        let logged = {
            let sequencer = self.inner.sequencer.lock();
            sequencer.unwrap_or_else(PoisonError::into_inner).len()
        };
        let live = applier.live();
        let wanted = live.derived().iter().filter(|table| is_wanted(table.id));
        let pipelines = wanted.filter_map(|table| {
            let flow = table.flow.as_ref()?;
            Some(PipelineMetrics {
                dataset: table.dataset.clone(),
                pipeline: flow.pipeline.clone(),
                rows: flow.met.rows(),
                errors: flow.met.errors(),
                latest: flow.met.latest(),
                backlog: logged.saturating_sub(applied),
            })
        });
        pipelines.collect()
    }
}
