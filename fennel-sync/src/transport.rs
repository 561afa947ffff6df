//! One request to the server, and its answer as bytes.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use chrono::DateTime;
use reqwest::Url;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy;

use crate::config::Server;
use crate::error::Error;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest answer that is read. What is cut off there can't be understood and is refused.
const LONGEST_ANSWER: usize = 32 << 20;

/// Sends requests to one server. Tests have their own.
pub(crate) trait Transport {
    /// Makes a call, once.
    async fn send(&self, call: &Call<'_>) -> Result<Response, Failure>;
}

/// What a server is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// Where, with a query if there is one.
    pub(crate) path: &'a str,
    pub(crate) body: Body<'a>,
}

/// What goes along with a call, and whether something does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body<'a> {
    /// Nothing: the call only reads.
    None,
    /// A message in protobuf encoding.
    Protobuf(&'a [u8]),
    Json(&'a str),
}

/// An answer, whatever its status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// How long the server asks to wait before the next try.
    pub(crate) retry_after: Option<Duration>,
    /// Where it points, without credentials.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection.
    Connect(String),
    /// A connection, but not one to trust. Trying again would not help.
    Certificate(String),
    /// A connection, and no TLS on the other side. Trying again would not help.
    NotTls(String),
    /// Something else than HTTP. Trying again would not help.
    NotHttp(String),
    /// The connection broke off.
    Interrupted(String),
    /// No answer in this time.
    Timeout(Duration),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Connect(cause) => write!(f, "no connection, {cause}"),
            Failure::Certificate(cause) => write!(f, "its certificate is not trusted, {cause}"),
            Failure::NotTls(cause) => write!(
                f,
                "what listens there speaks no TLS, {cause}; if it is the server itself and no proxy with TLS, write http:// and not https://"
            ),
            Failure::NotHttp(cause) => write!(f, "its answer is no HTTP, {cause}"),
            Failure::Interrupted(cause) => write!(f, "the connection broke off, {cause}"),
            Failure::Timeout(limit) => write!(f, "no answer within {} s", limit.as_secs()),
        }
    }
}

/// HTTP/1.1, over TLS where the address says so.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    base: Url,
    headers: HeaderMap,
}

impl Http {
    /// Prepares to talk about `branch`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// This machine has no certificates to trust.
    pub(crate) fn new(server: &Server, branch: &str) -> Result<Self, Error> {
        // Another part of the program may have chosen one already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("fennel-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(Policy::none());
        if server.url.scheme() == "http" {
            // Not even looked for: a plain connection needs none, and a bare container has none.
            builder = builder.tls_certs_only([]);
        }
        if is_loopback(&server.url) {
            builder = builder.no_proxy();
        }
        Ok(Http {
            client: builder
                .build()
                .map_err(|error| Error::NoTls(innermost(&error)))?,
            base: server.url.clone(),
            headers: headers(server, branch),
        })
    }
}

impl Transport for Http {
    async fn send(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let url = self
            .base
            .join(call.path)
            .expect("a path joins to any server's address");
        let post = |kind, body: &[u8]| {
            let post = self.client.post(url.clone());
            post.header(CONTENT_TYPE, HeaderValue::from_static(kind))
                .body(body.to_vec())
        };
        let request = match call.body {
            Body::None => self.client.get(url),
            Body::Protobuf(body) => post("application/octet-stream", body),
            Body::Json(body) => post("application/json", body.as_bytes()),
        };
        let request = request.headers(self.headers.clone());
        let mut answer = request.send().await.map_err(|error| failure(&error))?;
        let mut response = Response {
            status: answer.status().as_u16(),
            retry_after: retry_after(answer.headers()),
            location: text(answer.headers(), &LOCATION).map(|to| pointed_at(&self.base, to)),
            body: Vec::new(),
        };
        while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
            let room = LONGEST_ANSWER - response.body.len();
            response.body.extend(chunk.iter().take(room));
            if chunk.len() >= room {
                break;
            }
        }
        Ok(response)
    }
}

fn headers(server: &Server, branch: &str) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("was checked to be visible ASCII");
    let mut bearer = value(&format!("Bearer {}", server.token.reveal()));
    bearer.set_sensitive(true);
    HeaderMap::from_iter([
        (AUTHORIZATION, bearer),
        (HeaderName::from_static("x-fennel-branch"), value(branch)),
    ])
}

/// Whether the server is this machine, which no proxy leads to.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `Retry-After`: seconds, or a date, which is measured from the answer's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(asked).ok()?;
    let now = DateTime::parse_from_rfc2822(text(headers, &DATE)?).ok()?;
    Some((until - now).to_std().unwrap_or_default())
}

/// Where a redirect points: host and path. User, password and query may hold secrets.
fn pointed_at(base: &Url, location: &str) -> String {
    match base.join(location) {
        Ok(to) if to.has_host() => format!("{}{}", to.origin().ascii_serialization(), to.path()),
        _ => "something that is no address".into(),
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    let cause = innermost(error);
    if is_certificate(error) {
        Failure::Certificate(cause)
    } else if is_not_tls(error) {
        Failure::NotTls(cause)
    } else if is_not_http(error) {
        Failure::NotHttp(cause)
    } else if error.is_connect() && error.is_timeout() {
        Failure::Connect(format!("not within {} s", CONNECT.as_secs()))
    } else if error.is_connect() {
        Failure::Connect(cause)
    } else {
        Failure::Interrupted(cause)
    }
}

/// The first cause of an error: those above it say what we say ourselves, and may name the URL.
fn innermost(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(|| "for a reason unknown".into(), ToString::to_string)
}

fn is_certificate(error: &reqwest::Error) -> bool {
    tls(error).any(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

fn is_not_tls(error: &reqwest::Error) -> bool {
    tls(error).any(|error| matches!(error, rustls::Error::InvalidMessage(_)))
}

/// What is behind an error and is about TLS.
fn tls(error: &reqwest::Error) -> impl Iterator<Item = &rustls::Error> {
    causes(error).filter_map(|cause| cause.downcast_ref())
}

fn is_not_http(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref()
            .is_some_and(|error: &hyper::Error| error.is_parse())
    })
}

/// What is behind an error, from the outside in. An I/O error's `source` leaves out the error that
/// it wraps, so that one is asked for.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_seen_from_the_answers_own() {
        let wait = |after: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let now = Some("Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(wait("7", None), Some(7));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(30));
        assert_eq!(wait("Wed, 21 Oct 2015 07:27:30 GMT", now), Some(0));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT", None), None);
        assert_eq!(wait("soon", now), None);
        assert_eq!(wait("-1", now), None);
    }

    #[test]
    fn a_redirects_target_is_shown_without_credentials() {
        let base = Url::parse("https://a.example").unwrap();
        for (location, shown) in [
            ("/login?next=secret#x", "https://a.example/login"),
            (
                "https://user:secret@b.example:99/x",
                "https://b.example:99/x",
            ),
            ("mailto:someone", "something that is no address"),
            ("http://[", "something that is no address"),
        ] {
            assert_eq!(pointed_at(&base, location), shown);
        }
    }

    #[test]
    fn no_proxy_leads_to_this_machine() {
        for (url, loopback) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1", true),
            ("http://[::1]:8", true),
            ("https://fennel.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
