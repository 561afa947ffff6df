//! All jobs of a server, and the workers that they share.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fs::{self, DirEntry, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use fennel_engine::Clock;

use crate::error::{Error, Result};
use crate::files::below;
use crate::folder::{Asked, Folder};
use crate::job::{Job, Surroundings, Task};
use crate::output::Output;
use crate::places::Places;
use crate::read::check;
use crate::status::{State, Status};
use crate::work::{self, wanted};
use crate::{Ask, Frame, Input, Place, Request, id};

/// The most jobs that have not ended.
const MOST: usize = 100;
/// The most of these that one account has, so that it leaves places to others.
const MOST_OF_ONE: usize = 25;
/// The most jobs of one account that have ended and are kept.
const ENDED_OF_ONE: usize = 1_000;
/// How many jobs are worked on side by side; the others wait.
const SIDE_BY_SIDE: usize = 4;
/// The most bytes of a column's name.
const NAME: usize = 1 << 10;
/// The most bytes of a request as it is kept with the job, in memory too.
const REQUEST: usize = 1 << 20;
/// How long an ended job and what is kept of it stays, in microseconds: 7 days.
const KEPT: i64 = 7 * 86_400_000_000;

/// Where jobs are kept, and what they may use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the jobs' own files; made when missing. One process uses it at a time.
    pub folder: PathBuf,
    /// Folders whose files jobs may read, and write outputs to.
    pub folders: Vec<PathBuf>,
    /// Buckets of S3 that jobs may use, as `bucket` or `bucket/prefix`.
    pub buckets: Vec<String>,
    /// How many threads answer rows; 0 is taken as 1.
    pub workers: usize,
}

/// The offline queries of a server. They run until [`close`](Jobs::close).
pub struct Jobs {
    shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    folder: PathBuf,
}

struct Shared {
    around: Surroundings,
    /// In the order in which they came.
    jobs: Mutex<Vec<Arc<Job>>>,
    changed: Condvar,
    /// The number of the next job.
    next: AtomicU64,
}

impl Jobs {
    /// Opens the folder, forgets what [`sweep`](Jobs::sweep) does, and goes on with the jobs that have not ended.
    ///
    /// # Errors
    ///
    /// [`Error`] if the folder can't be used, or one of the folders that jobs may use isn't there.
    pub fn open(
        settings: &Settings,
        ask: Arc<dyn Ask>,
        clock: Arc<dyn Clock>,
    ) -> Result<Jobs, Error> {
        let places = Places::open(&settings.folders, &settings.buckets)?;
        let folder = settings.folder.clone();
        let jobs = read(&folder)?;
        let next = jobs.last().map_or(0, |job| job.number + 1);
        let around = Surroundings {
            ask,
            places,
            clock,
            is_closed: AtomicBool::new(false),
        };
        for job in &jobs {
            if let Some(state) = job.ended_as() {
                job.tidy(&around, state);
            }
        }
        let shared = Arc::new(Shared {
            around,
            jobs: Mutex::new(jobs),
            changed: Condvar::new(),
            next: AtomicU64::new(next),
        });
        let workers = (0..settings.workers.max(1)).map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work())
        });
        let workers = Mutex::new(workers.collect());
        let jobs = Jobs {
            shared,
            workers,
            folder,
        };
        jobs.sweep();
        Ok(jobs)
    }

    /// Takes a job, once everything is right that can be known by now: names, types, allowed places, and local files with
    /// their columns. `frame` has the rows of [`Input::Frame`].
    ///
    /// # Errors
    ///
    /// [`Error`], and no job is there.
    pub fn submit(&self, mut request: Request, frame: Option<&Frame>) -> Result<Status, Error> {
        self.sweep();
        request.name_inputs_once();
        let id = id::random()?;
        self.check(&request, &id)?;
        let folder = Folder::new(self.folder.join(&id));
        let account = request.submitter.account.clone();
        check_place(&self.shared.jobs(), &account)?;
        create_own(&self.folder)?;
        folder.create()?;
        let kept = (|| {
            if let (Input::Frame, Some(frame)) = (&request.input, frame) {
                frame.write(&folder, &request)?;
            }
            let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
            let asked = Asked { request, number };
            folder.ask(&asked)?;
            let job = Arc::new(Job::new(id, asked, folder.clone()));
            // Files are written and removed without the lock, which whoever asks for a status waits for.
            let mut jobs = self.shared.jobs();
            check_place(&jobs, &account)?;
            let place = jobs.partition_point(|other| other.number < number);
            jobs.insert(place, Arc::clone(&job));
            Ok(job)
        })();
        let job = kept.inspect_err(|_| drop(folder.remove()))?;
        self.shared.changed.notify_all();
        Ok(job.status())
    }

    /// How far a job is; `None` if there is none of that id.
    #[must_use]
    pub fn status(&self, id: &str) -> Option<Status> {
        self.find(id).map(|job| job.status())
    }

    /// Has a job end without an output, at once where it was not begun; one that has ended, or whose output is there, stays
    /// as it is. What was answered so holds after a restart, too.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such job. Another one if the disk can't be written: the job ends then as well, but
    /// goes on where a restart comes first.
    pub fn cancel(&self, id: &str) -> Result<Status, Error> {
        let job = self.named(id)?;
        let cancelled = job.cancel(&self.shared.around);
        self.shared.notify();
        cancelled.map(|()| job.status())
    }

    /// The output of a job that keeps it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is no such job, [`Error::Conflict`] if it has no output here: not yet, or not at all.
    pub fn result(&self, id: &str) -> Result<File, Error> {
        let job = self.named(id)?;
        let status = job.status();
        match (status.state, status.output) {
            (State::Completed, None) => {
                let path = job.folder().result();
                File::open(&path).map_err(|error| Error::own(&path, &error))
            }
            (State::Completed, Some(place)) => Err(Error::Conflict(format!(
                "the output is at `{place}`, as the query asked"
            ))),
            (State::Failed | State::Cancelled, _) => Err(Error::Conflict(
                "the query has no output; its status tells why".into(),
            )),
            (State::Pending | State::Running, _) => Err(Error::Conflict(
                "the query has no output yet; ask for its status, and again when that is completed"
                    .into(),
            )),
        }
    }

    /// Waits until workers have finished the parts that they are at, and has them do no more. What is left goes on with
    /// the next [`open`](Jobs::open).
    pub fn close(&self) {
        self.shared.around.is_closed.store(true, Ordering::Relaxed);
        self.shared.notify();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            let _ = worker.join();
        }
    }

    fn find(&self, id: &str) -> Option<Arc<Job>> {
        let jobs = self.shared.jobs();
        jobs.iter().find(|job| job.id == id).cloned()
    }

    fn named(&self, id: &str) -> Result<Arc<Job>> {
        let job = self.find(id);
        job.ok_or_else(|| Error::Missing(format!("there is no offline query `{id}`")))
    }

    fn check(&self, request: &Request, id: &str) -> Result<()> {
        let places = &self.shared.around.places;
        let size = serde_json::to_vec(request).map_or(usize::MAX, |bytes| bytes.len());
        if size > REQUEST {
            return Err(Error::Invalid(format!(
                "the request has {size} bytes beside its rows, and {REQUEST} are the most; ask for fewer features at once, or for whole featuresets"
            )));
        }
        let columns = work::empty(request, &*self.shared.around.ask)?;
        if columns.get(&request.timestamp_column).is_some() {
            return Err(Error::Invalid(format!(
                "the column of instants is called `{}`, as an output is; give it another name",
                request.timestamp_column
            )));
        }
        if let Some(name) = wanted(request).columns.iter().find(|it| it.len() > NAME) {
            return Err(Error::Invalid(format!(
                "a column of the input has a name of {} bytes, and {NAME} are the most; give it a shorter one",
                name.len()
            )));
        }
        if let Some(input) = request
            .columns
            .keys()
            .find(|it| !request.inputs.contains(it))
        {
            return Err(Error::Invalid(format!(
                "feature_to_column_map has `{input}`, which is no input"
            )));
        }
        match &request.input {
            Input::Files(Place::Local(url), _) => {
                for file in below(&places.local(url)?)? {
                    check(&*file, &request.input.form(), &wanted(request))?;
                }
            }
            Input::Files(Place::S3(bucket), _) => {
                places.check_bucket(&bucket.name, &bucket.prefix)?;
            }
            Input::Frame => {}
        }
        match &request.output {
            Some(Place::Local(url)) => Output::new(places, url, id)?.check(),
            Some(Place::S3(bucket)) => places.check_bucket(&bucket.name, &bucket.prefix),
            None => Ok(()),
        }
    }

    /// Forgets jobs that ended more than 7 days ago, and of an account that has more than 1,000 that ended, those that did
    /// first: each with what is kept of it. [`submit`](Jobs::submit) does so too; call it now and then where nobody submits.
    pub fn sweep(&self) {
        let before = self.shared.around.clock.now().micros() - KEPT;
        let gone: Vec<Arc<Job>> = {
            let mut jobs = self.shared.jobs();
            let gone = too_old(&jobs, before);
            jobs.extract_if(.., |job| gone.contains(&job.number))
                .collect()
        };
        for job in gone {
            // What can't be removed is found, and tried again, by the next start.
            let _ = job.folder().remove();
        }
    }
}

/// The numbers of jobs that ended before an instant, or so that enough of their account ended later.
fn too_old(jobs: &[Arc<Job>], before: i64) -> HashSet<u64> {
    let ended = jobs.iter().filter_map(|job| Some((job.ended_at()?, job)));
    let mut ended: Vec<_> = ended.collect();
    ended.sort_by_key(|(at, job)| Reverse((*at, job.number)));
    let mut later: HashMap<&str, usize> = HashMap::new();
    let old = ended.into_iter().filter(|(at, job)| {
        let later = later.entry(&job.request.submitter.account).or_default();
        *later += 1;
        *at < before || *later > ENDED_OF_ONE
    });
    old.map(|(_, job)| job.number).collect()
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Vec<Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has workers look for tasks.
    fn notify(&self) {
        // With the lock, since a worker may have looked and not be waiting yet.
        let _jobs = self.jobs();
        self.changed.notify_all();
    }

    fn work(&self) {
        // Where to look first, so that jobs take turns.
        let mut turn = 0_usize;
        while let Some((job, task)) = self.next(turn) {
            turn = turn.wrapping_add(1);
            let notify = || self.notify();
            let run = AssertUnwindSafe(|| job.run(task, &self.around, &notify));
            if catch_unwind(run).is_err() {
                job.panicked(&self.around);
            }
            self.notify();
        }
    }

    /// The next task of any job; waits for one. `None` when there are to be no more.
    fn next(&self, turn: usize) -> Option<(Arc<Job>, Task)> {
        let mut jobs = self.jobs();
        loop {
            if self.around.is_closed.load(Ordering::Relaxed) {
                return None;
            }
            let mut going: Vec<&Arc<Job>> = jobs
                .iter()
                .filter(|job| !job.is_over())
                .take(SIDE_BY_SIDE)
                .collect();
            if !going.is_empty() {
                let turn = turn % going.len();
                going.rotate_left(turn);
            }
            let found = going.into_iter().find_map(|job| {
                let task = job.task()?;
                Some((Arc::clone(job), task))
            });
            if found.is_some() {
                return found;
            }
            jobs = self
                .changed
                .wait(jobs)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Refuses one more job of an account where too many have not ended.
fn check_place(jobs: &[Arc<Job>], account: &str) -> Result<()> {
    let unfinished = || jobs.iter().filter(|job| !job.is_over());
    if unfinished().count() >= MOST {
        return Err(Error::Busy(format!(
            "there are {MOST} offline queries that have not ended; send it again later, or cancel some"
        )));
    }
    let own = unfinished().filter(|job| job.request.submitter.account == account);
    if own.count() >= MOST_OF_ONE {
        return Err(Error::Busy(format!(
            "the account has {MOST_OF_ONE} offline queries that have not ended; send it again later, or cancel some"
        )));
    }
    Ok(())
}

/// The jobs that a folder has, in their order. What can't be read as a job is told and left where it is, since it must not
/// keep the others from going on.
fn read(folder: &Path) -> Result<Vec<Arc<Job>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::own(folder, &error)),
    };
    let mut jobs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| Error::own(folder, &error))?;
        match read_job(&entry) {
            Ok(job) => jobs.extend(job.map(Arc::new)),
            Err(error) => tracing::warn!(
                path = %entry.path().display(),
                %error,
                "it is passed over as an offline query; remove it if nobody needs it"
            ),
        }
    }
    jobs.sort_by_key(|job| job.number);
    Ok(jobs)
}

/// The job of a folder; `None` where a crash came before it was taken.
fn read_job(entry: &DirEntry) -> Result<Option<Job>> {
    let name = entry.file_name().into_string().ok();
    let is_folder = entry.file_type().is_ok_and(|it| it.is_dir());
    let Some(id) = name.filter(|name| is_folder && id::is(name)) else {
        return Err(Error::Failed("it is no folder of a job".into()));
    };
    let own = Folder::new(entry.path());
    let Some(asked) = own.asked()? else {
        own.remove()?;
        return Ok(None);
    };
    Ok(Some(match own.end()? {
        Some(end) => Job::ended(id, asked, own, end),
        None => Job::new(id, asked, own),
    }))
}

fn create_own(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::own(folder, &error))
}
