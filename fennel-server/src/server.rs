//! A server from its start to its end.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fennel_engine::python::{Runner, Stop};
use fennel_engine::store::{self, Cut, Store};
use fennel_engine::{Clock, Engine, SystemClock};
use fennel_python::Workers;
use futures_util::future::{join, select};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::app::{App, router};
use crate::auth::{Access, FirstToken};
use crate::connection::{self, Limits};
use crate::name::{self, Naming, ServerName};
use crate::secret::Secrets;
use crate::{Config, Error, PythonOptions, Token};

/// How long a server that shuts down waits for requests that it has begun.
pub const GRACE: Duration = Duration::from_secs(10);

/// A server that listens; [`serve`](Server::serve) makes it answer.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    data_dir: PathBuf,
    first_token: FirstToken,
    cuts: Vec<Cut>,
    naming: Naming,
    limits: Limits,
    app: App,
}

impl Server {
    /// Opens the data folder, recovers what is in it, and listens. Needs a Tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// [`Error::ShortToken`], [`Error::Listen`], [`Error::Store`] (the folder is in use, damaged, on a full disk),
    /// [`Error::Engine`], [`Error::Python`], [`Error::PythonOutput`], [`Error::SecretKey`], [`Error::DamagedName`],
    /// [`Error::DamagedAccess`], [`Error::Offline`] or [`Error::Random`].
    pub async fn bind(config: Config) -> Result<Server, Error> {
        Server::bind_with_clock(config, Arc::new(SystemClock)).await
    }

    /// As [`bind`](Server::bind), with another clock than the operating system's: what is read without an instant is as
    /// of its time, and tokens expire by it.
    ///
    /// # Errors
    ///
    /// As those of [`bind`](Server::bind).
    pub async fn bind_with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Server, Error> {
        let first = config.first_admin_token.as_ref();
        if first.is_some_and(Token::is_short) {
            return Err(Error::ShortToken);
        }
        let on_listen = |source| Error::Listen {
            address: config.listen,
            source,
        };
        // First, since a second server is the likeliest mistake, and a folder in use has less to say.
        let listener = TcpListener::bind(config.listen).await.map_err(on_listen)?;
        let address = listener.local_addr().map_err(on_listen)?;
        let limits = Limits {
            connections: config.max_connections,
            head: config.head_timeout,
        };

        let opening = spawn_blocking(move || {
            // First, so that nothing is applied and no folder is made with a Python that can't run functions.
            let mut options = config.engine.clone();
            if let Some(python) = &config.python {
                options.python = Some(workers(python)?);
            }
            let store = store::Options {
                row_cache_bytes: config.row_cache,
                ..store::Options::default()
            };
            let store = Store::open_with(&config.data_dir, &store)?;
            let data_dir = config
                .data_dir
                .canonicalize()
                .unwrap_or_else(|_| config.data_dir.clone());
            let engine = Engine::open_with(store.clone(), Arc::clone(&clock), &options)?;
            let secrets = Secrets::open(&store, config.secret_key.clone())?;
            let (name, naming) = name::open(&store, config.name.as_ref())?;
            // Last, so that a token is made only by a start that succeeds and can show it.
            let Config {
                first_admin_token,
                process_token,
                ..
            } = &config;
            let (first, process) = (first_admin_token.as_ref(), process_token.as_ref());
            let (access, first) = Access::open(&store, clock, first, process)?;
            let app = App::new(engine, access, name, secrets, &config)?;
            Ok::<_, Error>((app, first, naming, data_dir, store.cuts().to_vec()))
        });
        let (app, first_token, naming, data_dir, cuts) = finished(opening).await?;
        Ok(Server {
            listener,
            address,
            data_dir,
            first_token,
            cuts,
            naming,
            limits,
            app,
        })
    }

    /// The address it listens on, with the port that it got where [`Config::listen`] asked for any.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was cut off the end of the folder's journals: writes that a crash kept from ending.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// The folder of its data, as an absolute path.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The name by which clients tell it from others.
    #[must_use]
    pub fn name(&self) -> &ServerName {
        &self.app.name
    }

    /// What became of the name.
    #[must_use]
    pub fn naming(&self) -> &Naming {
        &self.naming
    }

    /// The admin token, if this start made one at random. Show it to the user, for it can't be read again, and
    /// then call [`confirm_first_token`](Server::confirm_first_token).
    #[must_use]
    pub fn first_token(&self) -> Option<&Token> {
        match &self.first_token {
            FirstToken::Generated(token) => Some(token),
            _ => None,
        }
    }

    /// Keeps the admin token that this start made at random, now that the user has it. Without this call the
    /// next start replaces it. Does nothing where this start made none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the data folder can't be written.
    pub async fn confirm_first_token(&self) -> Result<(), Error> {
        let Some(token) = self.first_token().cloned() else {
            return Ok(());
        };
        let app = self.app.clone();
        finished(spawn_blocking(move || app.access.confirm(&token))).await
    }

    /// What became of the first admin token.
    #[must_use]
    pub fn token_outcome(&self) -> &FirstToken {
        &self.first_token
    }

    /// Answers until `shutdown` is done. Then takes no more connections, finishes the requests that it has begun,
    /// for [`GRACE`] at most, and closes the engine. What was answered with 200 is durable in any case.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let app = self.app;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            shutdown.await;
            let _ = stop.send(());
        };
        let finishing = async {
            connection::serve(self.listener, router(app.clone()), self.limits, shutdown).await;
            app.idle().await;
        };
        let deadline = async {
            let _ = stopped.await;
            tokio::time::sleep(GRACE).await;
        };
        let (finishing, deadline) = (pin!(finishing), pin!(deadline));
        let served = pin!(select(finishing, deadline));
        let often = pin!(join(flush_often(&app), sweep_often(&app)));
        select(served, often).await;
        let app = app.clone();
        let closing = move || {
            // Of what the last minute told of tokens, all that is lost if this fails.
            let _ = app.access.flush();
            app.offline.close();
            app.engine.close();
        };
        let _ = spawn_blocking(closing).await;
    }
}

/// Writes down once a minute which tokens were used and what was denied. A minute that can't be written is tried again
/// with the next one, for the use of tokens; denials are lost with it.
async fn flush_often(app: &App) {
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        let app = app.clone();
        let _ = spawn_blocking(move || app.access.flush()).await;
    }
}

/// Forgets once an hour what was logged of served features, and offline queries that ended, where they are older than these
/// are kept. An hour in which the disk can't be written is made up for by the next.
async fn sweep_often(app: &App) {
    let mut hours = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        hours.tick().await;
        let app = app.clone();
        let _ = spawn_blocking(move || {
            app.offline.sweep();
            app.engine.sweep_served()
        })
        .await;
    }
}

/// What a blocking task comes to. Its panic goes on here.
async fn finished<T>(task: JoinHandle<T>) -> T {
    task.await
        .unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("a blocking task that has begun isn't cancelled"),
        })
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}

/// Who runs Python functions, once the first of them is ready.
fn workers(options: &PythonOptions) -> Result<Arc<dyn Runner>, Error> {
    let workers = Workers::new(options.clone()).map_err(|source| {
        let path = options.output.as_deref().unwrap_or(Path::new(""));
        Error::PythonOutput {
            path: path.display().to_string(),
            source,
        }
    })?;
    workers.start().map_err(|stop| match stop {
        Stop::Raised(why) | Stop::Stopped(why) | Stop::Unavailable(why) => Error::Python(why),
    })?;
    Ok(Arc::new(workers))
}
