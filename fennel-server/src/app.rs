//! The routes, and the threads on which the engine is called.

use std::cell::Cell;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{Commit, CommitOptions, Engine, Note};
use fennel_offline::Jobs;
use futures_util::FutureExt;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::auth::{Access, Caller, Entry, Hidden, require_token, require_token_still};
use crate::body::{Payload, receive};
use crate::error::Failure;
use crate::memory::Memory;
use crate::metrics::{Requests, observe};
use crate::notation::speak;
use crate::offline;
use crate::request_id::RequestIds;
use crate::route;
use crate::secret::Secrets;
use crate::{Config, ServerName};

/// How many calls that write may wait for the disk at once; they share its fsyncs.
const WRITERS: u32 = 128;
/// How many calls that only read may run at once on threads of their own.
const READERS: u32 = 16;
/// How many queries that call Python functions may run at once. They wait for functions and for a free worker, so they have
/// threads of their own.
const CALLERS: u32 = 16;
/// A read of at most so many rows, from a body of at most so many bytes, is done at once: it waits for no
/// fsync and no writer. A row takes about 5 us, and a thread of its own 25 to 45 us more.
const BRIEF_ROWS: usize = 8;
const BRIEF_BYTES: usize = 4 << 10;

/// What all requests share.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) access: Arc<Access>,
    pub(crate) offline: Jobs,
    pub(crate) name: ServerName,
    pub(crate) secrets: Secrets,
    /// Held by whoever changes definitions or branches, from the check of what it may to the change.
    defining: Mutex<()>,
    /// Bytes that a body may have.
    pub(crate) max_body: usize,
    /// How long a body may pause.
    pub(crate) body_timeout: Duration,
    pub(crate) memory: Memory,
    /// Whether queries may call Python functions.
    runs_python: bool,
    pub(crate) requests: Arc<Requests>,
    pub(crate) request_ids: RequestIds,
    writers: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    callers: Arc<Semaphore>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        engine: Engine,
        access: Access,
        name: ServerName,
        secrets: Secrets,
        config: &Config,
    ) -> Result<App, crate::Error> {
        let access = Arc::new(access);
        let requests = Arc::default();
        let offline = offline::open(&engine, &access, &requests, config)?;
        Ok(App(Arc::new(Shared {
            engine,
            access,
            offline,
            name,
            secrets,
            defining: Mutex::new(()),
            max_body: config.max_body,
            body_timeout: config.body_timeout,
            memory: Memory::new(config.request_memory),
            runs_python: config.python.is_some() || config.engine.python.is_some(),
            requests,
            request_ids: RequestIds::random(),
            writers: Arc::new(Semaphore::new(WRITERS as usize)),
            readers: Arc::new(Semaphore::new(READERS as usize)),
            callers: Arc::new(Semaphore::new(CALLERS as usize)),
        })))
    }

    /// Commits, if `caller` may, and writes that down; or previews a commit.
    pub(crate) fn commit(
        &self,
        caller: &Caller,
        branch: &str,
        request: &SyncRequest,
        options: &CommitOptions,
    ) -> Result<Commit, Failure> {
        let engine = &self.engine;
        let check = || {
            let hidden = caller.check_commit(engine, branch, request, options)?;
            // Who may only preview isn't told which secrets there are.
            if caller.may_commit(branch) {
                self.secrets.check_named(request)?;
            }
            Ok(hidden)
        };
        let commit = |hidden: Hidden, note: Note<'_>| {
            caller.commit(engine, branch, request, options.clone(), &hidden, note)
        };
        if options.preview {
            let _one_at_a_time = self.defining();
            return commit(check()?, &|| Ok(()));
        }
        self.define(
            (caller, "commit", branch),
            check,
            commit,
            |commit, entry| {
                let entry = entry.detail("commit", &*commit.id);
                entry.detail("changed", commit.changed)
            },
        )
    }

    /// Changes definitions or branches, one change at a time, if `check` finds that the caller may. The audit tells of it
    /// as in [`audit`](App::audit).
    pub(crate) fn define<C, T>(
        &self,
        who: (&Caller, &str, &str),
        check: impl FnOnce() -> Result<C, Failure>,
        change: impl FnOnce(C, Note<'_>) -> Result<T, Failure>,
        told: impl FnOnce(&T, Entry) -> Entry,
    ) -> Result<T, Failure> {
        let _one_at_a_time = self.defining();
        let checked = check()?;
        self.audit(who, |note| change(checked, note), told)
    }

    /// Does what the audit tells of: that `caller` does `what` to `on`. `work` notes that it begins before it changes
    /// anything, since nothing may be done that isn't written down. The entry then says how it ended, with what `told`
    /// adds. What ends without having begun has changed nothing, and is counted as denials are.
    pub(crate) fn audit<T>(
        &self,
        (caller, what, on): (&Caller, &str, &str),
        work: impl FnOnce(Note<'_>) -> Result<T, Failure>,
        told: impl FnOnce(&T, Entry) -> Entry,
    ) -> Result<T, Failure> {
        let audit = self.access.audit();
        let entry = Entry::new(self.access.now(), caller, what, on);
        let begun = Cell::new(None);
        let done = work(&|| {
            begun.set(Some(audit.write(&entry.clone().outcome("begun"))?));
            Ok(())
        });
        let entry = match &done {
            Ok(done) => told(done, entry),
            Err(failure) => entry.outcome(format!("refused: {}", failure.message())),
        };
        match begun.get() {
            // What is done is done: if this can't be written, the entry stays as begun, and so would those of later calls.
            Some(number) => drop(audit.complete(number, &entry)),
            None => audit.count(caller, entry),
        }
        done
    }

    fn defining(&self) -> MutexGuard<'_, ()> {
        self.defining.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what may wait for an fsync or for another writer.
    pub(crate) async fn write<F>(&self, work: F) -> Result<Answer, Failure>
    where
        F: FnOnce(&Engine) -> Result<Answer, Failure> + Send + 'static,
    {
        self.on_a_thread(&self.writers, work).await
    }

    /// Changes who may do what, for an admin; `change` answers what it is then.
    pub(crate) async fn manage<T, F>(&self, caller: Caller, change: F) -> Result<Answer, Failure>
    where
        T: Serialize,
        F: FnOnce(&Access, &Caller) -> Result<T, Failure> + Send + 'static,
    {
        caller.require_admin()?;
        let access = Arc::clone(&self.access);
        self.write(move |_| Ok(Answer::json(&change(&access, &caller)?)))
            .await
    }

    /// Runs what only reads.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Engine) -> Result<T, Failure> + Send + 'static,
    {
        self.on_a_thread(&self.readers, work).await
    }

    /// Decodes a body and answers it by reading only, at once where that is brief. `rows` tells how many rows it
    /// asks for, and `calls` whether Python functions are called for it.
    pub(crate) async fn read_rows<R, F>(
        &self,
        mut body: Payload,
        decode: fn(&mut Payload) -> Result<R, Failure>,
        rows: fn(&R) -> usize,
        calls: impl FnOnce(&Engine, &R) -> bool + Send + 'static,
        answer: F,
    ) -> Result<Answer, Failure>
    where
        R: Send + 'static,
        F: FnOnce(&Engine, R) -> Result<Answer, Failure> + Send + 'static,
    {
        let is_small = body.is_within(BRIEF_BYTES);
        if !is_small && !self.runs_python {
            // The body goes along for the memory that it holds.
            let work = move |engine: &Engine| answer(engine, decode(&mut body)?);
            return self.read(work).await;
        }
        let runs_python = self.runs_python;
        let prepare = move |engine: &Engine| {
            let request = decode(&mut body)?;
            let calls = runs_python && calls(engine, &request);
            Ok((request, calls, body))
        };
        let (request, calls, body) = match is_small {
            true => prepare(&self.engine)?,
            false => self.read(prepare).await?,
        };
        let threads = match calls {
            true => &self.callers,
            false if is_small && rows(&request) <= BRIEF_ROWS => {
                return answer(&self.engine, request);
            }
            false => &self.readers,
        };
        let work = move |engine: &Engine| {
            let answer = answer(engine, request);
            drop(body);
            answer
        };
        self.on_a_thread(threads, work).await
    }

    /// The permit goes with the work, which runs to its end even if the client is gone.
    async fn on_a_thread<T, F>(&self, permits: &Arc<Semaphore>, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Engine) -> Result<T, Failure> + Send + 'static,
    {
        let permit = Arc::clone(permits).acquire_owned().await;
        let engine = self.engine.clone();
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let answer = span.in_scope(|| work(&engine));
            drop((permit, engine));
            answer
        });
        done.await.unwrap_or_else(|_| Err(Failure::panicked()))
    }

    /// Waits until no work runs on a thread, also for clients that are gone.
    pub(crate) async fn idle(&self) {
        let _ = self.writers.acquire_many(WRITERS).await;
        let _ = self.readers.acquire_many(READERS).await;
        let _ = self.callers.acquire_many(CALLERS).await;
    }
}

/// An answer with status 200: JSON, unless its call says otherwise.
#[derive(Debug)]
pub(crate) struct Answer(Vec<u8>);

impl Answer {
    /// The answer that says `value`.
    pub(crate) fn json(value: &impl Serialize) -> Answer {
        let json = serde_json::to_vec(value);
        Answer(json.expect("answers have text keys and are written to memory"))
    }

    /// The answer that is `text`; its media type is the caller's to set.
    pub(crate) fn text(text: String) -> Answer {
        Answer(text.into_bytes())
    }

    /// The answer that says each of `values` on a line of its own.
    pub(crate) fn lines(values: &[impl Serialize]) -> Answer {
        let mut lines = Vec::new();
        for value in values {
            lines.extend(Answer::json(value).0);
            lines.push(b'\n');
        }
        Answer(lines)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        // Clients compare the value as a whole, so it has no charset.
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], self.0).into_response()
    }
}

pub(crate) fn router(app: App) -> Router {
    let calls = route::calls();
    layered(app, calls.open, calls.closed)
}

/// The router of calls that need no token and of calls that do.
pub(crate) fn layered(app: App, open: Router<App>, closed: Router<App>) -> Router {
    let api = closed
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        // From the inside out: who has no token isn't listened to.
        .layer(from_fn_with_state(app.clone(), require_token_still))
        .layer(from_fn_with_state(app.clone(), receive))
        .layer(from_fn_with_state(app.clone(), require_token))
        .layer(from_fn(answer_panics))
        // `receive` has the limit.
        .layer(DefaultBodyLimit::disable());
    open.method_not_allowed_fallback(wrong_method)
        .merge(api)
        .layer(from_fn(speak))
        .layer(from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

async fn no_route(request: Request) -> Failure {
    let message = format!("there is no call `{}`", request.uri().path());
    Failure::new(StatusCode::NOT_FOUND, message)
}

async fn wrong_method(request: Request) -> Failure {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!("`{path}` doesn't take {method}; the header `allow` says what it takes");
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn answer_panics(request: Request, next: Next) -> Response {
    or_panicked(next.run(request)).await
}

async fn or_panicked(response: impl Future<Output = Response>) -> Response {
    let caught = AssertUnwindSafe(response).catch_unwind().await;
    caught.unwrap_or_else(|_| Failure::panicked().into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_answered() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let response = runtime.block_on(or_panicked(async { panic!("on purpose") }));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    }
}
