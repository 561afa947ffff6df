//! Requests to a server, one connection each.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The longest that any request takes, or the test fails.
const LIMIT: Duration = Duration::from_secs(60);

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Speaks to a server.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it is.
    pub address: SocketAddr,
    /// What is sent as the bearer token.
    pub token: String,
    /// The branch that calls are about.
    pub branch: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, which is always JSON.
    pub body: Value,
}

impl Http {
    /// The same on another branch.
    #[must_use]
    pub fn on(&self, branch: &str) -> Self {
        Self {
            branch: branch.into(),
            ..self.clone()
        }
    }

    /// Gets a path below `/api/v1/`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, JSON, &[])
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Posts JSON to a path below `/api/v1/`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_post(path, body)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Puts JSON to a path below `/api/v1/`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        let body = body.to_string();
        self.send("PUT", path, JSON, body.as_bytes())
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Posts JSON to a path below `/api/v1/`.
    ///
    /// # Errors
    ///
    /// If no whole answer comes.
    pub fn try_post(&self, path: &str, body: &Value) -> io::Result<Reply> {
        self.send("POST", path, JSON, body.to_string().as_bytes())
    }

    /// Commits an encoded `SyncRequest`, with `parameters` such as `preview=true`.
    ///
    /// # Errors
    ///
    /// If no whole answer comes.
    pub fn try_commit(&self, request: &[u8], parameters: &str) -> io::Result<Reply> {
        self.send(
            "POST",
            &format!("commit?{parameters}"),
            &[("content-type", "application/octet-stream")],
            request,
        )
    }

    /// Logs what `data` holds in any of its forms.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[must_use]
    pub fn log(&self, webhook: &str, endpoint: &str, data: &Value) -> Reply {
        let body = serde_json::json!({"webhook": webhook, "endpoint": endpoint, "data": data});
        self.post("log", &body)
    }

    /// Sends a request to a path below `/api/v1/`, with these headers beside those that say who asks about which branch.
    ///
    /// # Errors
    ///
    /// If no whole answer comes.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        let answer = self.exchange(method, &format!("/api/v1/{path}"), headers, body)?;
        let (status, body) = read(&answer).ok_or(io::ErrorKind::UnexpectedEof)?;
        let body = serde_json::from_slice(body).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        Ok(Reply { status, body })
    }

    /// What the server's metrics are.
    ///
    /// # Panics
    ///
    /// If they aren't told.
    #[must_use]
    pub fn metrics(&self) -> String {
        let answer = self.exchange("GET", "/metrics", &[], &[]);
        let answer = answer.unwrap_or_else(|error| panic!("metrics: {error}"));
        let (status, body) = read(&answer).expect("the answer is whole");
        let body = String::from_utf8_lossy(body).into_owned();
        assert_eq!(status, 200, "{body}");
        body
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        let Self {
            address,
            token,
            branch,
        } = self;
        let headers = headers.iter().fold(String::new(), |all, (name, value)| {
            all + &format!("{name}: {value}\r\n")
        });
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\nx-fennel-branch: {branch}\r\n\
             {headers}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// The status and the body in these bytes, if the answer is whole.
fn read(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let (head, body) = answer.split_at(end + 4);
    let head = str::from_utf8(head).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))?;
    if length.parse() != Ok(body.len()) {
        return None;
    }
    Some((status, body))
}

impl Reply {
    /// The body of a 200.
    ///
    /// # Panics
    ///
    /// If it is another answer.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The text of an error with this status.
    ///
    /// # Panics
    ///
    /// If it is another answer.
    #[track_caller]
    #[must_use]
    pub fn error(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        self.body["err_msg"].as_str().expect("an error has a text")
    }
}
