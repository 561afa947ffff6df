//! What is left of datasets whose older rows were removed, when others are made of them.

use std::collections::{BTreeMap, BTreeSet};

use fennel_core::plan::Partial;
use fennel_core::time::Timestamp;
use fennel_engine::{Engine, Error};

use crate::answers::{self, values};
use crate::graph::{Dataset, Graph};
use crate::logged::Logged;
use crate::oracle::{Content, Oracle, Row, Version};
use crate::value::V;

/// What had gone when datasets were made.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    /// The datasets that were made then.
    pub(crate) later: BTreeSet<String>,
    /// Those of which the commit said that they lack older rows.
    pub(crate) partial: BTreeSet<String>,
    /// The rows that had gone of others.
    gone: BTreeMap<String, Vec<Row>>,
    /// From when on datasets are whole; of others, nothing had gone.
    since: BTreeMap<String, i64>,
}

/// Where everything is there.
pub(crate) static NOTHING_GONE: Left = Left {
    later: BTreeSet::new(),
    partial: BTreeSet::new(),
    gone: BTreeMap::new(),
    since: BTreeMap::new(),
};

/// Earlier than all rows.
const LONG_AGO: i64 = 0;

impl Left {
    /// What an engine has on a branch of these datasets, once these rows have arrived.
    pub(crate) fn find(
        (engine, branch): (&Engine, &str),
        graph: &Graph,
        arrived: &[Logged],
    ) -> Result<Self, Error> {
        let mut left = NOTHING_GONE.clone();
        let oracle = Oracle::new(graph, arrived);
        let known = graph.facts().expect("nothing depends on what is open");
        for dataset in &graph.datasets {
            let (name, facts) = (&dataset.name, &known[&dataset.name]);
            if dataset.is_keyed() {
                let since = whole_since((engine, branch), dataset, &oracle)?;
                left.since.extend(since.map(|at| (name.clone(), at)));
            }
            // Of versions that are computed when they are read, none are there.
            if facts.terminal || !facts.timed {
                continue;
            }
            let contents = engine.inspect(branch, name, usize::MAX)?;
            let mut there = answers::typed_rows(&contents);
            let gone = answers::lacking(&mut there, oracle.versions(name), dataset);
            left.gone.insert(name.clone(), gone);
        }
        Ok(left)
    }

    /// Notes which datasets were made of it, and what the commit said of them.
    pub(crate) fn made(&mut self, later: BTreeSet<String>, partial: &[Partial]) {
        // Also in place of others of that name.
        self.gone.retain(|name, _| !later.contains(name));
        self.since.retain(|name, _| !later.contains(name));
        self.later = later;
        for Partial {
            dataset,
            whole_since,
        } in partial
        {
            let since = Timestamp::parse(whole_since).expect("an instant").micros();
            self.partial.insert(dataset.clone());
            self.since.insert(dataset.clone(), since);
        }
    }

    /// Whether nothing had gone.
    pub(crate) fn is_whole(&self) -> bool {
        self.since.is_empty() && self.gone.values().all(Vec::is_empty)
    }

    /// From when on a dataset is whole, if something had gone.
    pub(crate) fn since(&self, name: &str) -> Option<i64> {
        self.since.get(name).copied()
    }

    /// The rows that others are made of that were made later: of those with keys, such as ended when it is whole.
    pub(crate) fn taken(&self, name: &str, content: Content) -> Content {
        match content {
            Content::Table(table) => {
                let since = self.since(name).unwrap_or(i64::MIN);
                Content::Table(table.whole_since(since))
            }
            content => self.there(name, content),
        }
    }

    /// The rows that are there.
    pub(crate) fn there(&self, name: &str, mut content: Content) -> Content {
        for gone in self.gone.get(name).into_iter().flatten() {
            match &mut content {
                Content::Stream(rows) => {
                    let same = |row: &Row| row.at == gone.at && row.values == gone.values;
                    if let Some(i) = rows.iter().position(same) {
                        rows.remove(i);
                    }
                }
                Content::Table(table) => {
                    let same = |version: &Version| {
                        version.at == gone.at && version.row.as_ref() == Some(&gone.values)
                    };
                    let keys = table.0.values_mut();
                    keys.for_each(|versions| versions.retain(|version| !same(version)));
                }
                Content::Live(_) => {}
            }
        }
        content
    }
}

/// From when on a dataset says that it is whole, if something has gone.
fn whole_since(
    (engine, branch): (&Engine, &str),
    dataset: &Dataset,
    oracle: &Oracle<'_>,
) -> Result<Option<i64>, Error> {
    let Some(key) = oracle.keys(&dataset.name).into_iter().next() else {
        return Ok(None);
    };
    let names = dataset.columns.keys.iter().map(|key| &key.name);
    let key = values(names.zip(&key));
    let at = V::Time(LONG_AGO).to_json().into();
    match engine.lookup(branch, &dataset.name, vec![key], &[], Some(vec![at])) {
        Err(Error::Request(told)) => {
            let since = told.split("of what was before ").nth(1);
            let since = since.and_then(|since| since.split(' ').next());
            let since = since.unwrap_or_else(|| panic!("no instant is told: {told}"));
            Ok(Some(Timestamp::parse(since).expect("an instant").micros()))
        }
        found => found.map(|_| None),
    }
}
