//! The thread that judges rows.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fennel_core::time::Timestamp;

use super::Settings;
use super::desk::Desk;
use crate::error::Result;
use crate::expectation::record::{self, Counts, Record, Window};
use crate::expectation::suite::{Judged, Suites};
use crate::ingest::rows_of;
use crate::state::{Applied, State};
use crate::store::{Batch, Snapshot, Store};
use crate::table::{Said, TableId};

/// The most rows of the log that are judged in one go.
const PART: u64 = 10_000;
/// How long counts stay in memory, at most.
const UNWRITTEN: Duration = Duration::from_secs(1);

/// What the thread shares with those who hand it rows and ask for results.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) desk: Mutex<Desk>,
    /// Told when there is something to do.
    pub(super) work: Condvar,
    /// Told when something was done.
    pub(super) done: Condvar,
}

/// What a window's rows came to.
type Found = BTreeMap<(TableId, Window), BTreeMap<u64, Counts>>;

impl Shared {
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The desk, while nobody writes what is counted.
    pub(super) fn still(&self) -> MutexGuard<'_, Desk> {
        let mut desk = self.desk();
        while desk.is_writing {
            desk = self.done.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        desk
    }

    /// The window of an instant.
    pub(super) fn window(&self, at: Timestamp) -> Window {
        let length = self.settings.window.micros().max(1);
        (at.micros().div_euclid(length) * length, length)
    }

    /// Judges and writes until it is over. Then it judges one part more, with all that was handed over, so that an end takes
    /// no longer for more rows of the log: they are judged after the next open.
    pub(super) fn run(&self) {
        let mut written = Instant::now();
        loop {
            let mut desk = self.desk();
            while !desk.has_work() && !desk.is_over {
                let due = UNWRITTEN.saturating_sub(written.elapsed());
                if desk.unwritten.is_empty() {
                    desk = self.work.wait(desk).unwrap_or_else(PoisonError::into_inner);
                } else if due.is_zero() {
                    break;
                } else {
                    let waited = self.work.wait_timeout(desk, due);
                    desk = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
            let is_over = desk.is_over;
            let begun = desk.judged;
            let is_judged = if desk.has_work() {
                self.judge(desk)
            } else {
                drop(desk);
                true
            };
            if written.elapsed() >= UNWRITTEN || is_over {
                self.write();
                written = Instant::now();
            }
            if is_over {
                return;
            }
            let desk = self.desk();
            if !is_judged && desk.judged == begun {
                // The disk can't be read; whoever logs next finds out, too.
                drop(self.work.wait_timeout(desk, UNWRITTEN));
            }
        }
    }

    /// Judges a part of what there is, and tells whether that could be read.
    fn judge(&self, mut desk: MutexGuard<'_, Desk>) -> bool {
        let suites = Arc::clone(&desk.suites);
        let handed = std::mem::take(&mut desk.handed);
        desk.handed_bytes = 0;
        let from = desk.judged;
        let until = desk.logged.min(from.saturating_add(PART));
        desk.is_busy = true;
        // Before anybody removes what a table that is replaced meanwhile has set aside.
        let snapshot = self.store.snapshot();
        drop(desk);

        let mut found = Found::new();
        for handed in handed {
            let window = self.window(handed.at);
            note(&mut found, &suites, (handed.table, window), &handed.rows);
        }
        let read = self.judge_log(snapshot, &suites, (from, until), &mut found);
        let mut desk = self.still();
        for ((table, window), counts) in found {
            let table = desk.now(table);
            self.add(&mut desk, (table, window), &counts);
        }
        if read.is_ok() {
            desk.judged = desk.judged.max(until);
        }
        desk.is_busy = false;
        self.done.notify_all();
        read.is_ok()
    }

    /// Judges rows of the log.
    fn judge_log(
        &self,
        snapshot: Snapshot,
        suites: &Suites,
        (from, until): (u64, u64),
        found: &mut Found,
    ) -> Result<()> {
        if from == until {
            return Ok(());
        }
        let applied = Applied {
            before: from,
            after: until,
        };
        let state = State::new(snapshot, applied);
        let mut rows: BTreeMap<(TableId, Window), Vec<Judged>> = BTreeMap::new();
        for (endpoint, feeds) in suites.feeds() {
            rows_of(
                &state,
                *endpoint,
                from..until,
                feeds,
                |sequence, feed, row| {
                    if row.said == Said::Is {
                        let place = (feed.table.id, self.window(row.arrival));
                        rows.entry(place).or_default().push(Judged {
                            sequence,
                            time: row.time,
                            values: row.values,
                        });
                    }
                },
            )?;
        }
        for (place, rows) in rows {
            note(found, suites, place, &rows);
        }
        Ok(())
    }

    /// Adds what rows came to.
    fn add(&self, desk: &mut Desk, place: (TableId, Window), counts: &BTreeMap<u64, Counts>) {
        // The table may have gone meanwhile.
        if !desk.suites.asks(place.0) {
            return;
        }
        for (id, counts) in counts {
            desk.totals.entry((place.0, *id)).or_default().add(counts);
        }
        let record = self.record(desk, place);
        for (id, counts) in counts {
            record.of.entry(*id).or_default().add(counts);
        }
    }

    pub(super) fn skip(&self, desk: &mut Desk, place: (TableId, Window), rows: u64) {
        self.record(desk, place).skipped += rows;
    }

    /// The record of a window, to be changed.
    fn record<'d>(&self, desk: &'d mut Desk, place: (TableId, Window)) -> &'d mut Record {
        desk.unwritten.insert(place);
        desk.records.entry(place).or_insert_with(|| {
            // What can't be read can't be written either, and the store tells so.
            let kept = record::get(&self.store.snapshot(), place.0, place.1);
            kept.ok().flatten().unwrap_or_default()
        })
    }

    /// Writes what is counted.
    pub(super) fn write(&self) {
        let mut desk = self.still();
        let judged = desk.told();
        if desk.unwritten.is_empty() && desk.kept == judged {
            return;
        }
        let mut batch = Batch::new();
        self.put(&desk, &self.store.snapshot(), &mut batch);
        record::put_judged(&mut batch, judged);
        let written = desk.unwritten.clone();
        desk.is_writing = true;
        drop(desk);
        let outcome = self.store.write(batch);
        let mut desk = self.desk();
        desk.is_writing = false;
        if outcome.is_ok() {
            desk.kept = judged;
            desk.forget(&written);
        }
        self.done.notify_all();
    }

    /// Puts what is counted and isn't written yet.
    pub(super) fn put(&self, desk: &Desk, snapshot: &Snapshot, batch: &mut Batch) {
        let latest = desk.latest();
        for (table, window) in &desk.unwritten {
            let newest = latest.get(table).copied().unwrap_or(*window);
            let kept = i64::from(self.settings.windows.saturating_sub(1));
            let oldest = newest.0.saturating_sub(kept.saturating_mul(newest.1));
            if let Some(record) = desk.records.get(&(*table, *window))
                && window.0 >= oldest
            {
                record::put(batch, *table, *window, record);
            }
            // Those that can't be found now are found with the next window.
            let _ = record::forget(snapshot, *table, oldest, batch);
        }
    }
}

/// Notes what rows of a table come to.
fn note(found: &mut Found, suites: &Suites, place: (TableId, Window), rows: &[Judged]) {
    let Some(suite) = suites.suite(place.0) else {
        return;
    };
    let of = found.entry(place).or_default();
    for (id, counts) in suite.judge(rows) {
        of.entry(id).or_default().add(&counts);
    }
}
