//! Judging rows beside what takes them in.
//!
//! Counts are written together with how far the log is judged, once a second at most, so that no fsync of theirs stands
//! between one request and the next. What isn't written yet is told from memory.
//!
//! | file | has |
//! |---|---|
//! | `desk` | what is to be judged and what came of it |
//! | `thread` | the thread that does it |

mod desk;
#[cfg(test)]
mod tests;
mod thread;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration as StdDuration, Instant};

use fennel_core::time::{Duration, Timestamp};

use super::record::{self, Counts, Record, Since, Window};
use super::suite::{Judged, Suites};
use crate::error::Result;
use crate::kernel::Changes;
use crate::store::{Batch, Store};
use crate::table::{Table, TableId, encode_values};
use desk::{Desk, Handed};
use thread::Shared;

/// How results are cut and kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How long a window is.
    pub(crate) window: Duration,
    /// How many windows of a dataset are kept.
    pub(crate) windows: u32,
}

/// The most bytes of rows of pipelines that wait to be judged; beyond that they are skipped.
const WAITING_BYTES: usize = 64 << 20;
/// How long whoever asks for results waits for the rows that came before.
const PATIENCE: StdDuration = StdDuration::from_secs(2);
/// How many wait so at once; others are told at once what there is, since who waits holds a thread.
const WAITERS: usize = 4;

/// Judges the rows of datasets with expectations. Dropping it writes what is counted.
#[derive(Debug)]
pub(crate) struct Judging {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

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

    /// Puts into the batch of a commit what is asked from then on, as `asked` tells by what was asked before, and what is
    /// counted by then. Tables that are replaced are so here, too: what came of their rows goes on with the others.
    /// Called while nobody logs. Nobody writes counts until that is made.
    pub(crate) fn ask(
        &self,
        replaced: &BTreeMap<TableId, TableId>,
        batch: &mut Batch,
        asked: impl FnOnce(&Since) -> Since,
    ) -> Result<Asking<'_>> {
        let shared = &self.shared;
        let mut desk = shared.still();
        let snapshot = shared.store.snapshot();
        shared.put(&desk, &snapshot, batch);
        for (table, to) in replaced {
            record::copy(&snapshot, *table, *to, batch)?;
        }
        for ((table, window), record) in &desk.records {
            if let Some(to) = replaced.get(table) {
                record::put(batch, *to, *window, record);
            }
        }
        let before = desk.suites.since();
        let now = |table: TableId| replaced.get(&table).copied().unwrap_or(table);
        let moved = before.iter();
        let moved = moved.map(|((table, id), sequence)| ((now(*table), *id), *sequence));
        let since = asked(&moved.collect());
        record::put_since(batch, &before, &since);
        let judged = (!since.is_empty()).then_some(desk.judged);
        record::put_judged(batch, judged);
        desk.is_writing = true;
        Ok(Asking {
            judging: self,
            replaced: replaced.clone(),
            since,
            judged,
            written: desk.unwritten.clone(),
        })
    }

    /// Asks on after an open.
    pub(crate) fn resume(&self, suites: Suites) {
        let is_empty = suites.is_empty();
        self.shared.desk().ask(suites);
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
        let mut bytes = 0;
        let mut rows = Vec::new();
        for row in &changes.added {
            bytes += encode_values(row.values.iter()).len() + size_of::<Judged>();
            rows.push(Judged {
                sequence: u64::MAX,
                time: row.time,
                values: row.values.clone(),
            });
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

    /// Waits a moment for the rows that there are, unless many do, and tells how many wait on.
    pub(super) fn settle(&self) -> u64 {
        self.settle_within(PATIENCE)
    }

    fn settle_within(&self, patience: StdDuration) -> u64 {
        let begun = Instant::now();
        let mut desk = self.shared.desk();
        let logged = desk.logged;
        let patience = match desk.waiters < WAITERS {
            true => patience,
            false => StdDuration::ZERO,
        };
        desk.waiters += 1;
        loop {
            let handed: u64 = desk.handed.iter().map(|it| it.rows.len() as u64).sum();
            let waiting = logged.saturating_sub(desk.judged) + handed;
            let left = patience.saturating_sub(begun.elapsed());
            if (waiting == 0 && !desk.is_busy) || left.is_zero() {
                desk.waiters -= 1;
                return waiting;
            }
            let waited = self.shared.done.wait_timeout(desk, left);
            desk = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// All records of a table.
    pub(super) fn records(&self, table: TableId) -> Result<BTreeMap<Window, Record>> {
        let desk = self.shared.desk();
        let table = desk.now(table);
        let mut records = record::all(&self.shared.store.snapshot(), table)?;
        let mine = desk.records.iter().filter(|((id, _), _)| *id == table);
        records.extend(mine.map(|((_, window), record)| (*window, record.clone())));
        Ok(records)
    }

    /// What a table's rows came to by an expectation since the engine was opened, and in the window of `now`.
    pub(crate) fn numbers(&self, table: TableId, id: u64, now: Timestamp) -> Numbers {
        let desk = self.shared.desk();
        let table = desk.now(table);
        let total = desk.totals.get(&(table, id)).copied().unwrap_or_default();
        let record = desk.records.get(&(table, self.shared.window(now)));
        let window = record.and_then(|record| record.of.get(&id));
        Numbers {
            met: total.met(),
            unmet: total.unmet,
            window: window.copied().unwrap_or_default(),
        }
    }

    /// Judges what was handed over and a part of what was logged, writes what is counted and ends. The rest of what was
    /// logged is judged after the next open.
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
        let judge = std::thread::Builder::new().name("fennel-judge".into());
        // Without a thread rows wait, and the next commit or open starts one.
        *thread = judge.spawn(move || shared.run()).ok();
    }
}

/// What is asked from now on, on its way to the disk.
#[derive(Debug)]
pub(crate) struct Asking<'j> {
    judging: &'j Judging,
    replaced: BTreeMap<TableId, TableId>,
    since: Since,
    judged: Option<u64>,
    /// The records that are in the batch.
    written: BTreeSet<(TableId, Window)>,
}

impl Asking<'_> {
    /// The batch is written.
    pub(crate) fn written(self) -> Self {
        let mut desk = self.judging.shared.desk();
        desk.kept = self.judged;
        desk.forget(&self.written);
        desk.replace(&self.replaced);
        drop(desk);
        self
    }

    /// Asks what `suites` makes of it from now on.
    pub(crate) fn made(self, suites: impl FnOnce(&Since) -> Suites) {
        let suites = suites(&self.since);
        let is_empty = suites.is_empty();
        self.judging.shared.desk().ask(suites);
        let judging = self.judging;
        drop(self);
        if !is_empty {
            judging.start();
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.judging.shared.desk().is_writing = false;
        self.judging.shared.done.notify_all();
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
