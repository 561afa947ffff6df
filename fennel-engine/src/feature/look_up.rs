//! Lookups of a query: all keys of one dataset together, each once.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use fennel_core::time::Timestamp;
use fennel_core::value::Value;

use super::{Evaluation, Instants};
use crate::error::{Error, FailedRow, Result};
use crate::graph::{Dataset, Extraction, FeatureId, Lookup, LookupId};
use crate::store::Snapshot;
use crate::table::{Selection, encode_values};

impl Evaluation<'_> {
    /// Looks up for each row what these features want, each a column of the dataset; and the whole of it, if functions
    /// take that.
    pub(super) fn look_up(
        &mut self,
        id: LookupId,
        features: &[(FeatureId, usize)],
        is_whole: bool,
    ) -> Result<()> {
        let lookup = self.graph.lookup(id);
        let dataset = self.graph.dataset(&lookup.dataset)?;
        dataset.check_index(self.at)?;
        let keys = lookup.keys.iter().map(|key| Rc::clone(self.column(*key)));
        let keys: Vec<_> = keys.collect();
        let mut asked = Asked::default();
        let (mut lens, mut failed) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            let key = keys.iter().filter_map(|column| column.get(row));
            if let Some(reason) = dataset.table.unknown_as_of(self.at.of(row)) {
                let what = String::new();
                failed.push(FailedRow { row, what, reason });
            } else if lookup.each {
                match self.ask_each(lookup, row, &key.collect::<Vec<_>>(), &mut asked) {
                    Ok(len) => lens.push(len),
                    Err(row) => failed.push(row),
                }
            } else {
                asked.ask(key.collect(), self.at.of(row));
            }
        }
        if !failed.is_empty() {
            return Err(Error::Rows(failed));
        }

        let columns = features.iter().map(|(_, column)| *column);
        let all = 0..if is_whole {
            dataset.table.columns.len()
        } else {
            0
        };
        let extractions = features.iter().map(|(id, _)| self.extraction(*id));
        let finder = Finder {
            snapshot: self.snapshot,
            dataset,
            selection: dataset.table.select(columns.chain(all)),
            extractions: extractions.collect(),
            is_whole,
            is_now: matches!(self.at, Instants::Now(_)),
        };
        let found = finder.find_each(&asked.keys)?;
        if !found.failures.is_empty() {
            let failed = asked.failed(&found.failures, &lens);
            let failed = failed
                .into_iter()
                .map(|(row, slot, reason)| match features.get(slot) {
                    Some((feature, _)) => self.failed(*feature, row, reason),
                    None => {
                        let column = dataset.table.columns.get(slot - features.len());
                        let column = column.map_or("", |column| &column.name);
                        let what = format!("dataset `{}`, `{column}`", lookup.dataset);
                        FailedRow { row, what, reason }
                    }
                });
            return Err(Error::Rows(failed.collect()));
        }
        for ((feature, _), column) in features.iter().zip(found.columns) {
            let values = asked.spread(column);
            let values = if lookup.each {
                lists(values, &lens)
            } else {
                values
            };
            self.give(*feature, values);
        }
        if is_whole {
            self.found.insert(id, Rc::new(asked.spread(found.wholes)));
        }
        Ok(())
    }

    /// Asks for each element of one row's lists of keys, and answers how many there are.
    fn ask_each<'k>(
        &self,
        lookup: &Lookup,
        row: usize,
        lists: &[&'k Value],
        asked: &mut Asked<'k>,
    ) -> Result<usize, FailedRow> {
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
            return Err(FailedRow {
                row,
                what: String::new(),
                reason: format!(
                    "`{}` lists {len} and `{}` lists {}; lists of keys that are looked up together are of one length",
                    name(0),
                    name(i),
                    lists.get(i).map_or(0, |list| list.len()),
                ),
            });
        }
        let at = self.at.of(row);
        for i in 0..len {
            let key = lists.iter().filter_map(|list| list.get(i));
            asked.ask(key.collect(), at);
        }
        Ok(len)
    }
}

/// Elements, regrouped to lists of these lengths.
fn lists(values: Vec<Value>, lens: &[usize]) -> Vec<Value> {
    let mut values = values.into_iter();
    let lists = lens.iter().map(|len| values.by_ref().take(*len).collect());
    lists.map(Value::List).collect()
}

/// Keys as of instants.
#[derive(Default)]
struct Asked<'k> {
    /// Those that are different.
    keys: Vec<(Vec<&'k Value>, Timestamp)>,
    known: HashMap<(Vec<u8>, Timestamp), usize>,
    /// For each that was asked for, which of the different ones it is.
    places: Vec<usize>,
}

impl<'k> Asked<'k> {
    fn ask(&mut self, key: Vec<&'k Value>, at: Timestamp) {
        let next = self.keys.len();
        let bytes = encode_values(key.iter().copied());
        let place = *self.known.entry((bytes, at)).or_insert(next);
        if place == next {
            self.keys.push((key, at));
        }
        self.places.push(place);
    }

    /// What was found of each different one, for all that were asked for.
    fn spread(&self, found: Vec<Value>) -> Vec<Value> {
        if self.keys.len() == self.places.len() {
            return found;
        }
        let places = self.places.iter();
        places.filter_map(|i| found.get(*i).cloned()).collect()
    }

    /// The rows that asked for what failed, each with the column and the reason that come first. Rows ask for as much as
    /// `lens` say, or once where it is empty.
    fn failed(
        &self,
        failures: &BTreeMap<(usize, usize), String>,
        lens: &[usize],
    ) -> Vec<(usize, usize, String)> {
        let counts = lens.iter().enumerate();
        let rows = counts.flat_map(|(row, len)| std::iter::repeat_n(row, *len));
        let rows: Vec<usize> = match lens.is_empty() {
            true => (0..self.places.len()).collect(),
            false => rows.collect(),
        };
        let mut failed: Vec<(usize, usize, String)> = Vec::new();
        for (row, place) in rows.into_iter().zip(&self.places) {
            let first = failures.range((*place, 0)..(*place + 1, 0)).next();
            if let Some(((_, slot), reason)) = first
                && failed.last().is_none_or(|(last, ..)| *last != row)
            {
                failed.push((row, *slot, reason.clone()));
            }
        }
        failed
    }
}

/// What was found of each key.
struct Found {
    /// By feature.
    columns: Vec<Vec<Value>>,
    /// The rows of the dataset as records of all its columns, and nulls.
    wholes: Vec<Value>,
    /// Why something can't be computed: which key, and which of the columns that features want, then of all.
    failures: BTreeMap<(usize, usize), String>,
}

/// Finds keys in one dataset.
struct Finder<'q> {
    snapshot: &'q Snapshot,
    dataset: &'q Dataset,
    /// The columns that features want, then all of them if the whole is wanted.
    selection: Selection,
    /// How each column that a feature wants becomes that feature.
    extractions: Vec<&'q Extraction>,
    is_whole: bool,
    /// Whether all keys are asked as of now.
    is_now: bool,
}

impl Finder<'_> {
    /// What each of `keys` has as of its instant.
    fn find_each(&self, keys: &[(Vec<&Value>, Timestamp)]) -> Result<Found> {
        let table = &self.dataset.table;
        let missing = table.missing(&self.selection);
        let columns = self.extractions.iter().zip(missing);
        let columns = columns
            .map(|(extraction, value)| vec![extraction.finish(value); keys.len()])
            .collect();
        let wholes = if self.is_whole { keys.len() } else { 0 };
        let mut found = Found {
            columns,
            wholes: vec![Value::Null; wholes],
            failures: BTreeMap::new(),
        };
        let key = |i: usize, to: &mut Vec<_>| {
            to.extend(keys.get(i).iter().flat_map(|(key, _)| key.iter().copied()));
        };
        let at = |i: usize| keys.get(i).map_or(Timestamp::MIN, |(_, at)| *at);
        let at = (at, self.is_now);
        table.find_each(self.snapshot, keys.len(), key, at, |i, key, version| {
            if version.is_none() {
                return Ok(());
            }
            let mut slots = found.columns.iter_mut().zip(&self.extractions);
            let (mut whole, mut count) = (Vec::new(), 0);
            table.read(&self.selection, key, version, |answer| {
                let value = answer.unwrap_or_else(|reason| {
                    found.failures.insert((i, count), reason);
                    Value::Null
                });
                count += 1;
                match slots.next() {
                    Some((column, extraction)) => {
                        if let Some(slot) = column.get_mut(i) {
                            *slot = extraction.finish(value);
                        }
                    }
                    None => whole.push(value),
                }
            })?;
            if let Some(slot) = found.wholes.get_mut(i) {
                *slot = Value::Record(whole);
            }
            Ok(())
        })?;
        Ok(found)
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
