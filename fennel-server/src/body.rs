//! A request's body: received in full up to the limit, inflated, and decoded.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::bufread::MultiGzDecoder;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::Failure;
use crate::memory::Held;

/// Receives the body before anything looks at it, so that a refusal finds a client that listens.
pub(crate) async fn receive(State(app): State<App>, request: Request, next: Next) -> Response {
    if content_length(request.headers()).is_some_and(|length| length > app.max_body as u64) {
        discard(request, beyond(app.max_body)).await;
        return Failure::too_large(app.max_body).into_response();
    }
    if let Err(failure) = check_single(request.headers()) {
        discard(request, app.max_body).await;
        return failure.into_response();
    }
    let (mut parts, body) = request.into_parts();
    let mut held = app.memory.hold();
    match collect(body, &app, &mut held).await {
        Ok(bytes) => {
            parts.extensions.insert(Arc::new(held));
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(failure) => failure.into_response(),
    }
}

/// Refuses a request that says something twice, for it may mean the other.
fn check_single(headers: &HeaderMap) -> Result<(), Failure> {
    let single = ["x-fennel-branch", "content-type", "content-encoding"];
    for name in single {
        if headers.get_all(name).iter().count() > 1 {
            let message = format!("the request has several headers `{name}`; send one");
            return Err(Failure::bad_request(message));
        }
    }
    Ok(())
}

/// How much of a body is read and forgotten where `max` bytes are too many.
fn beyond(max: usize) -> usize {
    max.saturating_mul(4)
}

async fn collect(body: Body, app: &App, held: &mut Held) -> Result<Bytes, Failure> {
    let max = app.max_body;
    let mut chunks = body.into_data_stream();
    let mut received = Vec::new();
    loop {
        let next = tokio::time::timeout(app.body_timeout, chunks.next()).await;
        let Some(chunk) = next.map_err(|_| stalled(app.body_timeout))? else {
            return Ok(received.into());
        };
        let chunk = chunk.map_err(|_| Failure::bad_request("the body broke off; send it again"))?;
        let fits = match received.len() + chunk.len() > max {
            true => Err(Failure::too_large(max)),
            false => held.grow(chunk.len()),
        };
        if let Err(failure) = fits {
            drain(chunks, beyond(max)).await;
            return Err(failure);
        }
        received.extend_from_slice(&chunk);
    }
}

fn stalled(timeout: Duration) -> Failure {
    let message = format!("nothing of the body came for {timeout:?}; send it again");
    Failure::new(StatusCode::REQUEST_TIMEOUT, message)
}

/// Reads at most `max` bytes of a request that is refused: closing the connection on a client that
/// still sends would take the answer away from it. A client that waits for `100 Continue` sends nothing.
pub(crate) async fn discard(request: Request, max: usize) {
    if !request.headers().contains_key(header::EXPECT) {
        drain(request.into_body().into_data_stream(), max).await;
    }
}

/// Reads and forgets at most `max` bytes, for ten seconds at most.
async fn drain<T>(mut chunks: impl Stream<Item = Result<Bytes, T>> + Unpin, max: usize) {
    let drained = async {
        let mut left = max;
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), drained).await;
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// What a value of JSON takes once it is read, about: itself, and the room to grow of the list that it is in.
const VALUE_BYTES: usize = 160;
/// How many times its bytes a message takes once it is decoded, at most: an empty part of it takes two.
const PROTOBUF_FACTOR: usize = 256;

/// A body that says it is JSON.
pub(crate) struct JsonBody(pub(crate) Payload);

/// A body that says it is a protobuf message.
pub(crate) struct ProtobufBody(pub(crate) Payload);

impl FromRequest<App> for JsonBody {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        Payload::of(request, app, &["application/json"])
            .await
            .map(JsonBody)
    }
}

impl FromRequest<App> for ProtobufBody {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let types = ["application/octet-stream", "application/x-protobuf"];
        Payload::of(request, app, &types).await.map(ProtobufBody)
    }
}

/// A received body, still to be inflated and decoded: where that takes time, off the async threads.
#[derive(Debug)]
pub(crate) struct Payload {
    bytes: Bytes,
    gzip: bool,
    max: usize,
    held: Held,
}

impl Payload {
    async fn of(mut request: Request, app: &App, types: &[&str]) -> Result<Payload, Failure> {
        check_type(request.headers(), types)?;
        let gzip = is_gzip(request.headers())?;
        // `receive` has put it there, for nobody else.
        let held = request.extensions_mut().remove::<Arc<Held>>();
        let held = held.and_then(Arc::into_inner);
        let bytes = to_bytes(request.into_body(), app.max_body).await;
        let bytes = bytes.map_err(|_| Failure::too_large(app.max_body))?;
        Ok(Payload {
            bytes,
            gzip,
            max: app.max_body,
            held: held.unwrap_or_else(|| app.memory.hold()),
        })
    }

    /// The memory that the request holds, for as long as the payload lives.
    pub(crate) fn held(&mut self) -> &mut Held {
        &mut self.held
    }

    /// Whether the body has at most so many bytes and needs no inflating.
    pub(crate) fn is_within(&self, bytes: usize) -> bool {
        !self.gzip && self.bytes.len() <= bytes
    }

    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let bytes = self.inflate()?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Failure::bad_request(format!(
                "the body is not UTF-8 from byte {} on",
                error.valid_up_to()
            ))
        })?;
        // A struct could be read from a list as well, and what is expected would be told by its name.
        if !matches!(
            text.trim_ascii_start().as_bytes().first(),
            Some(b'{') | None
        ) {
            return Err(Failure::bad_request(
                "the body is no JSON object; send one, as `{..}`",
            ));
        }
        self.held.grow(values(text).saturating_mul(VALUE_BYTES))?;
        serde_json::from_str(text).map_err(|error| Failure::bad_request(explain(text, &error)))
    }

    /// The body as a protobuf message. `what` names the message.
    pub(crate) fn protobuf<M: prost::Message + Default>(
        &mut self,
        what: &str,
    ) -> Result<M, Failure> {
        let bytes = self.inflate()?;
        self.held
            .grow(bytes.len().saturating_mul(PROTOBUF_FACTOR))?;
        M::decode(bytes).map_err(|error| {
            Failure::bad_request(format!(
                "the body is not a {what} in protobuf encoding: {error}"
            ))
        })
    }

    fn inflate(&mut self) -> Result<Bytes, Failure> {
        let bytes = std::mem::take(&mut self.bytes);
        if !self.gzip {
            return Ok(bytes);
        }
        let mut inflated = Vec::new();
        let mut decoder = MultiGzDecoder::new(&bytes[..]);
        let mut part = [0; 16 << 10];
        loop {
            match decoder.read(&mut part) {
                Ok(0) => return Ok(inflated.into()),
                Ok(length) if inflated.len() + length > self.max => {
                    return Err(Failure::too_large(self.max));
                }
                Ok(length) => {
                    self.held.grow(length)?;
                    inflated.extend(part.iter().take(length));
                }
                Err(error) => return Err(Failure::bad_request(not_gzip(&error))),
            }
        }
    }
}

/// How many values a JSON text has, at most: each but the first stands behind one of these. A backslash may stand
/// for one of them in a text that holds JSON.
fn values(text: &str) -> usize {
    let separators = text
        .bytes()
        .filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{' | b'\\'));
    separators.count()
}

fn not_gzip(error: &io::Error) -> String {
    format!("the body says it is gzip and can't be inflated: {error}")
}

fn check_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Failure> {
    let expected = types.join("` or `");
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        let message = format!("the request has no content-type; this call takes `{expected}`");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    };
    let found = String::from_utf8_lossy(found.as_bytes());
    let essence = found.split(';').next().unwrap_or_default().trim();
    if types
        .iter()
        .any(|expected| essence.eq_ignore_ascii_case(expected))
    {
        return Ok(());
    }
    let message = format!("the content-type is `{essence}`; this call takes `{expected}`");
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Failure> {
    let Some(found) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    let found = String::from_utf8_lossy(found.as_bytes());
    match found.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Ok(true),
        "identity" | "" => Ok(false),
        _ => {
            let message = format!(
                "the content-encoding is `{}`; send the body as `gzip` or as it is",
                found.trim()
            );
            Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
    }
}

/// What is wrong with the JSON and where, with a hint on the words that JSON lacks.
fn explain(text: &str, error: &serde_json::Error) -> String {
    let message = format!("the JSON body can't be read: {error}");
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let before = error.column().saturating_sub(1);
    // The column is that of the first byte of the word, or of its second.
    let is_at = |word: &str| {
        [before, before.saturating_sub(1)]
            .into_iter()
            .any(|at| line.get(at..).is_some_and(|rest| rest.starts_with(word)))
    };
    if error.is_syntax() && ["NaN", "Infinity", "nan", "inf"].into_iter().any(is_at) {
        return format!("{message}; JSON has no NaN and no infinity, send null");
    }
    message
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::Value as Json;

    use super::*;
    use crate::memory::Memory;

    fn payload(bytes: &[u8]) -> Payload {
        Payload {
            bytes: Bytes::copy_from_slice(bytes),
            gzip: false,
            max: 1_000,
            held: Memory::new(0).hold(),
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn error(mut payload: Payload) -> String {
        format!("{:?}", payload.json::<Json>().unwrap_err())
    }

    #[test]
    fn the_limit_holds_for_what_gzip_inflates_to() {
        let inflated = |length: usize| Payload {
            gzip: true,
            ..payload(&gzip(&vec![b' '; length]))
        };
        assert_eq!(inflated(1_000).inflate().unwrap().len(), 1_000);
        assert!(error(inflated(1_001)).contains("413"));
        let bomb = gzip(&vec![b' '; 50 << 20]);
        assert!(
            error(Payload {
                gzip: true,
                ..payload(&bomb)
            })
            .contains("413")
        );
    }

    #[test]
    fn broken_gzip_is_told() {
        let whole = gzip(b"{}");
        for bytes in [&whole[..whole.len() - 3], b"{}", b""] {
            let error = error(Payload {
                gzip: true,
                ..payload(bytes)
            });
            assert!(error.contains("can't be inflated"), "{error}");
        }
    }

    #[test]
    fn json_errors_say_where() {
        for (text, expected) in [
            (&b"{\"a\": "[..], "line 1 column 6"),
            (b"{\"a\":\n[1, NaN]}", "line 2 column 5"),
            (b"{\"a\": NaN}", "no NaN"),
            (b"{\"a\": -Infinity}", "no infinity"),
            (b"{\"a\": 1e999}", "out of range"),
            (b"[\"\xff\"]", "not UTF-8 from byte 2"),
            (b"", "line 1 column 0"),
            ("{é NaN".as_bytes(), "line 1 column 2"),
            (b" [1]", "no JSON object"),
        ] {
            let error = error(payload(text));
            assert!(error.contains(expected), "{error}");
        }
    }
}
