//! Traces, sent over OTLP as protobuf over plain HTTP/1.1 to a collector on this machine or beside it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Uri, header, uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{BoxError, variable};

/// How traces name this program, unless `OTEL_SERVICE_NAME` does.
const SERVICE: &str = "fennel-server";
/// How long one export may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes that a collector's answer may have.
const MAX_ANSWER: usize = 1 << 20;

/// Traces that are sent. Dropping it sends those that wait.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends them to the collector at `endpoint`, to its path `/v1/traces`.
    pub(super) fn to(endpoint: &str) -> Result<Traces, BoxError> {
        let base = endpoint.trim().trim_end_matches('/');
        let collector = Collector::at(base)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(format!("{base}/v1/traces"))
            .build()?;
        let resource = Resource::builder();
        let resource = match variable("OTEL_SERVICE_NAME") {
            Some(_) => resource,
            None => resource.with_service_name(SERVICE),
        };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build());
        Ok(Traces(provider.build()))
    }

    pub(super) fn tracer(&self) -> Tracer {
        self.0.tracer(SERVICE)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // That a collector can't be reached was logged.
        let _ = self.0.shutdown();
    }
}

/// Where traces go.
struct Collector {
    host: String,
    port: u16,
    /// The thread that exports has no other one.
    runtime: Runtime,
    /// Whether the last export failed: only the first of several is logged.
    fails: AtomicBool,
}

impl Collector {
    fn at(url: &str) -> Result<Collector, BoxError> {
        let read = url.parse::<Uri>().ok();
        let authority = read.as_ref().and_then(|uri| match uri.scheme() {
            Some(scheme) if *scheme == uri::Scheme::HTTP => uri.authority(),
            _ => None,
        });
        // It may hold a password, so it isn't repeated.
        let authority = authority
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or("the OTLP endpoint can't be used; write it as http://127.0.0.1:4318, and run a collector there if yours needs TLS")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Collector {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            runtime,
            fails: AtomicBool::new(false),
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.runtime.block_on(async {
            let sent = tokio::time::timeout(LIMIT, self.exchange(request)).await;
            sent.unwrap_or_else(|_| Err(format!("no answer within {LIMIT:?}").into()))
        })
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (mut parts, body) = request.into_parts();
        let host = HeaderValue::try_from(format!("{}:{}", self.host, self.port))?;
        parts.headers.insert(header::HOST, host);
        let close = HeaderValue::from_static("close");
        parts.headers.insert(header::CONNECTION, close);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = path.parse()?;
        let request = Request::from_parts(parts, Body::from(body));
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = to_bytes(Body::new(body), MAX_ANSWER).await?;
        Ok(Response::from_parts(parts, body))
    }

    /// Logs the first of several failures, and that they are over.
    fn tell(&self, failure: Option<String>) {
        let failed = self.fails.swap(failure.is_some(), Ordering::Relaxed);
        match (failed, failure) {
            (false, Some(error)) => {
                let collector = format!("{}:{}", self.host, self.port);
                tracing::warn!(collector, error, "traces can't be sent");
            }
            (true, None) => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    /// Called on the exporter's own thread, which may wait.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.tell(match &sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("the collector answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        });
        sent
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
