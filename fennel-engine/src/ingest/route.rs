//! Which tables the rows of an endpoint go to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Incoming;
use super::applied::TakenRow;
use super::entry::{Arrival, EndpointId, Entry};
use super::memory::{self, Remembered};
use super::phase::Phase;
use super::source::{Changes, Fitting, Progress, Source, Taken};
use super::tally::Tally;
use super::watermark::{Mark, Seen};
use crate::error::{Error, Result};
use crate::meta;
use crate::python::OnStop;
use crate::reject;
use crate::state::State;
use crate::store::Batch;
use crate::table::{Table, TableId};

/// The endpoints that any branch has: by webhook, by name.
#[derive(Debug, Default)]
pub(crate) struct Routes(BTreeMap<String, BTreeMap<String, Route>>);

/// One endpoint, and what it feeds.
#[derive(Debug)]
pub(crate) struct Route {
    pub(super) endpoint: EndpointId,
    pub(super) feeds: Vec<Feed>,
}

/// A source of a table.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) table: Arc<Table>,
    /// The position among the table's sources.
    index: usize,
}

impl Routes {
    /// The routes to `tables`, whose endpoints have the numbers that `number` gives.
    pub(crate) fn new<'t>(
        tables: impl Iterator<Item = &'t Arc<Table>>,
        mut number: impl FnMut(&str, &str) -> EndpointId,
    ) -> Self {
        let mut routes = Self::default();
        for feed in tables.flat_map(Feed::all) {
            let Source {
                webhook, endpoint, ..
            } = feed.source();
            let endpoints = routes.0.entry(webhook.clone()).or_default();
            let route = endpoints.entry(endpoint.clone()).or_insert_with(|| Route {
                endpoint: number(webhook, endpoint),
                feeds: Vec::new(),
            });
            route.feeds.push(feed);
        }
        routes
    }

    /// The number of an endpoint.
    pub(crate) fn number(&self, webhook: &str, endpoint: &str) -> Option<EndpointId> {
        let route = self.0.get(webhook)?.get(endpoint)?;
        Some(route.endpoint)
    }

    /// All that endpoints feed.
    pub(crate) fn feeds(&self) -> impl Iterator<Item = &Feed> {
        let endpoints = self.0.values().flat_map(BTreeMap::values);
        endpoints.flat_map(|route| &route.feeds)
    }

    /// The route of an endpoint.
    pub(crate) fn find(&self, webhook: &str, endpoint: &str) -> Result<&Route> {
        let Some(endpoints) = self.0.get(webhook) else {
            return Err(Error::unknown(
                "webhook",
                webhook,
                self.0.keys().map(String::as_str),
            ));
        };
        endpoints.get(endpoint).ok_or_else(|| {
            let kind = format!("endpoint of webhook `{webhook}` called");
            Error::unknown(&kind, endpoint, endpoints.keys().map(String::as_str))
        })
    }
}

impl Route {
    /// What the endpoint feeds.
    pub(crate) fn feeds(&self) -> &[Feed] {
        &self.feeds
    }
}

impl Feed {
    /// All sources of a table.
    pub(crate) fn all(table: &Arc<Table>) -> impl Iterator<Item = Feed> + use<'_> {
        (0..table.sources.len()).map(|index| Feed {
            table: Arc::clone(table),
            index,
        })
    }

    pub(crate) fn source(&self) -> &Source {
        self.table
            .sources
            .get(self.index)
            .expect("a feed is made of a table's source")
    }

    /// The table, and the position among its sources.
    pub(crate) fn id(&self) -> (TableId, u32) {
        (self.table.id, self.index())
    }

    /// Whether it is the same source of the same table.
    pub(super) fn is(&self, other: &Feed) -> bool {
        Arc::ptr_eq(&self.table, &other.table) && self.index == other.index
    }

    /// The position among the table's sources.
    pub(crate) fn index(&self) -> u32 {
        self.index as u32
    }

    /// What becomes of each row here, except for when it arrives. Where a function is stopped, it is set aside.
    pub(super) fn take(&self, rows: &[&Incoming]) -> Result<Vec<Taken>> {
        self.source().take(&self.table, rows, OnStop::SetAside)
    }

    /// What becomes of each row of the log here, except for when it arrives, where this table is made anew in place of
    /// `before`: what functions made of a row is what they made of it then.
    ///
    /// # Errors
    ///
    /// [`Error::Python`] if a function is needed, since nothing is remembered of a row, and it can't be called or is
    /// stopped.
    pub(super) fn take_again(
        &self,
        state: &State,
        before: &Table,
        entries: &[Entry],
    ) -> Result<Vec<Taken>> {
        let rows: Vec<_> = entries.iter().map(|entry| &entry.row).collect();
        if !self.source().calls_python() {
            return self.take(&rows);
        }
        let known = entries.iter().map(|entry| {
            let place = (entry.sequence, self.index());
            let reason = || reject::reason(state.snapshot(), before.id, place);
            Ok(match memory::get(state, before, place)? {
                Some(Remembered::Said(changes)) => Some(self.source().taken(&self.table, changes)),
                Some(Remembered::Aside) => Some(Taken::Aside(reason()?.unwrap_or_else(|| {
                    "it was set aside when it came; the reason isn't kept any more".into()
                }))),
                // Builds before this one remember no more than what was taken.
                None => reason()?.map(Taken::Aside),
            })
        });
        let known: Vec<Option<Taken>> = known.collect::<Result<_>>()?;
        let unknown = rows.iter().zip(&known).filter(|(_, known)| known.is_none());
        let unknown: Vec<&Incoming> = unknown.map(|(row, _)| *row).collect();
        let asked = self.source().take(&self.table, &unknown, OnStop::Fail)?;
        let mut asked = asked.into_iter();
        let taken = known
            .into_iter()
            .filter_map(|it| it.or_else(|| asked.next()));
        Ok(taken.collect())
    }

    /// Whom each row of the log names by these key columns, as [`Source::named`] tells it of rows. Functions are asked for
    /// no more than isn't remembered.
    ///
    /// # Errors
    ///
    /// As [`Source::named`].
    pub(crate) fn named(
        &self,
        state: &State,
        columns: &[usize],
        entries: &[Entry],
    ) -> Result<Vec<Vec<Vec<u8>>>> {
        let (source, table) = (self.source(), &self.table);
        let rows: Vec<_> = entries.iter().map(|entry| &entry.row).collect();
        if source.made_by_python(table, Some(columns)).is_empty() {
            return source.named(table, columns, &rows);
        }
        let mut named = vec![Vec::new(); rows.len()];
        let mut unknown = Vec::new();
        for ((entry, named), i) in entries.iter().zip(&mut named).zip(0..) {
            let place = (entry.sequence, self.index());
            if let Some(Remembered::Said(changes)) = memory::get(state, table, place)? {
                let keys = changes.iter().flatten().map(|change| {
                    let key = columns.iter().filter_map(|i| change.values.get(*i));
                    Table::key_bytes(key)
                });
                named.extend(keys);
            }
            // Of an event with two images, one may say nothing.
            if named.len() < source.images(&entry.row) {
                unknown.push(i);
            }
        }
        let asked: Vec<_> = unknown
            .iter()
            .filter_map(|i| rows.get(*i).copied())
            .collect();
        let asked = source.named(table, columns, &asked)?;
        for (i, keys) in unknown.into_iter().zip(asked) {
            if let Some(named) = named.get_mut(i) {
                named.extend(keys);
            }
        }
        Ok(named)
    }

    /// What each row of the log says, as it was taken; nothing for one that wasn't, where that is remembered. What is
    /// computed again may be another thing only if a Python function has a say in it.
    pub(super) fn read(&self, state: &State, entries: &[Entry]) -> Result<Vec<Option<Changes>>> {
        if self.source().calls_python() {
            let remembered = entries.iter().map(|entry| {
                let place = (entry.sequence, self.index());
                Ok(match memory::get(state, &self.table, place)? {
                    Some(Remembered::Said(changes)) => Some(changes),
                    Some(Remembered::Aside) | None => None,
                })
            });
            return remembered.collect();
        }
        let rows: Vec<_> = entries.iter().map(|entry| &entry.row).collect();
        let read = self.source().read(&self.table, &rows, OnStop::SetAside)?;
        Ok(read.into_iter().map(Result::ok).collect())
    }

    /// What became of each row of the log here, except for when it arrived. A row that was set aside may be told to be
    /// left out.
    pub(super) fn taken(&self, state: &State, entries: &[Entry]) -> Result<Vec<Taken>> {
        let read = self.read(state, entries)?.into_iter();
        let taken = read.map(|changes| {
            changes.map_or(Taken::Left, |changes| {
                self.source().taken(&self.table, changes)
            })
        });
        Ok(taken.collect())
    }

    /// Forgets what was remembered of a row of the log.
    pub(super) fn forget(&self, batch: &mut Batch, sequence: u64) {
        if self.source().calls_python() {
            memory::delete(batch, &self.table, (sequence, self.index()));
        }
    }

    /// How far the source is.
    pub(super) fn progress(&self) -> Progress {
        Progress {
            phase: self.source().phase(),
            seen: self.source().seen(),
            tally: Tally::default(),
        }
    }

    /// Puts the phase that the source has once `batch` is durable, if it is another one.
    pub(super) fn put_phase(&self, phase: Phase, batch: &mut Batch) {
        if phase != self.source().phase() {
            meta::put_phase(batch, (self.table.id, self.index()), phase);
        }
    }

    /// Puts how far the source is once `batch` is durable, which has the rows before `until`, if it is farther than
    /// before. Nobody asks for less than `applied` rows any more.
    pub(super) fn put_mark(
        &self,
        seen: &Seen,
        (applied, until): (u64, u64),
        batch: &mut Batch,
    ) -> Option<Mark> {
        let (source, place) = (self.source(), (self.table.id, self.index()));
        let mark = seen.mark(source.seen().latest(), until)?;
        meta::put_mark(batch, place, mark);
        for old in source.trim(applied) {
            meta::delete_mark(batch, place, old);
        }
        Some(mark)
    }

    /// Writes what became of a row of the log, and returns the reason if it is set aside. `give` gets the rows that
    /// pipelines take.
    pub(super) fn settle(
        &self,
        progress: &mut Progress,
        mut taken: Taken,
        (sequence, arrival, row): (u64, Arrival, &Incoming),
        batch: &mut Batch,
        give: impl FnMut(TakenRow),
    ) -> Option<String> {
        let place = (sequence, self.index());
        if self.source().calls_python() {
            memory::put(batch, &self.table, place, memory::take(&mut taken));
        }
        match self.source().meet(progress, arrival, taken) {
            Taken::Row(taken) => {
                let made = taken.fitting.into_iter().flatten().filter_map(|it| {
                    let Fitting { entry, change } = it;
                    entry.put(batch, place.0, place.1);
                    TakenRow::new(&self.table, arrival.at, change)
                });
                made.for_each(give);
                None
            }
            Taken::Left => None,
            Taken::Aside(reason) => {
                reject::put(batch, self.table.id, place, arrival.at, &reason, row);
                Some(reason)
            }
        }
    }
}
