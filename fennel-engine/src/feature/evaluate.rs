//! Doing the steps of a plan, column by column.

use std::collections::HashMap;
use std::rc::Rc;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::plan::Step;
use crate::error::{Error, Result};
use crate::graph::{Dataset, Extraction, FeatureId, Graph, Lookup, LookupId};
use crate::store::Snapshot;
use crate::table::Selection;

/// The instant that each row is answered as of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instants<'q> {
    /// The same for every row, for it is now.
    Now(Timestamp),
    /// One per row.
    Each(&'q [Timestamp]),
}

impl Instants<'_> {
    pub(crate) fn of(&self, row: usize) -> Timestamp {
        match self {
            Instants::Now(now) => *now,
            Instants::Each(instants) => {
                *instants.get(row).expect("there is an instant for each row")
            }
        }
    }
}

/// The columns that are known so far.
pub(crate) struct Evaluation<'q> {
    pub(super) graph: &'q Graph,
    pub(super) snapshot: &'q Snapshot,
    pub(super) at: Instants<'q>,
    pub(super) rows: usize,
    columns: HashMap<FeatureId, Rc<Vec<Value>>>,
}

impl<'q> Evaluation<'q> {
    /// Begins with so many rows, and no columns.
    pub(crate) fn new(
        graph: &'q Graph,
        snapshot: &'q Snapshot,
        at: Instants<'q>,
        rows: usize,
    ) -> Self {
        Self {
            graph,
            snapshot,
            at,
            rows,
            columns: HashMap::new(),
        }
    }

    /// Adds the column of a feature.
    pub(crate) fn give(&mut self, feature: FeatureId, values: Vec<Value>) {
        self.columns.insert(feature, Rc::new(values));
    }

    /// The column of a feature that was given or computed.
    pub(crate) fn column(&self, feature: FeatureId) -> &Rc<Vec<Value>> {
        self.columns
            .get(&feature)
            .expect("a plan puts what a step needs before it")
    }

    /// Does one step.
    pub(crate) fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Alias { feature, of } => self.alias(*feature, *of),
            Step::Lookup { lookup, features } => return self.lookup(*lookup, features),
            Step::Compute {
                feature,
                computation,
            } => return self.compute(*feature, self.graph.computation(*computation)),
            Step::Call { function, given } => {
                return self.call(self.graph.function(*function), given);
            }
        }
        Ok(())
    }

    fn extraction(&self, feature: FeatureId) -> &'q Extraction {
        let extraction = self.graph.feature(feature).extraction.as_ref();
        extraction.expect("a plan's steps are for features that have an extraction")
    }

    fn alias(&mut self, feature: FeatureId, of: FeatureId) {
        let extraction = self.extraction(feature);
        let source = Rc::clone(self.column(of));
        let column = if extraction.keeps_values() {
            source
        } else {
            Rc::new(
                source
                    .iter()
                    .map(|value| extraction.finish(value.clone()))
                    .collect(),
            )
        };
        self.columns.insert(feature, column);
    }

    fn lookup(&mut self, lookup: LookupId, features: &[(FeatureId, usize)]) -> Result<()> {
        let lookup = self.graph.lookup(lookup);
        let dataset = self.graph.dataset(&lookup.dataset)?;
        dataset.check_index(self.at)?;
        let mut finder = Finder {
            snapshot: self.snapshot,
            dataset,
            selection: dataset
                .table
                .select(features.iter().map(|(_, column)| *column)),
            extractions: features
                .iter()
                .map(|(id, _)| self.extraction(*id))
                .collect(),
            buffer: Vec::new(),
        };
        let keys: Vec<_> = lookup
            .keys
            .iter()
            .map(|id| self.column(*id).as_slice())
            .collect();
        let mut columns: Vec<_> = features
            .iter()
            .map(|_| Vec::with_capacity(self.rows))
            .collect();
        let mut key = Vec::with_capacity(keys.len());
        for row in 0..self.rows {
            key.clear();
            key.extend(keys.iter().filter_map(|column| column.get(row)));
            if lookup.each {
                self.look_up_each(lookup, row, &key, &mut finder, &mut columns)?;
            } else {
                finder.find(&key, self.at.of(row), &mut columns)?;
            }
        }
        for ((feature, _), column) in features.iter().zip(columns) {
            self.give(*feature, column);
        }
        Ok(())
    }

    /// Looks up each element of one row's lists of keys.
    fn look_up_each(
        &self,
        lookup: &Lookup,
        row: usize,
        lists: &[&Value],
        finder: &mut Finder<'_>,
        columns: &mut [Vec<Value>],
    ) -> Result<()> {
        let lists = lists.iter().map(|list| match list {
            Value::List(elements) => elements.as_slice(),
            _ => &[],
        });
        let lists: Vec<&[Value]> = lists.collect();
        let len = lists.first().map_or(0, |list| list.len());
        if let Some(i) = lists.iter().position(|list| list.len() != len) {
            let name = |i: usize| {
                lookup
                    .keys
                    .get(i)
                    .map_or("", |id| &self.graph.feature(*id).name)
            };
            return Err(Error::Request(format!(
                "row {row}: `{}` lists {len} and `{}` lists {}; lists of keys that are looked up together are of one length",
                name(0),
                name(i),
                lists.get(i).map_or(0, |list| list.len()),
            )));
        }
        let mut found: Vec<_> = columns.iter().map(|_| Vec::with_capacity(len)).collect();
        let at = self.at.of(row);
        for i in 0..len {
            let key: Vec<_> = lists.iter().filter_map(|list| list.get(i)).collect();
            finder.find(&key, at, &mut found)?;
        }
        for (column, elements) in columns.iter_mut().zip(found) {
            column.push(Value::List(elements));
        }
        Ok(())
    }
}

/// Finds keys in one dataset, and the columns that features want of them.
struct Finder<'q> {
    snapshot: &'q Snapshot,
    dataset: &'q Dataset,
    selection: Selection,
    /// How each selected column becomes a feature.
    extractions: Vec<&'q Extraction>,
    buffer: Vec<u8>,
}

impl Finder<'_> {
    /// Appends to each of `columns` what a key has as of `at`.
    fn find(&mut self, key: &[&Value], at: Timestamp, columns: &mut [Vec<Value>]) -> Result<()> {
        let table = &self.dataset.table;
        let mut slots = columns.iter_mut().zip(&self.extractions);
        let mut give = |value| {
            if let Some((column, extraction)) = slots.next() {
                column.push(extraction.finish(value));
            }
        };
        match table.find(self.snapshot, key, at, &mut self.buffer)? {
            Some(found) => table.read(&self.selection, key, Some(&found), give),
            None => {
                table.missing(&self.selection).for_each(&mut give);
                Ok(())
            }
        }
    }
}

impl Extraction {
    /// Whether values stay as they are read.
    fn keeps_values(&self) -> bool {
        self.default.is_none() && matches!(self.align, crate::graph::Align::Same)
    }

    /// The feature's value for a value that was read.
    fn finish(&self, value: Value) -> Value {
        match (value, &self.default) {
            (Value::Null, Some(default)) => default.clone(),
            (value, _) => self.align.apply(value),
        }
    }
}

impl Dataset {
    /// Refuses lookups that the dataset has no index for.
    pub(crate) fn check_index(&self, at: Instants<'_>) -> Result<()> {
        let (indexed, kind, when) = match at {
            Instants::Now(_) => (self.index.online, "online", "as of now"),
            Instants::Each(_) => (self.index.offline, "offline", "as of given instants"),
        };
        if indexed {
            return Ok(());
        }
        Err(Error::Request(format!(
            "dataset `{}` has no {kind} index, so it isn't looked up {when}; write `#[dataset(index)]` or `#[dataset({kind})]`",
            self.table.dataset
        )))
    }
}
