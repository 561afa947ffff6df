//! A server from its start to its end.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use fennel_engine::store::Store;
use fennel_engine::{Engine, SystemClock};
use futures_util::future::{Either, select};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::app::{App, router};
use crate::auth::{FirstToken, Tokens};
use crate::{Config, Error, Token};

/// How long a server that shuts down waits for requests that it has begun.
pub const GRACE: Duration = Duration::from_secs(10);

/// A server that listens; [`serve`](Server::serve) makes it answer.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    data_dir: PathBuf,
    first_token: FirstToken,
    app: App,
}

impl Server {
    /// Opens the data folder, recovers what is in it, and listens. Needs a Tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`], [`Error::Store`] (the folder is in use, damaged, on a full disk),
    /// [`Error::Engine`], [`Error::DamagedToken`] or [`Error::Random`].
    pub async fn bind(config: Config) -> Result<Server, Error> {
        let on_listen = |source| Error::Listen {
            address: config.listen,
            source,
        };
        // First, since a second server is the likeliest mistake, and a folder in use has less to say.
        let listener = TcpListener::bind(config.listen).await.map_err(on_listen)?;
        let address = listener.local_addr().map_err(on_listen)?;

        let opening = tokio::task::spawn_blocking(move || {
            let store = Store::open(&config.data_dir)?;
            let data_dir = config
                .data_dir
                .canonicalize()
                .unwrap_or_else(|_| config.data_dir.clone());
            let engine = Engine::open(store.clone(), Arc::new(SystemClock))?;
            // Last, so that a token is made only by a start that succeeds and can show it.
            let Config {
                first_admin_token,
                process_token,
                ..
            } = &config;
            let (tokens, first) =
                Tokens::open(&store, first_admin_token.as_ref(), process_token.as_ref())?;
            Ok::<_, Error>((App::new(engine, tokens, config.max_body), first, data_dir))
        });
        let opened = opening
            .await
            .unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => unreachable!("a blocking task that has begun isn't cancelled"),
            });
        let (app, first_token, data_dir) = opened?;
        Ok(Server {
            listener,
            address,
            data_dir,
            first_token,
            app,
        })
    }

    /// The address it listens on, with the port that it got where [`Config::listen`] asked for any.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of its data, as an absolute path.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The admin token, if this start made one at random. Show it to the user: it can't be read again.
    #[must_use]
    pub fn first_token(&self) -> Option<&Token> {
        match &self.first_token {
            FirstToken::Generated(token) => Some(token),
            _ => None,
        }
    }

    /// What became of the first admin token.
    #[must_use]
    pub fn token_outcome(&self) -> &FirstToken {
        &self.first_token
    }

    /// Answers until `shutdown` is done. Then takes no more connections, finishes the requests that it has begun,
    /// for [`GRACE`] at most, and closes the engine. What was answered with 200 is durable in any case.
    ///
    /// # Errors
    ///
    /// [`Error::Serve`] if the operating system ends the listening.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let app = self.app;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            shutdown.await;
            let _ = stop.send(());
        };
        // Answers are small and written at once, so waiting to fill a packet only delays them.
        let listener = self.listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let serving = axum::serve(listener, router(app.clone())).with_graceful_shutdown(shutdown);
        let finishing = async {
            let served = serving.await;
            app.idle().await;
            served
        };
        let deadline = async {
            let _ = stopped.await;
            tokio::time::sleep(GRACE).await;
        };
        let served = match select(pin!(finishing), pin!(deadline)).await {
            Either::Left((served, _)) => served.map_err(Error::Serve),
            Either::Right(_) => Ok(()),
        };
        let engine = app.engine.clone();
        let _ = tokio::task::spawn_blocking(move || engine.close()).await;
        served
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("data_dir", &self.data_dir)
            .finish_non_exhaustive()
    }
}
