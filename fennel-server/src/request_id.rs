//! Ids of requests, by which a client and whoever runs the server speak of the same one.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::auth::is_token;

/// The header of a request's id, in requests and answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of an id that a client chose.
const MAX: usize = 128;

/// Where ids come from that no client chose.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// Another one for each start of a server.
    prefix: u32,
    next: AtomicU64,
}

impl RequestIds {
    /// Ids that begin unlike those of other starts, most likely; they are no secret.
    pub(crate) fn random() -> Self {
        Self::new(getrandom::u32().unwrap_or_else(|_| std::process::id()))
    }

    fn new(prefix: u32) -> Self {
        let next = AtomicU64::new(1);
        Self { prefix, next }
    }

    /// The id of a request: the one that it has, or a new one if it has none, several, or one that could be mistaken in
    /// a log.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let mut given = headers.get_all(HEADER).iter();
        match (given.next(), given.next()) {
            (Some(id), None) if is_sane(id.as_bytes()) => id.clone(),
            _ => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let id = format!("{:08x}-{number}", self.prefix);
                HeaderValue::try_from(id).expect("digits and a dash can be in a header")
            }
        }
    }
}

fn is_sane(id: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    // A log must not have a token, and who sends one here has mistaken the header.
    let is_token = std::str::from_utf8(id).is_ok_and(is_token);
    (1..=MAX).contains(&id.len()) && id.iter().all(is_allowed) && !is_token
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for id in ids {
            headers.append(HEADER, HeaderValue::from_bytes(id).unwrap());
        }
        let id = RequestIds::new(10).of(&headers);
        id.to_str().unwrap().to_owned()
    }

    #[test]
    fn an_id_that_is_sane_is_kept() {
        for id in ["a", "4bf92f35-77b3:1/2+3=", &"x".repeat(128)] {
            assert_eq!(of(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn any_other_is_replaced() {
        let long = [b'x'; 129];
        let token = b"fnl_0123456789abcdef";
        let odd: [&[&[u8]]; 7] = [
            &[],
            &[b""],
            &[b"a b"],
            &[&long],
            &[b"a", b"b"],
            &[b"\xff"],
            &[token],
        ];
        for ids in odd {
            assert_eq!(of(ids), "0000000a-1");
        }
    }
}
