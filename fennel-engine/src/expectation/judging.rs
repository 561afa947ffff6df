//! The thread that judges rows, and what it works on.
//!
//! Counts are written together with how far the log is judged, once a second at most, so that no fsync of theirs stands
//! between one request and the next. What isn't written yet is told from memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration as StdDuration, Instant};

use fennel_core::time::{Duration, Timestamp};

use super::record::{self, Counts, Record, Window};
use super::suite::{Judged, Suites};
use crate::error::Result;
use crate::ingest::rows_of;
use crate::kernel::Changes;
use crate::state::{Applied, State};
use crate::store::{Batch, Store};
use crate::table::{Said, Table, TableId, encode_values};

/// How results are cut and kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How long a window is.
    pub(crate) window: Duration,
    /// How many windows of a dataset are kept.
    pub(crate) windows: u32,
}

/// The most rows of the log that are judged in one go.
const PART: u64 = 10_000;
/// The most bytes of rows of pipelines that wait to be judged; beyond that they are skipped.
const WAITING_BYTES: usize = 64 << 20;
/// How long counts stay in memory, at most.
const UNWRITTEN: StdDuration = StdDuration::from_secs(1);
/// How long whoever asks for results waits for the rows that came before.
const PATIENCE: StdDuration = StdDuration::from_secs(2);

/// Judges the rows of datasets with expectations. Dropping it writes what is counted.
#[derive(Debug)]
pub(crate) struct Judging {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    settings: Settings,
    desk: Mutex<Desk>,
    /// Told when there is something to do.
    work: Condvar,
    /// Told when something was done.
    done: Condvar,
}

/// What is to be judged and what came of it.
#[derive(Debug, Default)]
struct Desk {
    suites: Arc<Suites>,
    /// How many rows of the log are durable.
    logged: u64,
    /// How many of them are judged.
    judged: u64,
    /// How many of them are judged as it is written.
    kept: Option<u64>,
    /// Rows that pipelines wrote.
    handed: Vec<Handed>,
    handed_bytes: usize,
    /// Whether the thread is judging or writing.
    is_busy: bool,
    is_writing: bool,
    is_over: bool,
    /// The latest record of each table, and all that aren't written.
    records: BTreeMap<(TableId, Window), Record>,
    unwritten: BTreeSet<(TableId, Window)>,
    /// What rows came to since the engine was opened.
    totals: BTreeMap<(TableId, u64), Counts>,
}

/// Rows that a pass wrote to a table.
#[derive(Debug)]
struct Handed {
    table: TableId,
    at: Timestamp,
    rows: Vec<Judged>,
    bytes: usize,
}

/// What a window's rows came to.
type Found = BTreeMap<(TableId, Window), BTreeMap<u64, Counts>>;

impl Judging {
    /// Goes on behind the first `judged` rows of the log, of which there are `logged`.
    pub(crate) fn new(store: Store, settings: Settings, logged: u64, judged: Option<u64>) -> Self {
        let desk = Desk {
            logged,
            judged: judged.unwrap_or(logged).min(logged),
            kept: judged,
            ..Desk::default()
        };
        let shared = Shared {
            store,
            settings,
            desk: Mutex::new(desk),
            work: Condvar::new(),
            done: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
            thread: Mutex::default(),
        }
    }

    /// What is asked of rows.
    pub(crate) fn suites(&self) -> Arc<Suites> {
        Arc::clone(&self.shared.desk().suites)
    }

    /// Asks something else from now on. Called while nobody logs.
    pub(crate) fn ask(&self, suites: Suites) {
        let shared = &self.shared;
        // What is counted may be of a table that is about to go, or of a question that is asked no more.
        shared.write();
        let mut desk = shared.still();
        let (was, is) = (desk.suites.is_empty(), suites.is_empty());
        desk.records.retain(|(table, _), _| suites.asks(*table));
        desk.unwritten.retain(|(table, _)| suites.asks(*table));
        desk.totals.retain(|(table, _), _| suites.asks(*table));
        desk.handed.retain(|handed| suites.asks(handed.table));
        desk.handed_bytes = desk.handed.iter().map(|handed| handed.bytes).sum();
        desk.suites = Arc::new(suites);
        if was && !is {
            desk.judged = desk.judged.max(desk.logged);
        }
        drop(desk);
        if is && !was {
            let mut batch = Batch::new();
            record::put_judged(&mut batch, None);
            // If this is lost, so is the commit that it goes with.
            let _ = shared.store.write(batch);
        }
        if !is {
            self.start();
        }
    }

    /// Asks on after an open.
    pub(crate) fn resume(&self, suites: Suites) {
        let is_empty = suites.is_empty();
        self.shared.desk().suites = Arc::new(suites);
        if !is_empty {
            self.start();
        }
    }

    /// Notes that the first `end` rows of the log are durable.
    pub(crate) fn logged(&self, end: u64) {
        let mut desk = self.shared.desk();
        desk.logged = desk.logged.max(end);
        if desk.suites.feeds().is_empty() {
            desk.judged = desk.logged;
        } else {
            self.shared.work.notify_one();
        }
    }

    /// Takes the rows that a pass wrote to a table. What only holds for another time than before is no new row.
    pub(crate) fn hand(&self, table: &Table, changes: &Changes, at: Timestamp) {
        let gone: BTreeSet<_> = changes
            .removed
            .iter()
            .map(|row| (row.time, encode_values(row.values.iter())))
            .collect();
        let mut bytes = 0;
        let mut rows = Vec::new();
        for row in &changes.added {
            let encoded = encode_values(row.values.iter());
            bytes += encoded.len() + size_of::<Judged>();
            if !gone.contains(&(row.time, encoded)) {
                rows.push(Judged {
                    sequence: u64::MAX,
                    time: row.time,
                    values: row.values.clone(),
                });
            }
        }
        if rows.is_empty() {
            return;
        }
        let mut desk = self.shared.desk();
        if desk.handed_bytes.saturating_add(bytes) > WAITING_BYTES {
            let window = self.shared.window(at);
            let skipped = rows.len() as u64;
            self.shared.skip(&mut desk, (table.id, window), skipped);
        } else {
            desk.handed_bytes += bytes;
            let table = table.id;
            desk.handed.push(Handed {
                table,
                at,
                rows,
                bytes,
            });
        }
        self.shared.work.notify_one();
    }

    /// Waits a moment for the rows that there are, and tells how many wait on.
    pub(super) fn settle(&self) -> u64 {
        let begun = Instant::now();
        let mut desk = self.shared.desk();
        let logged = desk.logged;
        loop {
            let handed: u64 = desk.handed.iter().map(|it| it.rows.len() as u64).sum();
            let waiting = logged.saturating_sub(desk.judged) + handed;
            let left = PATIENCE.saturating_sub(begun.elapsed());
            if (waiting == 0 && !desk.is_busy) || left.is_zero() {
                return waiting;
            }
            let waited = self.shared.done.wait_timeout(desk, left);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// All records of a table.
    pub(super) fn records(&self, table: TableId) -> Result<BTreeMap<Window, Record>> {
        let desk = self.shared.desk();
        let mut records = record::all(&self.shared.store.snapshot(), table)?;
        let mine = desk.records.iter().filter(|((id, _), _)| *id == table);
        records.extend(mine.map(|((_, window), record)| (*window, record.clone())));
        Ok(records)
    }

    /// What a table's rows came to by an expectation since the engine was opened, and in the window of `now`.
    pub(crate) fn numbers(&self, table: TableId, id: u64, now: Timestamp) -> Numbers {
        let desk = self.shared.desk();
        let total = desk.totals.get(&(table, id)).copied().unwrap_or_default();
        let record = desk.records.get(&(table, self.shared.window(now)));
        let window = record.and_then(|record| record.of.get(&id));
        Numbers {
            met: total.met(),
            unmet: total.unmet,
            window: window.copied().unwrap_or_default(),
        }
    }

    /// Judges what is there, writes what is counted and ends.
    pub(crate) fn finish(&self) {
        self.shared.desk().is_over = true;
        self.shared.work.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // After a panic the log is judged on by the next open.
            let _ = thread.join();
        }
    }

    fn start(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            self.shared.work.notify_one();
            return;
        }
        let shared = Arc::clone(&self.shared);
        let judge = thread::Builder::new().name("fennel-judge".into());
        // Without a thread rows wait, and the next commit or open starts one.
        *thread = judge.spawn(move || shared.run()).ok();
    }
}

impl Drop for Judging {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What an expectation comes to, for those who watch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) met: u64,
    pub(crate) unmet: u64,
    window: Counts,
}

impl Numbers {
    /// Whether it holds in the present window, and the share of rows that don't meet it.
    pub(crate) fn window(&self, mostly: f64) -> (bool, f64) {
        let about = self.window.rows.saturating_sub(self.window.left);
        let share = match about {
            0 => 0.0,
            about => self.window.unmet as f64 / about as f64,
        };
        (self.window.holds(mostly), share)
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The desk, while nobody writes what is counted.
    fn still(&self) -> MutexGuard<'_, Desk> {
        let mut desk = self.desk();
        while desk.is_writing {
            desk = self.done.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        desk
    }

    /// The window of an instant.
    fn window(&self, at: Timestamp) -> Window {
        let length = self.settings.window.micros().max(1);
        (at.micros().div_euclid(length) * length, length)
    }

    /// Judges and writes until it is over.
    fn run(&self) {
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
            let desk = self.desk();
            let is_stuck = !is_judged && desk.judged == begun;
            if is_over && (!desk.has_work() || is_stuck) {
                return;
            }
            if is_stuck {
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
        drop(desk);

        let mut found = Found::new();
        for handed in handed {
            let window = self.window(handed.at);
            note(&mut found, &suites, (handed.table, window), &handed.rows);
        }
        let read = self.judge_log(&suites, (from, until), &mut found);
        let mut desk = self.still();
        for (place, counts) in found {
            self.add(&mut desk, place, &counts);
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
        let state = State::new(self.store.snapshot(), applied);
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

    fn skip(&self, desk: &mut Desk, place: (TableId, Window), rows: u64) {
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
    fn write(&self) {
        let mut desk = self.still();
        let judged = (!desk.suites.feeds().is_empty()).then_some(desk.judged);
        if desk.unwritten.is_empty() && desk.kept == judged {
            return;
        }
        let mut batch = Batch::new();
        let snapshot = self.store.snapshot();
        let latest = desk.latest();
        for (table, window) in &desk.unwritten {
            let newest = latest.get(table).copied().unwrap_or(*window);
            let kept = i64::from(self.settings.windows.saturating_sub(1));
            let oldest = newest.0.saturating_sub(kept.saturating_mul(newest.1));
            if let Some(record) = desk.records.get(&(*table, *window))
                && window.0 >= oldest
            {
                record::put(&mut batch, *table, *window, record);
            }
            // Those that can't be found now are found with the next window.
            let _ = record::forget(&snapshot, *table, oldest, &mut batch);
        }
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
}

impl Desk {
    fn has_work(&self) -> bool {
        !self.handed.is_empty() || (self.judged < self.logged && !self.suites.feeds().is_empty())
    }

    /// The latest window of each table.
    fn latest(&self) -> BTreeMap<TableId, Window> {
        self.records.keys().copied().collect()
    }

    /// Notes that records are written, of which the latest of each table alone are needed on.
    fn forget(&mut self, written: &BTreeSet<(TableId, Window)>) {
        let latest = self.latest();
        self.unwritten.retain(|place| !written.contains(place));
        let is_latest = |(table, window): &(_, _)| latest.get(table) == Some(window);
        self.records
            .retain(|place, _| is_latest(place) || !written.contains(place));
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
