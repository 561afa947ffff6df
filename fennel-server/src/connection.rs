//! Connections: how many there may be, and how long one may take to say what it wants.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use futures_util::future::{Either, select};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Bytes that the head of a request may have.
const MAX_HEAD: usize = 64 << 10;

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many there may be; others wait to be taken.
    pub(crate) connections: usize,
    /// How long a request's head may take, from when the connection has nothing else to do.
    pub(crate) head: Duration,
}

/// Where a request comes from, as far as the connection tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Answers until `shutdown` is done; then takes no more connections, and finishes the requests that have begun.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let connection = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            // Where one can't be taken, this waits and takes the next.
            let (stream, peer) = Listener::accept(&mut listener).await;
            (permit, stream, Peer(peer))
        };
        let Either::Left(((permit, stream, peer), _)) =
            select(pin!(connection), shutdown.as_mut()).await
        else {
            break;
        };
        // Answers are small and written at once, so waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: hyper::Request<_>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that is gone or too slow is no error of the server.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
