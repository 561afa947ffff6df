//! A server of its own for each test, and an HTTP client that shows every byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fennel_core::wire::proto::services::SyncRequest;
use fennel_engine::{Clock, SystemClock};
use fennel_server::{Config, Server, Token};
use prost::Message as _;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TOKEN: &str = "fnl_a-token-for-tests";

/// The dataset `Ticket` from `example/ticket_sale` and the featureset `TicketFeatures`, as the public Python
/// client sends them.
pub(crate) fn ticket() -> Vec<u8> {
    let text = include_str!("../../../tests/wire/vectors/ticket_basic.b64");
    BASE64_STANDARD
        .decode(text.split_whitespace().collect::<String>())
        .unwrap()
}

pub(crate) fn ticket_request() -> SyncRequest {
    SyncRequest::decode(&ticket()[..]).unwrap()
}

/// A server that listens on a free port until it is dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) dir: TempDir,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl TestServer {
    /// A server with an empty data folder and the token [`TOKEN`].
    pub(crate) fn start() -> TestServer {
        TestServer::start_with(tempfile::tempdir().unwrap(), Config::default().max_body)
    }

    pub(crate) fn start_with(dir: TempDir, max_body: usize) -> TestServer {
        TestServer::configured(dir, |config| config.max_body = max_body)
    }

    pub(crate) fn configured(dir: TempDir, configure: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::with_clock(dir, configure, Arc::new(SystemClock))
    }

    pub(crate) fn with_clock(
        dir: TempDir,
        configure: impl FnOnce(&mut Config),
        clock: Arc<dyn Clock>,
    ) -> TestServer {
        let runtime = Runtime::new().unwrap();
        let mut config = Config {
            first_admin_token: Some(Token::new(TOKEN).unwrap()),
            ..config(dir.path())
        };
        configure(&mut config);
        let server = runtime
            .block_on(Server::bind_with_clock(config, clock))
            .unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let serving = runtime.spawn(server.serve(async {
            let _ = stopped.await;
        }));
        TestServer {
            address,
            dir,
            runtime,
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// A server that `ticket` is committed to.
    pub(crate) fn with_tickets() -> TestServer {
        TestServer::start().commit_tickets()
    }

    /// The same server, to which `ticket` is committed.
    pub(crate) fn commit_tickets(self) -> TestServer {
        self.commit(&ticket()).ok();
        self
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call {
            server: self.address,
            method: method.into(),
            path: path.into(),
            headers: vec![("authorization".into(), format!("Bearer {TOKEN}"))],
            body: &[],
        }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send()
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Reply {
        let body = body.to_string();
        self.call("POST", path)
            .content("application/json", body.as_bytes())
            .send()
    }

    pub(crate) fn commit(&self, request: &[u8]) -> Reply {
        let path = "/api/v1/commit?preview=false&incremental=false&backfill=true";
        self.call("POST", path)
            .content("application/octet-stream", request)
            .send()
    }

    pub(crate) fn log(&self, data: &Json) -> Reply {
        let body = json!({"webhook": "example", "endpoint": "ticket_sale", "data": data});
        self.post("/api/v1/log", &body)
    }

    /// The prices of these tickets.
    pub(crate) fn prices(&self, ids: &Json) -> Json {
        let reply = self.post(
            "/api/v1/query",
            &json!({
                "inputs": ["TicketFeatures.ticket_id"],
                "outputs": ["TicketFeatures.price"],
                "data": {"TicketFeatures.ticket_id": ids},
                "log": false,
            }),
        );
        reply.ok()["TicketFeatures.price"].clone()
    }

    /// Tells the server to stop, and doesn't wait.
    pub(crate) fn begin_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until the server has stopped, and gives its data folder back.
    pub(crate) fn stop(mut self) -> TempDir {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let serving = self.serving.take().unwrap();
        self.runtime.block_on(serving).unwrap();
        self.dir
    }
}

/// Listens on a free port, with the data in `dir`.
pub(crate) fn config(dir: &Path) -> Config {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        listen,
        data_dir: dir.join("data"),
        ..Config::default()
    }
}

/// A request to be sent, with the valid token unless it is changed.
pub(crate) struct Call<'a> {
    server: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

impl<'a> Call<'a> {
    pub(crate) fn content(self, content_type: &str, body: &'a [u8]) -> Self {
        let call = self.header("content-type", content_type);
        let length = body.len().to_string();
        Call { body, ..call }.header("content-length", &length)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without_token(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        self
    }

    /// With another token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        self.without_token().header("authorization", &bearer)
    }

    pub(crate) fn branch(self, name: &str) -> Self {
        self.header("X-FENNEL-BRANCH", name)
    }

    /// Sends the head, and leaves the body to the caller.
    pub(crate) fn open(&self) -> TcpStream {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: test\r\n", self.method, self.path);
        for (name, value) in self
            .headers
            .iter()
            .chain([&("connection".into(), "close".into())])
        {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.server).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn send(&self) -> Reply {
        let mut stream = self.open();
        stream.write_all(self.body).unwrap();
        Reply::read(stream)
    }
}

/// An answer, its head as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn read(mut stream: TcpStream) -> Reply {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply {
            status,
            head,
            body: bytes.split_off(end + 4),
        }
    }

    /// The value of a header whose name is written exactly so.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Json {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{}",
            self.head
        );
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The JSON of a 200.
    pub(crate) fn ok(&self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The text of an error with that status.
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()["err_msg"].as_str().unwrap().to_owned()
    }
}
