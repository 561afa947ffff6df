//! One job: what is to be done next, and doing it.
//!
//! Workers ask each job for its next [`Task`]. One prepares it, then any number answer chunks side by side, of which one
//! at a time reads the next, and one puts the parts together.
//!
//! | file | has |
//! |---|---|
//! | `input` | the files that rows are read from |
//! | `parts` | the chunks that are with workers or finished, and what is told of them |
//! | `target` | where the output goes |

mod input;
mod parts;
mod target;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::files::{Seen, check_same};
use crate::folder::{Asked, End, Folder, Part, Plan};
use crate::places::Places;
use crate::read::{Placed, Rows, Source, check, count, zoned};
use crate::status::{State, Status};
use crate::work::{self, wanted};
use crate::{Ask, Failed, Place, Request, write};

use parts::{Parts, Progress};
use target::Target;

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

/// What a worker can do for a job.
pub(crate) enum Task {
    Prepare,
    Part(Rows),
    End(Arc<Plan>, Result<Vec<u64>>),
}

impl Job {
    /// A job that is new, or that goes on.
    pub(crate) fn new(id: String, asked: Asked, folder: Folder) -> Job {
        let is_cancelled = AtomicBool::new(folder.is_cancelled());
        Job {
            id,
            number: asked.number,
            request: asked.request,
            folder,
            inner: Mutex::new(Inner {
                phase: Phase::New,
                progress: Progress::default(),
            }),
            is_cancelled,
        }
    }

    /// A job that has ended.
    pub(crate) fn ended(id: String, asked: Asked, folder: Folder, end: End) -> Job {
        let job = Job::new(id, asked, folder);
        {
            let mut inner = job.lock();
            inner.phase = Phase::Over;
            inner.progress = Progress::ended(end);
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

    /// How it ended, if it has.
    pub(crate) fn ended_as(&self) -> Option<State> {
        self.lock().progress.ended.as_ref().map(|end| end.state)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().progress.ended.is_some()
    }

    /// Has it end as soon as may be, also after a restart: at once where nothing of it was begun. One that has ended stays
    /// as it is.
    ///
    /// Where that can't be written down it ends all the same, unless a restart comes first.
    pub(crate) fn cancel(&self, around: &Surroundings) -> Result<()> {
        if self.is_over() {
            return Ok(());
        }
        let noted = self.folder.set_cancelled();
        self.is_cancelled.store(true, Ordering::Relaxed);
        // What was cut off once may have its output; a worker looks.
        let is_begun = !matches!(self.folder.plan(), Ok(None));
        let waits = {
            let phase = &mut self.lock().phase;
            let waits = matches!(phase, Phase::New) && !is_begun;
            if waits {
                *phase = Phase::Busy;
            }
            waits
        };
        if waits {
            self.end(around, Err(Error::Stopped));
        }
        match self.folder.end() {
            Ok(Some(_)) => Ok(()),
            _ => noted,
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
                let files = failure.map_or_else(|| Ok(parts.files()), Err);
                let plan = Arc::clone(&parts.plan);
                inner.phase = Phase::Busy;
                Some(Task::End(plan, files))
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
        let found = self.folder.plan()?;
        let finished = self.folder.parts()?;
        if let Some(plan) = &found {
            self.lock().progress.go_on(plan.rows, &finished);
        }
        // Before what has become of the input can fail it.
        if self.is_stopped(around) {
            return Err(Error::Stopped);
        }
        let files = self.files(around, found.as_ref())?;
        let plan = match found {
            Some(plan) => {
                check_same(&files, &plan.files)?;
                plan
            }
            None => {
                let plan = self.plan(&files, around)?;
                self.folder.set_plan(&plan)?;
                self.lock().progress.go_on(plan.rows, &finished);
                plan
            }
        };
        let form = self.request.input.form();
        let rows = Rows::new(files, form, wanted(&self.request), plan.chunk_rows);
        Ok(Parts::new(plan, rows, &finished))
    }

    fn plan(&self, files: &[Arc<dyn Source>], around: &Surroundings) -> Result<Plan> {
        let (form, wanted) = (self.request.input.form(), wanted(&self.request));
        let is_stopped = || self.is_stopped(around);
        self.target(around)?.check()?;
        let (mut seen, mut rows, mut zone) = (Vec::new(), 0, None);
        for file in files {
            seen.push(Seen::of(&**file)?);
            check(&**file, &form, &wanted)?;
            if zone.is_none() {
                zone = zoned(&**file, &form, &wanted)?;
            }
            rows += count(&**file, &form, &wanted, &is_stopped)?;
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
        let found = self.with_parts(|parts| parts.was_read(rows, read));
        notify();
        let answered = found
            .flatten()
            .map(|(plan, placed, number)| self.answer(&plan, placed, number, around));
        let mut inner = self.lock();
        let Inner { phase, progress } = &mut *inner;
        if let Phase::Parts(parts) = phase {
            parts.was_answered(answered, progress);
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
        if part.failed > 0 {
            ask.failed(&Failed::Rows);
        }
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
        let target = self.target(around)?;
        if target.is_published()? {
            return Ok(());
        }
        self.check_read(plan, around)?;
        let is_stopped = || self.is_stopped(around);
        let sizes = parts.iter();
        let sizes = sizes.map(|part| part.metadata().map_or(0, |it| it.len()));
        target.check_room(sizes.sum())?;
        let write =
            |file: &mut std::fs::File| write::together(file, &parts, &empty, instants, &is_stopped);
        target.publish(write, &is_stopped)
    }

    /// Refuses what was read of files that changed meanwhile.
    fn check_read(&self, plan: &Plan, around: &Surroundings) -> Result<()> {
        check_same(&self.files(around, Some(plan))?, &plan.files)?;
        let done = self.lock().progress.done;
        match done == plan.rows {
            true => Ok(()),
            false => Err(Error::Failed(format!(
                "the input had {} rows when the query was begun, and {done} when it was read; send it again",
                plan.rows
            ))),
        }
    }

    fn target(&self, around: &Surroundings) -> Result<Target<'_>> {
        Target::open(&self.request, &self.folder, &around.places, &self.id)
    }

    /// Notes how the job ended; one that is stopped by the server's end has not.
    fn end(&self, around: &Surroundings, done: Result<()>) {
        let is_cancelled = self.is_cancelled.load(Ordering::Relaxed);
        if done == Err(Error::Stopped) && !is_cancelled {
            self.lock().phase = Phase::Over;
            return;
        }
        // Before it was cut off, or by a request whose answer was lost.
        let is_published = || self.target(around).and_then(|it| it.is_published()) == Ok(true);
        let (state, error) = match done {
            Ok(()) => (State::Completed, None),
            Err(_) if is_published() => (State::Completed, None),
            Err(Error::Stopped) => (State::Cancelled, None),
            Err(error) => {
                around.ask.failed(&Failed::Job(&error));
                (State::Failed, Some(error.to_string()))
            }
        };
        let end = self.lock().progress.end(state, error, around.clock.now());
        if self.folder.set_end(&end).is_err() {
            // Of a full disk, what is removed makes room.
            self.folder.clear(self.keeps(state));
            // If this fails too, the next start finds a job without an end, and begins anew or says what is missing.
            let _ = self.folder.set_end(&end);
        }
        self.tidy(around, state);
        let mut inner = self.lock();
        inner.phase = Phase::Over;
        inner.progress.ended = Some(end.into());
    }

    /// Removes what a job that has ended needs no more, also where a crash came first.
    pub(crate) fn tidy(&self, around: &Surroundings, ended: State) {
        if let Some(Place::Local(_)) = self.request.output
            && let Ok(target) = self.target(around)
        {
            target.discard();
        }
        let mut request = self.request.clone();
        if request.forget_keys() {
            let number = self.number;
            // Where this fails the key stays with the job, until the next start or until that is removed.
            let _ = self.folder.ask(&Asked { request, number });
        }
        self.folder.clear(self.keeps(ended));
    }

    /// Whether a job that ended so keeps its output.
    fn keeps(&self, ended: State) -> bool {
        ended == State::Completed && self.request.output.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
