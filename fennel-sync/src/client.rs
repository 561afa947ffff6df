//! Commits on a server, and what its answers mean.

use fennel_core::diff::Diff;
use fennel_core::{Problem, Problems};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::Server;
use crate::error::Error;
use crate::identity::Identity;
use crate::report::plain;
use crate::retry::{Backoff, Sent, is_passing};
use crate::secret::Token;
use crate::transport::{Failure, Response, Transport};

/// How to commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// Nothing is changed.
    pub(crate) preview: bool,
    /// Only what is in the request is looked at; the rest of the branch stays.
    pub(crate) incremental: bool,
    /// Data may be computed anew.
    pub(crate) backfill: bool,
}

/// What a commit did, or would do.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    commit: Option<String>,
    /// Whether it is another commit than the branch had.
    pub(crate) changed: bool,
    pub(crate) diff: Diff,
    /// The server that did it, where it says which.
    #[serde(default)]
    pub(crate) server: Option<Identity>,
    /// Whether it answers a second or later try.
    #[serde(skip)]
    pub(crate) resent: bool,
}

impl Answer {
    /// The commit that the branch has now; `None` before the first one. A preview does not change it.
    pub(crate) fn id(&self) -> Option<String> {
        self.commit.clone().filter(|id| !id.is_empty())
    }
}

/// What of an answer is the same in all versions of the protocol.
#[derive(Debug, Deserialize)]
struct Told {
    server: Option<Identity>,
}

/// What a fennel server says when it does not do what it was asked.
#[derive(Debug, Deserialize)]
struct Objection {
    err_msg: String,
    #[serde(default)]
    problems: Vec<Problem>,
}

/// A server and one of its branches.
#[derive(Debug)]
pub(crate) struct Client<T> {
    pub(crate) transport: T,
    pub(crate) server: Server,
    pub(crate) backoff: Backoff,
}

impl<T: Transport> Client<T> {
    /// Sends an encoded `SyncRequest`.
    pub(crate) async fn commit(&self, request: &[u8], mode: Mode) -> Result<Answer, Error> {
        let Mode {
            preview,
            incremental,
            backfill,
        } = mode;
        let path = format!(
            "/api/v1/commit?preview={preview}&incremental={incremental}&backfill={backfill}"
        );
        let sent = self.backoff.post(&self.transport, &path, request).await;
        let resent = sent.tries > 1;
        let answer = self.answer(sent, preview)?;
        Ok(Answer { resent, ..answer })
    }

    /// Asks which server it is; `None` if it doesn't know this question.
    pub(crate) async fn identity(&self) -> Result<Option<Identity>, Error> {
        let sent = self.backoff.get(&self.transport, "/api/v1/server").await;
        let identity: Identity = match self.answer(sent, true) {
            Err(Error::Refused { status: 404, .. }) => return Ok(None),
            told => told?,
        };
        identity.check_version(self.server.address())?;
        Ok(Some(identity))
    }

    fn answer<A: DeserializeOwned>(&self, sent: Sent, preview: bool) -> Result<A, Error> {
        match sent.result {
            Ok(response) => self.understand(&response, sent.tries),
            Err(Failure::NotHttp(cause)) => Err(Error::Foreign {
                url: self.server.address().into(),
                detail: format!("its answer is no HTTP ({cause})"),
            }),
            Err(Failure::Timeout(limit)) => Err(Error::NoAnswer {
                url: self.server.address().into(),
                tries: sent.tries,
                limit,
                preview,
            }),
            Err(failure) => Err(Error::Unreachable {
                url: self.server.address().into(),
                tries: sent.tries,
                failure,
            }),
        }
    }

    fn understand<A: DeserializeOwned>(&self, response: &Response, tries: u32) -> Result<A, Error> {
        let url = self.server.address().to_owned();
        let status = response.status;
        let objection = || Objection::read(&response.body, &self.server.token);
        let message = || objection().map(|objection| objection.err_msg);
        match status {
            200 => {
                // First, since the rest of another version's answer may be anything.
                if let Ok(Told { server: Some(told) }) = serde_json::from_slice(&response.body) {
                    told.check_version(&url)?;
                }
                serde_json::from_slice(&response.body).map_err(|error| Error::Foreign {
                    url,
                    detail: format!(
                        "its answer is something else than was asked for ({})",
                        foreign(&error.to_string(), &self.server.token)
                    ),
                })
            }
            300..=399 => Err(Error::Redirect {
                url,
                status,
                to: plain(response.location.as_deref().unwrap_or("nowhere")),
            }),
            401 | 403 => Err(Error::NotAuthorised {
                status,
                token_in: self.server.token_in.clone(),
                message: message(),
            }),
            _ if is_passing(status) => Err(Error::Unavailable {
                url,
                tries,
                status,
                message: message(),
            }),
            _ => Err(match objection() {
                Some(objection) => Error::Refused {
                    status,
                    message: objection.err_msg,
                    problems: Problems(objection.problems),
                },
                None => Error::Foreign {
                    url,
                    detail: format!("it answers with status {status} and no reason"),
                },
            }),
        }
    }
}

impl Objection {
    /// The objection in a body, if there is one there; for people, and without the token.
    fn read(body: &[u8], token: &Token) -> Option<Self> {
        let mut objection: Objection = serde_json::from_slice(body).ok()?;
        let lines: Vec<_> = objection
            .err_msg
            .lines()
            .map(|line| foreign(line, token))
            .collect();
        objection.err_msg = lines.join("\n");
        for problem in &mut objection.problems {
            for text in [
                &mut problem.entity,
                &mut problem.member,
                &mut problem.message,
            ] {
                *text = foreign(text, token);
            }
            // Where the server was built is not where the definitions are.
            (problem.file, problem.line) = (None, None);
        }
        Some(objection)
    }
}

/// A text of the server's, fit to be shown.
fn foreign(text: &str, token: &Token) -> String {
    plain(&token.hidden_in(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting;

    /// A server that takes a request and never answers.
    struct Silent;

    impl Transport for Silent {
        async fn post(&self, _path: &str, _body: &[u8]) -> Result<Response, Failure> {
            std::future::pending().await
        }

        async fn get(&self, _path: &str) -> Result<Response, Failure> {
            std::future::pending().await
        }
    }

    /// The error after the total time, by a clock that jumps there.
    fn unanswered(preview: bool) -> Error {
        let setting = |value: &str| Setting {
            name: "test".into(),
            value: value.to_owned(),
        };
        let token = Setting {
            name: "test".into(),
            value: Token::new("hush".into()),
        };
        let client = Client {
            transport: Silent,
            server: Server::new(&setting("https://fennel.example.com"), token).unwrap(),
            backoff: Backoff::default(),
        };
        let mode = Mode {
            preview,
            incremental: false,
            backfill: true,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(client.commit(b"", mode)).unwrap_err()
    }

    #[test]
    fn a_commit_without_an_answer_may_still_be_done() {
        let error = unanswered(false);
        assert_eq!((error.exit_code(), error.kind()), (5, "not_reachable"));
        assert_eq!(
            error.to_string(),
            "https://fennel.example.com gave no answer within 300 s, after 1 try; it may still be at the commit; run sync again later, which is safe: what is committed by then is not done twice"
        );
    }

    #[test]
    fn a_plan_without_an_answer_has_done_nothing() {
        let error = unanswered(true).to_string();
        assert!(
            error.ends_with("nothing was committed; try again later"),
            "{error}"
        );
    }
}
