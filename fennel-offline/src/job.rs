//! One job: what is to be done next, and doing it.
//!
//! Workers ask each job for its next [`Task`]. One prepares it, then any number answer chunks side by side, of which one
//! at a time reads the next, and one puts the parts together.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::files::{Own, Seen, below, check_same};
use crate::folder::{Asked, End, Folder, Part, Plan};
use crate::objects::Objects;
use crate::output::Output;
use crate::read::{Placed, Rows, Source, check, count, zoned};
use crate::status::{Failure, State, Status, TOLD};
use crate::work::{self, wanted};
use crate::{Ask, Format, Input, Place, Request, places::Places, write};

pub(crate) struct Job {
    pub(crate) id: String,
    /// Counts jobs in the order in which they came.
    pub(crate) number: u64,
    pub(crate) request: Request,
    folder: Folder,
    inner: Mutex<Inner>,
    is_cancelled: AtomicBool,
}

/// What a job needs of where it runs.
pub(crate) struct Surroundings {
    pub(crate) ask: Arc<dyn Ask>,
    pub(crate) places: Places,
    pub(crate) clock: Arc<dyn fennel_engine::Clock>,
    pub(crate) is_closed: AtomicBool,
}

struct Inner {
    phase: Phase,
    progress: Progress,
}

enum Phase {
    New,
    /// A worker does what only one can do.
    Busy,
    Parts(Box<Parts>),
    /// Nothing comes any more, from this process at least.
    Over,
}

struct Parts {
    plan: Arc<Plan>,
    /// `None` while a worker reads.
    rows: Option<Rows>,
    is_read: bool,
    /// How many chunks are with workers.
    out: usize,
    /// The number of the next chunk.
    next: u64,
    /// The numbers of those that are finished, ascending by then, each with whether it has a file.
    finished: std::collections::BTreeMap<u64, bool>,
    failure: Option<Error>,
}

#[derive(Clone, Default)]
struct Progress {
    rows: Option<u64>,
    done: u64,
    failed: u64,
    failures: Vec<Failure>,
    ended: Option<End>,
}

/// What a worker can do for a job.
pub(crate) enum Task {
    Prepare,
    Part(Rows),
    End(Arc<Plan>, Result<Vec<u64>>),
}

impl Job {
    /// A job that is new, or that goes on.
    pub(crate) fn new(id: String, asked: Asked, folder: Folder) -> Job {
        Job {
            id,
            number: asked.number,
            request: asked.request,
            folder,
            inner: Mutex::new(Inner {
                phase: Phase::New,
                progress: Progress::default(),
            }),
            is_cancelled: AtomicBool::new(false),
        }
    }

    /// A job that has ended.
    pub(crate) fn ended(id: String, asked: Asked, folder: Folder, end: End) -> Job {
        let job = Job::new(id, asked, folder);
        {
            let mut inner = job.lock();
            inner.phase = Phase::Over;
            inner.progress = Progress {
                rows: end.rows,
                done: end.done,
                failed: end.failed,
                failures: end.failures.clone(),
                ended: Some(end),
            };
        }
        job
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn status(&self) -> Status {
        let inner = self.lock();
        let progress = inner.progress.clone();
        let ended = progress.ended;
        let state = match (&ended, &inner.phase) {
            (Some(end), _) => end.state,
            (None, Phase::New) => State::Pending,
            (None, _) => State::Running,
        };
        Status {
            id: self.id.clone(),
            state,
            submitter: self.request.submitter.clone(),
            branch: self.request.branch.clone(),
            outputs: self.request.outputs.clone(),
            output: self.request.output.clone(),
            workflow: self.request.workflow.clone(),
            rows: progress.rows,
            done: progress.done,
            failed: progress.failed,
            failures: progress.failures,
            error: ended.and_then(|end| end.error),
        }
    }

    /// When it ended, in microseconds since 1970.
    pub(crate) fn ended_at(&self) -> Option<i64> {
        self.lock().progress.ended.as_ref().map(|end| end.at)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().progress.ended.is_some()
    }

    /// Has it end as soon as may be: at once where no worker is at it. One that has ended stays as it is.
    pub(crate) fn cancel(&self, around: &Surroundings) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        let waits = {
            let phase = &mut self.lock().phase;
            let waits = matches!(phase, Phase::New);
            if waits {
                *phase = Phase::Busy;
            }
            waits
        };
        if waits {
            self.end(around, Err(Error::Stopped));
        }
    }

    /// What can be done next, if anything; whoever gets it does it.
    pub(crate) fn task(&self) -> Option<Task> {
        let mut inner = self.lock();
        let is_cancelled = self.is_cancelled.load(Ordering::Relaxed);
        match &mut inner.phase {
            Phase::New => {
                inner.phase = Phase::Busy;
                Some(Task::Prepare)
            }
            Phase::Busy | Phase::Over => None,
            Phase::Parts(parts) => {
                let stops = is_cancelled || parts.failure.is_some();
                if !parts.is_read && !stops {
                    let rows = parts.rows.take()?;
                    parts.out += 1;
                    return Some(Task::Part(rows));
                }
                if parts.out > 0 {
                    return None;
                }
                let failure = match is_cancelled {
                    true => Some(Error::Stopped),
                    false => parts.failure.take(),
                };
                let files = parts.finished.iter().filter(|(_, has_file)| **has_file);
                let files = files.map(|(number, _)| *number).collect();
                let plan = Arc::clone(&parts.plan);
                inner.phase = Phase::Busy;
                Some(Task::End(plan, failure.map_or(Ok(files), Err)))
            }
        }
    }

    /// Does a task. `notify` is called as soon as another worker may find one.
    pub(crate) fn run(&self, task: Task, around: &Surroundings, notify: &dyn Fn()) {
        match task {
            Task::Prepare => match self.prepare(around) {
                Ok(parts) => self.lock().phase = Phase::Parts(Box::new(parts)),
                Err(error) => self.end(around, Err(error)),
            },
            Task::Part(rows) => self.part(rows, around, notify),
            Task::End(plan, parts) => {
                let done = parts.and_then(|parts| self.publish(&plan, &parts, around));
                self.end(around, done);
            }
        }
    }

    /// What a worker that panicked leaves behind.
    pub(crate) fn panicked(&self, around: &Surroundings) {
        let error = "the server has a bug that this query ran into; its error output tells more";
        self.end(around, Err(Error::Failed(error.into())));
    }

    fn is_stopped(&self, around: &Surroundings) -> bool {
        self.is_cancelled.load(Ordering::Relaxed) || around.is_closed.load(Ordering::Relaxed)
    }

    /// Finds out what there is to do, or what is left of it.
    fn prepare(&self, around: &Surroundings) -> Result<Parts> {
        let is_stopped = || self.is_stopped(around);
        let (plan, files) = match self.folder.plan()? {
            Some(plan) => {
                let files = self.files(around, Some(&plan))?;
                check_same(&files, &plan.files)?;
                (plan, files)
            }
            None => {
                let files = self.files(around, None)?;
                let plan = self.plan(&files, around, &is_stopped)?;
                self.folder.set_plan(&plan)?;
                (plan, files)
            }
        };
        let finished = self.folder.parts()?;
        let mut inner = self.lock();
        inner.progress.rows = Some(plan.rows);
        finished.iter().for_each(|part| inner.progress.add(part));
        let numbers = finished.iter();
        let numbers = numbers.map(|part| (part.number, part.failed < part.rows));
        let format = self.format();
        let rows = Rows::new(files, format, wanted(&self.request), plan.chunk_rows);
        Ok(Parts {
            plan: Arc::new(plan),
            rows: Some(rows),
            is_read: false,
            out: 0,
            next: 0,
            finished: numbers.collect(),
            failure: None,
        })
    }

    fn format(&self) -> Format {
        match &self.request.input {
            Input::Frame => Format::Json,
            Input::Files(_, format) => format.clone(),
        }
    }

    /// The input files; those of a plan where there is one.
    fn files(&self, around: &Surroundings, plan: Option<&Plan>) -> Result<Vec<Arc<dyn Source>>> {
        match &self.request.input {
            Input::Frame => Ok(vec![Arc::new(Own {
                path: self.folder.frame(),
                name: "the request's rows".into(),
            })]),
            Input::Files(Place::Local(url), _) => below(&around.places.local(url)?),
            Input::Files(Place::S3(bucket), _) => {
                around.places.check_bucket(&bucket.name, &bucket.prefix)?;
                let names: Vec<String> = match plan {
                    Some(plan) => plan.files.iter().map(|file| file.name.clone()).collect(),
                    None => self.copy(&Objects::open(bucket)?, around)?,
                };
                let files = names.into_iter().enumerate().map(|(i, name)| {
                    let path = self.folder.input(i);
                    Arc::new(Own { path, name }) as Arc<dyn Source>
                });
                Ok(files.collect())
            }
        }
    }

    /// Copies objects to the job's folder, since they are read twice, and again after a restart; answers their names.
    fn copy(&self, objects: &Objects, around: &Surroundings) -> Result<Vec<String>> {
        let keys = objects.list()?;
        for (i, key) in keys.iter().enumerate() {
            let is_stopped = || self.is_stopped(around);
            self.folder.make(&self.folder.input(i), |file| {
                objects.copy(key, file, &self.folder, &is_stopped)
            })?;
        }
        Ok(keys.iter().map(|key| objects.shown(key)).collect())
    }

    fn plan(
        &self,
        files: &[Arc<dyn Source>],
        around: &Surroundings,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Plan> {
        let (format, wanted) = (self.format(), wanted(&self.request));
        match &self.request.output {
            Some(Place::Local(url)) => self.local(around, url)?.check()?,
            Some(Place::S3(bucket)) => Objects::open(bucket)?.check_output()?,
            None => {}
        }
        let (mut seen, mut rows, mut zone) = (Vec::new(), 0, None);
        for file in files {
            seen.push(Seen::of(&**file)?);
            check(&**file, &format, &wanted)?;
            if zone.is_none() {
                zone = zoned(&**file, &format, &wanted)?;
            }
            rows += count(&**file, &format, &wanted, is_stopped)?;
        }
        let empty = work::empty(&self.request, &*around.ask)?;
        Ok(Plan {
            files: seen,
            rows,
            zoned: zone,
            chunk_rows: work::chunk_rows(&empty),
            columns: write::columns(&empty, &self.request.timestamp_column),
        })
    }

    /// Reads a chunk and answers it.
    fn part(&self, mut rows: Rows, around: &Surroundings, notify: &dyn Fn()) {
        let read = rows.next();
        let found = self.with_parts(|parts| match read {
            Ok(Some(placed)) => {
                let number = parts.next;
                parts.next += 1;
                parts.rows = Some(rows);
                let is_finished = parts.finished.contains_key(&number);
                (!is_finished).then(|| (Arc::clone(&parts.plan), placed, number))
            }
            Ok(None) => {
                parts.is_read = true;
                None
            }
            Err(error) => {
                parts.failure.get_or_insert(error);
                None
            }
        });
        notify();
        let answered = found
            .flatten()
            .map(|(plan, placed, number)| self.answer(&plan, placed, number, around));
        let mut inner = self.lock();
        let Inner { phase, progress } = &mut *inner;
        let Phase::Parts(parts) = phase else {
            return;
        };
        parts.out -= 1;
        match answered {
            None => {}
            Some(Ok(part)) => {
                parts.finished.insert(part.number, part.failed < part.rows);
                progress.add(&part);
            }
            Some(Err(error)) => drop(parts.failure.get_or_insert(error)),
        }
    }

    fn answer(
        &self,
        plan: &Plan,
        placed: Placed,
        number: u64,
        around: &Surroundings,
    ) -> Result<Part> {
        let (ask, folder) = (&*around.ask, &self.folder);
        let part = work::part(&self.request, ask, folder, plan, placed, number)?;
        folder.add_part(&part)?;
        Ok(part)
    }

    fn with_parts<T>(&self, change: impl FnOnce(&mut Parts) -> T) -> Option<T> {
        match &mut self.lock().phase {
            Phase::Parts(parts) => Some(change(parts)),
            _ => None,
        }
    }

    /// Puts the parts together where the request says.
    fn publish(&self, plan: &Plan, parts: &[u64], around: &Surroundings) -> Result<()> {
        let empty = work::empty(&self.request, &*around.ask)?;
        let instants = &self.request.timestamp_column;
        if write::columns(&empty, instants) != plan.columns {
            return Err(work::changed(&self.request));
        }
        let parts = parts.iter().map(|number| self.folder.part(*number));
        let parts: Vec<PathBuf> = parts.collect();
        let is_stopped = || self.is_stopped(around);
        if !matches!(self.request.output, Some(Place::Local(_))) {
            let sizes = parts.iter();
            let sizes = sizes.map(|part| part.metadata().map_or(0, |it| it.len()));
            self.folder.check_room(sizes.sum())?;
        }
        let write =
            |file: &mut std::fs::File| write::together(file, &parts, &empty, instants, &is_stopped);
        match &self.request.output {
            None => self.folder.make(&self.folder.result(), write),
            Some(Place::Local(url)) => {
                let output = self.local(around, url)?;
                match output.is_published() {
                    true => Ok(()),
                    false => output.publish(write),
                }
            }
            Some(Place::S3(bucket)) => {
                around.places.check_bucket(&bucket.name, &bucket.prefix)?;
                let objects = Objects::open(bucket)?;
                if objects.is_published(&self.id)? {
                    return Ok(());
                }
                objects.check_output()?;
                let whole = self.folder.result();
                self.folder.make(&whole, write)?;
                objects.publish(&whole, &self.id, &is_stopped)
            }
        }
    }

    fn local(&self, around: &Surroundings, url: &str) -> Result<Output> {
        Output::new(&around.places, url, &self.id)
    }

    /// Notes how the job ended; one that is stopped by the server's end has not.
    fn end(&self, around: &Surroundings, done: Result<()>) {
        let is_cancelled = self.is_cancelled.load(Ordering::Relaxed);
        let (state, error) = match done {
            Ok(()) => (State::Completed, None),
            Err(Error::Stopped) if is_cancelled => (State::Cancelled, None),
            Err(Error::Stopped) => {
                self.lock().phase = Phase::Over;
                return;
            }
            Err(error) => (State::Failed, Some(error.to_string())),
        };
        let progress = self.lock().progress.clone();
        let end = End {
            state,
            error,
            at: around.clock.now().micros(),
            rows: progress.rows,
            done: progress.done,
            failed: progress.failed,
            failures: progress.failures,
        };
        let keeps = state == State::Completed && self.request.output.is_none();
        if self.folder.set_end(&end).is_err() {
            // Of a full disk, what is removed makes room.
            self.folder.clear(keeps);
            // If this fails too, the next start finds a job without an end, and begins anew or says what is missing.
            let _ = self.folder.set_end(&end);
        }
        if let Some(Place::Local(url)) = &self.request.output
            && let Ok(output) = self.local(around, url)
        {
            output.discard();
        }
        let mut request = self.request.clone();
        request.forget_keys();
        let number = self.number;
        // Where this fails the key stays with the job, until that is removed.
        let _ = self.folder.ask(&Asked { request, number });
        self.folder.clear(keeps);
        let mut inner = self.lock();
        inner.phase = Phase::Over;
        inner.progress.ended = Some(end);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn add(&mut self, part: &Part) {
        self.done += part.rows;
        self.failed += part.failed;
        self.failures.extend(part.failures.iter().cloned());
        // Parts end in any order.
        self.failures
            .sort_by(|a, b| (&a.file, a.row).cmp(&(&b.file, b.row)));
        self.failures.truncate(TOLD);
    }
}
