//! Calls to a running server, one connection each.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpStream;

use super::BoxError;
use crate::auth::Token;

const URL: &str = "FENNEL_URL";
const TOKEN: &str = "FENNEL_TOKEN";
const DEFAULT_URL: &str = "http://127.0.0.1:7425";
/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes that an answer may have.
const MAX_ANSWER: usize = 64 << 20;

/// Where the server is, and who calls.
pub(super) struct Client {
    host: String,
    port: u16,
    token: Token,
}

impl Client {
    /// What the environment says.
    pub(super) fn from_environment() -> Result<Client, BoxError> {
        let url = std::env::var(URL).unwrap_or_else(|_| DEFAULT_URL.to_owned());
        let (host, port) = address(&url)?;
        let Some(token) = std::env::var_os(TOKEN) else {
            return Err(format!(
                "{TOKEN} is not set; set it to an admin token of the server at {url}"
            )
            .into());
        };
        let token = token.to_string_lossy();
        // A file that the variable was filled from may end in a line break.
        let token = Token::new(token.trim()).map_err(|error| format!("{TOKEN}: {error}"))?;
        Ok(Client { host, port, token })
    }

    pub(super) fn get(&self, path: &str) -> Result<Json, BoxError> {
        self.call(Method::GET, path, None)
    }

    pub(super) fn put(&self, path: &str, body: &Json) -> Result<Json, BoxError> {
        self.call(Method::PUT, path, Some(body))
    }

    pub(super) fn post(&self, path: &str, body: &Json) -> Result<Json, BoxError> {
        self.call(Method::POST, path, Some(body))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Json, BoxError> {
        self.call(Method::DELETE, path, None)
    }

    /// The text that a path answers.
    pub(super) fn text(&self, path: &str) -> Result<String, BoxError> {
        self.send(Method::GET, path, None)
    }

    fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, BoxError> {
        let text = self.send(method, path, body)?;
        let read = serde_json::from_str(&text);
        read.map_err(|_| self.odd_answer().into())
    }

    fn odd_answer(&self) -> String {
        format!(
            "what answers at http://{}:{} is no fennel-server; check {URL}",
            self.host, self.port
        )
    }

    fn send(&self, method: Method, path: &str, body: Option<&Json>) -> Result<String, BoxError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let sent = async {
            let sent = tokio::time::timeout(LIMIT, self.exchange(method, path, body)).await;
            sent.unwrap_or_else(|_| {
                let told =
                    format!("no answer within {LIMIT:?}; ask the server's log whether it was done");
                Err(told.into())
            })
        };
        let (status, text) = runtime.block_on(sent)?;
        if status.is_success() {
            return Ok(text);
        }
        let told: Option<Json> = serde_json::from_str(&text).ok();
        let told = told.as_ref().and_then(|told| told.get("err_msg")?.as_str());
        Err(match told {
            Some(told) => told.to_owned(),
            None => self.odd_answer(),
        }
        .into())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<(StatusCode, String), BoxError> {
        let Client { host, port, token } = self;
        let unreachable = |error: &dyn std::fmt::Display| {
            format!(
                "no server can be reached at http://{host}:{port} ({error}); start it, or set {URL}"
            )
        };
        let connected = TcpStream::connect((host.trim_matches(['[', ']']), *port)).await;
        let stream = connected.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.reveal()))?;
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header(header::HOST, format!("{host}:{port}"))
            .header(header::AUTHORIZATION, bearer)
            .header(header::CONNECTION, "close");
        let request = match body {
            None => request.body(Body::empty())?,
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()))?,
        };
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let bytes = to_bytes(Body::new(answer.into_body()), MAX_ANSWER).await?;
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// The host and the port of a URL.
fn address(url: &str) -> Result<(String, u16), String> {
    let read = url.trim().trim_end_matches('/').parse::<Uri>().ok();
    let parts = read.as_ref().and_then(|uri| {
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        Some((uri.scheme_str()?, uri.authority()?, is_bare))
    });
    match parts {
        Some(("https", ..)) => Err(format!(
            "{URL} is {url}, and this program speaks plain HTTP: call it on the server's own machine with http://127.0.0.1:7425, or use the same calls with curl, as in `curl -H \"authorization: Bearer $FENNEL_TOKEN\" $FENNEL_URL/api/v1/token`"
        )),
        Some(("http", authority, true)) if !authority.as_str().contains('@') => Ok((
            authority.host().to_owned(),
            authority.port_u16().unwrap_or(80),
        )),
        // It may hold a password, so it isn't repeated.
        _ => Err(format!(
            "{URL} can't be read; write it as http://127.0.0.1:7425"
        )),
    }
}

/// A name as it stands in a path or behind a `=`.
pub(super) fn encoded(name: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let bytes = name.as_bytes().iter();
    let encoded = bytes.map(|byte| match is_plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_host_and_a_port() {
        let host = |host: &str, port| Ok((host.to_owned(), port));
        assert_eq!(address("http://127.0.0.1:7425"), host("127.0.0.1", 7425));
        assert_eq!(
            address("http://fennel.internal/"),
            host("fennel.internal", 80)
        );
        assert_eq!(address("http://[::1]:7425"), host("[::1]", 7425));
        for (url, expected) in [
            ("", "can't be read"),
            ("127.0.0.1:7425", "can't be read"),
            ("ftp://a", "can't be read"),
            ("http://a/path", "can't be read"),
            ("http://user:secret@a", "can't be read"),
            ("https://fennel.example.com", "plain HTTP"),
        ] {
            let error = address(url).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("secret"),
                "{error}"
            );
        }
    }

    #[test]
    fn names_are_encoded_for_paths() {
        assert_eq!(encoded("ci-1.x_y~"), "ci-1.x_y~");
        assert_eq!(encoded("a/b ?é"), "a%2Fb%20%3F%C3%A9");
    }
}
