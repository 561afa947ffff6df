//! What can go wrong: [`Error`] when a server starts, [`Failure`] when it answers.
//!
//! A failure's text is for the caller, who bears a valid token, and so may name folders and causes. It names nothing of
//! the definitions that the caller may not see; where that matters, `auth` writes the text.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fennel_core::{Problem, Problems};
use fennel_engine::store::StoreError;
use serde::Serialize;

use crate::notation::Notation;

/// Why a server doesn't start. [`chain`] tells the causes, too.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address can't be listened on.
    #[error("can't listen on {address}, {}choose another address with --listen", occupied(.source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The refusal of the operating system.
        #[source]
        source: io::Error,
    },
    /// The data folder can't be opened, read or written.
    #[error("the data folder can't be used")]
    Store(#[from] StoreError),
    /// The engine can't start from what the data folder holds.
    #[error("the engine can't start from the data folder")]
    Engine(#[from] fennel_engine::Error),
    /// A folder for offline queries isn't there, or their jobs can't be read.
    #[error("offline queries can't be answered")]
    Offline(#[source] fennel_offline::Error),
    /// The Python of [`Config::python`](crate::Config::python) can't run functions: why, and what to do.
    #[error("Python functions can't be run: {0}")]
    Python(String),
    /// The file for what Python functions print can't be written.
    #[error(
        "what Python functions print can't be written to {path}, choose another file with --python-output"
    )]
    PythonOutput {
        /// The file.
        path: String,
        /// The refusal of the operating system.
        #[source]
        source: io::Error,
    },
    /// A text can't be a token. The text itself is not told.
    #[error("it can't be a token, since {0}; use 16 or more letters and digits")]
    Token(&'static str),
    /// The data folder has a token, account, role or entry of the audit that can't be read.
    #[error(
        "a token, account, role or entry of the audit in the data folder is damaged, restore the folder from a backup"
    )]
    DamagedAccess,
    /// A text can't be a server's name.
    #[error(
        "it can't be a server's name; use up to 64 letters, digits, `-`, `_` and `.`, and begin with a letter or digit, as in prod or eu-1"
    )]
    Name,
    /// The data folder has a server's name that can't be read.
    #[error("the server's name in the data folder is damaged, give it one with --name")]
    DamagedName,
    /// The operating system has no randomness for a token or a name.
    #[error("no randomness for a token or a name, set FENNEL_ADMIN_TOKEN and give --name instead")]
    Random(#[source] getrandom::Error),
    /// A text can't be the key of secrets. The text itself is not told.
    #[error(
        "it can't be a key of secrets; use 64 hexadecimal digits, as `openssl rand -hex 32` prints them"
    )]
    SecretKeyText,
    /// The secrets in the data folder were encrypted with another key. Their names are told, of many the first ones.
    #[error(
        "the secrets in the data folder were encrypted with another key ({0}); start the server with that one, nothing was changed; if it is lost, start without a key, delete each of them with DELETE /api/v1/secret/<name>, and start with the new one"
    )]
    SecretKey(String),
    /// The first admin token is so short that it can be found by trying.
    #[error(
        "the first admin token has fewer than 16 characters, set FENNEL_ADMIN_TOKEN to 16 or more letters and digits"
    )]
    ShortToken,
}

/// What is likely where an address is taken.
fn occupied(refusal: &io::Error) -> &'static str {
    match refusal.kind() {
        io::ErrorKind::AddrInUse => {
            "since another program does, perhaps another fennel-server; stop that one, or "
        }
        _ => "",
    }
}

/// An answer other than 200.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
    problems: Vec<Problem>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Failure {
        Failure {
            status,
            message: message.into(),
            problems: Vec::new(),
        }
    }

    /// 400: the request is wrong.
    pub(crate) fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: no token, or not one of ours.
    pub(crate) fn forbidden(message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn unauthorized(message: &str) -> Failure {
        Failure::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 413: the body is too large, as it comes or inflated.
    pub(crate) fn too_large(max: usize) -> Failure {
        let message = format!("the body is larger than {max} bytes; send it in several requests");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 413: the request takes more memory than there is for all requests.
    pub(crate) fn too_much(max: usize) -> Failure {
        let message = format!(
            "the request takes more memory than the {max} bytes that the server has for all; send it in several requests"
        );
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 503: other requests take the memory that this one needs.
    pub(crate) fn busy() -> Failure {
        Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server has too many large requests at once; send it again later, or in several requests",
        )
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// 500: a handler panicked.
    pub(crate) fn panicked() -> Failure {
        Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server has a bug that this request ran into; its error output tells more",
        )
    }

    fn with_problems(status: StatusCode, problems: Problems) -> Failure {
        Failure {
            status,
            message: problems.to_string(),
            problems: problems.0,
        }
    }
}

impl From<fennel_engine::Error> for Failure {
    fn from(error: fennel_engine::Error) -> Failure {
        use fennel_engine::Error as E;
        let status = match error {
            E::Invalid(problems) => {
                return Failure::with_problems(StatusCode::BAD_REQUEST, problems);
            }
            E::Refused(problems) => return Failure::with_problems(StatusCode::CONFLICT, problems),
            E::Request(_) | E::Rows(_) => StatusCode::BAD_REQUEST,
            E::Unknown { .. } => StatusCode::NOT_FOUND,
            E::Exists { .. } | E::Moved(_) => StatusCode::CONFLICT,
            E::Store(ref store) => status_of(store),
            E::Python(_) => StatusCode::SERVICE_UNAVAILABLE,
            // `Corrupt`, and what a later engine may add.
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Failure::new(status, chain(&error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Store(error) => fennel_engine::Error::Store(error).into(),
            Error::Engine(error) => error.into(),
            other => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, chain(&other)),
        }
    }
}

impl From<fennel_offline::Error> for Failure {
    fn from(error: fennel_offline::Error) -> Failure {
        use fennel_offline::Error as E;
        let status = match error {
            E::Invalid(_) => StatusCode::BAD_REQUEST,
            E::Missing(_) => StatusCode::NOT_FOUND,
            E::Conflict(_) => StatusCode::CONFLICT,
            E::Busy(_) | E::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            E::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Failure::new(status, error.to_string())
    }
}

/// Why an offline query has no answer, where a query has none.
impl From<Failure> for fennel_offline::Error {
    fn from(
        Failure {
            status, message, ..
        }: Failure,
    ) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::Missing(message),
            StatusCode::CONFLICT => Self::Conflict(message),
            StatusCode::SERVICE_UNAVAILABLE => Self::Busy(message),
            StatusCode::INSUFFICIENT_STORAGE => Self::Full(message),
            status if status.is_client_error() => Self::Invalid(message),
            _ => Self::Failed(message),
        }
    }
}

fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        // A key or a value of the request is too long to be stored.
        StoreError::KeyLength { .. } | StoreError::ValueLength { .. } => StatusCode::BAD_REQUEST,
        // The server is shutting down.
        StoreError::Closed => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The text of an error and of its causes, one clause behind the other: "the data folder can't be used: store
/// folder `/data` is in use, stop the other process or choose another folder".
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Cuts a text that nobody reads to its end, for it repeats what the request says.
fn clip(mut text: String) -> String {
    const MAX: usize = 16 << 10;
    if text.len() > MAX {
        text.truncate(text.floor_char_boundary(MAX));
        text.push_str(" ..");
    }
    text
}

/// What a refusal says, for the audit where it is 403, and for the log where the server is at fault.
#[derive(Clone, Debug)]
pub(crate) struct Told(pub(crate) String);

/// A refusal beside its answer, so that it can be written in another notation.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    message: String,
    problems: Vec<Problem>,
}

impl Refusal {
    /// The body of the answer in a notation that is not Rust's.
    pub(crate) fn written(&self, notation: Notation) -> axum::body::Body {
        let problems = self.problems.iter().map(|problem| Problem {
            message: notation.sentence(&problem.message),
            notes: problem
                .notes
                .iter()
                .map(|it| notation.sentence(it))
                .collect(),
            // It is Rust.
            code: None,
            ..problem.clone()
        });
        let body = Body {
            err_msg: notation.sentence(&self.message),
            problems: problems.collect(),
        };
        Json(body).into_response().into_body()
    }
}

#[derive(Serialize)]
struct Body {
    err_msg: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let message = clip(self.message);
        let is_told = self.status == StatusCode::FORBIDDEN || self.status.is_server_error();
        let told = is_told.then(|| Told(message.clone()));
        let refusal = Refusal {
            message: message.clone(),
            problems: self.problems.clone(),
        };
        let body = Body {
            err_msg: message,
            problems: self.problems,
        };
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(refusal);
        if let Some(told) = told {
            response.extensions_mut().insert(told);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, bearer);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, second);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fennel_core::entity::Kind;
    use fennel_engine::Error as E;

    use super::*;

    fn problems() -> Problems {
        Problems(vec![Problem::named(
            Kind::Dataset,
            "Ticket",
            "price",
            "it is wrong",
        )])
    }

    fn full() -> StoreError {
        let source = Arc::new(io::Error::from(io::ErrorKind::StorageFull));
        StoreError::Full {
            dir: "/data".into(),
            source: Some(source),
        }
    }

    #[test]
    fn each_error_of_the_engine_has_its_status() {
        for (error, status) in [
            (
                E::Unknown {
                    what: "no branch `x`".into(),
                },
                404,
            ),
            (
                E::Exists {
                    what: "there is a branch `x`".into(),
                },
                409,
            ),
            (E::Invalid(problems()), 400),
            (E::Refused(problems()), 409),
            (E::Request("no".into()), 400),
            (E::Store(full()), 507),
            (E::Store(StoreError::KeyLength { len: 70_000 }), 400),
            (E::Store(StoreError::Closed), 503),
            (E::Python("`f` took too long".into()), 503),
            (E::Corrupt("damaged".into()), 500),
        ] {
            let text = error.to_string();
            let failure = Failure::from(error);
            assert_eq!(failure.status.as_u16(), status, "{text}");
            assert!(failure.message.starts_with(&text), "{}", failure.message);
        }
    }

    #[test]
    fn a_chain_goes_from_the_error_to_its_first_cause() {
        let text = chain(&Error::from(full()));
        assert!(
            text.starts_with(
                "the data folder can't be used: the disk that holds store folder `/data` is full"
            ) && text.ends_with(": no storage space"),
            "{text}"
        );
    }

    #[test]
    fn wrong_definitions_are_listed_and_causes_are_told() {
        assert_eq!(Failure::from(E::Invalid(problems())).problems, problems().0);
        let message = Failure::from(E::Store(full())).message;
        assert!(
            message.contains("is full") && message.contains(": no storage space"),
            "{message}"
        );
    }
}
